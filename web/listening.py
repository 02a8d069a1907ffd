"""The socket and the loop of a server: where it listens, when it says that it is ready, and how signals end it.

The only module that knows `uvicorn`. What this module does not do: know what is served (`web.server`).
"""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from anyio import to_thread
from fastapi import FastAPI

from schema import FootnoteError
from web.headers import ANY_ADDRESS
from web.lifetime import Ending, Preparation

THREADS = 160
"""Of all answers together; a question of the chat page holds one while it waits."""


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


def config_of(app: FastAPI) -> uvicorn.Config:
    """How an app is run: quietly, and believing nothing that a header says of where a request comes from."""
    return uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        lifespan="on",
        timeout_graceful_shutdown=1,
        server_header=False,
        proxy_headers=False,  # they would let anybody choose the address that they come from
    )


class AnnouncingServer(uvicorn.Server):
    """A uvicorn server that says when it is ready, and nothing while it ends.

    Args:
        config: of uvicorn.
        ready: called when it listens.
        ending: asked when to end, after a first signal.
        preparation: ends the server when it fails.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], None],
        ending: Ending | None = None,
        preparation: Preparation | None = None,
    ) -> None:
        super().__init__(config)
        self.ready = ready
        self.ending = ending
        self.preparation = preparation

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then call ``ready``."""
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        await super().startup(sockets)
        if self.started:
            self.ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end on a signal, and end at once on a second one.

        Answers cut short by it are no errors worth a line each. The signal isn't raised again, as uvicorn does: it was
        heeded, and the process ends by itself, with 0.
        """
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        if self.ending is None or self.ending.has_begun:
            self.should_exit = self.force_exit = True
        else:
            self.ending.begin(at_once=sig == signal.SIGINT)

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second; whether to end."""
        has_failed = self.preparation is not None and self.preparation.error is not None
        if has_failed or (self.ending is not None and self.ending.is_over()):
            self.should_exit = True
        return await super().on_tick(counter)
