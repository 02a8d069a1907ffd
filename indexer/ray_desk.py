"""The desk of a run on Ray: an actor that hands out groups of files, and knows what was done when a process died.

Ray begins again with what a process was doing when it died, without end; so what kills its process time after time is
given up here. After the first death in a group its places are marked as the work comes to them, and the next deaths are
those of a place. What this module does not do: start the actor, or any of the work.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import ray

from indexer.remote_work import MOST_DEATHS
from schema import FootnoteError

_WHOLE = -1
"""The place of a group as long as nobody marks where in it the work is."""


class Desk:
    """Hands out groups, and remembers where processes died; its methods are called from other processes."""

    def __init__(self) -> None:
        self._groups: list[bytes] = []
        self._closed = False
        self._changed = asyncio.Condition()
        self._places: dict[tuple[str, int], int] = {}
        self._deaths: dict[tuple[str, int], Counter[int]] = {}

    async def put(self, group: bytes) -> None:
        """Take a group."""
        async with self._changed:
            self._groups.append(group)
            self._changed.notify_all()

    async def close(self) -> None:
        """There will be no more."""
        async with self._changed:
            self._closed = True
            self._changed.notify_all()

    async def take(self, number: int) -> bytes | None:
        """The group of this number, when it is there; ``None`` when there will be none."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._closed or number < len(self._groups))
            return self._groups[number] if number < len(self._groups) else None

    async def begin(self, stage: str, group: int) -> dict[int, int]:
        """Begin a stage with a group: how often a process died before at each place of it."""
        deaths = self._deaths.setdefault((stage, group), Counter())
        if (stage, group) in self._places:
            deaths[self._places[stage, group]] += 1
        self._places[stage, group] = _WHOLE
        return dict(deaths)

    async def mark(self, stage: str, group: int, place: int) -> None:
        """The work is at this place now."""
        self._places[stage, group] = place

    async def end(self, stage: str, group: int) -> None:
        """Nobody died."""
        self._places.pop((stage, group), None)
        self._deaths.pop((stage, group), None)


class Watched:
    """A stage of a group whose processes may die.

    Args:
        desk: the actor.
        stage: its name.
        group: the group's number.

    Raises:
        FootnoteError: when processes die before they have begun.
    """

    def __init__(self, desk: Any, stage: str, group: int) -> None:
        self._desk, self._name = desk, (stage, group)
        self._deaths: dict[int, int] = ray.get(self._desk.begin.remote(*self._name))
        if self._deaths.get(_WHOLE, 0) >= MOST_DEATHS:
            raise FootnoteError(f"The processes that Ray starts end before they have begun to {stage}.")

    def may(self, place: int) -> bool:
        """Whether to work at a place; it is marked first when one died of this group before, nobody knows where."""
        if self._deaths.get(place, 0) >= MOST_DEATHS - 1:
            return False
        if self._deaths:
            ray.get(self._desk.mark.remote(*self._name, place))
        return True

    def end(self) -> None:
        """The stage is done."""
        ray.get(self._desk.end.remote(*self._name))
