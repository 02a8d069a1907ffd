"""Any order of operations beside a dictionary; `python -m benchmarks.crashes --parts machine` runs many more."""

from contextlib import contextmanager

import pytest

from benchmarks.crashes.machine import StoreMachine, run_machine
from indexer.mirror import VectorMirror
from indexer.store import IndexStore


def test_no_order_of_operations_makes_the_store_differ_from_a_dictionary():
    before = StoreMachine.steps
    run_machine(1, runs=30, steps=30)
    assert StoreMachine.steps - before > 300


def test_the_machine_sees_a_store_that_forgets_to_delete(monkeypatch):
    delete = IndexStore.delete
    monkeypatch.setattr(IndexStore, "delete", lambda store, names: delete(store, names[:1]))
    with pytest.raises(AssertionError):
        run_machine(1, runs=60, steps=30, shrink=False)


def test_the_machine_sees_a_commit_that_breaks_and_is_kept(monkeypatch):
    @contextmanager
    def kept(connection, *, write):
        connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        try:
            yield
        finally:
            connection.execute("COMMIT")

    monkeypatch.setattr("indexer.store.transaction", kept)
    with pytest.raises(Exception, match=r"not as it was written|and not"):
        run_machine(1, runs=60, steps=30, shrink=False)


def test_the_machine_sees_a_search_that_does_not_follow_commits(monkeypatch):
    monkeypatch.setattr(VectorMirror, "_leave_out_missing", lambda *_: None)
    with pytest.raises(Exception, match=r"too many|missing|pieces found|finds others"):  # or the store notices it first
        run_machine(1, runs=60, steps=30, shrink=False)
