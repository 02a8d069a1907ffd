"""No file can hurt the process that asks for it: every fault is a refusal, nothing stays, the next is read."""

import errno
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from parsing_places import ask_for, below, marked

from benchmarks.parser_faults import AS_BEFORE, FAULTS
from indexer.loading import load_all
from indexer.parsing import isolated, process
from indexer.parsing.errors import (
    ParserCrashedError,
    ParserError,
    ParserOutOfMemoryError,
    ParserTimedOutError,
    ParserUnavailableError,
)
from indexer.parsing.isolated import Parser
from indexer.parsing.limits import Limits
from indexer.stamps import ChangedError
from schema import FootnoteError

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted((ROOT / "samples").glob("*.*"))
TIGHT = Limits(seconds=3, memory_mb=256, file_mb=8, characters=1000, whole_seconds=6)
LOADER = "benchmarks.parser_faults"


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Where workers have their folders, so that a test's own can be told; after it nothing of them may be left."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    before = set(below())
    yield folder
    assert set(below()) <= before
    assert marked(folder) == []
    assert list(folder.iterdir()) == []


def text(parser, path):
    return [member.extraction.text for member in parser.parse(path)]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_refused_and_the_next_file_read(name, tmp_path):
    """The parser is warm, as within a folder; what may come of each fault stands with it."""
    with Parser(TIGHT, loader=LOADER) as parser:
        assert text(parser, ask_for(tmp_path, "good")) == [AS_BEFORE]
        try:
            parser.parse(ask_for(tmp_path, name))
            outcome = None
        except FootnoteError as error:
            outcome = type(error)
            assert str(error).endswith((".", "limit."))
            assert "Traceback" not in str(error)
        assert outcome in FAULTS[name][1], outcome
        assert text(parser, ask_for(tmp_path, "good")) == [AS_BEFORE]
        assert len(below()) == 2  # one guardian, one worker: what the fault has started is gone


def test_the_reason_names_the_file_and_the_signal(tmp_path):
    with Parser(TIGHT, loader=LOADER) as parser:
        with pytest.raises(ParserCrashedError) as caught:
            parser.parse(ask_for(tmp_path, "segfault"))
        assert caught.value.signal == signal.SIGSEGV
        assert str(caught.value).startswith("segfault.txt can't be read: its reader crashed (SIGSEGV).")
        with pytest.raises(ParserOutOfMemoryError, match="more than 256 MB"):
            parser.parse(ask_for(tmp_path, "allocate_in_c"))


def test_the_samples_are_read_as_in_this_process():
    with Parser() as parser:
        for path in SAMPLES:
            assert parser.parse(path) == load_all(path)


def test_a_refusal_of_the_loader_comes_as_it_is_and_keeps_the_worker(tmp_path):
    path = tmp_path / "empty.md"
    path.write_text("", "utf-8")
    with Parser() as parser:
        with pytest.raises(FootnoteError) as here:
            load_all(path)
        first = None
        for _ in range(2):
            with pytest.raises(FootnoteError) as there:
                parser.parse(path)
            assert str(there.value) == str(here.value)
            assert not isinstance(there.value, ParserError)
            assert first in (None, below())
            first = below()


def test_a_name_that_is_no_text_is_found(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9 \xff.md"))
    path.write_text("Words.", "utf-8")
    with Parser() as parser:
        assert text(parser, path) == ["Words."]


def test_a_relative_path_is_the_parents(tmp_path, monkeypatch):
    (tmp_path / "here.md").write_text("Words.", "utf-8")
    monkeypatch.chdir(tmp_path)
    with Parser() as parser:
        assert text(parser, Path("here.md")) == ["Words."]


def test_a_document_that_is_too_long_is_refused_by_the_child(tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("word " * 300, "utf-8")
    with Parser(TIGHT) as parser, pytest.raises(FootnoteError, match=r"1,499 characters; the limit is 1,000"):
        parser.parse(path)


def test_nothing_runs_before_the_first_file_and_one_worker_reads_many(tmp_path):
    path = ask_for(tmp_path, "good")
    with Parser(TIGHT, loader=LOADER) as parser:
        assert below() == []
        parser.parse(path)
        first = below()
        for _ in range(20):
            parser.parse(path)
        assert below() == first
        assert len(first) == 2
    assert below() == []


def test_a_worker_is_replaced_after_so_many_files(tmp_path):
    path, seen = ask_for(tmp_path, "good"), []
    with Parser(TIGHT, loader=LOADER, files_per_worker=3) as parser:
        for _ in range(7):
            parser.parse(path)
            seen.append(tuple(below()))
    assert len(set(seen)) == 4  # two, none after the third, two more, none, and again two
    assert seen[2] == seen[5] == ()
    assert len({seen[0], seen[3], seen[6]}) == 3


def test_a_worker_that_stays_large_is_replaced(tmp_path, monkeypatch):
    path = ask_for(tmp_path, "good")
    with Parser(TIGHT, loader=LOADER) as parser:
        parser.parse(path)
        kept = below()
        small = isolated.Worker.usage
        monkeypatch.setattr(isolated.Worker, "usage", lambda self: process.Usage(1, 129 * 2**20))
        parser.parse(path)
        assert below() == []
        monkeypatch.setattr(isolated.Worker, "usage", small)
        parser.parse(path)
        assert kept != below() != []


def test_a_worker_that_died_between_two_files_costs_none(tmp_path):
    path = ask_for(tmp_path, "good")
    with Parser(TIGHT, loader=LOADER) as parser:
        parser.parse(path)
        os.kill(below()[1], signal.SIGKILL)
        assert text(parser, path) == [AS_BEFORE]


def test_a_fault_that_may_be_an_earlier_files_gets_a_second_try_by_a_fresh_worker(tmp_path, monkeypatch):
    asked = []
    ask = isolated.Worker.ask

    def counted(self, request, on_progress):
        asked.append(self.files)
        return ask(self, request, on_progress)

    monkeypatch.setattr(isolated.Worker, "ask", counted)
    with Parser(TIGHT, loader=LOADER) as parser:
        parser.parse(ask_for(tmp_path, "good"))
        with pytest.raises(ParserCrashedError):
            parser.parse(ask_for(tmp_path, "leave"))
        assert asked == [0, 1, 0]
        parser.parse(ask_for(tmp_path, "good"))
        with pytest.raises(ParserTimedOutError):  # one of those would cost the limit twice
            parser.parse(ask_for(tmp_path, "stop"))
        assert asked == [0, 1, 0, 0, 1]


def test_threads_share_the_workers_and_no_more_run_than_asked_for(tmp_path):
    paths = [tmp_path / f"{number}.md" for number in range(24)]
    for number, path in enumerate(paths):
        path.write_text(f"Number {number}.", "utf-8")
    most = []
    with Parser(workers=2) as parser, ThreadPoolExecutor(6) as pool:
        for number, read in enumerate(pool.map(lambda path: (text(parser, path), len(below())), paths)):
            assert read[0] == [f"Number {number}."]
            most.append(read[1])
    assert max(most) == 4


def test_the_thread_that_started_a_worker_may_end(tmp_path):
    """A death signal would come at the end of the thread that forked, not of its process (prctl(2))."""
    path = ask_for(tmp_path, "good")
    with Parser(TIGHT, loader=LOADER) as parser:
        thread = threading.Thread(target=parser.parse, args=(path,))
        thread.start()
        thread.join()
        first = below()
        time.sleep(0.1)
        assert text(parser, path) == [AS_BEFORE]
        assert below() == first


def test_closing_ends_idle_workers_now_and_busy_ones_after_their_file(tmp_path):
    parser = Parser(TIGHT, loader=LOADER, workers=2)
    errors = []

    def read():
        try:
            parser.parse(ask_for(tmp_path, "stop"))
        except ParserTimedOutError as error:
            errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    while len(below()) < 2:
        time.sleep(0.01)
    parser.parse(ask_for(tmp_path, "good"))
    parser.close()
    thread.join()
    assert len(errors) == 1
    assert below() == []


@pytest.mark.parametrize("fault", ["sleep_deaf", "hang_in_c", "leave_orphan_and_hang"])
def test_leaving_by_an_error_ends_busy_workers_at_once_and_reads_nothing_more(fault, tmp_path):
    refused: list[tuple[type, str]] = []

    def read(parser, *names):
        for name in names:
            try:
                parser.parse(ask_for(tmp_path, name))
            except ParserError as error:
                refused.append((type(error), str(error)))

    with pytest.raises(KeyboardInterrupt), Parser(Limits(seconds=300), loader=LOADER) as parser:
        parser.parse(ask_for(tmp_path, "good"))
        thread = threading.Thread(target=read, args=(parser, fault, "good"))
        thread.start()
        while not any(worker.files == 2 for worker in tuple(parser._busy)):
            time.sleep(0.01)
        time.sleep(0.3)
        raise KeyboardInterrupt
    thread.join(60)
    assert refused == [(ParserError, f"{name}.txt was not read: reading was stopped.") for name in (fault, "good")]
    assert below() == []


def test_without_a_guardian_leaving_by_an_error_ends_busy_workers_too(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "_PROGRAM", "import sys; sys.platform = 'darwin'; " + process._PROGRAM)
    monkeypatch.setattr(sys, "platform", "darwin")
    test_leaving_by_an_error_ends_busy_workers_at_once_and_reads_nothing_more("hang_in_c", tmp_path)


def test_it_is_told_how_far_a_file_is_while_it_is_read(tmp_path):
    path, seen = ask_for(tmp_path, "get_on_slowly"), set()
    with Parser(TIGHT, loader=LOADER) as parser:
        assert parser.reading(path) == ""
        thread = threading.Thread(target=parser.parse, args=(path,))
        thread.start()
        while thread.is_alive():
            seen.add(parser.reading(path))
            time.sleep(0.01)
        assert seen == {"", "page 1 of 2"}
        assert parser.reading(path) == ""


def test_a_step_that_takes_too_long_is_named(tmp_path):
    with Parser(TIGHT, loader=LOADER) as parser:
        with pytest.raises(
            ParserTimedOutError, match=r"longer than 3 s after page 1 of 2 \(setting file_seconds\)\. It was"
        ):
            parser.parse(ask_for(tmp_path, "get_on_and_stop"))
        with pytest.raises(ParserTimedOutError, match=r"longer than 0\.1 minutes \(setting file_minutes\)\. It was"):
            parser.parse(ask_for(tmp_path, "get_on_endlessly"))


def test_an_interruption_ends_the_worker(tmp_path, monkeypatch):
    def interrupted(self, patience):
        raise KeyboardInterrupt

    with Parser(TIGHT, loader=LOADER) as parser:
        parser.parse(ask_for(tmp_path, "good"))
        monkeypatch.setattr(process.Listener, "receive", interrupted)
        with pytest.raises(KeyboardInterrupt):
            parser.parse(ask_for(tmp_path, "good"))
        assert below() == []


@pytest.mark.parametrize("fault", ["sleep_deaf", "hang_in_c", "leave_orphan_and_hang"])
def test_when_this_process_is_killed_nothing_of_its_parser_stays(fault, tmp_path, temporary):
    program = (
        "import sys, tempfile; from pathlib import Path; tempfile.tempdir = sys.argv[2]\n"
        "from indexer.parsing.isolated import Parser; from indexer.parsing.limits import Limits\n"
        f"Parser(Limits(seconds=300), loader={LOADER!r}).parse(Path(sys.argv[1]))\n"
    )
    path = ask_for(tmp_path, fault)
    parent = subprocess.Popen([sys.executable, "-c", program, path, temporary], cwd=ROOT)
    expected = 3 if fault == "leave_orphan_and_hang" else 2
    while len(marked(temporary / "footnote-reader-")) < expected:
        assert parent.poll() is None
        time.sleep(0.02)
    time.sleep(0.2)
    parent.kill()
    parent.wait()
    until = time.monotonic() + 60
    while marked(temporary) or list(temporary.iterdir()):
        assert time.monotonic() < until, marked(temporary)
        time.sleep(0.02)


def test_when_the_guardian_is_killed_the_worker_goes_too(tmp_path):
    """By anything but a parser, which the fences keep from it."""
    errors = []

    def read(parser):
        try:
            parser.parse(ask_for(tmp_path, "sleep_deaf"))
        except ParserCrashedError as error:
            errors.append(error.signal)

    with Parser(Limits(seconds=60), loader=LOADER) as parser:
        thread = threading.Thread(target=read, args=(parser,))
        thread.start()
        while len(below()) < 2:
            time.sleep(0.01)
        time.sleep(0.5)
        os.kill(below()[0], signal.SIGKILL)
        thread.join()
    assert errors == [signal.SIGKILL]


def test_a_reader_that_can_not_start_is_said_to_be_the_installations_fault(tmp_path):
    with Parser(loader="no.such.loader") as parser, pytest.raises(ParserUnavailableError, match="No module named"):
        parser.parse(ask_for(tmp_path, "good"))


def test_no_room_for_temporary_files_is_one_sentence(tmp_path, monkeypatch):
    def refuse(**_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(process.tempfile, "mkdtemp", refuse)
    with Parser() as parser, pytest.raises(ParserUnavailableError, match="No space left on device"):
        parser.parse(tmp_path / "any.txt")


def test_an_interpreter_that_is_not_there_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(process.sys, "executable", str(tmp_path / "python"))
    with Parser() as parser, pytest.raises(ParserUnavailableError, match="can't be started"):
        parser.parse(ask_for(tmp_path, "good"))


def test_this_process_imports_no_parser():
    program = (
        "import sys; from pathlib import Path; from indexer.parsing.isolated import Parser\n"
        "with Parser() as parser:\n"
        "    for path in sys.argv[1:]:\n        parser.parse(Path(path))\n"
        "known = {name.split('.')[0] for name in sys.modules}\n"
        "print(sorted(known & {'pypdfium2', 'lxml', 'bs4', 'markdown_it', 'numpy', 'PIL'}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *SAMPLES], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_the_worker_sees_neither_the_environment_nor_the_descriptors_of_its_parent(tmp_path, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_LLM_API_KEY", "secret")
    secret = (tmp_path / "secret").open("wb")
    os.set_inheritable(secret.fileno(), True)
    with secret, Parser(TIGHT, loader=LOADER) as parser:
        parser.parse(ask_for(tmp_path, "good"))
        worker = below()[1]
        assert b"FOOTNOTE_LLM_API_KEY" not in Path(f"/proc/{worker}/environ").read_bytes()
        opened = {str(path.readlink()) for path in Path(f"/proc/{worker}/fd").iterdir()}
        assert {path.partition(":")[0] for path in opened} == {"/dev/null", "pipe"}
        assert Path(f"/proc/{worker}/cwd").resolve().name.startswith("footnote-reader-")
        assert Path(f"/proc/{worker}/oom_score_adj").read_text() == "1000\n"  # it goes before its parent does


def test_what_a_parser_leaves_in_its_folder_is_gone_before_the_next_file(tmp_path, temporary):
    with Parser(TIGHT, loader=LOADER) as parser:
        with pytest.raises(FootnoteError, match="File too large"):
            parser.parse(ask_for(tmp_path, "write_endlessly"))
        assert list(temporary.iterdir()) == below() == []
        parser.parse(ask_for(tmp_path, "good"))


def test_without_a_guardian_the_limit_of_time_holds_too(tmp_path, monkeypatch):
    """As on macOS: no guardian, no fences, and what leaves the session is not found; all else is as everywhere."""
    monkeypatch.setattr(process, "_PROGRAM", "import sys; sys.platform = 'darwin'; " + process._PROGRAM)
    monkeypatch.setattr(sys, "platform", "darwin")
    with Parser(TIGHT, loader=LOADER) as parser:
        for fault in ("hang_in_c", "multiply", "segfault", "leave"):
            assert text(parser, ask_for(tmp_path, "good")) == [AS_BEFORE]
            assert len(below()) == 1
            with pytest.raises(ParserError) as caught:
                parser.parse(ask_for(tmp_path, fault))
            assert type(caught.value) in FAULTS[fault][1]
            assert below() == []


def test_a_file_is_read_only_if_it_is_the_one_that_is_meant(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("apple")
    sha256 = hashlib.sha256(b"apple").hexdigest()
    with Parser() as parser:
        assert [member.extraction.text for member in parser.parse(path, sha256)] == ["apple"]
        path.write_text("banana")
        with pytest.raises(ChangedError, match=r"^It changed while it was read: the next run reads it again\.$"):
            parser.parse(path, sha256)
        assert text(parser, path) == ["banana"]
        assert {worker.files for worker in parser._idle.queue} == {3}  # it is no fault of the process
