"""Clients that hold on to connections: the server answers others, and lets go of all when they leave."""

import json
import os
import socket
import threading
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest
from browsing import serving
from fake_service import FakeService

HEAD = b"POST /api/v1/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
BODY = json.dumps({"question": "held, when?"}).encode()
WHOLE = HEAD + b"Accept: text/event-stream\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
KINDS = {
    "half a header": HEAD,
    "a header without an end": HEAD + b"X-Long: " + b"a" * 4_000,
    "half a body": HEAD + b"Content-Length: 1000\r\n\r\n{",
    "a piece of a body in pieces": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "nothing": b"",
    "a stream that is not read": WHOLE,
}
CLIENTS = 200


@pytest.fixture
def service():
    made = FakeService(pause_s=0)
    yield made
    made.go_on.set()


def open_files():
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  (names alone)


def until(holds):
    """Wait for something that comes soon."""
    for _ in range(600):
        if holds():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it did not come")


@pytest.mark.parametrize("kind", list(KINDS))
def test_two_hundred_that_do_not_go_on_keep_nobody_out(service, kind):
    with serving(service) as address, httpx.Client(base_url=address, timeout=60) as client:
        client.get("/livez")
        base, place = open_files(), urlsplit(address)
        with ExitStack() as held:
            for _ in range(CLIENTS):
                connection = held.enter_context(socket.create_connection((place.hostname, place.port), timeout=60))
                connection.sendall(KINDS[kind])
            assert client.get("/livez").status_code == 200
            found = client.post("/api/v1/search", json={"question": "When?"})
            assert (found.status_code, len(found.json()["passages"])) == (200, 2)
            assert client.get("/page/page.js").status_code == 200
        until(lambda: open_files() <= base)
        service.go_on.set()
        until(lambda: client.post("/api/v1/ask", json={"question": "When?"}).status_code == 200)


def test_a_thousand_streams_are_taken_or_refused_and_all_are_let_go(service):
    """As many as the line holds wait; the others are told so, and nobody's place is lost."""
    with serving(service) as address, httpx.Client(base_url=address, timeout=60) as client:
        base, place = open_files(), urlsplit(address)
        statuses = []
        with ExitStack() as held:
            for _ in range(300):  # at once, as many as a process may have open, and again when these have left
                connection = held.enter_context(socket.create_connection((place.hostname, place.port), timeout=60))
                connection.sendall(WHOLE)
                statuses.append(connection)
            first = [int(one.recv(15).split()[1]) for one in statuses]
            assert set(first) == {200, 503}
            assert first.count(200) == 51  # one that is answered and fifty that wait
            assert client.get("/livez").status_code == 200
        for _ in range(700):
            with socket.create_connection((place.hostname, place.port), timeout=60) as connection:
                connection.sendall(WHOLE)
        service.go_on.set()
        until(lambda: open_files() <= base + 1)
        until(lambda: client.post("/api/v1/ask", json={"question": "When?"}).status_code == 200)
