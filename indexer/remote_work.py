"""What a machine far from the index does with a file: read it in a process of its own, chunk it, and embed its chunks.

Jobs and results travel as JSON, vectors as bytes; nothing that comes back is believed, as nothing is that comes from a
parser (`indexer.parsing.wire`). What this module does not do: know what carries them there and back.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from indexer.ahead import EMBED_CHUNKS
from indexer.chunking import chunk_document, embedding_text
from indexer.elsewhere import Read
from indexer.loading.members import Member
from indexer.parsing.framing import MalformedError
from indexer.parsing.wire import integer, members_from_json, members_to_json, short_text
from indexer.preparing import Task, named_apart, note_of
from indexer.recipe import Made, Recipe
from indexer.stamps import ChangedError, Stamped, read_stamped
from indexer.walking import LEADS_OUT
from schema import FootnoteError

MOST_DEATHS = 3
"""Processes that may die of one file, or of one part of what is embedded, before it is given up."""
DIED = "It could not be read: the process that read it on Ray died time after time."
UNEMBEDDED = "It could not be embedded: the process that embedded it on Ray died time after time."

Text = TypeVar("Text")
MakeRecipe = Callable[[], Recipe]
"""Makes the recipe of a run where it is used; it travels there by its name, so it is a function of a module."""


@dataclass(frozen=True, slots=True)
class Job:
    """A file to read.

    Attributes:
        number: of the job within its run.
        path: of the file.
        within: the folder that it must lie in, if it was found in one.
        name: the file's name as text.
        sha256: of the content that is meant.
        given: what files beside it say of it.
        embed: whether its vectors are wanted.
    """

    number: int
    path: Path
    within: Path | None
    name: str
    sha256: str
    given: Mapping[str, str]
    embed: bool


def job_of(number: int, task: Task, *, embed: bool) -> Job:
    """The job of a task."""
    entry = task.entry
    return Job(number, entry.found.path, entry.within, entry.shown.name, task.stamped.sha256, task.given, embed)


def encode_jobs(jobs: Iterable[Job]) -> bytes:
    """Jobs as they travel."""
    return _to_json(
        [
            (one.number, _place(one.path), _place(one.within), one.name, one.sha256, dict(one.given), one.embed)
            for one in jobs
        ]
    )


def decode_jobs(data: bytes) -> list[Job]:
    """The jobs that `encode_jobs` made of them."""
    return [
        Job(number, _path(path) or Path(), _path(within), name, sha256, given, embed)
        for number, path, within, name, sha256, given, embed in json.loads(data)
    ]


def work(job: Job, recipe: Recipe, *, is_far: bool) -> tuple[dict[str, Any], list[str]]:
    """The reply to a job, and the texts to embed for it.

    Args:
        job: the file to read.
        recipe: how.
        is_far: whether this is another machine than the one that found the file.
    """
    try:
        stamped, members = _load(job, recipe, is_far=is_far)
        documents = [(member.extraction, _title(job, member)) for member in named_apart(members)]
        chunks = [
            chunk_document(extraction, "", max_tokens=recipe.max_tokens, count_tokens=recipe.count_tokens)
            if extraction
            else []
            for extraction, _ in documents
        ]
    except FootnoteError as error:
        return refusal(job, str(error)), []
    except Exception as error:  # as a run does with a file that breaks a parser
        return refusal(job, f"It could not be read ({type(error).__name__}: {error})."), []
    titled = zip(documents, chunks, strict=True)
    texts = [embedding_text(title, chunk) for (_, title), own in titled for chunk in own] if job.embed else []
    reply = {
        "number": job.number,
        "embed": job.embed,
        "sha256": stamped.sha256,
        "stamp": stamped.stamp,
        "members": members_to_json(members),
        "spans": [[(one.start, one.end, one.page, one.heading) for one in own] for own in chunks],
    }
    return reply, texts


def refusal(job: Job, reason: str) -> dict[str, Any]:
    """The reply for a file that can't be read."""
    return {"number": job.number, "refused": reason}


def _load(job: Job, recipe: Recipe, *, is_far: bool) -> tuple[Stamped, tuple[Member, ...]]:
    """What the file is and holds; looked at anew when it is not what is meant."""
    if is_far and not job.path.exists():
        raise FootnoteError(
            f"It can't be seen from {os.uname().nodename}, which was to read it: put the documents into a folder that "
            "every machine of the cluster has under the same path, or index them without --ray."
        )
    try:
        return Stamped(job.sha256, None), recipe.load(job.path, job.sha256)
    except ChangedError:
        stamped = read_stamped(job.path, None)
        if job.within and not job.path.resolve().is_relative_to(job.within):
            raise FootnoteError(LEADS_OUT) from None
        return stamped, recipe.load(job.path, stamped.sha256)


def _title(job: Job, member: Member) -> str:
    """The title that the document is embedded with."""
    return note_of(member.name, member.extraction, job.given, None).labels(job.name)[0] if member.extraction else ""


def parts_of(texts: Sequence[Text]) -> list[Sequence[Text]]:
    """Texts as they are handed to the embedder at a time."""
    return [texts[start : start + EMBED_CHUNKS] for start in range(0, len(texts), EMBED_CHUNKS)]


def read_of(reply: Mapping[str, Any], rows: np.ndarray, stamped: Stamped, longest: int) -> Read:
    """What a reply says of a file.

    Args:
        reply: of `work`.
        rows: vectors of its chunks, (chunks, dimension) float32; (0, dimension) when none were wanted.
        stamped: what the file was when the job was given.
        longest: characters of a document.

    Raises:
        MalformedError: when it is no such reply.
        FootnoteError: when it refuses the file.
    """
    if "refused" in reply:
        raise FootnoteError(short_text(reply["refused"]))
    members, made, offset = members_from_json(reply["members"], longest), list[Made | None](), 0
    spans = [[tuple(span) for span in own] for own in reply["spans"]]
    if len(spans) != len(members) or (len(rows) and len(rows) != sum(map(len, spans))):
        raise MalformedError("It has not one list of chunks for each document, or not one vector for each chunk.")
    for member, own in zip(members, spans, strict=True):
        checked = tuple(_span(span, member) for span in own)
        vectors = rows[offset : offset + len(own)]
        made.append(Made(checked, vectors) if member.extraction else None)
        offset += len(own)
    if reply["sha256"] != stamped.sha256:
        stamp = reply["stamp"]
        stamped = Stamped(short_text(reply["sha256"]), tuple(stamp) if stamp else None)
    return Read(stamped, members, tuple(made))


def _span(span: tuple[Any, ...], member: Member) -> tuple[int, int, int | None, str]:
    """A chunk of a document, checked."""
    if len(span) != 4 or not member.extraction:
        raise MalformedError("It is no chunk.")
    start, end, page, heading = span
    length = len(member.extraction.text)
    first = integer(start, 0, length)
    number = None if page is None else integer(page, 1, len(member.extraction.pages))
    return first, integer(end, first + 1, length), number, short_text(heading)


def _to_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def _place(path: Path | None) -> str:
    """A path as text, whatever bytes it has."""
    return base64.b64encode(os.fsencode(path)).decode("ascii") if path else ""


def _path(place: str) -> Path | None:
    return Path(os.fsdecode(base64.b64decode(place))) if place else None
