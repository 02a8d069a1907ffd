"""The line for the language model: who is let in, whose turn it is, and how many are before everybody else.

Max-min fairness over people: the next turn is that of the person served longest ago, so who asks ten questions waits
behind ten people with one. Works among the threads of one process. What this module does not do: ask the model, or know
what a question says.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from typing import Literal

from access.refusals import Busy
from access.visitor import Visitor
from schema import Waiting

LOOK_S = 0.2
"""Seconds between two looks whether somebody who waits has left: nothing wakes a thread when an event is set."""
FIRST_GUESS_S = 10.0
NEWEST_PART = 0.2
"""How much the newest answer counts in the time that one takes."""
REMEMBERED = 10_000
"""People whose last turn is remembered."""

Person = tuple[str, str]
NOBODY: Person = ("", "")


def person_of(visitor: Visitor) -> Person:
    """Who this is to limits: the embed and the name in it, since two sites may give one name to two people.

    Visitors of an embed without a name take turns as one. Without embed and name it is somebody at a server that asks
    nobody who they are: `NOBODY`, who has no limit but the line's.
    """
    return visitor.embed, visitor.user


class Ticket:
    """One question's place in the line; leave it at the end, or use it as a context."""

    def __init__(self, line: Line, person: Person, number: int) -> None:
        self.person = person
        self.number = number
        self.state: Literal["admitted", "waiting", "running", "left"] = "admitted"
        self.place: Waiting | None = None
        self.since = 0.0
        self.changed = threading.Condition(line.lock)
        self._line = line

    def __enter__(self) -> Ticket:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def places(self, is_stopped: Callable[[], bool] = lambda: False) -> Iterator[Waiting]:
        """Wait for the turn, and tell the place whenever it changes; ends at the turn, or after leaving the line.

        Args:
            is_stopped: true when nobody waits for the answer any more; then the ticket leaves.
        """
        told: Waiting | None = None
        self._line.join(self)
        try:
            while (told := self._line.next_place(self, told, is_stopped)) is not None:
                yield told
        finally:
            if self.state == "waiting":
                self.leave()

    def leave(self) -> None:
        """Make room for others, from whatever state and thread; leaving again does nothing."""
        self._line.remove(self)


class Line:
    """A line for so many slots.

    Args:
        slots: answers that the language model writes at a time.
        most_waiting: questions that may wait beside those.
        most_per_user: questions that one person may have in it, answered or waiting.
        clock: seconds.
    """

    def __init__(
        self,
        slots: int = 1,
        *,
        most_waiting: int = 50,
        most_per_user: int = 2,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.slots = slots
        self.most_waiting = most_waiting
        self.most_per_user = most_per_user
        self.lock = threading.Lock()
        self._clock = clock
        self._numbers, self._turns = itertools.count(1), itertools.count(1)
        self._inside: dict[int, Ticket] = {}
        self._served: OrderedDict[Person, int] = OrderedDict()
        self._seconds = FIRST_GUESS_S

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return self._count("waiting")

    @property
    def running(self) -> int:
        """How many have their turn."""
        return self._count("running")

    @property
    def seconds(self) -> float:
        """Seconds that a turn takes, as measured; a guess before the first."""
        return self._seconds

    def admit(self, person: Person) -> Ticket:
        """A ticket, before anything is done for the question.

        Raises:
            Busy: the person has as many in the line as one may, or it is full.
        """
        with self.lock:
            self._check_room(person)
            ticket = Ticket(self, person, next(self._numbers))
            self._inside[ticket.number] = ticket
            return ticket

    def check_room(self, person: Person) -> None:
        """Look whether a ticket could be had just now, without taking one.

        Raises:
            Busy: as `admit` would.
        """
        with self.lock:
            self._check_room(person)

    def _check_room(self, person: Person) -> None:
        own = [ticket for ticket in self._inside.values() if ticket.person == person != NOBODY]
        if len(own) >= self._most_of(person):
            before = min(ticket.place.place if ticket.place else 0 for ticket in own)
            raise Busy(
                f"{len(own)} questions {'of yours' if person[1] else 'from this page'} are not answered yet, which "
                "is the most at a time. Ask again when one of them is.",
                retry_after=self._after(before + 1),
                is_own=True,
            )
        if len(self._inside) >= self.slots + self.most_waiting:
            raise Busy(
                f"Too many questions wait for the language model ({self.most_waiting:,}). Ask again in a moment.",
                retry_after=self._after(1),
                is_own=False,
            )

    def _most_of(self, person: Person) -> int:
        """How many this person may have in the line; together, all of an embed's without a name may have a quarter."""
        return self.most_per_user if person[1] else max(self.most_per_user, self.most_waiting // 4)

    def join(self, ticket: Ticket) -> None:
        """From here on the ticket wants its turn."""
        with self.lock:
            if ticket.state == "admitted":
                ticket.state = "waiting"
                self._move_on()

    def next_place(self, ticket: Ticket, told: Waiting | None, is_stopped: Callable[[], bool]) -> Waiting | None:
        """Wait until a waiting ticket has another place than it was told; ``None`` when it no longer waits."""
        with self.lock:
            while ticket.state == "waiting" and ticket.place == told and not is_stopped():
                ticket.changed.wait(LOOK_S)
            return ticket.place if ticket.state == "waiting" and not is_stopped() else None

    def remove(self, ticket: Ticket) -> None:
        """Take a ticket out, and give its turn to the next if it had one."""
        with self.lock:
            if self._inside.pop(ticket.number, None) is None:
                return
            if ticket.state == "running":
                self._seconds += NEWEST_PART * (self._clock() - ticket.since - self._seconds)
            ticket.state, ticket.place = "left", None
            ticket.changed.notify()
            self._move_on()

    def _move_on(self) -> None:
        """Give out the free turns, then tell everybody else their new place."""
        waiting = self._in_order()
        free = max(0, self.slots - self.running)
        for ticket in waiting[:free]:
            ticket.state, ticket.place, ticket.since = "running", None, self._clock()
            ticket.changed.notify()
            self._note_turn(ticket.person)
        for number, ticket in enumerate(waiting[free:], start=1):
            place = Waiting(number, len(waiting) - free)
            if ticket.place != place:
                ticket.place = place
                ticket.changed.notify()

    def _in_order(self) -> list[Ticket]:
        """Who waits, next first: everybody's first question, those served longest ago first; then the second ones.

        That is the order in which turns are given when each turn makes its person the one served last.
        """
        waiting = [ticket for ticket in self._inside.values() if ticket.state == "waiting"]
        waiting.sort(key=lambda ticket: ticket.number)
        questions: Counter[Person] = Counter()
        first: dict[Person, tuple[int, int]] = {}
        ranks = {}
        for ticket in waiting:
            person = ticket.person
            order = first.setdefault(person, (self._served.get(person, 0), ticket.number))
            ranks[ticket.number] = (questions[person], order)
            questions[person] += 1
        return sorted(waiting, key=lambda ticket: ranks[ticket.number])

    def _note_turn(self, person: Person) -> None:
        self._served[person] = next(self._turns)
        self._served.move_to_end(person)
        if len(self._served) > REMEMBERED:
            self._served.popitem(last=False)

    def _after(self, turns: int) -> float:
        """Seconds until so many more turns have ended."""
        return turns * self._seconds / self.slots

    def _count(self, state: str) -> int:
        return sum(ticket.state == state for ticket in tuple(self._inside.values()))
