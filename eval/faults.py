"""Reads the files of a question set line by line, and gathers what is wrong with them into one error.

Whoever mends a set by hand wants all of its faults at once. What the lines mean is for whoever reads them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from schema import FootnoteError, encodable

MOST_FAULTS = 20
"""Told in one error; more would not be read."""
MOST_ALIKE = 5
"""Of these, in the same words but for the line: a template that nobody has filled in has one in each row."""
LINE = re.compile(r"line \d+")


class Faults:
    """The faults found so far; where one is noted, reading goes on with the next line."""

    def __init__(self) -> None:
        self._sentences: list[str] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note the `FootnoteError` that ends the body, if one does."""
        try:
            yield
        except FootnoteError as error:
            self._sentences.append(" ".join(str(error).splitlines()))

    def raise_any(self) -> None:
        """Raise the faults as one error, a line each: `MOST_FAULTS` at most, `MOST_ALIKE` in the same words.

        Raises:
            FootnoteError: when there are any.
        """
        alike, told = Counter[str](), list[str]()
        for sentence in self._sentences:
            words = LINE.sub("", sentence, count=1)
            alike[words] += 1
            if alike[words] <= MOST_ALIKE and len(told) < MOST_FAULTS:
                told.append(sentence)
        if told:
            more = len(self._sentences) - len(told)
            raise FootnoteError("\n".join([*told, f"and {more} more"] if more else told))


def read_text(path: Path) -> str:
    """The whole of a file; a byte-order mark does not count.

    Raises:
        FootnoteError: when it can't be read or is not UTF-8, naming file and line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _not_utf8(f"{path}, line {line}") from error


def text_lines(path: Path, faults: Faults) -> Iterator[tuple[int, str]]:
    """The lines of a file that hold anything, with their numbers from 1; those that are not UTF-8 are faults.

    Raises:
        FootnoteError: when it can't be read.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                with faults.noted():
                    words = _decoded(line, f"{path}, line {number}", is_first=number == 1)
                    if words.strip():
                        yield number, words
    except OSError as error:
        raise _unreadable(path, error) from error


def json_lines(path: Path, faults: Faults) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSON Lines file with their line numbers; lines that hold none are faults.

    Raises:
        FootnoteError: when the file can't be read.
    """
    for number, line in text_lines(path, faults):
        with faults.noted():
            yield number, _parse_object(line, f"{path}, line {number}")


def _decoded(line: bytes, place: str, *, is_first: bool) -> str:
    try:
        return line.decode("utf-8-sig" if is_first else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise _not_utf8(place) from error


def _unreadable(path: Path, error: OSError) -> FootnoteError:
    return FootnoteError(f"The question set can't be read: {path}: {error.strerror}")


def _not_utf8(place: str) -> FootnoteError:
    return FootnoteError(f"{place}: this is not UTF-8; save the file with the encoding UTF-8")


def _parse_object(line: str, place: str) -> dict[str, Any]:
    try:
        record = json.loads(line, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        told = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise FootnoteError(f"{place}: this is not a whole line of JSON: {told}") from error
    except KeyError as error:
        raise FootnoteError(f"{place}, field {error.args[0]}: it stands there twice") from error
    if not isinstance(record, dict):
        raise FootnoteError(f"{place}: this is not a JSON object, with fields between {{ and }}")
    if "\\u" in line and encodable(told := json.dumps(record, ensure_ascii=False)) != told:
        raise FootnoteError(f"{place}: \\u begins half of a character here, without the other half")
    return record


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        raise KeyError(next(name for name in names if names.count(name) > 1))
    return record
