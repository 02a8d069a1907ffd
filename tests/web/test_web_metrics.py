import re
import threading

import pytest
from entrances import entrance_in
from fake_service import FakeService
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from access.refusals import Busy
from access.visitor import Visitor
from access.waiting import Line
from feedback import Feedback
from schema import FootnoteError
from web import metrics
from web.desk import Asked, Desk
from web.metrics import build_metrics_router
from web.problem_layers import install
from web.server import build_app

SECRET = Visitor("florence", frozenset({"zebras"}), None, "portal", "https://zebedee.example")
HERE = ("127.0.0.1", 50000)


def page(desk, *, client=HERE, headers=None, **options):
    app = FastAPI()
    install(app)
    app.include_router(build_metrics_router(desk.metrics, **options))
    return TestClient(app, base_url="http://127.0.0.1", client=client).get("/metrics", headers=headers)


def figures(desk):
    """Every sample by its name and labels."""
    families = text_string_to_metric_families(page(desk, is_open=True).text)
    return {(one.name, *sorted(one.labels.values())): one.value for family in families for one in family.samples}


def ask(desk, question="When?", door="rest"):
    return list(desk.ask(SECRET, door, Asked(question)))


def test_questions_are_counted_by_door_and_outcome():
    desk = Desk(FakeService(pause_s=0))
    for question, door in (("When?", "page"), ("When?", "page"), ("cost?", "page"), ("When?", "openai")):
        ask(desk, question, door)
    desk.search(SECRET, "rest", Asked("When?"))
    with pytest.raises(FootnoteError):
        ask(desk, "broken")
    found = figures(desk)
    assert {key[1:]: value for key, value in found.items() if key[0] == "footnote_questions_total"} == {
        ("answered", "page"): 2,
        ("page", "refused"): 1,
        ("answered", "openai"): 1,
        ("found", "rest"): 1,
        ("error", "rest"): 1,
    }


def test_the_times_to_quotes_first_word_and_end_are_measured():
    desk = Desk(FakeService(pause_s=0))
    ask(desk)
    ask(desk, "cost?")  # refused, without a word of an answer
    found = figures(desk)
    assert found["footnote_quotes_seconds_count", "rest"] == 2
    assert found["footnote_first_token_seconds_count", "rest"] == 1
    assert found["footnote_answer_seconds_count", "rest"] == 2
    assert 0 < found["footnote_quotes_seconds_sum", "rest"] < found["footnote_answer_seconds_sum", "rest"]


def test_the_line_and_the_refusals_are_shown():
    desk = Desk(FakeService(pause_s=0), line=Line(1, most_waiting=1))
    running = desk.ask(Visitor("a"), "rest", Asked("held"))
    for _ in range(2):
        next(running)
    stop = threading.Event()
    waiting = desk.ask(Visitor("b"), "rest", Asked("When?"), stop=stop)
    for _ in range(2):
        next(waiting)
    with pytest.raises(Busy):
        next(desk.ask(Visitor("c"), "rest", Asked("When?")))
    found = figures(desk)
    assert (found["footnote_waiting",], found["footnote_running",]) == (1, 1)
    assert found["footnote_refusals_total", "line"] == 1
    waiting.close()
    running.close()
    found = figures(desk)
    assert (found["footnote_waiting",], found["footnote_running",]) == (0, 0)


def test_the_index_and_the_process_are_shown_and_the_index_is_looked_at_once_a_minute(monkeypatch):
    looks, now = [], [0.0]

    def look():
        looks.append(True)
        if len(looks) == 2:
            raise FootnoteError("The index is damaged.")
        return "ab12", 7

    monkeypatch.setattr(metrics.time, "monotonic", lambda: now[0])
    desk = Desk(FakeService(), look_at_index=look)
    for _ in range(3):
        found = figures(desk)
    assert len(looks) == 1
    assert found["footnote_index_info", "ab12"] == 1
    assert (found["footnote_index_documents",], found["footnote_index_readable",]) == (7, 1)
    assert found["process_resident_memory_bytes",] > 1_000_000
    now[0] = 61.0
    found = figures(desk)
    assert found["footnote_index_readable",] == 0
    assert ("footnote_index_documents",) not in found


def test_no_person_question_or_document_is_in_any_figure():
    desk = Desk(FakeService(pause_s=0))
    for question in ("What does Zebedee earn?", "Zebedee cost", "Zebedee hostile"):
        ask(desk, question)
    desk.add_feedback(SECRET, Feedback("Zebedee?", "", "up"))
    text = page(desk, is_open=True).text
    assert 'footnote_feedback_total{rating="up"} 1.0' in text
    assert not re.search("florence|zeb|portal|briefing|default/", text, re.IGNORECASE)


TOKEN = "t" * 32


@pytest.mark.parametrize(
    ("options", "client", "header", "status"),
    [
        ({"is_open": True}, HERE, None, 200),
        ({"is_open": True}, ("::1", 1), None, 200),
        ({"is_open": True}, ("10.0.0.9", 1), None, 404),
        ({}, HERE, None, 404),
        ({}, HERE, "Bearer ", 404),
        ({"token": TOKEN}, HERE, None, 404),
        ({"token": TOKEN}, HERE, "Bearer x", 404),
        ({"token": TOKEN}, HERE, f"Basic {TOKEN}", 404),
        ({"token": TOKEN}, ("10.0.0.9", 1), f"Bearer {TOKEN}", 200),
        ({"token": TOKEN}, ("10.0.0.9", 1), f"bearer {TOKEN}", 200),
        ({"token": TOKEN, "is_open": True}, HERE, None, 404),
    ],
)
def test_figures_are_for_who_brings_the_token_or_at_one_s_own_machine(options, client, header, status):
    headers = {"authorization": header} if header else {}
    response = page(Desk(FakeService()), client=client, headers=headers, **options)
    assert response.status_code == status
    assert ("footnote_questions" in response.text) == (status == 200)
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("client", "header", "status"),
    [(HERE, None, 404), (HERE, "Bearer x", 404), (("10.0.0.9", 1), f"Bearer {TOKEN}", 200)],
)
def test_where_people_sign_in_the_server_wants_the_token_from_its_own_machine_too(tmp_path, client, header, status):
    entrance = entrance_in(tmp_path, identity="password")
    app = build_app(FakeService(), entrance=entrance, metrics_token=TOKEN)
    try:
        web = TestClient(app, base_url="http://127.0.0.1", client=client)
        assert web.get("/metrics", headers={"authorization": header} if header else {}).status_code == status
        assert web.post("/api/v1/ask", json={"question": "When?"}).status_code == 401
    finally:
        entrance.close()
