"""Reads the fields of one JSON object with their types checked, for outcomes, results and journals.

A fault names its place and field. What the fields mean is for whoever asks for them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from reprlib import repr as shown
from typing import Any, NoReturn

from schema import FootnoteError


class Fields:
    """One JSON object; a field that is null counts as missing.

    Args:
        record: as parsed; unknown keys are left alone.
        place: file and line, for the error.

    Raises:
        FootnoteError: when it is no object, and from every method when a field has another type; names place and field.
    """

    __slots__ = ("_record", "place")

    def __init__(self, record: Any, place: str) -> None:
        if not isinstance(record, Mapping):
            raise FootnoteError(f"{place}: {shown(record)} is not a JSON object")
        self._record, self.place = record, place

    def has(self, name: str) -> bool:
        """Whether the field is there."""
        return self._record.get(name) is not None

    def as_dict(self) -> dict[str, Any]:
        """All fields as they are, in their order, null or not."""
        return dict(self._record)

    def fail(self, name: str, value: Any, wanted: str) -> NoReturn:
        """Raise the error for a field."""
        raise FootnoteError(f"{self.place}, field {name}: {shown(value)} is not {wanted}")

    def text(self, name: str, *, required: bool = False) -> str:
        """Words; empty when missing."""
        value = self._record.get(name)
        if value is None and not required:
            return ""
        if not isinstance(value, str) or (required and not value):
            self.fail(name, value, "text")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of words."""
        for value in (values := self.items(name)):
            if not isinstance(value, str):
                self.fail(name, value, "text")
        return tuple(values)

    def truth(self, name: str) -> bool:
        """True or false; false when missing."""
        value = self._record.get(name)
        if value is not None and not isinstance(value, bool):
            self.fail(name, value, "true or false")
        return bool(value)

    def number(self, name: str) -> float | None:
        """A finite number."""
        value = self._record.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.fail(name, value, "a number")
        return float(value)

    def whole(self, name: str, *, least: int = 0) -> int | None:
        """A whole number."""
        value = self._record.get(name)
        if value is None:
            return None
        if type(value) is not int or value < least:
            self.fail(name, value, f"a whole number from {least}")
        return value

    def items(self, name: str) -> list[Any]:
        """A list of anything; empty when missing."""
        value = self._record.get(name)
        if value is not None and not isinstance(value, list | tuple):
            self.fail(name, value, "a list")
        return list(value or ())

    def wholes(self, name: str) -> list[int]:
        """A list of whole numbers from 1."""
        for value in (values := self.items(name)):
            if type(value) is not int or value < 1:
                self.fail(name, value, "a whole number from 1")
        return values

    def pair(self, name: str) -> tuple[int, int] | None:
        """Two whole numbers: how many of how many."""
        if not self.has(name):
            return None
        values = self.items(name)
        if len(values) != 2 or any(type(value) is not int for value in values) or not 0 <= values[0] <= values[1]:
            self.fail(name, values, "a pair such as [3, 3]: how many of how many")
        return values[0], values[1]

    def record(self, name: str) -> Fields:
        """An object in the object; an empty one when missing."""
        return Fields(self._record[name] if self.has(name) else {}, f"{self.place}, field {name}")

    def records(self, name: str) -> list[Fields]:
        """A list of objects."""
        return [
            Fields(item, f"{self.place}, field {name}, item {number}")
            for number, item in enumerate(self.items(name), start=1)
        ]

    def numbers(self, name: str) -> dict[str, float]:
        """An object of numbers; those that are null are left out."""
        inner = self.record(name)
        return {key: number for key in inner._record if (number := inner.number(key)) is not None}
