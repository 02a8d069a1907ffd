"""An indexing run: every file of the given paths becomes a row of the report and, when it can be read, is searchable.

Files are read one by one, embedded in batches that span files while the next batch is read, and committed in batches: a
row that says ``indexed`` is on disk. An interrupted run loses nothing that it has reported and goes on where it
stopped, since what is unchanged costs one hash.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from indexer.ahead import Ahead
from indexer.chunking import CountTokens, chunk_document, embedding_text
from indexer.identities import Identities
from indexer.store import IndexStore, KnownFile
from indexer.walking import Found, find_files, printable
from indexer.writing import IndexedDocument
from schema import Chunk, Extraction, FileReport, FileStatus, FootnoteError, IndexReport, Progress, Source

BATCH_CHUNKS = 256
BATCH_FILES = 64


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a document becomes chunks and vectors; ``name`` changes when the same file would give other chunks."""

    name: str
    load: Callable[[Path], Extraction]
    count_tokens: CountTokens
    embed: Callable[[Sequence[str]], np.ndarray]
    max_tokens: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """One row of a walk: where it is on disk, the same as text that can be printed and stored, and its bytes."""

    found: Found
    shown: Path
    size: int


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that has been read and chunked and waits for its vectors."""

    entry: _Entry
    extraction: Extraction
    chunks: list[Chunk]
    file: KnownFile


@dataclass(frozen=True, slots=True)
class _Batch:
    """Files that are being embedded; ``parts`` waits for the vectors of all their chunks, some at a time."""

    files: list[_Read]
    parts: Iterator[np.ndarray]


@dataclass(frozen=True, slots=True)
class _Unchanged:
    """A file whose document stands; the index has to be told when it is found under another folder now."""

    entry: _Entry
    file: KnownFile
    has_moved: bool


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
        on_progress: called often, in bytes of input; the last time when all is done.

    Returns:
        One row for each file, also when several of the paths hold it, and one for each path without files.
    """
    started = time.monotonic()
    with store.writing(), Ahead(recipe.embed) as ahead:
        run = _Run(store, collection, recipe, ahead, on_file=on_file, on_progress=on_progress)
        run.index(paths)
        store.save_vectors()
    return IndexReport(tuple(run.reports), time.monotonic() - started)


class _Run:
    """The state of one run: what is known, what is waiting to be embedded, and the rows so far."""

    def __init__(
        self,
        store: IndexStore,
        collection: str,
        recipe: Recipe,
        ahead: Ahead,
        *,
        on_file: Callable[[FileReport], None],
        on_progress: Callable[[Progress], None],
    ) -> None:
        self.reports: list[FileReport] = []
        self._store, self._collection, self._recipe = store, collection, recipe
        self._ahead, self._on_file, self._on_progress = ahead, on_file, on_progress
        self._files = Identities(collection, store.known_files(collection))
        self._seen: set[Path] = set()
        self._waiting: list[_Read] = []
        self._embedding: _Batch | None = None
        self._moved: list[_Unchanged] = []
        self._done = self._total = 0

    def index(self, paths: Iterable[Path]) -> None:
        """Index files and folders, and remove what folders no longer hold."""
        walks = [(path, entries) for path, entries in map(self._walk, paths) if entries is not None]
        self._total = sum({entry.shown: entry.size for _, entries in walks for entry in entries}.values())
        for path, entries in walks:
            root = self._files.root_of(_shown(path), is_folder=path.is_dir())
            for entry in entries:
                if entry.shown not in self._seen:
                    self._seen.add(entry.shown)
                    self._index_file(entry, root)
            self._remove_missing(_shown(path), entries)
        self._flush()
        self._flush()
        self._progress("")

    def _walk(self, path: Path) -> tuple[Path, list[_Entry] | None]:
        """A path as found on disk and what is below it; ``None`` when there is nothing, which is reported here."""
        path = Path(os.path.abspath(path))  # not resolved: the names stay those that the user sees  # noqa: PTH100
        try:
            found = list(find_files(path, skip=[self._store.folder]))
        except FootnoteError as error:
            self._report(FileReport(str(_shown(path)), "refused", str(error)))
            return path, None
        return path, [_Entry(file, _shown(file.path), 0 if file.problem else _size(file.path)) for file in found]

    def _index_file(self, entry: _Entry, root: Path) -> None:
        self._progress(entry.shown.name)
        try:
            result = self._read(entry, root)
        except FootnoteError as error:
            self._refuse(entry, str(error))
        except Exception as error:
            # A file that breaks a parser costs its own row and nothing else.
            self._refuse(entry, f"It could not be read ({type(error).__name__}: {error}).")
        else:
            self._files.record(entry.shown, result.file)
            if isinstance(result, _Unchanged):
                self._keep(result)
            else:
                self._wait(result)

    def _read(self, entry: _Entry, root: Path) -> _Read | _Unchanged:
        """Read and chunk a file, unless the index has it just so."""
        if entry.found.problem:
            raise FootnoteError(entry.found.problem)
        sha256 = _hash(entry.found.path)
        path, home, known = self._files.identify(entry.found.path, entry.shown, root, sha256)
        if known and (known.source.sha256, known.recipe) == (sha256, self._recipe.name):
            return _Unchanged(entry, replace(known, root=home), has_moved=known.root != home)
        extraction = self._recipe.load(entry.found.path)
        source = Source(self._collection, path, extraction.title or entry.shown.stem, extraction.date, sha256)
        chunks = chunk_document(
            extraction, source.source_id, max_tokens=self._recipe.max_tokens, count_tokens=self._recipe.count_tokens
        )
        status, reason = _status(extraction)
        file = KnownFile(source, home, self._recipe.name, status, len(chunks), len(extraction.pages), reason)
        return _Read(entry, extraction, chunks, file)

    def _keep(self, unchanged: _Unchanged) -> None:
        self._done += unchanged.entry.size
        if unchanged.has_moved:
            self._moved.append(unchanged)
        else:
            self._report(_row(unchanged, "unchanged"))

    def _wait(self, read: _Read) -> None:
        self._waiting.append(read)
        if len(self._waiting) >= BATCH_FILES or sum(len(one.chunks) for one in self._waiting) >= BATCH_CHUNKS:
            self._flush()

    def _flush(self) -> None:
        """Begin to embed what is waiting, then commit and report what was being embedded before."""
        embedding, self._embedding = self._embedding, self._start()
        self._report_moved()
        if embedding is None:
            return
        vectors = self._collect(embedding)
        self._store.put(list(_documents(embedding.files, vectors)))
        for read in embedding.files:
            self._report(_row(read, read.file.status))

    def _start(self) -> _Batch | None:
        files, self._waiting = self._waiting, []
        texts = [embedding_text(read.file.source.title, chunk) for read in files for chunk in read.chunks]
        return _Batch(files, self._ahead.start(texts)) if files else None

    def _collect(self, batch: _Batch) -> np.ndarray:
        """Vectors of a batch's chunks, (n, dimension) float32, in their order."""
        parts, label = [np.zeros((0, self._store.identity.dimension), np.float32)], batch.files[-1].entry.shown.name
        size, chunks = sum(read.entry.size for read in batch.files), sum(len(read.chunks) for read in batch.files)
        done = 0
        for part in batch.parts:
            parts.append(part)
            done += len(part)
            self._progress(label, size * done // chunks)
        self._done += size
        return np.vstack(parts)

    def _report_moved(self) -> None:
        moved, self._moved = self._moved, []
        for root in dict.fromkeys(one.file.root for one in moved):
            rows = [one for one in moved if one.file.root == root]
            self._store.move([one.file.source.source_id for one in rows], root)
            for one in rows:
                self._report(_row(one, "unchanged"))

    def _remove_missing(self, path: Path, entries: Sequence[_Entry]) -> None:
        """Remove documents whose files are gone, except below what could not be looked into."""
        seen = {entry.shown for entry in entries}
        blocked = [entry.shown for entry in entries if entry.found.problem]
        gone = self._files.below(path, seen=seen, blocked=blocked)
        if not gone:
            return
        if not entries:
            # More likely a drive that is not mounted than a folder that somebody emptied.
            reason = f"It holds no files now: its {len(gone)} documents stay in the index."
            self._report(FileReport(str(path), "refused", reason))
            return
        self._store.delete([source_id for _, source_id in gone])
        for known_path, _ in gone:
            self._files.forget(known_path)
            self._report(FileReport(str(known_path), "removed", "The file is no longer there."))

    def _refuse(self, entry: _Entry, reason: str) -> None:
        self._done += entry.size
        if self._files.known(entry.shown):
            reason += " The version that was indexed before is still searchable."
        self._report(FileReport(str(entry.shown), "refused", reason))

    def _report(self, report: FileReport) -> None:
        self.reports.append(report)
        self._on_file(report)

    def _progress(self, label: str, ahead: int = 0) -> None:
        """Tell how many bytes are done; ``ahead`` are those of a batch that is not finished yet."""
        self._on_progress(Progress(self._done + ahead, self._total, label, "bytes"))


def _documents(files: Sequence[_Read], vectors: np.ndarray) -> Iterator[IndexedDocument]:
    """The documents to store, each with its rows of the batch's vectors."""
    offset = 0
    for read in files:
        rows = vectors[offset : offset + len(read.chunks)]
        offset += len(read.chunks)
        file = read.file
        yield IndexedDocument(
            *(file.source, read.extraction, read.chunks, rows),
            root=file.root,
            recipe=file.recipe,
            status=file.status,
            reason=file.reason,
        )


def _row(one: _Read | _Unchanged, status: FileStatus) -> FileReport:
    return FileReport(str(one.entry.shown), status, one.file.reason, one.file.pages, one.file.chunks)


def _status(extraction: Extraction) -> tuple[FileStatus, str]:
    """``partial`` when pages of the document gave no text, and the loader's warnings as the reason."""
    partial = any(page.start == page.end for page in extraction.pages)
    return "partial" if partial else "indexed", "; ".join(extraction.warnings)


def _hash(path: Path) -> str:
    """The sha256 of a file.

    Raises:
        FootnoteError: when it can't be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
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
