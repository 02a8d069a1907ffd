"""llama.cpp with real weights: streams, stops, refuses, and keeps its door shut."""

import gc
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from engine_weights import COLOURS, LONG, LONG_TOKENS, STORY, tiny_weights
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_tests.unit_tests import ChatModelUnitTests

from models.engines import load_chat_model, stream_text
from models.llamacpp import LlamaServer
from models.llamacpp_chat import LlamaCppChat
from models.streamed_chat import Wish
from schema import FootnoteError

ENOUGH_S = 15.0  # for something that takes under a second on an idle machine; not a measurement


@pytest.fixture(scope="module")
def engine():
    loaded = load_chat_model("llamacpp", str(tiny_weights()), context_tokens=4096)
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def model(engine):
    return engine.model


def answer(model, messages, **options):
    return model.invoke(messages, **{"max_tokens": 16, **options})


class TestStandardSuite(ChatModelUnitTests):
    @property
    def chat_model_class(self):
        return LlamaCppChat

    @property
    def chat_model_params(self):
        return {"weights": tiny_weights()}


def test_the_answer_comes_in_pieces_and_is_the_same_every_time(model):
    first = list(stream_text(model, COLOURS, max_tokens=16, stop_event=threading.Event()))
    second = list(stream_text(model, COLOURS, max_tokens=16, stop_event=threading.Event()))
    assert len(first) > 5
    assert "".join(first).startswith("The three primary colours are")
    assert second == first


def test_the_last_chunk_says_what_the_answer_cost(model):
    answer(model, STORY)
    chunks = list(model.stream(COLOURS, max_tokens=4))
    usage = chunks[-1].usage_metadata
    assert usage["input_tokens"] == model.get_num_tokens_from_messages(COLOURS) == 21
    assert (usage["output_tokens"], usage["total_tokens"]) == (4, 25)
    assert chunks[-1].response_metadata["finish_reason"] == "length"
    assert chunks[-1].response_metadata["write_tokens_per_second"] > 0


def test_a_prompt_whose_beginning_was_read_is_not_read_again(model):
    rules = SystemMessage("Answer from the passages. " * 20)
    answer(model, STORY)
    model.warm([rules])
    prefix = model.get_num_tokens("Answer from the passages. " * 20)
    usage = answer(model, [rules, HumanMessage("Hello")], max_tokens=1).usage_metadata
    assert usage["input_token_details"]["cache_read"] > prefix - 3


def test_guessing_from_the_prompt_changes_no_word(model):
    sentence = "The committee of the northern region met on 3 March 2022 and agreed that the plan would be funded."
    repeat = [HumanMessage(f"Repeat this sentence three times: {sentence}")]
    guessing = LlamaCppChat(weights=tiny_weights(), context_tokens=512, guess_tokens=8)
    reply, plain = answer(guessing, repeat, max_tokens=48), answer(model, repeat, max_tokens=48)
    guessing.close()
    assert reply.content == plain.content
    assert reply.response_metadata["guessed_right_tokens"] > 8
    assert plain.response_metadata["guessed_tokens"] == 0


def test_tokens_are_counted_by_the_models_own_tokenizer(engine):
    assert engine.count_tokens("hello world") == 2
    assert engine.count_tokens("") == 0
    assert engine.count_tokens("ナイーブ café 😀") > 6


def test_a_stop_string_ends_the_answer_and_is_left_out(model):
    reply = answer(model, COLOURS, stop=[" red"])
    assert reply.content == "The three primary colours are:"
    assert reply.response_metadata["finish_reason"] == "stop"


def test_setting_the_event_while_it_writes_stops_the_decoding(model):
    stop_event, pieces = threading.Event(), []
    for piece in stream_text(model, STORY, max_tokens=3000, stop_event=stop_event):
        pieces.append(piece)
        if len(pieces) == 3:
            stop_event.set()
    assert len(pieces) == 3
    assert_answers_promptly(model)


def test_closing_the_stream_while_it_writes_stops_the_decoding(model):
    stream = stream_text(model, STORY, max_tokens=3000, stop_event=threading.Event())
    next(stream)
    stream.close()
    assert_answers_promptly(model)


def test_setting_the_event_while_it_reads_the_prompt_stops_the_reading(model):
    assert model.get_num_tokens_from_messages(LONG) == LONG_TOKENS
    answer(model, STORY, max_tokens=1)
    stop_event = threading.Event()
    timer = threading.Timer(0.3, stop_event.set)
    timer.start()
    assert list(stream_text(model, LONG, max_tokens=4, stop_event=stop_event)) == []
    # What it had read by then stays read: the engine's own count says how far it came.
    again = model.load().chat(model._request(LONG, Wish((), 1, threading.Event())), threading.Event())
    progress = next(again)["prompt_progress"]
    again.close()
    assert progress["total"] == LONG_TOKENS
    assert progress["cache"] < LONG_TOKENS - 200


def test_a_request_that_waits_for_its_turn_can_be_left(model):
    first = stream_text(model, STORY, max_tokens=3000, stop_event=threading.Event())
    next(first)
    stop_event = threading.Event()
    threading.Timer(0.2, stop_event.set).start()
    assert list(stream_text(model, COLOURS, max_tokens=4, stop_event=stop_event)) == []
    first.close()
    assert_answers_promptly(model)


def test_requests_that_come_together_are_all_answered(model):
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(answer(model, COLOURS).content)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies == [answer(model, COLOURS).content] * 3


def assert_answers_promptly(model):
    started = time.monotonic()
    assert answer(model, COLOURS, max_tokens=2).content == "The three"
    assert time.monotonic() - started < ENOUGH_S


def test_a_prompt_that_is_too_long_is_refused_with_both_numbers(model):
    with pytest.raises(FootnoteError, match=r"The prompt has \d{4,} tokens .* holds 4096"):
        answer(model, [HumanMessage(LONG[0].content * 4)])


def test_an_answer_that_meets_the_end_of_the_context_ends_there():
    small = LlamaCppChat(weights=tiny_weights(), context_tokens=256)
    reply = small.invoke([HumanMessage("Write a long story. " * 40)])
    small.close()
    usage = reply.usage_metadata
    assert reply.response_metadata["finish_reason"] == "length"
    assert 250 <= usage["total_tokens"] <= 256


def test_weights_that_are_missing_or_damaged_are_refused_by_name(tmp_path):
    with pytest.raises(FootnoteError, match=r"nowhere\.gguf are not there"):
        load_chat_model("llamacpp", str(tmp_path / "nowhere.gguf"))
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(tiny_weights().read_bytes()[:100_000])
    with pytest.raises(FootnoteError, match=r"can't load .*broken\.gguf"):
        load_chat_model("llamacpp", str(broken))


def test_no_port_is_open_and_the_socket_is_for_this_user_only(model):
    address = model.load().address
    assert address.startswith("unix://")
    path = Path(address.removeprefix("unix://"))
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    inodes = {str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.exists() or link.is_symlink()}
    listening = {f"socket:[{row.split()[9]}]" for row in tcp_rows() if row.split()[3] == "0A"}
    assert inodes & listening == set()


def tcp_rows():
    return [row for name in ("tcp", "tcp6") for row in Path("/proc/self/net", name).read_text().splitlines()[1:]]


@pytest.fixture(scope="module")
def tcp_server():
    server = LlamaServer(tiny_weights(), context_tokens=512, threads=1, read_batch=64, host="127.0.0.1")
    yield server
    server.close()


ENDPOINTS = "/v1/chat/completions /completion /tokenize /detokenize /apply-template /infill /embedding /props /slots"


@pytest.mark.parametrize("path", ENDPOINTS.split())
def test_every_endpoint_wants_the_key_where_there_is_a_port(tcp_server, path):
    body = {"content": "x", "prompt": "x", "messages": [{"role": "user", "content": "x"}], "n_predict": 1}
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Origin": "http://page.example"}):
        assert httpx.post(tcp_server.address + path, json=body, headers=headers).status_code == 401


@pytest.mark.parametrize("path", "/v1/models /models /props /slots /metrics /lora-adapters /tools /cors-proxy".split())
def test_nothing_about_the_model_can_be_read_without_the_key(tcp_server, path):
    assert httpx.get(tcp_server.address + path).status_code == 401


@pytest.mark.parametrize("path", "/slots /metrics /tools /cors-proxy / /index.html".split())
def test_what_is_not_needed_is_off_even_with_the_key(tcp_server, path):
    headers = {"Authorization": f"Bearer {tcp_server.key}"}
    assert httpx.get(tcp_server.address + path, headers=headers).status_code in (403, 404, 501)


def test_no_page_may_read_an_answer(tcp_server):
    preflight = httpx.options(tcp_server.address + "/completion", headers={"Origin": "http://page.example"})
    assert preflight.headers["access-control-allow-origin"] not in ("*", "http://page.example")


def test_closing_frees_the_port_and_a_closed_server_refuses():
    server = LlamaServer(tiny_weights(), context_tokens=512, threads=1, read_batch=64, host="127.0.0.1")
    address = (httpx.URL(server.address).host, httpx.URL(server.address).port)
    socket.create_connection(address).close()
    server.close()
    gc.collect()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    with pytest.raises(FootnoteError, match="was closed"):
        list(server.chat({}, threading.Event()))


def test_the_socket_is_gone_when_the_process_ends_even_while_it_writes(tmp_path):
    code = (
        "import sys, threading; from engine_weights import *; from models.engines import *\n"
        "model = load_chat_model('llamacpp', str(tiny_weights()), fingerprint='x').model\n"
        "stream = stream_text(model, STORY, max_tokens=3000, stop_event=threading.Event())\n"
        "print(model.load().address.removeprefix('unix://'), next(stream))\n"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    environment["PYTHONPATH"] = os.pathsep.join([environment["PYTHONPATH"], str(Path(__file__).parent)])
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.startswith(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_libgomp_can_be_lent_by_torch():
    code = (
        "from models.llamacpp import lend_libgomp, load_library; lend_libgomp(); load_library()\n"
        "print({row.split()[-1] for row in open('/proc/self/maps') if 'libgomp' in row})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.count("libgomp") == 1
    assert "torch/lib/libgomp" in done.stdout
