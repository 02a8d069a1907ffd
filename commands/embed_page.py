"""What `footnote embed` prints for whoever runs the page: the tag to copy, and what their server has to sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from access.embeds import Embed
    from settings import Settings


def key_of(embed: Embed, settings: Settings) -> str:
    """The key that an embed has.

    Raises:
        FootnoteError: when it has none.
    """
    from access.keys import keys_path, read_keys  # noqa: PLC0415
    from schema import FootnoteError  # noqa: PLC0415

    key = read_keys(keys_path(settings.access_file)).embeds.get(embed.name)
    if not key:
        raise FootnoteError(f"The embed {embed.name!r} has no key. Make one with: footnote embed rotate {embed.name}")
    return key


def show_embed(embed: Embed, settings: Settings) -> None:
    """The tag, what has to be signed, and what visitors see that are in no group."""
    import console  # noqa: PLC0415
    from access.keys import keys_path  # noqa: PLC0415
    from access.policy import read_policy  # noqa: PLC0415

    server = settings.public_url or f"http://{settings.host}:{settings.port}"
    console.say(_TAG.format(server=server, name=embed.name))
    console.say(_SIGNING.format(keys=keys_path(settings.access_file), name=embed.name, origin=embed.origins[0]))
    seen = read_policy(settings.access_file).collections_of(embed.groups, asked=embed.collections)
    if seen is not None and not seen:
        console.note(
            f"By [groups] in {settings.access_file}, visitors whose token names no group see none of its collections "
            "and are not let in. Give 'everyone' one of them, or the embed a group (--group)."
        )
    if not embed.on:
        console.note(f"It is off. Let visitors in with: footnote embed on {embed.name}")
    if not settings.public_url:
        console.note("The tag names this machine. Set public_url (in footnote.toml) to what browsers call the server.")


_TAG = """\
The tag, for the page:

    <script src="{server}/widget.js" data-embed="{name}" data-token-url="/footnote-token" defer></script>

or, where the widget is to stand at a place of its own in the page:

    <script src="{server}/widget.js" defer></script>
    <footnote-widget embed="{name}" token-url="/footnote-token" mode="inline"></footnote-widget>
"""
_SIGNING = """\
The page's server answers POST /footnote-token, for a visitor whom it knows, with {{"token": "..."}}. With PyJWT:

    import os, secrets, time
    import jwt

    def footnote_token(user: str, groups: list[str]) -> str:
        now = int(time.time())
        claims = {{
            "iss": "{name}",
            "aud": "footnote",
            "origin": "{origin}",
            "sub": user,
            "groups": groups,  # left out: those of the embed
            "iat": now,
            "exp": now + 300,  # at most 600 seconds
            "jti": secrets.token_urlsafe(16),  # each token is used once
        }}
        return jwt.encode(claims, os.environ["FOOTNOTE_EMBED_KEY"], algorithm="HS256")

FOOTNOTE_EMBED_KEY is the text in {keys} under [embeds]: footnote embed show {name} --key
Every claim with its limits, and the same without a library, is in docs/embedding.md.
"""
