"""Two folders that change names at one moment, so that there is always one of them under each.

The kernel does it (renameat2 with RENAME_EXCHANGE, rename(2): Linux 3.15, on most of its file systems). What this
module does not do: help where the kernel can't.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_WORKING_FOLDER = -100
_EXCHANGE = 2


def exchange(one: Path, other: Path) -> bool:
    """Exchange the names of two files or folders on one disk; ``False``, and nothing is changed, if that can't be."""
    try:
        rename = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError):
        return False
    names = (ctypes.c_char_p(os.fsencode(path)) for path in (one, other))
    return bool(rename(_WORKING_FOLDER, next(names), _WORKING_FOLDER, next(names), ctypes.c_uint(_EXCHANGE)) == 0)
