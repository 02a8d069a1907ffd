"""Which characters may stand in extracted text, and how names from a file system are shown.

Text that a reader and a language model both see must not hold characters that only one of them sees: control
characters, zero-width and direction marks, tag characters and lone surrogates are dropped here, once, for every
format.
"""

from __future__ import annotations

import re
import sys

_HIDDEN = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # controls that are not white space
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e"  # soft hyphen, joiners and fillers
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f"  # zero width, direction marks, invisible operators
    "\ufeff\ufff9-\ufffb\ufffe\uffff"  # byte order mark, annotation, non-characters
    "\ud800-\udfff"  # lone surrogates
    "\U000e0000-\U000e0fff"  # tags and supplementary variation selectors
)
_FORBIDDEN = re.compile(f"[{_HIDDEN}]")
_LINE_BREAK = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_WIDE_SPACE = re.compile(r"[^\S\n\t ]")
_SPACES = re.compile(r" *[^\S ]\s*| {2,}")  # not a lone space: a match for each word would cost a gigabyte for 50 MB
_NAME_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def clean_line(text: str) -> str:
    r"""``text`` as one line: visible characters, single spaces, no space at either end.

    >>> clean_line(" one\n two\u00a0three\u200b ")
    'one two three'
    """
    return _SPACES.sub(" ", _FORBIDDEN.sub("", text)).strip()


def clean_line_places(text: str) -> tuple[str, list[int]]:
    r"""What `clean_line` gives, and for each of its characters the place in ``text`` that it comes from.

    A space that stands for several has the place of the first.

    >>> clean_line_places(" one\n two\u200b ")
    ('one two', [1, 2, 3, 4, 6, 7, 8])
    """
    places = [place for place, character in enumerate(text) if not _FORBIDDEN.match(character)]
    visible = "".join(text[place] for place in places)
    kept: list[int] = []
    done = 0
    for spaces in _SPACES.finditer(visible):
        kept += places[done : spaces.start() + 1]
        done = spaces.end()
    kept += places[done:]
    spaced = _SPACES.sub(" ", visible)
    line = spaced.strip()
    lead = len(spaced) - len(spaced.lstrip()) if line else 0
    return line, kept[lead : lead + len(line)]


def clean_verbatim(text: str) -> str:
    """``text`` with its lines and indents, for code; no hidden characters, no space at line ends."""
    text = _WIDE_SPACE.sub(" ", _FORBIDDEN.sub("", unify_lines(text)))
    lines = [line.rstrip() for line in text.split("\n")]
    return "\n".join(lines).strip("\n")


def unify_lines(text: str) -> str:
    """``text`` with every kind of line break written as a single newline."""
    return _LINE_BREAK.sub("\n", text)


def printable(name: str) -> str:
    r"""A file name that can be printed anywhere: what can't be shown is escaped, and no two names look the same.

    Bytes that are not UTF-8 (held as lone surrogates by the operating system's convention) show as ``\xNN``.

    >>> printable("a\nb\udcff")
    'a\\nb\\xff'
    """
    return "".join(_escape(character) for character in name)


def _escape(character: str) -> str:
    if character in _NAME_ESCAPES:
        return _NAME_ESCAPES[character]
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    if character == " " or (character.isprintable() and not _FORBIDDEN.match(character)):
        return character
    return f"\\u{ord(character):04x}" if ord(character) <= 0xFFFF else f"\\U{ord(character):08x}"


def forbidden_characters() -> frozenset[str]:
    """Every character that extracted text never holds, for tests and for whoever wants to check a text."""
    everything = map(chr, range(sys.maxunicode + 1))
    controls = {chr(code) for code in range(32)} - {"\n", "\t"}
    return frozenset(character for character in everything if _FORBIDDEN.match(character)) | controls
