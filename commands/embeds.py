"""`footnote embed`: the pages of others that may show Footnote, and the tag that they copy."""

from __future__ import annotations

import sys
import time
from typing import Annotated, Any

import typer

from commands.common import Json, current_settings, errors_explained, print_json
from commands.embed_fields import merged, with_fields
from commands.embed_page import key_of, show_embed

embed_app = typer.Typer(
    help="Footnote inside other people's pages: where, for whom, and the tag.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the embed: a-z, 0-9 and '-'.")]


@embed_app.command("add")
@with_fields
def embed_add(
    name: Name,
    fields: dict[str, Any],
    off: Annotated[bool, typer.Option("--off", help="Write it down, but let nobody in yet.")] = False,
) -> None:
    """Let a page of others show Footnote, and print the tag to copy."""
    with errors_explained():
        from access.embeds import add_embed, make_embed  # noqa: PLC0415
        from access.keys import keys_path, new_key  # noqa: PLC0415
        from schema import FootnoteError  # noqa: PLC0415

        if not (fields.get("origins") and fields.get("collections")):
            raise FootnoteError("Say where the page is and what its visitors may see, with --origin and --collection.")

        settings = current_settings()
        embed = make_embed(name, merged(fields, {}) | ({"on": False} if off else {}))
        add_embed(settings.access_file, embed)
        new_key(keys_path(settings.access_file), name)
        show_embed(embed, settings)


@embed_app.command("set")
@with_fields
def embed_set(name: Name, fields: dict[str, Any]) -> None:
    """Change an embed. A list that is given takes the old one's place; --text KEY= takes one text away."""
    with errors_explained():
        from access.embeds import change_embed, embed_to_dict, existing  # noqa: PLC0415

        path = current_settings().access_file
        change_embed(path, name, **merged(fields, embed_to_dict(existing(path, name))))
    typer.echo(f"Changed {name} in {path}; a running server follows at the next request.")


@embed_app.command("list")
def embed_list(as_json: Json = False) -> None:
    """List the embeds."""
    import console  # noqa: PLC0415

    with errors_explained():
        from access.embeds import embed_to_dict, read_embeds  # noqa: PLC0415
        from access.keys import keys_path, read_keys  # noqa: PLC0415

        path = current_settings().access_file
        rows = [embed_to_dict(embed) for embed in read_embeds(path).values()]
        keys = read_keys(keys_path(path)).embeds
    rows = [row | {"has_key": row["name"] in keys} for row in rows]
    if as_json:
        print_json({"access_file": str(path), "embeds": rows})
        return
    table = [("embed", "on", "key", "per minute", "per day", "collections", "groups", "origins")]
    for row in rows:
        on, key = "yes" if row["on"] else "no", "yes" if row["has_key"] else "none"
        lists = [", ".join(row[field]) for field in ("collections", "groups", "origins")]
        table.append((row["name"], on, key, f"{row['per_minute']:,}", f"{row['per_day']:,}", *lists))
    if rows:
        console.show_table(table)
    console.say(f"They are in {path}." if rows else f"There are none in {path}. Make one with: footnote embed add")


@embed_app.command("show")
def embed_show(
    name: Name, key: Annotated[bool, typer.Option("--key", help="Print its key and nothing else.")] = False
) -> None:
    """Print the tag to copy, and what the server of the page has to sign."""
    with errors_explained():
        from access.embeds import existing  # noqa: PLC0415

        settings = current_settings()
        embed = existing(settings.access_file, name)
        if key:
            sys.stdout.write(key_of(embed, settings) + "\n")
        else:
            show_embed(embed, settings)


@embed_app.command("on")
def embed_on(name: Name) -> None:
    """Let an embed's visitors in again."""
    _switch(name, on=True)


@embed_app.command("off")
def embed_off(name: Name) -> None:
    """Let nobody in from an embed, from the next request on. It stays written down."""
    _switch(name, on=False)


@embed_app.command("rotate")
def embed_rotate(name: Name) -> None:
    """Give an embed a new key; whatever the old one signed ends at once."""
    with errors_explained():
        from access.embeds import existing  # noqa: PLC0415
        from access.keys import keys_path, new_key  # noqa: PLC0415

        path = current_settings().access_file
        new_key(keys_path(path), existing(path, name).name)
    typer.echo(
        f"{name} has a new key in {keys_path(path)}. Give it to the page's server: footnote embed show {name} --key"
    )


@embed_app.command("remove")
def embed_remove(name: Name) -> None:
    """Take an embed and its key away. Its visitors' next request is refused."""
    with errors_explained():
        from access.embeds import remove_embed  # noqa: PLC0415
        from access.keys import forget_key, keys_path  # noqa: PLC0415

        path = current_settings().access_file
        remove_embed(path, name)
        forget_key(keys_path(path), name)
    typer.echo(f"Removed {name} from {path}, and its key.")


@embed_app.command("token")
def embed_token(
    name: Name,
    user: Annotated[str, typer.Option("--user", help="Who the visitor is.")],
    group: Annotated[list[str] | None, typer.Option("--group", help="A group of theirs. Repeatable.")] = None,
    collection: Annotated[list[str] | None, typer.Option("--collection", help="Only this. Repeatable.")] = None,
    origin: Annotated[str | None, typer.Option("--origin", help="Its page; by default the embed's first.")] = None,
    seconds: Annotated[int, typer.Option("--seconds", min=1, max=600, help="How long it lives.")] = 300,
) -> None:
    """Print a token as the page's server would sign it. It is to try things out, and can be used once."""
    with errors_explained():
        from access.embeds import existing  # noqa: PLC0415
        from access.tokens import mint_host_token  # noqa: PLC0415
        from access.visitor import Visitor  # noqa: PLC0415

        settings = current_settings()
        embed = existing(settings.access_file, name)
        groups = embed.groups if group is None else frozenset(group)
        collections = None if collection is None else frozenset(collection)
        visitor = Visitor(user, groups, collections, name, origin or embed.origins[0])
        token = mint_host_token(visitor, key_of(embed, settings), now=time.time(), seconds=seconds)
    sys.stdout.write(token + "\n")


def _switch(name: str, *, on: bool) -> None:
    with errors_explained():
        from access.embeds import change_embed  # noqa: PLC0415

        path = current_settings().access_file
        change_embed(path, name, on=on)
    typer.echo(f"{name} is {'on' if on else 'off'}; a running server follows at the next request.")
