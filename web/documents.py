"""The documents over REST: their list, their pages as text with the places of characters, and as pictures."""

from __future__ import annotations

import struct
import zlib
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import Response

import schema
from web.responses import AsciiJSONResponse, or_error
from web.service import Service

NO_STORE = {"cache-control": "no-store"}


class SourceConvertor(Convertor[str]):
    """A source id in a path; unlike Starlette's own ``path`` it may hold line ends, as file names may."""

    regex = r"[\s\S]+"

    def convert(self, value: str) -> str:
        """The id as it was decoded from the address."""
        return value

    def to_string(self, value: str) -> str:
        """The id as it goes into an address."""
        return value


register_url_convertor("source", SourceConvertor())

Boxes = Annotated[bool, Field(description="Whether the places of the characters on the page are wanted")]


def documents_router(service: Service) -> APIRouter:
    """The routes of documents over one service."""
    router = APIRouter(default_response_class=AsciiJSONResponse)

    @router.get("/api/v1/sources", summary="The documents of the index")
    def sources() -> Response:
        return or_error(lambda: {"sources": [_source_to_dict(info) for info in service.sources()]}, 503)

    @router.get("/api/v1/sources/{source_id:source}/pages/at", summary="The page that holds a character offset")
    def page_at(source_id: str, start: Annotated[int, Field(ge=0)], boxes: Boxes = False) -> Response:
        return or_error(
            lambda: page_to_dict(service.page(source_id, service.page_of(source_id, start)), boxes=boxes), 404
        )

    @router.get("/api/v1/sources/{source_id:source}/pages/{number:int}", summary="One page of a document")
    def page(source_id: str, number: int, boxes: Boxes = False) -> Response:
        return or_error(lambda: page_to_dict(service.page(source_id, number), boxes=boxes), 404)

    @router.get("/api/v1/sources/{source_id:source}/pages/{number:int}/picture", summary="One page as it looks, as PNG")
    def picture(source_id: str, number: int) -> Response:
        try:
            return Response(service.picture(source_id, number), media_type="image/png", headers=NO_STORE)
        except schema.FootnoteError as error:
            return AsciiJSONResponse({"error": str(error)}, 404)

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
