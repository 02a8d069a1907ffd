"""Failures of a model server as sentences, and the rules of asking one, without any."""

import threading
from types import SimpleNamespace

import httpx
import openai
import pytest

from models import model_server
from models.breaker import Breaker
from models.model_server import Failure, ModelServer
from models.remote_failures import failure_of, place_of
from schema import ModelAwayError

PLACE = "https://models.example/v1"
REQUEST = httpx.Request("POST", f"{PLACE}/chat/completions")
PIECES = [SimpleNamespace(text=""), SimpleNamespace(text="Once"), SimpleNamespace(text=" more")]


def status(kind, number, body=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return kind("said", response=httpx.Response(number, request=REQUEST, headers=headers), body=body)


def caused(error, cause):
    error.__cause__ = cause
    return error


CASES = [
    (
        openai.APIConnectionError(request=REQUEST),
        False,
        "can't be reached: start it, or set llm_base_url to another",
        True,
    ),
    (
        caused(openai.APITimeoutError(REQUEST), httpx.ConnectTimeout("")),
        False,
        "can't be reached: start it, or set llm_base_url to another",
        False,
    ),
    (openai.APITimeoutError(REQUEST), False, "was silent for too long: check it, or name another", False),
    (TimeoutError(), True, "was silent for too long: check it, or name another", False),
    (httpx.ReadError(""), True, "broke off in the middle of an answer: check it, then ask again", False),
    (
        caused(openai.APIConnectionError(request=REQUEST), httpx.RemoteProtocolError("")),
        False,
        "broke off before its answer: check it, then ask again",
        True,
    ),
    (EOFError(), False, "broke off before its answer: check it, then ask again", True),
    (status(openai.AuthenticationError, 401), False, "refused the key: set llm_api_key to one that it accepts", False),
    (status(openai.APIStatusError, 418), False, "refused the request (418): it does not say why", False),
    (
        status(openai.InternalServerError, 503, {"message": "Out of\nmemory."}),
        False,
        "refused the request (503): Out of memory",
        True,
    ),
    (openai.APIError("x", REQUEST, body={"message": "no"}), True, "sent an error: no", False),
    (ValueError("half of JSON"), True, "sent something that can't be read: look whether it is one", False),
]


@pytest.mark.parametrize(("error", "has_begun", "words", "is_passing"), CASES)
def test_each_failure_is_a_sentence_that_names_the_server_and_says_what_to_do(error, has_begun, words, is_passing):
    expected = Failure(f"The model server at {PLACE} {words}.", is_passing, True)
    assert failure_of(error, has_begun, place=PLACE) == expected


def test_what_is_wrong_with_one_request_says_nothing_of_the_next():
    error = status(openai.BadRequestError, 400, {"message": "too long"})
    assert failure_of(error, False, place=PLACE).is_servers is False


def test_a_server_says_how_long_to_leave_it_alone():
    for said, rest_s in (("7", 7.0), ("a while", 0.0), ("9" * 50, 999_999.0)):
        assert failure_of(status(openai.RateLimitError, 429, retry_after=said), False, place=PLACE).rest_s == rest_s


def test_no_secret_is_told():
    error = status(openai.NotFoundError, 404, {"message": f"the key key-123 may not{' very' * 200}"})
    sentence = failure_of(error, False, place=PLACE, key="key-123").sentence
    assert sentence.startswith(f"The model server at {PLACE} refused the request (404): the key … may not very")
    assert len(sentence) < 400
    assert place_of("http://me:pass@host:1/v1?token=x#y") == "http://host:1/v1"


class Script:
    """Attempts, each of which says pieces and then raises something or ends."""

    def __init__(self, *attempts):
        self.attempts = list(attempts)

    def __call__(self):
        count, error = self.attempts.pop(0)
        yield from PIECES[:count]
        if error:
            raise error


def asking(monkeypatch, script, *, retries=2, problem=""):
    monkeypatch.setattr(model_server, "PAUSE_S", 0)
    monkeypatch.setattr(ModelServer, "_look_soon", lambda self: None)
    passing = Failure("It fails for now.", True, True)
    lasting = Failure("It fails.", False, True)
    server = ModelServer(
        PLACE,
        look=lambda: problem,
        explain=lambda error, has_begun: passing if isinstance(error, OSError) else lasting,
        retries=retries,
        breaker=Breaker(clock=lambda: 0.0),
    )

    def ask():
        return [piece.text for piece in server.asked(script, threading.Event())]

    return server, ask


def test_a_request_is_made_again_until_its_first_word(monkeypatch):
    server, ask = asking(monkeypatch, Script((1, OSError()), (0, OSError()), (3, None)))
    assert ask() == ["", "", "Once", " more"]
    assert (server.health().failures, server.health().retries, server.breaker.state) == (2, 2, "closed")


@pytest.mark.parametrize(
    ("attempts", "left"),
    [
        ([(0, OSError())] * 4, 1),
        ([(2, OSError())] * 4, 3),
        ([(0, ValueError())] * 4, 3),
    ],
)
def test_it_is_not_made_again_after_it_nor_too_often_nor_in_vain(monkeypatch, attempts, left):
    script = Script(*attempts)
    _, ask = asking(monkeypatch, script)
    with pytest.raises(ModelAwayError, match="It fails"):
        ask()
    assert len(script.attempts) == left


def test_after_two_failures_nobody_asks_and_why_is_said_at_once(monkeypatch):
    script = Script(*[(0, ValueError())] * 9)
    server, ask = asking(monkeypatch, script)
    for _ in range(2):
        assert server.away() == ""
        with pytest.raises(ModelAwayError):
            ask()
    assert (server.away(), server.health().is_asked) == ("It fails. It is not asked again until it answers.", False)
    with pytest.raises(ModelAwayError, match="It is not asked again"):
        ask()
    assert len(script.attempts) == 7


def test_a_trial_is_one_attempt(monkeypatch):
    script = Script((0, ValueError()), (0, ValueError()), (0, OSError()), (3, None))
    server, ask = asking(monkeypatch, script)
    for _ in range(2):
        with pytest.raises(ModelAwayError):
            ask()
    assert server.look() == ""
    assert server.health().breaker == "half-open"
    with pytest.raises(ModelAwayError):
        ask()
    assert (len(script.attempts), server.health().breaker) == (1, "open")


def test_looking_opens_it_before_anybody_asks(monkeypatch):
    server, _ = asking(monkeypatch, Script(), problem="Nobody is there.")
    assert (server.look(), server.look()) == ("Nobody is there.",) * 2
    assert server.away() == "Nobody is there. It is not asked again until it answers."


def test_an_answer_that_is_left_says_nothing_of_the_server(monkeypatch):
    server, _ = asking(monkeypatch, Script((3, None)))
    stream = server.asked(Script((3, None)), threading.Event())
    next(stream)
    stream.close()
    assert (server.health().failures, server.breaker.state) == (0, "closed")


def test_what_goes_wrong_and_comes_right_is_in_the_log_once(monkeypatch, caplog):
    script = Script((0, ValueError()), (0, ValueError()), (0, ValueError()), (3, None))
    server, ask = asking(monkeypatch, script)
    for _ in range(2):
        with pytest.raises(ModelAwayError):
            ask()
    server.look()
    with pytest.raises(ModelAwayError):
        ask()
    server.breaker._held_until = 0.0
    server.look()
    ask()
    assert [record.getMessage() for record in caplog.records] == [
        "It fails. Answers are the documents' own words until it is back.",
        "It fails. Answers are the documents' own words until it is back.",
        f"The model server at {PLACE} is back.",
    ]
