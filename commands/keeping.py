"""`footnote backup` and `footnote restore`: an index in one file or folder, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.common import Index, Json, current_settings, errors_explained, print_json


def backup(
    target: Annotated[Path, typer.Argument(help="A new file whose name ends in .zip, or a new folder.")],
    index: Index = None,
    as_json: Json = False,
) -> None:
    """Write the index into one file or folder. Documents may be added meanwhile."""
    from dataclasses import asdict  # noqa: PLC0415  (start-up time, as below)

    with errors_explained():
        from indexer.backup import back_up  # noqa: PLC0415

        manifest = back_up(current_settings(index=index).index, target)
    if as_json:
        print_json({"backup": str(target), **asdict(manifest)})
    else:
        typer.echo(f"{target} holds {manifest.sentence}.")


def restore(
    source: Annotated[Path, typer.Argument(help="A backup.")],
    index: Index = None,
    force: Annotated[bool, typer.Option("--force", help="Put it in the place of an index that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Make an index of a backup, after the whole backup has been checked."""
    from dataclasses import asdict  # noqa: PLC0415

    with errors_explained():
        from indexer.restoring import restore as restore_index  # noqa: PLC0415

        settings = current_settings(index=index)
        manifest, old = restore_index(source, settings.index, force=force, lock_wait_s=settings.lock_wait_s)
    if as_json:
        print_json({"index": str(settings.index), "replaced": str(old) if old else None, **asdict(manifest)})
        return
    typer.echo(f"{settings.index} holds {manifest.sentence}.")
    if old:
        typer.echo(f"What was there before is in {old}; start a running footnote serve again.")
