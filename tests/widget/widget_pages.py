"""What the tests of the widget do with a page, and answers made of given words."""

from __future__ import annotations

from typing import Any

from widget_server import event_bytes

TAG = '<script src="{server}/widget.js" data-embed="hr" data-token-url="/footnote-token" defer></script>'
ELEMENT = '<footnote-widget embed="hr" token-url="/footnote-token" mode="inline"></footnote-widget>'
SCRIPT = '<script src="{server}/widget.js" defer></script>'


def launcher(site, path="/launcher", **page):
    """The address of a host page with the one script tag."""
    head = TAG.format(server=site.server) + page.pop("head", "")
    return site.add(path, page.pop("body", "<h1>A page</h1><p id=prose>Words of the host.</p>"), head=head, **page)


def inline(site, path="/inline", element=ELEMENT, **page):
    """The address of a host page with a widget in it."""
    head = SCRIPT.format(server=site.server) + page.pop("head", "")
    body = f"<main><h1>A page</h1><p id=prose>Words of the host.</p>{element}</main>"
    return site.add(path, page.pop("body", body), head=head, **page)


def opened(page):
    """Open the panel of the launcher."""
    page.locator("footnote-widget .launcher").click()
    page.locator(".composer textarea").wait_for()
    return page


def ask(page, question):
    """Type a question and press Enter."""
    page.locator(".composer textarea").fill(question)
    page.locator(".composer textarea").press("Enter")


def finished(page):
    """Wait until the newest answer is no longer being written."""
    page.locator('.exchange:last-child[aria-busy="false"]').wait_for()


def words(page, selector):
    """The texts of all elements that a selector finds."""
    return [text.strip() for text in page.locator(selector).all_text_contents()]


def quote_of(number: int, text: str, **more: Any) -> dict[str, Any]:
    """A quote as the stream has it."""
    place = {"source": f"default/file-{number}.md", "title": "A title", "date": None, "page": None}
    marks = {"heading": "", "context": "", "speaker": "", "warning": "", "answer_start": None, "answer_end": None}
    return {"number": number, **place, "start": 0, "end": len(text), "quote": text, "score": 1.0, **marks, **more}


def sentence_of(text: str, *citations: int, **more: Any) -> dict[str, Any]:
    """A sentence as the stream has it."""
    return {"text": text, "citations": list(citations), "support": "supported", "score": 1.0, "problems": [], **more}


def answer_of(quotes: list[dict[str, Any]], sentences: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """An answer as the stream has it, with every quote cited."""
    record = {
        "question": "When?",
        "answer": " ".join(sentence["text"] for sentence in sentences),
        "abstained": False,
        "reason": "",
        "sentences": sentences,
        "citations": quotes,
        "quotes": quotes,
        "passages": [],
        "timings": {},
        "fingerprint": {"index": "i"},
        "dropped": [],
        "conflicts": [],
        "searched_for": "",
    }
    return {**record, **more}


def stream_of(quotes: list[dict[str, Any]], sentences: list[dict[str, Any]], **more: Any) -> list[bytes]:
    """The events of an answer: quotes, each sentence as a draft and checked, and the whole."""
    events = [event_bytes("quotes", {"quotes": quotes, "passages": [], "searched_for": more.get("searched_for", "")})]
    for sentence in sentences:
        events.append(event_bytes("token", {"text": sentence["text"] + " "}))
        events.append(event_bytes("sentence", {"sentence": sentence, "citations": quotes}))
    return [*events, event_bytes("answer", answer_of(quotes, sentences, **more))]
