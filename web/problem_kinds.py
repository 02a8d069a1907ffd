"""The kinds of problems that the doors of the web answer with: a table, which docs/api.md describes row by row.

What this module does not do: word a problem, or answer with it (`web.problems`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: the last part of its type, its HTTP status and its title, which never change."""

    slug: str
    status: int
    title: str

    @property
    def type(self) -> str:
        """The reference that RFC 9457 calls type."""
        return f"/problems/{self.slug}"


QUESTION = Kind("question-refused", 400, "The question can't be answered as it was asked")
NOT_READABLE = Kind("not-readable", 400, "The request can't be read")
NOT_SUPPORTED = Kind("not-supported", 400, "Footnote can't do what a parameter asks for")
NOT_SIGNED_IN = Kind("not-signed-in", 401, "Nobody is signed in")
FOREIGN_PAGE = Kind("foreign-page", 403, "Another site's page made this request")
FORBIDDEN = Kind("forbidden", 403, "This is not allowed")
NO_DOCUMENT = Kind("no-such-document", 404, "There is no such document or page")
NO_COLLECTION = Kind("no-such-collection", 404, "There is no such collection")
NO_MODEL = Kind("no-such-model", 404, "There is no such model")
NO_ADDRESS = Kind("no-such-address", 404, "There is nothing at this address")
NO_METHOD = Kind("method-not-allowed", 405, "This address does not take this method")
TOO_LARGE = Kind("too-large", 413, "The request is too large")
NOT_JSON = Kind("not-json", 415, "The request is not JSON")
NOT_AS_DESCRIBED = Kind("not-as-described", 422, "The request is not as the interface describes it")
KEY_REUSED = Kind("key-reused", 422, "The idempotency key belongs to another request")
TOO_MANY = Kind("too-many-requests", 429, "You have asked as much as one person may for now")
FAILED = Kind("failed", 500, "Something went wrong inside Footnote")
BUSY = Kind("busy", 503, "Footnote can't take this question now")
UNAVAILABLE = Kind("unavailable", 503, "Footnote can't do this now")
OTHER = Kind("refused", 400, "The request was refused")

KINDS = tuple(value for value in list(globals().values()) if isinstance(value, Kind))

BY_STATUS = {
    400: NOT_READABLE,
    401: NOT_SIGNED_IN,
    403: FORBIDDEN,
    404: NO_ADDRESS,
    405: NO_METHOD,
    413: TOO_LARGE,
    415: NOT_JSON,
    422: NOT_AS_DESCRIBED,
    429: TOO_MANY,
    500: FAILED,
    503: UNAVAILABLE,
}
"""What the framework's own errors are."""
