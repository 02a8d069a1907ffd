"""What an embed is, as the options of `footnote embed add` and `set` write it, and as the access file has it.

What this module does not do: check it, or write it down (`access.embeds`).
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

OriginsOption = Annotated[
    list[str] | None, typer.Option("--origin", help="Where the page is, such as https://portal.example. Repeatable.")
]
CollectionsOption = Annotated[
    list[str] | None, typer.Option("--collection", help="What its visitors may see; '*' for all. Repeatable.")
]
GroupsOption = Annotated[
    list[str] | None, typer.Option("--group", help="Its visitors are in at most these groups. Repeatable; '' for none.")
]
PerMinute = Annotated[int | None, typer.Option("--per-minute", help="Questions a minute, of all its visitors.")]
PerDay = Annotated[int | None, typer.Option("--per-day", help="Questions a day, of all its visitors.")]
TextsOption = Annotated[
    list[str] | None,
    typer.Option("--text", metavar="KEY=VALUE", help="A text of the widget; KEY= for ours. Repeatable."),
]
ColoursOption = Annotated[
    list[str] | None,
    typer.Option("--colour", metavar="KEY=VALUE", help="A colour of the widget; KEY= for ours. Repeatable."),
]
QuestionsOption = Annotated[
    list[str] | None, typer.Option("--question", help="A question to begin with. Repeatable; '' for none.")
]


def given_fields(
    origin: list[str] | None,
    collection: list[str] | None,
    group: list[str] | None,
    per_minute: int | None,
    per_day: int | None,
    text: list[str] | None,
    colour: list[str] | None,
    question: list[str] | None,
) -> dict[str, Any]:
    """What was given, by the names that the access file has for it."""
    given = {
        "origins": origin,
        "collections": collection,
        "groups": group,
        "per_minute": per_minute,
        "per_day": per_day,
        "texts": text,
        "colours": colour,
        "questions": question,
    }
    return {field: value for field, value in given.items() if value is not None}


def merged(fields: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """The fields with ``''`` standing for nothing at all, and with texts and colours changed key by key."""
    return {field: _value(field, [] if value == [""] else value, old) for field, value in fields.items()}


def _value(field: str, given: Any, old: dict[str, Any]) -> Any:
    if field not in ("texts", "colours"):
        return given
    pairs = (old.get(field, {}) if given else {}) | dict(_pair(field, written) for written in given)
    return {key: value for key, value in pairs.items() if value}


def _pair(field: str, written: str) -> tuple[str, str]:
    from schema import FootnoteError  # noqa: PLC0415

    key, equals, value = written.partition("=")
    if not equals:
        raise FootnoteError(f"{field}: {written!r} is not KEY=VALUE.")
    return key, value
