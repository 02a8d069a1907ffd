"""Connections to a model server: how the sockets of one request are shut, and how its list of models is read."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

import httpx

from models.remote_failures import failure_of, place_of
from schema import FootnoteError

BROKEN = (500, 502, 503, 504)
"""Statuses of a server that is of no use now, whatever it was asked; 501 says no more than that it has no list."""


class Connections:
    """The connections that one request opens, so that another thread than the one that reads them can end them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: list[Any] = []
        self._ended = False

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Take note of a connection when httpx reports it; one that comes too late is ended at once."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            with self._lock:
                self._streams.append(info["return_value"])
            if self._ended:
                self.end()

    def end(self) -> None:
        """Shut the sockets down: unlike closing them, that wakes the thread that waits for them."""
        self._ended = True
        with self._lock:
            for stream in self._streams:
                with contextlib.suppress(OSError, ValueError):  # closed already
                    stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


def read_list(client: httpx.Client, base_url: str, key: str, *, timeout_s: float) -> httpx.Response:
    """What the server answers when it is asked for its models, which costs nobody anything.

    Raises:
        FootnoteError: when there is no server, or one with an error of its own.
    """
    place = place_of(base_url)
    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        response = client.get(f"{base_url.rstrip('/')}/models", headers=headers, timeout=timeout_s)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FootnoteError(failure_of(error, False, place=place).sentence) from error
    if response.status_code in BROKEN:
        raise FootnoteError(f"The model server at {place} answers with an error ({response.status_code}): check it.")
    return response


def names_in(response: httpx.Response, place: str) -> list[str]:
    """The names of the models in that answer; none where the server keeps them to itself.

    Raises:
        FootnoteError: when the key was refused.
    """
    if response.status_code in (401, 403):
        raise FootnoteError(f"The model server at {place} refused the key: set llm_api_key to one that it accepts.")
    try:
        return [str(one["id"]) for one in response.json()["data"]]
    except (ValueError, TypeError, KeyError):
        return []
