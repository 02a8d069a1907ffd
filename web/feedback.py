"""POST /api/v1/feedback: what a reader said of an answer, checked and handed to the service, once for each key.

What this module does not do: keep feedback (`feedback`), or judge it.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.responses import Response

import schema
from feedback import LONGEST_COMMENT, Feedback, Rating
from web.answer_forms import StatusForm
from web.desk import Desk
from web.identity import visitor_of
from web.once import Once
from web.origin import is_cross_site
from web.problem_docs import documented
from web.problem_kinds import FOREIGN_PAGE, KEY_REUSED, NOT_JSON, QUESTION, TOO_LARGE, UNAVAILABLE
from web.problem_layers import SEND_JSON
from web.problems import Problem, refused_as
from web.responses import AsciiJSONResponse
from web.rest import WORDS, Whole

FOREIGN = "This request comes from another site's page; feedback is taken from Footnote's own page and from programs."
MOST_CITATIONS = 100
LARGEST = 1_000_000_000
"""Of page numbers and character offsets."""

Text = Annotated[str, BeforeValidator(lambda value: schema.encodable(value) if isinstance(value, str) else value)]
"""Halves of characters, which pydantic refuses, become question marks as at every door."""
Short = Annotated[Text, Field(max_length=200)]
Key = Annotated[
    str | None,
    Header(min_length=1, max_length=64, pattern=r"^[!-~]+$", description="A name of this request, such as a UUID"),
]


Offset = Annotated[int, Field(ge=0, le=LARGEST), Whole]
Number = Annotated[int, Field(ge=1, le=LARGEST), Whole]


class CitedSpan(BaseModel):
    """One footnote as the answer showed it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    source: Text = Field(min_length=1, max_length=4_096)
    page: Number | None = None
    start: Offset
    end: Offset
    quote: Text = Field(max_length=20_000)


class FeedbackRequest(BaseModel):
    """A thumb for one answer; footnote n of ``wrong_citations`` is the n-th of ``citations``."""

    model_config = ConfigDict(extra="forbid", strict=True)
    question: Text = Field(max_length=20_000, json_schema_extra=WORDS)
    answer: Text = Field("", max_length=100_000)
    rating: Rating
    wrong_citations: Annotated[list[Number], Field(max_length=MOST_CITATIONS)] = []
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


def build_feedback_router(desk: Desk) -> APIRouter:
    """The route over one desk."""
    router = APIRouter(default_response_class=AsciiJSONResponse)
    once = Once(shared=desk.records.shared)

    @router.post(
        "/api/v1/feedback",
        status_code=201,
        summary="Record what a reader says of an answer",
        description="With an `Idempotency-Key` a request that is sent again is recorded once.",
        responses=documented(QUESTION, FOREIGN_PAGE, TOO_LARGE, NOT_JSON, KEY_REUSED, UNAVAILABLE)
        | {201: {"model": StatusForm, "description": "It is on disk"}},
    )
    def add(body: FeedbackRequest, request: Request, idempotency_key: Key = None) -> Response:
        visitor = visitor_of(request)
        if is_cross_site(request) and not visitor.embed:  # a widget is elsewhere, and has a token that says so
            raise Problem(FOREIGN_PAGE, FOREIGN)
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            raise Problem(NOT_JSON, SEND_JSON)
        with refused_as(QUESTION):
            record = body.record()
        name, text = (visitor.user, visitor.embed, visitor.origin), body.model_dump_json()
        with refused_as(UNAVAILABLE):
            once.do(name, idempotency_key, text, lambda: desk.add_feedback(visitor, record))
        return AsciiJSONResponse({"status": "recorded"}, status_code=201)

    return router
