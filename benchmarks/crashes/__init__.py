"""Whether an index outlives what can happen to a process, a disk and a file: ``python -m benchmarks.crashes``."""

from pathlib import Path

MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None  # noqa: S108
"""A disk in memory is as good as any: a killed process leaves its writes with the kernel in either case."""
