import asyncio
import threading
import time

import pytest
from fake_service import FakeService
from starlette.requests import ClientDisconnect

from schema import Answered, FootnoteError, QuotesFound, SentenceChecked, Token, Waiting
from web import streaming
from web.streaming import Inbox, UnforeseenError, batches, follow


def flat(ask, stop=None, **settings):
    return [event for batch in batches(ask, stop or threading.Event(), **settings) for event in batch]


def test_every_event_arrives_in_order():
    events = [QuotesFound((), ()), *(Token(str(number)) for number in range(50))]
    assert flat(lambda stop: iter(events)) == events


def test_quotes_do_not_wait_for_the_tick(monkeypatch):
    monkeypatch.setattr(streaming, "TICK_S", 30.0)
    ended = threading.Event()

    def ask(stop):
        yield QuotesFound((), ())
        stop.wait(60)
        ended.set()

    stream = batches(ask, threading.Event())
    assert next(stream) == [QuotesFound((), ())]
    assert not ended.is_set()
    stream.close()


def test_tokens_are_gathered_to_about_ten_batches_a_second():
    def ask(stop):
        for number in range(50):
            time.sleep(0.01)
            yield Token(str(number))

    started = time.monotonic()
    filled = [batch for batch in batches(ask, threading.Event()) if batch]
    assert sum(map(len, filled)) == 50
    assert len(filled) <= (time.monotonic() - started) / streaming.TICK_S + 1


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
    stop, released, ended = threading.Event(), threading.Event(), threading.Event()
    stop.set()

    def ask(stop):
        released.wait(60)
        ended.set()
        return iter(())

    assert flat(ask, stop, grace_s=0.2) == []
    assert not ended.is_set()
    released.set()


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


# In the server's loop

(ANSWERED,) = [event for event in FakeService(pause_s=0).ask("When?") if isinstance(event, Answered)]


class Client:
    """A client that stays until it is told to leave."""

    def __init__(self):
        self.leaves = asyncio.Event()

    async def receive(self):
        await self.leaves.wait()
        return {"type": "http.disconnect"}


def threads():
    return {thread for thread in threading.enumerate() if thread.name == "answer"}


@pytest.fixture
def no_threads():
    """Waits until the threads of the test's answers are gone; other tests' may still be there."""
    others = threads()

    async def gone():
        async with asyncio.timeout(60):
            while threads() - others:
                await asyncio.sleep(0.01)

    return gone


async def test_a_reader_in_the_loop_gets_every_event_in_order_in_few_batches(no_threads, monkeypatch):
    monkeypatch.setattr("web.streaming.TICK_S", 60)  # however long the answer's thread has to wait for its turn
    events = [QuotesFound((), ()), *(Token(str(number)) for number in range(500)), ANSWERED]
    found = [batch async for batch in follow(lambda stop: iter(events), Client().receive)]
    assert [event for batch in found for event in batch] == events
    assert all(found)
    assert len(found) <= 4
    await no_threads()


async def test_what_is_no_text_does_not_wait_for_more(monkeypatch):
    monkeypatch.setattr("web.streaming.TICK_S", 600)
    go_on = threading.Event()

    def ask(stop):
        for event in (Waiting(2, 2), QuotesFound((), ()), ANSWERED):
            yield event
            go_on.wait(60)
            go_on.clear()

    found = []
    async with asyncio.timeout(60):
        async for batch in follow(ask, Client().receive):
            found.append(batch)
            go_on.set()
    assert found == [[Waiting(2, 2)], [QuotesFound((), ())], [ANSWERED]]


async def test_text_waits_a_tick_for_more(monkeypatch):
    monkeypatch.setattr("web.streaming.TICK_S", 60)
    more = threading.Event()

    def ask(stop):
        yield Token("a")
        more.wait(60)
        yield Token("b")
        yield SentenceChecked(ANSWERED.answer.sentences[0], ())
        yield ANSWERED

    asyncio.get_running_loop().call_later(0.1, more.set)
    found = [batch async for batch in follow(ask, Client().receive)]
    assert len(found[0]) == 4


async def test_a_long_silence_is_told_and_the_answer_goes_on():
    go_on = threading.Event()

    def ask(stop):
        yield Token("a")
        go_on.wait(60)
        yield ANSWERED

    found = []
    async for batch in follow(ask, Client().receive, quiet_s=0.05):
        found.append(batch)
        if [Token("a")] in found and found.count([]) >= 2:
            go_on.set()
    assert [batch for batch in found if batch] == [[Token("a")], [ANSWERED]]
    assert found.count([]) >= 2


@pytest.mark.parametrize("begun", [False, True])
async def test_a_client_that_leaves_stops_the_answer_whether_or_not_it_has_begun(begun, no_threads):
    client, stops, steps = Client(), [], []

    def ask(stop):
        stops.append(stop)
        if begun:
            yield Token("a")
        while not stop.wait(0.01):
            steps.append(1)
            if begun:
                yield Token("b")

    async def read():
        async for _ in follow(ask, client.receive):
            pass

    reading = asyncio.create_task(read())
    while len(steps) < 5:
        await asyncio.sleep(0.01)
    client.leaves.set()
    with pytest.raises(ClientDisconnect):
        await reading
    assert stops[0].is_set()
    await no_threads()
    count = len(steps)
    await asyncio.sleep(0.05)
    assert len(steps) == count


async def test_an_answer_that_does_not_heed_its_stop_ends_at_its_next_event(no_threads):
    client, ended = Client(), threading.Event()

    def ask(stop):
        try:
            while True:
                time.sleep(0.01)
                yield Token("a")
        finally:
            ended.set()

    with pytest.raises(ClientDisconnect):
        async for _ in follow(ask, client.receive):
            client.leaves.set()
    await no_threads()
    assert ended.is_set()


async def test_a_reader_that_is_cancelled_stops_the_answer(no_threads):
    stops = []

    def ask(stop):
        stops.append(stop)
        stop.wait(10)
        yield ANSWERED

    async def read():
        async for _ in follow(ask, Client().receive):
            pass

    reading = asyncio.create_task(read())
    while not stops:
        await asyncio.sleep(0.01)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert stops[0].is_set()
    await no_threads()


async def test_errors_come_after_what_came_before_them():
    def ask(stop):
        yield Token("one")
        raise FootnoteError("The index is locked.")

    seen = []
    with pytest.raises(FootnoteError, match=r"The index is locked\."):
        async for batch in follow(ask, Client().receive):
            seen += batch
    assert seen == [Token("one")]


async def test_an_unforeseen_error_has_its_cause_and_says_nothing_of_it():
    def ask(stop):
        raise RuntimeError("secret path")
        yield

    with pytest.raises(UnforeseenError) as caught:
        async for _ in follow(ask, Client().receive):
            pass
    assert "secret" not in str(caught.value)
    assert isinstance(caught.value.__cause__, RuntimeError)


async def test_an_answer_without_an_end_is_an_error():
    with pytest.raises(UnforeseenError, match="ended before it was complete"):
        async for _ in follow(lambda stop: iter([Token("a")]), Client().receive):
            pass


async def test_what_rang_for_an_item_that_was_taken_already_rings_for_nothing():
    inbox = Inbox()
    await asyncio.to_thread(lambda: [inbox.put(Token(str(number))) for number in range(100)])
    assert len(await inbox.gather(5)) == 100
    assert await inbox.gather(0.05) == []
    assert inbox.put(Token("x"))
    inbox.close()
    assert await inbox.gather(5) == []
    assert not inbox.put(Token("y"))


def test_a_thread_that_outlives_the_loop_ends_quietly():
    async def make():
        return Inbox()

    inbox = asyncio.run(make())
    assert not inbox.put(ANSWERED)
