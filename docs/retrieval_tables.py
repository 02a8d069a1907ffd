"""The tables of docs/retrieval.md, from the records that the benchmarks write; nothing is measured here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]


def stages_tables(record: Record) -> str:
    """A table for each set: what every stage of retrieval ranks, and whether the pipeline loses to its best one."""
    return "\n".join(_stages_table(name, one) for name, one in record["sets"].items())


def _stages_table(name: str, record: Record) -> str:
    measures = list(next(iter(record["stages"].values())))
    rows = [
        (f"`{stage}`", *(f"{figures[measure]:.3f}" for measure in measures))
        for stage, figures in record["stages"].items()
    ]
    about = (
        f"**{name}**: {record['questions']:,} questions, {record['documents']:,} documents, {record['chunks']:,} "
        f"chunks. {_made_by(record['machine'])}"
    )
    verdict = f"\n{record['verdict']['sentence']}.\n" if record["verdict"] else ""
    return f"{about}\n\n{_table(('stage', *measures), rows)}{verdict}"


def latency_table(record: Record) -> str:
    """Milliseconds of a search and of its parts, by the number of chunks."""
    parts = ("total", "embedding", "dense", "lexical", "reranking")
    rows = [
        (f"{one['chunks']:,}, {label}", *(_pair(one[label].get(f"{part}_ms")) for part in parts), memory(one[label]))
        for one in _by_number(record["sizes"])
        for label in ("without reranking", "with reranking")
    ]
    files = [
        f"{one['chunks']:,} chunks: "
        + ", ".join(f"`{name}` {size:,.0f} MB" for name, size in one["files_mb"].items() if size)
        + f". {_made_by(one['machine'])}\n"
        for one in _by_number(record["sizes"])
    ]
    return _table(("chunks", *parts, "memory, MB"), rows) + "\n" + "\n".join(files)


def scaling_table(record: Record) -> str:
    """What indexing and searching take by the number of documents, with the plot."""
    rows = [
        (
            *(f"{one['documents']:,}", f"{one['seconds']:,.0f}", f"{one['documents_per_second']:,.0f}"),
            *(f"{one['peak_memory_mb']:,}", f"{one['index_mb']:,.0f}", _pair(one["search_ms"])),
        )
        for one in record["sizes"]
    ]
    head = ("documents", "seconds", "documents/s", "peak memory, MB", "index, MB", "search, ms (p50 / p95)")
    picture = "![Time and memory against the number of documents](pictures/scaling.svg)\n"
    return f"{_table(head, rows)}\n{_made_by(record['machine'])}\n\n{picture}"


def peers_table(record: Record) -> str:
    """Other systems beside Footnote."""
    columns = {
        "documents/s": "{:.1f}",
        "times langchain": "{:.1f}",
        "p50 ms": "{:.0f}",
        "p95 ms": "{:.0f}",
        "peak MiB, indexing": "{:,}",
        "peak MiB": "{:,}",
        "index MiB": "{:.1f}",
        "nDCG@10": "{:.3f}",
    }
    rows = [
        (one["system"], *("-" if one.get(name) is None else form.format(one[name]) for name, form in columns.items()))
        for one in record["rows"]
    ]
    return f"{_made_by(record['machine'])}\n\n{_table(('system', *columns), rows)}"


def weights_table(record: Record) -> str:
    """What weights chosen on one set give on the others."""
    parts = []
    for part, meaning in (("fusion", "dense, headings"), ("cross-encoder", "least, most, half way at")):
        names = list(record[part][0]["nDCG@10"])
        rows = [
            (one["chosen on"], ", ".join(map(str, one["weights"])), *(f"{one['nDCG@10'][name]:.3f}" for name in names))
            for one in record[part]
        ]
        parts.append(_table((f"{part}, best on", meaning, *names), rows))
    return f"{_made_by(record['machine'])}\n\n" + "\n".join(parts)


def memory(record: Record) -> str:
    """Resident memory."""
    return f"{record['resident_memory_mb']:,}"


def _by_number(sizes: Mapping[str, Record]) -> list[Record]:
    return [sizes[key] for key in sorted(sizes, key=int)]


def _pair(times: Mapping[str, float] | None) -> str:
    return "-" if times is None else f"{times['p50']:,.1f} / {times['p95']:,.1f}"


def _made_by(machine: Record) -> str:
    return f"{machine['cores']} cores ({machine['cpu']}), commit {machine['commit']}, {machine['date']}."


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
