"""The pages of others that Footnote is embedded in: the tables ``[embeds.NAME]`` of the access file.

Reading is live: a server sees a change at the next request. Writing keeps the file's comments and order. What this
module does not do: keys (`access.keys`), and letting anybody in (`access.tokens`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, overload

from access.embed import Embed, embed_to_dict, make_embed
from access.files import Live, held, read_toml, write_atomically
from access.policy import TABLES
from schema import FootnoteError

__all__ = [
    "Embed",
    "Embeds",
    "Origins",
    "add_embed",
    "change_embed",
    "embed_to_dict",
    "existing",
    "make_embed",
    "read_embeds",
    "remove_embed",
]


class _Read(NamedTuple):
    """What the file says, and what follows from it."""

    embeds: Mapping[str, Embed]
    origins: tuple[str, ...]


def read_embeds(path: Path) -> dict[str, Embed]:
    """The embeds in an access file by name, in its order; none when there is no file.

    Raises:
        FootnoteError: naming the place of everything that is wrong.
    """
    return _embeds_of(read_toml(path, tables=TABLES), path)


def _embeds_of(document: Mapping[str, Any], path: Path) -> dict[str, Embed]:
    embeds, faults = {}, []
    for name, fields in document.get("embeds", {}).items():
        place = f"{path}: embeds.{name}."
        try:
            if not isinstance(fields, dict):
                raise FootnoteError(f"{place[:-1]}: has to be a table, [embeds.{name}].")
            embeds[name] = make_embed(name, fields, place=place)
        except FootnoteError as error:
            faults.append(str(error))
    if faults:
        raise FootnoteError("\n".join(faults))
    return embeds


class Embeds:
    """The embeds as of now; see `access.files.Live`.

    Raises:
        FootnoteError: when the file is wrong to begin with.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._live = Live(path, _read)

    def get(self, name: str) -> Embed | None:
        """The embed of this name, on or off."""
        return self._live.current.embeds.get(name)

    def all(self) -> tuple[Embed, ...]:
        """Every embed, on or off, in the file's order."""
        return tuple(self._live.current.embeds.values())

    @property
    def origins(self) -> Sequence[str]:
        """The origins of the embeds that are on: a list that changes with the file, to be kept."""
        return Origins(lambda: self._live.current.origins)


def _read(path: Path) -> _Read:
    embeds = read_embeds(path)
    return _Read(embeds, tuple(dict.fromkeys(origin for one in embeds.values() if one.on for origin in one.origins)))


class Origins(Sequence[str]):
    """A list that is asked for anew each time it is used."""

    def __init__(self, current: Callable[[], tuple[str, ...]]) -> None:
        self._current = current

    def __contains__(self, origin: object) -> bool:
        return origin in self._current()

    def __iter__(self) -> Iterator[str]:
        return iter(self._current())

    def __len__(self) -> int:
        return len(self._current())

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        return self._current()[place]


def add_embed(path: Path, embed: Embed) -> None:
    """Write a new embed into the access file, which is made when it is not there.

    Raises:
        FootnoteError: when there is one of this name, or the file is wrong or can't be written.
    """

    def decide(embeds: Mapping[str, Embed]) -> Embed:
        if embed.name in embeds:
            raise FootnoteError(f"There is an embed {embed.name!r} already. Change it with: footnote embed set")
        return embed

    _change(path, embed.name, decide)


def change_embed(path: Path, name: str, **changes: Any) -> Embed:
    """Change fields of an embed in the access file and say what it is now.

    Raises:
        FootnoteError: when there is no such embed, a value can't be, or the file is wrong or can't be written.
    """

    def decide(embeds: Mapping[str, Embed]) -> Embed:
        old = _one_of(embeds, name)
        fields = {field: getattr(old, field) for field in Embed.model_fields if field != "name"}
        return make_embed(name, fields | changes)

    _change(path, name, decide)
    return existing(path, name)


def remove_embed(path: Path, name: str) -> None:
    """Take an embed out of the access file.

    Raises:
        FootnoteError: when there is no such embed, or the file is wrong or can't be written.
    """

    def decide(embeds: Mapping[str, Embed]) -> None:
        _one_of(embeds, name)

    _change(path, name, decide)


def existing(path: Path, name: str) -> Embed:
    """The embed of this name in an access file.

    Raises:
        FootnoteError: when there is none, naming those there are.
    """
    return _one_of(read_embeds(path), name)


def _one_of(embeds: Mapping[str, Embed], name: str) -> Embed:
    if name not in embeds:
        there = ", ".join(embeds) or "none yet; make one with: footnote embed add"
        raise FootnoteError(f"There is no embed {name!r}. There are: {there}")
    return embeds[name]


def _change(path: Path, name: str, decide: Callable[[Mapping[str, Embed]], Embed | None]) -> None:
    """Put in the file, as it stands now, what is decided for an embed; ``None`` takes it out."""
    with held(path):
        before = read_toml(path, tables=TABLES)
        embeds = _embeds_of(before, path)
        embed = decide(embeds)
        content = _edited(path, name, old=embeds.get(name), new=embed)
        expected = {other: old for other, old in embeds.items() if other != name} | ({name: embed} if embed else {})
        if not _is_as_expected(content, path, groups=before.get("groups"), embeds=expected):
            raise FootnoteError(
                f"{path} is written in a form that can't be changed without loss. Write each embed as a table of its "
                f"own, [embeds.{name}], or make the change in the file yourself."
            )
        write_atomically(path, content.encode("utf-8"))


def _edited(path: Path, name: str, *, old: Embed | None, new: Embed | None) -> str:
    """The file with an embed put in the place of the old one, and everything else as it is."""
    import tomlkit  # noqa: PLC0415  (a server only reads)

    document = tomlkit.parse(path.read_bytes().decode("utf-8") if path.exists() else "")
    if "embeds" not in document:
        document["embeds"] = tomlkit.table(is_super_table=True)
    tables: Any = document["embeds"]
    if new:
        _put(tables, new, old)
    else:
        del tables[name]
    return document.as_string()


def _put(tables: Any, embed: Embed, old: Embed | None) -> None:
    """Put an embed among the tables: what is other than it was, but for what would be so anyway."""
    if old is None:
        tables[embed.name] = {}
    table, values = tables[embed.name], embed_to_dict(embed)
    for field, information in Embed.model_fields.items():
        value = getattr(embed, field)
        if field == "name" or (old and value == getattr(old, field)):
            continue
        if not information.is_required() and value == information.default:
            table.pop(field, None)
        else:
            table[field] = values[field]


def _is_as_expected(content: str, path: Path, *, groups: Any, embeds: Mapping[str, Embed]) -> bool:
    """Whether a new content says what it should: the library that keeps comments has its limits."""
    try:
        document = tomllib.loads(content)
        return document.get("groups") == groups and _embeds_of(document, path) == embeds
    except (tomllib.TOMLDecodeError, FootnoteError):
        return False
