"""The REST interface without page or gate: a small app whose visitor a test chooses."""

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from access.visitor import Visitor
from web.addresses import answer_unknown
from web.desk import Desk
from web.feedback import build_feedback_router
from web.openai import build_openai_router
from web.problem_layers import RequestIds, install
from web.rest import build_router

HOST = "https://host.example"
"""An origin whose pages may ask."""


class AsVisitor:
    """What the gate does: says who asks."""

    def __init__(self, app, visitor):
        self.app = app
        self.visitor = visitor

    async def __call__(self, scope, receive, send):
        scope.setdefault("state", {})["visitor"] = self.visitor
        await self.app(scope, receive, send)


def small_app(service, visitor=None, *, more=lambda app: None):
    """The app over a service, for a visitor who sees everything by default; ``more`` adds routes of a test's own."""
    app = FastAPI(title="Footnote", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    install(app)
    app.add_middleware(AsVisitor, visitor=visitor or Visitor())
    app.add_middleware(CORSMiddleware, allow_origins=[HOST])
    app.add_middleware(RequestIds)
    desk = Desk(service)
    for build in (build_router, build_feedback_router, build_openai_router):
        app.include_router(build(desk))
    more(app)
    answer_unknown(app)
    return app
