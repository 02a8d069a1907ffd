"""The chat page in a real browser; every test also fails when the page asks another host or reports an error."""

import time
from urllib.parse import urlsplit

import pytest
from browsing import ask, finished, serving
from fake_service import (
    AREAS,
    COVERS,
    EXAMPLES,
    HOSTILE,
    HOSTILE_TITLE,
    PAGE_TWO,
    PUBLISHED,
    SENTENCES,
    STANDALONE,
    WARNING,
    FakeService,
    grid_place,
)

import schema

pytestmark = [
    pytest.mark.browser,
    # Gradio counts its events with options that pandas wants to be rid of; that is no business of ours.
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
]

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def contexts(browser):
    """Browser contexts by their settings, kept for the module so that the page's scripts are loaded once for each."""
    kept = {}

    def context(**settings):
        key = repr(sorted(settings.items()))
        return kept.get(key) or kept.setdefault(key, browser.new_context(**settings))

    yield context
    for open_context in kept.values():
        open_context.close()


@pytest.fixture
def open_page(contexts, url):
    pages, complaints = [], []

    def watch(request):
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            complaints.append(f"request to {request.url}")

    def opened(address=url, *, expected="none", **settings):
        page = contexts(**{"viewport": DESKTOP, **settings}).new_page()
        pages.append(page)
        page.set_default_timeout(8000)
        page.on("request", watch)
        page.on("pageerror", lambda error: complaints.append(f"error {error}"))
        page.on(
            "console", lambda said: said.type == "error" and expected not in said.text and complaints.append(said.text)
        )
        page.goto(address)
        page.wait_for_selector(".opening")
        return page

    yield opened
    for page in pages:
        page.close()
    assert complaints == []


@pytest.fixture
def page(open_page):
    return open_page()


def words(page, selector):
    return [text.strip() for text in page.locator(selector).all_text_contents()]


def no_sideways_scrolling(page):
    return page.evaluate(
        "document.documentElement.scrollWidth <= innerWidth && document.body.scrollWidth <= innerWidth"
    )


def test_quotes_come_first_and_the_answer_streams_above_them(page):
    ask(page, "steady, when?")
    page.wait_for_selector(".card")
    assert words(page, ".card blockquote") == [PUBLISHED, COVERS, AREAS]
    assert page.locator(".exchange").get_attribute("aria-busy") == "true"
    page.wait_for_selector("#current .sentence")
    assert page.locator(".draft").count() <= 1
    assert page.locator(".answer").bounding_box()["y"] < page.locator(".card").first.bounding_box()["y"]
    finished(page)
    assert words(page, ".sentence .words") == [sentence.text for sentence in SENTENCES]
    assert words(page, ".verdict") == ["◐ partly supported", "✗ not supported"]
    assert words(page, "#current .mark") == ["1", "1", "2"]
    assert page.locator("#live [role=status]").text_content() == "Answer ready: 3 sentences, 2 footnotes."


def test_a_footnote_opens_its_page_with_exactly_the_quoted_words_marked(page):
    ask(page, "When?")
    finished(page)
    page.locator("#current .mark").nth(2).click()
    page.wait_for_selector(".source-text mark")
    assert words(page, ".source-text mark") == [COVERS]
    before = page.evaluate("document.querySelector('.source-text mark').previousSibling.data")
    assert before.endswith(PUBLISHED + " ")
    assert page.locator(".source-title").text_content() == "Genomics briefing"
    assert page.locator(".source-where").text_content() == "14 October 2022 · page 2 of 2"
    assert page.locator(".source-path").text_content() == "default/briefing.pdf"
    assert page.evaluate("document.activeElement.id") == "source-title"
    box = page.locator(".source-text mark").bounding_box()
    assert 0 < box["y"] < DESKTOP["height"]
    page.keyboard.press("Escape")
    assert page.locator("#source-panel").is_hidden()
    assert page.evaluate("document.activeElement.textContent") == "2"


def test_the_page_of_a_pdf_is_shown_as_it_looks_with_the_quoted_words_marked(page, service, monkeypatch):
    monkeypatch.setattr(service, "has_pictures", True)
    ask(page, "When?")
    finished(page)
    page.locator("#current .mark").nth(2).click()
    page.wait_for_selector(".source-sheet .over")
    assert page.locator(".source-text").is_hidden()
    start = PAGE_TWO.index(COVERS)
    lines = {grid_place(index)[1] for index in range(start, start + len(COVERS))}
    marks = page.locator(".over")
    assert marks.count() == len(lines)
    paper, over = page.locator(".paper").bounding_box(), marks.first.bounding_box()
    left, top, _, bottom = grid_place(start)
    scale = paper["width"] / 595
    assert over["x"] - paper["x"] == pytest.approx(left * scale, abs=1)
    assert over["y"] - paper["y"] == pytest.approx(top * scale, abs=1)
    assert over["height"] == pytest.approx((bottom - top) * scale, abs=1)
    assert page.get_by_role("img", name="Page 2 of Genomics briefing").count() == 1
    page.get_by_role("button", name="Show the text").click()
    assert words(page, ".source-text mark") == [COVERS]
    page.get_by_role("button", name="Show the page").click()
    page.get_by_role("button", name="Previous page").click()
    page.wait_for_function("document.querySelector('.source-where').textContent.endsWith('page 1 of 2')")
    assert page.locator(".over").count() == 0
    assert page.get_by_role("img", name="Page 1 of Genomics briefing").count() == 1


def test_where_the_file_of_a_page_has_gone_its_text_is_shown(open_page, service, monkeypatch):
    page = open_page(expected="404")
    monkeypatch.setattr(service, "has_pictures", True)
    monkeypatch.setattr(service, "picture_error", "briefing.pdf has changed since it was indexed.")
    ask(page, "When?")
    finished(page)
    page.locator("#current .mark").nth(2).click()
    page.wait_for_selector(".source-text mark")
    assert words(page, ".source-text mark") == [COVERS]
    assert page.get_by_role("button", name="Show the page").count() == 0


def test_a_mark_far_down_the_page_is_scrolled_into_view(page):
    ask(page, "When?")
    finished(page)
    page.get_by_role("button", name="Quote: show in").click()
    page.wait_for_selector(".source-text mark")
    assert words(page, ".source-text mark") == [AREAS]
    inside, box = page.locator(".source-text").bounding_box(), page.locator(".source-text mark").bounding_box()
    assert inside["y"] < box["y"] < inside["y"] + inside["height"]
    assert page.locator(".source-text").evaluate("element => element.scrollTop") > 0


def test_pages_are_turned_and_the_quote_is_found_again(page):
    ask(page, "When?")
    finished(page)
    page.locator(".card").first.click()
    page.wait_for_selector(".source-text mark")
    assert page.get_by_role("button", name="Next page").is_disabled()
    page.get_by_role("button", name="Previous page").click()
    page.wait_for_function("document.querySelector('.source-where').textContent.endsWith('page 1 of 2')")
    assert page.locator(".source-text mark").count() == 0
    assert "A briefing note for the board." in page.locator(".source-text").text_content()
    page.get_by_role("button", name="Back to the quote").click()
    page.wait_for_selector(".source-text mark")
    assert words(page, ".source-text mark") == [PUBLISHED]
    page.get_by_role("button", name="Close").click()
    assert page.evaluate("document.activeElement.textContent") == "Show in document"


def test_the_whole_way_is_possible_with_the_keyboard(page):
    page.keyboard.type("When?")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Exactly?")
    assert page.locator("#question textarea").input_value() == "When?\nExactly?"
    page.keyboard.press("Enter")
    finished(page)
    assert page.locator("#current .question").inner_text() == "When?\nExactly?"
    assert page.locator("#question textarea").input_value() == ""
    for _ in range(40):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.classList.contains('mark')"):
            break
    style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert style == "solid"
    page.keyboard.press("Enter")
    page.wait_for_selector(".source-text mark")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.classList.contains('mark')")


@pytest.mark.parametrize("question", ["slow one", "stuck one"])
def test_stop_ends_the_answer_within_a_second(page, service, question):
    ask(page, question)
    page.wait_for_selector(".card")
    page.get_by_role("button", name="Stop").click()
    pressed = time.monotonic()
    finished(page)
    assert time.monotonic() - pressed < 1.2
    assert service.stops[-1].is_set()
    assert "The answer was stopped before it was complete." in page.locator("#current .notice").first.text_content()
    assert page.locator(".card").count() == 3
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    assert page.locator("#stop").is_hidden()


def test_a_browser_that_leaves_stops_the_answer(open_page, service):
    page = open_page()
    ask(page, "slow one")
    page.wait_for_selector("#current .sentence")
    assert not service.stops[-1].is_set()
    page.close()
    left = time.monotonic()
    while not service.stops[-1].is_set() and time.monotonic() - left < 5:
        time.sleep(0.02)
    assert time.monotonic() - left < 1.0


def test_a_question_during_an_answer_is_not_taken_and_says_why(page, service):
    ask(page, "slow one")
    page.wait_for_selector(".card")
    asked = len(service.asked)
    page.locator("#question textarea").fill("And another?")
    page.keyboard.press("Enter")
    assert "still being written" in page.locator("#live").inner_text()
    assert page.locator("#ask").is_disabled()
    page.get_by_role("button", name="Stop").click()
    finished(page)
    assert page.locator("#question textarea").input_value() == "And another?"
    assert len(service.asked) == asked
    page.locator("#ask").click()
    page.wait_for_selector("#current .mark >> nth=2")
    assert page.locator("#current .question").inner_text() == "And another?"


def test_an_error_is_a_calm_notice_and_the_next_question_works(page):
    ask(page, "broken")
    finished(page)
    assert page.locator("#current .notice.failed").inner_text() == "The index is being rebuilt. Ask again in a minute."
    ask(page, "When?")
    page.wait_for_selector("#current .mark")
    assert page.locator("#earlier .notice.failed").count() == 1


def test_an_unforeseen_error_does_not_show_its_text(page):
    ask(page, "crash")
    finished(page)
    assert "Something went wrong inside Footnote" in page.locator("#current .notice.failed").inner_text()
    assert "secret" not in page.content()


def test_an_empty_question_is_told_so_and_asks_nothing(page, service):
    asked = len(service.asked)
    ask(page, "   ")
    page.wait_for_selector("#notice .notice")
    assert page.locator("#notice").inner_text().startswith("There is no question yet.")
    assert len(service.asked) == asked
    ask(page, "x" * 5000)
    page.wait_for_function("document.querySelector('#notice').innerText.includes('5,000 characters')")
    assert len(service.asked) == asked


def test_a_refusal_looks_like_one(page):
    page.get_by_role("button", name=EXAMPLES[1]).click()
    page.wait_for_selector(".refusal")
    assert page.locator(".refusal").inner_text().startswith("The documents do not say.")
    assert words(page, ".evidence h3") == ["The nearest passages, which do not answer it"]
    assert words(page, ".card blockquote") == [AREAS]
    assert page.locator("#current .mark").count() == 0


def test_follow_ups_carry_the_conversation_until_a_new_one_begins(page, service):
    ask(page, "What did it cost?")
    page.wait_for_selector(".refusal")
    ask(page, "When?")
    page.wait_for_selector("#current .mark")
    finished(page)
    ask(page, "broken")
    page.wait_for_selector("#current .failed .notice")
    ask(page, "And then?")
    page.wait_for_selector("#current .mark")
    finished(page)
    text = " ".join(sentence.text for sentence in SENTENCES)
    turns = (schema.Turn("What did it cost?", ""), schema.Turn("When?", text))
    assert service.asked[-1] == ("And then?", turns)
    assert words(page, "#earlier .question") == ["What did it cost?", "When?", "broken"]
    page.get_by_role("button", name="New conversation").click()
    page.wait_for_selector(".opening")
    assert page.locator(".exchange").count() == 0
    ask(page, "Once more?")
    finished(page)
    assert service.asked[-1] == ("Once more?", ())


@pytest.mark.parametrize("question", ["slow one", "stuck one"])
def test_a_new_conversation_stops_and_forgets_an_answer_in_progress(page, service, question):
    ask(page, question)
    page.wait_for_selector(".card")
    page.get_by_role("button", name="New conversation").click()
    page.wait_for_selector(".opening")
    assert service.stops[-1].is_set()
    page.wait_for_timeout(1200)
    assert page.locator(".exchange").count() == 0
    assert page.locator("#stop").is_hidden()
    assert page.locator("#ask").is_enabled()


def test_two_visitors_have_two_conversations(open_page, service):
    first, second = open_page(), open_page()
    ask(first, "held one")
    first.wait_for_selector("#current .sentence")
    running = service.stops[-1]
    ask(second, "When?")
    finished(second)
    second.get_by_role("button", name="New conversation").click()
    second.wait_for_selector(".opening")
    assert not running.is_set()
    assert first.locator(".exchange").count() == 1
    service.go_on.set()
    finished(first)
    assert words(first, "#current .mark") == ["1", "1", "2"]


def test_the_answer_is_copied_with_its_footnotes(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    ask(page, "When?")
    finished(page)
    page.get_by_role("button", name="Copy with footnotes").click()
    page.wait_for_function("document.querySelector('.copy').textContent === 'Copied'")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("When?\n\nThe strategy was published on 12 October 2022.[1] It runs")
    assert copied.endswith(
        "[2] “It covers the next five years.” Genomics briefing, 14 October 2022, page 2 (default/briefing.pdf)\n"
    )


def test_copying_works_without_the_clipboard_interface(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    ask(page, "When?")
    finished(page)
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('blocked')); }")
    page.get_by_role("button", name="Copy with footnotes").click()
    page.wait_for_function("document.querySelector('.copy').textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()").startswith("When?\n\nThe strategy")
    assert page.evaluate("document.activeElement.textContent") == "Copied"


def test_what_was_retrieved_is_told_apart_by_what_the_model_saw(page):
    ask(page, "When?")
    finished(page)
    page.get_by_text("What was retrieved: 2 passages, 1 seen by the model").click()
    assert words(page, ".passage .seen") == ["● seen by the model"]
    assert words(page, ".passage .unseen") == ["○ not seen by the model"]
    assert words(page, ".passage .text") == [PUBLISHED, AREAS]


def test_quotes_stand_alone_when_no_model_runs(page):
    ask(page, "quotes only")
    finished(page)
    assert page.locator("#current .notice").inner_text() == "No language model: quotes only."
    assert words(page, ".card blockquote") == [PUBLISHED, COVERS, AREAS]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE])
def test_hostile_documents_titles_questions_and_answers_stay_text(open_page, viewport):
    page = open_page(viewport=viewport)
    assert HOSTILE_TITLE in words(page, ".titles li")
    ask(page, f"hostile {HOSTILE}")
    page.wait_for_selector(".card")
    finished(page)
    assert no_sideways_scrolling(page)
    page.get_by_text("What was retrieved").click()
    page.locator("#current .mark").first.click()
    page.wait_for_selector(".source-text mark")
    assert words(page, ".source-text mark") == [HOSTILE]
    assert page.locator(".source-title").text_content() == HOSTILE_TITLE
    assert page.locator(".source-where").text_content() == "section 1 of 1"
    assert words(page, ".sentence .words") == [HOSTILE]
    page.keyboard.press("Escape")
    ask(page, "When?")
    page.wait_for_selector("#current .mark >> nth=2")
    assert page.evaluate("window.__x") is None
    inside = "#documents, #earlier, #current, #source-panel"
    assert page.locator(inside).locator("img, a, script, iframe, svg, link, style").count() == 0
    assert no_sideways_scrolling(page)


def test_an_empty_index_says_how_to_add_documents(open_page):
    with serving(FakeService(empty=True), examples=EXAMPLES) as address:
        page = open_page(address)
        assert "There are no documents yet" in page.locator(".opening").inner_text()
        assert "footnote index FOLDER" in page.locator(".opening").inner_text()
        assert page.get_by_role("button", name=EXAMPLES[0]).is_hidden()
        page.close()


def test_the_opening_lists_the_documents_and_the_examples(page):
    assert page.locator(".opening h2").inner_text() == "2 documents to ask about"
    assert page.locator(".models").inner_text() == "Answers by a script of the tests."
    page.get_by_role("button", name=EXAMPLES[0]).click()
    page.wait_for_selector("#current .mark >> nth=2")
    assert page.locator("#current .question").inner_text() == EXAMPLES[0]
    assert page.locator(".opening").is_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling_in_any_state(open_page, scheme):
    page = open_page(viewport=PHONE, color_scheme=scheme)
    assert no_sideways_scrolling(page)
    ask(page, "steady, when?")
    page.wait_for_selector("#current .sentence")
    assert no_sideways_scrolling(page)
    finished(page)
    assert page.locator("#composer").bounding_box()["y"] < PHONE["height"] - 60
    page.get_by_text("What was retrieved").click()
    page.locator("#current .mark").first.click()
    page.wait_for_selector(".source-text mark")
    assert no_sideways_scrolling(page)
    panel = page.locator("#source-panel").bounding_box()
    assert (panel["x"], panel["width"]) == (0, 390)
    assert page.evaluate("document.querySelector('gradio-app').inert") is True
    page.locator(".scrim").click(position={"x": 10, "y": 10})
    assert page.locator("#source-panel").is_hidden()
    assert page.evaluate("document.querySelector('gradio-app').inert") is False


def test_light_and_dark_differ_and_both_can_be_read(open_page):
    shades = {}
    for scheme in ("light", "dark"):
        page = open_page(color_scheme=scheme)
        ask(page, "When?")
        finished(page)
        shades[scheme] = page.evaluate(
            """() => [document.body, document.querySelector('.answer .text'), document.querySelector('.verdict')]
                 .map((element, place) => getComputedStyle(element)[place ? 'color' : 'backgroundColor'])"""
        )
    assert shades["light"][0] == "rgb(251, 250, 246)"
    for paper, ink, verdict in shades.values():
        assert contrast(paper, ink) > 7
        assert contrast(paper, verdict) > 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_stands_beside_quotes_can_be_read(open_page, scheme):
    page = open_page(color_scheme=scheme)
    ask(page, "and in Wales?")
    finished(page)
    assert words(page, "#current .searched") == [f"Searched for: {STANDALONE}"]
    assert words(page, "#current .card mark") == ["12 October 2022"]
    assert words(page, "#current .card .warning") == [WARNING]
    pairs = page.evaluate(
        """() => ['.card mark', '.card .warning', '.searched', '.conflict p'].map(name => {
             const style = (element) => getComputedStyle(element);
             const element = document.querySelector('#current ' + name);
             let under = element;
             while (style(under).backgroundColor === 'rgba(0, 0, 0, 0)') under = under.parentElement;
             return [style(element).color, style(under).backgroundColor];
           })"""
    )
    assert [contrast(ink, paper) > 4.5 for ink, paper in pairs] == [True] * 4
    assert contrast(*pairs[0]) > 7


def contrast(one, other):
    def luminance(color):
        parts = [int(part) / 255 for part in color.removeprefix("rgb(").removesuffix(")").split(",")]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_view_does_not_move_while_the_answer_grows(page):
    ask(page, "When?")
    finished(page)
    ask(page, "steady, when?")
    page.wait_for_selector("#current .sentence")
    page.wait_for_timeout(200)
    top = page.locator("#current .question").bounding_box()["y"]
    assert 0 <= top < 80
    finished(page)
    assert page.locator("#current .question").bounding_box()["y"] == top


def test_focus_stays_where_it_is_while_the_answer_grows(page):
    ask(page, "steady, when?")
    page.wait_for_selector(".card")
    page.locator(".card .show").nth(1).focus()
    page.wait_for_selector("#current .sentence")
    finished(page)
    assert page.evaluate("document.activeElement.className") == "show"
