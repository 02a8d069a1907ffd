"""One embed as a value: where a page of others may show Footnote, to whom, and how it looks there.

Each field is checked when an embed is made. What this module does not do: files (`access.embeds`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sized
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
)

from access.origins import canonical_origin
from access.policy import ALL, COLLECTION, LONGEST_GROUP, is_group, normal_form
from schema import FootnoteError

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")
_KEY = re.compile(r"[a-z][a-z0-9_-]{0,39}")
COLOURS = ("accent", "accent-text", "background", "text")
"""What of the widget can have another colour."""
_ONE_COLOUR = (
    r"(#([0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})|[a-zA-Z]{3,30}"
    r"|(rgb|hsl)a?\([0-9., %/deg]{1,60}\)|(ok)?l(ab|ch)\([0-9., %/deg-]{1,60}\))"
)
_COLOUR = re.compile(rf"{_ONE_COLOUR}|light-dark\( ?{_ONE_COLOUR} ?, ?{_ONE_COLOUR} ?\)")


def _matching(pattern: re.Pattern[str], wanted: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"{value!r} is not {wanted}")
        return value

    return AfterValidator(check)


def _group(value: str) -> str:
    if not is_group(value):
        raise ValueError(f"{value!r} is not a group: 1 to {LONGEST_GROUP} characters, none for control or at the ends")
    return normal_form(value)


def _line(value: str) -> str:
    """One line; spaces of all widths and the marks that joined scripts and right-to-left ones need may be in it."""
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in value):
        raise ValueError("holds a line break or a control character")
    return value


def _none_for_all(value: Any) -> Any:
    return None if isinstance(value, (list, tuple, set, frozenset)) and set(value) == {ALL} else value


def _different(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_some(value)))


Several = TypeVar("Several", bound=Sized)


def _some(value: Several) -> Several:
    if not value:
        raise ValueError("name at least one")
    return value


Name = Annotated[StrictStr, _matching(NAME, "an embed's name: 1 to 64 of a-z, 0-9 and '-', no '-' at either end")]
Origin = Annotated[StrictStr, AfterValidator(canonical_origin)]
Collection = Annotated[StrictStr, _matching(COLLECTION, "a collection's name: 1 to 64 letters, digits, '_', '.', '-'")]
Group = Annotated[StrictStr, AfterValidator(_group)]
Line = Annotated[StrictStr, Field(min_length=1, max_length=300), AfterValidator(_line)]
Key = Annotated[StrictStr, _matching(_KEY, "a key: 1 to 40 of a-z, 0-9, '_' and '-', a letter first")]
Part = Annotated[StrictStr, _matching(re.compile("|".join(COLOURS)), f"one of {', '.join(COLOURS)}")]
Colour = Annotated[
    StrictStr, _matching(_COLOUR, "a colour such as #0b57d0, teal, rgb(11 87 208) or light-dark(navy, #9cf)")
]


class Embed(BaseModel):
    """One embed: where it may stand, what its visitors may see, how much they may ask, and how it looks.

    ``collections`` is ``None`` for all (``["*"]`` in the file). ``groups``: where there are some, visitors belong to
    at most these, and to all of them when the host's token names none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    origins: Annotated[tuple[Origin, ...], Field(max_length=50), AfterValidator(_different)]
    collections: Annotated[
        Annotated[frozenset[Collection], Field(max_length=200), AfterValidator(_some)] | None,
        BeforeValidator(_none_for_all),
    ]
    groups: Annotated[frozenset[Group], Field(max_length=200)] = frozenset()
    per_minute: Annotated[StrictInt, Field(ge=1, le=100_000)] = 60
    per_day: Annotated[StrictInt, Field(ge=1, le=10_000_000)] = 5000
    texts: Annotated[Mapping[Key, Line], Field(max_length=100)] = {}
    colours: Mapping[Part, Colour] = {}
    questions: Annotated[tuple[Line, ...], Field(max_length=12)] = ()
    on: StrictBool = True


def make_embed(name: str, fields: Mapping[str, Any], *, place: str = "") -> Embed:
    """An embed from what somebody wrote.

    Raises:
        FootnoteError: a line for each field that is wrong, each beginning with ``place`` and the field.
    """
    if "name" in fields:
        raise FootnoteError(f"{place}name: an embed's name is that of its table.")
    try:
        return Embed(name=name, **fields)
    except ValidationError as error:
        raise FootnoteError("\n".join(_explained(fault, place) for fault in error.errors())) from error


def _explained(fault: Any, place: str) -> str:
    """One fault of pydantic's in our words: ``place.field[2]: what is wrong``."""
    path = [part for part in fault["loc"] if isinstance(part, int) or not _is_inner(part)]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    if fault["type"] == "extra_forbidden":
        known = ", ".join(field for field in Embed.model_fields if field != "name")
        return f"{place}{where}: there is no such field; there are {known}."
    if fault["type"] == "missing":
        needed = " and ".join(
            name for name, field in Embed.model_fields.items() if field.is_required() and name != "name"
        )
        return f"{place}{where}: it is missing; every embed needs {needed}."
    return f"{place}{where}: {fault['msg'].removeprefix('Value error, ')}."


def _is_inner(part: str) -> bool:
    """Whether a part of pydantic's path names a type, not a field or key of ours."""
    return part == "[key]" or "[" in part or part == "none"


def embed_to_dict(embed: Embed) -> dict[str, Any]:
    """An embed as JSON and TOML have it; all collections are ``["*"]``."""
    found: dict[str, Any] = {}
    for field in Embed.model_fields:
        value = getattr(embed, field)
        if isinstance(value, frozenset):
            value = sorted(value)
        elif isinstance(value, tuple):
            value = list(value)
        found[field] = dict(value) if isinstance(value, Mapping) else value
    found["collections"] = [ALL] if embed.collections is None else found["collections"]
    return found
