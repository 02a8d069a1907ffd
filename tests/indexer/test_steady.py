"""An index that another process changes while it is searched: no search fails, and none mixes two generations."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from fakes import IDENTITY, word_vectors

from indexer.steady import TRIES, IndexMovedError, SteadyReader, steadily
from indexer.store import IndexStore
from indexer.writing import IndexedDocument
from retriever.hybrid import Searching, retrieve
from schema import Block, Chunk, Extraction, FootnoteError, Source, Words

TESTS = Path(__file__).resolve().parents[1]
WRITER = """
import sys
from pathlib import Path
from fakes import IDENTITY
from indexer.store import IndexStore
from test_steady import generation
store = IndexStore(Path(sys.argv[1]), IDENTITY)
for number in range(1, 60):
    with store.writing():
        store.put(generation(number))
    print(number, flush=True)
"""
QUESTION = "platelets aspirin dose"


def generation(number):
    """Twelve documents that say which generation they are of, each with other words at its end."""
    documents = []
    for place in range(12):
        text = f"Generation {number}: aspirin inhibits platelets, dose {'low ' * (place % 4)}high {number * place}."
        source = Source("default", f"{place}.md", f"Paper {place}", None, f"{number}")
        extraction = Extraction(text, (Block("paragraph", 0, len(text)),))
        chunks = [Chunk(source.source_id, 0, len(text), text)]
        documents.append(IndexedDocument(source, extraction, chunks, word_vectors([text])))
    return documents


def embed(text):
    return word_vectors([text])[0].tolist()


@pytest.fixture
def store(tmp_path):
    store = IndexStore(tmp_path / "index", IDENTITY, create=True)
    store.put(generation(0))
    yield store
    store.close()


def search(store):
    """The generations in one search's passages, and the fingerprint that it tells."""
    passages, fingerprint = steadily(
        store, lambda index: retrieve(QUESTION, Searching(index, embed), top_k=12, join=True)
    )
    assert passages
    texts = [same.chunk.text for passage in passages for same in (passage, *passage.also)]
    return {text.split(":")[0] for text in texts}, fingerprint


def test_no_search_fails_or_mixes_generations_while_another_process_changes_the_index(store):
    results, errors, over = [], [], threading.Event()

    def ask():
        while not over.is_set():
            try:
                results.append(search(store))
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(20)]
    for thread in threads:
        thread.start()
    writer = subprocess.run(
        [sys.executable, "-c", WRITER, str(store.folder)],
        env={"PYTHONPATH": f"{TESTS.parent}:{TESTS}:{TESTS / 'indexer'}"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    over.set()
    for thread in threads:
        thread.join(60)
    assert writer.stdout.splitlines()[-1:] == ["59"], writer.stderr
    assert errors == []
    assert [found for found, _ in results if len(found) > 1] == []
    told = {}
    for (found,), fingerprint in results:
        told.setdefault(fingerprint, set()).add(found)
    assert all(len(generations) == 1 for generations in told.values())  # a fingerprint is of what was found
    assert len(told) > 3
    assert search(store)[0] == {"Generation 59"}


def test_a_search_that_meets_two_generations_is_begun_again(store):
    begun = []

    def searching(index):
        begun.append(index)
        before = index.lexical(Words(("aspirin",)), 3)
        if len(begun) < 3:
            store.put(generation(len(begun)))
        return before + index.dense(np.array(embed(QUESTION), np.float32), 3)

    found, fingerprint = steadily(store, searching)
    assert len(begun) == 3
    assert {passage.chunk.text.split(":")[0] for passage in found} == {"Generation 2"}
    assert fingerprint == store.fingerprint()


@pytest.mark.parametrize("ask", ["dense", "lexical", "vectors", "span"])
def test_whatever_is_asked_is_of_the_first_generation(store, ask):
    index = SteadyReader(store)
    (passage,) = index.lexical(Words(("aspirin",)), 1)
    questions = {
        "dense": lambda: index.dense(np.array(embed(QUESTION), np.float32), 3),
        "lexical": lambda: index.lexical(Words(("dose",)), 3),
        "vectors": lambda: index.vectors([passage.chunk.chunk_id]),
        "span": lambda: index.span(passage.chunk.source_id, 0, 5),
    }
    assert len(questions[ask]()) > 0
    assert index.fingerprint == store.fingerprint()
    store.put(generation(1))
    with pytest.raises(IndexMovedError):
        questions[ask]()


def test_an_index_that_never_stands_still_is_said_to(store):
    begun = []

    def searching(index):
        begun.append(True)
        raise IndexMovedError

    with pytest.raises(FootnoteError, match="change faster than they can be searched"):
        steadily(store, searching)
    assert len(begun) == TRIES
