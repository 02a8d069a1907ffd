"""A model server in a process of its own that dies, hangs or is left in the middle of an answer."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from engine_weights import COLOURS, STORY, tiny_weights

from models.engines import load_chat_model, stream_text
from models.remote_chat import RemoteChat
from models.speed import SpeedMeter
from schema import FootnoteError

SERVE = """
import sys, threading
from pathlib import Path
from models.engines import prepare_process
prepare_process()
from models.llamacpp import LlamaServer
server = LlamaServer(Path(sys.argv[1]), context_tokens=4096, threads=1, read_batch=64, host="127.0.0.1")
print(server.address, server.key, flush=True)
threading.Event().wait()
"""
ENOUGH_S = 15.0  # for something that takes under a second on an idle machine; not a measurement


@pytest.fixture
def server():
    root = str(Path(__file__).resolve().parents[2])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([os.environ["PYTHONPATH"], root])}
    command = [sys.executable, "-c", SERVE, str(tiny_weights())]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    process.url, process.key = process.stdout.readline().split()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def chat(server, **options):
    return RemoteChat(model="tiny", base_url=f"{server.url}/v1", api_key=server.key, max_retries=0, **options)


def test_a_server_that_dies_in_the_middle_of_an_answer_is_said_to_have(server):
    stream = stream_text(chat(server), STORY, max_tokens=2000, stop_event=threading.Event())
    next(stream)
    server.kill()
    with pytest.raises(FootnoteError, match=rf"{server.url}/v1 broke off in the middle of an answer"):
        list(stream)
    with pytest.raises(FootnoteError, match="can't be reached"):
        chat(server).invoke(COLOURS)


@pytest.fixture
def halting_url():
    """A server that sends one word and then nothing, with the connection open."""
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "tiny"}
    chunk["choices"] = [{"index": 0, "delta": {"content": "Once"}, "finish_reason": None}]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    ended = threading.Event()

    def serve(listener):
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(head + f"data: {json.dumps(chunk)}\n\n".encode())
            ended.wait(60)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        ended.set()
        thread.join()


def test_a_server_that_halts_in_the_middle_of_an_answer_is_given_up(halting_url):
    model = RemoteChat(model="tiny", base_url=halting_url, next_s=0.5, max_retries=0)
    stream = stream_text(model, STORY, max_tokens=2000, stop_event=threading.Event())
    assert next(stream) == "Once"
    with pytest.raises(FootnoteError, match=rf"{halting_url} was silent for too long"):
        list(stream)


def test_a_server_that_hangs_in_the_middle_of_an_answer_can_be_left(server):
    stop_event = threading.Event()
    stream = stream_text(chat(server), STORY, max_tokens=2000, stop_event=stop_event)
    next(stream)
    server.send_signal(signal.SIGSTOP)
    threading.Timer(0.3, stop_event.set).start()
    started = time.monotonic()
    list(stream)
    assert time.monotonic() - started < ENOUGH_S


def test_the_speed_of_a_server_is_learnt_from_its_answers(server):
    engine = load_chat_model("openai", "tiny", base_url=f"{server.url}/v1", api_key=server.key)
    assert engine.is_local is False
    assert engine.first_token_probabilities is None
    meter = engine.meter
    assert isinstance(meter, SpeedMeter)
    list(stream_text(engine.model, STORY, max_tokens=12, stop_event=threading.Event(), meter=meter))
    list(stream_text(engine.model, COLOURS, max_tokens=12, stop_event=threading.Event(), meter=meter))
    assert meter.speed.reading > 0
    assert meter.speed.writing > 0
    engine.close()
