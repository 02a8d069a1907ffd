"""Errors as every door of the web answers them: RFC 9457 (application/problem+json), and in OpenAI's form under /v1.

Kinds are in the table of `web.problem_kinds`; the framework's own errors come here by `web.problem_layers`. What this
module does not do: decide that something is a problem, or say more than the person who asked may know.
"""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from starlette.responses import Response
from starlette.types import Scope

from access.refusals import Busy, Refused
from schema import FootnoteError
from web.problem_kinds import BUSY, FAILED, NO_MODEL, NOT_AS_DESCRIBED, NOT_SIGNED_IN, TOO_MANY, UNAVAILABLE, Kind
from web.streaming import UnforeseenError

MEDIA_TYPE = "application/problem+json"
OPENAI_PATHS = "/v1/"
TRY_AGAIN_S = 10
"""Seconds after which a part that could not be read is worth another try: it may be back by then, by itself."""
WENT_WRONG = "Something went wrong inside Footnote; the log of the server says what, under this request_id. Try again."

_log = logging.getLogger(__name__)


class Problem(FootnoteError):  # noqa: N818  (what RFC 9457 calls it)
    """A problem of one kind, with a sentence on this occurrence; ``param`` names the parameter, for OpenAI's form."""

    def __init__(
        self, kind: Kind, detail: str, *, headers: Mapping[str, str] | None = None, param: str | None = None
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = headers or {}
        self.param = param


def problem_of(error: Exception, kind: Kind) -> Problem:
    """The problem that an error is: its own kind, or ``kind`` for one that only has a sentence."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Busy):
        headers = {"retry-after": str(max(1, math.ceil(error.retry_after)))}
        return Problem(TOO_MANY if error.is_own else BUSY, str(error), headers=headers)
    if isinstance(error, Refused):
        return Problem(NOT_SIGNED_IN, str(error), headers={"www-authenticate": "Bearer"})
    if isinstance(error, FootnoteError) and not isinstance(error, UnforeseenError):
        headers = {"retry-after": str(TRY_AGAIN_S)} if kind is UNAVAILABLE else {}
        return Problem(kind, without_paths(str(error)), headers=headers)
    return Problem(FAILED, WENT_WRONG)


@contextmanager
def refused_as(kind: Kind) -> Iterator[None]:
    """Within the block, a FootnoteError is a problem of this kind.

    Raises:
        Problem: in place of a FootnoteError.
    """
    try:
        yield
    except Problem:
        raise
    except FootnoteError as error:
        raise problem_of(error, kind) from error


_ABSOLUTE = re.compile(r"(?<![\w./:-])/(?:[^\s/:;,'\"“”]+/)+[^\s:;,'\"“”]*")


def without_paths(text: str) -> str:
    """A sentence without the server's own paths; what a person asks for by name is no path from the root.

    >>> without_paths("The file /srv/data/index/feedback.jsonl can't be read; default/a/b.md can.")
    "The file … can't be read; default/a/b.md can."
    """
    return _ABSOLUTE.sub("…", text)


def problem_body(scope: Scope, problem: Problem) -> dict[str, Any]:
    """The JSON of a problem, as it is answered on this path."""
    if scope["path"].startswith(OPENAI_PATHS):
        return openai_body(problem)
    return {
        "type": problem.kind.type,
        "title": problem.kind.title,
        "status": problem.kind.status,
        "detail": problem.detail,
        "request_id": request_id_of(scope),
    }


_OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_OPENAI_CODES = {NO_MODEL: "model_not_found", NOT_SIGNED_IN: "invalid_api_key", TOO_MANY: "rate_limit_exceeded"}


def openai_body(problem: Problem) -> dict[str, Any]:
    """The JSON of a problem in OpenAI's form."""
    kind = problem.kind
    name = _OPENAI_TYPES.get(kind.status, "server_error" if kind.status >= 500 else "invalid_request_error")
    code = _OPENAI_CODES.get(kind, kind.slug.replace("-", "_"))
    return {"error": {"message": problem.detail, "type": name, "param": problem.param, "code": code}}


def problem_response(scope: Scope, problem: Problem) -> Response:
    """The response to a request that met a problem; layers of other modules use it too.

    Under /v1 what is not as described is 400, which is what OpenAI's clients expect.
    """
    is_openai = scope["path"].startswith(OPENAI_PATHS)
    status = 400 if is_openai and problem.kind is NOT_AS_DESCRIBED else problem.kind.status
    body = json.dumps(problem_body(scope, problem), separators=(",", ":")).encode("ascii")
    media_type = "application/json" if is_openai else MEDIA_TYPE
    headers = {"cache-control": "no-store", **problem.headers}
    return Response(body, status_code=status, media_type=media_type, headers=headers)


def log_failure(scope: Scope, error: BaseException) -> None:
    """Say in the log what went wrong, once, under the id that the person was told."""
    cause = error.__cause__ if isinstance(error, UnforeseenError) else error
    _log.error("Request %s failed", request_id_of(scope), exc_info=cause)


def request_id_of(scope: Scope) -> str:
    """The id of this request; empty where the layer that gives it is missing."""
    return str(scope.get("state", {}).get("request_id", ""))
