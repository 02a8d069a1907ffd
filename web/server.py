"""The web application put together, and the server that runs it until Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles

from web import chat
from web.addresses import answer_unknown
from web.desk import Desk
from web.embedding import build_widget_router, read_script
from web.entrance import Entrance
from web.feedback import build_feedback_router
from web.gate import Gate
from web.headers import HostGuard, SecurityHeaders, known_hosts
from web.lifetime import Ending, Preparation
from web.listening import AnnouncingServer, address, config_of, listen
from web.metrics import PATH as METRICS
from web.metrics import build_metrics_router
from web.openai import build_openai_router
from web.probes import build_probes
from web.problem_layers import Failures, RequestIds, install
from web.rest import build_router
from web.runs import build_runs_router
from web.service import Evaluations, Service

CORS: dict[str, Any] = {
    "allow_methods": ["GET", "POST"],
    "allow_headers": ["authorization", "content-type", "idempotency-key"],
    "expose_headers": ["retry-after", "x-request-id"],
}
"""What pages of embeds may send and read; never a cookie."""
NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""FastAPI would else hand exceptions to any exporter of OpenTelemetry that the environment configures."""
MOST_ON_PAGE = 100
"""Questions of the chat page in progress at once, each of which holds a thread while it waits."""


def build_app(
    service: Service,
    *,
    examples: Sequence[str] = (),
    host: str = "127.0.0.1",
    names: Sequence[str] = (),
    evaluations: Evaluations | None = None,
    entrance: Entrance | None = None,
    desk: Desk | None = None,
    metrics_token: str = "",
) -> FastAPI:
    """The chat page at /, the REST interface under /api/v1, runs under /runs, and the layers around them.

    Args:
        service: what answers; used from several threads at once.
        examples: questions that an empty conversation offers.
        host: the address that the server listens on; its name is answered to, foreign names are not.
        names: more names that are answered to, such as the one that a reverse proxy or the intranet's DNS gives.
        evaluations: the runs that the second tab shows; without it there is no tab.
        entrance: who is let in; by default everybody, who then sees everything.
        desk: of the service; by default one without quotas or an audit log.
        metrics_token: what /metrics wants, unless nobody is asked who they are.
    """
    entrance, desk = entrance or Entrance(), desk or Desk(service)
    app = FastAPI(
        title="Footnote", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json", telemetry=NO_TELEMETRY
    )
    install(app)
    script = read_script()
    app.add_middleware(
        Gate,
        identity=entrance.identity,
        read_token=entrance.visitor,
        public=[script.path, METRICS],
        public_url=entrance.public_url,
    )
    app.add_middleware(Failures)  # of the gate itself
    # Gradio looks for exactly this class; without it, it would answer any origin with that origin.
    app.add_middleware(CORSMiddleware, allow_origins=entrance.origins, **CORS)
    app.add_middleware(HostGuard, names=known_hosts(host, *names, public_url=entrance.public_url))
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestIds)
    app.include_router(build_probes(desk))
    is_open = entrance.identity.kind == "none"
    app.include_router(build_metrics_router(desk.metrics, token=metrics_token, is_open=is_open))
    app.include_router(build_router(desk))
    app.include_router(build_feedback_router(desk))
    app.include_router(build_openai_router(desk))
    app.include_router(build_widget_router(script, entrance.rules))
    for router in entrance.routers:
        app.include_router(router)
    answer_unknown(app)
    app.mount("/page", StaticFiles(directory=chat.STATIC), name="page")
    if evaluations is not None:
        app.include_router(build_runs_router(service, evaluations, version=chat.VERSION))
    # As many as the line holds: who waited for Gradio instead would not be told their place.
    concurrency = min(MOST_ON_PAGE, desk.line.slots + desk.line.most_waiting)
    chat.mount(
        app,
        desk,
        examples=examples,
        concurrency=concurrency,
        tabs=evaluations is not None,
        public_url=entrance.public_url,
    )
    return app


def serve(
    service: Service,
    host: str,
    port: int,
    *,
    examples: Sequence[str] = (),
    evaluations: Evaluations | None = None,
    entrance: Entrance | None = None,
    running: Running | None = None,
    announce: Callable[[str], None],
) -> None:
    """Serve until Ctrl-C or SIGTERM.

    SIGTERM lets the answers in progress finish for a while; Ctrl-C, or a second signal, ends them at once.

    Args:
        service: what answers.
        host: the address or name to listen on.
        port: the port; 0 for any free one.
        examples: questions that an empty conversation offers.
        evaluations: the runs that the second tab shows; closed when the server ends.
        entrance: who is let in, as for ``build_app``; closed when the server ends.
        running: how it runs and ends.
        announce: is told the address once the page can be opened.

    Raises:
        FootnoteError: when the address can't be listened on, or what ``running.prepare`` raised.
    """
    running = running or Running()
    desk = running.desk or Desk(service)
    listener = listen(host, port)
    app = build_app(
        service,
        examples=examples,
        host=host,
        evaluations=evaluations,
        entrance=entrance,
        desk=desk,
        metrics_token=running.metrics_token,
    )
    told = address(host, listener.getsockname()[1])
    preparation = Preparation(desk, running.prepare, lambda: announce(told))
    server = AnnouncingServer(config_of(app), preparation.start, Ending(desk, running.shutdown_s), preparation)
    try:
        server.run(sockets=[listener])
        preparation.finish()
    finally:
        listener.close()
        if evaluations is not None:
            evaluations.close()
        if entrance is not None:
            entrance.close()


@dataclass(frozen=True, slots=True)
class Running:
    """How a server runs and ends.

    ``prepare`` is called in a thread once the server listens; until it is done, questions are turned away. Answers in
    progress have ``shutdown_s`` seconds when the server is to end.
    """

    desk: Desk | None = None
    prepare: Callable[[], None] = lambda: None
    shutdown_s: float = 30.0
    metrics_token: str = ""
