"""RTF as a run of tokens: control words, braces, bytes and text. What they mean is not known here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?[0-9]{1,10})? ?"  # a control word with its number
    rb"|\\'([0-9a-fA-F]{2})"  # a byte in the encoding of the font
    rb"|\\([^a-zA-Z])"  # a control symbol
    rb"|([{}])"
    rb"|[\r\n]+"
    rb"|([^\\{}\r\n]+)",
    re.DOTALL,
)
_SYMBOLS = {b"\n": "par", b"\r": "par"}
_ESCAPED = frozenset({b"\\", b"{", b"}"})


@dataclass(frozen=True, slots=True)
class Token:
    """One token: a control word (``name``, and its ``number`` where it has one), a brace, or bytes of text."""

    kind: Literal["word", "open", "close", "bytes"]
    name: str = ""
    number: int | None = None
    data: bytes = b""


def tokens(data: bytes) -> Iterator[Token]:
    r"""The tokens of an RTF document; the bytes that ``\bin`` announces are passed over."""
    position = 0
    while match := _TOKEN.match(data, position):
        position = match.end()
        word, number, hexadecimal, symbol, brace, text = match.groups()
        if word:
            token = Token("word", word.decode(), int(number) if number else None)
            if token.name == "bin":
                position += max(0, token.number or 0)
            yield token
        elif hexadecimal:
            yield Token("bytes", data=bytes.fromhex(hexadecimal.decode()))
        elif symbol in _ESCAPED:
            yield Token("bytes", data=symbol)
        elif symbol:
            yield Token("word", _SYMBOLS.get(symbol) or symbol.decode("latin-1"))
        elif brace:
            yield Token("open" if brace == b"{" else "close")
        elif text:
            yield Token("bytes", data=text)
