"""An indexing run: every file of the given paths becomes a row of the report and, when it can be read, is searchable.

Files are read one by one, embedded in batches that span files, and committed in batches: a row that says ``indexed``
is on disk. An interrupted run loses nothing that it has reported and goes on where it stopped, since what is unchanged
costs one hash.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexer.chunking import CountTokens, chunk_document, embedding_text
from indexer.store import IndexedDocument, IndexStore, KnownFile
from indexer.walking import Found, find_files, printable
from schema import Chunk, Extraction, FileReport, FileStatus, FootnoteError, IndexReport, Progress, Source

BATCH_CHUNKS = 256
BATCH_FILES = 64
EMBED_CHUNKS = 64
"""Chunks embedded between two reports of progress."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a document becomes chunks and vectors; ``name`` changes when the same file would give other chunks."""

    name: str
    load: Callable[[Path], Extraction]
    count_tokens: CountTokens
    embed: Callable[[Sequence[str]], np.ndarray]
    max_tokens: int


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that has been read and chunked and waits for its vectors."""

    shown: Path
    source: Source
    root: str
    extraction: Extraction
    chunks: list[Chunk]
    size: int


def index_paths(
    store: IndexStore,
    paths: Iterable[Path],
    *,
    collection: str,
    recipe: Recipe,
    on_file: Callable[[FileReport], None] = lambda _: None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> IndexReport:
    """Bring the index level with files and folders.

    Args:
        store: opened for writing; its writer's lock is held for the whole run.
        paths: files and folders; what a folder no longer holds is removed from the index.
        collection: that the documents belong to.
        recipe: how to read, chunk and embed.
        on_file: called with each row as soon as it is true on disk.
        on_progress: called often, in bytes of input.
    """
    started = time.monotonic()
    with store.writing():
        run = _Run(store, collection, recipe, on_file, on_progress)
        for path in paths:
            run.index(path)
        run.flush()
        store.save_vectors()
    return IndexReport(tuple(run.reports), time.monotonic() - started)


class _Run:
    """The state of one run: what is known, what is waiting to be embedded, and the rows so far."""

    def __init__(
        self,
        store: IndexStore,
        collection: str,
        recipe: Recipe,
        on_file: Callable[[FileReport], None],
        on_progress: Callable[[Progress], None],
    ) -> None:
        self.reports: list[FileReport] = []
        self._store, self._collection, self._recipe = store, collection, recipe
        self._on_file, self._on_progress = on_file, on_progress
        self._read_all_again = store.set_recipe(recipe.name)
        known = store.known_files(collection)
        # By printable path, since a name on disk may hold bytes that no text can.
        self._known = {Path(file.root) / file.source.path: file for file in known}
        self._taken = {file.source.path: path for path, file in zip(self._known, known, strict=True)}
        self._waiting: list[_Read] = []
        self._done = self._total = 0

    def index(self, path: Path) -> None:
        """Index one file or folder, and remove what it no longer holds."""
        path = Path(path).absolute()
        try:
            found = list(find_files(path))
        except FootnoteError as error:
            self._report(FileReport(str(path), "refused", str(error)))
            return
        root = self._root_of(path)
        self._total += sum(_size(file.path) for file in found if not file.problem)
        for file in found:
            self._index_file(file, root)
        self._remove_missing(path, found)

    def flush(self) -> None:
        """Embed and commit what is waiting."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        vectors = self._embed(waiting)
        documents, offset = [], 0
        for read in waiting:
            rows = vectors[offset : offset + len(read.chunks)]
            offset += len(read.chunks)
            status, reason = _status(read.extraction)
            documents.append(
                IndexedDocument(read.source, read.extraction, read.chunks, rows, read.root, status, reason)
            )
        self._store.put(documents)
        for read, document in zip(waiting, documents, strict=True):
            pages, chunks = len(read.extraction.pages), len(read.chunks)
            self._report(FileReport(str(read.shown), document.status, document.reason, pages, chunks))

    def _index_file(self, file: Found, root: Path) -> None:
        shown, size = _shown(file.path), 0 if file.problem else _size(file.path)
        self._on_progress(Progress(self._done, self._total, shown.name, "bytes"))
        try:
            read = self._read(file, shown, root)
        except FootnoteError as error:
            self._refuse(shown, str(error))
        except Exception as error:
            # A file that breaks a parser costs its own row and nothing else.
            self._refuse(shown, f"It could not be read ({type(error).__name__}: {error}).")
        else:
            if read is not None:
                self._waiting.append(read)
                if len(self._waiting) >= BATCH_FILES or sum(len(one.chunks) for one in self._waiting) >= BATCH_CHUNKS:
                    self.flush()
                return
        self._done += size

    def _read(self, file: Found, shown: Path, root: Path) -> _Read | None:
        """Read and chunk a file; ``None`` when it is unchanged, which is reported here."""
        if file.problem:
            raise FootnoteError(file.problem)
        sha256, size = _hash(file.path)
        known = self._known.get(shown)
        if known and known.source.sha256 == sha256 and not self._read_all_again:
            self._report(FileReport(str(shown), "unchanged", known.reason, known.pages, known.chunks))
            return None
        path, home = self._identity(shown, root, known)
        extraction = self._recipe.load(file.path)
        source = Source(self._collection, path, extraction.title or shown.stem, extraction.date, sha256)
        chunks = chunk_document(
            extraction, source.source_id, max_tokens=self._recipe.max_tokens, count_tokens=self._recipe.count_tokens
        )
        return _Read(shown, source, home, extraction, chunks, size)

    def _identity(self, path: Path, root: Path, known: KnownFile | None) -> tuple[str, str]:
        """Relative path and root of a file: those it had, else relative to the folder that is being indexed.

        Raises:
            FootnoteError: when another file that still exists has the same identity.
        """
        if known:
            return known.source.path, known.root
        relative = path.relative_to(root).as_posix()
        holder = self._taken.get(relative)
        if holder is not None and holder != path and holder.exists():
            raise FootnoteError(
                f"The collection {self._collection!r} already has a {relative!r}, from {holder.parent}: "
                "index this folder into a collection of its own with --collection."
            )
        if holder is not None:
            self._known.pop(holder, None)
        self._taken[relative] = path
        return relative, str(root)

    def _root_of(self, path: Path) -> Path:
        """The folder that identities are relative to: one that is known to hold this path, else the path itself."""
        is_folder, path = path.is_dir(), _shown(path)
        roots = {Path(file.root) for file in self._known.values() if path.is_relative_to(file.root)}
        if roots:
            return max(roots, key=lambda root: len(root.parts))
        return path if is_folder else path.parent

    def _embed(self, waiting: Sequence[_Read]) -> np.ndarray:
        """Vectors of all waiting chunks, (n, dimension) float32, in their order."""
        texts = [embedding_text(read.source.title, chunk) for read in waiting for chunk in read.chunks]
        share = sum(read.size for read in waiting) / max(len(texts), 1)
        parts, label = [], waiting[-1].shown.name
        for start in range(0, len(texts), EMBED_CHUNKS):
            parts.append(self._recipe.embed(texts[start : start + EMBED_CHUNKS]))
            done = self._done + int(share * min(start + EMBED_CHUNKS, len(texts)))
            self._on_progress(Progress(done, self._total, label, "bytes"))
        self._done += sum(read.size for read in waiting)
        return np.vstack(parts)

    def _remove_missing(self, path: Path, found: Sequence[Found]) -> None:
        """Remove documents whose files are gone, except below what could not be looked into."""
        path = _shown(path)
        seen = {_shown(file.path) for file in found}
        blocked = [_shown(file.path) for file in found if file.problem]
        gone = [
            (known_path, file.source.source_id)
            for known_path, file in self._known.items()
            if known_path.is_relative_to(path) and known_path not in seen
            if not any(known_path.is_relative_to(place) for place in blocked)
        ]
        if not gone:
            return
        if not found:
            self._report(
                FileReport(str(path), "refused", f"It holds no files now: its {len(gone)} documents stay in the index.")
            )
            return
        self._store.delete([source_id for _, source_id in gone])
        for known_path, _ in gone:
            self._known.pop(known_path)
            self._report(FileReport(str(known_path), "removed", "The file is no longer there."))

    def _refuse(self, path: Path, reason: str) -> None:
        known = self._known.get(path)
        if known:
            reason += " The version that was indexed before is still searchable."
        self._report(FileReport(str(path), "refused", reason))

    def _report(self, report: FileReport) -> None:
        self.reports.append(report)
        self._on_file(report)


def _status(extraction: Extraction) -> tuple[FileStatus, str]:
    """``partial`` when pages of the document gave no text, and the loader's warnings as the reason."""
    partial = any(page.start == page.end for page in extraction.pages)
    return "partial" if partial else "indexed", "; ".join(extraction.warnings)


def _hash(path: Path) -> tuple[str, int]:
    """The sha256 and the size of a file.

    Raises:
        FootnoteError: when it can't be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
    except OSError as error:
        raise FootnoteError(f"It can't be opened: {error.strerror}.") from error


def _shown(path: Path) -> Path:
    """The path as text that can be printed and stored; different paths stay different."""
    return Path(printable(str(path)))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
