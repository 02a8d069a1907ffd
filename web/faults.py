"""Whose fault it is when the assistant says no: that of who asks, by a name or a filter, or the index's or a model's.

The assistant's errors are sentences without a kind. What somebody asks wrong is found by looking, so no other error
stands behind it; what the machine does wrong began with one, or lies in an index that can't be read at all. What this
module does not do: word anything, or tell what may not be seen from what is not there (`web.desk`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import schema
from access.refusals import Busy, Refused
from access.visitor import Visitor
from web.desk import Asked, Desk, Door
from web.problem_kinds import NO_COLLECTION, QUESTION, UNAVAILABLE, Kind
from web.problems import Problem, problem_of
from web.service import Service


@contextmanager
def blamed(kind: Kind, view: Service, *, collection: str | None = None) -> Iterator[None]:
    """Within the block, a FootnoteError of the assistant is a problem of this kind, unless who asks is not at fault.

    Args:
        kind: what it is when who asks is at fault.
        view: what they may see.
        collection: what they named, if they did.

    Raises:
        Problem: in place of a FootnoteError.
        Busy: as it is, and `Refused` too.
    """
    try:
        yield
    except (Problem, Busy, Refused):
        raise
    except schema.FootnoteError as error:
        raise problem_of(error, _kind(error, kind, view, collection)) from error


def blamed_for(asked: Asked, view: Service) -> AbstractContextManager[None]:
    """The same for a question, which was looked at before: with neither collection nor filter nobody asks wrong."""
    names = asked.collection is not None or asked.within not in (None, schema.Filter())
    return blamed(QUESTION if names else UNAVAILABLE, view, collection=asked.collection)


def answered(desk: Desk, visitor: Visitor, door: Door, asked: Asked, stop: threading.Event) -> Iterator[schema.Event]:
    """`Desk.ask`; what who asks did wrong is told in place of the first event, so that later errors are none of theirs.

    Raises:
        Problem: in place of a FootnoteError before the first event.
    """
    events = desk.ask(visitor, door, asked, stop=stop)
    with blamed_for(asked, desk.view(visitor)):
        first = next(events, None)
    if first is not None:
        yield first
        yield from events


def _kind(error: schema.FootnoteError, kind: Kind, view: Service, collection: str | None) -> Kind:
    if error.__cause__ is not None:
        return UNAVAILABLE
    try:
        there = {info.source.collection for info in view.sources()}
    except schema.FootnoteError:
        return UNAVAILABLE
    return kind if collection is None or collection in there else NO_COLLECTION
