"""Finds what a question set expects in the documents of an index: the sources, and where their quotes stand.

Between a set that names documents and quotes as a person does, and the measures, which compare offsets. What is not
found is told and left as it was; whether to go on is for the caller.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import itemgetter
from pathlib import PurePosixPath
from reprlib import repr as shown
from typing import Protocol

from eval.records import EvalCase, Evidence
from schema import FootnoteError, PageView, SourceInfo


class Assistant(Protocol):
    """What holds the documents, as `pipeline.Footnote` does."""

    def sources(self) -> list[SourceInfo]:
        """The documents."""

    def text(self, source: str) -> str:
        """The whole text of a document."""

    def page(self, source_id: str, number: int) -> PageView:
        """A page of a document; raises `FootnoteError` when there is none."""


@dataclass(frozen=True, slots=True)
class Grounded:
    """Cases whose evidence is named and placed as the index does, and what could not be found, as sentences."""

    cases: tuple[EvalCase, ...]
    faults: tuple[str, ...] = ()


def ground(cases: Sequence[EvalCase], assistant: Assistant) -> Grounded:
    """Name sources by the index's own ids, and find each quote's offsets.

    A quote is looked for letter for letter, then with any white space for any other, and becomes the words of the
    document. Of several places that hold it, the one on the page that the case names is taken, or else the first one
    from the offset that it names. Each text is read once.

    Args:
        cases: whose evidence names sources by path or by ``collection/path``.
        assistant: with the documents.
    """
    catalogue = _Catalogue(assistant.sources())
    asked: dict[str, list[int]] = defaultdict(list)
    for number, case in enumerate(cases):
        for name in dict.fromkeys(evidence.source for evidence in case.evidence):
            asked[name].append(number)
    faults: list[tuple[int, str]] = []
    places: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for name, numbers in asked.items():
        if len(found := catalogue.find(name)) != 1:
            faults.append((numbers[0], f"{catalogue.fault(name)} ({_named(cases, numbers)})"))
            continue
        for number in numbers:
            pieces = enumerate(cases[number].evidence)
            places[found[0]] += [(number, piece) for piece, evidence in pieces if evidence.source == name]
    evidence = [list(case.evidence) for case in cases]
    for source_id, found_places in places.items():
        document = _Document(source_id, assistant)
        for number, piece in found_places:
            evidence[number][piece], told = document.place(evidence[number][piece])
            faults += [(number, f"Question {cases[number].question_id!r}: {fault}") for fault in told]
    grounded = tuple(replace(case, evidence=tuple(pieces)) for case, pieces in zip(cases, evidence, strict=True))
    return Grounded(grounded, tuple(fault for _, fault in sorted(faults, key=itemgetter(0))))


def _named(cases: Sequence[EvalCase], numbers: Sequence[int]) -> str:
    more = f" and {len(numbers) - 1} more" if len(numbers) > 1 else ""
    return f"question {cases[numbers[0]].question_id!r}{more}"


class _Catalogue:
    """The documents' ids, found by id or by path as everywhere in Footnote."""

    def __init__(self, infos: Sequence[SourceInfo]) -> None:
        self._ids = {info.source.source_id for info in infos}
        self._by_path: dict[str, list[str]] = defaultdict(list)
        self._by_file: dict[str, list[str]] = defaultdict(list)
        for info in infos:
            self._by_path[info.source.path].append(info.source.source_id)
            self._by_file[PurePosixPath(info.source.path).name.casefold()].append(info.source.source_id)

    def find(self, name: str) -> list[str]:
        """The ids that a name can mean."""
        return [name] if name in self._ids else self._by_path.get(name, [])

    def fault(self, name: str) -> str:
        """Why a name means no document, or no single one."""
        if found := self.find(name):
            return f"The source {name!r} names more than one document; say which: {', '.join(found)}"
        near = self._by_file.get(PurePosixPath(name).name.casefold(), [])
        hint = f"; did you mean {' or '.join(near[:3])}?" if near else ""
        return f"The source {name!r} is not in the index{hint}"


class _Document:
    """One document, read when it is first needed."""

    def __init__(self, source_id: str, assistant: Assistant) -> None:
        self._source_id, self._assistant = source_id, assistant
        self._views: dict[int, PageView | None] = {}

    @cached_property
    def text(self) -> str:
        """The whole of it."""
        return self._assistant.text(self._source_id)

    def place(self, evidence: Evidence) -> tuple[Evidence, list[str]]:
        """The evidence as it stands in this document, and what is wrong with it."""
        placed = replace(evidence, source=self._source_id)
        page, faults = self._checked_page(evidence.page)
        if not evidence.quote.strip():
            return placed, faults
        begin, end = (page.start, page.start + len(page.text)) if page else (evidence.start or 0, len(self.text))
        span = _find(self.text, evidence.quote, begin, end) or _find(self.text, evidence.quote, 0, len(self.text))
        if span is None:
            return placed, [*faults, f"the quote {shown(evidence.quote)} is not in {self._source_id}"]
        if page and not (span[0] < end and span[1] > begin):
            there = bisect_right(range(1, page.count + 1), span[0], key=self._start_of)
            told = f"the quote {shown(evidence.quote)} stands on page {there} of {self._source_id}"
            faults.append(f"{told}, not on page {page.number}")
        return replace(placed, quote=self.text[slice(*span)], start=span[0], end=span[1]), faults

    def _checked_page(self, number: int | None) -> tuple[PageView | None, list[str]]:
        if number is None:
            return None, []
        view = self._view(number)
        if view is None:
            return None, [f"{self._source_id} has no page {number}"]
        return (view, []) if view.is_page else (None, [f"{self._source_id} has no pages; leave the page out"])

    def _view(self, number: int) -> PageView | None:
        if number not in self._views:
            try:
                self._views[number] = self._assistant.page(self._source_id, number)
            except FootnoteError:
                self._views[number] = None
        return self._views[number]

    def _start_of(self, number: int) -> int:
        view = self._view(number)
        return view.start if view else 0


def _find(text: str, quote: str, begin: int, end: int) -> tuple[int, int] | None:
    """The span of a quote: as it is between ``begin`` and ``end``, or else by its words, beginning there."""
    start = text.find(quote, begin, end)
    if start >= 0:
        return start, start + len(quote)
    match = re.compile(r"\s+".join(map(re.escape, quote.split()))).search(text, begin)
    return match.span() if match and match.start() < end else None
