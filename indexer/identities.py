"""Which document a file is: collection and relative path, kept however the file is named on the command line.

A file that is known by its absolute path keeps its identity. A new one whose content is that of a file that is gone is
that file under a new name. Any other gets its path relative to the folder that is indexed; if another file has that
identity and is still there, it is refused rather than overwritten, and if it is not, the folder has moved. A document
that was added as a text has no file: none is ever taken for it, and so no run removes it. What this module does not do:
read files or change the index.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from indexer.loading.members import is_junk_name
from indexer.notes import Note, decode_note
from indexer.stamps import Stamped
from indexer.store import KnownFile
from schema import FootnoteError


@dataclass(frozen=True, slots=True)
class Held:
    """A document in the index with what the last run remembered of it."""

    file: KnownFile
    note: Note

    def is_of(self, sha256: str, recipe: str) -> bool:
        """Whether it was read from this very content in this very way."""
        return (self.file.source.sha256, self.file.recipe) == (sha256, recipe)


@dataclass(frozen=True, slots=True)
class Holding:
    """What the index holds of one file: where the file was, its identity, and its documents."""

    at: Path
    root: str
    path: str
    documents: tuple[Held, ...] = ()

    def is_current(self, sha256: str, recipe: str) -> bool:
        """Whether the file was read last with this very content in this very way.

        Its documents are written together, but for parts that could not be read and stay as they were before.
        """
        current = [one for one in self.documents if one.is_of(sha256, recipe)]
        refused = {name for one in current for name, _ in one.note.refused}
        return bool(current) and all(one.is_of(sha256, recipe) or one.note.member in refused for one in self.documents)

    def stamped(self, recipe: str) -> Stamped | None:
        """What is known of the file's bytes, if it was read in this way."""
        stamps = {one.file.source.sha256: one.note.stamp for one in self.documents if one.note.stamp}
        known = (Stamped(sha256, stamp) for sha256, stamp in stamps.items() if self.is_current(sha256, recipe))
        return next(known, None)

    @property
    def source_ids(self) -> tuple[str, ...]:
        """The ids of its documents."""
        return tuple(one.file.source.source_id for one in self.documents)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file belongs: its identity, what the index has of it by whatever name, and what it takes the place of."""

    root: str
    path: str
    holding: Holding | None = None
    replaced: Holding | None = None


class Identities:
    """The files of one collection by their printable absolute paths: a name on disk may hold bytes that no text can.

    Args:
        collection: its name, for messages.
        files: the documents that the index knows.
    """

    def __init__(self, collection: str, files: Iterable[KnownFile]) -> None:
        self._collection = collection
        self._holdings: dict[Path, Holding] = {}
        self._names: dict[str, Path] = {}
        self._contents: dict[str, Path] = {}
        self._vanished: dict[str, list[Holding]] = {}
        self._roots: set[Path] = set()
        known = tuple(files)
        self._texts = {file.source.path for file in known if not file.root}
        for holding in _holdings(file for file in known if file.root):
            self.record(holding)

    def known(self, path: Path) -> Holding | None:
        """What the index holds of the file at this path."""
        return self._holdings.get(path)

    def same_content(self, sha256: str, recipe: str) -> tuple[Held, ...]:
        """The documents of some file with this content, if they were read in this way."""
        path = self._contents.get(sha256)
        holding = self._holdings.get(path) if path else None
        return tuple(one for one in holding.documents if one.is_of(sha256, recipe)) if holding else ()

    def is_taken(self, name: str, path: Path) -> bool:
        """Whether a text has this name, or a document of another file than that at this path, which is still there."""
        at = self._names.get(name, path)
        return name in self._texts or (at != path and _is_there(at))

    def are_free(self, place: Place, path: Path) -> bool:
        """Whether nothing else has the names that the documents of the file at a path get at its place."""
        if place.holding is None:
            return True
        names = {f"{place.path}/{one.note.member}" for one in place.holding.documents if one.note.member}
        own = (path, place.holding.at)
        return self._texts.isdisjoint(names) and all(self._names.get(name, path) in own for name in names)

    def root_of(self, path: Path, *, is_folder: bool) -> Path:
        """The folder that identities are relative to: one that is known to hold this path, else the path itself."""
        own = path if is_folder else path.parent
        return next((folder for folder in (path, *path.parents) if folder in self._roots), own)

    def look_for_vanished(self, seen: Collection[Path], is_surveyed: Callable[[Path], bool]) -> None:
        """Note which files are where they were no longer, so that they are recognised under another name.

        Args:
            seen: all that was found on disk.
            is_surveyed: whether what is not among that would have been found at a path, if it were there.
        """
        self._vanished = {}
        for holding in self._holdings.values():
            if holding.at in seen:
                continue
            if is_surveyed(holding.at) or _is_gone(holding.at):
                for sha256 in {one.file.source.sha256 for one in holding.documents}:
                    self._vanished.setdefault(sha256, []).append(holding)

    def identify(self, found: Path, path: Path, root: Path, sha256: str) -> Place:
        """Where a file belongs.

        Args:
            found: the file on disk.
            path: the same as printable text.
            root: of the folder that is being indexed.
            sha256: of the file now.

        Raises:
            FootnoteError: when another file that is still there has the same identity.
        """
        if known := self._holdings.get(path):
            if not known.documents or any(one.file.source.sha256 == sha256 for one in known.documents):
                return Place(known.root, known.path, known)
            renamed = self._renamed(sha256, known.path)
            return Place(known.root, known.path, renamed, known) if renamed else Place(known.root, known.path, known)
        relative = path.relative_to(root).as_posix()
        holder = self._holder(relative, found, sha256)
        if holder and _is_there(holder.at):
            return Place(holder.root, relative, holder)
        renamed = self._renamed(sha256, relative)
        if renamed and renamed is not holder:
            return Place(str(root), relative, renamed, holder)
        if holder and holder.path != relative:  # a document inside a container that is gone has this name
            return Place(str(root), relative, None, holder)
        return Place(str(root), relative, holder)

    def claim(self, place: Place, path: Path) -> None:
        """Give a place to the file at a path before it is read; what was held of it stays until then."""
        before = place.holding.documents if place.holding else ()
        self._put(Holding(path, place.root, place.path, before), place)
        for one in before:
            self._contents.setdefault(one.file.source.sha256, path)

    def record(self, holding: Holding, place: Place | None = None) -> None:
        """Remember what is held of a file now, in the place of what was held of it, and of others."""
        self._put(holding, place)
        self._contents.update((one.file.source.sha256, holding.at) for one in holding.documents)

    def forget(self, path: Path) -> None:
        """Drop a file that is no longer in the index, if it was."""
        holding = self._holdings.pop(path, None)
        if holding is None:
            return
        for name in (holding.path, *(one.file.source.path for one in holding.documents)):
            if self._names.get(name) == path:
                del self._names[name]
        for one in holding.documents:
            if self._contents.get(one.file.source.sha256) == path:
                del self._contents[one.file.source.sha256]

    def unseen(self, seen: Collection[Path]) -> list[Holding]:
        """Known files that are not among those that were found."""
        return [one for path, one in self._holdings.items() if path not in seen]

    def _put(self, holding: Holding, place: Place | None) -> None:
        names = (holding.path, *(one.file.source.path for one in holding.documents))
        former = [one.at for one in (place.holding, place.replaced) if one] if place else []
        for path in (holding.at, *former, *(self._names.get(name, holding.at) for name in names)):
            self.forget(path)
        self._holdings[holding.at] = holding
        self._roots.add(Path(holding.root))
        self._names.update(dict.fromkeys(names, holding.at))

    def _holder(self, relative: str, found: Path, sha256: str) -> Holding | None:
        """The file that has an identity already, if this one may go on with it.

        Raises:
            FootnoteError: when that is another file that is still there, or a text.
        """
        if relative in self._texts:
            raise FootnoteError(
                f"The collection {self._collection!r} already has a {relative!r}, which was added as a text and not "
                "read from a file: index this folder into a collection of its own with --collection, or remove that "
                "text."
            )
        at = self._names.get(relative)
        if at is None:
            return None
        holder = self._holdings[at]
        if _is_there(at) and found.samefile(at):
            return holder
        # Where nothing can be known of the old place, only the same content counts as the same file: a name that had to
        # be escaped can't be looked up on disk, and of a drive that is not mounted there is an empty folder.
        is_same = any(one.file.source.sha256 == sha256 for one in holder.documents)
        if _is_there(at) or (not is_same and ("\\" in str(at) or _is_below_empty(at))):
            raise FootnoteError(
                f"The collection {self._collection!r} already has a {relative!r}, from {at.parent}: "
                "index this folder into a collection of its own with --collection."
            )
        return holder

    def _renamed(self, sha256: str, relative: str) -> Holding | None:
        """A file with this content that is gone, best the one with this very identity; it is given out once."""
        gone = [one for one in self._vanished.get(sha256, ()) if self._holdings.get(one.at) is one]
        if not gone:
            return None
        best = min(gone, key=lambda one: (one.path != relative, Path(one.path).name != Path(relative).name))
        self._vanished[sha256] = [one for one in gone if one is not best]
        return best


def _holdings(files: Iterable[KnownFile]) -> Iterator[Holding]:
    """What is held of each file, from its documents."""
    found: dict[tuple[str, str], list[Held]] = {}
    for file in files:
        note = decode_note(file.sync) or Note()
        path = file.source.path.removesuffix(f"/{note.member}") if note.member else file.source.path
        found.setdefault((file.root, path), []).append(Held(file, note))
    for (root, path), documents in found.items():
        yield Holding(Path(root) / path, root, path, tuple(documents))


def _is_there(path: Path) -> bool:
    """Whether there is a file at a path, as far as that can be known."""
    try:
        return path.is_file()
    except OSError:
        return True


def _is_below_empty(path: Path) -> bool:
    """Whether the nearest folder above a path that is there holds nothing, or can't be looked into."""
    try:
        folder = next((folder for folder in path.parents if folder.is_dir()), path)
        return all(is_junk_name(child.name) for child in folder.iterdir())
    except OSError:
        return True


def _is_gone(path: Path) -> bool:
    """Whether there is certainly nothing at a path; an escaped name can't be looked up."""
    if "\\" in str(path):
        return False
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
