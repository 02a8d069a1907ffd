"""A forwarder of connections from loopback to another address, which can do something at a chosen byte of them.

Bytes that were taken are sent on even when who sent them is gone, as the kernel of a machine would; what is not
acknowledged in `UNHEARD_MS` ends a connection, as gRPC has it where it speaks to the other machine itself.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

READ = 16 << 10
UNHEARD_MS = 5000
"""What pymilvus asks of gRPC (grpc.keepalive_timeout_ms), which asks it of the kernel."""


@dataclass(slots=True)
class Fuse:
    """Calls ``blow`` once so many bytes have been sent: before the next ones go on, or before the reply to them."""

    after: int
    at_reply: bool
    blow: Callable[[], None]
    is_blown: bool = False
    """Whether it was called, and has returned."""
    is_lit: bool = False

    def burn(self, sent: int, *, is_reply: bool) -> None:
        """Take note of what was sent in all."""
        if not self.is_lit and sent > self.after and is_reply == self.at_reply:
            self.is_lit = True
            self.blow()
            self.is_blown = True


class Forwarder:
    """Listens on a port of loopback, in a thread of its own, until the process ends.

    Attributes:
        sent: bytes that came from those who connected.
        fuse: what happens at which byte of them; ``None`` for nothing.
    """

    def __init__(self, port: int, host: str, far_port: int) -> None:
        self.sent = 0
        self.fuse: Fuse | None = None
        self._to = host, far_port
        self._is_listening = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve(port)), daemon=True).start()
        self._is_listening.wait()

    async def _serve(self, port: int) -> None:
        async with await asyncio.start_server(self._pass_on, "127.0.0.1", port):
            self._is_listening.set()
            await asyncio.Event().wait()

    async def _pass_on(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        """One connection, both ways; it ends with the first of them."""
        try:
            far_in, far_out = await asyncio.open_connection(*self._to)
        except OSError:
            near_out.transport.abort()
            return
        far_out.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_MS)
        ways = (self._copy(near_in, far_out, is_reply=False), self._copy(far_in, near_out, is_reply=True))
        tasks = [asyncio.create_task(way) for way in ways]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        for writer in (near_out, far_out):  # what it holds is sent first
            writer.close()

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_reply: bool) -> None:
        with suppress(OSError):
            while data := await source.read(READ):
                self.sent += 0 if is_reply else len(data)
                if self.fuse:
                    self.fuse.burn(self.sent, is_reply=is_reply)
                target.write(data)
                await target.drain()
