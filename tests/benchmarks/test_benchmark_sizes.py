"""The benchmarks of size: texts and vectors that are made as they say, times by part, and the plot's coordinates."""

import json
import re
import xml.etree.ElementTree as ET
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import latency, scaling
from benchmarks.latency import Clock, chunks_of, document, grouped, some
from benchmarks.made_texts import made_documents, passages, read_questions, read_sentences
from benchmarks.scaling_plot import across, decades, panel, scaling_plot, up
from schema import FootnoteError, Words

SENTENCES = [
    "The harbour was rebuilt in 1871.",
    "Its lamp can be seen from nine miles.",
    "A keeper lives on the rocks.",
]


@pytest.fixture
def data(tmp_path):
    """Two of the sets: documents with sentences that repeat, and two questions each."""
    for name, word in (("scifact", "harbour"), ("squad2", "station")):
        folder = tmp_path / "data" / name
        (folder / "qrels").mkdir(parents=True)
        text = " ".join([*SENTENCES, "Short.", f"The {word} has a wall of grey stone."])
        lines = [{"_id": "1", "title": "", "text": text}, {"_id": "2", "title": "", "text": "Short."}]
        (folder / "corpus.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        queries = [{"_id": str(number), "text": f"Who built the {word} {number}?"} for number in (1, 2)]
        (folder / "queries.jsonl").write_text("".join(json.dumps(line) + "\n" for line in queries), "utf-8")
        (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n1\t1\t1\n2\t1\t1\n", "utf-8")
    return tmp_path / "data"


# Texts


def test_each_sentence_of_the_sets_is_taken_once_and_short_ones_never(data):
    assert read_sentences(data) == [
        [SENTENCES[0], SENTENCES[1], "The harbour has a wall of grey stone."],
        ["The station has a wall of grey stone."],
    ]


def test_questions_are_drawn_without_repeats_and_alike_for_a_seed(data):
    drawn = read_questions(data, 3)
    assert len(set(drawn)) == 3
    assert drawn == read_questions(data, 3)
    assert sorted(read_questions(data, 99)) == [
        f"Who built the {word} {n}?" for word in ("harbour", "station") for n in (1, 2)
    ]


def test_a_folder_without_any_set_is_named(tmp_path):
    with pytest.raises(FootnoteError, match="holds none of the sets scifact, squad2"):
        read_sentences(tmp_path)


def test_passages_hold_the_sentences_in_order_and_end_when_they_have_words_enough():
    first, second = [["a b", "c d", "e", "f g h"], ["i"]]
    assert list(passages([first, second], 3)) == [["a b", "c d"], ["e", "f g h"], ["i"]]


def test_made_documents_have_so_many_words_or_a_sentence_more():
    made = list(made_documents(SENTENCES, 50, words=20, seed=4))
    assert made == list(made_documents(SENTENCES, 50, words=20, seed=4))
    assert made[:10] == list(made_documents(SENTENCES, 10, words=20, seed=4))
    assert all(20 <= len(text.split()) < 28 for text in made)
    assert len(set(made)) > 10


# Chunks

REAL = [
    (["One.", "Two.", "Three.", "Four."], np.array([1.0, 0.0, 0.0], np.float32)),
    (["Five.", "Six."], np.array([0.0, 1.0, 0.0], np.float32)),
]


def test_real_chunks_come_first_and_the_rest_are_mixtures_of_two():
    made = list(chunks_of(REAL, 40, seed=1))
    assert [sentences for sentences, _ in made[:2]] == [sentences for sentences, _ in REAL]
    assert len(made) == 40
    for sentences, vector in made[2:]:
        assert vector.dtype == np.float32
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
        assert max(REAL[0][1] @ vector, REAL[1][1] @ vector) > 0.7
        assert abs(vector[2]) < 0.1  # only noise: neither of the two points there
        assert set(sentences) <= set(REAL[0][0]) | set(REAL[1][0])
        assert len(sentences) >= 2
    assert len(list(chunks_of(REAL, 1, seed=1))) == 1


def test_some_sentences_keep_their_order():
    chosen = some(list("abcdefgh"), 0.5, np.random.default_rng(0))
    assert chosen == sorted(chosen)
    assert len(chosen) == 4
    assert len(some(["a", "b"], 0.01, np.random.default_rng(0))) == 1


def test_a_document_holds_its_chunks_at_their_offsets():
    (first, second) = grouped(islice(chunks_of(REAL, 14, seed=2), 14))
    assert (len(first), len(second)) == (10, 4)
    made = document(7, first)
    for chunk, block, (sentences, vector), row in zip(
        made.chunks, made.extraction.blocks, first, made.vectors, strict=True
    ):
        assert chunk.text == made.extraction.text[chunk.start : chunk.end] == " ".join(sentences)
        assert (block.start, block.end) == (chunk.start, chunk.end)
        assert row.tolist() == vector.tolist()
    assert made.source.source_id == "default/0000007"


# Times


class FakeTime:
    """Time that passes only when a part is called."""

    def __init__(self):
        self.seconds = 0.0

    def perf_counter(self):
        return self.seconds

    def taking(self, ms):
        """A function that takes this many milliseconds."""

        def call(*arguments, **options):
            self.seconds += ms / 1000
            return arguments

        return call


class FakeFootnote:
    """Parts that take 1, 2, 4 and 8 milliseconds, and a search that takes 16 of its own."""

    def __init__(self, fake_time):
        self.store = SimpleNamespace(dense=fake_time.taking(2), lexical=fake_time.taking(4))
        self.embeddings = SimpleNamespace(embed_query=fake_time.taking(1))
        self.parts = SimpleNamespace(score=fake_time.taking(8), reranker="one", rerank_tokens=900)
        self.own = fake_time.taking(16)
        self.asked = []

    def search(self, question):
        self.asked.append(question)
        self.embeddings.embed_query(question)
        self.store.dense(question)
        self.own()
        self.store.dense(question, within=None)

    def close(self):
        self.asked.append("closed")


@pytest.fixture
def fake_time(monkeypatch):
    passing = FakeTime()
    monkeypatch.setattr(latency, "time", passing)
    return passing


def test_a_clock_tells_the_parts_of_a_search_apart(fake_time):
    fake, clock = FakeFootnote(fake_time), Clock()
    clock.watch(fake)
    assert fake.parts.score("x", ["y"]) == ("x", ["y"])
    fake.search("x")
    fake.store.lexical(Words(("x",)), 5)
    assert dict(clock.spent) == pytest.approx({"reranking": 8, "embedding": 1, "dense": 4, "lexical": 4})


def test_what_a_search_spends_elsewhere_is_the_rest(monkeypatch, fake_time):
    fake = FakeFootnote(fake_time)
    monkeypatch.setattr(latency, "Footnote", lambda settings: fake)
    questions = [f"Question {number}?" for number in range(12)]
    record = latency.measure(None, questions)
    assert fake.asked == [*questions[: latency.WARM_UP], *questions, "closed"]
    fake.asked.clear()
    assert latency.measure(None, ["One?", "Two?"])["questions"] == 2
    assert fake.asked == [*["One?", "Two?"] * 5, "One?", "Two?", "closed"]
    assert record.pop("resident_memory_mb") > 0
    assert record == {
        "questions": 12,
        "rerank_tokens": 900,
        **{
            name: {"p50": ms, "p95": ms, "max": ms}
            for name, ms in (("total_ms", 21), ("embedding_ms", 1), ("dense_ms", 4), ("rest_ms", 16))
        },
    }


# The plot


def row(documents, seconds, memory=100, disk=10, p50=1, p95=10):
    return {
        "documents": documents,
        "seconds": seconds,
        "peak_memory_mb": memory,
        "index_mb": disk,
        "search_ms": {"p50": p50, "p95": p95},
    }


def test_the_decades_hold_all_values():
    assert decades([1000, 10_000]) == (3, 4)
    assert decades([0.5, 12]) == (-1, 2)
    assert decades([10]) == (1, 2)


def test_a_tenfold_is_the_same_step_everywhere():
    powers = (3, 5)
    steps = [across(10.0 ** (p + 1), powers) - across(10.0**p, powers) for p in (3, 4)]
    assert steps[0] == pytest.approx(steps[1])
    assert up(10.0**3, powers) - up(10.0**4, powers) == pytest.approx(up(10.0**4, powers) - up(10.0**5, powers))
    assert up(10.0**4, powers) > up(10.0**5, powers)


def test_each_size_has_a_dot_in_each_line_by_rising_documents():
    text = scaling_plot([row(10_000, 100), row(1000, 10)])
    root = ET.fromstring(text)  # noqa: S314  (our own)
    space = "{http://www.w3.org/2000/svg}"
    lines = [line.get("points") for line in root.iter(f"{space}polyline")]
    assert len(lines) == 5
    assert len(list(root.iter(f"{space}circle"))) == 2 * 5
    (x1, y1), (x2, y2) = (map(float, point.split(",")) for point in lines[0].split())
    assert x1 < x2
    assert y1 > y2
    assert "Indexing, seconds, seconds: 10 at 1,000, 100 at 10,000" in root.find(f"{space}desc").text
    assert "index on disk" in text
    assert not re.search(r"nan|inf", text)


def test_a_single_size_can_be_drawn():
    marks = "".join(panel("One", [("seconds", [(1000, 10)])]))
    assert marks.count("<circle") == 1


# The real thing, small


@pytest.mark.models
def test_a_small_index_is_measured_from_the_sets_to_the_record(data, weights, tmp_path, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_CACHE", str(weights))
    out = tmp_path / "out.json"
    command = ["latency", "--data", str(data), "--chunks", "25", "--real", "2", "--questions", "4"]
    command += ["--work", str(tmp_path / "work"), "--out", str(out)]
    monkeypatch.setattr("sys.argv", command)
    latency.main()
    record = json.loads(out.read_text("utf-8"))["sizes"]["25"]
    assert record["without reranking"]["questions"] == record["with reranking"]["questions"] == 4
    assert {"catalogue.sqlite3", "vectors.faiss"} <= set(record["files_mb"])
    assert record["writing_s"] is not None
    latency.main()
    assert json.loads(out.read_text("utf-8"))["sizes"]["25"]["writing_s"] is None  # it was there already


@pytest.mark.models
def test_each_size_is_indexed_and_drawn(data, weights, tmp_path, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_CACHE", str(weights))
    out = tmp_path / "scaling.json"
    command = ["scaling", "--data", str(data), "--sizes", "5", "20", "--questions", "3"]
    monkeypatch.setattr("sys.argv", [*command, "--work", str(tmp_path / "work"), "--out", str(out)])
    scaling.main()
    record = json.loads(out.read_text("utf-8"))
    assert [one["documents"] for one in record["sizes"]] == [5, 20]
    assert [one["chunks"] for one in record["sizes"]] == [5, 20]
    assert all(28 <= one["tokens_of_a_document"] < 70 for one in record["sizes"])
    assert all(one["peak_memory_mb"] >= one["memory_before_mb"] > 50 for one in record["sizes"])
    assert ET.parse(tmp_path / "scaling.svg").getroot().tag.endswith("svg")  # noqa: S314  (our own)
