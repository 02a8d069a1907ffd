"""Reading that happens elsewhere than in this process: what an indexing run asks for, and what it gets back.

What this module does not do: any of it (`indexer.distributed` does).
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from indexer.loading.members import Member
from indexer.preparing import Task
from indexer.recipe import Made
from indexer.stamps import Stamped


@dataclass(frozen=True, slots=True)
class Read:
    """What a file is, what it holds, and the chunks of its members where they were made with the reading."""

    stamped: Stamped
    members: tuple[Member, ...]
    made: tuple[Made | None, ...] = ()


class Elsewhere(Protocol):
    """Reads and chunks files, and embeds them, as the run's recipe does it."""

    most_items: int
    """Files that may be on their way at a time."""
    most_bytes: int
    """What they may weigh together."""

    def begin(self, task: Task, *, embed: bool) -> Future[Read]:
        """Begin with a file; the future raises what reading it raises, and `recipe.RunStoppedError` when all ends.

        Args:
            task: the file, whose place is taken.
            embed: whether its vectors are wanted; those of a text that is known already are not.
        """
