from dataclasses import replace
from html.parser import HTMLParser

import pytest
from fake_service import (
    HOSTILE,
    HOSTILE_TITLE,
    MARKED,
    PASSAGES,
    PUBLISHED,
    QUOTES,
    SENTENCES,
    STANDALONE,
    WARNING,
    FakeService,
)
from hypothesis import given
from hypothesis import strategies as st

from schema import Answered, Conflict, Coverage, Quote, QuotesFound, Sentence, Statement
from web import cards, render, wording
from web.exchange import Exchange, advance


class Reader(HTMLParser):
    """The text, the names of the elements, and the attributes of a piece of HTML."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.text, self.tags, self.attributes, self.open = "", [], [], []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, "elements are nested wrongly"

    def handle_data(self, data):
        self.text += data


def answered(question):
    exchange = Exchange(1, question)
    for event in FakeService(pause_s=0).ask(question):
        exchange = advance(exchange, event)
    return exchange


@pytest.mark.parametrize(
    ("stated", "shown"),
    [("2022-10-12", "12 October 2022"), ("2022-10", "October 2022"), ("2022", "2022"), ("2022-13-01", "2022-13-01")],
)
def test_dates_are_written_out(stated, shown):
    assert wording.format_date(stated) == shown


def test_a_place_leaves_out_what_is_not_known():
    assert wording.place("Briefing", "2022-10", 2) == "Briefing, October 2022, page 2"
    assert wording.place("Notes", None, None) == "Notes"


def test_an_answer_shows_each_sentence_with_its_numbers_and_its_verdict():
    page = Reader(render.exchange_html(answered("When?")))
    assert "The strategy was published on 12 October 2022.1 " in page.text
    assert "It runs for five years.1,2\xa0◐ partly supported" in page.text
    assert "It was popular.\xa0✗ not supported" in page.text
    assert "“It runs for five years.” The word “runs” is not in the quote." in page.text


def test_a_footnote_number_carries_the_offsets_of_its_quote():
    html = render.exchange_html(answered("When?"))
    quote = QUOTES[1]
    assert f'data-start="{quote.start}" data-end="{quote.end}" data-label="Footnote 2" aria-label="Footnote 2: ' in html


def test_cited_quotes_come_first_and_the_others_are_said_not_to_be_cited():
    text = Reader(render.exchange_html(answered("When?"))).text
    order = ["Footnotes", QUOTES[0].quote, QUOTES[1].quote, "Also found, not cited", QUOTES[2].quote]
    places = [text.index(words, text.index("Footnotes")) for words in order]
    assert places == sorted(places)


def test_while_writing_the_quotes_keep_their_rank_and_gain_their_numbers():
    exchange = replace(
        Exchange(1, "When?"), phase="writing", quotes=QUOTES, sentences=SENTENCES[:1], citations=QUOTES[1:2]
    )
    text = Reader(render.exchange_html(exchange)).text
    assert f"Quotes from the documents{QUOTES[0].quote}" in text
    assert f"2{QUOTES[1].quote}" in text


def test_a_disclosure_waits_for_the_end_since_updates_would_close_it():
    running = replace(Exchange(1, "When?"), phase="writing", quotes=QUOTES, passages=PASSAGES)
    assert "<details" not in render.exchange_html(running)
    text = Reader(render.exchange_html(answered("When?"))).text
    assert "What was retrieved: 2 passages, 1 seen by the model" in text
    assert "● seen by the model" in text
    assert "○ not seen by the model" in text


def test_what_says_the_same_stands_under_its_passage_and_leads_to_its_place():
    html = render.exchange_html(answered("When?"))
    same = PASSAGES[1].also[0]
    text = Reader(html).text
    assert text.count("the same in: ") == 1
    assert f"{PASSAGES[1].chunk.text}the same in: {same.source.title} Show in document" in text
    assert f'data-source="{same.chunk.source_id}" data-start="{same.chunk.start}" data-end="{same.chunk.end}"' in html
    dated = replace(PASSAGES[0], also=PASSAGES[:1])
    rows = Reader(render.exchange_html(replace(answered("When?"), passages=(dated,)))).text
    assert "the same in: Genomics briefing, 14 October 2022, page 2 Show in document" in rows


def test_what_was_left_out_can_be_looked_up():
    text = Reader(render.exchange_html(answered("When?"))).text
    assert "What was left out: 1 sentence without support in the documentsIt cost 3 million. No quote holds" in text
    assert "What was left out" not in Reader(render.exchange_html(answered("quotes only"))).text


def test_a_refusal_says_so_and_marks_the_nearest_passages():
    text = Reader(render.exchange_html(answered("What did it cost?"))).text
    assert "The documents do not say.No passage of the 2 that were found mentions a cost." in text
    assert "The nearest passages, which do not answer it" in text
    assert "Footnotes" not in text


def test_quotes_without_a_model_are_shown_with_the_reason():
    text = Reader(render.exchange_html(answered("quotes only"))).text
    assert "No language model: quotes only." in text
    assert f"The documents' own words, best first (3)1{QUOTES[0].quote}" in text
    assert f"2{QUOTES[1].quote}" in text


def test_a_quote_has_above_it_its_headings_its_speaker_and_the_words_before():
    told = replace(QUOTES[1], heading="Facts > Years", context="The plan is new.", speaker="the ABPI")
    done = answered("quotes only")
    html = render.exchange_html(replace(done, quotes=(QUOTES[0], told)))
    text = Reader(html).text
    above = "Facts > YearsThe ABPI, as reported in Genomics briefingBefore it: The plan is new."
    assert f"2{above}{told.quote}Genomics briefing" in text
    assert f"<blockquote>{told.quote}</blockquote>" in html
    assert f"1{QUOTES[0].quote}" in text
    copied = wording.plain_text(replace(done, quotes=(told,)))
    assert "[2] The ABPI, as reported in Genomics briefing: [The plan is new.] “It covers" in copied


DISAGREE = Conflict("It was published on …", (Statement(1, "12 October"), Statement(3, "14 October")))


@pytest.mark.parametrize("question", ["When?", "quotes only", "What did it cost?"])
def test_what_documents_disagree_on_is_shown_with_each_ones_value_and_place(question):
    done = answered(question)
    done = replace(done, quotes=QUOTES, answer=replace(done.answer, quotes=QUOTES, conflicts=(DISAGREE,)))
    html = render.exchange_html(done)
    assert (
        "The documents disagree on “It was published on …”:12 October Genomics briefing, 14 October 2022, page 2 "
        "Show in document14 October Genomics briefing" in Reader(html).text.replace("briefing14", "briefing, 14")
    )
    assert html.count("notice conflict") == 1
    assert "- 14 October (Genomics briefing, 14 October 2022, page 2)" in wording.plain_text(done)


def test_a_conflict_with_a_quote_that_is_not_shown_is_left_out():
    done = answered("quotes only")
    alone = replace(DISAGREE, statements=(Statement(1, "12 October"), Statement(9, "14 October")))
    assert "disagree" not in render.exchange_html(replace(done, answer=replace(done.answer, conflicts=(alone,))))


def test_a_refusal_says_what_was_looked_through():
    text = Reader(render.exchange_html(answered("What did it cost?"))).text
    assert "Looked through 2 passages of 1 document." in text


def test_the_copy_has_marks_in_the_sentences_and_the_footnotes_below():
    assert wording.plain_text(answered("When?")) == (
        "When?\n\n"
        "The strategy was published on 12 October 2022.[1] It runs for five years.[1][2] (partly supported) "
        "It was popular. (not supported)\n\n"
        "[1] “The strategy was published on 12 October 2022.” Genomics briefing, 14 October 2022, page 2 "
        "(default/briefing.pdf)\n"
        "[2] “It covers the next five years.” Genomics briefing, 14 October 2022, page 2 (default/briefing.pdf)\n"
    )


def test_the_copy_of_a_refusal_has_no_footnotes():
    assert wording.plain_text(answered("cost?")) == (
        "cost?\n\nThe documents do not say. No passage of the 2 that were found mentions a cost.\n"
    )


@pytest.mark.parametrize("status", ["indexed", "unchanged", "partial"])
def test_the_opening_counts_the_documents_that_can_be_asked(status):
    infos = [replace(info, status=status) for info in FakeService().sources()]
    text = Reader(render.opening(infos)).text
    assert "2 documents to ask about" in text
    assert "Genomics briefing, 14 October 2022" in text
    assert "1 document to" in Reader(render.opening([infos[0], replace(infos[1], status="refused")])).text


def test_the_opening_says_what_was_read_of_each_document():
    first, second = FakeService().sources()
    first = replace(first, coverage=Coverage(900, text=8, ocr=3, unreadable=1))
    text = Reader(render.opening([first, second])).text
    assert "Genomics briefing, 14 October 2022 12 pages, 3 by recognition, 1 unreadable" in text
    assert text.count("pages") == 1


def test_a_passage_of_a_badly_read_page_says_so():
    passages = next(e.passages for e in FakeService(pause_s=0).ask("x") if isinstance(e, QuotesFound))
    warned = replace(passages[0], warning="<Compare> it.")
    assert '<p class="warning">&lt;Compare&gt; it.</p>' in cards.retrieved_html([warned])
    assert "warning" not in cards.retrieved_html(passages[:1])
    assert cards.as_quote(warned).warning == "<Compare> it."


def test_a_long_list_of_documents_is_cut_and_says_so():
    text = Reader(render.opening(FakeService().sources() * 5)).text
    assert "10 documents to ask about" in text
    assert "and 2 more" in text


def test_an_empty_index_says_how_to_add_documents():
    assert "footnote index FOLDER" in Reader(render.opening([])).text


HARMLESS = {"article", "h2", "h3", "div", "p", "span", "section", "ol", "ul", "li", "blockquote", "cite", "button"}
HARMLESS |= {"sup", "details", "summary", "br", "s", "label", "textarea", "strong", "mark"}


@given(st.text(), st.text(), st.text(), st.sampled_from(["supported", "partly", "unsupported"]))
def test_whatever_a_document_or_a_model_says_is_text(words, title, question, support):
    quote = Quote(1, f"default/{title}", title, words, 1, 0, len(words), words, 1.0, words, words, words, words)
    quote = replace(quote, answer_start=0, answer_end=len(words) // 2)
    conflict = Conflict(words, (Statement(1, words), Statement(1, words)))
    sentence = Sentence(words, (1, 7), support, 0.5, (words,))
    answer = next(e.answer for e in FakeService(pause_s=0).ask("x") if isinstance(e, Answered))
    answer = replace(
        answer, reason=words, sentences=(sentence,), citations=(quote,), quotes=(quote,), dropped=(sentence,)
    )
    answer = replace(answer, conflicts=(conflict,), searched_for=words)
    for exchange in (
        advance(Exchange(1, question), Answered(answer)),
        advance(Exchange(1, question), Answered(replace(answer, abstained=True))),
        replace(Exchange(1, question), phase="failed", notice=words),
        replace(Exchange(1, question), phase="writing", draft=words, quotes=(quote,)),
    ):
        page = Reader(render.exchange_html(exchange))
        assert set(page.tags) <= HARMLESS
        assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("href", "src", "style")]
        assert page.open == []


@given(st.text(min_size=1), st.integers(0, 9), st.integers(1, 9), st.integers(0, 50))
def test_the_words_that_answer_are_marked_in_the_quote_and_change_none_of_it(words, first, length, start):
    first = min(first, len(words) - 1)
    last = min(first + length, len(words))
    quote = Quote(1, "default/a.md", "A", None, 1, start, start + len(words), words, 1.0)
    quote = replace(quote, answer_start=start + first, answer_end=start + last)
    if last - first == len(words):  # nothing is singled out
        assert quote.around_answer == (words, "", "")
        return
    assert quote.around_answer == (words[:first], words[first:last], words[last:])
    drawn = render.exchange_html(replace(Exchange(1, "x"), phase="writing", quotes=(quote,)))
    inside = drawn.partition("<blockquote>")[2].partition("</blockquote>")[0]
    assert Reader(inside).text == Reader(wording.escape(words)).text
    assert inside.partition("<mark>")[2].partition("</mark>")[0] == wording.escape(words[first:last])


def test_a_quote_without_known_words_is_not_marked():
    assert QUOTES[0].around_answer == (PUBLISHED, "", "")
    assert "<mark>" not in render.exchange_html(answered("When?"))


def test_quotes_that_do_not_answer_have_no_words_that_do():
    assert "<mark>12 October 2022</mark>." in render.exchange_html(answered("and in Wales?"))
    refused = render.exchange_html(answered("and does it rain in Wales?"))
    assert PUBLISHED in refused
    assert "<mark>" not in refused


def test_a_warning_stands_above_its_quote_and_in_the_copy():
    exchange = answered("and in Wales?")
    drawn = render.exchange_html(exchange)
    assert drawn.index(f'<p class="warning">{WARNING}</p>') < drawn.index(wording.escape(MARKED[2].quote))
    assert drawn.count('class="warning"') == 1
    quotes_only = replace(exchange, sentences=(), citations=())
    assert f"[3] ({WARNING}) “{MARKED[2].quote}”" in wording.plain_text(quotes_only)
    assert f"[2] The ABPI, as reported in {MARKED[1].title}: [{MARKED[1].context}] “" in wording.plain_text(quotes_only)


@pytest.mark.parametrize(
    ("heading", "shown"),
    [
        ("Genomics briefing", ""),
        ("Genomics briefing > Dates", "Dates"),
        ("Genomics briefings > Dates", "Genomics briefings > Dates"),
        ("Dates > Genomics briefing", "Dates > Genomics briefing"),
        ("", ""),
    ],
)
def test_headings_do_not_repeat_the_title_below_them(heading, shown):
    quote = replace(QUOTES[0], heading=heading)
    assert quote.section == shown
    drawn = render.exchange_html(replace(Exchange(1, "x"), phase="writing", quotes=(quote,)))
    assert (f'<p class="heading">{wording.escape(shown)}</p>' in drawn) == bool(shown)
    assert drawn.count('class="heading"') == bool(shown)


def test_a_follow_up_says_what_was_searched_for_from_the_quotes_on():
    events = list(FakeService(pause_s=0).ask("and in Wales?"))
    early, done = advance(Exchange(1, "and in Wales?"), events[0]), answered("and in Wales?")
    for exchange in (early, done):
        words = Reader(render.exchange_html(exchange)).text
        assert words.index("and in Wales?") < words.index(f"Searched for: {STANDALONE}") < words.index(PUBLISHED)
    assert wording.plain_text(done).startswith(f"and in Wales?\nSearched for: {STANDALONE}\n\n")
    for question in ("When?", "cost?"):
        assert "Searched for" not in render.exchange_html(answered(question))
        assert "Searched for" not in wording.plain_text(answered(question))


def test_a_refused_follow_up_says_it_once():
    words = Reader(render.exchange_html(answered("and does it rain in Wales?"))).text
    assert f"Looked for “{STANDALONE}” in 2 passages" in words
    assert words.count(STANDALONE) == 1


def test_hostile_text_survives_word_for_word():
    page = Reader(render.exchange_html(answered("hostile")))
    assert HOSTILE in page.text
    assert HOSTILE_TITLE in page.text
    assert "img" not in page.tags


def test_half_a_surrogate_pair_does_not_break_the_page():
    assert wording.escape("a\ud800b") == "a?b"


def test_the_status_for_screen_readers_follows_the_answer():
    assert wording.status_text(Exchange(1, "x")) == "Searching the documents."
    assert wording.status_text(replace(Exchange(1, "x"), phase="writing", quotes=QUOTES)) == (
        "3 quotes found. Writing the answer."
    )
    assert wording.status_text(answered("When?")) == "Ready: 3 sentences, 2 footnotes."
    assert wording.status_text(answered("cost?")) == "The documents do not say."
    assert wording.status_text(answered("quotes only")) == "3 quotes found."


def test_a_question_in_the_line_says_how_many_are_before_it():
    waiting = replace(Exchange(1, "x"), phase="writing", quotes=QUOTES, before=2)
    assert '<p class="text waiting">2 questions before yours …' in render.exchange_html(waiting)
    assert wording.status_text(waiting) == "3 quotes found. 2 questions before yours."
    assert wording.status_text(replace(waiting, before=1)) == "3 quotes found. 1 question before yours."
    assert "Reading the quotes below …" in render.exchange_html(replace(waiting, before=0))
