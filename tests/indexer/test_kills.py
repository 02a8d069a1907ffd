"""SIGKILL at random moments of real indexing runs: what was acknowledged is there, exactly once, and all is in step.

Prints how many kills fell inside a run; see them with ``pytest tests/indexer/test_kills.py -s``.
"""

import json
import random
import sqlite3
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from fakes import IDENTITY, count_words, word_vectors

from indexer.catalogue import DATABASE
from indexer.chunking import chunk_document, embedding_text
from indexer.loading import load_bytes
from indexer.store import IndexStore

KILLS_INSIDE, KILLS_EACH, FILES = 100, 12, 60
WORDS = Path(__file__).read_text().split()


class Nursery:
    """The process that runs and kills; see kills_nursery.py."""

    def __init__(self):
        command = [sys.executable, str(Path(__file__).with_name("kills_nursery.py"))]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, index, documents, kill_after):
        """The rows that were acknowledged, how the run ended and how long it took."""
        order = {"index": str(index), "documents": str(documents), "kill_after": kill_after}
        print(json.dumps(order), file=self.process.stdin, flush=True)
        rows = {}
        while "ended" not in (message := json.loads(self.process.stdout.readline())):
            assert "failed" not in message, message
            if "path" in message:
                name = Path(message["path"]).name
                assert name not in rows
                rows[name] = message["status"]
        return rows, message["ended"], message["seconds"]

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=30) == 0
        self.process.stdout.close()


@pytest.fixture
def nursery():
    nursery = Nursery()
    yield nursery
    nursery.close()


@cache
def expected_document(name, content):
    """Text, and for each chunk its id with its vector, of a file with this content."""
    extraction = load_bytes(name, content.encode())
    title = extraction.title or Path(name).stem
    chunks = chunk_document(extraction, f"default/{name}", max_tokens=60, count_tokens=count_words)
    vectors = word_vectors([embedding_text(title, chunk) for chunk in chunks])
    return extraction.text, {chunk.chunk_id: vector.tobytes() for chunk, vector in zip(chunks, vectors, strict=True)}


def random_content(chance):
    paragraphs = [" ".join(chance.choices(WORDS, k=chance.randint(5, 70))) for _ in range(chance.randint(1, 6))]
    return f"Number {chance.random()}\n\n" + "\n\n".join(paragraphs)


def change_some(documents, chance, contents):
    """New, changed and removed files; ``contents`` is kept level."""
    names = [f"{number:02}.{'md' if number % 3 else 'txt'}" for number in range(FILES)]
    for name in chance.sample(names, FILES if not contents else FILES // 2):
        contents[name] = random_content(chance)
        (documents / name).write_text(contents[name])
    for name in chance.sample(sorted(contents), 4):
        del contents[name]
        (documents / name).unlink()


def read_index(index):
    """What a reader finds right after the kill: text and chunks with vectors of each document."""
    store = IndexStore(index, IDENTITY, create=True)  # runs SQLite's quick_check
    try:
        assert store.check() == "ok"  # the full check, and FTS5 against the chunks
        texts = {info.source.path: store.text(info.source.source_id) for info in store.sources()}
        searched = [hit.chunk.chunk_id for hit in store.dense(word_vectors(["any"])[0], 100_000)]
    finally:
        store.close()
    connection = sqlite3.connect(index / DATABASE)
    rows = connection.execute(
        "SELECT s.path, c.chunk_id, c.vector FROM source s LEFT JOIN chunk c ON c.source = s.id"
    ).fetchall()
    connection.close()
    assert sorted(searched) == sorted(row[1] for row in rows)
    found = {path: (text, {}) for path, text in texts.items()}
    for path, chunk_id, vector in rows:
        found[path][1][chunk_id] = vector
    assert sum(len(chunks) for _, chunks in found.values()) == len(rows)
    return found


def check_after(rows, before, contents, found):
    """Acknowledged rows are true; every other document is as before the run, or as the run would have left it."""
    for name, status in rows.items():
        if status == "removed":
            assert name not in found
        else:
            assert status in ("indexed", "unchanged")
            assert found[name] == expected_document(name, contents[name])
    for name in found.keys() | before.keys():
        allowed = [before.get(name), expected_document(name, contents[name]) if name in contents else None]
        assert found.get(name) in allowed


def test_nothing_that_was_acknowledged_is_lost_or_doubled_by_kills(tmp_path, nursery):
    chance = random.Random(2026)  # noqa: S311  (moments, not secrets)
    kills = inside = unacknowledged = 0
    for number in range(40):
        index, documents = tmp_path / f"index{number}", tmp_path / f"documents{number}"
        documents.mkdir()
        contents, found = {}, {}
        change_some(documents, chance, contents)
        if number == 0:
            _, _, seconds = nursery.run(tmp_path / "measured", documents, None)
        for _ in range(KILLS_EACH):
            before = found
            rows, ended, _ = nursery.run(index, documents, chance.uniform(0, 0.6 * seconds))
            found = read_index(index)
            check_after(rows, before, contents, found)
            kills += 1
            inside += ended == "killed"
            unacknowledged += sum(found.get(name) != before.get(name) for name in found.keys() - rows.keys())
            if ended == "finished" or chance.random() < 0.4:
                change_some(documents, chance, contents)
        _, ended, _ = nursery.run(index, documents, None)
        assert ended == "finished"
        assert read_index(index) == {name: expected_document(name, content) for name, content in contents.items()}
        rows, _, _ = nursery.run(index, documents, None)
        assert rows == dict.fromkeys(contents, "unchanged")
        if inside >= KILLS_INSIDE:
            break
    print(  # noqa: T201  (the figures are part of what this test shows)
        f"\n{kills} kills, {inside} of them inside a run of up to {seconds:.2f} s; "
        f"{unacknowledged} documents were committed but not yet acknowledged"
    )
    assert inside >= KILLS_INSIDE
