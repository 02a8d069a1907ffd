import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from schema import FootnoteError
from web.server import address, listen

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
    assert httpx.get(told).status_code == 200
    body, headers = {"question": "endless"}, {"accept": "text/event-stream"}
    with httpx.stream("POST", told + "api/v1/ask", json=body, headers=headers) as response:
        pieces = response.iter_raw()  # kept, since letting go of it closes the connection
        next(pieces)
        started = time.monotonic()
        server.send_signal(signal.SIGINT)
        output, errors = server.communicate(timeout=10)
    assert time.monotonic() - started < 5
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
