"""A form that a page of ours sent, as plain fields.

What this module does not do: decide whose page it was (`web.origin`), or what the fields mean.
"""

from __future__ import annotations

from urllib.parse import parse_qs

from fastapi import Request

LONGEST_FORM = 10_000
"""Bytes; the longest name of a question set or a password is a fraction of it."""


def is_form(request: Request) -> bool:
    """Whether the body is a form, as a browser sends one without files."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    return kind == "application/x-www-form-urlencoded"


async def fields_of(request: Request) -> dict[str, str]:
    """The fields of the form, the last of each name; none when the body is no form, or too long for one of ours."""
    if not is_form(request):
        return {}
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_FORM:
            return {}
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in fields.items()}
