"""Any order of operations on a store, beside a dictionary that says what should come of them; searches beside numpy.

A crash is a copy of the folder's files as they are, also in the middle of a commit, which is what a killed process
leaves; the copy is opened and the machine goes on with it.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from benchmarks.crashes import MEMORY
from benchmarks.crashes.forking import Say, in_child
from benchmarks.crashes.invariants import problems
from benchmarks.crashes.side_by_side import side_by_side
from benchmarks.crashes.stand_in import IDENTITY, WORDS, word_vectors
from indexer.changing import Change, Relabelled
from indexer.store import IndexStore
from indexer.writing import IndexedDocument
from schema import Block, Chunk, Extraction, Filter, Source, Words

PATHS = st.sampled_from([f"{letter}.md" for letter in "abcdefgh"])
PIECES = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join), max_size=4)
DOCUMENTS = st.dictionaries(PATHS, PIECES, min_size=1, max_size=3)
ROOM = 1e-5
"""By which two ways of adding up a score may differ."""
BESIDE = 25
"""Runs of the machine in one child."""


class Crash(Exception):  # noqa: N818  (it is not an error)
    """Thrown where a process would have been killed."""


class StoreMachine(RuleBasedStateMachine):
    """The rules; ``held`` says for each path which pieces of text it has, each of which is a chunk."""

    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="machine-", dir=MEMORY))
        self.folder = self.place / "0"
        self.store = IndexStore(self.folder, IDENTITY, create=True)
        self.held: dict[str, list[str]] = {}
        self.removed: set[str] = set()
        self.number = 0

    def teardown(self) -> None:
        """What must be true of every index, after any order of operations."""
        self.store.close()
        wrong = problems(self.folder)
        shutil.rmtree(self.place)
        require(wrong == [], "; ".join(wrong))

    # Writing

    @rule(documents=DOCUMENTS)
    def put(self, documents: dict[str, list[str]]) -> None:
        """Add documents and replace documents, in one commit."""
        marked = {path: self._marked(pieces) for path, pieces in documents.items()}
        self.store.put([document(path, pieces) for path, pieces in marked.items()])
        self._note_removed(documents)
        self.held |= marked

    @rule(paths=st.lists(PATHS, max_size=3))
    def delete(self, paths: list[str]) -> None:
        """Remove documents, some of which may not be there."""
        self.store.delete([f"default/{path}" for path in paths])
        self._note_removed(paths)
        self.held = {path: pieces for path, pieces in self.held.items() if path not in paths}

    @precondition(lambda self: self.held)
    @rule(data=st.data(), new=PATHS)
    def rename(self, data: st.DataObject, new: str) -> None:
        """The same pieces under another name, in the place of what has that name; their vectors stand."""
        old = data.draw(st.sampled_from(sorted(self.held)))
        if old != new:
            gone = (f"default/{new}",) if new in self.held else ()
            renamed = Relabelled(f"default/{old}", document(new, self.held[old]).source, "", {}, "")
            self.store.apply([Change(gone, (renamed,))])
            self._note_removed([new])
            self.held[new] = self.held.pop(old)

    @rule(documents=DOCUMENTS)
    def fail(self, documents: dict[str, list[str]]) -> None:
        """A commit that breaks after its last document changes nothing."""
        made = [document(path, ["never there"]) for path in documents]
        try:
            self.store.put(_Broken(made, self.store, lambda: None))
        except Crash:
            return
        require(False, "the commit did not fail")

    # Life and death

    @rule()
    def reload(self) -> None:
        """Close the store and open it again."""
        self.store.close()
        self.store = IndexStore(self.folder, IDENTITY)

    @rule()
    def crash(self) -> None:
        """Go on with the files as they are, without closing."""
        self._go_on_with(self._copy())

    @rule(documents=DOCUMENTS)
    def crash_within(self, documents: dict[str, list[str]]) -> None:
        """Go on with the files as they are in the middle of a commit: it never happened."""
        copies: list[Path] = []
        made = [document(path, ["never there"]) for path in documents]
        try:
            self.store.put(_Broken(made, self.store, lambda: copies.append(self._copy())))
        except Crash:
            self._go_on_with(copies[0])

    @rule(thorough=st.booleans())
    def save_vectors(self, thorough: bool) -> None:
        """Write the file of the vectors."""
        with self.store.writing():
            self.store.save_vectors(thorough=thorough)

    @rule()
    def compact(self) -> None:
        """What was removed is in no file any more."""
        with self.store.writing():
            self.store.erase_leftovers()
        for path in self.folder.iterdir():
            data = path.read_bytes()
            left = [piece for piece in self.removed if piece.split()[0].encode() in data]
            require(left == [], f"{path.name} still has {left}")
        self.removed.clear()

    # Reading

    @invariant()
    def holds_what_it_should(self) -> None:
        """After every step: the documents, their texts and the number of their chunks."""
        type(self).steps += 1
        held = {info.source.path: info.chunks for info in self.store.sources()}
        require(held == {path: len(pieces) for path, pieces in self.held.items()}, f"{held} and not {self.held}")

    @rule(path=PATHS)
    def read(self, path: str) -> None:
        """The text of a document, exactly."""
        if path in self.held:
            require(self.store.text(f"default/{path}") == "\n\n".join(self.held[path]), f"another text of {path}")

    @rule(words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4), top_k=st.integers(1, 12), one=st.booleans())
    def search(self, words: list[str], top_k: int, one: bool) -> None:
        """The nearest pieces are those that numpy finds, among all documents or in one."""
        among = sorted(self.held)[:1] if one else sorted(self.held)
        within = Filter(sources=tuple(f"default/{path}" for path in among)) if one and among else None
        query = word_vectors([" ".join(words)])[0]
        hits = self.store.dense(query, top_k, within=within)
        pieces = [(path, number, piece) for path in among for number, piece in enumerate(self.held[path])]
        scores = word_vectors([piece for *_, piece in pieces]) @ query if pieces else np.zeros(0, np.float32)
        exact = {
            (path, _start(self.held[path], number)): score
            for (path, number, _), score in zip(pieces, scores, strict=True)
        }
        found = {(hit.source.path, hit.chunk.start): hit.score for hit in hits}
        require(len(found) == len(hits) == min(top_k, len(pieces)), f"{len(hits)} of {len(pieces)} pieces found")
        require(all(abs(exact[key] - score) < ROOM for key, score in found.items()), "a score is another")
        worst = min(found.values(), default=0.0)
        require(
            all(score < worst + ROOM for key, score in exact.items() if key not in found), "a nearer one is left out"
        )

    @rule(word=st.sampled_from([word for word in WORDS if word.isascii()]))
    def look_up(self, word: str) -> None:
        """The pieces with a word, or another form of it, are found by it."""
        found = {hit.chunk.text for hit in self.store.lexical(Words((word,)), 1000)}
        having = {piece for pieces in self.held.values() for piece in pieces if word in piece.split()}
        every = {piece for pieces in self.held.values() for piece in pieces}
        require(having <= found <= every, f"{word} finds {found} and not {having}")

    @rule()
    def read_beside(self) -> None:
        """Another process' reader sees the same."""
        beside = IndexStore(self.folder, IDENTITY)
        try:
            query = word_vectors(["any"])[0]
            require(beside.sources() == self.store.sources(), "a second reader has other documents")
            require(beside.dense(query, 99) == self.store.dense(query, 99), "a second reader finds others")
        finally:
            beside.close()

    def _marked(self, pieces: list[str]) -> list[str]:
        """Each piece begins with a word that no other has, by which its traces can be looked for."""
        marked = []
        for piece in pieces:
            self.number += 1
            marked.append(f"mark{self.number:06}x {piece}")
        return marked

    def _note_removed(self, paths: Sequence[str] | dict[str, Any]) -> None:
        self.removed.update(piece for path in paths for piece in self.held.get(path, ()))

    def _copy(self) -> Path:
        self.number += 1
        return Path(shutil.copytree(self.folder, self.place / str(self.number)))

    def _go_on_with(self, folder: Path) -> None:
        self.store.close()
        shutil.rmtree(self.folder)
        self.folder, self.store = folder, IndexStore(folder, IDENTITY)


class _Broken(Sequence[IndexedDocument]):
    """Documents after the last of which, in the middle of the commit, something happens and the commit breaks."""

    def __init__(self, documents: list[IndexedDocument], store: IndexStore, then: Callable[[], object]) -> None:
        self._documents, self._store, self._then = documents, store, then

    def __len__(self) -> int:
        return len(self._documents)

    def __getitem__(self, place: Any) -> Any:
        return self._documents[place]

    def __iter__(self) -> Iterator[IndexedDocument]:
        yield from self._documents
        if self._store._connection.in_transaction:  # not while they are looked at before it
            self._then()
            raise Crash


def require(is_so: bool, otherwise: str) -> None:
    """Fail, in a way that hypothesis takes for a difference."""
    if not is_so:
        raise AssertionError(otherwise)


def document(path: str, pieces: Sequence[str]) -> IndexedDocument:
    """A document of which each piece is a chunk."""
    source = Source("default", path, path, None, "|".join(pieces))
    chunks = [Chunk(source.source_id, _start(pieces, n), _start(pieces, n) + len(p), p) for n, p in enumerate(pieces)]
    blocks = tuple(Block("paragraph", chunk.start, chunk.end) for chunk in chunks)
    return IndexedDocument(source, Extraction("\n\n".join(pieces), blocks), chunks, word_vectors(list(pieces)))


def _start(pieces: Sequence[str], number: int) -> int:
    return sum(len(piece) + 2 for piece in pieces[:number])


def measure(processes: int, runs: int = 2000, steps: int = 50, first: int = 1) -> dict[str, Any]:
    """So many runs of at most so many steps, in children of `BESIDE` runs each with a seed of its own."""
    parts = [(first + number, min(BESIDE, runs - number * BESIDE), steps) for number in range(-(-runs // BESIDE))]
    results = side_by_side(run_part, parts, processes, "state machine")
    return {
        "runs": runs,
        "steps_at_most": steps,
        "steps": sum(one["steps"] for one in results),
        "faults": [one["fault"] for one in results if one["fault"]],
    }


def run_part(part: tuple[int, int, int]) -> dict[str, Any]:
    """Some runs with one seed: the steps that were taken and what was found, if anything."""
    number, runs, steps = part

    def work(say: Say) -> None:
        random.seed(number)
        run_machine(number, runs, steps)
        say({"steps": StoreMachine.steps})

    ended = in_child(work, timeout_s=1200)
    fault = "" if ended.how == "finished" else f"seed {number}: {ended.how}: {ended.message[-3000:]}"
    return {"steps": ended.said[-1]["steps"] if ended.said else 0, "fault": fault}


def run_machine(number: int, runs: int, steps: int, *, shrink: bool = True) -> None:
    """Run the machine, and tell of a difference with the fewest steps that lead there, or without ``shrink`` any.

    Raises:
        AssertionError: the store differs from what it should be.
    """
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    chosen = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(number)(StoreMachine), settings=chosen)
