"""SIGKILL at calls of each command, and power loss: a sample of `python -m benchmarks.crashes --parts points power`.

And the checker that says so: it has to see what is planted.
"""

import random
import shutil
import sqlite3
from contextlib import closing

import pytest
from crash_parts import measured, needs_strace

from benchmarks.crashes.invariants import documents, problems
from benchmarks.crashes.power import SECTOR, Step, after_loss, parse
from benchmarks.crashes.stand_in import IDENTITY, digest, expected, recipe, write_files
from indexer.building import index_paths
from indexer.catalogue import DATABASE, VECTORS
from indexer.store import IndexStore

CONTENTS = {"a.md": "One\n\nharbour licence", "b.txt": "Two vessels during storms\n\n" + "crews report damage " * 20}


@needs_strace
def test_a_kill_at_any_call_of_a_commit_loses_and_doubles_nothing(tmp_path):
    found = measured("points", 60, tmp_path)
    assert found["faults"] == []
    assert found["tried"] == found["killed"] == 60
    assert found["points"] > 500
    assert set(found["by_command"]) >= {"make", "add", "update", "delete", "rebuild"}


@needs_strace
def test_power_loss_leaves_what_was_acknowledged(tmp_path):
    found = measured("power", 60, tmp_path)
    assert found["faults"] == []
    assert found["states"] == 60
    assert all(found["synced"].values())


# The checker


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    write_files(folder / "documents", CONTENTS)
    store = IndexStore(folder / "index", IDENTITY, create=True)
    index_paths(store, [folder / "documents"], collection="default", recipe=recipe())
    store.close()
    return folder / "index"


@pytest.fixture
def index(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "index")


def test_a_whole_index_has_no_problems_and_the_expected_documents(index):
    assert problems(index) == []
    held = {path: digest(*one) for path, one in documents(index).items()}
    assert held == {name: expected(name, content) for name, content in CONTENTS.items()}


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM source WHERE path = 'a.md'",
        "DELETE FROM source_text WHERE source = 1",
        "DELETE FROM chunk WHERE id = (SELECT max(id) FROM chunk)",
        "DELETE FROM chunk_fts_docsize WHERE id = 1",
        "UPDATE chunk SET start = start + 1 WHERE id = 1",
        "UPDATE chunk SET chunk_id = 'another' WHERE id = 1",
        "UPDATE chunk SET vector = zeroblob(128) WHERE id = 1",
        "UPDATE chunk SET vector = x'00' WHERE id = 1",
        "UPDATE source_text SET text = text || '!' WHERE source = 1",
        "UPDATE source SET path = 'c.md' WHERE path = 'a.md'",
        "UPDATE source SET chunks = chunks + 1",
        "UPDATE meta SET value = '99' WHERE key = 'generation'",
        "UPDATE meta SET value = 'x' WHERE key = 'embedder'",
        "UPDATE sqlite_sequence SET seq = 0",
    ],
)
def test_what_is_planted_in_the_tables_is_seen(index, statement):
    with closing(sqlite3.connect(index / DATABASE)) as connection:
        connection.create_function("row_digest", -1, lambda *_: b"")
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(statement)
        connection.commit()
    assert problems(index) != []


def test_what_is_planted_in_the_folder_is_seen(index):
    (index / "stray").touch(mode=0o600)
    assert problems(index) == ["stray does not belong there"]
    (index / "stray").unlink()
    (index / VECTORS).chmod(0o644)
    assert problems(index) == [f"{VECTORS} can be read by others"]


# The simulated disk


STEPS = [
    *(Step("make", "a"), Step("write", "a", b"1" * SECTOR, 0), Step("sync", "a"), Step("sync", "")),
    *(Step("write", "a", b"2" * 2 * SECTOR, SECTOR), Step("make", "b"), Step("write", "b", b"x", 0), Step("sync", "b")),
    Step("rename", "b", other="c"),
]


def test_what_was_synced_outlives_power_loss_and_the_rest_may_not(tmp_path):
    left = [after_loss(tmp_path / "none", STEPS, random.Random(seed)) for seed in range(300)]  # noqa: S311
    assert all(files["a"].startswith(b"1" * SECTOR) for files in left)
    assert {len(files["a"]) for files in left} == {
        SECTOR,
        2 * SECTOR,
        3 * SECTOR,
    }  # nothing, half and all of the second
    assert {frozenset(files) for files in left} == {frozenset("a"), frozenset("ab"), frozenset("ac")}
    assert {files[name] for files in left for name in "bc" if name in files} == {b"x"}


def test_the_calls_of_a_folder_are_read_from_the_record(tmp_path):
    def quoted(text):
        return '"' + "".join(f"\\x{byte:02x}" for byte in str(text).encode()) + '"'

    lines = [
        f"7 openat(AT_FDCWD, {quoted(tmp_path / 'a')}, O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 5",
        f"7 openat(AT_FDCWD, {quoted('/elsewhere')}, O_RDWR) = 6",
        f"7 write(5, {quoted('ab')}, 2) = 2",
        f"7 write(5, {quoted('cd')}, 2) = 2",
        f"7 write(6, {quoted('no')}, 2) = 2",
        f"7 pwrite64(5, {quoted('x')}, 1, 9) = 1",
        f"7 pwrite64(5, {quoted('failed')}, 6, 9) = -1 ENOSPC (No space left on device)",
        "7 fdatasync(5) = 0",
        "7 close(5) = 0",
        "7 fsync(5) = -1 EBADF (Bad file descriptor)",
        f"7 access({quoted('/said/indexed/docs/a.md')}, F_OK) = -1 ENOENT (No such file or directory)",
        f"7 rename({quoted(tmp_path / 'a')}, {quoted(tmp_path / 'b')}) = 0",
        f"7 openat(AT_FDCWD, {quoted(tmp_path)}, O_RDONLY) = 5",
        "7 fsync(5) = 0",
    ]
    assert list(parse(lines, tmp_path)) == [
        *(Step("make", "a"), Step("write", "a", b"ab", 0), Step("write", "a", b"cd", 2), Step("write", "a", b"x", 9)),
        *(Step("sync", "a"), Step("said", "docs/a.md", other="indexed")),
        *(Step("rename", "a", other="b"), Step("sync", "")),
    ]  # fmt: skip
