"""Evidence: sentences with the offsets they have in the document, scored and chosen."""

from dataclasses import replace

import pytest
from evidence_building import evidence, passage
from hypothesis import example, given
from hypothesis import strategies as st

from generator.evidence import MARKED_FROM, choose_quotes, rank_evidence, read_evidence, sentences_of, to_quote
from schema import AnswerSpan, Chunk, Passage, Reading, Source


def by_length(_question, texts):
    return [float(len(text)) for text in texts]


def test_headings_and_scraps_are_no_evidence():
    chunk = passage(
        "Annual reports of May\n\nThe first report came in May.\nSee there.", heading="Annual reports of May"
    )
    found = sentences_of([chunk], limit=10)
    assert [(one.start, one.end, one.text) for one in found] == [(23, 52, "The first report came in May.")]


def test_only_the_first_sentences_are_taken_in_rank_order():
    passages = [passage("It was very wet. It was very dry.", path="b.md"), passage("It was quite cold.", path="a.md")]
    assert [one.text for one in sentences_of(passages, limit=2)] == ["It was very wet.", "It was very dry."]


def test_a_sentence_that_two_passages_share_counts_once():
    whole = passage("It was very wet. It was very dry.")
    part = passage("It was very dry. It was quite cold.", start=17)
    assert [one.start for one in sentences_of([whole, part], limit=9)] == [0, 17, 34]


@given(
    st.text(alphabet="ab .!?\n\u2028\u00a0。”’🧬é0-", max_size=400),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), max_size=4),
)
def test_each_quote_is_the_text_between_its_offsets(text, cuts):
    """Any chunks of any text: neither the sentences nor the quotes made of them move by a character."""
    source = Source("default", "a.md", "A", None, "0" * 64)
    spans = [(min(cut), min(max(cut), len(text))) for cut in cuts]
    chunks = [Chunk(source.source_id, start, end, text[start:end]) for start, end in spans if start < end]
    found = sentences_of([Passage(chunk, source, 0.5, 1, "fused") for chunk in chunks], limit=100)
    for number, one in enumerate(choose_quotes(rank_evidence("?", found, by_length), limit=12), start=1):
        quote = to_quote(one, number)
        assert quote.quote == text[quote.start : quote.end] != ""
        assert quote.quote == quote.quote.strip()


def test_the_cross_encoder_reads_title_and_heading_with_each_sentence():
    asked = []

    def score(question, texts):
        asked.append((question, list(texts)))
        return [1.0, 3.0, 3.0]

    found = evidence("It was very wet.", "It was very dry.", title="Weather", heading="May > Week 2")
    (bare,) = evidence("Nothing above me here.", title="")
    ranked = rank_evidence("How was it?", [*found, bare], score)
    assert asked == [
        (
            "How was it?",
            [
                "Weather > May > Week 2: It was very wet.",
                "Weather > May > Week 2: It was very dry.",
                "Nothing above me here.",
            ],
        )
    ]
    assert [(one.text, one.score) for one in ranked] == [
        ("It was very dry.", 3.0),
        ("Nothing above me here.", 3.0),
        ("It was very wet.", 1.0),
    ]


def test_one_wording_is_quoted_once():
    found = evidence("It was very wet.", "It was  VERY wet.", "It was quite dry.")
    assert [one.passage.source.path for one in choose_quotes(found, limit=3)] == ["a.md", "c.md"]
    assert len(choose_quotes(found, limit=1)) == 1


def test_a_quote_names_its_place():
    found = sentences_of(
        [passage("It was very wet.", path="r.pdf", title="Rain", date="2022-05", start=90, page=4)], limit=1
    )
    quote = to_quote(rank_evidence("?", found, lambda *_: [1.23456])[0], 2)
    assert (quote.number, quote.source, quote.title, quote.date, quote.page) == (
        2,
        "default/r.pdf",
        "Rain",
        "2022-05",
        4,
    )
    assert (quote.start, quote.end, quote.quote, quote.score) == (90, 106, "It was very wet.", 1.2346)


@pytest.mark.parametrize(
    ("of_sentence", "of_page", "shown"),
    [("", "", ""), ("", "Badly read.", "Badly read."), ("Hostile.", "", "Hostile."),
     ("Hostile.", "Badly read.", "Hostile. Badly read.")],
)  # fmt: skip
def test_a_quote_from_a_badly_read_page_says_so_and_may_answer_all_the_same(of_sentence, of_page, shown):
    (sentence,) = sentences_of([replace(passage("It was very wet."), warning=of_page)], limit=1)
    found = AnswerSpan(7, 15, MARKED_FROM)
    quote = to_quote(replace(sentence, answer=found, warning=of_sentence), 1)
    assert quote.warning == shown
    assert quote.around_answer[1] == ("" if of_sentence else "very wet")


WORDS = "It was so. In May it was very wet, as ever."


@given(
    st.integers(-5, 60),
    st.integers(-5, 60),
    st.sampled_from([-9.0, 3.99, 4.0, 9.0]),
    st.sampled_from(["", "Beware."]),
    st.integers(0, 90),
)
@example(first=3, last=20, score=9.0, warning="", chunk_start=7)
@example(first=-3, last=5, score=9.0, warning="", chunk_start=7)
def test_the_words_that_answer_stand_in_their_quote(first, last, score, warning, chunk_start):
    """Whatever span a reading model finds: what is marked is in the quote, and only where it is likely and trusted."""
    for sentence in sentences_of([passage(WORDS, start=chunk_start)], limit=9):
        found = AnswerSpan(chunk_start + first, chunk_start + last, score)
        quote = to_quote(replace(sentence, answer=found, warning=warning), 1)
        assert quote.warning == warning
        if quote.answer_start is None or quote.answer_end is None:
            assert quote.answer_start is quote.answer_end is None
            assert (
                score < MARKED_FROM
                or warning
                or not set(range(first, last)) & set(range(quote.start - chunk_start, quote.end - chunk_start))
            )
            continue
        assert (score >= MARKED_FROM, warning) == (True, "")
        assert quote.start <= quote.answer_start < quote.answer_end <= quote.end
        marked = WORDS[quote.answer_start - chunk_start : quote.answer_end - chunk_start]
        assert marked == WORDS[max(first, 0) : max(last, 0)] or found.start < quote.start or found.end > quote.end
        assert marked in quote.quote


@pytest.mark.parametrize(("score", "marked"), [(4.0, True), (3.99, False)])
def test_words_are_marked_when_they_are_likely_enough(score, marked):
    (sentence,) = sentences_of([passage("It was very wet.", start=50)], limit=9)
    quote = to_quote(replace(sentence, answer=AnswerSpan(62, 65, score)), 1)
    assert (quote.answer_start, quote.answer_end) == ((62, 65) if marked else (None, None))


def test_without_a_reading_model_no_words_are_marked_and_nothing_is_warned_of():
    (sentence,) = sentences_of([passage("It was very wet.")], limit=9)
    quote = to_quote(sentence, 1)
    assert (quote.answer_start, quote.answer_end, quote.warning) == (None, None, "")


def test_grounds_hold_title_date_and_headings():
    (one,) = evidence("It was very wet.", title="Weather", date="2022-05-03", heading="May > Week 2")
    assert one.grounds == "Weather\n2022-05-03\nMay > Week 2\nIt was very wet."


def test_the_score_of_a_game_is_no_evidence():
    assert [one.text for one in sentences_of([passage("Reds 3 - 0 . They won it.")], limit=9)] == ["They won it."]


def test_the_reading_model_reads_each_passage_with_the_places_of_its_sentences():
    asked = []

    def read(question, passages):
        asked.append((question, passages))
        return [Reading(2.0, (), (0.0, 0.0)), Reading(-1.0, (), (0.0,))]

    found = sentences_of(
        [passage("It was very wet. It was very dry.", start=40), passage("So quite cold.", path="b.md")], limit=9
    )
    assert len(read_evidence("How was it?", found, read)) == 2
    texts = [("It was very wet. It was very dry.", [(0, 16), (17, 33)]), ("So quite cold.", [(0, 14)])]
    assert asked == [("How was it?", texts)]


def test_what_the_reading_model_says_is_added_to_the_cross_encoder():
    """By hand: half the cross-encoder, the sentence, half its passage, half its best answer."""
    found = sentences_of(
        [passage("It was very wet. It was very dry.", start=40), passage("So quite cold.", path="b.md")], limit=9
    )
    readings = [
        Reading(2.0, (AnswerSpan(29, 32, 8.0), AnswerSpan(0, 2, -4.0)), (-3.0, 1.5)),
        Reading(-1.0, (), (float("-inf"),)),
    ]
    dry, wet, cold = rank_evidence("?", found, lambda _, texts: [1.0, 2.0, 3.0], readings)
    assert (dry.text, dry.logit, dry.score) == ("It was very dry.", 2.0, 1.0 + 1.5 + 1.0 + 4.0)
    assert (wet.text, wet.logit, wet.score) == ("It was very wet.", 1.0, 0.5 - 3.0 + 1.0 - 2.0)
    assert (cold.logit, cold.score) == (3.0, 1.5 - 20.0 - 0.5 - 10.0)
    assert (dry.answer, wet.answer, cold.answer) == (AnswerSpan(69, 72, 8.0), AnswerSpan(40, 42, -4.0), None)
