"""Damage to every file of an index: whether it is noticed before a wrong answer is given, and whether anything crashes.

The answers of a damaged index are all that a user can get from it: every row, text, page, vector, and searches of both
kinds. Each must be what the whole index gives, or a refusal; another answer is allowed only beside the notice that
commits are lost, and only if all are what the index gave after a commit before. All answers of such a commit without
that notice, or of another index that was put in its place, are another state; a mixture is wrong. Both are faults.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.crashes.commands import index_folder
from benchmarks.crashes.forking import Ended, Say, in_child
from benchmarks.crashes.side_by_side import side_by_side
from benchmarks.crashes.stand_in import DIMENSION, IDENTITY, WORDS, random_content, word_vectors, write_files
from indexer import catalogue, checking
from indexer.catalogue import DATABASE, VECTORS
from indexer.last_commit import COMMIT
from indexer.locking import LOCK
from indexer.store import IndexStore
from schema import FootnoteError, Words

FILES = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", VECTORS, LOCK, COMMIT)
SHARES = (40, 20, 2, 20, 2, 2)
"""How many of a hundred mutations concern each file: those that nothing is read from need few."""
EXTREMES = (b"\xff" * 8, bytes(8), (1 << 40).to_bytes(8, "little"), (1 << 62).to_bytes(8, "little"))
MEMORY = 4 << 30
LATE_S = 30.0
REFUSED = "refused: "
LOST = "has lost its last"
"""Words of the notice that an earlier commit is served; one about something else would mislead."""
BAD = ("wrong", "another state", "crash")
DOCUMENTS = 12
LARGE = 0.2
"""Share of the mutations for which the index is taken for a large one."""

_LETTERS = re.compile(rb"[a-z](?=[a-z]{4})")

Answers = Mapping[str, str]
Change = Callable[[bytearray, random.Random], bytes]


@dataclass(frozen=True, slots=True)
class Mutation:
    """One damage: the state it is done to (``closed``, or ``open`` with a live log), the file, and what is done.

    ``size`` says whether the index is taken for one that is too large to be checked wholly at every opening.
    """

    number: int
    size: str
    state: str
    file: str
    kind: str
    seed: int

    def __str__(self) -> str:
        return f"{self.number} (seed {self.seed}): {self.kind} of {self.file} ({self.size}, {self.state})"


@dataclass(frozen=True, slots=True)
class Judged:
    """A mutation with its class, and what was seen."""

    mutation: Mutation
    verdict: str
    detail: str


@dataclass(frozen=True, slots=True)
class Originals:
    """Folders of one index in two states and of another; the answers of all, and after the commits before a state."""

    folder: Path
    answers: Mapping[str, Answers]
    earlier: Mapping[str, Sequence[Answers]]
    foreign: Answers

    def state(self, name: str) -> Path:
        """The folder of a state: ``old``, ``closed``, ``open`` or ``foreign``."""
        return self.folder / name


def measure(work: Path, processes: int, count: int = 5000, seed: int = 11) -> dict[str, Any]:
    """Judge so many mutations, in turn over states, files and kinds."""
    originals = make_originals(work / "originals", seed)
    every = list(mutations(count, seed))
    return summary(side_by_side(lambda mutation: judge(mutation, originals), every, processes, "mutations"))


def summary(judged: list[Judged]) -> dict[str, Any]:
    """Counts by class, by file and by kind, and all that went wrong."""
    return {
        "tried": len(judged),
        "verdicts": dict(Counter(one.verdict for one in judged)),
        "by_size": _table(judged, lambda one: one.mutation.size),
        "by_file": _table(judged, lambda one: one.mutation.file),
        "by_kind": _table(judged, lambda one: one.mutation.kind),
        "faults": [f"{one.mutation}: {one.verdict}: {one.detail}" for one in judged if one.verdict in BAD],
    }


def mutations(count: int, seed: int) -> Iterator[Mutation]:
    """So many mutations, in equal shares of the kinds."""
    chance = random.Random(seed)  # noqa: S311
    kinds = [*CHANGES, "gone", "of the generation before", "of another index"]
    for number in range(count):
        file = chance.choices(FILES, SHARES)[0]
        state = "open" if file.endswith(("-wal", "-shm")) else chance.choice(("closed", "open"))
        size = "large" if chance.random() < LARGE else "small"
        yield Mutation(number, size, state, file, kinds[number % len(kinds)], seed * 1_000_003 + number)


def make_originals(folder: Path, seed: int) -> Originals:
    """Index documents, copy; change some, copy as it is while open and once it is closed; and index others."""
    chance = random.Random(seed)  # noqa: S311
    first = {f"{number:02}.{'txt' if number % 3 else 'md'}": random_content(chance) for number in range(DOCUMENTS)}
    second = dict(list(first.items())[1:]) | {"03.md": random_content(chance), "new.md": random_content(chance)}
    folder.mkdir(parents=True)

    def make(say: Say) -> None:
        for state, files in (("old", first), ("closed", second)):
            write_files(folder / "documents", files)
            index_folder(folder / "index", folder / "documents", say)
            shutil.copytree(folder / "index", folder / state)
        shutil.copytree(folder / "old", folder / "growing")
        _index_without_end(folder / "growing", folder / "documents", folder / "open", say)
        write_files(folder / "documents", {name: random_content(chance) for name in first})
        index_folder(folder / "foreign", folder / "documents", say)

    done = in_child(make)
    if done.how != "finished":
        raise RuntimeError(done.message)
    shutil.rmtree(folder / "growing")
    old, *since = _commits(folder / "open")
    whole = {state: _whole(folder / state) for state in ("closed", "open")}
    earlier = {"closed": [_whole(folder / "old")], "open": [old, *since]}
    return Originals(folder, whole, earlier, _whole(folder / "foreign"))


def judge(mutation: Mutation, originals: Originals) -> Judged:
    """Do it to a copy, ask for everything in a child with limits, and compare."""
    copy = originals.folder / f"try-{os.getpid()}"
    shutil.copytree(originals.state(mutation.state), copy)
    try:
        if not damage(mutation, copy, originals):
            return Judged(mutation, "no change", "")
        is_large = mutation.size == "large"
        ended = in_child(lambda say: answer_everything(copy, say, is_large=is_large), timeout_s=LATE_S, memory=MEMORY)
    finally:
        shutil.rmtree(copy)
    earlier = originals.earlier[mutation.state]
    return Judged(mutation, *compare(ended, originals.answers[mutation.state], earlier, originals.foreign))


def damage(mutation: Mutation, copy: Path, originals: Originals) -> bool:
    """Change one file of the copy; whether it is another file now."""
    path, chance = copy / mutation.file, random.Random(mutation.seed)  # noqa: S311
    before = path.read_bytes() if path.exists() else b""
    if mutation.kind == "gone":
        path.unlink(missing_ok=True)
        return bool(before)
    if mutation.kind == "of another index":
        other = originals.state("foreign") / mutation.file
        after = other.read_bytes() if other.exists() and chance.random() < 0.7 else chance.choice(_FOREIGN)
    elif mutation.kind == "of the generation before":
        other = originals.state("old") / mutation.file
        after = other.read_bytes() if other.exists() else b""
    else:
        after = CHANGES[mutation.kind](bytearray(before), chance) if before else before
    path.write_bytes(after)
    return after != before


def answer_everything(folder: Path, say: Say, *, is_large: bool = False) -> None:
    """Say the digest of every answer that an index can give, or its refusal; and last the notices."""
    if is_large:
        catalogue.LARGEST_QUICK_CHECK = checking.LARGEST_WHOLE_CHECK = 0
    store = IndexStore(folder, IDENTITY)
    for name, ask in _questions(store):
        try:
            said = hashlib.sha256(repr(ask()).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        except FootnoteError as error:
            said = f"{REFUSED}{error}"
        say({"question": name, "said": said})
    notices = list(store.notices)
    store.close()
    say({"notices": notices})


def compare(ended: Ended, whole: Answers, earlier: Sequence[Answers], foreign: Answers) -> tuple[str, str]:
    """The class of what a damaged index did, and a detail for the report.

    Args:
        ended: what it said.
        whole: what it should say.
        earlier: what it said after each commit before the last, any of which may be served beside a notice.
        foreign: what another index says, all of it from its own documents.
    """
    if ended.how in ("failed", "killed", "late"):
        return "crash", (ended.message or f"{ended.how} by signal {ended.signal}").strip().splitlines()[-1]
    said = {one["question"]: one["said"] for one in ended.said if "question" in one}
    notices = [notice for one in ended.said for notice in one.get("notices", ())]
    other = {name: answer for name, answer in said.items() if answer != whole[name]}
    refused = [answer for answer in other.values() if answer.startswith(REFUSED)]
    wrong = [name for name, answer in other.items() if not answer.startswith(REFUSED)]
    if wrong and any(said.items() <= one.items() for one in earlier):
        told = any(LOST in notice for notice in notices)
        return "noticed" if told else "another state", f"an earlier commit is served: {notices}"
    if wrong and said.items() <= foreign.items():
        return "another state", f"another index is served: {notices}"
    if wrong:
        return "wrong", f"{len(wrong)} answers, such as {wrong[0]}; {len(refused)} refused; {notices}"
    if ended.how == "refused" or refused or notices:
        return "noticed", ended.message or (refused or notices)[0]
    return "harmless", ""


def _questions(store: IndexStore) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Everything that can be asked of an index, one by one; which documents there are is asked first."""
    names = [f"{number:02}.{'txt' if number % 3 else 'md'}" for number in range(DOCUMENTS)] + ["new.md"]
    yield "sources", lambda: [_without_time(info) for info in store.sources()]
    yield "collections", store.collections
    yield "files", lambda: sorted(map(str, store.known_files("default")))
    yield "fingerprint", store.fingerprint
    for name in names:
        yield f"text of {name}", lambda name=name: store.text(name)
        yield f"pages of {name}", lambda name=name: store.page_views(name)
        yield f"fields of {name}", lambda name=name: store.metadata(name)
    for number, word in enumerate(WORDS):
        yield f"word {word}", lambda word=word: store.lexical(Words((word,)), 50)
        query = word_vectors([" ".join(WORDS[number : number + 3])])[0]
        yield f"near {word}", lambda query=query: store.dense(query, 5)
    yield "near all", lambda: store.dense(word_vectors(["any"])[0], 10_000)
    yield "vectors", lambda: _vectors(store)


def _vectors(store: IndexStore) -> bytes:
    ids = sorted(hit.chunk.chunk_id for hit in store.dense(np.ones(DIMENSION, np.float32), 10_000))
    return store.vectors(ids).tobytes()


def _without_time(info: Any) -> str:
    return str(info).replace(info.indexed_at, "")


def _whole(folder: Path) -> dict[str, str]:
    """The answers of an index that nothing was done to, or whose last commits are missing."""
    copy = folder.with_name("whole")
    shutil.copytree(folder, copy)
    ended = in_child(lambda say: answer_everything(copy, say))
    shutil.rmtree(copy)
    if ended.how != "finished":
        raise RuntimeError(f"{folder} is not whole: {ended}")
    return {one["question"]: one["said"] for one in ended.said[:-1]}


def _commits(folder: Path) -> list[Answers]:
    """The answers after each commit in the log of an index, the first without any of it."""
    log = f"{DATABASE}-wal"
    data, answers = (folder / log).read_bytes(), []
    page = int.from_bytes(data[8:12], "big")
    ends = [
        end for end in range(32 + 24 + page, len(data) + 1, 24 + page) if any(data[end - page - 20 : end - page - 16])
    ]
    cut = folder.with_name("cut")
    for end in (0, *ends):
        shutil.copytree(folder, cut)
        (cut / log).write_bytes(data[:end])
        answers.append(_whole(cut))
        shutil.rmtree(cut)
    return answers


def _index_without_end(index: Path, documents: Path, copy: Path, say: Say) -> None:
    """Index, and copy the folder before the vectors are saved: the commits are in the log of the database alone."""
    save = IndexStore.save_vectors

    def copy_and_save(store: IndexStore, **options: Any) -> None:
        shutil.copytree(index, copy)
        save(store, **options)

    IndexStore.save_vectors = copy_and_save  # type: ignore[method-assign]
    try:
        index_folder(index, documents, say)
    finally:
        IndexStore.save_vectors = save  # type: ignore[method-assign]


def _table(judged: list[Judged], key: Callable[[Judged], str]) -> dict[str, dict[str, int]]:
    return {
        name: dict(Counter(o.verdict for o in judged if key(o) == name)) for name in sorted({key(o) for o in judged})
    }


# Changes: each takes the bytes of a file, n > 0, and gives other ones.


def _header_bytes(data: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 4)):
        data[chance.randrange(min(200, len(data)))] = chance.randrange(256)
    return bytes(data)


def _flip(data: bytearray, chance: random.Random) -> bytes:
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def _set_bytes(data: bytearray, chance: random.Random) -> bytes:
    start, value = chance.randrange(len(data)), chance.choice((0, 255, 127, 128))
    end = min(len(data), start + chance.randint(1, 8))
    data[start:end] = bytes([value]) * (end - start)
    return bytes(data)


def _set_field(data: bytearray, chance: random.Random) -> bytes:
    start = chance.randrange(max(1, min(400, len(data)) - 7))
    data[start : start + 8] = chance.choice(EXTREMES)
    return bytes(data)


def _page_of_noise(data: bytearray, chance: random.Random) -> bytes:
    start = chance.randrange(len(data)) // 4096 * 4096
    data[start : start + 4096] = chance.randbytes(len(data[start : start + 4096]))
    return bytes(data)


def _page_over_page(data: bytearray, chance: random.Random) -> bytes:
    pages = max(1, len(data) // 4096)
    source, target = chance.randrange(pages) * 4096, chance.randrange(pages) * 4096
    data[target : target + 4096] = data[source : source + 4096]
    return bytes(data)


def _other_letter(data: bytearray, chance: random.Random) -> bytes:
    """A word of a text becomes another, wherever in the file it stands: in a row, or in the index of words."""
    places = [match.start() for match in _LETTERS.finditer(data)] or range(len(data))
    data[chance.choice(places)] ^= 1
    return bytes(data)


CHANGES: dict[str, Change] = {
    "bytes of the header": _header_bytes,
    "truncation": lambda data, chance: bytes(data[: chance.randrange(len(data))]),
    "bytes set": _set_bytes,
    "a field set": _set_field,
    "a bit flipped": _flip,
    "nothing left": lambda _data, _chance: b"",
    "a page of noise": _page_of_noise,
    "a page over another": _page_over_page,
    "a letter of a text": _other_letter,
    "bytes appended": lambda data, chance: bytes(data) + chance.randbytes(chance.randint(1, 5000)),
}
_FOREIGN = (
    b"%PDF-1.7\n" + bytes(5000),
    b"PK\x03\x04" + bytes(3000),
    b"hello\n",
    b"\xff" * 4096,
    b"SQLite format 3\0" + bytes(84),
)
