"""The benchmark of conversations: its figures, its sets of follow-ups, and that each text is searched for once."""

import json

import numpy as np
import pytest

from benchmarks import conversation
from benchmarks.conversation import WAYS, by_kind, compared, figures, is_of_its_document, measure, told_of
from benchmarks.conversation import tests_of as differences_of
from benchmarks.dialogues import FollowUp, made_from, pronoun_for, read_dialogues, shared_name, with_pronoun
from schema import Chunk, Passage, Source, Turn

BEFORE = Turn("When was Fresno founded?", "In 1872.")
FOUND = FollowUp("q1", "Who designed its park?", (BEFORE,), ("d1",), "pronoun", "Who designed the park of Fresno?")
ALONE = FollowUp("q2", "What is horizon scanning?", (BEFORE,), ("d2",), "new topic", "What is horizon scanning?")


def passage(name):
    return Passage(Chunk(f"x/{name}", 0, 4, "text"), Source("x", name, name, None, "0" * 64), 0.5, 1, "fused")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], (0, 0, 0)),
        ([True], (1, 1, 1)),
        ([True, True, False], (1, 1, 1)),
        ([False] * 5 + [True], (0, 0, 1 / np.log2(7))),
        ([False] * 10 + [True], (0, 0, 0)),
        ([True, False, True], (1, 1, 1.5 / (1 + 1 / np.log2(3)))),
    ],
)
def test_a_ranking_has_the_figures_of_the_book(flags, expected):
    assert figures(flags) == pytest.approx(expected)


def table(ndcg):
    return np.array([[0.0, 0.0, value] for value in ndcg])


def test_the_rules_are_compared_with_every_other_way():
    values = {"rules": table([1.0] * 12), "joined": table([0.0] * 12), "question alone": table([1.0] * 12)}
    found = differences_of(values)
    assert found["joined"]["difference"] == 1.0
    assert found["joined"]["p"] < 0.01
    assert found["question alone"] == {"difference": 0.0, "p": 1.0}


def test_means_are_told_by_way_and_by_kind():
    values = {"rules": table([1, 0.5]), "joined": table([0, 0.5]), "question alone": table([0, 0])}
    record = compared([FOUND, ALONE], values)
    assert record["ways"]["rules"] == {"recall@1": 0.0, "recall@5": 0.0, "nDCG@10": 0.75}
    assert by_kind([FOUND, ALONE], values) == record["nDCG@10_by_kind"]
    assert record["nDCG@10_by_kind"]["pronoun"] == {"questions": 1, "rules": 1, "joined": 0, "question alone": 0}
    assert record["nDCG@10_by_kind"]["new topic"]["rules"] == 0.5


def test_what_the_rules_did_is_counted():
    joined = FollowUp("q3", "tell me more", (BEFORE,), ("d1",))
    piece = FollowUp("q4", "and Oakland?", (BEFORE,), ("d1",))
    record = told_of([FOUND, ALONE, joined, piece])
    assert {key: record[key] for key in ("questions", "rewritten", "after_the_one_before", "joined")} == {
        "questions": 4,
        "rewritten": 2,
        "after_the_one_before": 1,
        "joined": 1,
    }


class Searched:
    """Finds the documents of `FOUND` and `ALONE` by a word of each, and notes what it was asked."""

    def __init__(self):
        self.texts = []

    def search(self, text, *, top_k):
        self.texts.append(text)
        return [passage(name) for name, word in (("d1", "Fresno"), ("d2", "horizon")) if word in text][:top_k]


def test_the_ways_search_for_what_they_say():
    searched = {way: text_of(FOUND) for way, text_of in WAYS.items()}
    assert searched["rules"] == "When was Fresno founded? Who designed Fresno's park?"
    assert searched["rewritten alone"] == "Who designed Fresno's park?"
    assert searched["joined"] == searched["always joined"] == "When was Fresno founded? Who designed its park?"
    assert WAYS["joined"](ALONE) == ALONE.question


def test_every_way_is_measured_and_no_text_is_searched_for_twice():
    footnote = Searched()
    record = measure("made", [FOUND, ALONE], footnote, is_of_its_document)
    assert len(footnote.texts) == len(set(footnote.texts))
    assert record["ways"]["rules"]["nDCG@10"] == record["ways"]["as first written"]["nDCG@10"] == 1.0
    assert record["ways"]["question alone"]["nDCG@10"] == 0.5
    assert record["ways"]["always joined"]["recall@1"] == 0.5
    without = FollowUp("q5", "Why?", (BEFORE,), ("d1",))
    assert "as first written" not in measure("real", [FOUND, without], footnote, is_of_its_document)["ways"]


def test_a_set_that_is_not_asked_for_stays_in_the_record(monkeypatch, tmp_path):
    results = tmp_path / "conversation.json"
    results.write_text(json.dumps({"dialogues": {"kept": 1}, "samples": {"old": 1}}))
    monkeypatch.setattr(conversation, "RESULTS", results)
    monkeypatch.setattr(conversation, "measure_samples", lambda settings: {"new": str(settings.runs)})
    monkeypatch.setattr("sys.argv", ["conversation", "--work", str(tmp_path)])
    conversation.main()
    record = json.loads(results.read_text())
    assert record["dialogues"] == {"kept": 1}
    assert record["samples"]["new"] == str(tmp_path)
    assert {"commit", "date"} <= set(record["samples"]["machine"])
    assert "old" not in record["samples"]


def lines(path, *records):
    path.write_text("".join(json.dumps(one) + "\n" for one in records))


def test_follow_ups_are_made_of_neighbours_that_share_a_name(tmp_path):
    lines(
        tmp_path / "corpus.jsonl",
        {"_id": "d1", "text": "Fresno is a city. It has its park."},
        {"_id": "d2", "text": "x"},
    )
    asked = [
        ("q1", "When was Fresno founded?", "d1", {"answers": ["1872"]}),
        ("q2", "Who designed the park of Fresno?", "d1", {"answers": ["Ann"]}),
        ("q3", "Who designed the zoo of Fresno?", "d1", {"unanswerable": True}),
        ("q4", "Who runs the park of Fresno?", "d2", {"answers": ["Bo"]}),
    ]
    lines(tmp_path / "queries.jsonl", *({"_id": i, "text": t, "paragraph": p} | more for i, t, p, more in asked))
    made = made_from(tmp_path, limit=9)
    assert made == (
        FollowUp(
            "q2",
            "Who designed the park of it?",
            (Turn("When was Fresno founded?", "1872"),),
            ("d1",),
            "pronoun",
            "Who designed the park of Fresno?",
        ),
    )
    assert made_from(tmp_path, limit=0) == ()


def test_a_name_is_shared_only_as_a_whole():
    assert shared_name("Where is the Fresno Zoo?", "Who owns the Fresno Zoo?") == "the Fresno Zoo"
    assert shared_name("Where is Fresno?", "Who owns the Fresno Zoo?") == ""
    assert shared_name("What did Ann do?", "What did Bo do?") == ""


@pytest.mark.parametrize(
    ("question", "name", "pronoun", "expected"),
    [
        ("What is Fresno's largest park?", "Fresno", "it", "What is its largest park?"),
        ("Who lived with Ann?", "Ann", "she", "Who lived with her?"),
        ("Where did Ann live?", "Ann", "she", "Where did she live?"),
        ("What are the Normans' towns?", "the Normans", "they", "What are their towns?"),
    ],
)
def test_the_pronoun_has_the_form_of_its_place(question, name, pronoun, expected):
    assert with_pronoun(question, name, pronoun) == expected


def test_the_paragraph_decides_the_pronoun():
    assert pronoun_for("Ann", "She saw her plan, and it was good.") == "she"
    assert pronoun_for("Fresno", "It has its park.") == "it"
    assert pronoun_for("Normans", "He was there.") == "they"


def test_dialogues_give_each_later_turn_with_those_before_it(tmp_path):
    turns = [
        ("g1/0", "Who is Ann?", ["A mayor."], False),
        ("g1/1", "Is she old?", [], True),
        ("g1/2", "Where does she live?", ["Leeds."], False),
    ]
    path = tmp_path / "dialogues.jsonl"
    rows = [
        {"id": i, "group": "g1", "question": q, "passage": "Ann is a mayor.", "answers": a, "unanswerable": u}
        for i, q, a, u in turns
    ]
    lines(path, *rows)
    found, passages = read_dialogues(path)
    assert passages == {"g1": "Ann is a mayor."}
    history = (Turn("Who is Ann?", "A mayor."), Turn("Is she old?", ""))
    assert found == (FollowUp("g1/2", "Where does she live?", history, ("g1",)),)
