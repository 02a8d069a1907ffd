"""Read one file with one reader, in a process of its own, and write what it saw.

    python -m benchmarks.parsing.worker READER FILE RESULT.json

Runs in the readers' environment or in Footnote's, with nothing of Footnote but Footnote's own reader. The result holds
``seen`` (what `read` of the reader's module returned: ``markdown``, or ``text`` and perhaps ``rows``, or ``pieces``) or
``problem``, and seconds and MiB. Judges nothing.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.parsing.readers import READERS, Reader

LARGEST_RESULT = 200 * 2**20


def main() -> None:
    """Read, and write the result."""
    name, path, result = sys.argv[1:]
    reader = READERS[name]
    resource.setrlimit(resource.RLIMIT_AS, (reader.memory_mb * 2**20,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_RESULT,) * 2)
    Path(result).write_text(json.dumps(measured(reader, Path(path))), "utf-8", "replace")


def measured(reader: Reader, path: Path) -> dict[str, Any]:
    """What the reader saw and what it took; ``import_s`` is until its code is there, ``read_s`` the reading alone."""
    started = time.perf_counter()
    module = importlib.import_module(reader.module)
    imported = time.perf_counter()
    before = memory_mb("VmRSS")
    record: dict[str, Any] = {}
    try:
        record["seen"] = module.read(path)
    except Exception as error:  # whatever a reader raises is its answer to this file
        record["problem"] = f"{type(error).__name__}: {error}".strip()[:1000]
    return record | {
        "read_s": time.perf_counter() - imported,
        "import_s": imported - started,
        "imported_mb": before,
        "peak_mb": memory_mb("VmHWM"),
        "versions": {one: metadata.version(one) for one in reader.packages},
    }


def memory_mb(field: str) -> int:
    """VmRSS (resident now) or VmHWM (its peak) of this process, in MiB.

    Not getrusage: its peak begins with that of the process that started this one.
    """
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    main()
