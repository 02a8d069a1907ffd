"""Question sets in, a calibration out: asks, fits on one half of the questions and checks on the other.

What this module does not do: write files, or show anything (`eval.calibration.wording`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eval.calibration.asking import ask_examples
from eval.calibration.checking import Check, check_calibration
from eval.calibration.fitting import PENALTY, Example, fit_calibration, split_examples
from eval.files import write_whole
from eval.runs.asking import footnote_version
from eval.runs.experiments import asked_over, set_name
from generator.refusing.answerability import SIGNALS
from generator.refusing.calibration import Calibration, Operating, Promise, parse_promise
from generator.refusing.calibration_files import calibration_to_dict
from schema import Fingerprint, FootnoteError, Progress
from settings import Settings

PROMISES = tuple(
    parse_promise(f"{kind} at most {share}%")
    for kind, shares in {
        "false refusals": (5, 10, 20, 30),
        "false answers": (10, 20, 30),
        "wrong answers": (5, 10, 20),
    }.items()
    for share in shares
)
"""What a report shows the cost of."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A calibration, what the promise asked for means on the questions fitted, and a check for each set by name.

    ``fitted_on`` counts the questions of each set that it was fitted on; the checks are of the others.
    """

    calibration: Calibration
    promise: Promise
    at: Operating
    fitted_on: Mapping[str, int]
    checks: Mapping[str, Check]


def calibrate(
    sets: Sequence[Path],
    settings: Settings,
    promise: Promise,
    *,
    only_checked: Sequence[Path] = (),
    limit: int | None = None,
    seed: int | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_message: Callable[[str], None] = lambda _: None,
) -> Calibrated:
    """Ask the questions of sets for their evidence, fit a calibration on half of them, and check it on the rest.

    Args:
        sets: question sets, of which half is fitted on.
        settings: what to ask with; no language model is.
        promise: what the threshold in use is chosen by.
        only_checked: question sets that nothing is fitted on.
        limit: questions of each set; all by default.
        seed: draws them at random; by default, the first ones.
        on_progress: told the documents indexed, then the questions done, set by set.
        on_message: told in a sentence what a person should know.

    Raises:
        FootnoteError: for sets, an index or answers that can't be used, and a promise that no threshold keeps.
    """
    fitted: dict[str, list[Example]] = {}
    checked: dict[str, list[Example]] = {}
    prints: list[Fingerprint] = []
    for number, one in enumerate([*sets, *only_checked]):
        if set_name(one) in checked:
            raise FootnoteError(f"Two question sets are called {set_name(one)!r}; rename one, or give each once.")
        on_message(f"Asking {set_name(one)} for evidence")
        asked = asked_over(one, settings, limit, seed, on_progress=on_progress, on_message=on_message)
        with asked as (footnote, cases):
            prints.append(footnote.fingerprint(None))
            examples = ask_examples(footnote, cases, on_progress=on_progress)
        halves = split_examples(examples) if number < len(sets) else ([], examples)
        fitted[set_name(one)], checked[set_name(one)] = halves
    calibration = fit_calibration(
        [one for examples in fitted.values() for one in examples], SIGNALS, fitted_with=models_of(prints[0])
    )
    at = calibration.operating_point(promise)
    checks = {
        name: check_calibration(examples, calibration, [promise, *PROMISES])
        for name, examples in checked.items()
        if examples
    }
    counts = {name: len(examples) for name, examples in fitted.items()}
    made = Calibrated(calibration, promise, at, counts, checks)
    return replace(made, calibration=replace(calibration, about=_about(made, settings, limit, seed)))


def models_of(fingerprint: Fingerprint) -> dict[str, str]:
    """The models whose scores the signals are, by role, with their hashes."""
    return {role: getattr(fingerprint, role, "none") for role in ("embedder", "reranker", "reader")}


def _about(made: Calibrated, settings: Settings, limit: int | None, seed: int | None) -> dict[str, Any]:
    """What people want to know of how a calibration was made, and what it is worth."""
    return {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "footnote": footnote_version(),
        "limit": limit,
        "seed": seed,
        "penalty": PENALTY,
        "top_k": settings.top_k,
        "promise": str(made.promise),
        "fitted_on": dict(made.fitted_on),
        "checks": {name: check_to_dict(check) for name, check in made.checks.items()},
    }


def promise_of(**most: float | None) -> Promise:
    """The promise of the one share that is given, by its kind (``wrong_answers=0.05``); 20 % false refusals if none is.

    Raises:
        FootnoteError: when there is more than one.
    """
    given = {name: share for name, share in most.items() if share is not None} or {"false_refusals": 0.2}
    if len(given) > 1:
        raise FootnoteError("One promise sets the threshold: give one of --most-wrong, --most-false-answers and so on.")
    ((name, share),) = given.items()
    return parse_promise(f"{name.replace('_', ' ')} at most {100 * share:.6f}%")


def save_calibrated(made: Calibrated, path: Path) -> None:
    """Write the calibration where the setting ``calibration`` can name it; a crash leaves the file as it was or whole.

    Raises:
        FootnoteError: when it can't be written.
    """
    text = json.dumps(calibration_to_dict(made.calibration), ensure_ascii=False, indent=1, allow_nan=False)
    try:
        write_whole(path, [text.encode(), b"\n"])
    except OSError as error:
        raise FootnoteError(f"The calibration can't be written: {path}: {error.strerror}") from error


def calibrated_to_dict(made: Calibrated) -> dict[str, Any]:
    """The JSON form that the command prints."""
    return {
        "promise": str(made.promise),
        "at": asdict(made.at),
        "fitted_on": dict(made.fitted_on),
        "checks": {name: check_to_dict(check) | {"curve": check.curve} for name, check in made.checks.items()},
        "calibration": calibration_to_dict(made.calibration),
    }


def check_to_dict(check: Check) -> dict[str, Any]:
    """The JSON form of a check, without its curve."""
    record = asdict(check)
    del record["curve"]
    record["points"] = [{"promise": words} | asdict(point) for words, point in check.points]
    return record
