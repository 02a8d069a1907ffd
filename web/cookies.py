"""The two cookies that Footnote sets: the session's, and the short one that binds a sign-in to the browser it began in.

What this module does not do: know what a value means; both are random and mean nothing to a reader.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie of ours, for the whole server, that no script can read and no other site's POST carries.

    Under https its name begins with ``__Host-``, which browsers take from this very host over https only
    (https://www.rfc-editor.org/rfc/rfc6265bis, section 4.1.3.2).
    """

    name: str
    secure: bool

    @property
    def full_name(self) -> str:
        """The name as it is sent."""
        return f"__Host-{self.name}" if self.secure else self.name

    def read(self, connection: HTTPConnection) -> str:
        """Its value; empty when there is none, or several, of which one may be planted by a neighbour on this host."""
        values = [
            value.strip()
            for header in connection.headers.getlist("cookie")
            for name, _, value in (part.partition("=") for part in header.split(";"))
            if name.strip() == self.full_name
        ]
        return values[0] if len(values) == 1 else ""

    def set(self, response: Response, value: str, *, seconds: int) -> None:
        """Have the browser keep it that long."""
        response.set_cookie(
            self.full_name, value, max_age=seconds, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def clear(self, response: Response) -> None:
        """Have the browser forget it."""
        response.delete_cookie(self.full_name, path="/", secure=self.secure, httponly=True, samesite="lax")
