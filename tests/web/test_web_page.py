"""The chat page in a real browser; every test also fails when the page asks another host or reports an error."""

import asyncio
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from browsing import ask, finished, serving, type_in
from entrances import entrance_in
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
from gradio.queueing import Queue
from gradio.server_messages import ProcessCompletedMessage

import schema
from access.waiting import Line
from web.desk import Desk

pytestmark = [
    pytest.mark.browser,
    # Gradio counts its events with options that pandas wants to be rid of; that is no business of ours.
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
]

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(autouse=True)
def held(service):
    """What is held is held until the test lets it go on, and never longer than that."""
    service.go_on.clear()
    yield
    service.go_on.set()


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
        page.set_default_timeout(60_000)
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


def begun_anew(page):
    """Wait for the page as it was at first."""
    page.wait_for_selector(".opening")
    page.wait_for_selector(".exchange", state="detached")


def no_sideways_scrolling(page):
    return page.evaluate(
        "document.documentElement.scrollWidth <= innerWidth && document.body.scrollWidth <= innerWidth"
    )


def test_quotes_come_first_and_the_answer_streams_above_them(page, service):
    ask(page, "held, when?")
    page.wait_for_selector(".card")
    assert words(page, ".card blockquote") == [PUBLISHED, COVERS, AREAS]
    assert page.locator(".exchange").get_attribute("aria-busy") == "true"
    page.wait_for_selector("#current .sentence")
    assert page.locator(".draft").count() <= 1
    assert page.locator(".answer").bounding_box()["y"] < page.locator(".card").first.bounding_box()["y"]
    service.go_on.set()
    finished(page)
    assert words(page, ".sentence .words") == [sentence.text for sentence in SENTENCES]
    assert words(page, ".verdict") == ["◐ partly supported", "✗ not supported"]
    assert words(page, "#current .mark") == ["1", "1", "2"]
    assert page.locator("#live [role=status]").text_content() == "Ready: 3 sentences, 2 footnotes."


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


def test_where_there_is_nowhere_to_turn_to_nothing_is_said_of_turning(page):
    ask(page, "hostile")
    finished(page)
    page.locator("#current .mark").first.click()
    page.wait_for_selector(".source-text mark")
    assert page.locator(".source-where").text_content() == ""  # of a document without a date, in one section
    assert page.locator(".source-foot, .source-foot button").filter(visible=True).count() == 0
    page.keyboard.press("Escape")
    ask(page, "When?")
    finished(page)
    page.locator("#current .mark").first.click()
    page.wait_for_function("document.querySelector('.source-where').textContent.endsWith('page 2 of 2')")
    assert words(page, ".source-foot button:visible") == ["← Previous page", "Next page →"]


def test_the_only_page_of_a_document_is_named_without_its_count(page, service, monkeypatch):
    ask(page, "When?")
    finished(page)
    whole = service.page
    monkeypatch.setattr(service, "page", lambda *place: replace(whole(*place), number=1, count=1))
    page.locator("#current .mark").first.click()
    page.wait_for_selector(".source-text mark")
    assert page.locator(".source-where").text_content() == "14 October 2022 · page 1"


def test_a_document_that_cannot_be_shown_has_nothing_to_turn(open_page):
    page = open_page(expected="404")
    ask(page, "When?")
    finished(page)
    gone = {"detail": "There is no document default/briefing.pdf."}
    page.route("**/pages/at*", lambda route: route.fulfill(status=404, json=gone))
    page.locator("#current .mark").first.click()
    page.wait_for_selector(".source-error")
    assert page.locator(".source-error").text_content() == gone["detail"]
    assert page.locator(".source-foot").is_hidden()
    page.unroute_all()


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


@pytest.mark.parametrize("question", ["held one", "stuck one"])
def test_stop_ends_the_answer_even_while_nothing_comes_of_it(page, service, question):
    ask(page, question)
    page.wait_for_selector(".card")
    page.get_by_role("button", name="Stop").click()
    finished(page)
    assert not service.go_on.is_set()
    assert service.stops[-1].is_set()
    assert "The answer was stopped before it was complete." in page.locator("#current .notice").first.text_content()
    assert page.locator(".card").count() == 3
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    assert page.locator("#stop").is_hidden()


def test_a_browser_that_leaves_stops_the_answer(open_page, service):
    page = open_page()
    ask(page, "endless one")
    page.wait_for_selector(".card")
    stop = service.stops[-1]
    assert not stop.is_set()
    page.close()
    assert stop.wait(60)


def test_a_browser_that_leaves_while_nothing_comes_stops_the_answer_and_makes_room(open_page, service):
    page = open_page()
    ask(page, "held one")
    page.wait_for_selector("#current .sentence")
    stop = service.stops[-1]
    assert not stop.is_set()
    page.close()
    assert stop.wait(60)
    page = open_page()
    ask(page, "When?")
    finished(page)


def test_a_question_during_an_answer_is_not_taken_and_says_why(page, service):
    ask(page, "held one")
    page.wait_for_selector("#current .sentence")  # from here on nothing comes that would say something else
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


def test_the_next_question_is_taken_as_soon_as_the_page_says_so(page, service, monkeypatch):
    """Gradio's last word on an answer comes after the answer, and until then it drops whatever else is asked."""
    send = Queue.send_message

    def late(queue, event, message):
        if isinstance(message, ProcessCompletedMessage) and not service.go_on.is_set():
            asyncio.get_running_loop().call_later(0.05, late, queue, event, message)
        else:
            send(queue, event, message)

    monkeypatch.setattr(Queue, "send_message", late)
    ask(page, "When?")
    page.wait_for_selector("#current .exchange:not([aria-busy])")
    asked = len(service.asked)
    type_in(page, "And another?")
    assert page.locator("#stop").is_enabled()  # so the page says that the answer is still being written
    service.go_on.set()
    finished(page)
    assert (len(service.asked), page.locator("#question textarea").input_value()) == (asked, "And another?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#current .question:text-is('And another?')")
    finished(page)


def test_an_error_is_a_calm_notice_and_the_next_question_works(page):
    ask(page, "broken")
    finished(page)
    assert page.locator("#current .notice.failed").inner_text() == "The index is being rebuilt. Ask again in a minute."
    ask(page, "When?")
    finished(page)
    assert page.locator("#current .mark").count() == 3
    assert page.locator("#earlier .notice.failed").count() == 1


def test_an_unforeseen_error_does_not_show_its_text(page):
    ask(page, "crash")
    finished(page)
    assert "Something went wrong inside Footnote" in page.locator("#current .notice.failed").inner_text()
    assert "secret" not in page.content()


@pytest.mark.parametrize(("question", "told"), [("   ", "There is no question yet."), ("x" * 5000, "5,000 characters")])
def test_what_is_no_question_is_told_so_and_asks_nothing(page, service, question, told):
    asked = len(service.asked)
    type_in(page, question)
    page.locator("#notice .notice", has_text=told).wait_for()
    assert len(service.asked) == asked


def test_a_refusal_looks_like_one(page):
    page.get_by_role("button", name=EXAMPLES[1]).click()
    page.wait_for_selector(".refusal")
    finished(page)
    assert page.locator(".refusal").inner_text().startswith("The documents do not say.")
    assert words(page, ".evidence h3") == ["The nearest passages, which do not answer it"]
    assert words(page, ".card blockquote") == [AREAS]
    assert page.locator("#current .mark").count() == 0


def test_follow_ups_carry_the_conversation_until_a_new_one_begins(page, service):
    ask(page, "What did it cost?")
    page.wait_for_selector(".refusal")
    finished(page)
    ask(page, "When?")
    finished(page)
    ask(page, "broken")
    page.wait_for_selector("#current .failed .notice")
    finished(page)
    ask(page, "And then?")
    finished(page)
    text = " ".join(sentence.text for sentence in SENTENCES)
    turns = (schema.Turn("What did it cost?", ""), schema.Turn("When?", text))
    assert service.asked[-1] == ("And then?", turns)
    assert words(page, "#earlier .question") == ["What did it cost?", "When?", "broken"]
    page.get_by_role("button", name="New conversation").click()
    begun_anew(page)
    ask(page, "Once more?")
    finished(page)
    assert service.asked[-1] == ("Once more?", ())


@pytest.mark.parametrize("question", ["held one", "stuck one"])
def test_a_new_conversation_stops_and_forgets_an_answer_in_progress(page, service, question):
    ask(page, question)
    page.wait_for_selector(".card")
    page.get_by_role("button", name="New conversation").click()
    begun_anew(page)
    assert service.stops[-1].is_set()
    page.wait_for_selector("#stop", state="hidden")
    page.wait_for_selector("#ask:enabled")
    service.go_on.set()  # what still comes of the old answer is nobody's any more
    ask(page, "When?")
    page.wait_for_selector("#current .mark >> nth=2")
    assert words(page, ".exchange .question") == ["When?"]


def test_two_visitors_have_two_conversations(open_page, service):
    with serving(service, examples=EXAMPLES, desk=Desk(service, line=Line(2))) as address:
        first, second = open_page(address), open_page(address)
        ask(first, "held one")
        first.wait_for_selector("#current .sentence")
        running = service.stops[-1]
        ask(second, "When?")
        finished(second)
        second.get_by_role("button", name="New conversation").click()
        begun_anew(second)
        assert not running.is_set()
        assert first.locator(".exchange").count() == 1
        service.go_on.set()
        finished(first)
        assert words(first, "#current .mark") == ["1", "1", "2"]
        first.close()
        second.close()


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
    assert page.evaluate("document.activeElement.matches('.copy')")


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


@pytest.mark.parametrize("viewport", [PHONE, {"width": 1366, "height": 650}, DESKTOP])
def test_the_examples_are_in_view_however_many_documents_there_are(open_page, service, monkeypatch, viewport):
    one = service.sources()[0]
    long = replace(one, source=replace(one.source, title="A title that takes more than one line of a phone"))
    monkeypatch.setattr(service, "sources", lambda: [long] * 12)
    page = open_page(viewport=viewport)
    assert page.locator(".titles li").count() == 8
    boxes = [page.get_by_role("button", name=name).bounding_box() for name in EXAMPLES]
    assert max(box["y"] + box["height"] for box in boxes) <= page.locator("#composer").bounding_box()["y"]
    titles = page.locator(".titles").bounding_box()
    assert (titles["y"] < boxes[0]["y"]) is (viewport == DESKTOP)


def test_what_is_said_of_an_answer_takes_one_line_of_a_phone(open_page):
    page = open_page(viewport=PHONE)
    for question in ("and in Wales?", "When?"):
        ask(page, question)
        finished(page)
        page.locator("#live", has_text="footnote").wait_for()
        spans = page.locator("#live p").evaluate(
            "(node) => [node.offsetHeight, parseFloat(getComputedStyle(node).lineHeight)]"
        )
        assert spans[0] < 1.5 * spans[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_to_sign_in_on_is_set_like_the_others(browser, service, tmp_path, scheme):
    entrance = entrance_in(tmp_path, identity="password")
    page = browser.new_page(viewport=PHONE, color_scheme=scheme)
    with serving(service, entrance=entrance) as address:
        page.goto(f"{address}login")
        field, button = page.get_by_label("Your team's password"), page.get_by_role("button", name="Sign in")
        page.wait_for_selector("#password:focus")
        assert field.get_attribute("aria-describedby") is None
        field.fill("not the password")
        button.click()
        page.wait_for_selector(".notice")
        notice = page.locator("#" + field.get_attribute("aria-describedby"))
        assert notice.text_content() == "That is not the password."
        boxes = field.bounding_box(), button.bounding_box()
        assert boxes[0]["width"] == boxes[1]["width"] == PHONE["width"] - 2 * boxes[0]["x"]
        assert min(box["height"] for box in boxes) >= 44
        assert no_sideways_scrolling(page)
        shades = page.evaluate(
            """() => [['.promise', 'body'], ['label', 'body'], ['.notice', '.notice'], ['button', 'button']].map(
                 ([ink, paper]) => [getComputedStyle(document.querySelector(ink)).color,
                                    getComputedStyle(document.querySelector(paper)).backgroundColor])"""
        )
        assert [pair for pair in shades if contrast(*pair) < 4.5] == []
        paper = {"light": "rgb(251, 250, 246)", "dark": "rgb(25, 24, 23)"}[scheme]
        assert shades[0][1] == paper  # as on the page behind it
    page.close()
    entrance.close()


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


def test_the_view_does_not_move_while_the_answer_grows(page, service):
    ask(page, "When?")
    finished(page)
    ask(page, "held, when?")
    page.wait_for_selector("#current .sentence")
    page.wait_for_function(
        "0 <= (y = document.querySelector('#current .question').getBoundingClientRect().y) && y < 80"
    )
    top = page.locator("#current .question").bounding_box()["y"]
    service.go_on.set()
    finished(page)
    assert page.locator("#current .question").bounding_box()["y"] == pytest.approx(top, abs=1)  # less is a rounding


def test_focus_stays_where_it_is_while_the_answer_grows(page, service):
    ask(page, "held, when?")
    page.wait_for_selector("#current .sentence")
    page.locator(".card .show").nth(1).focus()
    service.go_on.set()
    finished(page)
    assert page.evaluate("document.activeElement.className") == "show"
