"""Embedding beside the run: order, errors, and what is dropped."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from indexer import ahead
from indexer.ahead import Ahead


def numbers(texts):
    return np.array([[float(text)] for text in texts], np.float32)


@pytest.mark.parametrize("count", [0, 1, 5, 6, 13])
def test_parts_come_in_order_and_together_hold_every_text(count, monkeypatch):
    monkeypatch.setattr(ahead, "EMBED_CHUNKS", 5)
    with Ahead(numbers) as embedding:
        first = embedding.start([str(number) for number in range(count)])
        second = embedding.start(["99"])
        assert [len(part) for part in second] == [1]
        parts = list(first)
    assert all(len(part) <= 5 for part in parts)
    assert [value for part in parts for value in part[:, 0]] == list(range(count))


def test_embedding_goes_on_while_nobody_asks_for_it():
    begun = threading.Event()

    def embed(texts):
        begun.set()
        return numbers(texts)

    with Ahead(embed) as embedding:
        embedding.start(["1"])
        assert begun.wait(60)


@pytest.mark.parametrize("kind", [ValueError, MemoryError, KeyboardInterrupt])
def test_what_the_embedder_raises_is_raised_where_its_vectors_are_asked_for(kind):
    def embed(texts):
        if texts == ["bad"]:
            raise kind
        return numbers(texts)

    with Ahead(embed) as embedding:
        good, bad, after = [embedding.start([text]) for text in ("1", "bad", "2")]
        assert next(good).tolist() == [[1.0]]
        with pytest.raises(kind):
            next(bad)
        assert next(after).tolist() == [[2.0]]


def test_leaving_drops_what_has_not_begun(monkeypatch):
    monkeypatch.setattr(ahead, "EMBED_CHUNKS", 1)
    begun, may_end, seen = threading.Event(), threading.Event(), []

    class Pool(ThreadPoolExecutor):
        def shutdown(self, wait=True, *, cancel_futures=False):
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            may_end.set()  # not before, or the next would begin meanwhile
            super().shutdown(wait)

    monkeypatch.setattr(ahead, "ThreadPoolExecutor", Pool)

    def embed(texts):
        seen.extend(texts)
        begun.set()
        may_end.wait(60)
        return numbers(texts)

    def interrupted_run():
        with Ahead(embed) as embedding:
            embedding.start(["1", "2", "3", "4", "5"])
            begun.wait(60)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted_run()
    assert sorted(seen) == ["1", "2"][: len(seen)]
