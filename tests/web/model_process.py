"""A model server in a process of its own, on a port that it keeps: it can be killed, stopped, and started again."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[2]


class ModelProcess:
    """benchmarks/model_stub.py on a free port."""

    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.place = f"http://127.0.0.1:{self.port}/v1"
        self.start()

    def start(self):
        command = [sys.executable, "-m", "benchmarks.model_stub", str(self.port)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == f"{self.port}\n"

    def behave(self, mode="fine", **more):
        """Do this from now on."""
        body = json.dumps({"mode": mode, **more}).encode()
        with urlopen(Request(f"http://127.0.0.1:{self.port}/behaviour", body)) as response:
            assert response.status == 200

    @property
    def asked(self):
        """How many answers were asked for since it was started."""
        with urlopen(f"http://127.0.0.1:{self.port}/behaviour") as response:
            return json.load(response)["asked"]

    def suspend(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
