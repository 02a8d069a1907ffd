"""Starts a hand-written question set: rows from the documents of an index, or from the feedback of readers.

A drafted row holds what can be known (source, page, what was asked) and a placeholder for what only a person can say;
`eval.sets.questions` refuses it until it is filled in. This module writes text and leaves the file to its caller.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from eval.sets.handwritten import EVIDENCE_FIELDS
from eval.sets.questions import ANSWER_PLACEHOLDER, EXAMPLE_MARK, QUESTION_PLACEHOLDER
from eval.sets.rows import COMMENTED, write_rows
from schema import SourceInfo, encodable

UNANSWERABLE_EVERY = 5
"""A draft has one row to be marked unanswerable for as many others, and at least one: refusing has to be tested too."""
FEEDBACK_KIND = "feedback"

HEAD = f"""\
# A question set for Footnote: fill in each row, or delete it.
#
#   id            any name, each only once: results are compared by it, so keep it when you change the words
#   question      as your readers would ask it, without the words of the document if you can
#   kind          optional: a name for a group of questions; a report shows each group by itself
#   answers       a list; any one of them will do, so add other spellings: ["12 October 2022", "12/10/2022"]
#   evidence      where the answer stands: source, and a page or a quote (copied word for word) if you like;
#                 any one place will do
#   together      true: it takes all answers and all places, as for a comparison of two documents
#   unanswerable  true: the documents don't say, and a refusal is right; such a row has neither answers nor evidence
#   history       for a follow-up: the turns before it, oldest first, each with question and (if you like) answer
#   note          for people; it is not used
#
# Keep the quotation marks. A row that still holds {QUESTION_PLACEHOLDER} or {ANSWER_PLACEHOLDER} is refused, with its
# line.

"""

_EXAMPLES: tuple[dict[str, Any], ...] = (
    {
        "id": "example-1",
        "question": f"{EXAMPLE_MARK} When was the plan published?",
        "kind": "date",
        "answers": ["12 October 2022", "12/10/2022"],
        "evidence": [{"source": "plan.pdf", "page": 2, "quote": "published on 12 October 2022"}],
        "note": "Any one of the answers will do. Page and quote are optional. Delete this row.",
    },
    {
        "id": "example-2",
        "question": f"{EXAMPLE_MARK} Who heads the two bodies?",
        "answers": ["Ada Bell", "Carl Dean"],
        "evidence": [{"source": "plan.pdf"}, {"source": "reply.docx"}],
        "together": True,
        "note": "together: it takes all answers and all evidence; in CSV a row below with a source alone is more "
        "evidence. Delete this row.",
    },
    {
        "id": "example-3",
        "question": f"{EXAMPLE_MARK} What did the plan cost?",
        "unanswerable": True,
        "note": "The documents don't say, and a refusal is right. Delete this row.",
    },
)
"""Explain by example what a form without comments can't; every one of them is refused until it is deleted."""


class Told(Protocol):
    """What is read of a reader's feedback."""

    @property
    def question(self) -> str: ...  # noqa: D102
    @property
    def rating(self) -> str: ...  # noqa: D102
    @property
    def wrong_citations(self) -> Sequence[int]: ...  # noqa: D102
    @property
    def comment(self) -> str: ...  # noqa: D102
    @property
    def citations(self) -> Sequence[Mapping[str, Any]]: ...  # noqa: D102


def draft_from_sources(infos: Sequence[SourceInfo], pages: Mapping[str, int], per_source: int) -> list[dict[str, Any]]:
    """Rows to fill in, spread over documents and pages, and then some to be asked of no document.

    Args:
        infos: of the documents; those without text are left out, and without any there are no rows.
        pages: how many pages each has, by source id; 0 or nothing for documents without pages.
        per_source: rows for each document.
    """
    rows = []
    for info in infos:
        source_id = info.source.source_id
        for turn in range(per_source if info.characters else 0):
            found: dict[str, Any] = {"source": source_id}
            if count := pages.get(source_id, 0):
                found["page"] = 1 + (2 * turn + 1) * count // (2 * per_source)  # the middle of equal parts
            rows.append({"answers": [ANSWER_PLACEHOLDER], "evidence": [found], "note": info.source.title})
    refusals = max(1, len(rows) // UNANSWERABLE_EVERY) if rows else 0
    rows += [{"unanswerable": True, "note": "Close to the documents, yet not in them."} for _ in range(refusals)]
    return [{"id": f"q{number}", "question": QUESTION_PLACEHOLDER, **row} for number, row in enumerate(rows, start=1)]


def draft_from_feedback(records: Iterable[Told]) -> list[dict[str, Any]]:
    """A row for each question whose answer got a thumbs-down, in the order they were first asked.

    Its evidence are the places that were cited and not marked wrong: candidates, for a person to confirm. A question
    that was asked twice, whatever its case and white space, is one row.
    """
    rows: dict[str, dict[str, Any]] = {}
    for record in records:
        if record.rating != "down":
            continue
        question = encodable(record.question).strip()
        key = " ".join(question.casefold().split())
        row = rows.setdefault(key, {**_feedback_row(question, key), "evidence": [], "note": ""})
        for found in _candidates(record):
            if found not in row["evidence"]:
                row["evidence"].append(found)
        row["note"] = "\n".join(filter(None, (row["note"], encodable(record.comment).strip())))
    return [{name: value for name, value in row.items() if value} for row in rows.values()]


def _feedback_row(question: str, key: str) -> dict[str, Any]:
    """A new row; its id depends on the question alone, so that a later draft names it alike."""
    name = hashlib.sha256(key.encode()).hexdigest()[:8]
    return {"id": f"feedback-{name}", "question": question, "kind": FEEDBACK_KIND, "answers": [ANSWER_PLACEHOLDER]}


def _candidates(record: Told) -> Iterator[dict[str, Any]]:
    for number, citation in enumerate(record.citations, start=1):
        if number not in record.wrong_citations and citation.get("source"):
            yield {name: citation[name] for name in EVIDENCE_FIELDS if citation.get(name)}


def write_draft(rows: Sequence[Mapping[str, Any]], suffix: str) -> str:
    """A file to fill in, which explains itself: in comments where the form has them, else by rows of example.

    Args:
        rows: as drafted.
        suffix: of the file: .yaml, .yml, .csv or .jsonl.

    Raises:
        FootnoteError: for another suffix, or a row that the form can't hold.
    """
    body = write_rows([*(() if suffix in COMMENTED else _EXAMPLES), *rows], suffix)
    return HEAD + body if suffix in COMMENTED else body
