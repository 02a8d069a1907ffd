"""Which document a file is: collection and relative path, kept however the file is named on the command line.

A file that is known by its absolute path keeps its identity. A new one gets its path relative to the folder that is
indexed; if another file has that identity and is still there, it is refused rather than overwritten, and if it is not,
the folder has moved. What this module does not do: read files or change the index.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from indexer.store import KnownFile
from schema import FootnoteError


class Identities:
    """The files of one collection by their printable absolute paths: a name on disk may hold bytes that no text can.

    Args:
        collection: its name, for messages.
        files: what the index knows.
    """

    def __init__(self, collection: str, files: Iterable[KnownFile]) -> None:
        self._collection = collection
        self._known = {Path(file.root) / file.source.path: file for file in files}
        self._holders = {file.source.path: path for path, file in self._known.items()}

    def known(self, path: Path) -> KnownFile | None:
        """What the index knows of the file at this path."""
        return self._known.get(path)

    def root_of(self, path: Path, *, is_folder: bool) -> Path:
        """The folder that identities are relative to: one that is known to hold this path, else the path itself."""
        roots = {Path(file.root) for file in self._known.values() if path.is_relative_to(file.root)}
        if roots:
            return max(roots, key=lambda root: len(root.parts))
        return path if is_folder else path.parent

    def identify(self, found: Path, path: Path, root: Path, sha256: str) -> tuple[str, str, KnownFile | None]:
        """Relative path and root of a file, and what is known of it, perhaps from where it was before.

        Args:
            found: the file on disk.
            path: the same as printable text.
            root: of the folder that is being indexed.
            sha256: of the file now.

        Raises:
            FootnoteError: when another file that is still there has the same identity.
        """
        if known := self._known.get(path):
            return known.source.path, known.root, known
        relative = path.relative_to(root).as_posix()
        holder = self._holders.get(relative)
        if holder is None:
            return relative, str(root), None
        known = self._known[holder]
        if holder.exists() and found.samefile(holder):
            return relative, known.root, known
        # A name that had to be escaped can't be looked up on disk; only the same content counts as the same file then.
        if holder.exists() or ("\\" in str(holder) and known.source.sha256 != sha256):
            raise FootnoteError(
                f"The collection {self._collection!r} already has a {relative!r}, from {holder.parent}: "
                "index this folder into a collection of its own with --collection."
            )
        return relative, str(root), known

    def record(self, path: Path, file: KnownFile) -> None:
        """Remember what has been read from this path, in the place of what had the same identity."""
        if holder := self._holders.get(file.source.path):
            self._known.pop(holder, None)
        self._known[path] = file
        self._holders[file.source.path] = path

    def forget(self, path: Path) -> None:
        """Drop a file that was removed from the index."""
        del self._holders[self._known.pop(path).source.path]

    def below(self, folder: Path, *, seen: Collection[Path], blocked: Collection[Path]) -> list[tuple[Path, str]]:
        """Paths and source ids of known files below a folder that were not seen, except below blocked places."""
        return [
            (path, file.source.source_id)
            for path, file in self._known.items()
            if path.is_relative_to(folder) and path not in seen
            if not any(path.is_relative_to(place) for place in blocked)
        ]
