"""Whether a reason is one sentence that a person can read, and what kind of reason it is."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

_INSIDES = re.compile(
    r"\b[A-Z]\w*(?:Error|Exception|Warning|Interrupt)\b|Traceback|<class|0x[0-9a-fA-F]{4,}|\bline \d+, in\b"
    r"|\b(?:NoneType|bytes-like|codec can't)\b|\bb'"
)
_BREAK = re.compile(r"(?<![A-Z])[.!?]\s+(?=[A-Z\"'(])")
_KEPT = 160


def faults(reason: str) -> list[str]:
    """What is wrong with a reason, empty when it is one sentence.

    >>> faults("a.pdf is empty.")
    []
    >>> faults("It broke (ValueError: x)")
    ['the insides of the program', 'no end']
    """
    if not reason.strip():
        return ["no reason"]
    found = []
    if _INSIDES.search(reason):
        found.append("the insides of the program")
    if "\n" in reason:
        found.append("several lines")
    if reason.rstrip()[-1] not in ".!?":
        found.append("no end")
    if _BREAK.search(reason):
        found.append("several sentences")
    return found


def kind(reason: str, path: str) -> str:
    """A reason without what is this file's alone: its name and numbers.

    >>> kind("a.pdf has 3 pages of 12.", "/x/a.pdf")
    'NAME has N pages of N.'
    """
    general = reason.replace(path, "NAME").replace(PurePath(path).name, "NAME")
    general = re.sub(r"\d+(?:[.,]\d+)*", "N", general)
    return re.sub(r"N(?:, N)+(?: and N)?(?: and \w+ more)?", "N", general)[:_KEPT]


def kinds(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every kind of reason with its status, how often it occurs and the first file with it, the commonest first."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        if row["reason"]:
            found[row["status"], kind(row["reason"], row["path"])].append(row["path"])
    told = [
        {"status": status, "reason": general, "files": len(paths), "such_as": PurePath(paths[0]).name}
        for (status, general), paths in found.items()
    ]
    return sorted(told, key=lambda one: (-one["files"], one["reason"]))
