"""What outages of a store are measured on: the store in a namespace of its own, the way to it, and Footnote's commands.

Footnote speaks to another machine over TLS alone, which Milvus Lite has not: a forwarder on the loopback of Footnote's
namespace leads to the store, over the cable that is cut.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.answering import ROOT
from benchmarks.forwarder import Forwarder
from benchmarks.namespaces import Cable, within

CABLE = Cable("footnote-near", "footnote-store", "10.203.1.1", "10.203.1.2")
PORT = 19530
MILVUS = f"http://127.0.0.1:{PORT}"


class Store:
    """The process of the store, over a folder that stays when it is killed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it; when this returns it takes calls."""
        command = [sys.executable, "-m", "benchmarks.lite_server", str(self._folder), CABLE.far_address, str(PORT)]
        self._process = subprocess.Popen(within(CABLE.far, *command), cwd=ROOT, stdout=subprocess.PIPE, text=True)
        if self._process.stdout is None or self._process.stdout.readline() != "ready\n":
            raise RuntimeError("The store did not start.")

    def kill(self) -> None:
        """End it at once; nothing happens when it is not running."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Let it stand still, as a machine that swaps or a disk that hangs would."""
        self._send(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        if self._process:
            self._process.send_signal(number)


@dataclass(frozen=True, slots=True)
class Outage:
    """One kind: how it begins, and how it ends."""

    begin: Callable[[], None]
    end: Callable[[], None]


class Stand:
    """A folder with documents, the index and what the store holds, and the way to the store."""

    def __init__(self, folder: Path) -> None:
        self.documents, self.index, self.held = folder / "documents", folder / "index", folder / "store.db"
        self.state = folder / "state"
        self.store = Store(self.held)
        self.way = Forwarder(PORT, CABLE.far_address, PORT)

    def started(self, *words: str, told: Path | None = None) -> subprocess.Popen[str]:
        """A command of Footnote over the index; what it says goes to a file, if one is named."""
        settings = {
            "INDEX": self.index,
            "MILVUS": MILVUS,
            "STATE": self.state,
            "LLM": "none",
            "READER": "none",
            "RERANKER": "none",
            "PER_MINUTE": 0,
        }
        environment = os.environ | {f"FOOTNOTE_{name}": str(value) for name, value in settings.items()}
        command = [sys.executable, "-c", "from cli import main; main()", *words]
        if told is None:
            return subprocess.Popen(command, cwd=ROOT, env=environment, text=True)
        with told.open("w") as file:
            return subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT, text=True
            )
