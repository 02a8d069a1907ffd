"""Runs as files: one JSON object with its head on the first line, and each question with everything on its own line.

Written whole or not at all, and read strictly: a fault names file, line and field. What was measured is read back, not
computed again, so that a run can be judged where neither index nor models are.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from eval.fields import Fields
from eval.files import json_line, write_whole
from eval.measures import summarise
from eval.outcomes import case_to_record, outcome_to_record, parse_case, parse_outcome
from eval.records import Run, RunFingerprint
from schema import FootnoteError

FORMAT = "footnote-run"
VERSION = 1
LONGEST_HEAD = 1_000_000
"""Bytes of a first line; a longer one is no head of ours."""
STRING_OR_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|(?P<constant>NaN|-?Infinity)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class RunHead:
    """What a result says before its questions: enough for a list of runs. ``measures`` are the figures of the set."""

    name: str
    questions: int
    fingerprint: RunFingerprint
    measures: Mapping[str, float | None]
    about: Mapping[str, Any]


def run_to_dict(run: Run) -> dict[str, Any]:
    """The JSON form that ``footnote eval run --json`` prints: every measure of the set, and what it was made with."""
    return {
        "name": run.name,
        "questions": len(run.cases),
        "measures": summarise(run.columns),
        "fingerprint": asdict(run.fingerprint),
    }


def save_run(run: Run, path: Path) -> None:
    """Write a run to a file, which is either there with all of it or as it was before.

    Raises:
        FootnoteError: when it can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, _lines(run))
    except OSError as error:
        raise FootnoteError(f"The run can't be written to {path}: {error.strerror or error}") from error


def load_run(path: Path) -> Run:
    """Read a run.

    Raises:
        FootnoteError: naming file, line and field: no JSON, cut off, of another version, no run at all, or not whole.
    """
    record, places = _read(path)
    head = _parse_head(record, str(path))
    cases, outcomes, values = [], [], []
    seen: set[str] = set()
    for item, place in zip(record["questions"], places, strict=True):
        case = parse_case(item, place)
        if case.question_id in seen:
            raise FootnoteError(f"{place}, field id: {case.question_id!r} is taken by an earlier question")
        seen.add(case.question_id)
        cases.append(case)
        outcomes.append(parse_outcome(item, place))
        values.append(Fields(item, place).record("measures"))
    if not cases:
        raise FootnoteError(f"{path} holds no questions")
    return Run(head.name, head.fingerprint, tuple(cases), tuple(outcomes), _columns(values), head.about)


def load_head(path: Path) -> RunHead:
    """Read what a result says before its questions; costs one line and a look at the file's end.

    Raises:
        FootnoteError: as `load_run`, as far as the head shows it.
    """
    try:
        with path.open("rb") as file:
            first = file.readline(LONGEST_HEAD).decode("utf-8")
            file.seek(-min(4, file.seek(0, os.SEEK_END)), os.SEEK_END)
            is_whole = file.read().endswith(b"\n]}\n")
        record = json.loads(first + "]}") if is_whole else None
    except (OSError, ValueError):
        record = None
    # Another program may have written the same in other lines; a fault is named by reading the whole.
    return _parse_head(record or _read(path)[0], str(path))


def parse_fingerprint(record: Fields) -> RunFingerprint:
    """A run's fingerprint from its JSON form; what is missing is unknown."""
    return RunFingerprint(**{part.name: record.text(part.name) for part in fields(RunFingerprint)})


# Within


def _lines(run: Run) -> Iterator[bytes]:
    """The file piece by piece."""
    head = {"format": FORMAT, "version": VERSION, **run_to_dict(run), "about": dict(run.about)}
    head["count"] = head.pop("questions")
    yield json_line(head)[:-1] + b', "questions": [\n'
    names = list(run.columns)
    columns = [[None if value != value else value for value in run.columns[name].tolist()] for name in names]  # noqa: PLR0124  (NaN)
    rows = zip(*columns, strict=True) if columns else [()] * len(run.cases)
    for number, (case, outcome, row) in enumerate(zip(run.cases, run.outcomes, rows, strict=True)):
        measures = dict(zip(names, row, strict=True))
        record = {**case_to_record(case), **outcome_to_record(outcome), "measures": measures}
        yield (b",\n" if number else b"") + json_line(record)
    yield b"\n]}\n"


def _read(path: Path) -> tuple[dict[str, Any], Sequence[str]]:
    """The file as JSON that claims to be a run of this version, with the place of each question."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FootnoteError(f"The run {path} can't be read: {getattr(error, 'strerror', None) or error}") from error
    try:
        record = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise FootnoteError(_explain(error, text, path)) from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise FootnoteError(f"{path} is not a run: it holds no result that 'footnote eval run' wrote")
    if (version := record.get("version")) != VERSION:
        age = "a newer" if isinstance(version, int) and version > VERSION else "an older"
        mend = "Update this Footnote" if age == "a newer" else "Run the evaluation again"
        raise FootnoteError(
            f"{path}, line 1: it was written by {age} Footnote, in format version {version!r}; this one reads "
            f"{VERSION}. {mend}."
        )
    questions = record.get("questions")
    if not isinstance(questions, list):
        raise FootnoteError(f"{path}, line 1, field questions: it is not a list")
    return record, _places(path, text, len(questions))


def _places(path: Path, text: str, count: int) -> list[str]:
    """Where each question stands: its line, unless another program has written the file in other lines."""
    ours = text.count("\n") == count + 2
    return [f"{path}, line {number + 2}" if ours else f"{path}, question {number + 1}" for number in range(count)]


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _explain(error: ValueError | RecursionError, text: str, path: Path) -> str:
    """What is wrong with a file that is not JSON."""
    if not (isinstance(error, json.JSONDecodeError) or str(error) in ("NaN", "Infinity", "-Infinity")):
        return f"{path} is not JSON that can be read: {error}"
    if f'"format": "{FORMAT}"' not in text[:LONGEST_HEAD]:
        return f"{path} is not a run: it holds no result that 'footnote eval run' wrote"
    if not isinstance(error, json.JSONDecodeError):
        found = next(match for match in STRING_OR_CONSTANT.finditer(text) if match["constant"])
        line = text.count("\n", 0, found.start()) + 1
        return f"{path}, line {line}: {error} is not a number that JSON knows; write null where there is no value"
    if error.lineno >= (last := text.rstrip("\n").count("\n") + 1) and not error.msg.startswith("Extra data"):
        return f"{path}, line {last}: the file ends in the middle; copy it again, or run the evaluation again"
    return f"{path}, line {error.lineno}: this is not JSON: {error.msg}"


def _parse_head(record: Mapping[str, Any], path: str) -> RunHead:
    head = Fields(record, f"{path}, line 1")
    measures = head.record("measures")
    return RunHead(
        name=head.text("name"),
        questions=head.whole("count") or len(record["questions"]),
        fingerprint=parse_fingerprint(head.record("fingerprint")),
        measures={name: measures.number(name) for name in measures.as_dict()},
        about=head.record("about").as_dict(),
    )


def _columns(rows: Sequence[Fields]) -> dict[str, np.ndarray]:
    """The values of each measure, (questions,) float64, NaN for null; every question has to have every measure."""
    names = list(rows[0].as_dict())
    for row in rows:
        if odd := set(names) ^ set(row.as_dict()):
            raise FootnoteError(f"{row.place}, field {min(odd)}: it is in some questions only")
    values = [[row.number(name) for name in names] for row in rows]
    matrix = np.array(values, dtype=np.float64).reshape(len(rows), len(names))
    return {name: matrix[:, place].copy() for place, name in enumerate(names)}
