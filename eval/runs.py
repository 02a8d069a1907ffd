"""Lists the runs in a folder, finished or not, from the first lines of their files; cheap enough for a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from eval.journal import SUFFIX, load_journal_head
from eval.results import load_head
from schema import FootnoteError


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run as a list shows it: ``when`` it was finished, or begun when it is not, as ISO time in UTC.

    ``measures`` are the figures of the set; there are none before it is finished.
    """

    name: str
    path: Path
    done: int
    total: int
    when: str
    measures: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether the result is there; a run may have asked everything and not have got to it."""
        return not self.path.name.endswith(SUFFIX)


def runs_in(folder: Path, on_skip: Callable[[str], None] = lambda _: None) -> list[RunInfo]:
    """The runs of a folder, newest first; none when it is not there.

    Args:
        folder: of results and journals; folders in it are not looked into.
        on_skip: told why a file that looks like one is none.
    """
    found = []
    for path in sorted(folder.glob("*.json*")):
        try:
            if path.name.endswith(SUFFIX):
                found.append(_unfinished(path))
            elif path.suffix == ".json" and not path.name.startswith("."):
                found.append(_finished(path))
        except FootnoteError as error:
            on_skip(str(error))
    return sorted(found, key=lambda info: info.when, reverse=True)


def _finished(path: Path) -> RunInfo:
    head = load_head(path)
    return RunInfo(path.stem, path, head.questions, head.questions, str(head.about.get("finished", "")), head.measures)


def _unfinished(path: Path) -> RunInfo:
    head, done = load_journal_head(path)
    return RunInfo(path.name.removesuffix(SUFFIX), path, done, head.questions, head.started)
