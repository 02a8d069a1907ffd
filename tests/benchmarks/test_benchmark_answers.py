"""The benchmark of answers: its sample, the order of asking, going on after a kill, and what is written where."""

import json
import threading
from collections import Counter
from dataclasses import replace

import pytest

from benchmarks import answers
from benchmarks.answers import Plan, System, Turns, ask_systems, balanced_sample, main, show, to_run
from eval.records import EvalCase, Outcome, RunFingerprint
from eval.runs.running import RunStoppedError
from schema import FootnoteError

SYSTEMS = ("footnote", "naive")


def cases_of(answerable, unanswerable):
    yes = [EvalCase(f"yes {number}", f"What is {number}?", (f"{number}",)) for number in range(answerable)]
    no = [EvalCase(f"no {number}", f"What is not {number}?", unanswerable=True) for number in range(unanswerable)]
    return [*yes, *no]


def kinds(cases):
    return Counter("no" if case.unanswerable else "yes" for case in cases)


@pytest.mark.parametrize(
    ("answerable", "unanswerable", "limit", "expected"),
    [
        (200, 300, 100, {"yes": 50, "no": 50}),
        (155, 5, 100, {"yes": 95, "no": 5}),
        (200, 0, 100, {"yes": 100}),
        (3, 20, 10, {"yes": 3, "no": 7}),
        (20, 20, 7, {"yes": 4, "no": 3}),
        (20, 20, 1, {"yes": 1}),
        (4, 3, 100, {"yes": 4, "no": 3}),
        (0, 9, 4, {"no": 4}),
    ],
)
def test_half_of_a_sample_is_unanswerable_where_there_are_enough(answerable, unanswerable, limit, expected):
    assert kinds(balanced_sample(cases_of(answerable, unanswerable), limit, 7)) == expected


def test_a_sample_is_fixed_by_its_seed_and_keeps_the_order_of_the_set():
    cases = cases_of(60, 60)
    sample = balanced_sample(cases, 20, 7)
    assert set(balanced_sample(cases[::-1], 20, 7)) == set(sample)
    assert set(balanced_sample(cases, 20, 8)) != set(sample)
    assert [case for case in cases if case in sample] == list(sample)
    assert set(sample) < set(balanced_sample(cases, 40, 7))


def plan_of(cases=None, **changes):
    cases = tuple(cases_of(10, 10) if cases is None else cases)
    return replace(Plan("things", cases, SYSTEMS, 7, RunFingerprint(prompt="p", version="v")), **changes)


def test_each_question_is_asked_of_both_in_a_row_by_chance_the_one_or_the_other_first():
    turns = [turn.question_id.partition(" ")[::2] for turn in plan_of().turns]
    pairs = list(zip(turns[::2], turns[1::2], strict=True))
    assert all(one[1] == other[1] and {one[0], other[0]} == set(SYSTEMS) for one, other in pairs)
    assert sorted(one[1] for one, _ in pairs) == sorted(case.question_id for case in cases_of(10, 10))
    assert {one[0] for one, _ in pairs} == set(SYSTEMS)
    assert [one[1] for one, _ in pairs] != [case.question_id for case in cases_of(10, 10)]
    assert plan_of().turns == plan_of().turns
    assert plan_of(seed=8).turns != plan_of().turns


def test_a_system_is_made_ready_when_the_other_was_asked_before():
    said = []

    def system(name):
        return System(lambda case, _: said.append((name, case.question_id)) or Outcome(case.question_id), said.append)

    ask = Turns({name: System(system(name).ask, lambda name=name: said.append(name)) for name in SYSTEMS})
    turns = [EvalCase(turn, "?") for turn in ("naive a b", "naive c", "footnote c", "naive a b")]
    outcomes = [ask(turn, threading.Event()) for turn in turns]
    assert [outcome.question_id for outcome in outcomes] == [turn.question_id for turn in turns]
    expected = ["naive", ("naive", "a b"), ("naive", "c"), "footnote", ("footnote", "c"), "naive", ("naive", "a b")]
    assert said == expected


class Machine:
    """Two systems that answer with their own names, and lose power before an answer of a given number."""

    def __init__(self, monkeypatch):
        self.asked, self.dies_at = [], None
        monkeypatch.setattr(answers, "system_of", self.system_of)

    def system_of(self, name, _):
        def ask(case, _):
            if len(self.asked) == self.dies_at:
                raise KeyboardInterrupt
            self.asked.append((name, case.question_id))
            return Outcome(case.question_id, f"{name}: {case.question}", timings={"total_ms": 5.0})

        return System(ask, lambda: None)


@pytest.fixture
def machine(monkeypatch):
    return Machine(monkeypatch)


def test_a_run_that_was_killed_goes_on_and_asks_nothing_twice(machine, tmp_path, capsys):
    plan, machine.dies_at = plan_of(), 13
    with pytest.raises(RunStoppedError, match="13 of 40"):
        ask_systems(plan, None, tmp_path, fresh=False)
    machine.dies_at = None
    outcomes, _ = ask_systems(plan, None, tmp_path, fresh=False)
    assert "things: going on with 13 answers" in capsys.readouterr().err
    assert Counter(machine.asked) == Counter((name, case.question_id) for name in SYSTEMS for case in plan.cases)
    for name in SYSTEMS:
        assert [one.question_id for one in outcomes[name]] == [case.question_id for case in plan.cases]
        assert [one.answer for one in outcomes[name]] == [f"{name}: {case.question}" for case in plan.cases]
    ask_systems(plan, None, tmp_path, fresh=False)
    assert len(machine.asked) == 40
    ask_systems(plan, None, tmp_path, fresh=True)
    assert len(machine.asked) == 80


@pytest.mark.parametrize(
    "changed",
    [
        {"fingerprint": RunFingerprint(prompt="p", version="other code")},
        {"fingerprint": RunFingerprint(prompt="other", version="v")},
        {"seed": 8},
        {"cases": tuple(cases_of(10, 9))},
        {"systems": ("footnote",)},
    ],
)
def test_another_set_up_begins_anew_and_leaves_the_answers_that_are_there(machine, tmp_path, changed):
    ask_systems(plan_of(), None, tmp_path, fresh=False)
    other = plan_of(**changed)
    ask_systems(other, None, tmp_path, fresh=False)
    assert len(machine.asked) == 40 + len(other.turns)
    ask_systems(plan_of(), None, tmp_path, fresh=False)
    assert len(machine.asked) == 40 + len(other.turns)


def test_code_that_answers_depend_on_changes_the_hash_and_other_code_does_not(monkeypatch, tmp_path):
    for name in (*answers.ANSWERING_FILES, "generator/a.py", "prompts/answer.md", "eval/b.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one", "utf-8")
    monkeypatch.setattr(answers, "ROOT", tmp_path)
    hashes = {answers.code_hash()}
    (tmp_path / "eval/b.py").write_text("two", "utf-8")
    hashes.add(answers.code_hash())
    assert len(hashes) == 1
    for name in ("generator/a.py", "prompts/answer.md", "pipeline.py", "benchmarks/naive.py"):
        (tmp_path / name).write_text("two", "utf-8")
        hashes.add(answers.code_hash())
    assert len(hashes) == 5
    assert all((answers.RESULTS.parents[2] / name).exists() for name in (*answers.ANSWERING_FILES, *answers.ANSWERING))


def test_a_run_of_each_system_names_its_own_prompt():
    plan = plan_of(cases_of(1, 0))
    outcomes = [Outcome("yes 0", "It is 0.")]
    runs = {name: to_run(plan, name, outcomes) for name in SYSTEMS}
    assert [run.name for run in runs.values()] == ["things-footnote", "things-naive"]
    assert runs["footnote"].fingerprint == plan.fingerprint
    assert runs["naive"].fingerprint == replace(plan.fingerprint, prompt=answers.PROMPT_SHA)
    assert runs["naive"].columns["gold_contained"].tolist() == [1.0]


@pytest.fixture
def folder(tmp_path):
    """The questions as a set in BEIR form."""
    folder = tmp_path / "data" / "things"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text('{"_id": "d", "title": "Numbers", "text": "It is 0. It is 1."}\n', "utf-8")
    queries = [
        {
            "_id": case.question_id,
            "text": case.question,
            "answers": list(case.answers),
            "unanswerable": case.unanswerable,
        }
        for case in cases_of(10, 10)
    ]
    (folder / "queries.jsonl").write_text("".join(json.dumps(query) + "\n" for query in queries), "utf-8")
    judged = "".join(f"yes {number}\td\t1\n" for number in range(10))
    (folder / "qrels" / "test.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}", "utf-8")
    return folder


def test_answers_can_be_read_while_a_run_is_under_way(machine, tmp_path, folder):
    with pytest.raises(FootnoteError, match="no answers to things"):
        show(tmp_path, folder, 2)
    machine.dies_at = 5
    with pytest.raises(RunStoppedError):
        ask_systems(plan_of(), None, tmp_path, fresh=False)
    (journal,) = tmp_path.glob("things-*.journal.jsonl")
    with journal.open("a", encoding="utf-8") as file:
        file.write('{"id": "naive ye')  # a line that a kill tore
    text = show(tmp_path, folder, 2)
    first, second = (plan_of().turns[place].question_id.partition(" ")[2] for place in (0, 2))
    assert text.count("--- footnote") == text.count("--- naive") == 2
    assert f"{first}: What is" in text
    assert f"{second}: What is" in text
    assert show(tmp_path, folder, 9).count("expected:") == 3


RECORD = {"verbatim": {"footnote": "1 of 1", "naive": "2 of 2"}, "measures": {}}


@pytest.mark.parametrize(
    ("options", "is_kept"),
    [([], True), (["--limit", "99"], False), (["--systems", "footnote"], False), (["--limit", "150"], True)],
)
def test_only_a_whole_run_goes_into_the_published_record(monkeypatch, tmp_path, capsys, options, is_kept):
    results = tmp_path / "answers.json"
    monkeypatch.setattr(answers, "RESULTS", results)
    monkeypatch.setattr(answers, "measure_set", lambda *_: RECORD)
    for name in ("one", "two"):
        monkeypatch.setattr("sys.argv", ["answers", "--data", str(tmp_path), "--sets", name, *options])
        main()
    assert "2 of 2" in capsys.readouterr().out
    assert results.exists() == is_kept
    if is_kept:
        assert json.loads(results.read_text("utf-8")) == {"sets": {"one": RECORD, "two": RECORD}}


def test_part_of_a_run_is_kept_where_it_is_told_to(monkeypatch, tmp_path):
    out = tmp_path / "some.json"
    monkeypatch.setattr(answers, "measure_set", lambda *_: RECORD)
    command = ["answers", "--data", str(tmp_path), "--sets", "one", "--limit", "4", "--out", str(out)]
    monkeypatch.setattr("sys.argv", command)
    main()
    assert json.loads(out.read_text("utf-8")) == {"sets": {"one": RECORD}}


@pytest.mark.models
def test_real_answers_from_the_folder_to_the_record(folder, weights, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FOOTNOTE_CACHE", str(weights))
    monkeypatch.setenv("FOOTNOTE_LLM", "smollm2-135m")
    monkeypatch.setenv("FOOTNOTE_ANSWER_TOKENS", "16")
    out, work = tmp_path / "out.json", tmp_path / "work"
    command = ["answers", "--data", str(folder.parent), "--sets", "things", "--limit", "2", "--out", str(out)]
    monkeypatch.setattr("sys.argv", [*command, "--work", str(work)])
    main()
    record = json.loads(out.read_text("utf-8"))["sets"]["things"]
    assert record["questions"] == {"answerable": 1, "unanswerable": 1}
    assert record["errors"] == {"footnote": 0, "naive": 0}
    stood, of, shown = record["verbatim"]["footnote"].partition(" of ")
    assert (stood, of) == (shown, " of ")
    assert record["measures"]["tokens_read"]["figures"]["naive"] > 20
    assert record["models"]["llm"].startswith("smollm2-135m@")
    assert {path.name for path in work.glob("things-*.json")} == {"things-footnote.json", "things-naive.json"}
    capsys.readouterr()
    main()  # everything is answered already
    assert "going on with 4 answers" in capsys.readouterr().err
    assert json.loads(out.read_text("utf-8"))["sets"]["things"]["measures"] == record["measures"]
