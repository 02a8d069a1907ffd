"""How large an installation becomes: the tables of docs/sizes.md, from measured and published figures.

    python docs/sizes.py --chunks 5000000 --questions 2 --machine-hour 0.4

prints them for any numbers. Nothing is measured here. Prices are yours to name; without one, an hour costs 1.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CHUNKS = (1_000_000, 10_000_000, 100_000_000)
QUESTIONS = (1.0, 5.0, 20.0)
DIMENSIONS = 384
FLOAT = 4
MEBIBYTE, GIGABYTE = 2**20, 1e9
HOURS_OF_A_DAY, HOURS_OF_A_MONTH = 24, 730

LINKS, LINK = 32, 4
"""HNSW's at the lowest level with M = 16, and the bytes of each (https://milvus.io/docs/index-explained.md)."""
CODES_OVERHEAD = 3
"""Bytes of IVF_SQ8 beside a byte a dimension: 131 MB for 1,000,000 vectors of 128 dimensions (the same page)."""
HEADROOM = 31.2 / 22.9
"""Memory to raw vectors, 8,000,000 of 768 dimensions in HNSW, by the calculator of Alibaba Cloud's Milvus."""
LEAST_GB = 8
"""Memory that Milvus standalone asks for, whatever is in it (https://milvus.io/docs/prerequisite-docker.md)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What benchmarks/results says of one machine with ``cores`` cores; bytes are of one chunk."""

    cores: int
    short_tokens: float
    catalogue_short: float
    catalogue_long: float
    clusters: float
    exact: float
    small_files_per_s: float
    long_file_per_s: float
    quotes_per_s: float
    answers_per_s: float
    tokens_read: float
    tokens_written: float


def read_measured(folder: Path) -> Measured:
    """The figures of the records in a folder."""
    names = ("scaling", "latency", "vectors", "syncing", "load", "answering")
    record = {name: json.loads((folder / f"{name}.json").read_text("utf-8")) for name in names}
    return measured(record)


def measured(record: Mapping[str, Any]) -> Measured:
    """The figures of records by their names."""
    short, long = (
        record["scaling"]["sizes"][-1],
        max(record["latency"]["sizes"].values(), key=lambda one: one["chunks"]),
    )
    million, sync, load = record["vectors"]["1000000"], record["syncing"], record["load"]
    last = max(float(one["end"]) for one in load["four"]["people"])
    return Measured(
        cores=load["swap"]["machine"]["cores"],
        short_tokens=short["tokens_of_a_document"],
        catalogue_short=short["files_mb"]["catalogue.sqlite3"] * 1e6 / short["chunks"],
        catalogue_long=long["files_mb"]["catalogue.sqlite3"] * 1e6 / long["chunks"],
        clusters=million["file_mb"] * MEBIBYTE / 1e6,
        exact=million["exact"]["of_that_not_from_files_mb"] * MEBIBYTE / 1e6,
        small_files_per_s=sync["many_small_files"]["embedded"] / sync["many_small_files"]["seconds"],
        long_file_per_s=sync["long_pdf"]["embedded"] / sync["long_pdf"]["seconds"],
        quotes_per_s=load["swap"]["threads"] / (load["swap"]["answer_ms_without_swaps"]["p50"] / 1000),
        answers_per_s=len(load["four"]["people"]) / last,
        tokens_read=record["answering"]["measures"]["tokens_read"],
        tokens_written=record["answering"]["measures"]["tokens_written"],
    )


def local_table(figures: Measured, chunks: Sequence[int] = CHUNKS) -> str:
    """Bytes on one machine: the catalogue, and what searches vectors."""
    rows = [
        (f"catalogue, chunks of {figures.short_tokens:.0f} tokens: disk", figures.catalogue_short),
        ("catalogue, chunks of mixed length: disk", figures.catalogue_long),
        ("vectors in clusters of 8 bits: disk, and memory for what is asked for often", figures.clusters),
        ("all vectors scored exactly instead: memory", figures.exact),
    ]
    return _sizes("on one machine", rows, chunks)


def milvus_table(chunks: Sequence[int] = CHUNKS) -> str:
    """Bytes in Milvus beside the catalogue, by what is published of it."""
    raw = DIMENSIONS * FLOAT
    graph = raw + LINKS * LINK
    rows = [
        (f"HNSW: {DIMENSIONS} · {FLOAT} + {LINKS} · {LINK}: memory", float(graph)),
        (f"the same, · {HEADROOM:.2f} of headroom: memory", graph * HEADROOM),
        (f"IVF_SQ8: {DIMENSIONS} + {CODES_OVERHEAD}: memory", float(DIMENSIONS + CODES_OVERHEAD)),
        (f"vectors as they are: {DIMENSIONS} · {FLOAT}: object store", float(raw)),
    ]
    least = [f"{graph * HEADROOM * count / GIGABYTE + LEAST_GB:,.1f} GB" for count in chunks]
    return _sizes("in Milvus", rows, chunks) + _row((f"HNSW with headroom, and {LEAST_GB} GB to run in", "", *least))


def indexing_table(figures: Measured, chunks: Sequence[int] = CHUNKS, price: float = 1.0) -> str:
    """Hours of a machine to read, embed and write everything once, how many machines do it in a day, and the price."""
    kinds = (("one chunk a file", figures.small_files_per_s), ("one long PDF", figures.long_file_per_s))
    rows = [
        (f"{count:,}, {kind} ({rate:.0f} a second)", f"{hours:,.1f}", str(math.ceil(hours / HOURS_OF_A_DAY)),
         f"{hours:,.1f} · {price:g} = {hours * price:,.1f}")
        for count in chunks
        for kind, rate in kinds
        for hours in [count / rate / 3600]
    ]  # fmt: skip
    return _table((f"chunks, on {figures.cores} cores", "hours", "machines for a day", "price"), rows)


def serving_table(figures: Measured, questions: Sequence[float] = QUESTIONS, price: float = 1.0) -> str:
    """Machines for so many questions a second, what a model server has to do, and the price of a month."""
    rows = [
        (f"{rate:g}", str(quotes), str(math.ceil(rate / figures.answers_per_s)),
         f"{rate * figures.tokens_read:,.0f} / {rate * figures.tokens_written:,.0f}",
         f"{quotes} · {HOURS_OF_A_MONTH} · {price:g} = {quotes * HOURS_OF_A_MONTH * price:,.0f}")
        for rate in questions
        for quotes in [math.ceil(rate / figures.quotes_per_s)]
    ]  # fmt: skip
    head = (
        "questions a second",
        f"machines of {figures.cores} cores for search and quotes ({figures.quotes_per_s:.1f} a second each)",
        f"the same for answers of the default model ({figures.answers_per_s:.2f} a second each)",
        "or a model server that reads / writes tokens a second",
        "price of a month of the first column",
    )
    return _table(head, rows)


def filled(page: str, figures: Measured) -> str:
    """The page with each table between its marks."""
    tables = {
        "local": local_table(figures),
        "milvus": milvus_table(),
        "indexing": indexing_table(figures),
        "serving": serving_table(figures),
    }
    for mark, table in tables.items():
        before, _, rest = page.partition(f"<!-- {mark} -->\n")
        page = f"{before}<!-- {mark} -->\n{table}<!-- /{mark} -->{rest.partition(f'<!-- /{mark} -->')[2]}"
    return page


def _sizes(where: str, rows: Iterable[tuple[str, float]], chunks: Sequence[int]) -> str:
    cells = [
        (what, f"{each:,.0f} B", *(f"{each * count / GIGABYTE:,.1f} GB" for count in chunks)) for what, each in rows
    ]
    return _table((where, "each chunk", *(f"{count:,}" for count in chunks)), cells)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return _row(head) + _row(["---"] * len(head)) + "".join(map(_row, rows))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables for one's own numbers."""
    parser = argparse.ArgumentParser(description="Sizes, hours and prices of an installation.")
    parser.add_argument("--chunks", type=int, nargs="+", default=CHUNKS, metavar="N")
    parser.add_argument("--questions", type=float, nargs="+", default=QUESTIONS, metavar="PER_SECOND")
    parser.add_argument("--machine-hour", type=float, default=1.0, metavar="PRICE", help="of a machine as measured")
    asked = parser.parse_args(arguments)
    figures = read_measured(ROOT / "benchmarks" / "results")
    tables = (
        local_table(figures, asked.chunks),
        milvus_table(asked.chunks),
        indexing_table(figures, asked.chunks, asked.machine_hour),
        serving_table(figures, asked.questions, asked.machine_hour),
    )
    sys.stdout.write("\n".join(tables))


if __name__ == "__main__":
    main()
