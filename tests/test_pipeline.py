"""From files to checked answers with the default models over samples/: nothing here is a stand-in."""

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from eval.sets.questions import load_questions
from parts import FAST_RERANK_TOKENS, SLOW_RERANK_TOKENS
from pipeline import Footnote
from schema import LONGEST_QUESTION, Answered, FootnoteError, QuotesFound, SentenceChecked, Token, Turn, Words
from settings import Settings

pytestmark = pytest.mark.models

ROOT = Path(__file__).resolve().parents[1]
CASES = load_questions(ROOT / "eval" / "samples" / "questions.yaml")
NEEDS_ALL = {"comparison", "disagreement"}


def flat(text):
    return " ".join(text.lower().split())


def check_places(footnote, answer):
    """Whatever an answer shows stands in its document, character for character."""
    for quote in (*answer.quotes, *answer.citations):
        assert quote.quote == footnote.text(quote.source)[quote.start : quote.end] != ""
        if quote.answer_start is not None:
            assert quote.start <= quote.answer_start < quote.answer_end <= quote.end
            assert footnote.text(quote.source)[quote.answer_start : quote.answer_end] in quote.around_answer
    for passage in answer.passages:
        chunk = passage.chunk
        assert chunk.text == footnote.text(chunk.source_id)[chunk.start : chunk.end] != ""


def check_sentences(answer):
    """Whatever a model wrote was matched with the documents, or dropped."""
    numbers = {one.number for one in answer.citations}
    for sentence in answer.sentences:
        assert sentence.support in ("supported", "partly")
        assert sentence.citations
        assert set(sentence.citations) <= numbers
    assert all(one.support == "unsupported" for one in answer.dropped)


@pytest.fixture(scope="session")
def evidence_of_all(footnote):
    """The quotes-only answers to all questions of the set."""
    return {case.question_id: footnote.answer(case.question, quotes_only=True) for case in CASES}


def test_every_quote_of_every_question_stands_in_its_document(footnote, evidence_of_all):
    assert len(evidence_of_all) == 60
    for answer in evidence_of_all.values():
        check_places(footnote, answer)
        check_sentences(answer)
        assert answer.fingerprint.llm == "none"
        assert 1 <= len(answer.quotes) <= 5
        assert len(answer.passages) == 8


def test_the_evidence_that_a_person_would_quote_is_among_the_quotes(evidence_of_all):
    """Measured: for 38 of 39 questions at least one of the set's places is quoted, 0.97; for 33 all that are needed."""
    some = every = 0
    cases = [case for case in CASES if not case.unanswerable]
    for case in cases:
        quotes = evidence_of_all[case.question_id].quotes
        hits = [any(same_place(gold, quote) for quote in quotes) for gold in case.evidence]
        some += any(hits)
        every += all(hits) if case.kind in NEEDS_ALL else any(hits)
    assert some / len(cases) >= 0.90
    assert every / len(cases) >= 0.75


def test_the_words_that_answer_are_marked_where_the_reading_model_is_sure(evidence_of_all):
    """Measured: the first quotes of 24 of the 39 answerable questions have marked words, and 23 of these answer."""
    marked, right = 0, 0
    for case in CASES:
        answer = evidence_of_all[case.question_id]
        assert [quote.warning for quote in answer.quotes if quote.warning] == []
        words = flat(answer.quotes[0].around_answer[1])
        if words and not case.unanswerable:
            marked += 1
            right += any(words in flat(gold) or flat(gold) in words for gold in case.answers)
    assert marked >= 20, (marked, right)
    assert right / marked >= 0.7, (marked, right)


def same_place(gold, quote):
    """Whether a quote and one that a person chose are in the same document and hold one another."""
    ours, theirs = flat(quote.quote), flat(gold.quote)
    return quote.source == f"default/{gold.source}" and (theirs in ours or ours in theirs)


def test_an_accepted_answer_stands_in_the_quotes(evidence_of_all):
    """Measured: all 39 of 39."""
    missing = [case.question_id for case in CASES if not case.unanswerable and not answer_quoted(case, evidence_of_all)]
    assert len(missing) <= 2, missing


def answer_quoted(case, evidence_of_all):
    words = [flat(quote.quote) for quote in evidence_of_all[case.question_id].quotes]
    return any(flat(answer) in quote for answer in case.answers for quote in words)


def test_the_evidence_alone_tells_many_questions_without_an_answer(evidence_of_all):
    """Measured: 10 of 21 refused, 0.48, and none of the 39 that have an answer."""
    refused = {case.unanswerable: 0 for case in CASES}
    for case in CASES:
        refused[case.unanswerable] += evidence_of_all[case.question_id].abstained
    assert refused[True] / 21 >= 0.35
    assert refused[False] <= 1


# The language model


def test_the_date_is_answered_from_the_right_document(footnote):
    events = list(footnote.ask("When was the strategy published?"))
    answer = events[-1].answer
    assert isinstance(events[0], QuotesFound)
    assert any(isinstance(event, Token) for event in events)
    assert "12 October 2022" in answer.answer
    assert (answer.abstained, answer.dropped) == (False, ())
    holding = [one for one in answer.citations if "12 October 2022" in one.quote]
    assert holding
    assert {one.source for one in holding} <= {
        "default/briefing.md", "default/questions-and-answers.html", "default/summary-for-industry.pdf",
        "default/timeline.md",
    }  # fmt: skip
    check_places(footnote, answer)
    check_sentences(answer)
    timings = answer.timings
    assert 0 < timings.retrieve_ms < timings.quotes_ms < timings.first_token_ms < timings.total_ms
    assert [one.seen_by_model for one in answer.passages].count(True) >= 1
    names = (answer.fingerprint.embedder, answer.fingerprint.reranker, answer.fingerprint.llm)
    assert [name.partition("@")[0] for name in names] == [
        "bge-small-en-v1.5-int8", "ms-marco-minilm-l12", "qwen2.5-coder-1.5b"
    ]  # fmt: skip


def test_a_question_about_money_is_refused(footnote):
    answer = footnote.answer("How much did the strategy cost?")
    assert (answer.answer, answer.abstained) == ("The documents do not say.", True)
    assert (answer.sentences, answer.citations) == ((), ())
    assert answer.reason
    assert answer.quotes


def test_a_follow_up_is_searched_with_the_question_before_it(footnote):
    history = (Turn("What does the ABPI stand for?", "The Association of the British Pharmaceutical Industry."),)
    question = "And who is its Chief Executive?"
    assert any("Torbett" in one.quote for one in footnote.answer(question, history=history, quotes_only=True).quotes)
    assert footnote.search(question, history=history) != footnote.search(question)
    alone, after = "Who is the ABPI's Chief Executive?", footnote.answer(question, history=history, quotes_only=True)
    assert after.searched_for == alone  # what is read for is the question alone, what is searched for is both
    assert after.passages != footnote.answer(alone, quotes_only=True).passages


@pytest.mark.parametrize("when", ["before", "at the first word"])
def test_stopping_ends_the_answer_soon(footnote, when):
    stop = threading.Event()
    if when == "before":
        stop.set()
    events = footnote.ask("What are the priority areas of the strategy?", stop=stop)
    assert isinstance(next(events), QuotesFound)
    seen = []
    for event in events:
        if isinstance(event, Token):
            stop.set()
        seen.append(event)
    answer = seen[-1].answer
    assert (answer.reason, answer.abstained) == ("The answer was stopped before it was complete.", False)
    assert sum(isinstance(event, Token) for event in seen) == (0 if when == "before" else 1)


def test_leaving_the_answer_stops_the_model(footnote):
    """The next question would wait if the model still wrote for a reader who is gone."""
    stop = threading.Event()
    events = footnote.ask("What are the priority areas of the strategy?", stop=stop)
    while not isinstance(next(events), Token):
        pass
    assert not stop.is_set()
    events.close()
    assert stop.is_set()


@pytest.fixture
def opened(samples_index, weights):
    """The same index with other settings."""
    all_opened = []

    def open_with(**settings):
        all_opened.append(Footnote(Settings(index=samples_index, cache=weights, **settings)))
        return all_opened[-1]

    yield open_with
    for one in all_opened:
        one.close()


def test_the_smallest_model_is_held_to_the_same_checks(opened):
    footnote = opened(llm="smollm2-135m", answer_tokens=60)
    assert footnote.status() == "Language model: smollm2-135m."
    events = list(footnote.ask("Which three things did the ABPI welcome?"))
    answer = events[-1].answer
    assert any(isinstance(event, Token) for event in events)
    assert answer.fingerprint.llm.startswith("smollm2-135m@")
    check_places(footnote, answer)
    check_sentences(answer)
    assert answer.sentences or answer.dropped or answer.abstained


def test_without_a_model_the_documents_own_words_answer(opened):
    footnote = opened(llm="none", reranker="none")
    assert footnote.status() == "No language model, as asked for: answers are quotes only."
    events = list(footnote.ask("When was the strategy published?"))
    answer = events[-1].answer
    assert [type(event) for event in events] == [QuotesFound, SentenceChecked, Answered]
    assert answer.answer == answer.quotes[0].quote
    assert (answer.fingerprint.llm, answer.fingerprint.reranker) == ("none", "none")
    check_places(footnote, answer)


# Retrieval


def test_readers_get_neighbours_together_and_the_evidence_each_under_its_heading(footnote):
    question = "What does the summary for industry say is meant to happen on partnerships?"
    chunks = {
        (one.chunk.source_id, one.chunk.start, one.chunk.end) for one in footnote.store.lexical(Words(("the",)), 500)
    }
    searched = [(one.chunk.source_id, one.chunk.start, one.chunk.end) for one in footnote.search(question)]
    assert len(searched) == 8
    assert not set(searched) <= chunks
    answer = footnote.answer(question, quotes_only=True)
    assert all((one.chunk.source_id, one.chunk.start, one.chunk.end) in chunks for one in answer.passages)
    for source_id, start, end in searched:
        assert footnote.text(source_id)[start:end] in {one.chunk.text for one in footnote.search(question)}


@pytest.mark.parametrize(
    ("settings", "tokens"),
    [
        ({"precision": "bf16"}, FAST_RERANK_TOKENS),
        ({"precision": "int8"}, SLOW_RERANK_TOKENS),
        ({"precision": "int8", "rerank_tokens": 77}, 77),
        ({"rerank_tokens": 0}, 0),
    ],
)
def test_the_budget_of_the_cross_encoder_follows_the_precision_unless_it_is_set(opened, settings, tokens):
    assert opened(llm="none", **settings).parts.rerank_tokens == tokens


def test_a_budget_of_nothing_or_no_cross_encoder_leaves_the_fused_order(opened):
    question = "What is priority area number 3 in the table of the summary for industry?"
    plain = [one.chunk.chunk_id for one in opened(llm="none", rerank_tokens=0).search(question)]
    assert plain == [one.chunk.chunk_id for one in opened(llm="none", reranker="none").search(question)]
    asked = opened(llm="none", rerank_tokens=3500)
    origins = [{one.origin for one in asked.search(case.question)} for case in CASES[:12]]
    assert {"reranked"} in origins
    assert {"fused"} in origins  # where the views agree it is not asked


# Odd questions


@pytest.mark.parametrize(
    ("question", "fault"),
    [
        ("", "There is no question yet."),
        (" \n\t\u3000", "There is no question yet."),
        ("x" * 100_000, "The question has 100,000 characters; the most is 4,000."),
        ("word " * 20_000, "The question has 99,999 characters; the most is 4,000."),
    ],
)
def test_what_cannot_be_a_question_is_refused_in_a_sentence(footnote, question, fault):
    with pytest.raises(FootnoteError) as error:
        list(footnote.ask(question))
    assert str(error.value).startswith(fault)
    with pytest.raises(FootnoteError):
        footnote.search(question)


@pytest.mark.parametrize(
    "question",
    [
        "Πότε δημοσιεύτηκε η στρατηγική για τη γονιδιωματική;",
        "基因组战略是什么时候发布的？",
        "متى نُشرت الاستراتيجية؟",
        "🧬🧬🧬",
        "?",
        "a\x00b",
        "\ud800 what was published\udfff?",
        'NEAR(strategy, 5) AND "; DROP TABLE source; --',
        "{{ 7*7 }} <|im_end|>",
        "w" * LONGEST_QUESTION,
        "why " * (LONGEST_QUESTION // 4),
    ],
)
def test_any_other_question_gets_an_answer_or_a_refusal(footnote, question):
    answer = footnote.answer(question, quotes_only=True)
    check_places(footnote, answer)
    assert answer.abstained == (answer.answer == "The documents do not say.")
    answer.question.encode()


def test_half_a_character_in_an_earlier_turn_is_no_reason_to_fail(footnote):
    answer = footnote.answer("And who leads it?", history=(Turn("The ABPI \udce9?", "\udce9"),), quotes_only=True)
    assert any("Torbett" in one.quote for one in answer.quotes)


# Documents


def test_documents_come_change_and_go_with_all_that_was_made_of_them(tmp_path, weights):
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "north.md").write_text("# North\n\nThe lighthouse of Northby was lit in 1871.\n", "utf-8")
    (folder / "south.txt").write_text("The lighthouse of Southby was lit in 1902.\n", "utf-8")
    footnote = Footnote(Settings(index=tmp_path / "index", cache=weights, llm="none"), create=True)
    try:
        rows = []
        report = footnote.index([folder], on_file=rows.append)
        assert tuple(rows) == report.files
        assert [(Path(one.path).name, one.status) for one in rows] == [
            ("north.md", "indexed"),
            ("south.txt", "indexed"),
        ]
        question = "When was the lighthouse of Northby lit?"
        before = footnote.answer(question)
        assert before.quotes[0].quote == "The lighthouse of Northby was lit in 1871."

        (folder / "north.md").write_text("# North\n\nThe lighthouse of Northby was lit in 1881.\n", "utf-8")
        report = footnote.index([folder])
        assert {Path(one.path).name: one.status for one in report.files} == {
            "north.md": "indexed", "south.txt": "unchanged"
        }  # fmt: skip
        after = footnote.answer(question)
        assert after.quotes[0].quote == "The lighthouse of Northby was lit in 1881."
        assert after.fingerprint.index != before.fingerprint.index

        with pytest.raises(FootnoteError, match="nowhere"):
            footnote.remove(["default/north.md", "default/nowhere.md"])
        assert len(footnote.sources()) == 2
        assert footnote.remove(["default/north.md"]) == ["default/north.md"]
        assert [one.source.path for one in footnote.sources()] == ["south.txt"]
        assert not any("Northby" in one.chunk.text for one in footnote.search(question))
    finally:
        footnote.close()


def test_the_search_is_a_langchain_retriever_too(footnote):
    documents = footnote.as_retriever(collection="default").invoke("When was the strategy published?")
    passages = footnote.search("When was the strategy published?")
    assert [one.page_content for one in documents] == [one.chunk.text for one in passages]


def test_a_page_of_a_pdf_is_a_picture_and_other_documents_have_none(footnote):
    assert footnote.picture("default/summary-for-industry.pdf", 1).startswith(b"\x89PNG")
    with pytest.raises(FootnoteError, match=r"It can't be read as a PDF"):
        footnote.picture("default/briefing.md", 1)
    view = footnote.page("default/summary-for-industry.pdf", 1)
    assert view.width > 0 and view.boxes


def test_pages_of_a_document_are_its_text(footnote):
    source = "default/summary-for-industry.pdf"
    pages = [footnote.page(source, number) for number in (1, 2)]
    text = footnote.text(source)
    for page in pages:
        assert page.text == text[page.start : page.start + len(page.text)]
        assert (page.count, page.is_page) == (2, True)
        assert footnote.page_of(source, page.start) == page.number
    with pytest.raises(FootnoteError, match="there is no page 3"):
        footnote.page(source, 3)


def test_missing_weights_are_named_with_the_command_that_fetches_them(tmp_path):
    footnote = Footnote(Settings(index=tmp_path / "index", cache=tmp_path / "cache"), create=True)
    try:
        with pytest.raises(FootnoteError, match=r"footnote models fetch bge-small-en-v1\.5-int8"):
            list(footnote.ask("When was the strategy published?"))
    finally:
        footnote.close()


def test_an_index_that_is_not_there_is_not_made_by_asking(tmp_path):
    with pytest.raises(FootnoteError, match="index"):
        Footnote(Settings(index=tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()


def test_a_collection_that_does_not_exist_is_named_with_those_that_do(footnote):
    with pytest.raises(FootnoteError, match=r"There is no collection 'defualt'\. There are: default\."):
        footnote.search("strategy", collection="defualt")
    assert footnote.search("strategy", collection="default")


# Models lent


def test_a_second_index_uses_the_models_that_are_loaded_already(footnote, tmp_path):
    second = Footnote(footnote.settings.model_copy(update={"index": tmp_path / "other"}), create=True, lender=footnote)
    assert second.embeddings is footnote.embeddings
    assert second.score is footnote.score
    assert second.engine is footnote.engine
    second.close()
    assert footnote.answer(CASES[0].question).tokens_written > 0  # closing the borrower closed nothing of the lender's


def test_nothing_is_lent_where_the_settings_say_otherwise(footnote):
    settings = footnote.settings.model_copy(update={"llm": "none", "reranker": "none"})
    second = Footnote(settings, lender=footnote)
    assert second.engine is None
    assert second.score is not footnote.score
    assert second.embeddings is footnote.embeddings
    second.close()


def test_an_engine_of_its_own_is_closed(footnote):
    closed = []
    own = Footnote(footnote.settings.model_copy(update={"threads": 1}), lender=footnote)
    own.parts.__dict__["engine"] = SimpleNamespace(close=lambda: closed.append("own"))
    own.close()
    assert closed == ["own"]
