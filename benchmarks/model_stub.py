"""A model server that says set words at a set pace, and misbehaves when it is told to: a process to kill and to stop.

    python -m benchmarks.model_stub PORT [HOST]

OpenAI's chat completions as a stream, and /v1/models, by the standard library alone. POST /behaviour sets what it does
from then on (`Behaviour`), GET /behaviour says it, with how many answers were asked for.
"""

from __future__ import annotations

import json
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the server does with a question.

    ``mode``: fine, hang (accept it and say nothing), halt (say ``words_before`` words, then nothing), or an HTTP
    status. A word comes each ``word_s`` seconds; ``retry_after`` is sent with a status. With ``times`` it is fine from
    that many questions on.
    """

    mode: str = "fine"
    text: str = "There is nothing to say."
    word_s: float = 0.0
    words_before: int = 0
    retry_after: str = ""
    times: int = 0


class Model(ThreadingHTTPServer):
    """The server; ``asked`` counts the answers that were asked for."""

    daemon_threads = True
    allow_reuse_address = True
    behaviour = Behaviour()
    asked = 0


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Model

    def handle_one_request(self) -> None:
        """One request; whoever made it may have left."""
        with suppress(BrokenPipeError, ConnectionResetError):
            super().handle_one_request()

    def do_GET(self) -> None:
        """The list of models, or the behaviour."""
        if self.path == "/behaviour":
            self._send(200, asdict(self.server.behaviour) | {"asked": self.server.asked})
        elif self.server.behaviour.mode == "hang":
            threading.Event().wait()
        else:
            self._send(200, {"object": "list", "data": [{"id": "stub", "object": "model"}]})

    def do_POST(self) -> None:
        """A question, or another behaviour."""
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
        if self.path == "/behaviour":
            self.server.behaviour = Behaviour(**body)
            self._send(200, {})
            return
        self.server.asked += 1
        behaviour = self.server.behaviour
        if behaviour.times:
            left = behaviour.times - 1
            self.server.behaviour = replace(behaviour, times=left) if left else replace(behaviour, mode="fine", times=0)
        self._answer(behaviour)

    def _answer(self, behaviour: Behaviour) -> None:
        if behaviour.mode.isdecimal():
            headers = {"retry-after": behaviour.retry_after} if behaviour.retry_after else {}
            self._send(int(behaviour.mode), {"error": {"message": "the stub was told to say so"}}, **headers)
            return
        if behaviour.mode == "hang":
            threading.Event().wait()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for number, word in enumerate(behaviour.text.split(" ")):
            if behaviour.mode == "halt" and number >= behaviour.words_before:
                threading.Event().wait()
            self._piece({"content": word if number == 0 else f" {word}"})
            threading.Event().wait(behaviour.word_s)
        self._piece({}, finish_reason="stop")
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _piece(self, delta: dict[str, Any], finish_reason: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        record = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "stub", "choices": [choice]}
        self._chunk(f"data: {json.dumps(record)}\n\n".encode())

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))
        self.wfile.flush()

    def _send(self, status: int, record: dict[str, Any], **headers: str) -> None:
        content = json.dumps(record).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def main() -> None:
    """Serve until the process is killed."""
    port, host = int(sys.argv[1]), (sys.argv[2:] or ["127.0.0.1"])[0]
    server = Model((host, port), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
