"""What the interface's description (OpenAPI) says of problems: for each status its kinds, and the form of both bodies.

The forms are written out as JSON Schema, since a problem is not answered as application/json. What this module does not
do: answer anything; tests hold it against real answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from web.problem_kinds import (
    BUSY,
    FAILED,
    FORBIDDEN,
    KINDS,
    NO_ADDRESS,
    NO_MODEL,
    NOT_AS_DESCRIBED,
    NOT_JSON,
    NOT_READABLE,
    NOT_SIGNED_IN,
    NOT_SUPPORTED,
    QUESTION,
    TOO_LARGE,
    TOO_MANY,
    UNAVAILABLE,
    Kind,
)
from web.problems import MEDIA_TYPE, Problem, openai_body


def documented(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """For the ``responses`` of a route: the problems that it may answer, besides those of every route."""
    every = (NOT_READABLE, NOT_SIGNED_IN, FORBIDDEN, NO_ADDRESS, NOT_AS_DESCRIBED, TOO_MANY, FAILED, UNAVAILABLE)
    statuses: dict[int, list[Kind]] = {}
    for kind in dict.fromkeys((*kinds, *every)):
        statuses.setdefault(kind.status, []).append(kind)
    return {status: _described(named) for status, named in sorted(statuses.items())}


def documented_for_openai() -> dict[int | str, dict[str, Any]]:
    """The same for routes under /v1, in OpenAI's form."""
    kinds = (NOT_SUPPORTED, QUESTION, NOT_AS_DESCRIBED, NO_MODEL, TOO_LARGE, NOT_JSON, BUSY)
    example = openai_body(Problem(NO_MODEL, "There is no model 'x'.", param="model"))
    content = {"application/json": {"schema": OPENAI_SCHEMA, "example": example}}
    return {
        400 if status == 422 else status: told | {"content": content} for status, told in documented(*kinds).items()
    }


def _described(kinds: Sequence[Kind]) -> dict[str, Any]:
    example = {"type": kinds[0].type, "title": kinds[0].title, "status": kinds[0].status}
    example |= {"detail": "A sentence on this request.", "request_id": "0f1e2d3c4b5a6978"}
    headers = {"X-Request-Id": {"description": "The request's id, as in the body", "schema": {"type": "string"}}}
    if kinds[0].status in (429, 503):
        headers["Retry-After"] = {"description": "Seconds to wait, where it is known", "schema": {"type": "integer"}}
    return {
        "description": "; ".join(f"{kind.title} (`{kind.slug}`)" for kind in kinds),
        "headers": headers,
        "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA, "example": example}},
    }


_TEXT = {"type": "string"}
PROBLEM_SCHEMA = {
    "title": "Problem",
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "enum": [kind.type for kind in KINDS]},
        "title": _TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": _TEXT,
        "request_id": _TEXT,
    },
}
"""A problem as JSON Schema."""
_TEXT_OR_NULL = {"type": ["string", "null"]}
OPENAI_SCHEMA = {
    "title": "Error",
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {"message": _TEXT, "type": _TEXT, "param": _TEXT_OR_NULL, "code": _TEXT_OR_NULL},
        }
    },
}
"""An error as OpenAI's clients read it."""
