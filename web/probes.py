"""/livez and /readyz: whether the process answers, and whether it can answer questions, for whoever runs it.

Anybody may ask, so they say which part is not ready and nothing of what is in it. A model server that is away is no
reason to send people elsewhere, since they get the documents' own words; an index that can't be read is one.
"""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from schema import FootnoteError, ModelHealth
from web.desk import Desk
from web.responses import AsciiJSONResponse


class Liveness(BaseModel):
    """What a process that answers says."""

    model_config = ConfigDict(extra="forbid")
    status: Literal["live"]


class Readiness(BaseModel):
    """Whether questions can be answered, and the part that keeps them from it."""

    model_config = ConfigDict(extra="forbid")
    status: Literal["ready", "not ready"]
    model: Literal["ready", "loading", "away"] = Field(description="away: answers are the documents' own words")
    index: Literal["ready", "unreadable"]
    server: Literal["open", "closing"]


def build_probes(desk: Desk) -> APIRouter:
    """The routes over one desk."""
    router = APIRouter(default_response_class=AsciiJSONResponse)

    @router.get(
        "/livez",
        summary="Whether the process answers",
        responses={200: {"model": Liveness, "description": "It does"}},
    )
    async def livez() -> Response:
        return AsciiJSONResponse({"status": "live"})

    @router.get(
        "/readyz",
        summary="Whether questions can be answered",
        responses={
            200: {"model": Readiness, "description": "They can"},
            503: {"model": Readiness, "description": "They can't; says which part is not ready"},
        },
    )
    def readyz() -> Response:
        found = readiness(desk)
        return AsciiJSONResponse(found.model_dump(), status_code=200 if found.status == "ready" else 503)

    return router


def readiness(desk: Desk) -> Readiness:
    """How the parts stand as of now."""
    model: Literal["ready", "loading", "away"] = "loading" if desk.state == "loading" else _model(desk.look_at_model())
    server: Literal["open", "closing"] = "closing" if desk.state == "closing" else "open"
    index: Literal["ready", "unreadable"] = "ready" if _is_readable(desk) else "unreadable"
    is_ready = model != "loading" and (server, index) == ("open", "ready")
    return Readiness(status="ready" if is_ready else "not ready", model=model, index=index, server=server)


def _model(health: ModelHealth | None) -> Literal["ready", "away"]:
    return "ready" if health is None or health.is_asked else "away"


def _is_readable(desk: Desk) -> bool:
    try:
        desk.look_at_index()
    except FootnoteError:
        return False
    return True
