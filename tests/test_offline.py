"""Indexing, searching and asking reach nothing: sealed by the kernel, so that C++ is held to it as well as Python."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sealing import KILLED

from doctor import _is_local, _refuse_network

ROOT = Path(__file__).resolve().parents[1]
SEAL = "import sealing\nsealing.seal()\n"
QUESTION = "When was the strategy published?"


def sealed(program, *, timeout=240, guard=True, **environment):
    """Run a Python program under the seal and, unless told otherwise, under the socket guard too."""
    environment = os.environ | environment
    if not guard:
        program = f"import sys\nsys.path.insert(0, {environment.pop('PYTHONPATH')!r})\n{program}"
    return subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def commands(*lines):
    """A program that runs commands one after the other and fails with the first that does."""
    return (
        f"{SEAL}import cli\nfor arguments in {[[str(word) for word in line] for line in lines]}:\n"
        "    try:\n        cli.main(arguments)\n"
        "    except SystemExit as end:\n        assert not end.code, (arguments, end.code)\n"
    )


@pytest.mark.models
def test_index_search_and_ask_need_no_network_and_leave_nothing_at_home(tmp_path, weights):
    """The home is watched because what reports to its maker first keeps an identifier of the machine there."""
    home = tmp_path / "home"
    home.mkdir()
    samples = [ROOT / "samples" / name for name in ("briefing.md", "summary-for-industry.pdf", "abpi-reaction.docx")]
    index = ["--index", tmp_path / "index", "--json"]
    program = commands(["index", *samples, *index], ["search", QUESTION, *index], ["ask", QUESTION, *index])
    done = sealed(program, HOME=str(home), XDG_CACHE_HOME="", FOOTNOTE_CACHE=str(weights))
    assert done.returncode == 0, done.stderr
    assert "network" not in done.stderr
    decoder, rest, printed = json.JSONDecoder(), done.stdout, []
    while rest.strip():
        value, end = decoder.raw_decode(rest)
        printed.append(value)
        rest = rest[end:].lstrip()
    report, found, answer = printed
    assert report["indexed"] == 3
    assert found["passages"]
    assert "12 October 2022" in answer["answer"]
    assert answer["fingerprint"]["llm"].startswith("qwen2.5-coder-1.5b@")
    assert sorted(home.rglob("*")) == []


@pytest.mark.models
def test_evaluation_needs_no_network_either(tmp_path, weights, samples_index):
    """From the questions to the gate: what a job in continuous integration does on a machine that reaches nothing."""
    run, report = tmp_path / "run.json", tmp_path / "report.html"
    chosen = ["--index", samples_index, "--limit", "2", "--quotes-only", "--out", run, "--report", report]
    program = commands(
        ["eval", "run", ROOT / "eval" / "samples" / "questions.yaml", *chosen],
        ["eval", "compare", run, run],
        ["eval", "gate", run, "--baseline", run],
    )
    done = sealed(program, FOOTNOTE_CACHE=str(weights))
    assert done.returncode == 0, done.stderr
    assert "network" not in done.stderr
    assert "passed" in done.stdout
    assert report.read_text("utf-8").startswith("<!doctype html>")


@pytest.mark.models
def test_the_doctor_proves_it_too(tmp_path, weights):
    done = sealed(commands(["doctor", "--offline", "--index", tmp_path / "none", "--json"]), FOOTNOTE_LLM="none")
    assert done.returncode == 0, done.stderr
    findings = {one["what"]: one for one in json.loads(done.stdout)["findings"]}
    assert findings["offline"]["state"] == "good"
    assert findings["offline"]["detail"].endswith("no Python code tried to leave this machine")


@pytest.mark.parametrize(
    ("call", "survives"),
    [
        ("libc.connect(libc.socket(2, 1, 0), b'\\2\\0\\0\\x50\\xc0\\0\\2\\1' + bytes(8), 16)", False),
        ("libc.connect(libc.socket(10, 1, 0), b'\\x0a\\0' + bytes(26), 28)", False),
        ("libc.socket(2, 2, 0)", False),  # as every question to a name server begins
        ("libc.socket(10, 2 | 0o4000, 0)", False),
        ("libc.sendto(0, b'x', 1, 0, bytes(16), 16)", False),
        ("libc.getaddrinfo(b'example.org', None, None, ctypes.byref(ctypes.c_void_p()))", False),
        ("subprocess.run([sys.executable, '-S', '-c', 'import socket; socket.socket(2, 2)'], check=True)", False),
        ("threading.Thread(target=libc.socket, args=(2, 2, 0)).start()", False),
        ("pair = socket.socketpair(); pair[0].send(b'x')", True),
        ("socket.socket(socket.AF_UNIX).connect_ex('/nowhere')", True),
        ("socket.socket(socket.AF_INET).close()", True),  # libraries ask in this way whether there is IPv6
    ],
)
def test_the_seal_ends_a_process_that_reaches_out(call, survives):
    """From C, where the socket guard is blind."""
    done = sealed(
        f"import ctypes, socket, subprocess, sys, threading\n{SEAL}libc = ctypes.CDLL(None)\n{call}", guard=False
    )
    if survives:
        assert (done.returncode, done.stderr) == (0, "")
    elif "subprocess" in call:
        assert f"died with <Signals.SIGSYS: {-KILLED}>" in done.stderr
    else:
        assert done.returncode == KILLED


@pytest.mark.parametrize("address", ["('192.0.2.1', 80)", "('example.org', 80)", "('2001:db8::1', 80)"])
def test_the_socket_guard_refuses_and_says_so(address):
    """192.0.2.0/24 and 2001:db8::/32 belong to nobody; the guard speaks before a packet could leave."""
    done = sealed(f"import socket\nsocket.create_connection({address}, timeout=1)")
    assert done.returncode == 1
    assert "NetworkUsedError: the network was used: socket.getaddrinfo" in done.stderr


@pytest.mark.parametrize(
    ("event", "arguments", "refused"),
    [
        ("socket.connect", (None, ("192.0.2.1", 80)), "192.0.2.1"),
        ("socket.connect", (None, ("::1", 80, 0, 0)), None),
        ("socket.connect", (None, "/run/llama.sock"), None),
        ("socket.getaddrinfo", ("example.org", 443, 0, 0, 0), "example.org"),
        ("socket.getaddrinfo", ("localhost", 443, 0, 0, 0), None),
        ("open", ("file", "r", 0), None),
    ],
)
def test_the_doctors_own_guard_counts_what_it_refuses(event, arguments, refused):
    attempts = []
    if refused is None:
        _refuse_network(event, arguments, attempts)
    else:
        with pytest.raises(PermissionError, match="no network in this check"):
            _refuse_network(event, arguments, attempts)
    assert attempts == ([] if refused is None else [refused])


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), (None, True), ("", True),
     ("10.0.0.1", False), ("localhost.example.org", False), ("2001:db8::1", False), (b"example.org", False)],
)  # fmt: skip
def test_only_loopback_is_local(host, local):
    assert _is_local(host) is local
