import queue
import threading
from collections import Counter
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access.refusals import Busy
from access.visitor import Visitor
from access.waiting import FIRST_GUESS_S, NEWEST_PART, NOBODY, Line, person_of
from schema import Waiting


def person(name):
    return ("", name)


def queued(line, name):
    """A ticket that wants its turn."""
    ticket = line.admit(person(name))
    line.join(ticket)
    return ticket


def served(line, tickets):
    """The people in the order in which they get their turns, each ending before the next begins."""
    order = []
    while running := [ticket for ticket in tickets if ticket.state == "running"]:
        order.append(running[0].person[1])
        running[0].leave()
    return order


def test_the_first_has_its_turn_at_once_and_hears_of_no_place():
    line = Line()
    with line.admit(person("ann")) as ticket:
        assert list(ticket.places()) == []
        assert (line.running, line.waiting) == (1, 0)
    assert (line.running, line.waiting) == (0, 0)


def test_the_others_hear_their_place_whenever_it_changes():
    line = Line()
    tickets = [queued(line, name) for name in "abcd"]
    with closing(tickets[2].places()) as places:
        assert next(places) == Waiting(2, 3)
        tickets[0].leave()
        assert next(places) == Waiting(1, 2)
        tickets[3].leave()
        assert next(places) == Waiting(1, 1)
        tickets[1].leave()
        assert list(places) == []
    assert tickets[2].state == "running"


def test_a_ticket_that_never_asks_for_its_turn_holds_nobody_up():
    line = Line()
    with line.admit(person("quotes only")):
        assert queued(line, "ann").state == "running"


def test_who_was_served_longest_ago_is_next_and_newcomers_are_first():
    line = Line()
    assert served(line, [queued(line, "ann"), queued(line, "bob")]) == ["ann", "bob"]
    holder = queued(line, "cat")
    tickets = [queued(line, name) for name in ("bob", "ann", "new", "bob")]
    holder.leave()
    assert served(line, tickets) == ["new", "ann", "bob", "bob"]


def test_one_with_ten_questions_waits_behind_ten_with_one():
    line = Line(most_per_user=10)
    greedy = [queued(line, "greedy") for _ in range(10)]
    others = [queued(line, f"other {number}") for number in range(10)]
    order = served(line, greedy + others)
    assert order == ["greedy", *(f"other {number}" for number in range(10)), *["greedy"] * 9]


@settings(deadline=None)
@given(st.permutations(["greedy"] * 10 + [f"other {number}" for number in range(10)]))
def test_nobody_waits_behind_more_than_one_of_the_ten(names):
    line = Line(most_per_user=10)
    order = served(line, [queued(line, name) for name in names])
    assert sorted(order) == sorted(names)
    last = max(order.index(f"other {number}") for number in range(10))
    assert order[:last].count("greedy") <= 1


@settings(deadline=None)
@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=30), st.integers(1, 4))
def test_places_tell_the_order_in_which_the_turns_come(names, slots):
    line = Line(slots, most_per_user=30)
    tickets = [queued(line, name) for name in names]
    waiting = [ticket for ticket in tickets if ticket.state == "waiting"]
    assert sorted(ticket.place.place for ticket in waiting) == list(range(1, len(waiting) + 1))
    assert {ticket.place.of for ticket in waiting} <= {len(waiting)}
    expected = sorted(waiting, key=lambda ticket: ticket.place.place)
    seen = []
    while running := [ticket for ticket in tickets if ticket.state == "running"]:
        assert len(running) <= slots
        running[0].leave()
        seen += [ticket for ticket in waiting if ticket.state == "running" and ticket not in seen]
    assert seen == expected


STEP = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from("abcd")),
    st.tuples(st.sampled_from(["want", "leave"]), st.integers(0, 40)),
)


@settings(deadline=None)
@given(st.lists(STEP, max_size=60), st.integers(1, 3))
def test_whatever_happens_the_limits_hold_and_no_turn_is_left_unused(steps, slots):
    line, tickets = Line(slots, most_waiting=3), []
    for step, what in steps:
        if step == "ask":
            inside = [ticket for ticket in tickets if ticket.state != "left"]
            own = sum(ticket.person == person(what) for ticket in inside)
            try:
                tickets.append(line.admit(person(what)))
                assert (own < 2, len(inside) < slots + 3) == (True, True)
            except Busy as busy:
                assert busy.is_own == (own == 2)
                assert own == 2 or len(inside) == slots + 3
        elif what < len(tickets):
            (line.join if step == "want" else line.remove)(tickets[what])
        states = Counter(ticket.state for ticket in tickets)
        assert (line.running, line.waiting) == (states["running"], states["waiting"])
        assert states["running"] <= slots
        assert states["waiting"] == 0 or states["running"] == slots
        mine = Counter(ticket.person for ticket in tickets if ticket.state != "left")
        assert max(mine.values(), default=0) <= 2


def test_a_person_has_two_questions_at_most_whatever_state_they_are_in():
    line = Line()
    first, second = queued(line, "ann"), line.admit(person("ann"))
    with pytest.raises(Busy, match="2 questions of yours are not answered yet") as caught:
        line.admit(person("ann"))
    assert caught.value.is_own
    assert line.admit(("portal", "ann"))  # another of that name
    second.leave()
    assert line.admit(person("ann"))
    assert first.state == "running"


def test_nobody_in_particular_has_no_limit_but_the_line_s():
    line = Line(most_waiting=5)
    for _ in range(6):
        line.admit(NOBODY)
    with pytest.raises(Busy, match=r"Too many questions wait for the language model \(5\)") as caught:
        line.admit(NOBODY)
    assert not caught.value.is_own


def test_visitors_of_one_page_without_a_name_have_a_quarter_of_the_line_together():
    line = Line(most_waiting=12)
    for _ in range(3):
        line.admit(("portal", ""))
    with pytest.raises(Busy, match="3 questions from this page are not answered yet"):
        line.admit(("portal", ""))
    assert line.admit(("portal", "ann"))
    assert line.admit(("other", ""))


def test_people_are_told_apart_by_embed_and_name():
    assert person_of(Visitor("ann")) == ("", "ann")
    assert person_of(Visitor("ann", embed="portal")) == ("portal", "ann")
    assert person_of(Visitor(embed="portal", origin="https://a.example")) == ("portal", "")
    assert person_of(Visitor()) == NOBODY


def test_the_time_to_come_back_is_measured():
    now = [0.0]
    line = Line(2, most_waiting=0, clock=lambda: now[0])
    one, two = queued(line, "a"), queued(line, "b")
    with pytest.raises(Busy) as caught:
        line.admit(person("c"))
    assert caught.value.retry_after == FIRST_GUESS_S / 2
    now[0] = 30.0
    one.leave()
    two.leave()
    seconds = FIRST_GUESS_S
    for _ in range(2):
        seconds += NEWEST_PART * (30.0 - seconds)
    assert line.seconds == pytest.approx(seconds)


def test_who_has_two_questions_comes_back_when_the_nearer_is_answered():
    line = Line(1)
    for name in ("a", "b", "c", "c"):
        queued(line, name)
    with pytest.raises(Busy) as caught:
        line.admit(person("c"))
    assert caught.value.retry_after == 3 * FIRST_GUESS_S


@pytest.mark.parametrize("how", ["leave", "close", "stop"])
def test_who_gives_up_leaves_at_once(how):
    line = Line()
    holder = queued(line, "ann")
    gone, after = line.admit(person("bob")), queued(line, "cat")
    stop = threading.Event()
    places = gone.places(stop.is_set)
    assert next(places) == Waiting(1, 2)
    if how == "leave":
        gone.leave()
    elif how == "close":
        places.close()
    else:
        stop.set()
        assert list(places) == []
    assert (gone.state, after.place) == ("left", Waiting(1, 1))
    holder.leave()
    assert after.state == "running"


def test_a_waiting_thread_leaves_when_it_is_stopped():
    line, stop, seen = Line(), threading.Event(), []
    holder, gone = queued(line, "ann"), line.admit(person("bob"))
    thread = threading.Thread(target=lambda: seen.extend(gone.places(stop.is_set)))
    thread.start()
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert (gone.state, holder.state) == ("left", "running")


def test_a_ticket_that_left_gets_no_turn_any_more():
    line = Line()
    ticket = line.admit(person("ann"))
    ticket.leave()
    assert list(ticket.places()) == []
    assert (ticket.state, line.running) == ("left", 0)


def test_no_wake_up_is_lost_among_many_threads(monkeypatch):
    monkeypatch.setattr("access.waiting.LOOK_S", 60.0)  # only a wake-up helps
    line, most, running, lock = Line(3, most_waiting=200), [0], [0], threading.Lock()
    turns = Counter()

    def ask(name):
        for _ in range(5):
            with line.admit(person(name)) as ticket:
                for _ in ticket.places():
                    pass
                with lock:
                    running[0] += 1
                    most[0] = max(most[0], running[0])
                    turns[name] += 1
                with lock:
                    running[0] -= 1

    threads = [threading.Thread(target=ask, args=(f"person {number}",), daemon=True) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
    assert not any(thread.is_alive() for thread in threads)
    assert set(turns.values()) == {5}
    assert most[0] <= 3
    assert (line.running, line.waiting) == (0, 0)


def test_a_new_place_wakes_who_waits(monkeypatch):
    monkeypatch.setattr("access.waiting.LOOK_S", 60.0)  # only a wake-up helps
    line, told = Line(), queue.SimpleQueue()
    holder, before = queued(line, "ann"), queued(line, "bob")
    ticket = line.admit(person("cat"))

    def wait():
        for place in ticket.places():
            told.put(place)

    threading.Thread(target=wait, daemon=True).start()
    assert told.get(timeout=30) == Waiting(2, 2)
    before.leave()
    assert told.get(timeout=30) == Waiting(1, 1)
    holder.leave()
