"""The thread behind every stream: it ends with its reader, whatever the producer is doing."""

import threading
import time

import pytest

from models.streaming import pump, split_at_stop, wait_for_turn

ENOUGH_S = 15.0


def test_items_arrive_in_order_and_the_stream_ends():
    def produce(emit):
        for number in range(100):
            assert emit(number) is False

    assert list(pump(produce, threading.Event())) == list(range(100))


def test_an_error_of_the_producer_reaches_the_reader_after_what_came_before():
    def produce(emit):
        emit("first")
        raise ValueError("broken")

    stream = pump(produce, threading.Event())
    assert next(stream) == "first"
    with pytest.raises(ValueError, match="broken"):
        next(stream)


def test_closing_the_stream_tells_the_producer_to_stop():
    ended = threading.Event()

    def produce(emit):
        while not emit("more"):
            time.sleep(0.001)
        ended.set()

    stream = pump(produce, threading.Event())
    assert next(stream) == "more"
    stream.close()
    assert ended.wait(ENOUGH_S)


def test_the_stop_event_ends_the_stream_while_the_producer_is_silent_and_aborts_it():
    aborted, stop_event = threading.Event(), threading.Event()
    threading.Timer(0.1, stop_event.set).start()
    assert list(pump(lambda _: aborted.wait(ENOUGH_S) and None, stop_event, abort=aborted.set)) == []
    assert aborted.is_set()


def test_a_producer_that_ended_by_itself_is_not_aborted():
    aborted = threading.Event()
    assert list(pump(lambda emit: emit(1) and None, threading.Event(), abort=aborted.set)) == [1]
    assert not aborted.is_set()


def test_waiting_for_a_turn_can_be_given_up():
    turn, stop_event = threading.Lock(), threading.Event()
    assert wait_for_turn(turn, stop_event)
    threading.Timer(0.1, stop_event.set).start()
    assert not wait_for_turn(turn, stop_event)
    turn.release()
    assert not wait_for_turn(turn, stop_event)
    assert not turn.locked()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", ("plain", "", False)),
        ("one END two", ("one ", "", True)),
        ("one EN", ("one ", "EN", False)),
        ("a stop\n", ("a stop", "\n", False)),
        ("a stop\n\nb", ("a stop", "", True)),
        ("first\n\nthen END", ("first", "", True)),
        ("", ("", "", False)),
    ],
)
def test_text_is_cut_at_the_first_stop_string_and_its_possible_beginning_held_back(text, expected):
    assert split_at_stop(text, ("END", "\n\n")) == expected
