"""What goes wrong with a model server, as a sentence that names it and says what to do, and holds no secret."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import openai

from models.model_server import Failure

LONGEST_REASON = 300
"""Characters of a server's own words that are told."""
NOT_FOR_OTHERS = (400, 413, 422)
"""Statuses that speak of one request: others would be answered."""
PASSING = (408, 409, 425, 429, 500, 502, 503, 504)
"""Statuses after which the same request may be answered a moment later."""
UNREACHED = "can't be reached: start it, or set llm_base_url to another"
_SHUT_OUT = (openai.AuthenticationError, openai.PermissionDeniedError)


def place_of(base_url: str) -> str:
    """An address as people may see it: without a password or a key in it.

    >>> place_of("https://me:secret@models.example:8443/v1?key=secret")
    'https://models.example:8443/v1'
    """
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def failure_of(error: Exception, has_begun: bool, *, place: str, key: str = "") -> Failure:
    """What an exception of a request means.

    Args:
        error: of the client's, or anything that reading an answer raised.
        has_begun: whether words of the answer had come.
        place: the server, as people may see it.
        key: is taken out of what the server says.
    """
    if isinstance(error, openai.APIStatusError) and not isinstance(error, _SHUT_OUT):
        return _refused(error, place, key)
    is_passing = False
    match error:
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            words = "refused the key: set llm_api_key to one that it accepts"
        case openai.APIConnectionError() | httpx.HTTPError() | TimeoutError() | EOFError():
            words, is_passing = _lost(error, has_begun)
        case openai.APIError():
            words, is_passing = f"sent an error: {_told(error, key)}", not has_begun
        case _:
            words = "sent something that can't be read: look whether it is one"
    return Failure(f"The model server at {place} {words}.", is_passing, is_servers=True)


def _lost(error: Exception, has_begun: bool) -> tuple[str, bool]:
    """What became of a connection, and whether another one may do better at once."""
    cause = error.__cause__ or error
    if isinstance(cause, httpx.ConnectTimeout):
        return UNREACHED, False
    if isinstance(error, openai.APITimeoutError | httpx.TimeoutException | TimeoutError):
        return "was silent for too long: check it, or name another", False
    if has_begun:
        return "broke off in the middle of an answer: check it, then ask again", False
    if isinstance(cause, httpx.RemoteProtocolError | httpx.ReadError | EOFError):
        return "broke off before its answer: check it, then ask again", True
    return UNREACHED, True


def _refused(error: openai.APIStatusError, place: str, key: str) -> Failure:
    status, rest_s = error.status_code, error.response.headers.get("retry-after", "")
    return Failure(
        f"The model server at {place} refused the request ({status}): {_told(error, key)}.",
        is_passing=status in PASSING,
        is_servers=status not in NOT_FOR_OTHERS,
        rest_s=float(rest_s[:6]) if rest_s.isdecimal() else 0.0,
    )


def _told(error: openai.APIError, key: str) -> str:
    """The server's own reason, where it gives one in the form that such servers have for it."""
    body = error.body
    reason = body.get("message") if isinstance(body, dict) else None
    if not isinstance(reason, str) or not reason.strip():
        return "it does not say why"
    reason = " ".join(reason.split())[:LONGEST_REASON].rstrip(".")
    return reason.replace(key, "…") if key else reason
