"""What is kept of one generation: made once, forgotten with the next, the last used ones only."""

from indexer.remembering import Remembered


def test_a_value_is_made_once_in_a_generation():
    remembered, made = Remembered(2), []

    def value(generation, key):
        return remembered.of(generation, key, lambda: made.append((generation, key)) or len(made))

    assert [value(1, "a"), value(1, "b"), value(1, "a"), value(1, None)] == [1, 2, 1, 3]
    assert value(1, "b") == 4  # the one that was not asked for the longest had gone
    assert value(2, "b") == 5
    assert [value(2, "b"), value(2, None), value(2, "b")] == [5, 6, 5]
    assert value(1, "b") == 7
