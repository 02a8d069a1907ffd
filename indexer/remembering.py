"""What was worked out from one generation of an index, kept until the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """Values by key, of one generation; those that were asked for last. Its user guards it against other threads.

    Args:
        most: values kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._generation = -1
        self._values: dict[Key, Value] = {}

    def of(self, generation: int, key: Key, make: Callable[[], Value]) -> Value:
        """The value of a key in a generation, made when it is not known."""
        if generation != self._generation:
            self._values, self._generation = {}, generation
        value = self._values.pop(key) if key in self._values else make()
        self._values[key] = value
        if len(self._values) > self._most:
            del self._values[next(iter(self._values))]
        return value
