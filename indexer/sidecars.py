"""What people say of their files: in ``NAME.EXT.meta.yaml`` of one, in ``.footnote.yaml`` of all in a folder.

Each is a list of ``name: value`` in YAML; the nearer file wins, and any of them over what a document says of itself. A
value counts as it is written (``1.10`` stays ``1.10``). A line that can't count is named and the others do. What this
module does not do: know documents.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from indexer.loading.characters import clean_line
from indexer.stamps import open_regular
from indexer.walking import printable
from schema import FileReport, FootnoteError, checked_period

FOLDER_FILE = ".footnote.yaml"
SUFFIX = ".meta.yaml"
LARGEST = 64 * 1024
"""Bytes."""
MOST_FIELDS = 50
LONGEST_VALUE = 300
"""Characters."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_NULL = "tag:yaml.org,2002:null"


class Sidecars:
    """The files of one run that describe others; ``problems`` has a row for each that is bad."""

    def __init__(self) -> None:
        self.problems: list[FileReport] = []
        self._folders: dict[Path, dict[str, str]] = {}

    def fields(self, path: Path, folders: int) -> dict[str, str]:
        """What is said of a file; an empty value takes away what the file says itself.

        Args:
            path: of the file on disk.
            folders: how many count, from its own upwards.
        """
        said: dict[str, str] = {}
        for folder in reversed(path.parents[:folders]):
            if folder not in self._folders:
                self._folders[folder] = self._read(folder / FOLDER_FILE)
            said |= self._folders[folder]
        return said | self._read(path.with_name(path.name + SUFFIX))

    def take_problems(self) -> tuple[FileReport, ...]:
        """The rows since the last time."""
        problems, self.problems = tuple(self.problems), []
        return problems

    def _read(self, path: Path) -> dict[str, str]:
        fields, problems = read_fields(path)
        if problems:
            self.problems.append(FileReport(printable(str(path)), "refused", " ".join(problems)))
        return fields


def read_fields(path: Path) -> tuple[dict[str, str], list[str]]:
    """The fields in a file, none if it is not there, and a sentence for each line that does not count."""
    fields: dict[str, str] = {}
    problems: list[str] = []
    try:
        text = _text(path)
        for line, name, value in _pairs(text):
            problem = _problem(name, value, fields, is_folder=path.name == FOLDER_FILE)
            if problem:
                problems.append(f"Line {line}: {problem}")
            else:
                fields[name] = value or ""
    except FootnoteError as error:
        reason = str(error)
        return {}, [f"None of it counts: {reason[:1].lower()}{reason[1:]}"]
    return fields, problems


def _text(path: Path) -> str:
    """The text of a file; empty when there is none.

    Raises:
        FootnoteError: it is no small file of text.
    """
    try:
        with open_regular(path, follow=False) as file:
            data = file.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # beside a file with a long name there can be none
            return ""
        raise FootnoteError(f"it can't be read, or is a link ({error.strerror}).") from error
    if len(data) > LARGEST:
        raise FootnoteError(f"it has more than {LARGEST // 1024} KB.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise FootnoteError(f"line {line} is not UTF-8 text.") from error


def _pairs(text: str) -> Iterator[tuple[int, str, str | None]]:
    """Line, name and value of each field; ``None`` for a value that is not one text.

    Raises:
        FootnoteError: it is not YAML, or no list of fields.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        begins = error.context_mark if isinstance(error, yaml.scanner.ScannerError) else None
        mark = begins or error.problem_mark  # a line without a colon shows in the next one only
        line = mark.line + 1 if mark else 1
        raise FootnoteError(f"line {line} is not YAML ({error.problem}).") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise FootnoteError(f"it is not YAML ({type(error).__name__}).") from error
    if root is None:
        return
    if not isinstance(root, yaml.MappingNode):
        raise FootnoteError("line 1 is no 'name: value', such as 'team: red'.")
    for key, value in root.value:
        name = clean_line(key.value).lower() if isinstance(key, yaml.ScalarNode) else ""
        is_text = isinstance(value, yaml.ScalarNode)
        said = clean_line(value.value) if is_text and value.tag != _NULL else ""
        yield key.start_mark.line + 1, name, said if is_text else None


def _problem(name: str, value: str | None, fields: dict[str, str], *, is_folder: bool) -> str:  # noqa: PLR0911
    """Why a field does not count; empty when it does."""
    if not _NAME.fullmatch(name):
        return "a name has up to 40 letters, digits, '-' and '_', and begins with a letter."
    if value is None:
        return f"{name!r} must be one text, not a list."
    if len(value) > LONGEST_VALUE:
        return f"{name!r} is longer than {LONGEST_VALUE} characters."
    if name in fields:
        return f"{name!r} stands here a second time; the first counts."
    if len(fields) >= MOST_FIELDS:
        return f"{MOST_FIELDS} fields are the most."
    if name == "title" and is_folder:
        return f"a title is said of one file, in NAME{SUFFIX} beside it."
    if name == "date" and value:
        try:
            checked_period(value, None)
        except FootnoteError as error:
            return str(error)
    return ""
