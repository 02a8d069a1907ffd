"""Decides whether a run may pass: it fails only where a measure got worse beyond doubt and by more than a little."""

from __future__ import annotations

from dataclasses import dataclass

from eval.comparing import Comparison


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a run passed against its baseline, the reasons as sentences, and the comparison they come from."""

    passed: bool
    reasons: tuple[str, ...]
    comparison: Comparison
