"""Which documents go because their files are no longer there, and which stay because that looks like an accident.

A folder that is there and holds no files is more likely a drive that is not mounted, or a share that is offline, than a
folder that somebody emptied and left: what was below it stays. A folder that is gone itself was deleted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from indexer.identities import Holding
from indexer.surveying import Walk
from schema import FileReport


def missing(walk: Walk, not_found: Iterable[Holding], *, keep: bool = True) -> tuple[list[Holding], list[FileReport]]:
    """Which known files go.

    Args:
        walk: of the place where they were.
        not_found: those that it would have found.
        keep: whether what was below a folder without files stays.

    Returns:
        Those to remove, and a row for each folder for whose sake others stay.
    """
    alive = _alive(walk)
    gone: list[Holding] = []
    emptied: Counter[Path] = Counter()
    for holding in not_found:
        folder = next((folder for folder in holding.at.parents if folder in walk.folders), None)
        if keep and folder is not None and folder not in alive:
            emptied[folder] += len(holding.documents)
        else:
            gone.append(holding)
    return gone, [FileReport(str(folder), "refused", _stay(count)) for folder, count in sorted(emptied.items())]


def removal_rows(holding: Holding) -> list[FileReport]:
    """The rows of a file that was removed: one for each of its documents."""
    members = [one.note.member for one in holding.documents]
    names = [f"{holding.at}/{member}" if member else str(holding.at) for member in members]
    return [FileReport(name, "removed", "The file is no longer there.") for name in names]


def _alive(walk: Walk) -> set[Path]:
    """The folders of a walk that hold files, at whatever depth."""
    alive: set[Path] = set()
    for entry in walk.entries:
        for folder in entry.shown.parents:
            if folder in alive or not folder.is_relative_to(walk.shown):
                break
            alive.add(folder)
    return alive


def _stay(count: int) -> str:
    documents = "1 document stays" if count == 1 else f"{count} documents stay"
    return f"It holds no files now: its {documents} in the index, unless --remove-missing is given."
