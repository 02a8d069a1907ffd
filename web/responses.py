"""What the web's routes answer with: JSON that any bytes of a document survive, and errors as one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.responses import JSONResponse, Response

import schema


class AsciiJSONResponse(JSONResponse):
    """JSON with every character beyond ASCII escaped, so that half surrogates from broken files travel too."""

    def render(self, content: Any) -> bytes:
        """The bytes of the body."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


def or_error(build: Callable[[], dict[str, Any]], status: int) -> Response:
    """What is built, or its error with this status."""
    try:
        return AsciiJSONResponse(build())
    except schema.FootnoteError as error:
        return AsciiJSONResponse({"error": str(error)}, status_code=status)
