"""`footnote migrate`: let another engine search the index."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from commands.common import Index, Json, current_settings, errors_explained, print_json


def migrate(
    to: Annotated[Literal["milvus", "local"], typer.Option("--to", help="What is to search it.")],
    milvus: Annotated[str | None, typer.Option("--milvus", help="FILE.db, or https://HOST:PORT.")] = None,
    index: Index = None,
    as_json: Json = False,
) -> None:
    """Let Milvus search the index, or the index itself again. Nothing is read or embedded anew; stopped, it goes on."""
    from dataclasses import asdict  # noqa: PLC0415  (start-up time, as below)

    with errors_explained():
        import console  # noqa: PLC0415
        from indexer.filling import migrate as migrate_index  # noqa: PLC0415
        from indexer.milvus_address import address_of  # noqa: PLC0415
        from schema import FootnoteError  # noqa: PLC0415

        settings = current_settings(index=index, milvus=milvus)
        if to == "milvus" and not settings.milvus:
            raise FootnoteError("Say where Milvus is: --milvus FILE.db, or --milvus https://HOST:PORT")
        token = settings.milvus_token.get_secret_value()
        address = address_of(settings.milvus, token) if to == "milvus" else None
        moved = migrate_index(settings.index, address, token=token, lock_wait_s=settings.lock_wait_s)
        if moved.notice:
            console.note(moved.notice)
    if as_json:
        print_json({"index": str(settings.index), "to": address.uri if address else "local", **asdict(moved)})
    elif address:
        typer.echo(f"Milvus at {address.uri} searches {moved.chunks:,} passages. Set FOOTNOTE_MILVUS={address.uri}")
    else:
        typer.echo(f"The index searches {moved.chunks:,} passages itself. Leave the setting milvus empty.")
