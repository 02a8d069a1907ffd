"""`footnote eval checker`: how well the support check tells true sentences from changed ones."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from commands.common import Json, current_settings, errors_explained, print_json

if TYPE_CHECKING:
    import numpy as np

    from eval.checker.cases import SupportCase
    from eval.checker.measuring import ScoreCases, SetResult
    from eval.checker.scoring import Check
    from generator.reading import Entail
    from parts import Parts


BATCH = 64
"""Pairs that the reading model reads at once."""


def checker_command(
    data: Annotated[list[Path], typer.Argument(metavar="DATA...", help="Folders in BEIR form to report on.")],
    fit: Annotated[
        list[Path] | None, typer.Option("--fit", help="Folder to fit the blends on, never one of DATA; repeatable.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=2, help="The most cases of a kind.")] = 200,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Draws sentences and changes.")] = 1,
    models: Annotated[
        Literal["none", "reader", "all"],
        typer.Option(
            "--models", help="Which models score beside the rules: all is slow, with embedder and cross-encoder."
        ),
    ] = "reader",
    show_errors: Annotated[int, typer.Option("--show-errors", min=0, help="Show so many of the worst misses.")] = 0,
    as_json: Json = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write the figures to this JSON file.")] = None,
) -> None:
    """Measure the support check on sentences of a corpus. They are true ones, and the same with one thing changed."""
    import console  # noqa: PLC0415
    from eval.checker.measuring import fit_blends, measure_set, result_to_dict, score_set  # noqa: PLC0415
    from eval.checker.thresholds import blend_thresholds, threshold_table  # noqa: PLC0415
    from schema import FootnoteError  # noqa: PLC0415

    with errors_explained():
        if shared := {folder.resolve() for folder in data} & {folder.resolve() for folder in fit or []}:
            raise FootnoteError(
                f"{next(iter(shared))} is both to fit on and to report; that would flatter the figures."
            )
        machine = _machine()  # at the start: a checkout may move on while this runs
        scorers, entail = _models(models)
        check, scored = _check(entail), {}
        for folder in (*data, *(fit or ())):
            console.note(f"{folder.name}: building and scoring cases")
            scored[folder] = score_set(folder, check, scorers, limit=limit, seed=seed)
        blends = fit_blends([scored[folder] for folder in fit]) if fit else {}
        results = [measure_set(scored[folder], blends, seed=seed) for folder in data]
        bounds = blend_thresholds([scored[folder] for folder in data], blends)
        record = {"machine": machine, "made": _made(limit, seed, data, fit or ())} | result_to_dict(results, blends)
        record["thresholds"] = {name: [asdict(row) for row in rows] for name, rows in bounds.items()}
        if out:
            out.write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", "utf-8")
    if as_json:
        print_json(record)
        return
    for result in results:
        _show(result, show_errors)
    for name, weights in blends.items():
        console.say(f"\nFitted, {name}: {' '.join(f'{weight:.2f}' for weight in weights)}")
        console.show_table(threshold_table(bounds[name]))


def _show(result: SetResult, misses: int) -> None:
    import console  # noqa: PLC0415
    from eval.checker.measuring import area_table, verdict_table  # noqa: PLC0415
    from eval.checker.scoring import worst_misses  # noqa: PLC0415

    console.say(f"\n{result.name}: area under the ROC curve, true sentences (rephrased, answers) against changed ones")
    console.show_table(area_table(result))
    console.say(f"\n{result.name}: verdicts")
    console.show_table(verdict_table(result))
    for case, checked in worst_misses(result.cases, result.checked, misses) if misses else ():
        console.say(f"\n{case.kind}: {checked.support}, {checked.score:.2f}  {' '.join(checked.problems)}")
        console.say(f"  says: {case.claim}")
        for text in case.evidence:
            console.say(f"  text: {text}")


def _made(limit: int, seed: int, data: Sequence[Path], fit: Sequence[Path]) -> dict[str, Any]:
    """What the figures come from."""
    return {
        "limit": limit,
        "seed": seed,
        "reported": [folder.name for folder in data],
        "fitted_on": [folder.name for folder in fit],
    }


def _machine() -> dict[str, Any]:
    """Where and with which code it was measured; no commit outside a checkout."""
    root = Path(__file__).resolve().parent.parent
    command = ["git", "rev-parse", "--short", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)  # noqa: S603  (fixed words)
        commit = done.stdout.strip()
    except OSError:
        commit = ""
    return {
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "commit": commit,
        "date": datetime.now(UTC).date().isoformat(),
    }


def _check(entail: Entail | None) -> Check:
    """The shipped check with the signs behind its score."""
    from eval.checker.scoring import Checked  # noqa: PLC0415
    from generator.support.checking import check_support, find_faults  # noqa: PLC0415

    def check(case: SupportCase) -> Checked:
        found = find_faults(case.claim, case.evidence, case.question)
        verdict = check_support(case.claim, case.evidence, case.question, entail=entail)
        signs = (found.coverage, float(bool(found.hard)), float(bool(found.soft)))
        return Checked(verdict.support, verdict.score, verdict.problems, signs, found.verbatim)

    return check


def _models(wanted: str) -> tuple[Mapping[str, ScoreCases], Entail | None]:
    """The reading model's scores where its weights are there, and others to compare it with."""
    if wanted == "none":
        return {}, None
    from parts import Parts  # noqa: PLC0415

    parts = Parts(current_settings())
    scores: dict[str, ScoreCases] = {}
    if wanted == "all":
        scores |= {"cosine": _cosines(parts), "cross-encoder": _relevance(parts)}
    if parts.entail is None:
        return scores, None
    entail = _remembered(parts.entail)
    return scores | {"reading model": _entailment(entail)}, entail


def _remembered(entail: Entail) -> Entail:
    """The same logits, each pair read once: the check asks again for what was read in batches."""
    known: dict[tuple[str, str], float] = {}

    def of(pairs: Sequence[tuple[str, str]]) -> list[float]:
        new = [pair for pair in dict.fromkeys(pairs) if pair not in known]
        for first in range(0, len(new), BATCH):
            batch = new[first : first + BATCH]
            known.update(zip(batch, entail(batch), strict=True))
        return [known[pair] for pair in pairs]

    return of


def _cosines(parts: Parts) -> ScoreCases:
    def score(cases: Sequence[SupportCase]) -> np.ndarray:
        import numpy as np  # noqa: PLC0415

        claims = np.array(parts.embeddings.embed_documents([case.claim for case in cases]))
        held = np.array(parts.embeddings.embed_documents([" ".join(case.evidence) for case in cases]))
        lengths = np.linalg.norm(claims, axis=1) * np.linalg.norm(held, axis=1)
        cosines: np.ndarray = (claims * held).sum(axis=1) / lengths
        return cosines

    return score


def _relevance(parts: Parts) -> ScoreCases:
    def score(cases: Sequence[SupportCase]) -> np.ndarray:
        import numpy as np  # noqa: PLC0415

        return np.array([parts.score(case.claim, [" ".join(case.evidence)])[0] for case in cases])

    return score


def _entailment(entail: Entail) -> ScoreCases:
    def score(cases: Sequence[SupportCase]) -> np.ndarray:
        import numpy as np  # noqa: PLC0415

        return np.array(entail([(case.claim, " ".join(case.evidence)) for case in cases]))

    return score
