"""The tables of docs/calibration.md, from the calibrations that ship with the generator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

START, END = "<!-- calibration -->\n", "<!-- /calibration -->"
FILES = {
    "calibration.json": "Without the reading model",
    "calibration-reader.json": "With the reading model",
}


def filled(page: str, folder: Path) -> str:
    """The page with the figures of each calibration in the folder between its marks."""
    before, _, rest = page.partition(START)
    parts = [
        f"### {title}\n\n{figures(json.loads((folder / name).read_text('utf-8')))}"
        for name, title in FILES.items()
        if (folder / name).exists()
    ]
    return before + START + "\n".join(parts) + END + rest.partition(END)[2]


def figures(record: dict[str, Any]) -> str:
    """One calibration: what it was fitted on, what each signal weighs, and each set's check."""
    about = record["about"]
    fitted = ", ".join(f"{count} of {name}" for name, count in about["fitted_on"].items())
    models = ", ".join(f"{role} {name}" for role, name in record["fitted_with"].items())
    weights = ", ".join(f"`{one['name']}` {one['weight']:+.2f}" for one in record["features"])
    head = f"Fitted on {fitted} questions ({about['made'][:10]}; {models}).\n\nWeights of the signals: {weights}.\n"
    return head + "".join(_check(name, check) for name, check in about["checks"].items())


def _check(name: str, check: dict[str, Any]) -> str:
    """One set's figures and what each promise came to on it."""
    low, high = check["interval"] or (None, None)
    told = f"AUROC {_figure(check['auroc'])} (95 % interval {_figure(low)} to {_figure(high)}; "
    told += f"best sentence alone {_figure(check['alone'])}), "
    told += f"Brier score {check['brier']:.3f}, expected calibration error {check['calibration_error']:.3f}."
    rows = [
        f"| {point['promise']} | {_share(point['answered'])} | {_share(point['wrong'])} | "
        f"{_share(point['false_answers'])} | {_share(point['false_refusals'])} |\n"
        for point in check["points"]
    ]
    head = (
        "| promise | answered | of these wrong | unanswerable answered | answerable refused |\n|---|---|---|---|---|\n"
    )
    about = f"{check['questions']} questions not fitted on, {check['answerable']} answerable"
    return f"\n**{name}**: {about}. {told}\n\n{head}{''.join(rows)}"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
