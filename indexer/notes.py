"""What a run remembers of each document beside what is shown: text in the document's row that only runs read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath

from indexer.stamps import Stamp


@dataclass(frozen=True, slots=True)
class Note:
    """What a run remembers of one document.

    Attributes:
        member: its path inside a file that holds several; empty for the file itself.
        stamp: of the file, if it vouches for the hash.
        title: that the document gives itself, before any override; likewise ``date`` and ``fields``.
        date: see ``title``.
        fields: see ``title``.
        given: what files beside it say of it: these win; an empty value takes a field away.
        refused: of a container, with one of its documents: the parts that could not be read, each with its reason.
    """

    member: str = ""
    stamp: Stamp | None = None
    title: str | None = None
    date: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[tuple[str, str], ...] = ()

    def encode(self) -> str:
        """The note as text."""
        return json.dumps(asdict(self), ensure_ascii=True, separators=(",", ":"))

    def labels(self, file_name: str) -> tuple[str, str | None, dict[str, str]]:
        """Title, date and fields of the document when its file has this name."""
        said = {**self.fields, **self.given}
        own_title = self.title or PurePosixPath(self.member or file_name).stem
        title = said.pop("title", "") if not self.member else ""
        said.pop("title", None)
        date = said.pop("date", "") if "date" in self.given else self.date
        return title or own_title, date or None, {name: value for name, value in said.items() if value}


def decode_note(text: str) -> Note | None:
    """The note that this text is; ``None`` for a document that no run has written."""
    if not text:
        return None
    values = json.loads(text)
    stamp, refused = values["stamp"], values["refused"]
    values["stamp"] = tuple(stamp) if stamp else None
    values["refused"] = tuple((str(name), str(problem)) for name, problem in refused)
    return Note(**values)
