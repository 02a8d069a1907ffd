"""`footnote eval calibrate`: fits when to answer and when to refuse, on question sets with both kinds of questions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.common import Index, Json, current_settings, errors_explained, print_json

if TYPE_CHECKING:
    from eval.calibration.calibrating import Calibrated


def calibrate_command(  # noqa: PLR0913, PLR0917  (what a person may choose, each by its own flag)
    data: Annotated[
        list[Path], typer.Argument(metavar="DATA...", help="Question sets: half of each is fitted on, half checked on.")
    ],
    index: Index = None,
    check: Annotated[
        list[Path] | None, typer.Option("--check", help="A set that is only checked on; repeatable.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Ask this many questions of each set.")] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Draw them at random with this seed; without, the first ones.")
    ] = None,
    most_wrong: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Answers that may be wrong, as a share of all answers.")
    ] = None,
    most_false_answers: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Unanswerable questions that may be answered, as a share.")
    ] = None,
    most_false_refusals: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Answerable questions that may be refused, as a share.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Calibration file to write.")] = None,
    as_json: Json = False,
) -> None:
    """Fit how sure the evidence makes that documents answer. Says what a threshold costs; needs no language model."""
    import console  # noqa: PLC0415
    from eval.calibration.calibrating import calibrate, calibrated_to_dict, promise_of, save_calibrated  # noqa: PLC0415

    with errors_explained(), console.progress_bar("Asking") as on_progress:
        settings = current_settings(index=index)
        made = calibrate(
            data,
            settings,
            promise_of(wrong_answers=most_wrong, false_answers=most_false_answers, false_refusals=most_false_refusals),
            only_checked=check or [],
            limit=limit,
            seed=seed,
            on_progress=on_progress,
            on_message=console.note,
        )
        if out:
            save_calibrated(made, out)
    if as_json:
        print_json(calibrated_to_dict(made))
    else:
        _show(made, out)


def _show(made: Calibrated, out: Path | None) -> None:
    """The checks, what promises cost on them, the curve of each, and how to use the calibration."""
    import console  # noqa: PLC0415
    from eval.calibration.wording import check_sentences, draw_curve, promise_rows, rule_sentence  # noqa: PLC0415

    for name, check in made.checks.items():
        for line in check_sentences(name, check):
            console.say(line)
        console.show_table(promise_rows(check))
        for line in draw_curve(check.curve):
            console.say(line)
        console.say()
    console.say(rule_sentence(made))
    if out:
        console.say(f"Wrote {out}. To use it, set in footnote.toml:")
        console.say(f'    calibration = "{out}"\n    promise = "{made.promise}"')
    else:
        console.say("To use it, write it to a file with --out FILE.")
