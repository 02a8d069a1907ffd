"""Hostile text in everything that the widget shows is text: nothing runs, nothing is fetched, every word is there."""

from urllib.parse import urlsplit

import pytest
from widget_pages import ask, finished, inline, launcher, opened, quote_of, sentence_of, stream_of, words
from widget_payloads import PAYLOADS
from widget_server import HELD, event_bytes, problem
from xss_payloads import MANY

pytestmark = pytest.mark.browser

MORE = [text for text in MANY if text not in PAYLOADS]
BATCHES = [PAYLOADS, *(MORE[start : start + 60] for start in range(0, len(MORE), 60))]
EVERY = [text for batch in BATCHES for text in batch]

OURS = set(
    "div section header h2 h3 h4 p span button svg path textarea article ol ul li mark blockquote cite strong details "
    "summary label s dialog".split()
)
ELEMENTS = "[...document.querySelector('footnote-widget').shadowRoot.querySelectorAll('*')]"


def is_foreign(address):
    """Whether an address leads anywhere but to the two servers."""
    return urlsplit(address).hostname not in ("localhost", "127.0.0.1", None)


@pytest.fixture
def watched(site, open_page):
    """Opens a page and says, at the end, that nothing of what was shown ran or was fetched."""
    pages, strange = [], []

    def opening(address, **more):
        page = open_page("about:blank", **more)
        page.on("dialog", lambda dialog: strange.append(f"dialog {dialog.message}"))
        page.on("request", lambda request: is_foreign(request.url) and strange.append(request.url))
        page.on("popup", lambda popup: strange.append("popup"))
        page.goto(address)
        pages.append(page)
        return page

    yield opening
    assert strange == []
    for page in pages:
        assert page.evaluate("window.__x") is None
        assert set(page.evaluate(f"{ELEMENTS}.map((one) => one.localName)")) <= OURS
        attributes = page.evaluate(f"{ELEMENTS}.flatMap((one) => [...one.attributes].map((each) => each.name))")
        assert not {name for name in attributes if name.startswith("on") or name in ("src", "href", "srcdoc", "style")}
        assert page.evaluate("Object.prototype.innerHTML") is None


def payload_quote(number, text):
    """A quote of which every part is hostile."""
    parts = dict.fromkeys(("title", "date", "heading", "context", "speaker", "warning", "source"), text)
    return quote_of(number, text, **parts)


def test_there_are_three_hundred_payloads_and_more():
    assert len(EVERY) == len(set(EVERY)) == 341


@pytest.mark.parametrize("payloads", BATCHES)
def test_in_quotes_sentences_reasons_conflicts_and_problems(site, watched, payloads):
    page = opened(watched(launcher(site)))
    quotes = [payload_quote(number, text) for number, text in enumerate(payloads, start=1)]
    sentences = [
        sentence_of(text, number, support="partly", problems=[text]) for number, text in enumerate(payloads, start=1)
    ]
    conflicts = [
        {"about": text, "statements": [{"quote": 1, "value": text}, {"quote": 2, "value": text}]} for text in payloads
    ]
    more = {"dropped": sentences, "conflicts": conflicts, "reason": payloads[0], "searched_for": payloads[1]}
    site.stream = stream_of(quotes, sentences, **more)
    ask(page, payloads[2])
    finished(page)
    shown = ".sentence .words", ".card blockquote", ".card cite", ".card .warning", "details s"
    for selector in shown:
        assert page.locator(selector).all_text_contents() == payloads, selector
    assert page.locator(".conflict li:first-child strong").all_text_contents() == payloads
    assert page.locator(".question").text_content() == payloads[2]
    assert page.locator(".searched").text_content() == f"Searched for: {payloads[1]}"
    assert page.locator(".card .context span").all_text_contents() == payloads
    page.get_by_role("button", name="This answer is wrong").click()
    page.locator(".wrong textarea").fill(payloads[3])
    page.get_by_role("button", name="Send").click()
    page.locator(".rating", has_text="Recorded.").wait_for()
    assert site.feedback_bodies[0]["answer"] == " ".join(payloads)


def test_while_a_draft_streams_piece_by_piece(site, watched):
    page = opened(watched(launcher(site)))
    draft = "".join(EVERY)
    pieces = [event_bytes("token", {"text": draft[start : start + 7]}) for start in range(0, len(draft), 7)]
    quotes = event_bytes("quotes", {"quotes": [quote_of(1, "2022")], "passages": [], "searched_for": ""})
    site.stream = [quotes, *pieces, *HELD]
    ask(page, "When?")
    page.locator(".draft", has_text=EVERY[-1]).wait_for(timeout=180_000)
    assert page.locator(".draft").text_content() == draft


@pytest.mark.parametrize("payloads", BATCHES)
def test_in_the_page_that_a_footnote_opens(site, watched, payloads):
    page = opened(watched(launcher(site)))
    text = "\n".join(payloads)
    site.page = {"title": text, "text": text, "start": 0, "number": 1, "count": 1, "is_page": True, "source": "s"}
    start = text.index(payloads[13])
    quotes = [
        {**payload_quote(number, one), "start": start, "end": start + len(payloads[13])}
        for number, one in enumerate(payloads, start=1)
    ]
    site.stream = stream_of(quotes, [sentence_of("See.", *range(1, len(payloads) + 1))])
    ask(page, "When?")
    finished(page)
    for number in range(len(payloads)):
        page.locator(".answer .mark").nth(number).click()
        page.locator(".around mark").wait_for()
        assert page.locator(".source h3").text_content() == payloads[number]
        assert page.locator(".around mark").text_content() == payloads[13]
        assert page.locator(".around").text_content() == text
        page.locator(".source .top button").click()


def test_in_texts_colours_and_questions_of_the_embed(site, watched):
    keys = "launcher title greeting suggestions placeholder ask stop close new_conversation hint conversation".split()
    for start in range(0, len(EVERY), len(keys)):
        used = dict(zip(keys, EVERY[start:], strict=False))
        colours = dict(zip(["accent", "accent-text", "background", "text"], EVERY[start:], strict=False))
        questions = EVERY[start : start + 12]
        site.session = {"texts": used, "colours": colours, "questions": questions, "name": EVERY[start]}
        page = opened(watched(launcher(site)))
        page.locator(".suggested button").first.wait_for()
        assert words(page, ".suggested button span") == [text.strip() for text in questions]
        assert page.locator(".head h2").text_content() == used.get("title", "Ask the documents")
        if "placeholder" in used:
            assert page.locator(".composer textarea").get_attribute("placeholder") == used["placeholder"]


def test_in_errors_and_in_the_texts_that_the_page_sets(site, watched):
    page = watched(inline(site), expected=("Failed to load",))
    page.evaluate(
        "(text) => { document.querySelector('footnote-widget').texts = {title: text, again: text}; }", PAYLOADS[13]
    )
    assert page.locator(".head h2").text_content() == PAYLOADS[13]
    for text in PAYLOADS[:10]:
        site.refusals = [problem(400, text)]
        ask(page, "When?")
        finished(page)
        assert page.locator(".exchange:last-child .failed p").text_content() == text
        assert page.locator(".exchange:last-child .again").text_content() == PAYLOADS[13]
