"""A Redis of a test's own on a free port of this machine, which can be killed, stopped and started again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class RedisServer:
    """The server; what it held is gone when it is started again, as it is where nothing is written to the disk."""

    def __init__(self, folder: Path) -> None:
        self.options: tuple[str, ...] = ()
        """More options, or others in the place of the port."""
        self.port = free_port()
        self.address = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **connection: object) -> None:
        """Start it and wait until it answers."""
        program = shutil.which("redis-server")
        if program is None:
            pytest.fail("redis-server is not installed: apt-get install redis-server", pytrace=False)
        command = [program, "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--dir", str(self._folder)]
        command += self.options
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        for _ in range(600):
            try:
                self.client(**connection).ping()
                return
            except redis.AuthenticationError:
                return
            except redis.RedisError:
                threading.Event().wait(0.05)
        raise AssertionError("the Redis did not start")

    def client(self, **connection: object) -> redis.Redis:
        """A client of the test's own."""
        once = Retry(NoBackoff(), 0)
        return redis.Redis("127.0.0.1", self.port, decode_responses=True, retry=once, **connection)

    def kill(self) -> None:
        """Have it gone at once."""
        if self._process:
            self._process.kill()
            self._process.wait()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Within the block it takes connections and answers nothing."""
        assert self._process
        os.kill(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._process.pid, signal.SIGCONT)


@contextmanager
def serving_redis(folder: Path) -> Iterator[RedisServer]:
    """A Redis that runs until the block ends."""
    server = RedisServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()
