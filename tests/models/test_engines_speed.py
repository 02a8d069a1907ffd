"""What an engine learns of its own speed: exact sums, and real answers whose tokens are counted."""

import threading
from types import SimpleNamespace

import pytest
from engine_weights import COLOURS, LONG, tiny_weights
from langchain_core.messages import HumanMessage, SystemMessage

from models.engines import load_chat_model, stream_text, warm
from models.speed import MEMORY, Speed, SpeedMeter, Stopwatch
from schema import FootnoteError

RULES = SystemMessage("Answer from the excerpts. " * 20)
OPENING = [RULES, HumanMessage("Excerpts:")]
EVIDENCE = (
    "Excerpts:\n\n## Minutes (2022)\nThe committee met on 3 March and agreed that the programme would be funded.\n"
)


@pytest.fixture(scope="module")
def engine():
    loaded = load_chat_model("llamacpp", str(tiny_weights()), fingerprint="tiny")
    yield loaded
    loaded.close()


def read(engine, messages, max_tokens=6):
    last = list(engine.model.stream(messages, max_tokens=max_tokens))[-1]
    usage = last.usage_metadata
    return usage["input_tokens"], usage["input_token_details"]["cache_read"]


def test_nothing_is_known_until_both_were_measured():
    meter = SpeedMeter()
    assert meter.speed is None
    meter.add_reading(100, 2.0)
    assert meter.speed is None
    meter.add_writing(30, 3.0)
    assert meter.speed == Speed(reading=50.0, writing=10.0)


def test_newer_answers_weigh_more_and_longer_ones_too():
    meter = SpeedMeter()
    meter.add_writing(10, 1.0)
    meter.add_reading(100, 1.0)
    meter.add_reading(300, 6.0)
    assert meter.speed.reading == pytest.approx((MEMORY * 100 + 300) / (MEMORY * 1 + 6))


def test_a_few_tokens_say_nothing():
    meter = SpeedMeter()
    for tokens, seconds in ((15, 9.0), (100, 0.0)):
        meter.add_reading(tokens, seconds)
    meter.add_writing(3, 9.0)
    meter.add_reading(16, 1.0)
    meter.add_writing(4, 1.0)
    assert meter.speed == Speed(16.0, 4.0)


def test_a_stopwatch_counts_the_first_token_as_read(monkeypatch):
    times = iter([10.0, 12.0, 13.0, 16.0])
    monkeypatch.setattr("models.speed.time", SimpleNamespace(monotonic=lambda: next(times)))
    watch = Stopwatch()
    assert (watch.marked, watch.speeds(100, 5)) == (False, {})
    for _ in range(3):
        watch.mark()
    assert watch.marked
    assert watch.speeds(100, 9) == {"read_tokens_per_second": 50.0, "write_tokens_per_second": 2.0}
    assert watch.speeds(100, 1) == {"read_tokens_per_second": 50.0}


def test_warming_up_measures_and_leaves_the_beginning_read(engine):
    warm(engine, OPENING, stop_event=threading.Event())
    assert engine.meter.speed.reading > 0
    assert engine.meter.speed.writing > 0
    _, reused = read(engine, [RULES, HumanMessage(EVIDENCE + "\nQuestion: When did it meet?")])
    assert reused >= engine.count_tokens(RULES.content)


def test_a_second_question_over_the_same_evidence_reads_the_question_alone(engine):
    total, _ = read(engine, [RULES, HumanMessage(EVIDENCE + "\nQuestion: When did the committee meet?")])
    again, reused = read(engine, [RULES, HumanMessage(EVIDENCE + "\nQuestion: What was agreed on?")])
    kept = engine.count_tokens(RULES.content) + engine.count_tokens(EVIDENCE)
    assert reused >= kept
    assert again - reused < 20
    assert total > 100


def test_an_answer_is_measured_and_a_stopped_one_is_not(engine):
    meter, stop = SpeedMeter(), threading.Event()
    messages = [SystemMessage("Be kind. " * 30), COLOURS[1]]
    assert list(stream_text(engine.model, messages, max_tokens=1, stop_event=stop, meter=meter))
    assert meter.speed is None
    assert list(stream_text(engine.model, messages, max_tokens=12, stop_event=stop, meter=meter))
    learnt = meter.speed
    assert learnt.writing > 0
    for _ in stream_text(engine.model, COLOURS, max_tokens=12, stop_event=stop, meter=meter):
        stop.set()
    assert meter.speed == learnt


def test_the_likeliest_first_token_is_the_one_that_is_written(engine):
    found = engine.first_token_probabilities(COLOURS, ["The", "There", "Three", "zebra", " The"])
    assert found["The"] == pytest.approx(0.118, abs=0.02)
    assert found["The"] > found["There"] > found["Three"] > found[" The"] >= 0.0
    assert found["zebra"] < 0.001
    assert sum(found.values()) < 1.0


def test_asking_for_probabilities_first_makes_the_answer_read_one_token(engine):
    messages = [SystemMessage("Be fair. " * 30), COLOURS[1]]
    engine.first_token_probabilities(messages, ["The"])
    total, reused = read(engine, messages, max_tokens=1)
    assert total - reused == 1


def test_a_choice_without_a_token_and_a_prompt_without_room_are_refused(engine):
    with pytest.raises(FootnoteError, match="has no token: ''"):
        engine.first_token_probabilities(COLOURS, ["yes", ""])
    with pytest.raises(FootnoteError, match="holds 4096"):
        engine.first_token_probabilities([HumanMessage(LONG[0].content * 4)], ["yes"])


def test_probabilities_can_be_left_as_answers_can(engine):
    stop = threading.Event()
    stop.set()
    assert engine.model.first_token_probabilities(COLOURS, ["The"], stop_event=stop) == {"The": 0.0}
