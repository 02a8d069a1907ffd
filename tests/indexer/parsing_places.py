"""Helpers of the tests of parsing: who still runs, and what a parser of faults is asked to do."""

import os
from pathlib import Path

from indexer.parsing.watching import descendants


def ask_for(folder: Path, fault: str) -> Path:
    """A file that makes the parser of faults do this; any other name is a good file."""
    path = folder / f"{fault}.txt"
    path.write_text(fault, "utf-8")
    return path


def below() -> list[int]:
    """All processes that this one has, dead and not taken leave of included."""
    return descendants(os.getpid())


def marked(folder: Path) -> list[int]:
    """All processes of the machine that were started with this folder in their environment, wherever they hang now."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                environment = (path / "environ").read_bytes()
            except OSError:
                continue
            if os.fsencode(folder) in environment:
                found.append(int(path.name))
    return found
