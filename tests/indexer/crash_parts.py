"""Parts of the benchmark of crashes at a small size, in a process of their own: they fork, and this one is large."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed here")


def measured(part, limit, work):
    """The figures of one part; what it prints is seen with ``pytest -s``."""
    out = work / "figures.json"
    sizes = ["--limit", str(limit), "--processes", "2", "--out", str(out)]
    command = [sys.executable, "-m", "benchmarks.crashes", "--parts", part, *sizes]
    done = subprocess.run(command, cwd=ROOT, timeout=600, check=False)
    assert done.returncode == 0
    return json.loads(out.read_text("utf-8"))[part]
