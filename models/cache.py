"""The cache of weights, one per user: files named by their content, and a folder per model that points at them.

    <cache>/sha256/<ab>/<hash>     the bytes, read-only
    <cache>/<model>/<file>         the same file under its readable name (a hard link, or a symbolic link)
    <cache>/partial/<model>/       what an unfinished fetch has so far
    <cache>/locks/<model>.lock     held by the process that fetches the model

A file gets its name only after its hash was checked, in one step. Nothing here knows where bytes come from.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from models.registry import File, Model
from schema import FootnoteError, Progress

BLOCK = 1 << 20

Check = Literal["ok", "missing", "damaged"]


class WrongBytesError(Exception):
    """The bytes of a file do not have the hash that the registry names; the text holds both hashes."""


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What ``verify`` found of one file; ``message`` is a sentence, empty when the file is as it should be."""

    file: File
    state: Check
    message: str = ""


def blob_path(cache: Path, sha256: str) -> Path:
    """Where the content with this hash is kept."""
    return cache / "sha256" / sha256[:2] / sha256


def model_folder(model: Model, cache: Path) -> Path:
    """The folder that holds the model's files under their readable names."""
    return cache / model.name


def workspace(model: Model, cache: Path) -> Path:
    """The folder for unfinished files of this model; only the holder of the model's lock may touch it."""
    return cache / "partial" / model.name


def has_file(model: Model, file: File, cache: Path) -> bool:
    """Whether the file is there with the right size; its hash was checked when it came."""
    try:
        return (model_folder(model, cache) / file.name).stat().st_size == file.size
    except OSError:
        return False


def is_present(model: Model, cache: Path) -> bool:
    """Whether every file of the model is in the cache (existence and size; ``verify`` reads the bytes)."""
    return all(has_file(model, file, cache) for file in model.files)


def hash_file(path: Path, on_bytes: Callable[[int], None] = lambda _: None) -> str:
    """The sha256 of a file; ``on_bytes`` hears the number of bytes read so far."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
            done += len(block)
            on_bytes(done)
    return digest.hexdigest()


def check_bytes(path: Path, file: File) -> None:
    """Compare a file with the hash in the registry.

    Raises:
        WrongBytesError: naming both hashes and both sizes.
    """
    found = hash_file(path)
    if found != file.sha256:
        raise WrongBytesError(
            f"{file.name} has sha256 {found} ({path.stat().st_size} bytes), "
            f"but the registry names {file.sha256} ({file.size} bytes)"
        )


def publish(path: Path, model: Model, file: File, cache: Path) -> None:
    """Check an unfinished file and give it its two names; afterwards ``path`` is gone.

    Raises:
        WrongBytesError: when the content is not the registry's; the file is removed.
    """
    try:
        check_bytes(path, file)
    except WrongBytesError:
        path.unlink()
        raise
    blob = blob_path(cache, file.sha256)
    blob.parent.mkdir(parents=True, exist_ok=True)
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
    path.chmod(0o444)
    path.replace(blob)
    _sync_folder(blob.parent)
    adopt(model, file, cache)


def adopt(model: Model, file: File, cache: Path) -> bool:
    """Show content that is already in the cache in the model's folder; whether there was any of the right size."""
    blob = blob_path(cache, file.sha256)
    if not blob.is_file() or blob.stat().st_size != file.size:
        return False
    shown = model_folder(model, cache) / file.name
    shown.parent.mkdir(parents=True, exist_ok=True)
    if shown.exists() and shown.samefile(blob):
        return True
    shown.unlink(missing_ok=True)
    try:
        shown.hardlink_to(blob)
    except OSError:  # a file system without hard links
        shown.symlink_to(os.path.relpath(blob, shown.parent))
    return True


def verify(
    model: Model, cache: Path, *, on_progress: Callable[[Progress], None] = lambda _: None
) -> tuple[CheckedFile, ...]:
    """Read every file of a model again and compare its hash; a damaged one is removed, so that a fetch brings it anew.

    Raises:
        FootnoteError: when a file can't be read or a damaged one can't be removed.
    """
    checked, before = [], 0
    for file in model.files:

        def report(done: int, before: int = before) -> None:
            on_progress(Progress(min(before + done, model.size), model.size, model.name, "bytes"))

        try:
            checked.append(_verify_file(model, file, cache, report))
        except OSError as error:
            raise cache_error(error, cache) from error
        before += file.size
    return tuple(checked)


def _verify_file(model: Model, file: File, cache: Path, report: Callable[[int], None]) -> CheckedFile:
    shown = model_folder(model, cache) / file.name
    if not shown.exists():
        return CheckedFile(
            file, "missing", f"{file.name} of {model.name} is not there: footnote models fetch {model.name}"
        )
    found = hash_file(shown, report)
    if found == file.sha256:
        return CheckedFile(file, "ok")
    # Both names of these bytes go; a blob that has been fetched anew for another model stays.
    blob = blob_path(cache, file.sha256)
    if blob.exists() and blob.samefile(shown):
        blob.unlink(missing_ok=True)
    shown.unlink(missing_ok=True)
    return CheckedFile(
        file,
        "damaged",
        f"{file.name} of {model.name} was damaged and has been removed: its sha256 was {found}, "
        f"it should be {file.sha256}. To get it again: footnote models fetch {model.name}",
    )


@contextmanager
def locked(model: Model, cache: Path, on_message: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of a model; when another process has it, say so and wait. A lock ends with its process."""
    path = cache / "locks" / f"{model.name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_message(f"Another process is fetching {model.name}: waiting for it.")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def cache_error(error: OSError, cache: Path) -> FootnoteError:
    """The sentence for a cache that can't be written or read."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FootnoteError(
            f"The disk is full: no room for weights in {cache}. Free some space or choose another folder with "
            f"FOOTNOTE_CACHE; what was fetched so far is kept."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        return FootnoteError(
            f"The folder of the weights {cache} can't be written ({error.strerror}: {error.filename}). Make it "
            f"writable or choose another folder with FOOTNOTE_CACHE."
        )
    reason = f" ({error.strerror})" if error.strerror else ""
    return FootnoteError(
        f"The folder of the weights {cache} can't be used{reason}. Check the disk that holds it, or choose another "
        f"folder with FOOTNOTE_CACHE."
    )


def _sync_folder(folder: Path) -> None:
    """Make a rename in this folder last through a power cut, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
