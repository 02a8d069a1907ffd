"""A model server that is slow, gone or broken, in a process of its own: what people see at each door, and after it."""

import json
import threading
from functools import partial

import httpx
import pytest
from browsing import serving
from model_process import ModelProcess
from prometheus_client.parser import text_string_to_metric_families
from test_view import canary, opened
from test_web_model_failures import events_of

from access.visitor import Visitor
from doctor import _model_server
from models import model_server, remote_chat
from models.engines import load_remote_model
from models.model_server import Patience
from parts import Parts
from settings import Settings
from web.desk import Asked, Desk
from web.exchange import Exchange
from web.page_answers import follow
from web.render import exchange_html
from web.wording import status_text

ASKED = {"question": "What is the password of the vault?", "collection": "hr"}
CHAT = {"model": "footnote/hr", "messages": [{"role": "user", "content": ASKED["question"]}]}
FIRST = f"The password of the vault is {canary('hr', 'text')}."
TEXT = f"{FIRST} It is changed every month."
HALF = {"mode": "halt", "text": TEXT, "words_before": 9}
"""Stops in the middle of the second sentence."""
SILENT, GONE = (
    "was silent for too long: check it, or name another.",
    "can't be reached: start it, or set llm_base_url to another.",
)
BROKEN = "broke off in the middle of an answer: check it, then ask again."
OWN = "These are the documents' own words."
CUT = "The answer was cut off; what had been checked is kept."
PATIENCE = Patience(connect_s=20, first_s=20, next_s=1, most_s=60, retries=0)
SHORT = Patience(connect_s=20, first_s=0.3, retries=0)
LONG = Patience(connect_s=60, first_s=60, next_s=60, most_s=300, retries=0)
SSE = {"accept": "text/event-stream"}


@pytest.fixture(scope="module")
def model():
    process = ModelProcess()
    yield process
    process.kill()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    footnote = opened(tmp_path_factory.mktemp("away") / "index", ["hr", "law"])
    footnote.parts.writer = partial(Parts.writer, footnote.parts)
    yield footnote
    footnote.close()


@pytest.fixture(scope="module")
def desk(whole):
    return Desk(whole, look_at_model=whole.model_health)


@pytest.fixture(scope="module")
def url(whole, desk):
    with serving(whole, desk=desk) as address:
        yield address


@pytest.fixture
def client(footnote, url):
    with httpx.Client(base_url=url, timeout=60) as client:
        yield client


@pytest.fixture
def looking(monkeypatch):
    """Nobody looks for the server in the background, unless a test parametrizes this away."""
    monkeypatch.setattr(model_server.ModelServer, "_look_soon", lambda self: None)


@pytest.fixture
def written(whole, model, looking):
    """(patience) -> the assistant with a new client of that server."""
    model.behave("fine", text=TEXT)
    engines = []

    def by(patience=PATIENCE):
        engines.append(load_remote_model("stub", base_url=model.place, patience=patience, api_key="a-secret-key"))
        whole.parts.__dict__["engine"] = engines[-1]
        return whole

    yield by
    for engine in engines:
        engine.close()


@pytest.fixture
def footnote(written):
    return written()


def server_of(footnote):
    return footnote.parts.engine.server


def page_of(desk):
    """The last state of the page, drawn, and what a screen reader is told."""
    asked = Asked(ASKED["question"], collection="hr")
    *_, last = follow(desk, Visitor(), asked, Exchange(1, asked.question), threading.Event())
    return exchange_html(last).replace("&#x27;", "'"), status_text(last)


def assert_own_words(answer, sentence):
    """An answer without the model: the best quote, all quotes, and why."""
    assert answer["sentences"] == [
        {"text": FIRST, "citations": [1], "support": "supported", "score": 1.0, "problems": []}
    ]
    assert [quote["quote"] for quote in answer["citations"]] == [FIRST]
    assert answer["quotes"]
    assert (answer["failure"], answer["reason"], answer["abstained"]) == (sentence, f"{sentence} {OWN}", False)
    assert answer["fingerprint"]["llm"] == "none"
    assert "a-secret-key" not in json.dumps(answer)


BEFORE = {
    "hang": (f"The model server at {{place}} {SILENT}", {}),
    "500": ("The model server at {place} refused the request (500): the stub was told to say so.", {}),
    "429": (
        "The model server at {place} refused the request (429): the stub was told to say so.",
        {"retry_after": "7"},
    ),
    "404": ("The model server at {place} refused the request (404): the stub was told to say so.", {}),
    "401": ("The model server at {place} refused the key: set llm_api_key to one that it accepts.", {}),
}


@pytest.mark.parametrize("mode", BEFORE)
def test_what_fails_before_the_first_word_leaves_the_documents_own_words(model, written, client, mode):
    written(SHORT if mode == "hang" else PATIENCE)
    model.behave(mode, **BEFORE[mode][1])
    sentence = BEFORE[mode][0].format(place=model.place)
    names, records = zip(*events_of(client.post("/api/v1/ask", json=ASKED, headers=SSE)), strict=True)
    assert names == ("quotes", "sentence", "answer")
    assert_own_words(records[-1], sentence)


def test_every_door_says_so_and_at_once_while_the_server_is_not_asked(model, client, desk, footnote):
    model.behave("500")
    sentence = f"The model server at {model.place} refused the request (500): the stub was told to say so."
    assert_own_words(client.post("/api/v1/ask", json=ASKED).json(), sentence)
    assert client.get("/readyz").json()["model"] == "ready"
    whole = client.post("/v1/chat/completions", json=CHAT).json()["choices"][0]["message"]
    assert whole["content"].startswith(f"{FIRST} [1]\n\n[1] ")
    assert whole["content"].endswith(f"\n\nNote: {sentence} {OWN}")
    asked = model.asked
    away = f"{sentence} It is not asked again until it answers."
    assert server_of(footnote).breaker.state == "open"
    assert_own_words(client.post("/api/v1/ask", json=ASKED).json(), away)
    streamed = client.post("/v1/chat/completions", json=CHAT | {"stream": True}).text
    pieces = [json.loads(line[6:]) for line in streamed.splitlines() if line.startswith("data: {")]
    said = "".join(choice["delta"].get("content", "") for piece in pieces for choice in piece["choices"])
    assert said.endswith(f"\n\nNote: {away} {OWN}")
    drawn, spoken = page_of(desk)
    assert f'<div class="notice"><p>{away} {OWN}</p></div>' in drawn
    assert FIRST in drawn and "failed" not in drawn
    assert spoken == f"Ready: 1 sentence, 1 footnote. {away} {OWN}"
    assert model.asked == asked
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()) == (
        200,
        {"status": "ready", "model": "away", "index": "ready", "server": "open"},
    )


@pytest.mark.parametrize("how", ["halts", "is killed", "is suspended"])
def test_a_stream_that_breaks_keeps_what_was_checked_and_says_that_it_was_cut_off(model, client, written, how):
    written(LONG if how == "is killed" else PATIENCE)  # else it may be silent for too long before it is killed
    model.behave(**HALF)
    do = {"halts": lambda: None, "is killed": model.kill, "is suspended": model.suspend}[how]
    events, name = [], ""
    with client.stream("POST", "/api/v1/ask", json=ASKED, headers=SSE) as response:
        for line in response.iter_lines():
            name = line[7:] if line.startswith("event: ") else name
            if line.startswith("data: "):
                events.append((name, json.loads(line[6:])))
                if name == "sentence":
                    do()
    if how == "is killed":
        model.start()
    model.resume()
    sentence = f"The model server at {model.place} {BROKEN if how == 'is killed' else SILENT}"
    assert events[0][0] == "quotes" and events[0][1]["quotes"]
    name, answer = events[-1]
    assert name == "answer"
    assert [one["text"] for one in answer["sentences"]] == [FIRST]
    assert (answer["failure"], answer["reason"]) == (sentence, f"{CUT} {sentence}")
    assert answer["quotes"] and answer["fingerprint"]["llm"] == "stub@openai:stub@"


def test_the_page_and_the_openai_door_keep_what_was_checked(model, client, desk):
    model.behave(**HALF)
    sentence = f"The model server at {model.place} {SILENT}"
    drawn, spoken = page_of(desk)
    assert f"<p>{CUT} {sentence}</p>" in drawn and FIRST in drawn and "It is changed" not in drawn.split("notes")[0]
    assert spoken.endswith(f"{CUT} {sentence}")
    content = client.post("/v1/chat/completions", json=CHAT).json()["choices"][0]["message"]["content"]
    assert content.startswith(f"{FIRST} [1]\n\n[1] ") and content.endswith(f"\n\nNote: {CUT} {sentence}")
    again = [*CHAT["messages"], {"role": "assistant", "content": content}, {"role": "user", "content": "And when?"}]
    assert client.post("/v1/chat/completions", json=CHAT | {"messages": again}).status_code == 200


def test_it_is_asked_again_before_the_first_word_and_not_after(model, written):
    footnote = written(Patience(connect_s=20, first_s=20, next_s=1, retries=2))
    model.behave("503", times=2, text=TEXT)
    before = model.asked
    answer = footnote.answer(**ASKED)
    assert (answer.failure, answer.answer, model.asked - before) == ("", TEXT, 3)
    health = footnote.model_health()
    assert (health.failures, health.retries, health.breaker, health.is_asked) == (2, 2, "closed", True)
    model.behave(**HALF)
    before = model.asked
    assert footnote.answer(**ASKED).failure.endswith(SILENT)
    assert model.asked - before == 1


@pytest.mark.parametrize("looking", [None])
def test_a_server_that_is_gone_and_comes_back_is_asked_again_by_itself(model, written, monkeypatch):
    monkeypatch.setattr(model_server, "LOOK_EVERY_S", 0.02)
    footnote = written()
    server = server_of(footnote)
    model.kill()
    gone = f"The model server at {model.place} {GONE}"
    assert footnote.answer(**ASKED).failure == gone
    assert until(lambda: server.breaker.state == "open")
    assert footnote.answer(**ASKED).failure == f"{gone} It is not asked again until it answers."
    model.start()
    model.behave("fine", text=TEXT)
    assert until(lambda: server.breaker.state == "half-open")
    assert (footnote.answer(**ASKED).answer, server.breaker.state) == (TEXT, "closed")


def until(holds):
    waited = threading.Event()
    return any(holds() or waited.wait(0.02) for _ in range(3000))


def test_the_figures_say_how_the_server_stands(model, client, desk, footnote):
    model.behave("500")
    for _ in range(2):
        client.post("/api/v1/ask", json=ASKED)
    families = text_string_to_metric_families(client.get("/metrics").text)
    found = {
        (one.name, *one.labels.values()): one.value
        for family in families
        for one in family.samples
        if one.name.startswith("footnote_model")
    }
    assert found == {
        ("footnote_model_up",): 0,
        ("footnote_model_breaker", "open"): 1,
        ("footnote_model_breaker", "half-open"): 0,
        ("footnote_model_breaker", "closed"): 0,
        ("footnote_model_failures_total",): 2,
        ("footnote_model_retries_total",): 0,
    }


def test_a_stop_ends_the_pause_before_another_attempt(model, written, monkeypatch):
    monkeypatch.setattr(model_server, "PAUSE_S", 3600)
    footnote = written(Patience(retries=2))
    model.behave("503")
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    answer = footnote.answer(**ASKED, stop=stop)
    assert (answer.failure, answer.reason) == ("", "The answer was stopped before it was complete.")
    assert server_of(footnote).breaker.state == "closed"


def test_a_server_that_is_away_at_the_start_does_not_keep_footnote_from_starting(model, footnote):
    model.behave("hang")
    model.kill()
    try:
        footnote.warm_up()
    finally:
        model.start()
    assert footnote.model_health().sentence == f"The model server at {model.place} {GONE}"


@pytest.mark.parametrize(
    ("name", "mode", "state", "detail"),
    [
        ("stub", "fine", "good", "stub at {place}, which answers"),
        ("other", "fine", "warning", "the model server at {place} does not list other"),
        ("stub", "hang", "warning", "The model server at {place} was silent for too long: check it, or name another"),
    ],
)
def test_the_doctor_says_whether_the_server_is_there_and_has_the_model(model, monkeypatch, name, mode, state, detail):
    monkeypatch.setattr(remote_chat, "LOOK_TIMEOUT_S", 20 if mode == "fine" else 0.3)
    model.behave(mode)
    found = _model_server(Settings(llm=f"openai:{name}", llm_base_url=model.place, llm_api_key="a-secret-key"))
    assert (found.what, found.state, found.detail) == ("language model", state, detail.format(place=model.place))
    assert found.remedy == {
        "good": "",
        "warning": "set llm to one that it has: openai:stub"
        if mode == "fine"
        else "as it says; until then answers are the documents' own words",
    }[state]  # fmt: skip
