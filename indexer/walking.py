"""Finds the files to index below a path, in an order that never changes, and says of each whether it may be opened.

Nothing here opens a file. What must not be opened (a pipe, a device, a link that leaves the folder) becomes a row with
its reason instead of being passed over silently.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from indexer.loading.characters import printable
from indexer.loading.members import is_junk_name
from schema import FootnoteError

__all__ = ["LEADS_OUT", "Found", "find_files", "printable"]

LEADS_OUT = "It is a link that leads out of the folder: index its target by its own path."


@dataclass(frozen=True, slots=True)
class Found:
    """One row of a walk.

    ``path`` is absolute, ``relative`` is the same below the root with forward slashes; bytes that are not UTF-8 are
    kept in both as lone surrogates (`os.fsdecode`), so a name is never lost. ``problem`` is empty for a file to load,
    and else the sentence that says why it is not opened.
    """

    path: Path
    relative: str
    problem: str = ""

    @property
    def display(self) -> str:
        """The relative path for people: one line, printable anywhere, different for different paths."""
        return printable(self.relative)


def find_files(
    path: Path, skip: Collection[Path] = (), on_folder: Callable[[Path], None] = lambda _: None
) -> Iterator[Found]:
    """Every file below ``path``, sorted by name within each folder; or ``path`` itself when it is a file.

    Hidden files and folders (leading dot), lock files of Office (``~$``) and what systems leave behind (``Thumbs.db``)
    are left out. Links to folders are not followed; links to files are, as long as they stay below ``path``.

    Args:
        path: a folder or a file, relative or absolute.
        skip: folders to leave out, such as the index itself.
        on_folder: called with each folder that is looked into, the first included.

    Raises:
        FootnoteError: when there is nothing at ``path``.
    """
    root = Path(os.path.abspath(path))  # not resolved: the names stay those that the user sees  # noqa: PTH100
    try:
        mode = root.stat().st_mode
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise FootnoteError(f"There is nothing to index at {printable(str(path))}: {reason}.") from error
    if not stat.S_ISDIR(mode):
        yield Found(root, root.name, "" if stat.S_ISREG(mode) else _special(mode))
        return
    real_root = root.resolve()
    yield from _walk(root, real_root, {Path(folder).resolve() for folder in skip}, on_folder)


def _walk(root: Path, real_root: Path, skip: set[Path], on_folder: Callable[[Path], None]) -> Iterator[Found]:
    """Depth first, without recursion; a folder's entries are sorted by the bytes of their names."""
    stack = [(root, "")]
    while stack:
        path, relative = stack.pop()
        if relative:
            problem = _problem(path, real_root)
            if problem is not None:
                yield Found(path, relative, problem)
                continue
        if skip and path.resolve() in skip:
            continue
        try:
            names = sorted((child.name for child in path.iterdir()), key=os.fsencode, reverse=True)
        except OSError as error:
            yield Found(path, relative or ".", f"The folder can't be read: {error.strerror}.")
            continue
        on_folder(path)
        kept = [name for name in names if not is_junk_name(name)]
        stack.extend((path / name, f"{relative}/{name}" if relative else name) for name in kept)


def _problem(path: Path, real_root: Path) -> str | None:
    """Why a path is not opened; empty for a regular file, ``None`` for a folder to walk."""
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            return _link_problem(path, real_root)
    except OSError as error:
        return f"It can't be reached: {error.strerror}."
    if stat.S_ISDIR(status.st_mode):
        return None
    return "" if stat.S_ISREG(status.st_mode) else _special(status.st_mode)


def _link_problem(path: Path, real_root: Path) -> str:
    """Links are judged by where they end, before anything at their end is opened."""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return "It is a link that leads nowhere."
    if not target.is_relative_to(real_root):
        return LEADS_OUT
    mode = target.stat().st_mode
    if stat.S_ISDIR(mode):
        return "It is a link to a folder: the folder is indexed under its own name."
    return "" if stat.S_ISREG(mode) else _special(mode)


def _special(mode: int) -> str:
    """The sentence for what is neither file nor folder; opening it could block for ever."""
    kinds = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    return f"It is {kinds.get(stat.S_IFMT(mode), 'no regular file')}, not a file."
