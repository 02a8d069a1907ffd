"""Server-sent events, however a network cuts them; read by the widget in a real browser."""

import json

import pytest
from widget_pages import ask, finished, launcher, opened, quote_of, sentence_of, stream_of, words

pytestmark = pytest.mark.browser

TEXT = "Größe 🧬 的 é, and “quoted” — ready."
CUTS = {"bytes": 1, "threes": 3, "sevens": 7, "whole": 10**9}


@pytest.fixture(scope="module")
def kept(both, browser):
    """One page for the module, whose conversation grows."""
    both.reset()
    page = browser.new_page()
    page.set_default_timeout(180_000)  # a thousand pieces, each on its own
    page.goto(launcher(both))
    opened(page)
    yield page
    page.close()


def plain(events):
    """The same events with characters beyond ASCII as they are."""
    unescaped = []
    for event in events:
        name, data = event.decode().strip().split("\n")
        unescaped.append(f"{name}\ndata: {json.dumps(json.loads(data[6:]), ensure_ascii=False)}\n\n".encode())
    return unescaped


def answered(page, site, content, size):
    site.stream = [content[start : start + size] for start in range(0, len(content), size)]
    ask(page, "When?")
    finished(page)
    last = page.locator(".exchange").last
    assert last.locator(".failed").all_text_contents() == []
    return words(page, ".exchange:last-child .sentence .words"), words(page, ".exchange:last-child blockquote")


@pytest.mark.parametrize("size", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
def test_an_answer_is_whole_wherever_its_bytes_are_cut_and_however_its_lines_end(kept, both, end, size):
    content = b"".join(plain(stream_of([quote_of(1, TEXT)], [sentence_of(TEXT, 1)])))
    assert answered(kept, both, content.replace(b"\n", end), size) == ([TEXT], [TEXT])


def test_comments_unknown_fields_and_unknown_events_are_passed_over(kept, both):
    events = stream_of([quote_of(1, TEXT)], [sentence_of(TEXT, 1)])
    noise = b': still here\n\nretry: 10\nid: 7\n\nevent: later\ndata: {"a": 1}\n\nevent: empty\n\n'
    split = b'event: token\nid: 8\n: a comment\nfoo\ndata:{"text":\ndata: "x"}\n\n'
    events[-2:-2] = [split, noise]
    assert answered(kept, both, b"".join(events), 5) == ([TEXT], [TEXT])


def test_an_event_without_its_empty_line_is_not_taken(kept, both):
    events = stream_of([quote_of(1, TEXT)], [sentence_of(TEXT, 1)])
    both.stream = [b"".join(events)[:-1]]
    ask(kept, "When?")
    finished(kept)
    assert words(kept, ".exchange:last-child .failed p") == ["The answer ended before it was complete. Ask again."]


def test_a_stream_that_is_no_json_fails_with_a_sentence(kept, both):
    both.stream = [b"event: quotes\ndata: {broken\n\n"]
    ask(kept, "When?")
    finished(kept)
    assert words(kept, ".exchange:last-child .failed p") == ["The question could not be answered. Try again."]
