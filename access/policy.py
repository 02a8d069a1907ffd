"""Which groups see which collections: the table ``[groups]`` of the access file.

    [groups]
    legal = ["contracts", "cases"]
    board = ["*"]
    everyone = ["handbook"]

Everybody is in ``everyone``; ``"*"`` is all collections there are. Names are compared exactly, groups after Unicode's
normal form C; nothing goes by prefix or case. What this module does not do: say who is in a group.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from access.files import Live, read_toml
from schema import FootnoteError

EVERYONE = "everyone"
ALL = "*"
TABLES = ("groups", "embeds")
"""The tables of the access file."""
LONGEST_GROUP = 256
COLLECTION = re.compile(r"[\w.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Policy:
    """The collections of each group, by the group's name in normal form C."""

    groups: Mapping[str, frozenset[str]]

    def collections_of(self, groups: Iterable[str], *, asked: frozenset[str] | None = None) -> frozenset[str] | None:
        """The collections that a member of these groups sees, or ``None`` for all; ``asked`` can only narrow.

        >>> policy = Policy({"legal": frozenset({"cases"}), "everyone": frozenset({"handbook"})})
        >>> sorted(policy.collections_of(["legal", "unheard-of"]))
        ['cases', 'handbook']
        >>> policy.collections_of(["Legal"], asked=frozenset({"cases", "handbook"}))
        frozenset({'handbook'})
        """
        named = {normal_form(group) for group in groups} | {EVERYONE}
        seen = frozenset(one for name in named for one in self.groups.get(name, ()))
        return narrowed(None if ALL in seen else seen, asked)

    @property
    def is_open(self) -> bool:
        """Whether everybody sees everything."""
        return ALL in self.groups.get(EVERYONE, ())


OPEN = Policy({EVERYONE: frozenset({ALL})})
"""What holds where no groups are written down."""


def narrowed(seen: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    """The collections that are in both; ``None`` stands for all there are."""
    if seen is None or other is None:
        return other if seen is None else seen
    return seen & other


def normal_form(group: str) -> str:
    """A group's name as it is compared."""
    return unicodedata.normalize("NFC", group)


def read_policy(path: Path, *, required: bool = False) -> Policy:
    """The policy in an access file; without a file, or without ``[groups]`` in it, everybody sees everything.

    Args:
        path: the file.
        required: whether it has to be there, since somebody named it.

    Raises:
        FootnoteError: naming the place of what is wrong.
    """
    if required and not path.exists():
        raise FootnoteError(f"The access file {path} is not there. Write it, or change the setting access_file.")
    document = read_toml(path, tables=TABLES)
    if "groups" not in document:
        return OPEN
    groups: dict[str, frozenset[str]] = {}
    for written, collections in document["groups"].items():
        place = f"{path}: groups.{written}"
        name = _group(written, place)
        if name in groups:
            raise FootnoteError(f"{place}: this group is there twice, in two spellings of Unicode.")
        groups[name] = _collections(collections, place)
    return Policy(groups)


def _group(written: str, place: str) -> str:
    if not is_group(written):
        raise FootnoteError(
            f"{place}: a group's name has 1 to {LONGEST_GROUP} characters, no control characters, and no space at "
            "either end."
        )
    return normal_form(written)


def is_group(name: str) -> bool:
    """Whether this can be a group's name."""
    return 0 < len(name) <= LONGEST_GROUP and name.isprintable() and name == name.strip()


def _collections(value: Any, place: str) -> frozenset[str]:
    if not isinstance(value, list):
        raise FootnoteError(f'{place}: write a list of collections, such as ["handbook"], or ["*"] for all.')
    for number, one in enumerate(value):
        if not isinstance(one, str) or not (one == ALL or COLLECTION.fullmatch(one)):
            raise FootnoteError(
                f"{place}[{number}]: {one!r} is no collection's name: 1 to 64 letters, digits, '_', '.', '-', or '*'."
            )
    return frozenset(value)


class LivePolicy:
    """The policy as of now; see `access.files.Live`. Once there are groups, they can't vanish while the server runs.

    Raises:
        FootnoteError: when the file is wrong to begin with.
    """

    def __init__(self, path: Path, *, required: bool = False) -> None:
        self._has_groups = False
        read_policy(path, required=required)
        self._live = Live(path, self._read)

    @property
    def current(self) -> Policy:
        """The policy as of now."""
        return self._live.current

    def _read(self, path: Path) -> Policy:
        """Read the file; an editor that empties it before it writes must not open everything for a moment."""
        policy = read_policy(path)
        if policy is OPEN and self._has_groups:
            raise FootnoteError(f"{path} has no [groups] any more; start the server again if that is meant.")
        self._has_groups = policy is not OPEN
        return policy
