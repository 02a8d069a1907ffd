"""A filter that somebody typed, checked against what the index holds: every name in it means something, or is refused.

What this module does not do: apply a filter (`indexer.filtering`), or say whether any document passes it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from schema import Filter, FootnoteError, checked_period, encodable

LIKENESS = 0.5
"""Of a name that is offered in place of one that there isn't, by `difflib`: from 0, nothing in common, to 1."""


def checked_filter(within: Filter, collections: Sequence[str], source_ids: Sequence[str]) -> Filter:
    """The filter with whole source ids for what was named by its path alone.

    Args:
        within: what was asked for.
        collections: the names of all collections.
        source_ids: of all documents, in order of their characters.

    Raises:
        FootnoteError: for a collection, document or folder that is not there, a path that two collections have, and a
            date or a period that can't be.
    """
    for name in within.collections:
        if name not in collections:
            raise FootnoteError(f"There is no collection {name!r}. There are: {', '.join(collections) or 'none yet'}.")
    checked_period(within.since, within.until)
    searched = within.collections or tuple(collections)
    held = [one for one in source_ids if one.partition("/")[0] in searched] if within.sources else []
    named = [one for name in within.sources for one in _named(name, searched, held)]
    fields = tuple((encodable(field), encodable(value)) for field, value in within.metadata)
    return replace(within, sources=tuple(dict.fromkeys(named)), metadata=fields)


def described(within: Filter) -> str:
    """A filter in words, for a message.

    >>> described(Filter(sources=("default/laws/",), since="2021", metadata=(("team", "red"),)))
    'in default/laws/; since 2021; team=red'
    """
    places = " or ".join(within.sources or within.collections)
    periods = (("since", within.since), ("until", within.until))
    parts = [f"in {places}"] if places else []
    parts += [f"{word} {date}" for word, date in periods if date is not None]
    return "; ".join([*parts, *(f"{field}={value}" for field, value in within.metadata)])


def _named(name: str, collections: Sequence[str], held: Sequence[str]) -> list[str]:
    """The ids of what a name means: itself, or the same path in a collection."""
    whole = [name, *(f"{collection}/{name}" for collection in collections)]
    if name.endswith("/"):
        found = [folder for folder in whole if _holds(held, folder)]
    else:
        found = [source_id for source_id in whole if _held(held, source_id)]
    if not found:
        raise FootnoteError(_no_such(name, held))
    if found[0] == name:
        return [name]
    if len(found) > 1:
        kind = "folder" if name.endswith("/") else "document"
        raise FootnoteError(f"{name!r} names more than one {kind}. Say which: {', '.join(found)}")
    return found


def _held(held: Sequence[str], source_id: str) -> bool:
    place = bisect_left(held, source_id)
    return place < len(held) and held[place] == source_id


def _holds(held: Sequence[str], folder: str) -> bool:
    """Whether any document is in a folder, which ends in ``/``."""
    place = bisect_left(held, folder)
    return place < len(held) and held[place].startswith(folder)


def _no_such(name: str, held: Sequence[str]) -> str:
    """What to say of a name that means nothing here."""
    if _holds(held, f"{name}/"):
        return f"{name!r} is a folder: write {name + '/'!r} to search all documents in it."
    kind, known = "document", list(held)
    if name.endswith("/"):
        kind = "folder"
        known = sorted({one[: place + 1] for one in held for place, sign in enumerate(one) if sign == "/"})
    by_spelling = {one.partition("/")[2] or one: one for one in known} | {one: one for one in known}
    near = get_close_matches(name, by_spelling, n=1, cutoff=LIKENESS)
    hint = f"The nearest is {by_spelling[near[0]]!r}." if near else "List them with: footnote sources"
    return f"There is no {kind} {name!r} among the documents that are searched. {hint}"
