"""The documents over REST: their list, their pages as text with the places of characters, and as pictures.

A document that is missing and one that may not be seen answer alike: the desk's view holds neither.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

import schema
from web.answer_forms import PageForm, SourcesForm
from web.desk import Desk
from web.faults import blamed
from web.identity import visitor_of
from web.problem_docs import documented
from web.problem_kinds import NO_DOCUMENT, UNAVAILABLE
from web.problems import refused_as
from web.responses import AsciiJSONResponse, described

NO_STORE = {"cache-control": "no-store"}
LARGEST = 1_000_000_000
"""Of page numbers and character offsets; no document comes near it, and no database trips over it."""

Boxes = Annotated[bool, Field(description="Whether the places of the characters on the page are wanted")]
Number = Annotated[int, Path(ge=1, le=LARGEST, description="From 1")]
SourceId = Annotated[str, Path(max_length=4_096, description="As in the list of documents")]


def documents_router(desk: Desk) -> APIRouter:
    """The routes of documents over one desk."""
    router = APIRouter(default_response_class=AsciiJSONResponse, responses=documented(NO_DOCUMENT))
    a_page = described(PageForm, "The page")

    @router.get("/api/v1/sources", summary="The documents", responses=described(SourcesForm, "Those that may be seen"))
    def sources(request: Request) -> Response:
        with refused_as(UNAVAILABLE):
            infos = desk.view(visitor_of(request)).sources()
        return AsciiJSONResponse({"sources": [_source_to_dict(info) for info in infos]})

    @router.get(
        "/api/v1/sources/{source_id:text}/pages/at", summary="The page that holds a character offset", responses=a_page
    )
    def page_at(
        source_id: SourceId, start: Annotated[int, Query(ge=0, le=LARGEST)], request: Request, boxes: Boxes = False
    ) -> Response:
        view = desk.view(visitor_of(request))
        with blamed(NO_DOCUMENT, view):
            return AsciiJSONResponse(page_to_dict(view.page(source_id, view.page_of(source_id, start)), boxes=boxes))

    @router.get("/api/v1/sources/{source_id:text}/pages/{number}", summary="One page of a document", responses=a_page)
    def page(source_id: SourceId, number: Number, request: Request, boxes: Boxes = False) -> Response:
        view = desk.view(visitor_of(request))
        with blamed(NO_DOCUMENT, view):
            return AsciiJSONResponse(page_to_dict(view.page(source_id, number), boxes=boxes))

    @router.get(
        "/api/v1/sources/{source_id:text}/pages/{number}/picture",
        summary="One page as it looks, as PNG",
        responses={200: {"description": "The picture", "content": {"image/png": {}}}},
        response_class=Response,
    )
    def picture(source_id: SourceId, number: Number, request: Request) -> Response:
        view = desk.view(visitor_of(request))
        with blamed(NO_DOCUMENT, view):
            png = view.picture(source_id, number)
        return Response(png, media_type="image/png", headers=NO_STORE)

    return router


def page_to_dict(view: schema.PageView, *, boxes: bool = False) -> dict[str, Any]:
    """The JSON form of a page; ``text[i]`` is character ``start + i`` of the source, counted in code points.

    With ``boxes`` it has left, top, right and bottom of each character, in points from the top left corner of the page;
    four zeros for one that has no place, none at all where places are not known.
    """
    source = view.source
    places = {"boxes": _boxes(view.boxes)} if boxes else {}
    return {
        **places,
        "source": source.source_id,
        "title": source.title,
        "date": source.date,
        "number": view.number,
        "count": view.count,
        "is_page": view.is_page,
        "start": view.start,
        "text": view.text,
        "label": view.label,
        "status": view.status,
        "problem": view.problem,
        "width": view.width,
        "height": view.height,
    }


def _boxes(packed: bytes) -> list[list[float]]:
    """The places of characters as numbers (see `schema.Extraction`)."""
    if not packed:
        return []
    return [[number / 8 for number in place] for place in struct.iter_unpack("<4H", zlib.decompress(packed))]


def _source_to_dict(info: schema.SourceInfo) -> dict[str, Any]:
    record = asdict(info) | {"coverage": info.coverage.to_dict()}
    return {"id": info.source.source_id, **record.pop("source"), **record}
