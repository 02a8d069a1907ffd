"""POST /api/v1/feedback: what a reader said of an answer, checked and handed to the service."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.responses import Response

import schema
from feedback import LONGEST_COMMENT, Feedback, Rating
from web.origin import is_cross_site
from web.responses import AsciiJSONResponse
from web.service import Service

FOREIGN = "This request comes from another site's page; feedback is taken from Footnote's own page and from programs."
NOT_JSON = "Send the feedback as JSON, with the content type application/json."
MOST_CITATIONS = 100

Text = Annotated[str, BeforeValidator(lambda value: schema.encodable(value) if isinstance(value, str) else value)]
"""Halves of characters, which pydantic refuses, become question marks as at every door."""
Short = Annotated[Text, Field(max_length=200)]


class CitedSpan(BaseModel):
    """One footnote as the answer showed it."""

    model_config = ConfigDict(extra="forbid")
    source: Text = Field(min_length=1, max_length=4_096)
    page: int | None = Field(None, ge=1)
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    quote: Text = Field(max_length=20_000)


class FeedbackRequest(BaseModel):
    """A thumb for one answer; footnote n of ``wrong_citations`` is the n-th of ``citations``."""

    model_config = ConfigDict(extra="forbid")
    question: Text = Field(max_length=20_000)
    answer: Text = Field("", max_length=100_000)
    rating: Rating
    wrong_citations: Annotated[list[Annotated[int, Field(ge=1)]], Field(max_length=MOST_CITATIONS)] = []
    comment: Text = Field("", max_length=LONGEST_COMMENT)
    citations: Annotated[list[CitedSpan], Field(max_length=MOST_CITATIONS)] = []
    collection: str | None = Field(None, pattern=r"^[\w.-]{1,64}$")
    fingerprint: Annotated[dict[Short, Short], Field(max_length=20)] = {}

    def record(self) -> Feedback:
        """The feedback with the time of now.

        Raises:
            FootnoteError: when there is no question, or a footnote that isn't there is said to be wrong.
        """
        values: dict[str, Any] = self.model_dump()
        values["question"] = schema.checked_question(self.question)
        values["wrong_citations"] = tuple(sorted(set(self.wrong_citations)))
        values["citations"] = tuple(values["citations"])
        if self.wrong_citations and max(self.wrong_citations) > len(self.citations):
            raise schema.FootnoteError(
                f"There is no footnote {max(self.wrong_citations)}; the answer has {len(self.citations)}."
            )
        return Feedback(**values)


def build_feedback_router(service: Service) -> APIRouter:
    """The route over one service."""
    router = APIRouter(default_response_class=AsciiJSONResponse)

    @router.post(
        "/api/v1/feedback",
        status_code=201,
        summary="Record what a reader says of an answer",
        responses={
            400: {"description": "Says what to change"},
            403: {"description": "Another site's page asks"},
            415: {"description": "Not JSON"},
        },
    )
    def add(body: FeedbackRequest, request: Request) -> Response:
        if is_cross_site(request):
            return _error(FOREIGN, 403)
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            return _error(NOT_JSON, 415)
        try:
            record = body.record()
        except schema.FootnoteError as error:
            return _error(str(error), 400)
        try:
            service.add_feedback(record)
        except schema.FootnoteError as error:
            return _error(str(error), 503)
        return AsciiJSONResponse({"status": "recorded"}, status_code=201)

    return router


def _error(message: str, status: int) -> Response:
    return AsciiJSONResponse({"error": message}, status_code=status)
