"""The forms of what the REST interface answers: pydantic models of what `schema` prints.

They are for the interface's description and check nothing at run time; tests hold them against real answers.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

import schema


class Form(BaseModel):
    """A JSON object with these fields and no others."""

    model_config = ConfigDict(extra="forbid")


class PlaceForm(Form):
    """Where a passage stands, without its words."""

    source: str
    title: str
    page: int | None
    start: int
    end: int


class PassageForm(Form):
    """A retrieved passage; ``also`` says where nearly the same stands."""

    rank: int
    score: float
    source: str
    title: str
    date: str | None
    page: int | None
    heading: str
    start: int
    end: int
    text: str
    origin: schema.Origin
    seen_by_model: bool
    warning: str
    also: list[PlaceForm]


class AnswerForm(Form):
    """An answer: for every citation and quote, ``quote`` is the source's text from ``start`` to ``end``."""

    question: str
    answer: str
    abstained: bool
    reason: str
    sentences: list[schema.Sentence]
    citations: list[schema.Quote]
    quotes: list[schema.Quote]
    passages: list[PassageForm]
    timings: schema.Timings
    fingerprint: schema.Fingerprint
    dropped: list[schema.Sentence]
    confidence: float | None
    tokens_read: int | None
    tokens_written: int | None
    conflicts: list[schema.Conflict]
    searched_for: str
    signals: dict[str, float]
    failure: str


class FoundForm(Form):
    """The passages of a search, best first."""

    question: str
    passages: list[PassageForm]


class CoverageForm(Form):
    """How well a document was read: its pages by how, characters kept and left out, and the same in words."""

    characters: int
    hidden: int
    text: int
    ocr: int
    suspicious: int
    empty: int
    unreadable: int
    languages: list[str]
    titled: bool
    dated: bool
    warnings: list[str]
    badge: str


class SourceForm(Form):
    """A document of the index; ``metadata`` are its fields as a filter names them."""

    id: str
    collection: str
    path: str
    title: str
    date: str | None
    sha256: str
    characters: int
    pages: int
    pages_empty: int
    chunks: int
    status: schema.FileStatus
    reason: str
    indexed_at: str
    coverage: CoverageForm
    metadata: dict[str, str]


class SourcesForm(Form):
    """The documents that may be seen."""

    sources: list[SourceForm]


class PageForm(Form):
    """A page; ``text[i]`` is character ``start + i`` of the document, counted in code points.

    ``boxes`` are there when they were asked for: left, top, right and bottom of each character, in points.
    """

    source: str
    title: str
    date: str | None
    number: int
    count: int
    is_page: bool
    start: int
    text: str
    label: str
    status: schema.PageStatus
    problem: str
    width: float
    height: float
    boxes: list[Annotated[list[float], Field(min_length=4, max_length=4)]] = []


class StatusForm(Form):
    """One word on how it is."""

    status: Literal["recorded"]
