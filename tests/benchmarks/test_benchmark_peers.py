"""The pure parts of the comparison with other systems; none of these systems is needed here."""

import json
import math
import re
import sys
import time
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.peers import __main__ as command
from benchmarks.peers import measuring
from benchmarks.peers.choosing import choose
from benchmarks.peers.model import checkpoint_weights, settings_files
from benchmarks.peers.reporting import COLUMNS, rows_of, table
from benchmarks.peers.running import Bench
from benchmarks.peers.systems import SYSTEMS, System
from eval.records import EvalCase, Evidence
from schema import FootnoteError, TextDocument

ROOT = Path(__file__).resolve().parents[2]


def case(name, *documents):
    return EvalCase(name, f"What of {name}?", evidence=tuple(Evidence(one) for one in documents))


def documents(names):
    return [TextDocument(name, name.upper(), f"The text of {name}.") for name in names]


# Which documents and questions


def test_without_a_limit_all_documents_stay_and_the_first_judged_questions():
    cases = [case("q1", "a"), case("unjudged"), case("q2", "b"), case("q3", "c")]
    chosen, kept = choose(cases, documents("abc"), questions=2, limit=None)
    assert [one.question_id for one in chosen] == ["q1", "q2"]
    assert [one.path for one in kept] == ["a", "b", "c"]


def test_under_a_limit_documents_with_evidence_come_first():
    chosen, kept = choose([case("q1", "d"), case("q2", "b")], documents("abcde"), questions=9, limit=3)
    assert [one.path for one in kept] == ["b", "d", "a"]
    assert [one.question_id for one in chosen] == ["q1", "q2"]


def test_a_question_goes_with_its_evidence():
    chosen, kept = choose([case("q1", "a"), case("q2", "b", "c")], documents("abc"), questions=9, limit=2)
    assert [one.path for one in kept] == ["a", "b"]
    assert [one.question_id for one in chosen] == ["q1"]


# From figures to rows


def measured(rankings, *, index_s=10.0, row="langchain", ms=(1.0, 2.0, 3.0), peak=500):
    return {
        "load_s": index_s / 2,
        "index_s": index_s,
        "documents": 100,
        "chunks": 250,
        "peak_after_index_mb": peak - 100,
        "index_bytes": 3 * 2**19,
        "rows": {row: {"first_ms": 50.0, "ms": list(ms), "rankings": rankings, "peak_mb": peak}},
    }


def test_a_row_holds_the_best_times_and_the_worst_memory_of_all_rounds():
    rankings = {"q": ["a"]}
    slow, fast = measured(rankings, index_s=20.0, ms=[9.0]), measured(rankings, index_s=10.0, ms=[4.0], peak=600)
    (row,) = rows_of({"langchain": [slow, fast]}, [case("q", "a")])
    assert (row["index s"], row["load s"], row["documents/s"]) == (10.0, 5.0, 10.0)
    assert (row["p50 ms"], row["p95 ms"]) == (4.0, 4.0)
    assert (row["peak MiB, indexing"], row["peak MiB"], row["index MiB"]) == (500, 600, 1.5)
    assert row["same rankings in all rounds"]


def test_percentiles_are_over_the_questions_of_one_round():
    (row,) = rows_of({"langchain": [measured({"q": ["a"]}, ms=range(1, 102))]}, [case("q", "a")])
    assert (row["p50 ms"], row["p95 ms"]) == (51.0, 96.0)


def test_rankings_are_judged_by_documents():
    cases = [case("q1", "a", "b"), case("q2", "c")]
    rankings = {"q1": ["x", "a", "y"], "q2": ["x", *"defghijkl", "c"]}
    (row,) = rows_of({"langchain": [measured(rankings)]}, cases)
    ideal = 1 + 1 / math.log2(3)
    assert row["nDCG@10"] == pytest.approx((1 / math.log2(3) / ideal + 0) / 2)
    assert row["recall@10"] == 0.25
    assert row["questions with fewer than 10 documents"] == 1


def test_a_grade_is_the_best_of_a_documents_pieces():
    twice = EvalCase("q", "What?", evidence=(Evidence("a", grade=2), Evidence("a", grade=1), Evidence("b")))
    (row,) = rows_of({"langchain": [measured({"q": ["b", "a"]})]}, [twice])
    assert row["nDCG@10"] == pytest.approx((1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3)))


def test_speed_is_told_as_a_multiple_of_langchains():
    rounds = {
        "footnote": [measured({"q": ["a"]}, index_s=4.0, row="footnote")],
        "langchain": [measured({"q": ["a"]}, index_s=10.0)],
        "txtai": [],
    }
    rows = rows_of(rounds, [case("q", "a")])
    assert {row["system"]: row["times langchain"] for row in rows} == {"footnote": 2.5, "langchain": 1.0}


def test_without_langchain_there_is_no_multiple():
    rows = rows_of({"footnote": [measured({"q": ["a"]}, row="footnote")]}, [case("q", "a")])
    assert rows[0]["times langchain"] is None
    assert table(rows).splitlines()[2].split(" | ")[4] == "-"


def test_rankings_that_change_between_rounds_are_told():
    (row,) = rows_of({"langchain": [measured({"q": ["a"]}), measured({"q": ["b"]})]}, [case("q", "a")])
    assert row["same rankings in all rounds"] is False
    assert row["nDCG@10"] == 1.0


def test_every_row_of_the_table_has_every_column():
    rows = rows_of({"langchain": [measured({"q": ["a"]})]}, [case("q", "a")])
    heading, rule, line = table(rows).splitlines()
    assert heading == f"| {' | '.join(COLUMNS)} |"
    assert rule.count("|") == line.count("|") == heading.count("|")
    assert line == "| langchain | 5.0 | 10.0 | 10.0 | 1.00 | 2.0 | 2.9 | 400 | 500 | 1.5 | 250 | 1.0000 | 1.0000 |"


# Measuring, with a system of our own


class Words:
    """Finds the chunks (sentences) that hold the question's last word, and notes what it is asked."""

    def __init__(self, model, folder):
        self.folder, self.asked = folder, []

    def index(self, texts):
        self.chunks = [(one.name, part) for one in texts for part in one.content.split(". ")]
        (self.folder / "deep").mkdir()
        (self.folder / "deep" / "index.txt").write_text("x" * 1000)
        return len(self.chunks)

    @property
    def searches(self):
        return {"words": self.search, "slow words": self.search_slowly}

    def search(self, question, chunks):
        self.asked.append(question)
        word = question.split()[-1]
        return [name for name, part in self.chunks if word in part][:chunks]

    def search_slowly(self, question, chunks):
        time.sleep(0.002)
        return self.search(question, chunks)


@pytest.fixture
def words(monkeypatch):
    """A system whose module is made here, and the peers that it opened."""
    opened = []
    module = SimpleNamespace(open_peer=lambda model, folder: opened.append(Words(model, folder)) or opened[-1])
    monkeypatch.setitem(sys.modules, "a_peer_of_the_tests", module)
    return System("words", "a_peer_of_the_tests", ("numpy",), "words", "text"), opened


def task(questions):
    texts = [("a", "Apes", "One ape. Two apes. A tree"), ("b", "Trees", "A tree. An ape"), ("c", "", "A stone")]
    return {"model": "nowhere", "documents": texts, "questions": questions, "chunks": 3}


def test_a_system_is_measured_from_loading_to_the_last_question(words, tmp_path):
    system, opened = words
    found = measuring.measure(system, task([("q1", "an ape"), ("q2", "a stone")]), tmp_path)
    assert (found["documents"], found["chunks"], found["index_bytes"]) == (3, 6, 1000)
    assert found["versions"] == {"numpy": np.__version__}
    assert list(found["rows"]) == ["words", "slow words"]
    row = found["rows"]["words"]
    assert row["rankings"] == {"q1": ["a", "b"], "q2": ["c"]}  # a document once, where its best chunk stands
    assert len(row["ms"]) == 2
    assert min(found["rows"]["slow words"]["ms"]) > 1
    assert len(opened[0].asked) == 2 * (2 + 2)  # warm-up and questions, for both rows
    json.dumps(found)


def test_title_and_text_are_searched_as_one(words, tmp_path):
    found = measuring.measure(words[0], task([("q", "of Trees")]), tmp_path)
    assert found["rows"]["words"]["rankings"] == {"q": ["b"]}


def test_the_warm_up_is_short(words, tmp_path):
    measuring.measure(words[0], task([(f"q{number}", "ape") for number in range(50)]), tmp_path)
    assert len(words[1][0].asked) == 2 * (measuring.WARM_UP + 50)


def test_memory_is_that_of_this_process():
    resident, peak = measuring.memory_mb("VmRSS"), measuring.memory_mb("VmHWM")
    assert 10 < resident <= peak


# The model


def test_arrays_of_an_optimised_graph_get_the_names_and_the_form_of_the_checkpoint():
    fused = np.arange(4 * 12, dtype=np.float16).reshape(4, 12)
    product = np.arange(4 * 8, dtype=np.float16).reshape(4, 8)
    held = {
        "embeddings.LayerNorm.bias": np.zeros(4, np.float16),
        "Attention_3_qkv_weight": fused,
        "Attention_3_qkv_bias": np.arange(12, dtype=np.float16),
        "onnx::MatMul_9": product,
    }
    found = dict(checkpoint_weights(held, {"onnx::MatMul_9": "/encoder/layer.3/intermediate/dense/MatMul"}))
    attention = "encoder.layer.3.attention.self."
    np.testing.assert_array_equal(found[f"{attention}query.weight"], fused[:, :4].T)
    np.testing.assert_array_equal(found[f"{attention}key.weight"], fused[:, 4:8].T)
    np.testing.assert_array_equal(found[f"{attention}value.weight"], fused[:, 8:].T)
    np.testing.assert_array_equal(found[f"{attention}value.bias"], [8, 9, 10, 11])
    np.testing.assert_array_equal(found["encoder.layer.3.intermediate.dense.weight"], product.T)
    assert found["pooler.dense.weight"].shape == (4, 4)
    assert len(found) == 1 + 3 + 3 + 1 + 2


def test_an_array_that_no_layer_uses_is_refused():
    with pytest.raises(SystemExit, match="'surprise'"):
        list(checkpoint_weights({"surprise": np.zeros(3)}, {}))


def test_the_folders_settings_come_from_the_arrays():
    weights = {
        "embeddings.word_embeddings.weight": np.zeros((30, 6)),
        "embeddings.position_embeddings.weight": np.zeros((16, 6)),
        "embeddings.token_type_embeddings.weight": np.zeros((2, 6)),
        "encoder.layer.0.intermediate.dense.bias": np.zeros(24),
        "encoder.layer.0.attention.self.query.bias": np.zeros(6),
        "encoder.layer.1.attention.self.query.bias": np.zeros(6),
    }
    files = settings_files(weights, heads=3)
    config = files["config.json"]
    sizes = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
    assert [config[name] for name in sizes] == [30, 6, 2, 3, 24]
    assert config["max_position_embeddings"] == 16
    assert files["1_Pooling/config.json"]["pooling_mode_cls_token"]
    assert "config_sentence_transformers.json" not in files  # it could hold prompts


# The command


def test_a_process_that_fails_is_told_with_its_command(tmp_path):
    system = System("broken", "no_such_module_anywhere", (), "", "", own=True)
    with pytest.raises(FootnoteError, match=r"benchmarks\.peers\.measuring broken .* ended with exit status 1"):
        Bench(Path(sys.executable), tmp_path).measure(system, tmp_path / "task.json")


def test_the_others_are_measured_when_one_fails(capsys):
    def measure(system, _):
        if system.name == "txtai":
            raise FootnoteError("it broke")
        return {"index_s": 1.0}

    arguments = command.parse(["--data", "x", "--repeats", "2", "--peers", "txtai", "haystack"])
    rounds = command.measure_all(SimpleNamespace(measure=measure), Path("task"), arguments)
    assert {name: len(found) for name, found in rounds.items()} == {"txtai": 0, "haystack": 2}
    told = capsys.readouterr().err
    assert told.count("it broke") == 2
    assert [line for line in told.splitlines() if line.startswith("round 2")] == [
        "round 2 of 2: txtai",
        "round 2 of 2: haystack",
    ]


def test_all_systems_are_measured_twice_unless_said_otherwise():
    arguments = command.parse(["--data", "x"])
    assert arguments.peers == list(SYSTEMS)
    assert (arguments.repeats, arguments.questions, arguments.limit, arguments.out) == (2, 300, None, None)


def test_a_missing_environment_is_told_with_the_way_to_it():
    arguments = command.parse(["--data", "sets/scifact", "--python", "/nowhere/python"])
    with pytest.raises(FootnoteError, match=r"make peers DATA=sets/scifact"):
        command.compare(arguments)


# What is installed


def pins(lines):
    found = (re.fullmatch(r"([\w.-]+)==([\w.]+)", line.strip()) for line in lines)
    return {match[1].lower().replace("_", "-"): match[2] for match in found if match}


def test_the_extra_is_pinned_and_the_lock_holds_it():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extra = project["optional-dependencies"]["peers"]
    lock = pins((ROOT / "benchmarks" / "peers" / "requirements.lock").read_text("utf-8").splitlines())
    assert len(pins(extra)) == len(extra)
    assert pins(extra).items() <= lock.items()
    assert not [name for name in lock if name.startswith("nvidia")]
    own = {name for system in SYSTEMS.values() if not system.own for name in system.packages}
    assert own <= pins(extra).keys()


def test_no_peer_is_a_dependency_of_footnote():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = " ".join(project["dependencies"] + project["optional-dependencies"]["dev"])
    for name in ("haystack", "llama-index", "txtai", "langchain-community", "langchain-huggingface", "onnx="):
        assert name not in named
