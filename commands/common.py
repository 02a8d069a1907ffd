"""What all commands share: settings, the opened pipeline, errors in one line, JSON, and common options."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipeline import Footnote
    from settings import Settings

Index = Annotated[Path | None, typer.Option("--index", help="Folder of the index.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def current_settings(**flags: Any) -> Settings:
    """The settings with these flags on top; flags that are ``None`` count as not given."""
    from settings import load_settings  # noqa: PLC0415

    return load_settings(flags)[0]


@contextmanager
def opened_footnote(*, create: bool = False, mend: bool = False, **flags: Any) -> Iterator[Footnote]:
    """The pipeline for a command, closed afterwards; errors that users can mend become one line and exit code 1.

    With ``mend``, a damaged index is first made one of its documents that are whole.
    """
    with errors_explained():
        import console  # noqa: PLC0415

        footnote = _open(current_settings(**flags), create=create, mend=mend)
        try:
            for notice in (told := tuple(footnote.store.notices)):
                console.note(notice)
            yield footnote
            for notice in footnote.store.notices[len(told) :]:
                console.note(notice)
        finally:
            footnote.close()


def _open(settings: Settings, *, create: bool, mend: bool) -> Footnote:
    """The pipeline; a damaged index is mended first where that is wanted, and it is said."""
    import console  # noqa: PLC0415
    from indexer.catalogue import DamagedIndexError  # noqa: PLC0415
    from pipeline import Footnote  # noqa: PLC0415

    try:
        return Footnote(settings, create=create)
    except DamagedIndexError as error:
        if not (mend and error.can_be_mended):
            raise
        from indexer.mending import mend as mend_index  # noqa: PLC0415

        if mended := mend_index(settings.index, lock_wait_s=settings.lock_wait_s):
            console.note(mended.sentence)
        return Footnote(settings, create=create)


@contextmanager
def errors_explained(code: int = 1) -> Iterator[None]:
    """Errors that users can mend become one line and this exit code."""
    from schema import FootnoteError  # noqa: PLC0415

    try:
        yield
    except FootnoteError as error:
        typer.echo(f"footnote: {error}", err=True)
        raise typer.Exit(getattr(error, "exit_code", code)) from error


def print_json(value: Any) -> None:
    """Print a value as JSON that people can read too."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
