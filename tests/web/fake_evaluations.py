"""Scripted evaluation: two finished runs, one unfinished and one broken, and runs that last until they are told."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from schema import FootnoteError


@dataclass(frozen=True)
class FakeRun:
    name: str
    questions: str = "sample questions"
    done: int = 0
    total: int | None = None
    when: str = "2026-05-04T10:00:00+00:00"
    state: Literal["finished", "running", "unfinished", "broken"] = "finished"
    measures: Mapping[str, str] = field(default_factory=dict)
    seconds_left: float | None = None
    message: str = ""
    can_resume: bool = False


HOSTILE_SET = "<img src=x onerror=window.__x=1>.csv"
OLD = FakeRun("before", done=42, total=42, measures={"Found": "79%", "False answers": "12%", "Median time": "1.9 s"})
NEW = FakeRun(
    "after",
    done=42,
    total=42,
    when="2026-05-05T09:30:00+00:00",
    measures={"Found": "88%", "False answers": "–", "Median time": "2.1 s"},
)
CUT = FakeRun("cut", HOSTILE_SET, 3, 10, "2026-05-03T08:00:00+00:00", "unfinished", message="Stopped.", can_resume=True)
BROKEN = FakeRun("broken", "", when="", state="broken", message="broken.json, line 7: the file ends in the middle")
STYLE = "h1{color:rgb(1,2,3)}"
SCRIPT = "document.title='script ran'"


class FakeEvaluations:
    """Keeps what it was asked to do in ``calls``."""

    def __init__(self, *rows: FakeRun, sets: Sequence[str] = ("sample questions", HOSTILE_SET)) -> None:
        self.rows = {row.name: row for row in rows}
        self.offered = sets
        self.calls: list[tuple] = []

    def runs(self) -> list[FakeRun]:
        return sorted(self.rows.values(), key=lambda row: (row.state == "running", row.when), reverse=True)

    def progress(self, name: str) -> FakeRun:
        return self.rows[name]

    def sets(self) -> Sequence[str]:
        return self.offered

    def report(self, name: str) -> str:
        self.calls.append(("report", name))
        return document(f"Report of {name}")

    def comparison(self, a: str, b: str, *, shared: bool = False) -> str:
        self.calls.append(("comparison", a, b, shared))
        if self.rows[a].questions != self.rows[b].questions and not shared:
            raise FootnoteError(f"{a} and {b} were asked other questions.")
        return document(f"{b} against {a}")

    def start(
        self, questions: str, *, limit: int | None = None, seed: int | None = None, quotes_only: bool = False
    ) -> str:
        self.calls.append(("start", questions, limit, seed, quotes_only))
        if questions not in self.offered:
            raise FootnoteError(f"There is no question set {questions!r}.")
        self.rows["new"] = FakeRun("new", questions, 0, None, "", "running", message="Loading the models.")
        return "new"

    def resume(self, name: str) -> None:
        self.calls.append(("resume", name))
        if any(row.state == "running" for row in self.rows.values()):
            raise FootnoteError("A run is under way: stop it, or wait for it.")
        self.change(name, state="running", message="", can_resume=False)

    def stop(self, name: str) -> None:
        self.calls.append(("stop", name))
        self.change(name, state="unfinished", message="Stopped.", can_resume=True)

    def close(self) -> None:
        self.calls.append(("close",))

    def change(self, name: str, **values: object) -> None:
        """Let a run go on."""
        self.rows[name] = replace(self.rows[name], **values)


def document(title: str) -> str:
    """A report with a policy of its own, which lets its style and its script run and no other."""
    policy = f"default-src 'none'; style-src '{_hash(STYLE)}'; script-src '{_hash(SCRIPT)}'; base-uri 'none'"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>Report</title><style>{STYLE}</style></head><body><h1>{html.escape(title)}</h1>"
        f'<p style="height: 1px">style-src head &lt;/head&gt;</p><p id="q-7">Question 7</p>'
        f"<script>{SCRIPT}</script><script>document.title = 'not allowed'</script></body></html>"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
