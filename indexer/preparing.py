"""What one file of a run comes to: what is to be written for it, and the rows that are true once that is written.

A file that was read gives documents that wait for their vectors; one that stands as it was gives, at most, new labels.
Both are in one module since rows, labels and what goes are worked out for both by the same few functions. What it does
not do: read files, embed, or write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, repeat

import numpy as np

from indexer.changing import Change, Relabelled
from indexer.chunking import chunk_document
from indexer.identities import Held, Holding, Identities, Place
from indexer.loading.members import Member
from indexer.notes import Note
from indexer.recipe import Made, Recipe
from indexer.stamps import Stamp, Stamped
from indexer.store import KnownFile
from indexer.surveying import Entry
from indexer.walking import printable
from indexer.writing import IndexedDocument
from schema import Extraction, FileReport, FileStatus, FootnoteError, Source

STANDS = " The version that was indexed before is still searchable."
NO_VECTORS = np.zeros((0, 0), np.float32)


@dataclass(frozen=True, slots=True)
class Task:
    """A file whose content is known: where it belongs, and what files beside it say of it, with rows for bad ones."""

    entry: Entry
    place: Place
    stamped: Stamped
    given: Mapping[str, str]
    problems: tuple[FileReport, ...] = ()

    def source(self, collection: str, note: Note) -> Source:
        """One document of the file, as its labels are now."""
        title, date, _ = note.labels(self.entry.shown.name)
        path = f"{self.place.path}/{note.member}" if note.member else self.place.path
        return Source(collection, path, title, date, self.stamped.sha256)

    def shown(self, member: str) -> str:
        """A document of the file, as rows name it."""
        return f"{self.entry.shown}/{member}" if member else str(self.entry.shown)


@dataclass(frozen=True, slots=True)
class Result:
    """What a file comes to.

    Attributes:
        name: what progress shows of it.
        size: its bytes.
        rows: true once all else is written.
        change: what is written; the documents have no vectors yet.
        notes: what runs remember of documents that stand, by their ids.
        twins: for each document of ``change``, the id of one with the same text, or nothing.
    """

    name: str
    size: int
    rows: tuple[FileReport, ...]
    change: Change = field(default_factory=Change)
    notes: Mapping[str, str] = field(default_factory=dict)
    twins: tuple[str, ...] = ()


def refused(entry: Entry, reason: str, known: Holding | None) -> Result:
    """A file of which nothing could be read."""
    stands = STANDS if known and known.documents else ""
    return Result(entry.shown.name, entry.size, (FileReport(str(entry.shown), "refused", reason + stands),))


def standing(task: Task, collection: str, recipe: Recipe) -> tuple[Result, Holding]:
    """A file that the index has just so, perhaps by another name or with other labels; and what is held of it now."""
    place, renamed = task.place, _renamed(task.place)
    before = place.holding.documents if place.holding else ()
    relabelled, notes, rows, problems, documents = [], {}, [], [], []
    for held in before:
        is_current = held.is_of(task.stamped.sha256, recipe.name)  # else an older version of what can't be read now
        now, label = _labelled(task, held, collection, stamp=task.stamped.stamp if is_current else None)
        if label:
            relabelled.append(label)
        elif now.note != held.note:
            notes[now.file.source.source_id] = now.note.encode()
        if is_current:
            reason = " ".join(filter(None, (renamed, now.file.reason)))
            rows.append(FileReport(task.shown(now.note.member), "unchanged", reason, now.file.pages, now.file.chunks))
            problems += [FileReport(task.shown(name), "refused", problem) for name, problem in now.note.refused]
        documents.append(now)
    change = Change(_gone(place, before, relabelled), tuple(relabelled))
    holding = Holding(task.entry.shown, place.root, place.path, tuple(documents))
    return Result(task.entry.shown.name, task.entry.size, (*rows, *problems), change, notes), holding


def fresh(
    task: Task,
    members: Iterable[Member],
    collection: str,
    recipe: Recipe,
    files: Identities,
    made: Iterable[Made | None] = (),
) -> tuple[Result, Holding]:
    """A file that was read: its documents with their chunks, and what is held of it when they are written.

    ``made`` are the chunks of its members where they were made elsewhere.

    Raises:
        FootnoteError: when there is no document in it.
    """
    before = task.place.holding.documents if task.place.holding else ()
    known = {held.note.member: held for held in before}
    documents, problems, kept = [], [], []
    for member, chunked in zip(named_apart(members), chain(made, repeat(None)), strict=False):
        taken = _taken(task, member.name, files)
        if problem := taken or member.problem:
            stands = None if taken else known.get(member.name)
            kept += [stands] if stands else []
            problems.append((member.name, problem + (STANDS if stands else "")))
        elif member.extraction is not None:
            note = note_of(member.name, member.extraction, task.given, task.stamped.stamp)
            documents.append((note, member.extraction, chunked))
    if not documents:
        raise FootnoteError(problems[0][1].removesuffix(STANDS) if len(problems) == 1 else _nothing(problems))
    documents[0] = replace(documents[0][0], refused=tuple(problems)), *documents[0][1:]
    written = [_document(task, *one, collection, recipe) for one in documents]
    held = [Held(_known(one), note) for one, (note, *_) in zip(written, documents, strict=True)]
    rows = [_row(task, one) for one in held]
    rows += [FileReport(task.shown(name), "refused", problem) for name, problem in problems]
    as_before = [_labelled(task, one, collection) for one in kept]
    labels = tuple(label for _, label in as_before if label)
    change = Change(_gone(task.place, (*held, *kept), labels), labels, tuple(written))
    alike = files.same_content(task.stamped.sha256, recipe.name)
    twins = {one.note.member: one.file.source.source_id for one in alike}
    result = Result(
        *(task.entry.shown.name, task.entry.size, tuple(rows), change),
        twins=tuple(twins.get(note.member, "") for note, *_ in documents),
    )
    documents_now = (*held, *(one for one, _ in as_before))
    return result, Holding(task.entry.shown, task.place.root, task.place.path, documents_now)


def _labelled(task: Task, held: Held, collection: str, *, stamp: Stamp | None = None) -> tuple[Held, Relabelled | None]:
    """A document whose text stands, as the file's name and what is beside it call it now; and the labels to write.

    ``stamp`` is that of the file, if the text is of it.
    """
    note = replace(held.note, stamp=stamp or held.note.stamp, given=task.given)
    known, root = held.file.source, task.place.root
    source = replace(task.source(collection, note), sha256=known.sha256)
    now = Held(replace(held.file, source=source, root=root), note)
    if (source, root, dict(note.given)) == (known, held.file.root, dict(held.note.given)):
        return now, None
    return now, Relabelled(known.source_id, source, root, note.labels(task.entry.shown.name)[2], note.encode())


def _renamed(place: Place) -> str:
    """What a row says of a file that has another name now."""
    before = place.holding.path if place.holding else place.path
    return f"It was called {before} before." if before != place.path else ""


def named_apart(members: Iterable[Member]) -> Iterator[Member]:
    """Members with names that can be printed and stored, no two the same."""
    taken: set[str] = set()
    for member in members:
        name, number = printable(member.name).strip("/"), 1
        unique = name
        while unique in taken:
            number += 1
            unique = f"{name} ({number})".strip()
        taken.add(unique)
        yield replace(member, name=unique)


def _taken(task: Task, member: str, files: Identities) -> str:
    """Why a document inside a file can't have its name; empty when it can."""
    if not member or not files.is_taken(f"{task.place.path}/{member}", task.entry.shown):
        return ""
    return "Another document has this very path: index one of the two into a collection of its own with --collection."


def note_of(member: str, extraction: Extraction, given: Mapping[str, str], stamp: Stamp | None) -> Note:
    """What is remembered of a document: its path inside the file, what it says itself, and what files beside it say."""
    return Note(
        member=member,
        stamp=stamp,
        title=extraction.title,
        date=extraction.date,
        fields=dict(extraction.metadata),
        given=dict(given),
    )


def _document(
    task: Task, note: Note, extraction: Extraction, made: Made | None, collection: str, recipe: Recipe
) -> IndexedDocument:
    """A document with chunks that have no vectors yet, unless those were made elsewhere."""
    source = task.source(collection, note)
    fields = note.labels(task.entry.shown.name)[2]
    if made:
        chunks, vectors = made.chunks(source.source_id, extraction.text), made.vectors
    else:
        chunks = chunk_document(
            extraction, source.source_id, max_tokens=recipe.max_tokens, count_tokens=recipe.count_tokens
        )
        vectors = NO_VECTORS
    status, reason = _status(extraction)
    return IndexedDocument(
        *(source, replace(extraction, metadata=fields), chunks, vectors),
        root=task.place.root,
        recipe=recipe.name,
        status=status,
        reason=reason,
        metadata=fields,
        sync=note.encode(),
    )


def _known(document: IndexedDocument) -> KnownFile:
    """What the index will know of a document."""
    return KnownFile(
        *(document.source, document.root, document.recipe, document.status, len(document.chunks)),
        *(len(document.extraction.pages), document.reason, document.sync),
    )


def _row(task: Task, held: Held) -> FileReport:
    file = held.file
    return FileReport(task.shown(held.note.member), file.status, file.reason, file.pages, file.chunks)


def _gone(place: Place, held: Iterable[Held], relabelled: Iterable[Relabelled]) -> tuple[str, ...]:
    """The ids that the file, or what it takes the place of, no longer has, and that its new labels take from others."""
    stay = {one.file.source.source_id for one in held}
    before = [name for holding in (place.holding, place.replaced) if holding for name in holding.source_ids]
    return tuple(name for name in (*before, *(one.source.source_id for one in relabelled)) if name not in stay)


def _nothing(problems: Sequence[tuple[str, str]]) -> str:
    """Why a file of several documents has none to search."""
    if not problems:
        return "There is no document in it."
    name, problem = problems[0]
    first = f"the first is {name or 'its own text'}: {problem.removesuffix(STANDS)}"
    return f"None of its {len(problems)} parts could be read; {first}"


def _status(extraction: Extraction) -> tuple[FileStatus, str]:
    """``partial`` when pages of the document gave no text, and the loader's warnings as the reason: one sentence."""
    partial = any(page.start == page.end for page in extraction.pages)
    said = "; ".join(warning.rstrip(".") for warning in extraction.warnings)
    return "partial" if partial else "indexed", f"{said[:1].upper()}{said[1:]}." if said else ""
