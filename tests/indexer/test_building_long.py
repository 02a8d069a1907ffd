"""While a long file is read, a run says how far it is and keeps what came before."""

import threading
from dataclasses import replace

from fakes import word_vectors
from indexing_runs import found, write

from indexer import run
from indexer.building import index_paths
from indexer.loading import load_all


def index_beside_a_long_file(docs, indexing, reading):
    """Index a file, a long one and another; the long one is read once progress is told that passes ``is_enough``."""
    write(docs, a="apple", b="banana", c="cherry")
    enough, told, rows = threading.Event(), [], []

    def load(path, sha256):
        if path.name == "b.txt":
            assert enough.wait(30)
        return load_all(path, sha256)

    def tell(progress):
        told.append((progress.label, progress.done, list(rows), found(indexing.store, "apple")))
        if progress.label.endswith(", page 3 of 9") or (not reading and len(told) > 1):
            enough.set()

    if not reading:
        threading.Timer(0.2, enough.set).start()
    recipe = replace(indexing.recipe, load=load, embed=word_vectors, reading=lambda path: reading.get(path.name, ""))
    index_paths(
        indexing.store,
        [docs],
        collection="default",
        recipe=recipe,
        on_file=lambda row: rows.append(row.path),
        on_progress=tell,
    )
    return told, rows


def test_a_run_tells_how_far_a_long_file_is_and_has_committed_what_came_before(docs, indexing, monkeypatch):
    monkeypatch.setattr(run, "_TELL_SECONDS", 0.01)
    told, rows = index_beside_a_long_file(docs, indexing, {"b.txt": "page 3 of 9"})
    label, done, before, in_index = next(step for step in told if step[0].endswith(", page 3 of 9"))
    assert label == "b.txt, page 3 of 9"
    assert done == (docs / "a.txt").stat().st_size
    assert before == [str(docs / "a.txt")]
    assert in_index == ["default/a.txt"]
    assert rows == [str(docs / name) for name in ("a.txt", "b.txt", "c.txt")]
    assert [step[1] for step in told] == sorted(step[1] for step in told)


def test_a_file_that_does_not_say_how_far_it_is_is_waited_for(docs, indexing, monkeypatch):
    monkeypatch.setattr(run, "_TELL_SECONDS", 0.01)
    told, rows = index_beside_a_long_file(docs, indexing, {})
    assert not any("page" in label for label, *_ in told)
    assert len(rows) == 3
