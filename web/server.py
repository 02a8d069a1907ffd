"""The web application put together, and the server that runs it until Ctrl-C."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Sequence
from types import FrameType

import uvicorn
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from schema import FootnoteError
from web import chat
from web.feedback import build_feedback_router
from web.headers import ANY_ADDRESS, HostGuard, SecurityHeaders, known_hosts
from web.responses import AsciiJSONResponse
from web.rest import build_router
from web.runs import build_runs_router
from web.service import Evaluations, Service


def build_app(
    service: Service,
    *,
    examples: Sequence[str] = (),
    host: str = "127.0.0.1",
    names: Sequence[str] = (),
    concurrency: int = 4,
    evaluations: Evaluations | None = None,
) -> FastAPI:
    """The chat page at /, the REST interface under /api/v1, runs under /runs, and the layers around them.

    Args:
        service: what answers; used from several threads at once.
        examples: questions that an empty conversation offers.
        host: the address that the server listens on; its name is answered to, foreign names are not.
        names: more names that are answered to, such as the one that a reverse proxy or the intranet's DNS gives.
        concurrency: questions of the chat page that may be in progress at once; up to 50 more wait.
        evaluations: the runs that the second tab shows; without it there is no tab.
    """
    app = FastAPI(title="Footnote", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    # Gradio looks for exactly this class; without it, it would answer any origin with that origin.
    app.add_middleware(CORSMiddleware, allow_origins=[])
    app.add_middleware(HostGuard, names=known_hosts(host, *names))
    app.add_middleware(SecurityHeaders)
    app.add_exception_handler(RequestValidationError, _explain_body)
    app.include_router(build_router(service))
    app.include_router(build_feedback_router(service))
    app.mount("/page", StaticFiles(directory=chat.STATIC), name="page")
    if evaluations is not None:
        app.include_router(build_runs_router(service, evaluations, version=chat.VERSION))
    chat.mount(app, service, examples=examples, concurrency=concurrency, tabs=evaluations is not None)
    return app


def _explain_body(_: Request, error: Exception) -> Response:
    """FastAPI's own answer to a body that is not as described, in a form that can hold any text that came in."""
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    return AsciiJSONResponse({"detail": jsonable_encoder(faults)}, status_code=422)


def serve(
    service: Service,
    host: str,
    port: int,
    *,
    examples: Sequence[str] = (),
    names: Sequence[str] = (),
    evaluations: Evaluations | None = None,
    announce: Callable[[str], None],
) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Args:
        service: what answers.
        host: the address or name to listen on.
        port: the port; 0 for any free one.
        examples: questions that an empty conversation offers.
        names: more names of this server, as for ``build_app``.
        evaluations: the runs that the second tab shows; closed when the server ends.
        announce: is told the address once the page can be opened.

    Raises:
        FootnoteError: when the address can't be listened on.
    """
    listener = listen(host, port)
    app = build_app(service, examples=examples, host=host, names=names, evaluations=evaluations)
    config = uvicorn.Config(
        app, access_log=False, log_level="warning", lifespan="on", timeout_graceful_shutdown=1, server_header=False
    )
    server = AnnouncingServer(config, lambda: announce(address(host, listener.getsockname()[1])))
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass  # the person asked for it; uvicorn has closed everything by now
    finally:
        listener.close()
        if evaluations is not None:
            evaluations.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    Raises:
        FootnoteError: saying why not, and what to do.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise FootnoteError(
            f"Footnote can't listen on {host} port {port}: {error.strerror or error}. Another program may be using it, "
            "perhaps Footnote itself; choose another with --port, or --port 0 for any that is free."
        ) from error
    return listener


def address(host: str, port: int) -> str:
    """The address to open in a browser on this machine."""
    name = "127.0.0.1" if host in ANY_ADDRESS else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/"


class AnnouncingServer(uvicorn.Server):
    """A uvicorn server that says when it is ready, and nothing while it ends."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then call ``ready``."""
        await super().startup(sockets)
        if self.started:
            self.ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End on a signal; answers cut short by it are no errors worth a line each."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        super().handle_exit(sig, frame)
