"""Removes what parsers leave in a folder of temporary files, however deep they made it."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import count


def remove_folder(folder: str) -> None:
    """Remove a folder with all that is in it; what can't be removed stays."""
    empty_folder(folder)
    with suppress(OSError):
        os.rmdir(folder)  # noqa: PTH106  (pathlib is not worth its import here)


def empty_folder(folder: str) -> None:
    """Remove all that is in a folder, without recursion: what is deeper is moved up until there is nothing deeper.

    `shutil.rmtree` ends with a RecursionError at a thousand folders in each other.
    """
    names = count()
    with suppress(OSError):
        while entries := os.listdir(folder):  # noqa: PTH208
            for name in entries:
                _remove(folder, f"{folder}/{name}", names)


def _remove(folder: str, path: str, names: count[int]) -> None:
    """Remove a file, or a folder after its entries have come up into ``folder``."""
    if os.path.islink(path) or not os.path.isdir(path):  # noqa: PTH112, PTH114
        os.unlink(path)  # noqa: PTH108
        return
    os.chmod(path, 0o700)  # noqa: PTH101
    unused = f"{os.getpid()}-{os.urandom(8).hex()}"
    for name in os.listdir(path):  # noqa: PTH208
        os.rename(f"{path}/{name}", f"{folder}/{unused}-{next(names)}")  # noqa: PTH104
    os.rmdir(path)  # noqa: PTH106
