"""Word, Excel and PowerPoint files of before 2007, through LibreOffice where it is installed.

LibreOffice runs apart: without a window, for a limited time, with a fresh profile, in which macros are off, and it is
ended with everything that it started. Reading these formats itself is not done here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from indexer.loading.office import docx_loader, pptx_loader, xlsx_loader
from indexer.loading.sniffing import content_kind
from schema import Extraction, FootnoteError

SECONDS = 50.0  # less than a file may take in all
_PROGRAMS = ("soffice", "libreoffice", "/usr/lib/libreoffice/program/soffice", "/opt/libreoffice/program/soffice",
             "/Applications/LibreOffice.app/Contents/MacOS/soffice")  # fmt: skip
_NEWER = {"doc": ("docx", docx_loader.load), "xls": ("xlsx", xlsx_loader.load), "ppt": ("pptx", pptx_loader.load)}
_AGAIN = 81  # the exit code of a LibreOffice that has made its profile and wants to be started anew
_LARGEST_RESULT = 200 * 1024 * 1024


def load(data: bytes) -> Extraction:
    """Read a Word, Excel or PowerPoint file of before 2007.

    Raises:
        FootnoteError: when LibreOffice is missing, or can't convert it.
    """
    kind = content_kind(data)
    key = kind.key if kind and kind.key in _NEWER else "doc"
    return _NEWER[key][1](convert(data, key))


def convert(data: bytes, extension: str, *, seconds: float = SECONDS) -> bytes:
    """An old Office file as one of today.

    Args:
        data: its bytes.
        extension: what it is: ``doc``, ``xls`` or ``ppt``.
        seconds: after which LibreOffice is ended.

    Raises:
        FootnoteError: when LibreOffice is missing, or can't convert it.
    """
    newer = _NEWER[extension][0]
    program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        raise FootnoteError(
            f"It is in the old binary .{extension} format, which is read through LibreOffice: install LibreOffice, or "
            f"save it as .{newer}."
        )
    with tempfile.TemporaryDirectory(prefix="footnote-") as folder:
        source, target = Path(folder, f"in.{extension}"), Path(folder, "out", f"in.{newer}")
        source.write_bytes(data)
        _convert(_command(_itself(program), Path(folder), source, newer), Path(folder), seconds)
        if not target.is_file() or target.is_symlink():
            raise FootnoteError("It can't be converted by LibreOffice: it may be damaged, or need a password.")
        if target.stat().st_size > _LARGEST_RESULT:
            raise FootnoteError("It is too large once LibreOffice has converted it: split it.")
        return target.read_bytes()


def _itself(program: str) -> str:
    """LibreOffice without the program that starts it on Linux, which insists on a socket in ``/tmp``."""
    beside = Path(program).resolve().with_name("soffice.bin")
    return str(beside) if beside.is_file() else program


def _command(program: str, folder: Path, source: Path, newer: str) -> list[str]:
    profile = (folder / "profile").as_uri()
    switches = ["--headless", "--invisible", "--norestore", "--nolockcheck", "--nodefault", "--nologo"]
    return [
        program,
        f"-env:UserInstallation={profile}",
        "-env:OSL_SOCKET_PATH=.",  # where it may write; asked for only when it may not in /tmp (`parsing.sealing`)
        *switches,
        *("--convert-to", newer, "--outdir", str(folder / "out"), str(source)),
    ]


def _convert(command: list[str], folder: Path, seconds: float) -> None:
    """Start LibreOffice, and once more when it has made its profile and asks for that."""
    began = time.monotonic()
    if _run(command, folder, seconds) == _AGAIN:
        _run(command, folder, max(0.0, began + seconds - time.monotonic()))


def _run(command: list[str], folder: Path, seconds: float) -> int:
    """Run a program in a process group of its own, and end the group whatever happens; its exit code.

    Raises:
        FootnoteError: when it takes too long or can't be started.
    """
    environment = {"HOME": str(folder), "TMPDIR": str(folder), "PATH": os.environ.get("PATH", os.defpath)}
    try:
        process = subprocess.Popen(  # noqa: S603  # a fixed command; names are our own
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
    except OSError as error:
        raise FootnoteError(f"It can't be converted: LibreOffice can't be started ({error.strerror}).") from error
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        raise FootnoteError(f"It can't be converted: LibreOffice took longer than {seconds:.0f} seconds.") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
