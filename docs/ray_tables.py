"""The table of docs/running.md on indexing by one process and by Ray, from the records of a benchmark."""

from __future__ import annotations

from typing import Any

Record = dict[str, Any]
HEAD = (
    "| documents, embedder | one process: s, MiB | Ray, three of its processes killed: s, MiB | the same index | "
    "Ray starts in, s | a document: one process / Ray / the writer alone, ms | "
    "pays from so many documents with 2 / 4 / 8 machines |\n|---|---|---|---|---|---|---|\n"
)
EMBEDDERS = {"words": "one that counts words", "model": "the default"}


def ray_table(records: Record) -> str:
    """What each run took, a line for each embedder, and where they were made."""
    places = {f"{of['cores']} cores ({of['cpu']}), {of['date']}" for of in (row["machine"] for row in records.values())}
    return f"{HEAD}{''.join(map(_row, records.values()))}\n{'; '.join(sorted(places))}\n"


def _row(record: Record) -> str:
    runs, ray = record["runs"], record["ray"]
    each = (ray[f"ms_per_document_{how}"] for how in ("local", "ray", "of_the_writer"))
    pays = (ray["pays_from_documents_by_machines"][machines] for machines in ("2", "4", "8"))
    cells = (
        f"{sum(record['documents'].values()):,}, {EMBEDDERS[record['embedder']]}",
        _cost(runs["local_all"]),
        f"{_cost(runs['ray_all'])} ({len(runs['ray_all']['killed'])} killed)",
        "yes" if record["same_index"] else "**no**",
        f"{ray['startup_s']:.0f}",
        " / ".join(f"{milliseconds:.1f}" for milliseconds in each),
        " / ".join("never" if count is None else f"{count:,}" for count in pays),
    )
    return f"| {' | '.join(cells)} |\n"


def _cost(run: Record) -> str:
    return f"{run['seconds']:,.0f}, {run['peak_memory_mb']:,}"
