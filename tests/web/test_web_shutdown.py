"""A server in a process of its own: how it begins, how it ends, and what is in progress then."""

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fake_service import FakeService

from web.desk import Asked, Desk
from web.identity import Visitor
from web.lifetime import GRACE_S, Ending, Preparation

ROOT = Path(__file__).parents[2]
SERVE = """
import sys, time
from pathlib import Path
from fake_service import FakeService
from schema import FootnoteError
from web.server import Running, serve
shutdown_s, gate = float(sys.argv[1]), Path(sys.argv[2])
def prepare():
    while not gate.exists():
        time.sleep(0.02)
    if gate.read_text():
        raise FootnoteError(gate.read_text())
class Told:
    def wait(self, seconds):
        time.sleep(seconds)
        return gate.with_name("go on").exists()
service = FakeService()
service.go_on = Told()
print("begun", flush=True)
try:
    serve(service, "127.0.0.1", int(sys.argv[3]), announce=lambda text: print(text, flush=True),
          running=Running(prepare=prepare, shutdown_s=shutdown_s))
except FootnoteError as error:
    sys.exit(f"it said: {error}")
"""
STREAM = {"accept": "text/event-stream"}


@contextmanager
def served(gate, *, shutdown_s=300.0, port=0):
    """A server's process; it has begun to run, and prepares itself while the file ``gate`` is not there.

    What is held goes on when there is a file ``go on`` beside it.
    """
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "web"), os.environ["PYTHONPATH"]])
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(shutdown_s), str(gate), str(port)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "begun\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def gate(tmp_path):
    gate = tmp_path / "gate"
    gate.touch()
    return gate


@contextmanager
def asking(address, question):
    """A question in progress, as far as its first event; yields what reads the rest."""
    with httpx.stream("POST", f"{address}api/v1/ask", json={"question": question}, headers=STREAM, timeout=60) as found:
        pieces = found.iter_text()
        text = next(pieces)
        assert text.startswith("event: quotes")
        yield lambda: text + "".join(pieces)


def ask(address):
    return httpx.post(f"{address}api/v1/ask", json={"question": "When?"}, timeout=60)


def until(holds):
    """Wait for something that comes soon."""
    for _ in range(600):
        if holds():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it did not come")


def test_at_the_end_answers_in_progress_are_finished_and_new_ones_turned_away(gate):
    with served(gate) as process:
        address = process.stdout.readline().strip()
        with asking(address, "held") as rest:
            process.send_signal(signal.SIGTERM)
            until(lambda: httpx.get(f"{address}readyz", timeout=60).status_code == 503)
            refused = ask(address)
            assert httpx.get(f"{address}livez", timeout=60).json() == {"status": "live"}
            assert httpx.get(f"{address}readyz", timeout=60).json() == {
                "status": "not ready", "model": "ready", "index": "ready", "server": "closing"
            }  # fmt: skip
            gate.with_name("go on").touch()
            whole = rest()
        output, errors = process.communicate(timeout=60)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    assert "shut down" in refused.json()["detail"]
    assert whole.rstrip().splitlines()[-2] == "event: answer"
    assert "event: error" not in whole
    assert (process.returncode, output, errors) == (0, "", "")
    port = int(address.rsplit(":", 1)[1].strip("/"))
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_an_answer_that_takes_too_long_then_ends_with_an_error_and_the_port_serves_again(gate):
    with served(gate, shutdown_s=0.3) as process:
        address = process.stdout.readline().strip()
        with asking(address, "endless") as rest:
            process.send_signal(signal.SIGTERM)
            whole = rest()
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (0, "", "")
    name, data = whole.rstrip().splitlines()[-2:]
    assert name == "event: error"
    assert "shut down" in data
    port = int(address.rsplit(":", 1)[1].strip("/"))
    with served(gate, port=port) as again:
        assert again.stdout.readline().strip() == address
        assert ask(address).status_code == 200


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_the_server_at_once(gate, second):
    with served(gate, shutdown_s=3600) as process:
        address = process.stdout.readline().strip()
        with asking(address, "endless"):
            process.send_signal(signal.SIGTERM)
            until(lambda: httpx.get(f"{address}readyz", timeout=60).status_code == 503)
            process.send_signal(second)
            output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (0, "", "")


def test_until_it_is_prepared_a_server_is_live_and_not_ready(gate):
    gate.unlink()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with served(gate, port=port) as process:
        address = f"http://127.0.0.1:{port}/"
        until(lambda: is_live(address))
        found = httpx.get(f"{address}readyz", timeout=60)
        assert (found.status_code, found.json()["model"]) == (503, "loading")
        refused = ask(address)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
        assert "loading its models" in refused.json()["detail"]
        gate.touch()
        assert process.stdout.readline().strip() == address  # told only now
        assert httpx.get(f"{address}readyz", timeout=60).status_code == 200
        assert ask(address).status_code == 200


def test_a_server_that_cannot_be_prepared_ends_and_says_why(gate):
    gate.write_text("There is no model.")
    with served(gate) as process:
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (1, "", "it said: There is no model.\n")


def is_live(address):
    try:
        return httpx.get(f"{address}livez", timeout=60).status_code == 200
    except httpx.TransportError:
        return False


# The same without a server


def test_the_end_waits_for_answers_only_as_long_as_it_is_patient():
    now, desk = [0.0], Desk(FakeService(pause_s=0))
    ending = Ending(desk, 30, clock=lambda: now[0])
    assert not ending.is_over()
    events = desk.ask(Visitor("ann"), "rest", Asked("endless"))
    next(events)
    assert not ending.has_begun
    ending.begin()
    assert (desk.state, ending.has_begun, ending.is_over()) == ("closing", True, False)
    now[0] = 29.9
    assert not ending.is_over()
    assert not any(call.is_cut for call in desk._calls)
    now[0] = 30.0
    assert not ending.is_over()
    assert all(call.is_cut for call in desk._calls)
    now[0] = 30.0 + GRACE_S
    assert ending.is_over()


def test_the_end_is_over_as_soon_as_nothing_is_in_progress():
    desk = Desk(FakeService(pause_s=0))
    ending = Ending(desk, 30, clock=lambda: 0.0)
    events = desk.ask(Visitor("ann"), "rest", Asked("When?"))
    next(events)
    ending.begin()
    assert not ending.is_over()
    list(events)
    assert ending.is_over()


def test_at_once_means_that_nobody_is_waited_for():
    desk = Desk(FakeService(pause_s=0))
    ending = Ending(desk, 30, clock=lambda: 0.0)
    events = desk.ask(Visitor("ann"), "rest", Asked("endless"))
    next(events)
    ending.begin(at_once=True)
    assert not ending.is_over()
    assert all(call.is_cut for call in desk._calls)


def test_what_is_prepared_when_the_end_has_begun_opens_nothing():
    desk, done = Desk(FakeService()), []
    preparation = Preparation(desk, lambda: None, lambda: done.append(True))
    assert desk.state == "loading"
    desk.close()
    preparation.start()
    preparation.finish()
    assert (desk.state, done) == ("closing", [])
