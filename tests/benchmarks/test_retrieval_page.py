"""The tables of the guide to retrieval: every figure where the record says, and the page as the records make it."""

import importlib.util
from pathlib import Path

from docs.retrieval_tables import latency_table, peers_table, scaling_table, stages_tables, weights_table

ROOT = Path(__file__).resolve().parents[2]
MACHINE = {"cpu": "Some CPU", "cores": 2, "commit": "abc1234", "date": "2026-01-31", "load_at_start": 0.1}
BY = "2 cores (Some CPU), commit abc1234, 2026-01-31."
FIGURES = {"nDCG@10": 0.70449, "recall@1": 0.5, "recall@5": 1.0, "recall@10": 1.0, "recall@100": 1.0, "RR@10": 0.25}


def set_record(verdict):
    return {
        "machine": MACHINE,
        "questions": 300,
        "documents": 5183,
        "chunks": 9000,
        "stages": {"dense": FIGURES, "fused by rank": FIGURES | {"RR@10": 1.0}},
        "verdict": verdict,
    }


def test_each_set_has_a_table_of_its_stages_and_its_sentence():
    text = stages_tables({"sets": {"one": set_record({"sentence": "It is not worse"}), "two": set_record(None)}})
    assert text.split("\n") == [
        f"**one**: 300 questions, 5,183 documents, 9,000 chunks. {BY}",
        "",
        "| stage | nDCG@10 | recall@1 | recall@5 | recall@10 | recall@100 | RR@10 |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| `dense` | 0.704 | 0.500 | 1.000 | 1.000 | 1.000 | 0.250 |",
        "| `fused by rank` | 0.704 | 0.500 | 1.000 | 1.000 | 1.000 | 1.000 |",
        "",
        "It is not worse.",
        "",
        f"**two**: 300 questions, 5,183 documents, 9,000 chunks. {BY}",
        *text.split("\n")[1:6],
        "",
    ]


def searched(total, **parts):
    times = {f"{name}_ms": {"p50": value, "p95": 2 * value, "max": 99.0} for name, value in parts.items()}
    return {"questions": 300, "total_ms": {"p50": total, "p95": 30.0, "max": 99.0}, **times, "resident_memory_mb": 1024}


def test_each_number_of_chunks_has_a_row_with_reranking_and_one_without():
    plain, reranked = searched(12.34, dense=5, lexical=3.0), searched(200, dense=5, lexical=3.0, reranking=1000.26)
    record = {
        size: {
            "chunks": int(size),
            "machine": MACHINE,
            "files_mb": {"LOCK": 0.0, "catalogue.sqlite3": 1234.4, "vectors.faiss": 153.6},
            "without reranking": plain,
            "with reranking": reranked,
        }
        for size in ("100000", "20000")
    }
    rows = latency_table({"sizes": record}).split("\n")
    assert rows[0] == "| chunks | total | embedding | dense | lexical | reranking | memory, MB |"
    assert rows[2] == "| 20,000, without reranking | 12.3 / 30.0 | - | 5.0 / 10.0 | 3.0 / 6.0 | - | 1,024 |"
    assert rows[5].startswith(
        "| 100,000, with reranking | 200.0 / 30.0 | - | 5.0 / 10.0 | 3.0 / 6.0 | 1,000.3 / 2,000.5 |"
    )
    assert rows[7] == f"20,000 chunks: `catalogue.sqlite3` 1,234 MB, `vectors.faiss` 154 MB. {BY}"
    assert rows[9].startswith("100,000 chunks: ")


def test_each_size_has_its_row_and_the_plot_stands_below():
    one = {
        "documents": 10_000,
        "seconds": 100.4,
        "documents_per_second": 99.6,
        "peak_memory_mb": 1050,
        "index_mb": 33.3,
        "search_ms": {"p50": 9.0, "p95": 20.06, "max": 40.0},
    }
    text = scaling_table({"machine": MACHINE, "sizes": [one]})
    assert "| 10,000 | 100 | 100 | 1,050 | 33 | 9.0 / 20.1 |\n" in text
    assert text.endswith(f"\n{BY}\n\n![Time and memory against the number of documents](pictures/scaling.svg)\n")


def test_the_page_is_what_the_records_make():
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "docs" / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert generate.retrieval() == (ROOT / "docs" / "retrieval.md").read_text("utf-8")


def test_each_system_has_a_row_and_a_dash_where_nothing_was_measured():
    row = {
        "system": "langchain",
        "documents/s": 10.04,
        "times langchain": 1.0,
        "p50 ms": 49.6,
        "p95 ms": 1234.4,
        "peak MiB, indexing": 1024,
        "peak MiB": 2048,
        "index MiB": 7.25,
        "nDCG@10": 0.70449,
    }
    text = peers_table({"machine": MACHINE, "rows": [row, {"system": "other"}]})
    assert text.split("\n") == [
        BY,
        "",
        "| system | documents/s | times langchain | p50 ms | p95 ms | peak MiB, indexing | peak MiB | index MiB "
        "| nDCG@10 |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        "| langchain | 10.0 | 1.0 | 50 | 1234 | 1,024 | 2,048 | 7.2 | 0.704 |",
        "| other | - | - | - | - | - | - | - | - |",
        "",
    ]


def test_weights_are_shown_with_what_they_give_everywhere():
    fusion = [{"chosen on": "one", "weights": [0.6, 0.05], "nDCG@10": {"one": 0.75, "two": 0.5}}]
    reading = [{"chosen on": "in use", "weights": [0.15, 0.6, 3.0], "nDCG@10": {"one": 0.76, "two": 0.51}}]
    text = weights_table({"machine": MACHINE, "fusion": fusion, "cross-encoder": reading})
    assert "| fusion, best on | dense, headings | one | two |" in text
    assert "| one | 0.6, 0.05 | 0.750 | 0.500 |" in text
    assert "| cross-encoder, best on | least, most, half way at | one | two |" in text
    assert "| in use | 0.15, 0.6, 3.0 | 0.760 | 0.510 |" in text
