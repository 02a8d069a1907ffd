"""docs/embedding.md followed to the letter: its commands are run, its files written, its page opened and asked.

Only the ports are others, since those of the page may be taken, and no language model is loaded: quotes do.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from browsing import browsing
from widget_pages import finished, words

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"<!-- (run|serve|file: (?P<name>[\w.]+)) -->\n```\w+\n(?P<text>.*?)```", re.DOTALL)
LONGEST_S = 240

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def ports():
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return {"7860": str(one.getsockname()[1]), "8080": str(other.getsockname()[1])}


@pytest.fixture(scope="module")
def steps(ports):
    """What the guide says to do, in its order: (what, name of a file, text)."""
    guide = (ROOT / "docs" / "embedding.md").read_text("utf-8")
    for port, other in ports.items():
        guide = guide.replace(f":{port}", f":{other}").replace(f", {port})", f", {other})")
    return [(match[1].split(":")[0], match["name"], match["text"]) for match in BLOCK.finditer(guide)]


@contextmanager
def running(text, **how):
    """A shell that runs this, ended with all that it started."""
    process = subprocess.Popen(["bash", "-c", text], start_new_session=True, **how)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(address, process):
    """Until this address answers that all is well."""
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until and process.poll() is None:
        with suppress(httpx.TransportError):
            if httpx.get(address).is_success:
                return
        time.sleep(0.2)
    pytest.fail(f"{address} never answered")


def test_from_an_empty_folder_to_a_widget_that_answers(steps, ports, weights, tmp_path):
    assert [what for what, _, _ in steps] == ["run", "file", "file", "serve"]
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "FOOTNOTE_CACHE": str(weights),
        "FOOTNOTE_LLM": "none",
        "FOOTNOTE_PORT": ports["7860"],
    }
    how = {"cwd": tmp_path, "env": environment}
    for what, name, text in steps:
        if what == "file":
            (tmp_path / name).write_text(text, "utf-8")
        elif what == "run":
            said = subprocess.run(
                ["bash", "-ec", text], check=False, capture_output=True, text=True, timeout=LONGEST_S, **how
            )
            assert said.returncode == 0, said.stderr
            assert '<footnote-widget embed="portal" token-url="/footnote-token" mode="inline">' in said.stdout
        else:
            with running(text, **how) as process:
                wait_for(f"http://localhost:{ports['8080']}/index.html", process)
                wait_for(f"http://127.0.0.1:{ports['7860']}/readyz", process)
                ask_in_the_page(ports["8080"])
    kept = (tmp_path / "footnote-access.keys").stat()
    assert kept.st_mode & 0o077 == 0


def ask_in_the_page(port):
    """Open the host's page, ask the question that the embed offers, and open a footnote."""
    with browsing() as browser:
        page = browser.new_page()
        page.set_default_timeout(60_000)
        problems = []
        page.on(
            "console",
            lambda said: said.type in ("error", "warning") and problems.append(f"{said.location['url']}: {said.text}"),
        )
        page.goto(f"http://localhost:{port}/index.html")
        page.get_by_role("button", name="When was the strategy published?").click()
        finished(page)
        assert "12 October 2022" in " ".join(words(page, ".sentence .words"))
        page.locator(".answer .mark").first.click()
        page.locator(".around mark").wait_for()
        assert "12 October 2022" in words(page, ".around mark")[0]
        assert [text for text in problems if "favicon" not in text] == []
