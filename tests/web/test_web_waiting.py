"""Two people at once: the second one sees the place in the line, on the page and in the stream."""

import json
import threading

import httpx
import pytest
from browsing import ask, finished, serving
from fake_service import FakeService


@pytest.fixture
def held():
    """A service whose first answer is held until ``go_on`` is set, and its server's address."""
    service = FakeService()
    with serving(service) as address:
        yield service, address
        service.go_on.set()


def test_the_page_says_how_many_questions_are_before_yours(held, browser):
    service, address = held
    first, second = browser.new_page(), browser.new_page()
    first.goto(address)
    ask(first, "held")
    first.wait_for_selector("#current .sentence")
    second.goto(address)
    ask(second, "When?")
    second.wait_for_selector("#current .waiting:has-text('1 question before yours')")
    assert second.locator("#current .quotes blockquote, #current .quotes li, #current .quotes article").count() > 0
    second.locator("#live", has_text="1 question before yours.").wait_for()
    service.go_on.set()
    finished(second)
    assert "before yours" not in second.locator("#current").inner_text()
    finished(first)
    first.close()
    second.close()


def test_stopping_while_waiting_frees_the_place(held, browser):
    _, address = held
    first, second = browser.new_page(), browser.new_page()
    first.goto(address)
    ask(first, "held")
    first.wait_for_selector("#current .sentence")
    second.goto(address)
    ask(second, "When?")
    second.wait_for_selector("#current .waiting:has-text('1 question before yours')")
    assert figure(address, "footnote_waiting") == 1
    second.locator("#stop").click()
    finished(second)
    until(lambda: figure(address, "footnote_waiting") == 0)
    assert figure(address, "footnote_running") == 1
    first.close()
    second.close()


def until(holds):
    """Wait for something that comes soon."""
    for _ in range(600):
        if holds():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it did not come")


def figure(address, name):
    rows = httpx.get(f"{address}metrics", timeout=60).text.splitlines()
    return float(next(row.split()[1] for row in rows if row.split()[0] == name))


def test_the_stream_tells_each_place_between_the_quotes_and_the_first_word(held):
    service, address = held
    headers = {"accept": "text/event-stream"}
    with httpx.stream("POST", f"{address}api/v1/ask", json={"question": "held"}, headers=headers, timeout=60) as one:
        pieces = one.iter_text()
        assert next(pieces).startswith("event: quotes")
        with httpx.stream(
            "POST", f"{address}api/v1/ask", json={"question": "When?"}, headers=headers, timeout=60
        ) as two:
            text = ""
            for piece in two.iter_text():
                text += piece
                if "event: waiting" in text:
                    service.go_on.set()
    frames = [frame.split("\n") for frame in text.strip().split("\n\n")]
    names = [name.removeprefix("event: ") for name, *_ in frames]
    assert names[:3] == ["quotes", "waiting", "token"]
    assert json.loads(frames[1][1].removeprefix("data: ")) == {"place": 1, "of": 1}
    assert names[-1] == "answer"
