"""Addresses under /api and /v1: text in them as it may stand in file names, and what is said where there is nothing.

What this module does not do: any other path; what stands at / is the chat page's (`web.page_door`).
"""

from __future__ import annotations

from itertools import takewhile

from fastapi import FastAPI, Request
from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import Response
from starlette.routing import BaseRoute, Match

from web.problem_kinds import NO_ADDRESS, NO_METHOD
from web.problems import OPENAI_PATHS, Problem

API_PATHS = ("/api/", OPENAI_PATHS)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


class TextConvertor(Convertor[str]):
    """Any text in a path; unlike Starlette's own ``path`` it may hold line ends, as file names may."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        """The text as it was decoded from the address."""
        return value

    def to_string(self, value: str) -> str:
        """The text as it goes into an address."""
        return value


register_url_convertor("text", TextConvertor())


def answer_unknown(app: FastAPI) -> None:
    """Answer under /api and /v1 where nothing else does; called after their routes, before the page is mounted at /."""
    for prefix in API_PATHS:
        app.router.add_route(f"{prefix}{{rest:text}}", _unknown, methods=list(METHODS), include_in_schema=False)


async def _unknown(request: Request) -> Response:
    known = takewhile(lambda route: getattr(route, "endpoint", None) is not _unknown, request.app.router.routes)
    routes, path = list(known), request.scope["path"]
    allowed = [method for method in METHODS if any(_takes(route, method, path) for route in routes)]
    if allowed:
        detail = f"This address takes {' and '.join(allowed)}, not {request.method}."
        raise Problem(NO_METHOD, detail, headers={"allow": ", ".join(allowed)})
    raise Problem(NO_ADDRESS, "There is nothing at this address. The interface is described at /api/openapi.json.")


def _takes(route: BaseRoute, method: str, path: str) -> bool:
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "path_params": {}, "headers": []}
    return route.matches(scope)[0] is Match.FULL
