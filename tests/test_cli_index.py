"""`footnote index --watch`: what it prints, that it goes on after errors, and how it ends."""

import json
import os
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

import pipeline
from cli import app
from schema import FileReport, FootnoteError, IndexReport

A = FileReport("/docs/a.txt", "indexed", "", 0, 2)
SAME = FileReport("/docs/a.txt", "unchanged", "", 0, 2)
BAD = FileReport("/docs/b.txt", "refused", "It is damaged.")
RENAMED = FileReport("/docs/c.txt", "unchanged", "It was called a.txt before.", 0, 2)


class Watched:
    """Stands for the pipeline: each sync gives the next of some reports; then the signal comes."""

    reports: tuple = ()
    seen: tuple = ()

    def __init__(self, settings, **_):
        self.store = type("Store", (), {"notices": []})()

    def index(self, paths, *, remove_missing, on_file, on_progress):
        self.seen.append((tuple(paths), remove_missing))
        report = self.reports.pop(0)
        if isinstance(report, FootnoteError):
            raise report
        for row in report:
            on_file(row)
        return IndexReport(tuple(report), 0.1)

    def watch(self, paths, sync):
        self.done = [sync() for _ in range(len(self.reports))]
        self.seen.append(self.done)
        os.kill(os.getpid(), signal.SIGTERM)
        signal.sigtimedwait([], 5)

    def close(self):
        self.seen.append("closed")


@pytest.fixture
def watching(monkeypatch, tmp_path):
    def run(*reports, options=()):
        monkeypatch.setattr(Watched, "reports", list(reports))
        monkeypatch.setattr(Watched, "seen", [])
        monkeypatch.setattr(pipeline, "Footnote", Watched)
        return CliRunner().invoke(app, ["index", "/docs", "--watch", "--index", str(tmp_path / "index"), *options])

    before = signal.getsignal(signal.SIGTERM)
    yield run
    assert signal.getsignal(signal.SIGTERM) is before


def rows(result):
    return [line.split()[1:3] for line in result.stderr.splitlines() if line[:1] in "+=~!-"]


def test_each_change_is_told_once_and_a_signal_ends_it_cleanly(watching):
    busy = FootnoteError("Another run is writing.")
    result = watching([A, BAD], [SAME, BAD], busy, busy, [RENAMED, BAD])
    assert result.exit_code == 0
    assert rows(result) == [["indexed", "/docs/a.txt"], ["refused", "/docs/b.txt"], ["unchanged", "/docs/c.txt"]]
    assert result.stderr.count("footnote: Another run is writing.") == 1
    assert result.stderr.splitlines()[-1] == "Stopped. All that was reported is in the index."
    assert len(result.stdout.splitlines()) == 3
    assert Watched.seen[-2:] == [[True, True, False, False, True], "closed"]


def test_json_is_a_line_for_each_sync(watching):
    result = watching([A], [SAME], options=["--json", "--remove-missing"])
    assert [json.loads(line)["indexed"] for line in result.stdout.splitlines()] == [1, 0]
    assert Watched.seen[0] == ((Path("/docs"),), True)
