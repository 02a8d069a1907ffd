"""Write requirements.lock: every package of the present environment, pinned.

    python docs/lock.py

The local part of a version (torch 2.13.0+cpu) is left out, so that each machine's pip takes the build that it can have.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"
HEAD = """\
# Every package that `make run` and `make test` install, pinned. Made by `make lock`; docs/decisions/002 says why so.
# A GPU: install another build of torch afterwards (docs/machines.md).
"""


def main() -> None:
    """Freeze the environment that runs this."""
    command = [sys.executable, "-m", "pip", "freeze", "--exclude-editable"]
    frozen = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603  (our own pip)
    LOCK.write_text(HEAD + re.sub(r"^(\S+==[^+\s]+)\+\S+$", r"\1", frozen, flags=re.MULTILINE), "utf-8")
    print(f"wrote {LOCK}")


if __name__ == "__main__":
    main()
