import threading
import time

import pytest

from schema import FootnoteError, QuotesFound, Token
from web.streaming import batches


def flat(ask, stop=None, **settings):
    return [event for batch in batches(ask, stop or threading.Event(), **settings) for event in batch]


def test_every_event_arrives_in_order():
    events = [QuotesFound((), ()), *(Token(str(number)) for number in range(50))]
    assert flat(lambda stop: iter(events)) == events


def test_quotes_do_not_wait_for_the_tick():
    def ask(stop):
        yield QuotesFound((), ())
        stop.wait(5)

    started = time.monotonic()
    stream = batches(ask, threading.Event())
    assert next(stream) == [QuotesFound((), ())]
    assert time.monotonic() - started < 0.09
    stream.close()


def test_tokens_are_gathered_to_about_ten_batches_a_second():
    def ask(stop):
        for number in range(50):
            time.sleep(0.01)
            yield Token(str(number))

    filled = [batch for batch in batches(ask, threading.Event()) if batch]
    assert sum(map(len, filled)) == 50
    assert len(filled) <= 12


def test_closing_the_batches_stops_the_answer():
    stop = threading.Event()

    def ask(stop):
        yield Token("one")
        stop.wait(5)

    stream = batches(ask, stop)
    next(stream)
    stream.close()
    assert stop.is_set()


def test_an_answer_that_ignores_the_stop_is_left_behind_after_the_grace():
    stop = threading.Event()
    stop.set()
    started = time.monotonic()
    assert flat(lambda _: (time.sleep(3), iter(()))[1], stop, grace_s=0.2) == []
    assert time.monotonic() - started < 0.8


def test_what_came_before_an_error_is_not_lost():
    def ask(stop):
        yield Token("one")
        raise FootnoteError("The index is locked.")

    seen = []
    with pytest.raises(FootnoteError, match=r"The index is locked\."):
        for batch in batches(ask, threading.Event()):
            seen += batch
    assert seen == [Token("one")]


def test_an_unforeseen_error_is_logged_and_its_text_stays_inside(caplog):
    def ask(stop):
        raise RuntimeError("secret path")
        yield

    with pytest.raises(FootnoteError) as caught:
        flat(ask)
    assert "secret" not in str(caught.value)
    assert "secret path" in caplog.text
