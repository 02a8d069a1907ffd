"""Write the lock files: every package of the present environment, pinned, and those of the optional engines beside it.

    python docs/lock.py

The local part of a version (torch 2.13.0+cpu) is left out, so that each machine's pip takes the build that it can have.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEAD = """\
# Every package that `make run` and `make test` install, pinned. Made by `make lock`; docs/decisions/002 says why so.
# A GPU: install another build of torch afterwards (docs/machines.md).
"""
SCALE_HEAD = """\
# What the extras milvus, ray and shared bring beside requirements.lock, pinned: for tests/scale. Made by `make lock`.
"""


def main() -> None:
    """Freeze the environment that runs this, and the one beside it when it has been set up."""
    _write("requirements.lock", HEAD)
    for site in sorted((ROOT / ".venv-scale" / "lib").glob("python*/site-packages")):
        _write("requirements-scale.lock", SCALE_HEAD, "--path", str(site))


def _write(name: str, head: str, *options: str) -> None:
    command = [sys.executable, "-m", "pip", "freeze", "--exclude-editable", *options]
    frozen = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603  (our own pip)
    (ROOT / name).write_text(head + re.sub(r"^(\S+==[^+\s]+)\+\S+$", r"\1", frozen, flags=re.MULTILINE), "utf-8")
    print(f"wrote {ROOT / name}")


if __name__ == "__main__":
    main()
