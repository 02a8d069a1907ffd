"""Every document in a file: a container's parts go through the same door, containers within containers too.

The bounds are over the whole file, however it is nested. The names of parts are data: they are made fit to be shown,
and nothing is ever opened or written by them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module

from indexer.loading.characters import printable
from indexer.loading.languages import with_language
from indexer.loading.members import Member, Part, is_junk_name
from indexer.loading.packages import MOST_RATIO, MOST_UNPACKED
from indexer.loading.sniffing import detect_format
from indexer.loading.time_left import is_short, progress
from schema import Extraction, FootnoteError

DEEPEST = 3
"""Containers within one another."""

MOST_PARTS = 10_000
_SMALL = 1_000_000  # bytes: what unpacks to less is no bomb, whatever its ratio
_LONGEST_NAME = 300

Load = Callable[[str, bytes], Extraction]


@dataclass(slots=True)
class _Budget:
    """What is left to unpack of one file, over all levels."""

    size: int
    parts: int = 0
    unpacked: int = 0
    names: Counter[str] = field(default_factory=Counter)

    def take(self, part: Part) -> None:
        """Count a part.

        Raises:
            _ExhaustedError: when the file holds more than is allowed.
        """
        self.parts += 1
        self.unpacked += len(part.data)
        if self.parts > MOST_PARTS:
            raise _ExhaustedError(f"It holds more than {MOST_PARTS:,} files: the rest was not read. Split it.")
        if self.unpacked > max(_SMALL, min(MOST_UNPACKED, MOST_RATIO * self.size)):
            raise _ExhaustedError(
                f"It unpacks from {self.size:,} to more than {self.unpacked - len(part.data):,} bytes: "
                "the rest was not read, since it looks like a zip bomb."
            )

    def name(self, place: str, name: str) -> str:
        """The name of a part within the file, which no other part of it has."""
        shown = "/".join(filter(None, (place, shown_name(name))))
        self.names[shown] += 1
        if self.names[shown] == 1:
            return shown
        while self.names[again := f"{shown} ({self.names[shown]})"]:  # the file may hold one of that name, too
            self.names[shown] += 1
        self.names[again] = 1
        return again


class _ExhaustedError(FootnoteError):
    """The bounds of the whole file are reached: nothing more of it is read, at any level."""


def unpack_all(name: str, data: bytes, load: Load) -> tuple[Member, ...]:
    """Read a file and, when it is a container, the documents in it.

    Args:
        name: of the file; its extension counts.
        data: its bytes.
        load: reads one file that is no container.

    Raises:
        FootnoteError: when there is nothing to read in it.
    """
    budget = _Budget(len(data))
    members: list[Member] = []
    try:
        members.extend(_members(Part(name, data), "", 0, budget=budget, load=load))
    except _ExhaustedError as error:
        members.append(Member("", None, str(error)))
    if not members:
        raise FootnoteError(f"{printable(name)} is empty: it holds no documents.")
    return tuple(members)


def _members(part: Part, place: str, depth: int, *, budget: _Budget, load: Load) -> Iterator[Member]:
    """The documents of one file, itself or those in it; ``place`` is its own name within the outermost file."""
    kind = detect_format(part.name, part.data) if part.data and not part.data.isspace() else None
    if kind is None or not kind.is_container:
        yield Member(place, load(part.name, part.data))
        return
    if depth == DEEPEST:
        raise FootnoteError(f"It lies in {DEEPEST} containers, and those within it are not opened.")
    for inner in import_module(f"indexer.loading.{kind.module}").unpack(part.data):
        if not is_junk(inner.name):
            if is_short():
                raise _ExhaustedError("There was no time left to read all of it: the rest was not read. Split it.")
            budget.take(inner)
            yield from _inner(inner, place, depth + 1, budget=budget, load=load)
            progress(budget.parts)


def _inner(part: Part, place: str, depth: int, *, budget: _Budget, load: Load) -> Iterator[Member]:
    """The documents of one part; what is wrong with it costs its own row and nothing else."""
    name = budget.name(place, part.name) if part.name else place
    if part.extraction is not None or part.problem:
        yield Member(name, part.extraction and with_language(part.extraction), part.problem)
        return
    try:
        yield from _members(part, name, depth, budget=budget, load=load)
    except _ExhaustedError:
        raise
    except FootnoteError as error:
        yield Member(name, None, str(error))
    except Exception as error:  # the parsers of damaged containers raise whatever they happen to meet
        yield Member(name, None, f"It can't be read ({type(error).__name__}): it may be damaged.")


def shown_name(name: str) -> str:
    r"""The name of a part for people: relative, with forward slashes, printable.

    >>> shown_name("C:\\plans\\..\\..\\etc\\pass\nwd")
    'plans/etc/pass\\nwd'
    """
    steps = [step for step in name.replace("\\", "/").split("/") if step not in ("", ".", "..")]
    if steps and steps[0][1:] == ":":
        steps = steps[1:]
    shown = printable("/".join(steps)) or "unnamed"
    return shown if len(shown) <= _LONGEST_NAME else f"{shown[: _LONGEST_NAME // 2]}...{shown[-_LONGEST_NAME // 2 :]}"


def is_junk(name: str) -> bool:
    """Whether a part is what systems and programs leave behind: hidden, a lock file, a cache of pictures.

    >>> [is_junk(name) for name in ("__MACOSX/a.txt", "a/.DS_Store", "~$plan.docx", "./a.txt", "a/b.txt")]
    [True, True, True, False, False]
    """
    steps = [step for step in name.replace("\\", "/").split("/") if step not in ("", ".", "..")]
    return any(map(is_junk_name, steps))
