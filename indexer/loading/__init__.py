"""One file in, its text with offsets out: `load` decides what the file is and hands it to the loader of that format.

Every reason to refuse a file is a `schema.FootnoteError`; nothing else leaves this package, whatever the bytes are.
"""

from __future__ import annotations

import hashlib
import stat
from importlib import import_module
from pathlib import Path

from indexer.loading.characters import printable
from indexer.loading.formats import Format
from indexer.loading.languages import with_language
from indexer.loading.members import Member
from indexer.loading.sniffing import detect_format, named_format
from indexer.stamps import ChangedError
from schema import Extraction, FootnoteError

__all__ = ["LARGEST_FILE", "load", "load_all", "load_bytes", "printable"]

LARGEST_FILE = 200 * 1024 * 1024


def load(path: Path) -> Extraction:
    """Read one file that is no container.

    Args:
        path: a regular file, or a link to one.

    Returns:
        Its text, blocks, pages, title and stated date, with warnings for the report.

    Raises:
        FootnoteError: when it can't be read, with the reason and what to do.
    """
    return load_bytes(path.name, _read(path))


def load_all(path: Path, sha256: str = "") -> tuple[Member, ...]:
    """Read one file and, when it is a container, the documents in it.

    Args:
        path: a regular file, or a link to one.
        sha256: of the file that is meant; of any when it is not given.

    Returns:
        One member for each document; what can't be read in a container is a member with its reason.

    Raises:
        FootnoteError: when nothing of it can be read, with the reason and what to do.
        ChangedError: what was read is another file.
    """
    from indexer.loading.containers.unpacking import unpack_all  # noqa: PLC0415  (lxml is for the process that parses)

    data = _read(path)
    if sha256 and hashlib.sha256(data).hexdigest() != sha256:
        raise ChangedError
    try:
        return unpack_all(path.name, data, load_bytes)
    except FootnoteError as error:
        raise _about(path.name, error) from error
    except Exception as error:  # the parsers of damaged containers raise whatever they happen to meet
        raise FootnoteError(f"{printable(path.name)} can't be read ({_describe(error)}): it may be damaged.") from error


def _read(path: Path) -> bytes:
    """The bytes of a file that may be read.

    Raises:
        FootnoteError: when it is no file, too large, of a type that is not read, or can't be opened.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise FootnoteError("It is not a regular file.")
        _refuse_large(status.st_size)
        named_format(path.name)  # a large file of another type is refused before it is read
        return path.read_bytes()
    except FootnoteError as error:
        raise _about(path.name, error) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise FootnoteError(f"{printable(path.name)} can't be opened: {reason}.") from error


def load_bytes(name: str, data: bytes) -> Extraction:
    """Read one file that is in memory already; ``name`` gives its extension and stands in messages.

    Raises:
        FootnoteError: when it can't be read, with the reason and what to do.
    """
    kind: Format | None = None
    try:
        _refuse_large(len(data))
        named_format(name)
        if not data or data.isspace():
            raise FootnoteError("It is empty.")
        kind = detect_format(name, data)
        if kind.is_container:
            raise FootnoteError(f"It is {kind.described}, which holds documents and is none itself.")
        extraction: Extraction = import_module(f"indexer.loading.{kind.module}").load(data)
    except FootnoteError as error:
        raise _about(name, error) from error
    except Exception as error:  # parsers of damaged files raise whatever they happen to meet
        what = kind.name if kind else "document"
        raise FootnoteError(
            f"{printable(name)} can't be read as {what} ({_describe(error)}): it may be damaged."
        ) from error
    if not extraction.text:
        unread = f" ({'; '.join(extraction.warnings)})" if extraction.warnings else ""
        raise FootnoteError(f"{printable(name)} is empty: no text was found in it{unread}.")
    return with_language(extraction)


def _about(name: str, error: FootnoteError) -> FootnoteError:
    """The error with the file's name in the place of its "It"."""
    text = str(error)
    if text.startswith(printable(name)):
        return error
    return FootnoteError(f"{printable(name)}{text[2:]}" if text.startswith("It ") else f"{printable(name)}: {text}")


def _describe(error: Exception) -> str:
    first_line = str(error).strip().split("\n")[0][:200]
    return f"{type(error).__name__}: {first_line}" if first_line else type(error).__name__


def _refuse_large(size: int) -> None:
    if size > LARGEST_FILE:
        most, found = LARGEST_FILE // 2**20, -(-size // 2**20)
        raise FootnoteError(f"It is too large: {found} MB, and {most} MB is the most. Split it.")
