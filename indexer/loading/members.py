"""What one file gives: a document, or several when it is a container (a mail with attachments, an archive)."""

from __future__ import annotations

from dataclasses import dataclass

from schema import Extraction

JUNK = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


@dataclass(frozen=True, slots=True)
class Part:
    """What a container holds: a file of its own with its bytes, or the reason why it is left out.

    ``name`` is its path inside, with forward slashes; it is data and never opened as a path. It is empty for what the
    container says itself, such as the text of a mail, which comes as ``extraction``.
    """

    name: str
    data: bytes = b""
    extraction: Extraction | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """One document of a file: its path inside (empty: the file itself), and its text or why there is none."""

    name: str
    extraction: Extraction | None
    problem: str = ""


def is_junk_name(name: str) -> bool:
    """Whether a file or folder of this name is what systems and programs leave behind."""
    return name.startswith((".", "~$")) or name.lower() in JUNK
