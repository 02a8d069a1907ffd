"""Where the bytes of a model come from: what an origin is given, how it delivers, and the origin that is a folder.

An origin puts bytes into a job's workspace and hands each finished file to ``Job.accept``, which checks its hash. An
origin never decides whether bytes are right.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from models import cache as cache_of
from models.registry import File, Model
from schema import Progress


class OriginError(Exception):
    """An origin can't deliver; the text says why, in words for the user."""


class Job:
    """One fetch of one model: what is still missing, where to put it and whom to tell. Its holder has the lock.

    ``said`` collects why each origin that was tried did not deliver everything.
    """

    def __init__(
        self, model: Model, cache: Path, on_progress: Callable[[Progress], None], on_message: Callable[[str], None]
    ) -> None:
        self.model = model
        self.workspace = cache_of.workspace(model, cache)
        self.missing = [file for file in model.files if not cache_of.adopt(model, file, cache)]
        self.said: list[str] = []
        self._cache = cache
        self._origin = ""
        self._furthest = 0
        self._on_progress = on_progress
        self._on_message = on_message

    def begin(self, origin: str) -> None:
        """Say which origin is being tried; progress may start again from what is finished."""
        self._origin, self._furthest = origin, 0
        self._on_message(f"{self.model.name}: fetching from {origin}.")

    def report(self, held: int, label: str = "") -> None:
        """Tell the progress: the finished files and ``held`` bytes of those in hand."""
        missing = sum(file.size for file in self.missing)
        done = min(self.model.size - missing + held, self.model.size)
        self._furthest = max(done, self._furthest)
        self._on_progress(Progress(self._furthest, self.model.size, label or self.model.name, "bytes"))

    def accept(self, file: File, path: Path) -> bool:
        """Check a finished file and put it into the cache; a wrong one is removed, noted and said."""
        try:
            cache_of.publish(path, self.model, file, self._cache)
        except cache_of.WrongBytesError as error:
            self.refuse(f"refused: {error}")
            return False
        self.missing.remove(file)
        self.report(0)
        return True

    def refuse(self, reason: str) -> None:
        """Note and say why the present origin did not deliver."""
        self.said.append(f"{self._origin}: {reason}")
        self._on_message(f"{self.model.name}: {self._origin}: {reason}")


def deliver_from_folder(folder: Path, job: Job) -> None:
    """Copy files from ``<folder>/<model>/<file>`` or ``<folder>/<file>``.

    Raises:
        OriginError: when the folder is not there or lacks a file.
    """
    if not folder.is_dir():
        raise OriginError("there is no such folder")
    for file in list(job.missing):
        source = next((path for path in _candidates(folder, job.model, file) if path.is_file()), None)
        if source is None:
            raise OriginError(f"it has no file {job.model.name}/{file.name} and no file {file.name}")
        copy = job.workspace / f"{file.sha256}.copied"
        try:
            shutil.copyfile(source, copy)
        except PermissionError as error:
            raise OriginError(f"{source} can't be read ({error.strerror})") from error
        job.accept(file, copy)


def _candidates(folder: Path, model: Model, file: File) -> tuple[Path, ...]:
    names = (f"{model.name}/{file.name}", file.name, f"{model.name}/{file.upstream_name}", file.upstream_name)
    return tuple(folder / name for name in names)
