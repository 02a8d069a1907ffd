"""A model server that fails in the ways such servers do: the quotes come, a sentence says so, and nothing hangs."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from entrances import client_of
from test_view import WordParts, opened

from generator.drafting import Writer
from models.engines import stream_text
from models.remote_chat import RemoteChat
from prompts import load_prompt
from web.desk import Desk
from web.server import build_app

QUESTION = {"question": "What is the password of the vault?"}
SECRET = "a secret of the model's server"
REASON = b'{"error": {"message": "the reason that the server gives"}}'
"""It may be told: people see why there is no answer, and the server is one that whoever runs Footnote has chosen."""


def chunk(text, **more):
    """One piece of a stream as such servers send it."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    record = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **more}
    return f"data: {json.dumps(record)}\n\n".encode()


STREAM = "text/event-stream"
KINDS = {
    "an error of its own": (500, "application/json", REASON),
    "an error as a page": (503, "text/html", f"<h1>{SECRET}</h1><script>1</script>".encode()),
    "no such model": (404, "application/json", REASON),
    "not allowed": (401, "application/json", b"{}"),
    "too many": (429, "application/json", b"{}"),
    "garbage": (200, "text/plain", b"\x00\xff\xfe" * 500),
    "a page": (200, "text/html", f"<h1>{SECRET}</h1>".encode()),
    "a stream of garbage": (200, STREAM, b"data: {not json}\n\ndata: \xff\xfe\n\n"),
    "a stream of other things": (200, STREAM, b'data: []\n\ndata: 7\n\ndata: "x"\n\ndata: {}\n\n'),
    "a stream without choices": (200, STREAM, chunk("x", choices=[]) + chunk("x", choices=None)),
    "a stream with an error in it": (200, STREAM, chunk("Once ") + b'data: {"error": {"message": "no"}}\n\n'),
    "half a stream": (200, STREAM, chunk("The password ")[:-9]),
    "an empty stream": (200, STREAM, b"data: [DONE]\n\n"),
    "nothing": (200, STREAM, b""),
}


class Failing(BaseHTTPRequestHandler):
    """Answers as the path says."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        status, kind, body = KINDS[list(KINDS)[int(self.path.split("/")[1])]]
        self.send_response(status)
        self.send_header("content-type", kind)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said):
        pass


@pytest.fixture(scope="module")
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Failing)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture(scope="module")
def footnote(tmp_path_factory):
    assistant = opened(tmp_path_factory.mktemp("failing") / "index", ["hr", "law"])
    yield assistant
    assistant.close()


@contextmanager
def written_by(footnote, base_url):
    """The assistant with this server for its model."""
    model = RemoteChat(model="m", base_url=base_url, first_s=5, next_s=5, max_retries=0)

    def writer(engine, stop):
        def remote(messages):
            yield from stream_text(model, messages, max_tokens=50, stop_event=stop)

        return Writer(remote, lambda text: len(text.split()), load_prompt("answer"), 2000, 100)

    footnote.parts.writer = writer
    try:
        yield
    finally:
        del footnote.parts.writer
        model.close()


def events_of(response):
    """The names and the data of a stream's events."""
    frames = [frame.split("\n", 1) for frame in response.text.split("\n\n") if frame.startswith("event: ")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in frames]


@pytest.mark.parametrize("kind", [*KINDS, "down"])
def test_the_quotes_come_one_sentence_says_what_happened_and_the_next_question_is_answered(footnote, address, kind):
    number = list(KINDS).index(kind) if kind in KINDS else 0
    base_url = f"{address}/{number}/v1" if kind in KINDS else "http://127.0.0.1:9/v1"
    desk = Desk(footnote)
    client = client_of(build_app(footnote, desk=desk))
    client.post("/api/v1/search", json=QUESTION)
    threads = threading.active_count()
    with written_by(footnote, base_url):
        streamed = client.post("/api/v1/ask", json=QUESTION, headers={"accept": "text/event-stream"})
        whole = client.post("/api/v1/ask", json=QUESTION)
    events = events_of(streamed)
    assert events[0][0] == "quotes" and events[0][1]["quotes"]
    name, last = events[-1]
    assert name == "answer" and last["quotes"] and last["sentences"]
    assert last["failure"].startswith(f"The model server at {base_url} ") and last["failure"].endswith(".")
    assert last["failure"] in last["reason"]
    for response in (streamed, whole):
        assert SECRET not in response.text and "Traceback" not in response.text and "<h1>" not in response.text
    assert whole.status_code == 200 and whole.json()["failure"].startswith(last["failure"])
    for _ in range(1200):
        if desk.running == 0:
            break
        threading.Event().wait(0.05)  # an answer is told before it leaves the desk
    assert (desk.running, desk.line.waiting) == (0, 0)
    assert isinstance(footnote.parts, WordParts)
    again = client.post("/api/v1/ask", json=QUESTION)
    assert (again.status_code, again.json()["quotes"] != []) == (200, True)
    for _ in range(1200):
        if threading.active_count() <= threads:
            break
        threading.Event().wait(0.05)
    assert threading.active_count() <= threads
