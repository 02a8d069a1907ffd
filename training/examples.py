"""Training examples: from files of questions and passages to pairs of texts with what the model should say of them.

A file holds a JSON object a line: question, passage, answers, starts (characters), unanswerable; claims carry a label.
What is learnt from examples that nobody wrote (questions that a passage does not answer, claims that it does not hold)
is made in `training.negatives`.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from language import sentence_spans

LONGEST_PASSAGE = 1100
"""Characters; of a longer passage a stretch around the answer is read, as chunks are about that long."""


@dataclass(frozen=True, slots=True)
class Example:
    """A pair of texts. Of a question: whether the passage answers it, and where, as far as anybody said.

    ``answer`` is a span of characters of the passage, ``evidence`` one that holds the answer; ``support`` is what a
    claim's label says, and ``None`` for questions, as ``answerable`` is for claims.
    """

    first: str
    second: str
    answerable: bool | None = None
    answer: tuple[int, int] | None = None
    evidence: tuple[int, int] | None = None
    support: bool | None = None


def read_questions(path: Path, draw: random.Random) -> list[Example]:
    """The questions of one file; those whose answer can't be found in the passage tell only that there is one."""
    return [_window(example, draw) for row in _rows(path) if (example := _question(row)) is not None]


def read_claims(path: Path) -> list[Example]:
    """The claims of one file, with whether their passage supports them."""
    return [Example(row["question"], row["passage"], support=row["label"] == "SUPPORTS") for row in _rows(path)]


def read_yes_no(path: Path) -> list[Example]:
    """Questions whose answer is yes or no, as claims: the question with the right word, or with the wrong one."""
    rows = list(_rows(path))
    examples = []
    for place, row in enumerate(rows):
        says, right = ("yes", "no")[place % 2], str(row["answers"][0]).lower() in ("true", "yes")
        examples.append(Example(f"{row['question']}? {says}", row["passage"], support=(says == "yes") == right))
    return examples


def join_sentences(path: Path, draw: random.Random) -> list[Example]:
    """Questions over single sentences, each sentence put back among up to four others of its article."""
    rows = [row for row in _rows(path) if row.get("starts")]
    articles: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        articles[row["group"].rsplit(":", 2)[0]][row["group"]] = row["passage"]
    examples = []
    for row in rows:
        others = list(articles[row["group"].rsplit(":", 2)[0]])
        place = others.index(row["group"])
        before, after = draw.randint(0, 2), draw.randint(0, 2)
        near = [articles[row["group"].rsplit(":", 2)[0]][name] for name in others[max(0, place - before) : place]]
        rest = [articles[row["group"].rsplit(":", 2)[0]][name] for name in others[place + 1 : place + 1 + after]]
        offset = sum(len(text) + 1 for text in near)
        start = row["starts"][0] + offset
        passage = " ".join([*near, row["passage"], *rest])
        evidence = (offset, offset + len(row["passage"]))
        answer = (start, start + len(row["answers"][0]))
        examples.append(Example(row["question"], passage, True, answer, evidence))
    return examples


def _question(row: dict[str, Any]) -> Example | None:
    question, passage, answers = row["question"], row["passage"], row.get("answers") or []
    if row.get("unanswerable"):
        return Example(question, passage, False)
    answers = [answer for answer in answers if answer not in ("True", "False", "CANNOTANSWER")]
    starts = row.get("starts") or [passage.find(answer) for answer in answers]
    found = [(start, start + len(answer)) for start, answer in zip(starts, answers, strict=False) if start >= 0]
    if not found:
        return Example(question, passage, True)
    answer = min(found, key=lambda span: span[1] - span[0])
    is_short = answer[1] - answer[0] <= 120
    return Example(question, passage, True, answer if is_short else None, _around(passage, answer))


def _around(passage: str, answer: tuple[int, int]) -> tuple[int, int]:
    """The sentences that an answer stands in."""
    spans = [span for span in sentence_spans(passage) if span[0] < answer[1] and answer[0] < span[1]]
    return (spans[0][0], spans[-1][1]) if spans else answer


def _window(example: Example, draw: random.Random) -> Example:
    """A stretch of whole words of the passage with the evidence somewhere in it."""
    if len(example.second) <= LONGEST_PASSAGE:
        return example
    low, high = example.evidence or (0, 0)
    room = max(LONGEST_PASSAGE - (high - low), 0)
    start = max(0, min(low - draw.randint(0, room), len(example.second) - LONGEST_PASSAGE))
    start = example.second.find(" ", start - 1) + 1 if start else 0
    start = min(start, low)
    stretch = example.second[start : max(start + LONGEST_PASSAGE, high)]
    return replace(
        example, second=stretch, answer=_shift(example.answer, start), evidence=_shift(example.evidence, start)
    )


def _shift(span: tuple[int, int] | None, by: int) -> tuple[int, int] | None:
    return None if span is None else (span[0] - by, span[1] - by)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def sample(examples: Sequence[Example], count: int, draw: random.Random) -> list[Example]:
    """So many of the examples, or all."""
    return list(examples) if len(examples) <= count else draw.sample(examples, count)
