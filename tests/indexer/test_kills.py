"""SIGKILL at random moments of real indexing runs, and writers side by side; `python -m benchmarks.crashes` does more.

Prints how many kills fell inside a run; see them with ``pytest tests/indexer/test_kills.py -s``.
"""

from crash_parts import measured


def test_nothing_that_was_acknowledged_is_lost_or_doubled_by_kills(tmp_path):
    found = measured("random", 120, tmp_path)
    assert found["faults"] == []
    assert found["kills"] >= 120
    assert found["inside_a_run"] >= 60


def test_a_second_writer_is_told_of_the_first_and_follows_when_that_one_is_killed(tmp_path):
    assert measured("writers", 8, tmp_path)["faults"] == []
