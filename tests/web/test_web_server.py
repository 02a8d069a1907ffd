import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from fake_service import FakeService
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.trace import NoOpTracer, TracerProvider

from schema import FootnoteError
from web.listening import address, listen
from web.server import build_app

ROOT = Path(__file__).parents[2]
SERVE = (
    "from fake_service import FakeService; from web.server import serve; "
    "serve(FakeService(), '127.0.0.1', 0, announce=lambda text: print(text, flush=True))"
)


@pytest.fixture
def server():
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "web"), os.environ["PYTHONPATH"]])
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def test_the_address_is_told_when_the_page_can_be_opened_and_ctrl_c_ends_quietly(server):
    told = server.stdout.readline().strip()
    assert httpx.get(told, timeout=60).status_code == 200
    body, headers = {"question": "endless"}, {"accept": "text/event-stream"}
    with httpx.stream("POST", told + "api/v1/ask", json=body, headers=headers, timeout=60) as response:
        pieces = response.iter_raw()  # kept, since letting go of it closes the connection
        next(pieces)
        server.send_signal(signal.SIGINT)
        output, errors = server.communicate(timeout=60)
    assert (server.returncode, output, errors) == (0, "", "")


def test_a_taken_port_is_refused_with_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(FootnoteError, match=rf"can't listen on 127\.0\.0\.1 port {port}: .*--port 0"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("127.0.0.1", "http://127.0.0.1:7860/"),
        ("0.0.0.0", "http://127.0.0.1:7860/"),  # noqa: S104 (an example)
        ("::1", "http://[::1]:7860/"),
        ("reports.intranet", "http://reports.intranet:7860/"),
    ],
)
def test_the_address_is_one_that_a_browser_on_this_machine_can_open(host, told):
    assert address(host, 7860) == told


class Counting(TracerProvider):
    """What an exporter's package sets up: here it counts what it is handed."""

    def __init__(self):
        self.spans = []

    def get_tracer(self, *_, **__):
        provider = self

        class Tracer(NoOpTracer):
            def start_span(self, name, *given, **more):
                provider.spans.append(name)
                return super().start_span(name, *given, **more)

        return Tracer()


def test_no_exporter_that_the_environment_sets_up_is_handed_anything(monkeypatch):
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    counting = Counting()
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", counting)
    with TestClient(build_app(FakeService()), base_url="http://127.0.0.1") as client:
        assert client.post("/api/v1/ask", json={"question": "When?"}).status_code == 200
    assert counting.spans == []
