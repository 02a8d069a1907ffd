"""What there is to index, before anything is opened: the files of each path that was given, and the folders between.

Files that describe others (see `indexer.sidecars`) are no documents and have no row, unless what they describe is not
there. What this module does not do: read a file, or know the index.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from indexer.sidecars import SUFFIX
from indexer.walking import LEADS_OUT, Found, find_files, printable
from schema import FootnoteError


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a walk: where it is on disk, the same as text that can be printed and stored, and its bytes.

    ``within`` is the folder, without links, that it must lie in, if it was found in one.
    """

    found: Found
    shown: Path
    size: int
    within: Path | None = None

    def require_inside(self) -> None:
        """Look again where it leads: since the walk a link may have taken its place, or that of a folder above it.

        Raises:
            FootnoteError: when that is out of the folder.
        """
        if self.within and not self.found.path.resolve().is_relative_to(self.within):
            raise FootnoteError(LEADS_OUT)


@dataclass(frozen=True, slots=True)
class Walk:
    """What was found at one path, which is also given as printable text, as all that follows is.

    ``folders`` are those that were looked into; at and below ``blocked`` nothing can be said of what is there.
    """

    path: Path
    shown: Path
    entries: tuple[Entry, ...]
    folders: frozenset[Path]
    blocked: frozenset[Path]

    def has_seen(self, path: Path) -> bool:
        """Whether a file at this path would be among the entries, if it were there."""
        return path.is_relative_to(self.shown) and self.blocked.isdisjoint((path, *path.parents))


def survey(path: Path, skip: Collection[Path]) -> Walk:
    """Look at a file, or at everything below a folder.

    Raises:
        FootnoteError: when there is nothing at ``path``.
    """
    folders: list[Path] = []
    path = absolute(path)
    found = list(find_files(path, skip=skip, on_folder=folders.append))
    names = {one.path for one in found}
    rows = (_described(one, names) if one.path.name.endswith(SUFFIX) else one for one in found)
    within = path.resolve() if folders else None
    entries = tuple(Entry(one, shown(one.path), 0 if one.problem else _size(one.path), within) for one in rows if one)
    blocked = frozenset(entry.shown for entry in entries if entry.found.problem)
    return Walk(path, shown(path), entries, frozenset(map(shown, folders)), blocked)


def walk_of(path: Path, walks: Mapping[Path, Walk]) -> Walk | None:
    """The walk, of several by the places where they began, that would have found a file at a path if it were there."""
    for place in (path, *path.parents):
        if (walk := walks.get(place)) and walk.has_seen(path):
            return walk
    return None


def absolute(path: Path) -> Path:
    """The path from the root; not resolved, since the names stay those that the user sees."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def shown(path: Path) -> Path:
    """The path as text that can be printed and stored; different paths stay different."""
    return Path(printable(str(path)))


def _described(found: Found, names: Collection[Path]) -> Found | None:
    """The row of a file that describes another: none when that is there."""
    target = found.path.name.removesuffix(SUFFIX)
    if found.path.with_name(target) in names:
        return None
    return replace(found, problem=f"It describes {printable(target) or 'nothing'}, which is not among the files.")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
