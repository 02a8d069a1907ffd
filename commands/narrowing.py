"""The flags by which `ask` and `search` look at some documents only, and the filter that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from schema import Filter

OnlySources = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        metavar="SOURCE",
        help="Only this document, as sources lists it, or this folder, which ends in /; may be repeated.",
    ),
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="DATE", help="Only documents dated then or later: YYYY, YYYY-MM or YYYY-MM-DD."),
]
Until = Annotated[str | None, typer.Option("--until", metavar="DATE", help="Only documents dated then or earlier.")]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where", metavar="FIELD=VALUE", help="Only documents stored with this value of a field; may be repeated."
    ),
]


def filter_of(sources: list[str] | None, since: str | None, until: str | None, where: list[str] | None) -> Filter:
    """What the flags ask for; the pipeline checks it against the index.

    Raises:
        typer.BadParameter: for a ``--where`` that is no FIELD=VALUE.
    """
    from schema import Filter  # noqa: PLC0415  (start-up time)

    pairs = []
    for text in where or ():
        field, sign, value = text.partition("=")
        if not (field and sign):
            raise typer.BadParameter(f"{text!r} is not FIELD=VALUE, such as team=red.", param_hint="--where")
        pairs.append((field, value))
    return Filter(sources=tuple(sources or ()), since=since, until=until, metadata=tuple(pairs))
