"""The commands that are interrupted, each from a state that is made once.

Every command goes through the same doors as ``footnote index``. What this module does not do: interrupt.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.crashes import invariants
from benchmarks.crashes.forking import Ended, Say, in_child
from benchmarks.crashes.stand_in import (
    IDENTITY,
    TOKENS,
    digest,
    expected,
    random_content,
    recipe,
    word_vectors,
    write_files,
)
from indexer import building, committing, growing
from indexer.store import IndexStore

LONGER = 35
"""Words of a chunk after a rebuild."""
BATCH_FILES = 2
"""Files of one commit, so that a command of a few files is several of them."""
LONGEST_OPENING_S = 5.0
TWICE = "reported twice"

Files = Mapping[str, str]
Held = Mapping[str, str]
Run = Callable[[Path, Path, Say], None]


@dataclass(frozen=True, slots=True)
class Command:
    """One command: ``before`` is what the index holds (nothing: there is no index), ``after`` what the folder does."""

    name: str
    before: Files
    after: Files
    run: Run
    tokens: int = TOKENS
    left_open: bool = False

    @property
    def old(self) -> Held:
        """The digest of each document before it."""
        return {name: expected(name, content) for name, content in self.before.items()}

    @property
    def new(self) -> Held:
        """The digest of each document after it."""
        return {name: expected(name, content, self.tokens) for name, content in self.after.items()}


@dataclass(frozen=True, slots=True)
class Stage:
    """A command with the folder of its documents and the index that it starts from."""

    command: Command
    documents: Path
    start: Path

    @contextmanager
    def fresh(self) -> Iterator[Path]:
        """A copy of the index as it was before the command, removed afterwards."""
        folder = self.start.with_name(f"try-{os.getpid()}")
        if self.start.exists():
            shutil.copytree(self.start, folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def work(self, index: Path) -> Callable[[Say], None]:
        """The command on an index, for a child."""
        return lambda say: self.command.run(index, self.documents, say)


def commands(seed: int = 5) -> dict[str, Command]:
    """Every command by its name; the same seed gives the same documents."""
    chance = random.Random(seed)  # noqa: S311  (documents, not secrets)
    four = {name: random_content(chance) for name in ("a.md", "b.txt", "c.md", "d.md")}
    changed = four | {"b.txt": random_content(chance)}
    fewer = {name: four[name] for name in ("a.md", "c.md", "d.md")}
    renamed = {name: four[name] for name in ("a.md", "b.txt", "c.md")} | {"e.md": four["d.md"]}
    every = (
        Command("make", {}, four, index_folder),
        Command("add", fewer, four, index_folder),
        Command("update", four, changed, index_folder),
        Command("delete", four, fewer, index_folder),
        Command("rename", four, renamed, index_folder),
        Command("rebuild", four, four, rebuild, LONGER),
        Command("save vectors", four, four, save_vectors),
        Command("save clusters", four, four, save_clusters),
        Command("erase", four, four, erase),
        Command("recover", four, four, only_open, left_open=True),
    )
    return {command.name: command for command in every}


def prepared(command: Command, work: Path) -> Stage:
    """Make the state that a command starts from, and put the files in place that it finds."""
    folder = work / command.name.replace(" ", "-")
    stage = Stage(command, folder / "documents", folder / "start")
    folder.mkdir(parents=True)
    if command.before:
        write_files(stage.documents, command.before)

        def begin(say: Say) -> None:
            _index(stage.start, stage.documents, say, TOKENS, close=not command.left_open)

        ended = in_child(begin)
        if ended.how != "finished":
            raise RuntimeError(ended.message)
    write_files(stage.documents, command.after)
    return stage


def index_folder(index: Path, documents: Path, say: Say) -> None:
    """``footnote index``: says each row as it is reported."""
    _index(index, documents, say, TOKENS)


def rebuild(index: Path, documents: Path, say: Say) -> None:
    """All documents again, in longer chunks."""
    _index(index, documents, say, LONGER)


def save_vectors(index: Path, documents: Path, say: Say) -> None:
    """A commit that changes nothing, and the file of the vectors for it."""
    with _opened(index) as store, store.writing():
        store.delete(["default/none"])
        store.save_vectors()


def save_clusters(index: Path, documents: Path, say: Say) -> None:
    """The same for an index that has outgrown exact search."""
    growing.LARGEST_EXACT, growing.QUERIES = 3, 4
    save_vectors(index, documents, say)


def erase(index: Path, documents: Path, say: Say) -> None:
    """What makes removed text unreadable on the disk."""
    with _opened(index) as store, store.writing():
        store.delete(["default/none"])
        store.erase_leftovers()


def only_open(index: Path, documents: Path, say: Say) -> None:
    """Open an index that a kill left, as a reader does."""
    with _opened(index) as store:
        store.dense(word_vectors(["any"])[0], 3)


def look(index: Path, *, create: bool = False) -> Ended:
    """Open an index in a fresh process and read all of it.

    Says one value: the seconds until the first search was answered, what is wrong, and a digest for each document.
    """

    def read(say: Say) -> None:
        started = time.monotonic()
        store = IndexStore(index, IDENTITY, create=create)
        found = {hit.chunk.chunk_id for hit in store.dense(word_vectors(["any"])[0], 100_000)}
        seconds = time.monotonic() - started
        lost = [notice for notice in store.notices if "has lost" in notice]  # of commits: here none may be
        store.close()
        wrong, held = lost + invariants.problems(index), invariants.documents(index)
        if found != {chunk_id for _, chunks in held.values() for chunk_id, _ in chunks}:
            wrong.append("a search for everything does not find every chunk")
        if seconds > LONGEST_OPENING_S:
            wrong.append(f"it took {seconds:.1f} s to open")
        say({"seconds": seconds, "wrong": wrong, "held": {path: digest(*one) for path, one in held.items()}})

    return in_child(read)


def faults_after(old: Held, new: Held, rows: Mapping[str, str], seen: Ended) -> list[str]:
    """What an interruption broke: acknowledged rows must be true, every other document as before or as after.

    Args:
        old: the digest of each document before the command.
        new: the same after it.
        rows: the status of each file that it reported.
        seen: what `look` said afterwards.
    """
    if seen.how != "finished":
        return [f"it can't be opened ({seen.how}): {seen.message.strip() or seen.signal}"]
    held = seen.said[0]["held"]
    faults = [*seen.said[0]["wrong"], *(f"{name} is {TWICE}" for name, status in rows.items() if status == TWICE)]
    for name in sorted({*old, *new, *held}):
        allowed = [new.get(name)] if name in rows else [new.get(name), old.get(name)]
        if held.get(name) not in allowed:
            lost = "is lost" if name not in held else "has a content that it should not have"
            faults.append(f"{name} ({rows.get(name, 'not reported')}) {lost}")
    return faults


def faults_at_the_end(command: Command, seen: Ended) -> list[str]:
    """What is wrong with the state after a command that was not interrupted, or was given again."""
    return faults_after({}, command.new, {**command.old, **command.new}, seen)


def rows_of(ended: Ended) -> dict[str, str]:
    """The files that a command reported, with their status; what is reported twice is a fault afterwards."""
    rows = [(Path(row["path"]).name, row["status"]) for row in ended.said]
    counts = Counter(name for name, _ in rows)
    return {name: status if counts[name] == 1 else TWICE for name, status in rows}


def _index(index: Path, documents: Path, say: Say, tokens: int, *, close: bool = True) -> None:
    committing.BATCH_FILES = BATCH_FILES

    def on_file(row: Any) -> None:
        say({"path": row.path, "status": row.status})

    with _opened(index, create=True) as store:
        building.index_paths(store, [documents], collection="default", recipe=recipe(tokens), on_file=on_file)
        if not close:
            os._exit(0)  # as a kill leaves it: all is in the write-ahead log


@contextmanager
def _opened(index: Path, *, create: bool = False) -> Iterator[IndexStore]:
    store = IndexStore(index, IDENTITY, create=create)
    try:
        yield store
    finally:
        store.close()
