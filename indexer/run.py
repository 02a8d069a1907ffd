"""One indexing run from the walk to the report: hash, decide, read, prepare, commit, each ahead of the next.

Hashing and reading go on in threads while this one decides in the order of the walk, chunks and commits; reading itself
happens wherever `Recipe.load` does it, or with chunking and embedding `elsewhere`. What this module does not do: any of
these steps itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path, PurePosixPath

from indexer.ahead import Ahead
from indexer.changing import Change
from indexer.committing import Batches
from indexer.elsewhere import Elsewhere, Read
from indexer.identities import Holding, Identities
from indexer.missing import missing, removal_rows
from indexer.preparing import Result, Task, fresh, refused, standing
from indexer.reading_ahead import ReadingAhead, Window
from indexer.recipe import Recipe, RunStoppedError
from indexer.sidecars import Sidecars
from indexer.stamps import ChangedError, Stamped, read_stamped
from indexer.store import IndexStore
from indexer.surveying import Entry, Walk, absolute, shown, survey, walk_of
from schema import FileReport, FootnoteError, Progress

_TELL_SECONDS = 1.0
"""How often it is told how far a long file is."""


class Run:
    """The state of one run: what is known, what is on its way, and the rows so far.

    Args:
        store: its writer's lock is held.
        collection: that the documents belong to.
        recipe: how to read, chunk and embed.
        elsewhere: what does so in the place of this process.
        on_file: called with each row as soon as it is true on disk.
        on_progress: called often, in bytes of input.
    """

    def __init__(
        self,
        store: IndexStore,
        collection: str,
        recipe: Recipe,
        elsewhere: Elsewhere | None = None,
        *,
        on_file: Callable[[FileReport], None],
        on_progress: Callable[[Progress], None],
    ) -> None:
        self.reports: list[FileReport] = []
        self._store, self._collection, self._recipe, self._elsewhere = store, collection, recipe, elsewhere
        self._on_file, self._on_progress = on_file, on_progress
        self._files = Identities(collection, store.known_files(collection))
        self._sidecars = Sidecars()
        self._seen: set[Path] = set()
        self._begun: set[str] = set()

    def index(self, paths: Iterable[Path], *, remove_missing: bool) -> None:
        """Index files and folders, and remove what folders no longer hold."""
        walks = {walk.shown: walk for walk in map(self._survey, paths) if walk}
        sizes = {entry.shown: entry.size for walk in walks.values() for entry in walk.entries}
        self._files.look_for_vanished(sizes.keys(), lambda path: walk_of(path, walks) is not None)
        with ExitStack() as stack:
            hashing = stack.enter_context(ReadingAhead(self._stamp, lambda item: item[0].size))
            reading = self._reading(stack)
            embedding = stack.enter_context(Ahead(self._recipe.embed))
            batches = Batches(self._store, embedding, on_row=self._report, on_progress=self._on_progress)
            batches.total = sum(sizes.values())
            for task, read in reading(map(self._decide, hashing(self._items(walks.values())))):
                if isinstance(task, Result):
                    batches.add(task)
                else:
                    self._wait(task, read, batches)
                    batches.add(self._prepare(task, read))
            batches.finish()
            self._remove_missing(walks, keep=not remove_missing)
            batches.tell("")

    def _survey(self, path: Path) -> Walk | None:
        """What is at a path; ``None`` when there is nothing, which is reported here."""
        try:
            return survey(path, skip=[self._store.folder])
        except FootnoteError as error:
            self._report(FileReport(str(shown(absolute(path))), "refused", str(error)))
            return None

    def _reading(self, stack: ExitStack) -> Window[Task | Result, Read]:
        """What reads ahead: threads of this process, which end with the stack, or what was given."""
        if elsewhere := self._elsewhere:
            return Window(self._begin, _weight, elsewhere.most_items, elsewhere.most_bytes)
        return stack.enter_context(ReadingAhead(self._load, _weight))

    def _items(self, walks: Iterable[Walk]) -> Iterator[tuple[Entry, Path, Stamped | None]]:
        """Every file once, with the folder that its identity is relative to and what is known of its bytes."""
        for walk in walks:
            root = self._files.root_of(walk.shown, is_folder=walk.path.is_dir())
            for entry in walk.entries:
                if entry.shown not in self._seen:
                    self._seen.add(entry.shown)
                    known = self._files.known(entry.shown)
                    yield entry, root, known.stamped(self._recipe.name) if known else None

    def _stamp(self, item: tuple[Entry, Path, Stamped | None]) -> Stamped:
        """In a thread: the hash of a file."""
        entry, _, known = item
        if entry.found.problem:
            raise FootnoteError(entry.found.problem)
        stamped = read_stamped(entry.found.path, known)
        if stamped is not known:
            entry.require_inside()
        return stamped

    def _decide(self, hashed: tuple[tuple[Entry, Path, Stamped | None], Future[Stamped] | None]) -> Task | Result:
        """Where a file belongs, and whether that is all; from here on its place is taken."""
        (entry, root, _), future = hashed
        try:
            if future is None:
                raise FootnoteError("It was not looked at.")
            stamped = future.result()
            place = self._files.identify(entry.found.path, entry.shown, root, stamped.sha256)
        except FootnoteError as error:
            return refused(entry, str(error), self._files.known(entry.shown))
        folders = len(PurePosixPath(place.path).parts)
        given = self._sidecars.fields(entry.found.path, folders)
        task = Task(entry, place, stamped, given, self._sidecars.take_problems())
        is_current = place.holding and place.holding.is_current(stamped.sha256, self._recipe.name)
        if is_current and self._files.are_free(place, entry.shown):
            result, holding = standing(task, self._collection, self._recipe)
            self._files.record(holding, place)
            return _after_problems(task, result)
        self._files.claim(place, entry.shown)
        return task

    def _load(self, task: Task | Result) -> Read:
        """In a thread: what a file holds, and of which content that is; looked at anew when that changed meanwhile."""
        assert isinstance(task, Task)  # noqa: S101  (a result weighs nothing, and is not worked on)
        path = task.entry.found.path
        try:
            return Read(task.stamped, self._recipe.load(path, task.stamped.sha256))
        except ChangedError:
            stamped = self._stamp((task.entry, path, None))
            return Read(stamped, self._recipe.load(path, stamped.sha256))

    def _begin(self, task: Task | Result) -> Future[Read]:
        """Begin elsewhere; a text that is known has vectors already, or gets them from the one that is on its way."""
        assert isinstance(task, Task) and self._elsewhere  # noqa: S101  (see `_load`)
        sha256 = task.stamped.sha256
        is_known = sha256 in self._begun or bool(self._files.same_content(sha256, self._recipe.name))
        self._begun.add(sha256)
        return self._elsewhere.begin(task, embed=not is_known)

    def _wait(self, task: Task, read: Future[Read] | None, batches: Batches) -> None:
        """Wait for a file to be read; when that takes long, commit what came before and tell how far it is."""
        while read and wait([read], _TELL_SECONDS).not_done:
            if step := self._recipe.reading(task.entry.found.path):
                batches.finish()
                batches.tell(f"{task.entry.shown.name}, {step}")

    def _prepare(self, task: Task, read: Future[Read] | None) -> Result:
        """What a file comes to that had to be read."""
        try:
            found = read.result() if read else Read(task.stamped, ())
            task = replace(task, stamped=found.stamped)
            result, holding = fresh(task, found.members, self._collection, self._recipe, self._files, found.made)
        except RunStoppedError:
            raise
        except FootnoteError as error:
            return _after_problems(task, self._refused(task, str(error)))
        except Exception as error:
            # A file that breaks a parser costs its own row and nothing else.
            return _after_problems(
                task, self._refused(task, f"It could not be read ({type(error).__name__}: {error}).")
            )
        self._files.record(holding)
        return _after_problems(task, result)

    def _refused(self, task: Task, reason: str) -> Result:
        """A file that could not be read; what the index has of it stays under the name that it has."""
        place, known = task.place, self._files.known(task.entry.shown)
        if not (known and known.documents):  # its place is free again
            self._files.forget(task.entry.shown)
            if place.replaced:
                self._files.record(place.replaced)
        return refused(task.entry, reason, known)

    def _remove_missing(self, walks: Mapping[Path, Walk], *, keep: bool) -> None:
        """Remove documents whose files are gone, except where that looks like an accident."""
        not_found: dict[Path, list[Holding]] = {}
        for holding in self._files.unseen(self._seen):
            if walk := walk_of(holding.at, walks):
                not_found.setdefault(walk.shown, []).append(holding)
        for place, holdings in not_found.items():
            gone, rows = missing(walks[place], holdings, keep=keep)
            if gone:
                self._store.apply([Change(tuple(name for holding in gone for name in holding.source_ids))])
            for holding in gone:
                self._files.forget(holding.at)
                rows += removal_rows(holding)
            for row in rows:
                self._report(row)

    def _report(self, report: FileReport) -> None:
        self.reports.append(report)
        self._on_file(report)


def _after_problems(task: Task, result: Result) -> Result:
    """The result, told after what files that describe this one have wrong."""
    return replace(result, rows=(*task.problems, *result.rows)) if task.problems else result


def _weight(task: Task | Result) -> int | None:
    return None if isinstance(task, Result) else task.entry.size
