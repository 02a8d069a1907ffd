"""The widget in a real browser, in a page of another origin: asking, quotes, footnotes, stopping, and failures."""

import pytest
from fake_service import AREAS, COVERS, HOSTILE, PAGE_TWO, PUBLISHED, SENTENCES, STANDALONE, WARNING
from starlette.responses import JSONResponse
from widget_pages import answer_of, ask, finished, inline, launcher, opened, quote_of, sentence_of, stream_of, words
from widget_server import HELD, STILL, event_bytes, problem

pytestmark = pytest.mark.browser

BRIEFING_PAGE = ("default/briefing.pdf", 2)


@pytest.fixture
def page(site, open_page):
    return opened(open_page(launcher(site), expected=("Failed to load resource",)))


def test_quotes_come_first_and_checked_sentences_take_the_place_of_the_draft(page):
    ask(page, "held, when?")
    page.locator(".sentence").first.wait_for()
    assert words(page, ".quotes h4") == ["Found in the documents"]
    assert words(page, ".card blockquote") == [PUBLISHED, COVERS, AREAS]
    assert words(page, ".sentence .words") == [SENTENCES[0].text]
    assert page.locator(".exchange").get_attribute("aria-busy") == "true"


def test_the_draft_is_shown_apart_until_it_is_checked(site, page):
    checked = sentence_of("It was in 2022.", 1)
    site.stream = [
        event_bytes("quotes", {"quotes": [quote_of(1, "2022")], "passages": [], "searched_for": ""}),
        event_bytes("token", {"text": "It was in 2022. It "}),
        event_bytes("sentence", {"sentence": checked, "citations": [quote_of(1, "2022")]}),
        event_bytes("token", {"text": "may"}),
        *HELD,
    ]
    ask(page, "When?")
    page.locator(".draft", has_text="It may").wait_for()
    assert page.locator(".draft").text_content() == " It may"
    assert words(page, ".sentence .words") == ["It was in 2022."]
    soft = page.locator(".draft").evaluate("(node) => getComputedStyle(node).color")
    ink = page.locator(".words").first.evaluate("(node) => getComputedStyle(node).color")
    assert soft != ink


def test_an_answer_shows_its_verdicts_in_glyph_and_words_and_its_footnotes_below(page):
    ask(page, "When?")
    finished(page)
    assert words(page, ".sentence .words") == [sentence.text for sentence in SENTENCES]
    assert words(page, ".verdict") == ["✓ supported", "◐ partly supported", "✗ not supported"]
    assert words(page, ".answer .mark") == ["1", "1", "2"]
    assert words(page, ".quotes h4") == ["Footnotes"]
    assert words(page, ".card .number") == ["1", "2"]
    assert words(page, ".quotes summary") == ["Also found, not cited (1)"]
    assert page.locator(".draft").text_content() == ""
    assert "“runs” is not in the quote" in page.locator(".notes").text_content()
    assert words(page, '.panel > [role="status"]') == ["Answer ready. Sentences: 3. Footnotes: 2."]


def test_a_footnote_opens_the_quoted_words_marked_in_the_text_around_them(page):
    ask(page, "When?")
    finished(page)
    page.locator(".answer .mark").nth(2).click()
    page.locator(".around mark").wait_for()
    assert words(page, ".around mark") == [COVERS]
    before = page.locator(".around mark").evaluate("(node) => node.previousSibling.data")
    assert before == PAGE_TWO[: PAGE_TWO.index(COVERS)]  # offsets count characters, also behind one of two units
    assert words(page, ".source .label, .source h3, .source .where, .source blockquote") == [
        "Footnote 2",
        "Genomics briefing",
        "14 October 2022 · page 2 of 2",
        COVERS,
    ]
    box, around = page.locator(".around mark").bounding_box(), page.locator(".around").bounding_box()
    assert around["y"] <= box["y"] <= around["y"] + around["height"]
    page.get_by_role("button", name="Back to the conversation").click()
    assert page.locator(".source").is_hidden()


def test_the_way_back_from_a_source_looks_unlike_the_way_out(page):
    ask(page, "When?")
    finished(page)
    page.locator(".answer .mark").first.click()
    page.locator(".around mark").wait_for()
    drawn = {
        name: page.get_by_role("button", name=name, exact=True).locator("path").get_attribute("d")
        for name in ("Back to the conversation", "Close", "New conversation")
    }
    assert len(set(drawn.values())) == 3
    back, title = page.locator(".source .icon").bounding_box(), page.locator(".source h3").bounding_box()
    assert back["x"] < title["x"]


def test_a_document_of_one_section_is_not_said_to_have_one(site, page):
    ask(page, "hostile")
    finished(page)
    page.locator(".answer .mark").first.click()
    page.locator(".around mark").wait_for()
    assert words(page, ".source .where") == [""]
    page.keyboard.press("Escape")
    whole = site.service.page(*BRIEFING_PAGE)
    site.page = {"text": whole.text, "start": whole.start, "number": 1, "count": 1, "is_page": True}
    ask(page, "When?")
    finished(page)
    page.locator(".exchange:last-child .answer .mark").first.click()
    page.locator(".around mark").wait_for()
    assert words(page, ".source .where") == ["14 October 2022 · page 2"]  # as the quote has it


def test_beside_a_source_the_conversation_goes_on(site, open_page):
    page = open_page(inline(site), viewport={"width": 1180, "height": 800})
    ask(page, "When?")
    finished(page)
    paint = "(node) => getComputedStyle(node).backgroundColor"
    above = "({x, y}) => document.querySelector('footnote-widget').shadowRoot.elementFromPoint(x, y).closest('.talk')"
    talk = page.locator(".talk").bounding_box()
    page.locator(".answer .mark").first.click()
    page.locator(".around mark").wait_for()
    source = page.locator(".source").bounding_box()
    log = page.locator(".log").bounding_box()
    assert log["x"] + log["width"] == pytest.approx(source["x"], abs=1)
    assert source["x"] + source["width"] == pytest.approx(talk["x"] + talk["width"], abs=1)
    assert page.evaluate(f"(point) => Boolean(({above})(point))", {"x": log["x"] + 9, "y": log["y"] + 9})
    assert page.locator(".talk").evaluate(paint) == "rgba(0, 0, 0, 0)"  # and nothing that tints it lies above
    page.locator(".answer .mark").nth(2).click()
    page.locator(".around mark", has_text=COVERS).wait_for()
    assert words(page, ".opened") == ["2"]
    ask(page, "And then?")
    finished(page)
    assert page.locator(".source").is_visible()
    assert words(page, ".question") == ["When?", "And then?"]
    page.get_by_role("button", name="Back to the conversation").click()
    assert page.locator(".opened").count() == 0
    assert page.locator(".talk").bounding_box() == talk


def test_where_there_is_no_room_beside_it_a_source_covers_the_conversation(site, open_page):
    page = open_page(inline(site), viewport={"width": 800, "height": 800})
    ask(page, "When?")
    finished(page)
    page.locator(".answer .mark").first.click()
    page.locator(".around mark").wait_for()
    body = page.locator(".body").bounding_box()
    assert page.locator(".source").bounding_box() == body
    assert page.locator(".composer textarea").is_hidden()
    page.set_viewport_size({"width": 1180, "height": 800})
    page.locator(".composer textarea").wait_for()
    page.set_viewport_size({"width": 800, "height": 800})
    page.locator(".composer textarea").wait_for(state="hidden")
    page.keyboard.press("Escape")
    assert page.locator(".composer textarea").is_visible()
    assert page.evaluate("document.querySelector('footnote-widget').shadowRoot.activeElement.textContent") == "1"


def test_a_mark_deep_in_a_long_page_is_scrolled_to_and_the_page_around_the_widget_is_not(site, open_page):
    page = open_page(
        inline(
            site,
            element='<div class="tall"></div><footnote-widget embed="hr" '
            'token-url="/footnote-token" mode="inline"></footnote-widget>',
        )
    )
    ask(page, "cost?")
    finished(page)
    scrolled = page.evaluate("scrollY")
    page.locator(".card .show").first.click()
    page.locator(".around mark").wait_for()
    assert words(page, ".around mark") == [AREAS]
    assert page.locator(".around").evaluate("(node) => node.scrollTop") > 0
    assert page.evaluate("scrollY") == scrolled


def test_warning_speaker_and_words_before_stand_with_a_quote(page):
    ask(page, "And in Wales?")
    finished(page)
    assert page.locator(".searched").text_content() == f"Searched for: {STANDALONE}"
    assert words(page, ".card mark") == ["12 October 2022"]
    page.locator("summary").click()
    others = page.locator("details .card")
    assert others.nth(0).locator(".speaker").text_content() == "The ABPI, as reported in Genomics briefing"
    assert others.nth(0).locator(".context").text_content() == "Before it: A strategy was published."
    assert others.nth(1).locator(".warning").text_content() == WARNING
    others.nth(1).locator(".show").click()
    page.locator(".around mark").wait_for()
    assert page.locator(".source .warning").text_content() == WARNING


def test_what_documents_disagree_on_is_shown_with_each_ones_value(page):
    ask(page, "And in Wales?")
    finished(page)
    assert page.locator(".conflict p").first.text_content() == "The documents disagree on “The strategy covers …”:"
    assert words(page, ".conflict strong") == ["2022", "five years"]


def test_a_refusal_gives_its_reason_and_the_nearest_quotes(page):
    ask(page, "What did it cost?")
    finished(page)
    assert words(page, ".refusal strong, .refusal p") == [
        "The documents do not say.",
        "No passage of the 2 that were found mentions a cost.",
    ]
    assert words(page, ".quotes h4") == ["The nearest passages, which do not answer it"]
    assert words(page, ".card blockquote") == [AREAS]
    assert page.locator(".sentence").count() == 0


def test_without_a_language_model_the_quotes_are_the_answer(page):
    ask(page, "quotes only")
    finished(page)
    assert words(page, ".notice p") == ["No language model: quotes only."]
    assert words(page, ".quotes h4") == ["The documents’ own words, best first"]
    assert page.locator(".card").count() == 3


def test_stop_ends_the_answer_here_and_on_the_server_and_keeps_what_was_checked(site, page):
    ask(page, "held, when?")
    page.locator(".sentence").first.wait_for()
    page.get_by_role("button", name="Stop").click()
    finished(page)
    assert words(page, ".exchange .notice") == ["Stopped before the answer was complete."]
    assert words(page, ".sentence .words") == [SENTENCES[0].text]
    assert page.locator(".answer .mark").count() == 1
    assert page.get_by_role("button", name="Ask", exact=True).is_visible()
    assert site.service.stops[-1].wait(60)


def test_a_second_question_waits_until_the_first_is_answered_or_stopped(site, page):
    ask(page, "held, when?")
    page.locator(".sentence").first.wait_for()
    ask(page, "another?")
    assert page.locator(".exchange").count() == 1
    assert page.locator(".composer textarea").input_value() == "another?"
    assert words(page, '.panel > [role="status"]') == [
        "The answer is still being written. Stop it to ask something else."
    ]


def test_a_second_question_need_not_wait_for_the_end_of_the_first_ones_stream(site, page):
    site.stream = [*stream_of([quote_of(1, "2022")], [sentence_of("In 2022.", 1)]), *HELD]
    ask(page, "When?")
    finished(page)
    site.stream = stream_of([quote_of(1, "2023")], [sentence_of("In 2023.", 1)])
    ask(page, "And then?")
    finished(page)
    assert words(page, ".sentence .words") == ["In 2022.", "In 2023."]


def test_the_place_in_the_queue_is_a_sentence_and_goes_when_writing_begins(site, page):
    quotes = [quote_of(1, "2022")]
    found = event_bytes("quotes", {"quotes": quotes, "passages": [], "searched_for": ""})
    waiting = [event_bytes("waiting", {"place": 3, "of": 7})]
    site.stream = [found, *waiting, *HELD]
    ask(page, "When?")
    line = "Questions that are answered before yours: 3."
    page.locator(".progress", has_text=line).wait_for()
    assert words(page, '.panel > [role="status"]') == [line]
    page.get_by_role("button", name="Stop").click()
    site.stream = [found, *waiting, *stream_of(quotes, [sentence_of("In 2022.", 1)])[1:]]
    ask(page, "When?")
    finished(page)
    assert page.locator(".exchange").nth(1).locator(".progress").is_hidden()


@pytest.mark.parametrize(("status", "detail"), [(429, "You have asked 20 questions in a minute."), (503, "")])
def test_a_server_that_is_busy_says_when_to_come_back(site, page, status, detail):
    answer = problem(status, detail, {"retry-after": "12"}) if detail else JSONResponse({}, 503, {"retry-after": "12"})
    site.refusals = [answer]
    ask(page, "When?")
    finished(page)
    first = detail or "There are too many questions at the moment."
    assert words(page, ".failed.notice p")[-1] == f"{first} Try again in 12 seconds."
    page.get_by_role("button", name="Ask again").last.click()
    finished(page)
    assert words(page, ".exchange:last-child .sentence .words") == [sentence.text for sentence in SENTENCES]


def test_seconds_that_the_servers_sentence_names_are_not_said_twice(site, page):
    site.refusals = [problem(429, "Ask again in 12 seconds.", {"retry-after": "12"})]
    ask(page, "When?")
    finished(page)
    assert words(page, ".exchange .failed p") == ["Ask again in 12 seconds."]


def test_a_problem_in_the_stream_is_shown_in_its_own_words(site, page):
    detail = "The index is being rebuilt. Ask again in a minute."
    site.stream = [event_bytes("error", {"type": "about:blank", "status": 400, "detail": detail})]
    ask(page, "When?")
    finished(page)
    assert words(page, ".exchange .failed p") == [detail]


def test_a_stream_that_breaks_off_is_said_to_be_cut(site, page):
    site.stream = stream_of([quote_of(1, "2022")], [sentence_of("In 2022.", 1)])[:-1]
    ask(page, "When?")
    finished(page)
    assert words(page, ".exchange .failed p") == ["The answer ended before it was complete. Ask again."]
    assert words(page, ".sentence .words") == ["In 2022."]


def test_the_last_turns_of_the_conversation_go_with_a_question_until_it_is_begun_anew(site, page):
    for number in range(8):
        site.stream = stream_of([quote_of(1, "2022")], [sentence_of(f"Answer {number}.", 1)])
        ask(page, f"Question {number}?")
        finished(page)
    assert site.asked[0]["history"] == []
    assert site.asked[7]["question"] == "Question 7?"
    expected = [{"question": f"Question {number}?", "answer": f"Answer {number}."} for number in range(1, 7)]
    assert site.asked[7]["history"] == expected
    page.get_by_role("button", name="New conversation").click()
    assert page.locator(".exchange").count() == 0
    assert page.locator(".opening").is_visible()
    ask(page, "Again?")
    finished(page)
    assert site.asked[8]["history"] == []


def test_questions_words_and_colours_come_from_the_embeds_settings(site, open_page):
    site.session = {
        "questions": ["When was it published?", "How much did it cost?"],
        "texts": {"title": "Ask HR", "greeting": "Good morning.", "placeholder": "Type here", "no-such": "x"},
        "colours": {"accent": "#aa0055", "background": "url(http://evil.example/x.png)"},
    }
    page = opened(open_page(launcher(site)))
    page.locator(".suggested button").first.wait_for()
    assert words(page, ".suggested button") == site.session["questions"]
    assert words(page, ".head h2, .greeting") == ["Ask HR", "Good morning."]
    assert page.locator(".composer textarea").get_attribute("placeholder") == "Type here"
    paint = "(node) => getComputedStyle(node).backgroundColor"
    assert page.locator(".go:visible").evaluate(paint) == "rgb(170, 0, 85)"
    assert page.locator(".panel").evaluate(paint) == "rgb(255, 255, 255)"
    page.locator(".suggested button").first.click()
    finished(page)
    assert words(page, ".question") == ["When was it published?"]
    assert site.asked[0]["question"] == "When was it published?"


def test_the_pages_own_words_come_before_the_embeds(site, open_page):
    site.session = {"texts": {"title": "Embed", "greeting": "Embed", "hint": "Embed"}}
    element = (
        '<footnote-widget embed="hr" token-url="/footnote-token" mode="inline" '
        'texts=\'{"title": "Attribute", "greeting": "Attribute"}\'></footnote-widget>'
    )
    page = open_page(
        inline(site, element=element),
        before="""
        const say = () => document.querySelector("footnote-widget").texts = {title: "Property"};
        addEventListener("DOMContentLoaded", say);
    """,
    )
    page.locator(".composer .hint", has_text="Embed").wait_for()
    assert words(page, ".head h2, .greeting, .composer .hint") == ["Property", "Attribute", "Embed"]


def test_a_thumb_is_sent_with_what_was_shown(site, page):
    ask(page, "When?")
    finished(page)
    page.get_by_role("button", name="This answer is right").click()
    page.locator(".rating", has_text="Recorded. Thank you.").wait_for()
    assert page.get_by_role("button", name="This answer is right").get_attribute("aria-pressed") == "true"
    sent = site.feedback_bodies[0]
    assert (sent["question"], sent["rating"], sent["answer"]) == (
        "When?",
        "up",
        " ".join(sentence.text for sentence in SENTENCES),
    )
    assert [cited["quote"] for cited in sent["citations"]] == [PUBLISHED, COVERS]
    assert [record.rating for record in site.service.feedback] == ["up"]


def test_a_thumb_down_says_which_footnote_was_wrong_and_why(site, page):
    ask(page, "When?")
    finished(page)
    page.get_by_role("button", name="This answer is wrong").click()
    page.locator(".wrong").get_by_role("button", name="Footnote 2").click()
    page.locator(".wrong textarea").fill("It says five years.")
    page.get_by_role("button", name="Send").click()
    page.locator(".rating", has_text="Recorded. Thank you.").wait_for()
    assert page.locator(".wrong").is_hidden()
    [record] = site.service.feedback
    assert (record.rating, record.wrong_citations, record.comment) == ("down", (2,), "It says five years.")


def test_feedback_that_cannot_be_kept_is_said_so_and_can_be_sent_again(site, page):
    ask(page, "When?")
    finished(page)
    site.refusals = [problem(503, "Feedback can't be written: the disk is full.")]
    page.get_by_role("button", name="This answer is right").click()
    page.locator(".rating", has_text="the disk is full").wait_for()
    page.get_by_role("button", name="This answer is right").click()
    page.locator(".rating", has_text="Recorded. Thank you.").wait_for()


def test_a_document_that_cannot_be_opened_still_shows_the_quoted_words(site, page):
    ask(page, "When?")
    finished(page)
    site.refusals = [problem(404, "There is no document default/briefing.pdf.")]
    page.locator(".answer .mark").first.click()
    page.locator(".around", has_text="There is no document default/briefing.pdf.").wait_for()
    assert words(page, ".source blockquote") == [PUBLISHED]


def test_sentences_that_the_finished_answer_changes_are_drawn_anew_and_the_others_keep_the_focus(site, page):
    quotes = [quote_of(1, "2022")]
    events = stream_of(quotes, [sentence_of("In 2022.", 1), sentence_of("It rained.", 1)])
    last = event_bytes("answer", answer_of(quotes, [sentence_of("In 2022.", 1), sentence_of("It snowed.", 1)]))
    site.stream = [*events[:-1], *[STILL] * 20, last]
    ask(page, "When?")
    page.locator(".sentence").nth(1).wait_for()
    page.locator(".answer .mark").first.focus()
    finished(page)
    assert words(page, ".sentence .words") == ["In 2022.", "It snowed."]
    assert page.locator(".answer .mark").first.evaluate("(node) => node.getRootNode().activeElement === node")


def test_a_document_without_pages_is_shown_in_sections(site, page):
    site.page = {"text": HOSTILE, "start": 0, "number": 2, "count": 3, "is_page": False}
    ask(page, "hostile")
    finished(page)
    page.locator(".answer .mark").first.click()
    page.locator(".around mark").wait_for()
    assert page.locator(".source .where").text_content() == "section 2 of 3"
