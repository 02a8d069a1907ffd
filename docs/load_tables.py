"""The tables of docs/running.md on many people at once and on readers who leave, from the records of benchmarks."""

from __future__ import annotations

from typing import Any

Record = dict[str, Any]


def load_table(record: Record) -> str:
    """What streams, a burst, four people and a changing index met; parts that were not measured are left out."""
    rows = [
        f"| {what} | {figure} | {record[name]['machine']['commit']} |\n"
        for name, make in PARTS.items()
        if name in record
        for what, figure in make(record[name])
    ]
    about = _about(next(iter(record.values())))
    return f"| what | figure | commit |\n|---|---|---|\n{''.join(rows)}\n{about}\n"


def leaving_table(record: Record) -> str:
    """How many answers stopped within a second after their reader had left, and the slowest."""
    names = {"stub": "a stub that counts its model's steps", "model": "the default model"}
    rows = [
        f"| {names[name]} | {one['stopped_within_1_s']} of {one['clients']} | {one['stopped_ms']['p50'] / 1000:.2f} / "
        f"{one['stopped_ms']['max'] / 1000:.2f} |\n"
        for name, one in ((name, record[name]["all"]) for name in names if name in record)
    ]
    head = "| readers who leave, of | stopped within a second | seconds (p50 / longest) |\n|---|---|---|\n"
    return f"{head}{''.join(rows)}\n{_about(record)}, commit {record['machine']['commit']}\n"


def _streams(part: Record) -> list[tuple[str, str]]:
    return [
        (f"{part['streams']} streams at once, complete", f"{part['complete']}, {_errors(part)}"),
        ("their first word, s (p50 / p95)", _pair(part["first_token_ms"])),
        ("memory of the server before and after, MiB", _memory(part)),
    ]


def _burst(part: Record) -> list[tuple[str, str]]:
    return [
        (f"{part['questions']} questions at once to a line of 54: answered / turned away with `Retry-After`",
         f"{part['answered']} / {part['refused_with_retry_after']}, {_errors(part)}"),
        ("taken or turned away after, s (p50 / longest)",
         f"{part['decided_ms']['p50'] / 1000:.2f} / {part['decided_ms']['max'] / 1000:.2f}"),
        ("who waited over a second and was not told a place", str(part["waited_untold"])),
    ]  # fmt: skip


def _four(part: Record) -> list[tuple[str, str]]:
    people = sorted(part["people"], key=lambda one: float(one["end"]))
    return [
        ("four people ask the default model at once: their quotes after, s", _each(people, "quotes")),
        ("their answers complete after, s", _each(people, "end")),
        ("who waited and was not told a place", str(part["waited_untold"])),
    ]


def _swap(part: Record) -> list[tuple[str, str]]:
    return [
        (f"an index changed {part['swaps']} times in {part['seconds']} s while {part['threads']} threads ask: answers",
         f"{part['answers']}, {_errors(part)}, {part['mixed']} of two states at once"),
        ("quotes with / without changes, s (p50 of 20 at once)",
         f"{part['answer_ms']['p50'] / 1000:.1f} / {part['answer_ms_without_swaps']['p50'] / 1000:.1f}"),
    ]  # fmt: skip


PARTS = {"streams": _streams, "burst": _burst, "four": _four, "swap": _swap}


def _pair(times: Record) -> str:
    return f"{times['p50'] / 1000:.2f} / {times['p95'] / 1000:.2f}"


def _each(people: list[Record], name: str) -> str:
    return ", ".join(f"{one[name]:.1f}" for one in people)


def _memory(part: Record) -> str:
    return f"{part['resident_mb']['before']} / {part['resident_mb']['after']}"


def _errors(part: Record) -> str:
    return f"{sum(part['errors'].values())} errors"


def _about(part: Record) -> str:
    machine = part["machine"]
    return f"{machine['cores']} cores ({machine['cpu']}), {machine['date']}"
