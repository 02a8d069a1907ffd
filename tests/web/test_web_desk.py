import logging
import threading
from dataclasses import replace

import pytest
from fake_service import PASSAGES, QUOTES, FakeService

import schema
from access.audit import AuditLog, entries, verify
from access.quotas import Quotas
from access.refusals import Busy
from access.visitor import Visitor
from access.waiting import Line
from feedback import Feedback
from web import desk as desk_module
from web.desk import CLOSING, LOADING, UNRECORDED, Asked, Desk, Records

ANN, BOB = Visitor("ann"), Visitor("bob", frozenset({"staff"}), frozenset({"default"}), "portal", "https://a.example")
SHOWN = ["default/briefing.pdf", "default/odd/ha sh#1 100%?.md"]


@pytest.fixture
def log(tmp_path):
    return AuditLog(tmp_path / "state")


@pytest.fixture
def desk(log):
    return Desk(FakeService(pause_s=0), records=Records(audit=log))


def ask(desk, question="When?", visitor=ANN, door="rest", **options):
    return desk.ask(visitor, door, Asked(question), **options)


def told(desk):
    """The contents of the audit log, oldest first."""
    return [dict(line.content) for line in entries(desk.records.audit.folder)]


def outcomes(desk):
    return [content["outcome"] for content in told(desk)]


def figure(desk, name, **labels):
    return desk.metrics.registry.get_sample_value(name, labels)


def names(events):
    return [type(event).__name__ for event in events]


def first(events):
    """The first event of an answer that is kept open; letting go of it would end it."""
    return next(events), events


def test_an_answer_is_on_record_before_its_end_is_told(desk):
    desk.service.pause_s = 0.01  # so that its seconds are more than none
    for event in ask(desk, visitor=BOB, door="widget"):
        assert told(desk) if isinstance(event, schema.Answered) else not told(desk)
    (content,) = told(desk)
    assert content["seconds"] >= 0.01
    del content["salt"], content["seconds"]
    assert content == {
        "user": "bob",
        "groups": ["staff"],
        "embed": "portal",
        "origin": "https://a.example",
        "door": "widget",
        "collection": None,
        "question": "When?",
        "outcome": "answered",
        "collections": ["default"],
        "sources": SHOWN,
    }
    assert desk.service.viewed == [frozenset({"default"})]


@pytest.mark.parametrize(("question", "outcome"), [("cost?", "refused"), ("quotes only", "answered")])
def test_the_outcome_says_whether_the_documents_answered(desk, question, outcome):
    list(ask(desk, question))
    assert outcomes(desk) == [outcome]


@pytest.mark.parametrize(("question", "error"), [("broken", schema.FootnoteError), ("crash", RuntimeError)])
def test_an_answer_that_fails_is_on_record_with_what_was_shown(desk, question, error):
    with pytest.raises(error):
        list(ask(desk, question))
    assert outcomes(desk) == ["error"]
    assert told(desk)[0]["sources"] == ([] if question == "broken" else SHOWN)
    assert (desk.line.running, desk.running) == (0, 0)


def test_who_leaves_in_the_middle_is_on_record_and_out_of_the_line(desk):
    events = ask(desk)
    assert isinstance(next(events), schema.QuotesFound)
    assert (desk.running, outcomes(desk)) == (1, [])
    events.close()
    assert (desk.running, outcomes(desk), told(desk)[0]["sources"]) == (0, ["left"], SHOWN)


def test_an_answer_that_was_stopped_is_on_record_as_left(desk):
    stop = threading.Event()
    events = ask(desk, "slow", stop=stop)
    next(events)
    stop.set()
    list(events)
    assert outcomes(desk) == ["left"]


def test_a_search_is_on_record_too(desk):
    assert desk.search(ANN, "rest", Asked("When?", "default", top_k=1)) == [PASSAGES[0]]
    (content,) = told(desk)
    assert (content["outcome"], content["sources"]) == ("found", SHOWN[:1])
    assert content["collection"] == "default"
    with pytest.raises(schema.FootnoteError, match="being rebuilt"):
        desk.search(ANN, "rest", Asked("broken"))
    assert outcomes(desk) == ["found", "error"]


def test_without_a_record_there_is_no_answer(desk, monkeypatch, caplog):
    def fail(*_):
        raise schema.FootnoteError("The audit log in /secret/state can't be used: the disk is full.")

    monkeypatch.setattr(AuditLog, "write", fail)
    seen = []
    with pytest.raises(schema.FootnoteError) as caught:
        seen.extend(ask(desk))
    assert str(caught.value) == UNRECORDED
    assert "Answered" not in names(seen)
    assert "/secret/state" in caplog.text
    with pytest.raises(schema.FootnoteError, match="audit log"):
        desk.search(ANN, "rest", Asked("When?"))


def test_one_answer_at_a_time_and_the_others_hear_their_place(log):
    service = FakeService(pause_s=0)
    desk = Desk(service, line=Line(1), records=Records(audit=log))
    running, held = ask(desk, "held"), []
    held += [next(running) for _ in range(2)]
    assert names(held) == ["QuotesFound", "Token"]
    waiting = ask(desk, visitor=BOB)
    assert isinstance(next(waiting), schema.QuotesFound)  # at once
    assert next(waiting) == schema.Waiting(1, 1)
    service.go_on.set()
    list(running)
    rest = list(waiting)
    assert names(rest)[0] == "Token"
    assert isinstance(rest[-1], schema.Answered)


def test_the_model_is_free_as_soon_as_the_answer_is_complete(desk):
    events = ask(desk)
    while not isinstance(next(events), schema.Answered):
        assert desk.line.running in (0, 1)
    assert desk.line.running == 0  # though its reader has not taken the end yet
    assert next(events, None) is None


def test_quotes_alone_and_searches_need_no_place(log):
    service = FakeService(pause_s=0)
    desk = Desk(service, line=Line(1, most_waiting=0), records=Records(audit=log))
    _, _kept = first(ask(desk, "held"))
    with pytest.raises(Busy):
        next(ask(desk))
    assert desk.search(BOB, "rest", Asked("When?"))
    assert list(desk.ask(BOB, "rest", Asked("When?", quotes_only=True)))


def test_a_full_line_turns_a_question_away_before_anything_is_done_for_it(log):
    service = FakeService(pause_s=0)
    desk = Desk(service, line=Line(1, most_waiting=0), records=Records(audit=log))
    _, kept = first(ask(desk, "held"))
    with pytest.raises(Busy) as caught:
        next(ask(desk, visitor=BOB))
    assert (caught.value.is_own, len(service.asked)) == (False, 1)
    assert outcomes(desk) == ["busy"]
    assert figure(desk, "footnote_refusals_total", kind="line") == 1
    kept.close()
    assert next(ask(desk, visitor=BOB))


def test_whether_there_is_room_is_seen_without_taking_any_of_it(log):
    desk = Desk(FakeService(pause_s=0), line=Line(1, most_waiting=0), records=Records(audit=log))
    desk.check_room(BOB, "rest", Asked("When?"))
    _, kept = first(ask(desk, "held"))
    with pytest.raises(Busy) as caught:
        desk.check_room(BOB, "rest", Asked("When?"))
    assert (caught.value.is_own, outcomes(desk), desk.running) == (False, ["busy"], 1)
    assert figure(desk, "footnote_refusals_total", kind="line") == 1
    desk.check_room(BOB, "rest", Asked("When?", quotes_only=True))
    kept.close()
    desk.check_room(BOB, "rest", Asked("When?"))
    assert outcomes(desk) == ["busy", "left"]


def test_one_person_has_two_questions_at_a_time_through_all_doors(desk):
    kept = [first(ask(desk, "held", door=door)) for door in ("page", "rest")]
    with pytest.raises(Busy) as caught:
        next(ask(desk, door="openai"))
    assert caught.value.is_own
    assert next(ask(desk, visitor=BOB))
    assert kept


def test_a_person_s_quota_holds_over_all_doors(log):
    desk = Desk(FakeService(pause_s=0), records=Records(Quotas(3), log))
    for door in ("page", "rest"):
        list(ask(desk, door=door))
    desk.search(ANN, "rest", Asked("When?"))
    for attempt in (lambda: next(ask(desk)), lambda: desk.search(ANN, "rest", Asked("When?"))):
        with pytest.raises(Busy) as caught:
            attempt()
        assert caught.value.is_own
    assert list(ask(desk, visitor=BOB))
    assert outcomes(desk) == ["answered", "answered", "found", "busy", "answered"]
    assert figure(desk, "footnote_refusals_total", kind="quota") == 2


def test_what_a_full_line_turned_away_is_not_counted(log):
    desk = Desk(FakeService(pause_s=0), line=Line(1, most_waiting=0), records=Records(Quotas(1), log))
    _, kept = first(ask(desk, "held"))
    for _ in range(5):
        with pytest.raises(Busy) as caught:
            next(ask(desk, visitor=BOB))
        assert not caught.value.is_own
    kept.close()
    assert list(ask(desk, visitor=BOB))
    assert desk.line.running == 0
    with pytest.raises(Busy) as caught:
        next(ask(desk, visitor=BOB))
    assert (caught.value.is_own, desk.line.waiting, desk.line.running) == (True, 0, 0)
    assert next(ask(desk, visitor=Visitor("cat")))  # who was turned away holds no place


def test_of_questions_turned_away_one_a_second_is_on_record(desk, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(desk_module.time, "monotonic", lambda: now[0])
    desk.state = "closing"
    for _ in range(30):
        now[0] += 0.1
        with pytest.raises(Busy):
            next(ask(desk))
    assert outcomes(desk) == ["busy"] * 3
    assert figure(desk, "footnote_questions_total", door="rest", outcome="busy") == 30


@pytest.mark.parametrize(("state", "text"), [("loading", LOADING), ("closing", CLOSING)])
def test_a_server_that_begins_or_ends_takes_no_questions(desk, state, text):
    desk.state = state
    for attempt in (lambda: next(ask(desk)), lambda: desk.search(ANN, "rest", Asked("When?"))):
        with pytest.raises(Busy) as caught:
            attempt()
        assert (str(caught.value), caught.value.is_own, caught.value.retry_after) == (text, False, 10)
    assert desk.service.asked == []


def test_answers_that_are_cut_short_end_with_an_error(desk):
    events = ask(desk, "endless")
    next(events)
    desk.close()
    desk.cut_short()
    seen = []
    with pytest.raises(Busy, match="shut down"):
        seen.extend(events)
    assert "Answered" not in names(seen)
    assert (desk.running, outcomes(desk)) == (0, ["error"])


def test_the_day_is_looked_at_with_every_question(log):
    days = []
    desk = Desk(FakeService(pause_s=0), records=Records(daily=lambda: days.append(True)))
    list(ask(desk))
    desk.search(ANN, "rest", Asked("When?"))
    assert len(days) == 2


def test_feedback_is_kept_under_the_name_of_who_gives_it(desk):
    desk.add_feedback(BOB, Feedback("When?", "", "up", user="somebody else"))
    (record,) = desk.service.feedback
    assert record.user == "bob"
    assert figure(desk, "footnote_feedback_total", rating="up") == 1


def test_logs_hold_no_question_and_no_name(desk, caplog):
    caplog.set_level(logging.INFO)
    secret, visitor = "What does Zebedee earn", replace(ANN, user="florence")
    for question in (secret, f"{secret}, cost", f"{secret}, hostile"):
        list(ask(desk, question, visitor))
    for question in (f"{secret}, broken", f"{secret}, crash"):
        with pytest.raises(Exception, match=r"rebuilt|secret"):
            list(ask(desk, question, visitor))
    ask(desk, secret, visitor).close()
    desk.state = "closing"
    with pytest.raises(Busy):
        next(ask(desk, secret, visitor))
    assert "Zebedee" not in caplog.text
    assert "florence" not in caplog.text


def test_everything_on_record_makes_one_chain(desk):
    threads = [threading.Thread(target=lambda name=name: list(ask(desk, visitor=Visitor(name)))) for name in "abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    found = verify(desk.records.audit.folder)
    assert (found.lines, found.fault) == (6, "")
    assert QUOTES
