"""Whether a request that changes something comes from our own page: browsers say where a request was made.

Programs other than browsers say nothing and pass; that other sites' pages can't read our answers is CORS's part.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request

OWN = ("same-origin", "none")
"""Values of Sec-Fetch-Site: our own page, or the person's own doing (the address bar, a bookmark)."""


def is_cross_site(request: Request) -> bool:
    """Whether a browser says that another site's page made this request.

    ``Sec-Fetch-Site`` is sent over https and to localhost only; ``Origin`` with every POST. A page's script can set
    neither. The scheme of the origin isn't compared, since a reverse proxy may speak https for us.
    """
    headers = request.headers
    if headers.get("sec-fetch-site", "none").lower() not in OWN:
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
