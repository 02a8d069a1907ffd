"""Helpers of the tests of parsing: who still runs, and what a parser of faults is asked to do."""

import os
from pathlib import Path

from benchmarks.faults import marked
from indexer.parsing.watching import descendants

__all__ = ["ask_for", "below", "marked"]


def ask_for(folder: Path, fault: str) -> Path:
    """A file that makes the parser of faults do this; any other name is a good file."""
    path = folder / f"{fault}.txt"
    path.write_text(fault, "utf-8")
    return path


def below() -> list[int]:
    """All processes that this one has, dead and not taken leave of included."""
    return descendants(os.getpid())
