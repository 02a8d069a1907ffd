"""Damage to a file of an index is noticed or harmless; `python -m benchmarks.crashes --parts mutations` does more."""

from collections import Counter

import pytest
from crash_parts import measured

from benchmarks.crashes.forking import Ended
from benchmarks.crashes.mutations import CHANGES, compare, mutations

LOST = "The index has lost its last 2 commits: its log was damaged."
WHOLE = {"text": "a", "word": "b", "other": "refused: There is no such thing."}
FOREIGN = {**WHOLE, "text": "b", "word": "a"}
EARLIER = [{**WHOLE, "text": "old"}, {**WHOLE, "text": "older", "word": "oldest"}]


def test_no_damage_gives_a_wrong_answer_or_a_crash(tmp_path):
    found = measured("mutations", 150, tmp_path)
    small = found["by_size"]["small"]  # a large one is not checked wholly at opening
    assert not {"wrong", "another state", "crash"} & set(small)
    assert not {"another state", "crash"} & set(found["verdicts"])
    assert found["tried"] == 150
    assert small["noticed"] > 40
    assert set(found["by_kind"]) > set(CHANGES)


def test_the_same_seed_gives_the_same_damage_and_every_kind_of_it():
    assert list(mutations(50, 3)) == list(mutations(50, 3)) != list(mutations(50, 4))
    kinds = Counter(one.kind for one in mutations(130, 3))
    assert set(kinds.values()) == {10}


def ended(*, how="finished", message="", notices=(), **other):
    said = [{"question": name, "said": answer} for name, answer in (WHOLE | other).items()]
    return Ended(how, message, (*said, {"notices": list(notices)}), 0, 0.0)


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (ended(), "harmless"),
        (ended(text="refused: It is damaged."), "noticed"),
        (ended(notices=["The file was rebuilt."]), "noticed"),
        (ended(how="refused", message="It is damaged."), "noticed"),
        (ended(text="else"), "wrong"),
        (ended(text="old"), "another state"),
        (ended(text="b", word="a"), "another state"),
        (ended(text="b", word="a", notices=["The vectors are damaged."]), "another state"),
        (ended(text="b"), "wrong"),
        (ended(text="old", notices=["The vectors are damaged."]), "another state"),
        (ended(text="old", notices=["The vectors are damaged.", LOST]), "noticed"),
        (ended(text="older", notices=[LOST]), "wrong"),
        (ended(text="else", notices=["The file was rebuilt."]), "wrong"),
        (ended(text="else", word="refused: It is damaged."), "wrong"),
        (ended(other="found"), "wrong"),
        (ended(how="failed", message="Traceback\nKeyError: 1"), "crash"),
        (ended(how="killed"), "crash"),
        (ended(how="late"), "crash"),
    ],
)
def test_what_is_seen_has_a_class(seen, verdict):
    assert compare(seen, WHOLE, EARLIER, FOREIGN)[0] == verdict
