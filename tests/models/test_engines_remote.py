"""A model server on this machine, spoken to as any other: a real one with real weights, and three that misbehave."""

import os
import socket
import subprocess
import sys
import threading
import time

import pytest
from engine_weights import COLOURS, LONG, STORY, tiny_weights
from langchain_core.messages import HumanMessage
from langchain_tests.unit_tests import ChatModelUnitTests

from models.engines import load_chat_model, prepare_process, stream_text
from models.llamacpp import LlamaServer
from models.llamacpp_chat import available_cores
from models.remote_chat import RemoteChat
from schema import FootnoteError

ENOUGH_S = 15.0  # for something that takes under a second on an idle machine; not a measurement


@pytest.fixture(scope="module")
def server():
    prepare_process()
    running = LlamaServer(
        tiny_weights(), context_tokens=4096, threads=available_cores(), read_batch=64, host="127.0.0.1"
    )
    yield running
    running.close()


@pytest.fixture(scope="module")
def engine(server):
    loaded = load_chat_model("openai", "tiny", base_url=f"{server.address}/v1", api_key=server.key)
    yield loaded
    loaded.close()


@pytest.fixture
def silent_port():
    """A server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


class TestStandardSuite(ChatModelUnitTests):
    @property
    def chat_model_class(self):
        return RemoteChat

    @property
    def chat_model_params(self):
        return {"model": "tiny", "base_url": "http://127.0.0.1:9/v1"}

    @property
    def supports_model_override(self):
        return False


def test_the_answer_comes_in_pieces_and_is_the_same_every_time(engine):
    assert (engine.name, engine.fingerprint) == ("tiny", f"openai:tiny@{engine.model.base_url}")
    first = list(stream_text(engine.model, COLOURS, max_tokens=16, stop_event=threading.Event()))
    assert len(first) > 5
    assert "".join(first).startswith("The three primary colours are")
    assert list(stream_text(engine.model, COLOURS, max_tokens=16, stop_event=threading.Event())) == first


def test_costs_and_stop_strings_are_the_servers(engine):
    reply = engine.model.invoke(COLOURS, max_tokens=16, stop=[" red"])
    assert reply.content == "The three primary colours are:"
    assert reply.usage_metadata["input_tokens"] == 21


@pytest.mark.parametrize("delay_s", [0.0, 0.3])
def test_setting_the_event_while_the_server_reads_ends_the_connection(engine, delay_s):
    stop_event = threading.Event()
    threading.Timer(delay_s, stop_event.set).start()
    started = time.monotonic()
    assert list(stream_text(engine.model, LONG, max_tokens=400, stop_event=stop_event)) == []
    assert time.monotonic() - started < ENOUGH_S
    assert_answers_promptly(engine.model)


def test_closing_the_stream_while_the_server_writes_ends_the_connection(engine):
    stream = stream_text(engine.model, STORY, max_tokens=3000, stop_event=threading.Event())
    next(stream)
    stream.close()
    assert_answers_promptly(engine.model)


def assert_answers_promptly(model):
    started = time.monotonic()
    assert model.invoke(COLOURS, max_tokens=2).content == "The three"
    assert time.monotonic() - started < ENOUGH_S


def test_the_event_ends_a_request_to_a_server_that_never_answers(silent_port):
    model = RemoteChat(model="tiny", base_url=f"http://127.0.0.1:{silent_port}/v1")
    stop_event = threading.Event()
    threading.Timer(0.2, stop_event.set).start()
    started = time.monotonic()
    assert list(stream_text(model, COLOURS, max_tokens=4, stop_event=stop_event)) == []
    assert time.monotonic() - started < ENOUGH_S
    model.close()


def test_a_server_that_never_answers_is_given_up_with_its_address(silent_port):
    model = RemoteChat(model="tiny", base_url=f"http://127.0.0.1:{silent_port}/v1", first_s=0.3, max_retries=0)
    with pytest.raises(FootnoteError, match=rf"http://127.0.0.1:{silent_port}/v1 was silent for too long"):
        model.invoke(COLOURS)


def test_a_server_that_is_down_is_named():
    with pytest.raises(FootnoteError, match=r"http://127\.0\.0\.1:9/v1 can't be reached"):
        RemoteChat(model="tiny", base_url="http://127.0.0.1:9/v1").invoke(COLOURS)


def test_a_wrong_key_is_said_to_be_one(server):
    model = RemoteChat(model="tiny", base_url=f"{server.address}/v1", api_key="wrong")
    with pytest.raises(FootnoteError, match=rf"{server.address}/v1 refused the key"):
        model.invoke(COLOURS)


def test_a_prompt_that_is_too_long_is_refused_with_the_servers_reason(engine):
    with pytest.raises(FootnoteError, match=r"refused the request \(400\): .*exceeds the available context size"):
        engine.model.invoke([HumanMessage(LONG[0].content * 4)])


def test_an_address_is_asked_for_where_there_is_none():
    with pytest.raises(FootnoteError, match="set llm_base_url"):
        load_chat_model("openai", "tiny")


TEXTS = [
    "",
    "hello world",
    "The programme was published on 12 March 2019, for £3.5 million (see pages 14–17).",
    "Straße, naïve café, 東京都, привет мир, 😀👩‍👩‍👧",
    "antidisestablishmentarianism electroencephalography",
    "x = [i**2 for i in range(10)]\n\n\t# squares\n" * 5,
    "A1b2C3-" * 30,
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_estimate_of_tokens_is_not_below_the_truth(server, engine, text):
    exact = len(server.post("/tokenize", {"content": text})["tokens"])
    assert exact <= engine.count_tokens(text) <= 5 * exact


def test_an_unknown_engine_is_refused_with_the_ones_there_are():
    with pytest.raises(FootnoteError, match="llamacpp, transformers and openai"):
        load_chat_model("magic", "x")


def test_a_shell_that_asks_for_tracing_gets_none():
    code = (
        "from models.engines import prepare_process, stream_text; prepare_process()\n"
        "import threading\n"
        "from langchain_core.language_models import FakeListChatModel\n"
        "from langchain_core.runnables import RunnableLambda\n"
        "from langchain_core.tracers.langchain import wait_for_all_tracers\n"
        "RunnableLambda(len).invoke('private')\n"
        "model = FakeListChatModel(responses=['secret'])\n"
        "print(model.invoke('private').content)\n"
        "wait_for_all_tracers()\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        asked = dict.fromkeys(("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING_V2"), "true")
        asked |= {"LANGSMITH_ENDPOINT": address, "LANGSMITH_API_KEY": "key"}
        done = subprocess.run(
            [sys.executable, "-c", code], env=os.environ | asked, capture_output=True, text=True, timeout=99, check=True
        )
        assert done.stdout == "secret\n"
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()
