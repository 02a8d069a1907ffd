"""Messages over a pipe: four bytes of length, then JSON; a request is answered by one message that bears its number.

A request is an object with ``do`` (``parse``; another kind, such as drawing a page, may come), ``number`` and what
that kind needs. A reply holds the same ``number``, as does each sign of progress that may come before it
(``progress``: the number of a step, and of all or 0).
"""

from __future__ import annotations

import json
import os
import struct
from typing import Any, NoReturn

LENGTH = struct.Struct(">I")
_MOST_PIECES = 4_000_000


class MalformedError(ValueError):
    """What came is no message of ours."""


def frame(message: dict[str, Any]) -> bytes:
    """The message as it travels."""
    payload = json.dumps(message, separators=(",", ":"), allow_nan=False).encode("ascii")
    return LENGTH.pack(len(payload)) + payload


def write_all(descriptor: int, data: bytes) -> None:
    """Write everything, however often the pipe is full."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def read_message(descriptor: int) -> dict[str, Any] | None:
    """The next message of one who is trusted; ``None`` at the end of the pipe."""
    header = _read_exactly(descriptor, LENGTH.size)
    return parse_message(_read_exactly(descriptor, LENGTH.unpack(header)[0])) if header else None


def _read_exactly(descriptor: int, size: int) -> bytes:
    """So many bytes, or none at the end of the pipe."""
    parts = bytearray()
    while len(parts) < size:
        part = os.read(descriptor, size - len(parts))
        if not part:
            return b""
        parts += part
    return bytes(parts)


def parse_message(payload: bytes | bytearray) -> dict[str, Any]:
    """The message in a frame, whoever sent it.

    Everything long in a message is one string, so a payload with very many brackets and commas is none: parsed, each
    of them could take thirty times its size.

    Raises:
        MalformedError: when it is no JSON object.
    """
    if sum(map(payload.count, (b"[", b"{", b","))) > _MOST_PIECES:
        raise MalformedError("It has too many pieces.")
    try:
        message = json.loads(payload, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedError("It is no JSON.") from error
    if not isinstance(message, dict):
        raise MalformedError("It is no object.")
    return message


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
