"""The tables of docs/running.md on a store that is cut off, killed or stopped, from the record of a benchmark."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

Record = dict[str, Any]


def store_outage_tables(record: Record) -> str:
    """What became of writes and of questions in each kind of outage."""
    writing, asking = (_rounds(record[name]) for name in ("writing", "asking"))
    machine = record["machine"]
    about = f"{machine['cores']} cores ({machine['cpu']}), {machine['date']}, commit {machine['commit']}"
    return (
        "| in the middle of a write | the command went on to its end | or had ended after, s | "
        "the same command again | chunks then lost / doubled / with another vector |\n|---|---|---|---|---|\n"
        + "".join(_written(name, rounds) for name, rounds in writing.items())
        + "\n| while somebody asks | they are told | after, s | four others after, s | `/readyz` says so after, s | "
        "answered again after, s |\n|---|---|---|---|---|---|\n"
        + "".join(_asked(name, rounds) for name, rounds in asking.items())
        + f"\nSeconds: median / longest. {record['writing']['chunks']} chunks. {about}\n"
    )


def _rounds(part: Record) -> dict[str, list[Record]]:
    return {name: value for name, value in part.items() if isinstance(value, list)}


def _written(name: str, rounds: Sequence[Record]) -> str:
    broken = [one for one in rounds if one["status"] != 0]
    again = sum(one["again_status"] == 0 for one in rounds)
    wrong = " / ".join(str(sum(one[key] for one in rounds)) for key in ("lost", "too_many", "other_vector"))
    ended = _spread(one["ended_s"] for one in broken) if broken else "-"
    whole = f"{len(rounds) - len(broken)} of {len(rounds)}"
    return f"| {name} | {whole} | {ended} | {again} of {len(rounds)} whole | {wrong} |\n"


def _asked(name: str, rounds: Sequence[Record]) -> str:
    told = [one["told"] for one in rounds]
    others = [other for one in rounds for other in one["others"]]
    kinds = sorted({f"{one['status']} {one['title']}".strip() for one in told})
    seconds = [_spread(one["seconds"] for one in people) for people in (told, others)]
    noticed, again = (_spread(one[key] for one in rounds) for key in ("not_ready_s", "answered_again_s"))
    return f"| {name} | {'; '.join(kinds)} | {' | '.join(seconds)} | {noticed} | {again} |\n"


def _spread(values: Iterable[float]) -> str:
    found = [float(value) for value in values]
    return f"{statistics.median(found):.1f} / {max(found):.1f}"
