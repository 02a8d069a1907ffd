"""What an embed is, as the options of `footnote embed add` and `set` write it, and as the access file has it.

What this module does not do: check it, or write it down (`access.embeds`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from itertools import chain
from typing import Annotated, Any

import typer

_KIND = Parameter.POSITIONAL_OR_KEYWORD
_OPTIONS = {
    "origin": Annotated[
        list[str] | None,
        typer.Option("--origin", help="Where the page is, such as https://portal.example. Repeatable."),
    ],
    "collection": Annotated[
        list[str] | None, typer.Option("--collection", help="What its visitors may see; '*' for all. Repeatable.")
    ],
    "group": Annotated[
        list[str] | None,
        typer.Option("--group", help="Its visitors are in at most these groups. Repeatable; '' for none."),
    ],
    "per_minute": Annotated[int | None, typer.Option("--per-minute", help="Questions a minute, of all its visitors.")],
    "per_day": Annotated[int | None, typer.Option("--per-day", help="Questions a day, of all its visitors.")],
    "text": Annotated[
        list[str] | None,
        typer.Option("--text", metavar="KEY=VALUE", help="A text of the widget; KEY= for ours. Repeatable."),
    ],
    "colour": Annotated[
        list[str] | None,
        typer.Option("--colour", metavar="KEY=VALUE", help="A colour of the widget; KEY= for ours. Repeatable."),
    ],
    "question": Annotated[
        list[str] | None, typer.Option("--question", help="A question to begin with. Repeatable; '' for none.")
    ],
}
_REPEATED = {"origin", "collection", "group", "text", "colour", "question"}
"""The access file has these as lists or tables, named in the plural."""


def with_fields(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each field of an embed, in the place of its parameter ``fields``.

    ``fields`` is then what was given, by the names that the access file has for it.
    """
    own = signature(command, eval_str=True)
    options = [Parameter(name, _KIND, default=None, annotation=option) for name, option in _OPTIONS.items()]
    parameters = (options if name == "fields" else [one] for name, one in own.parameters.items())

    @wraps(command)
    def called(**given: Any) -> None:
        fields = {name: given.pop(name) for name in _OPTIONS}
        command(
            fields={
                f"{name}s" if name in _REPEATED else name: value for name, value in fields.items() if value is not None
            },
            **given,
        )

    vars(called)["__signature__"] = own.replace(parameters=list(chain.from_iterable(parameters)))
    return called


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
