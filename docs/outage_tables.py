"""The table of docs/running.md on a model server that is cut off, killed or stopped, from the record of a benchmark."""

from __future__ import annotations

import statistics
from typing import Any

Record = dict[str, Any]
KINDS = ("the link is cut", "the model server is killed", "the model server is stopped")


def outage_table(record: Record) -> str:
    """What readers saw in each kind of outage, and how long it took."""
    head = (
        "| in the middle of an answer | quotes, and what was checked | told after, s | noticed after, s | "
        "the next reader is told after, s | asked again after, s |\n|---|---|---|---|---|---|\n"
    )
    rows = "".join(_row(name, record[name]) for name in KINDS if name in record)
    machine = record["machine"]
    about = f"{machine['cores']} cores ({machine['cpu']}), {machine['date']}, commit {machine['commit']}"
    return f"{head}{rows}\nSeconds: median / longest. `llm_next_s` was {record['llm_next_s']:g}. {about}\n"


def _row(name: str, rounds: list[Record]) -> str:
    kept = sum(one["quotes"] and one["sentences_kept"] > 0 and one["last_event"] == "answer" for one in rounds)
    times = " | ".join(_spread(rounds, key) for key in ("told_s", "noticed_s", "next_s", "ready_s"))
    return f"| {name} | {kept} of {len(rounds)} | {times} |\n"


def _spread(rounds: list[Record], key: str) -> str:
    values = [float(one[key]) for one in rounds]
    return f"{statistics.median(values):.1f} / {max(values):.1f}"
