"""`footnote eval`: question sets, runs, comparison, gate, report, and the runs of other systems."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.calibration import calibrate_command
from commands.checker import checker_command
from commands.common import Index, Json, current_settings, errors_explained, opened_footnote, print_json

eval_app = typer.Typer(help="Measure answers on a question set, compare runs, gate, report.", no_args_is_help=True)

eval_app.command("checker")(checker_command)

Data = Annotated[Path, typer.Argument(help="Question set: a YAML, CSV or JSONL file, or a folder in BEIR form.")]
RunFile = Annotated[Path, typer.Argument(metavar="FILE", help="Result file of a run.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Ask this many questions only.")]
Seed = Annotated[
    int | None, typer.Option("--seed", help="Draw them at random with this seed; without, the first ones.")
]
MinEffect = Annotated[
    float, typer.Option("--min-effect", min=0.0, max=1.0, help="Smallest difference that matters, as a share.")
]
Shared = Annotated[bool, typer.Option("--shared", help="Compare what both hold, though sets or documents differ.")]
Out = Annotated[Path | None, typer.Option("--out", help="Result file; by default one in the folder of runs.")]


@eval_app.command("run")
def run_command(  # noqa: PLR0913, PLR0917  (what a person may choose, each by its own flag)
    data: Data,
    index: Index = None,
    out: Out = None,
    limit: Limit = None,
    seed: Seed = None,
    parallel: Annotated[
        int | None, typer.Option(min=1, max=64, help="Questions at once; more than one helps with a model server only.")
    ] = None,
    quotes_only: Annotated[bool, typer.Option("--quotes-only", help="Evidence only, no language model.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask again what was asked before.")] = False,
    report: Annotated[Path | None, typer.Option("--report", help="Write a report too: .html, .md or .csv.")] = None,
    as_json: Json = False,
) -> None:
    """Ask every question of a set and measure the answers. An interrupted run goes on where it stopped."""
    import console  # noqa: PLC0415
    from commands.showing import show_run  # noqa: PLC0415
    from eval.report import write_report  # noqa: PLC0415
    from eval.runs.experiments import evaluate  # noqa: PLC0415
    from eval.runs.results import run_to_dict  # noqa: PLC0415

    with errors_explained(), _stoppable() as stop, console.progress_bar("Asking") as on_progress:
        run, path = evaluate(
            data,
            current_settings(index=index),
            out=out,
            limit=limit,
            seed=seed,
            parallel=parallel,
            quotes_only=quotes_only,
            fresh=fresh,
            on_progress=on_progress,
            on_message=console.note,
            stop=stop,
        )
        if report:
            write_report([run], report)
    if as_json:
        print_json(run_to_dict(run))
    else:
        show_run(run, path, report)


@eval_app.command("retrieval")
def retrieval_command(
    data: Data, index: Index = None, limit: Limit = None, seed: Seed = None, as_json: Json = False
) -> None:
    """Measure each stage of retrieval on a set. Its relevant documents have to be known; stages are compared."""
    from functools import partial  # noqa: PLC0415

    import console  # noqa: PLC0415
    from eval.retrieval import (  # noqa: PLC0415
        depth_for,
        evaluate_retrieval,
        format_table,
        format_tests,
        result_to_dict,
    )
    from eval.runs.asking import fingerprint_of  # noqa: PLC0415
    from eval.runs.experiments import asked_over  # noqa: PLC0415

    with errors_explained(), console.progress_bar("Searching") as on_progress:
        settings = current_settings(index=index)
        asked = asked_over(data, settings, limit, seed, on_progress=on_progress, on_message=console.note)
        with asked as (footnote, cases):
            fingerprint = fingerprint_of(footnote, cases)
            stages = partial(footnote.stages, depth=depth_for(info.chunks for info in footnote.sources()))
            result = evaluate_retrieval(cases, stages, fingerprint=fingerprint, on_progress=on_progress)
    if as_json:
        print_json(result_to_dict(result))
        return
    console.show_table(format_table(result))
    for sentence in format_tests(result):
        console.say(sentence)


@eval_app.command("compare")
def compare_command(
    a: Annotated[Path, typer.Argument(help="Result file of the first run.")],
    b: Annotated[Path, typer.Argument(help="Result file of the second run, which is judged against the first.")],
    min_effect: MinEffect = 0.02,
    shared: Shared = False,
    as_json: Json = False,
) -> None:
    """Say for each measure which of two runs is better. It may be neither, or nobody can tell."""
    from dataclasses import asdict  # noqa: PLC0415

    from commands.showing import show_comparison  # noqa: PLC0415
    from eval.comparison.comparing import compare_runs  # noqa: PLC0415
    from eval.runs.results import load_run  # noqa: PLC0415

    with errors_explained():
        comparison = compare_runs(load_run(a), load_run(b), min_effect=min_effect, shared=shared)
    if as_json:
        print_json(asdict(comparison))
    else:
        show_comparison(comparison)


@eval_app.command("gate")
def gate_command(
    file: RunFile,
    baseline: Annotated[Path, typer.Option("--baseline", help="Result file of the run that it must not fall behind.")],
    min_effect: MinEffect = 0.02,
    include_time: Annotated[bool, typer.Option("--include-time", help="Let slower and dearer count as worse.")] = False,
    measures: Annotated[
        list[str] | None, typer.Option("--measure", help="Judge this measure only; repeatable.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Exit 1 when the run got worse beyond doubt, 0 when it did not. Exit 2 when the two can't be compared."""
    from dataclasses import asdict  # noqa: PLC0415

    from commands.showing import show_gate  # noqa: PLC0415
    from eval.comparison.gating import judge_gate  # noqa: PLC0415
    from eval.runs.results import load_run  # noqa: PLC0415

    with errors_explained(code=2):
        run, before = load_run(file), load_run(baseline)
        gate = judge_gate(run, before, min_effect=min_effect, include_time=include_time, measures=measures)
    if as_json:
        print_json(asdict(gate))
    else:
        show_gate(gate)
    raise typer.Exit(0 if gate.passed else 1)


@eval_app.command("report")
def report_command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Result files: one run, or two to compare.")],
    out: Annotated[Path, typer.Option("--out", help="File to write: .html, .md or .csv.")],
    min_effect: MinEffect = 0.02,
    shared: Shared = False,
) -> None:
    """Write a report to hand on: HTML, Markdown or a table. The HTML is one file that needs no network."""
    import console  # noqa: PLC0415
    from eval.comparison.comparing import compare_runs  # noqa: PLC0415
    from eval.report import write_report  # noqa: PLC0415
    from eval.runs.results import load_run  # noqa: PLC0415

    with errors_explained():
        runs = [load_run(file) for file in files]
        both = len(runs) == 2
        comparison = compare_runs(runs[0], runs[1], min_effect=min_effect, shared=shared) if both else None
        write_report(runs, out, comparison)
    console.say(f"Wrote {out}")


@eval_app.command("new")
def new_command(
    out: Annotated[Path, typer.Option("--out", help="File to write: .yaml, .csv or .jsonl.")],
    index: Index = None,
    per_source: Annotated[int, typer.Option("--per-source", min=1, max=50, help="Rows for each document.")] = 2,
    from_feedback: Annotated[
        bool, typer.Option("--from-feedback", help="A row for every answer that a reader turned down, instead.")
    ] = False,
) -> None:
    """Begin a question set from an index. Documents and pages are filled in, and you write questions and answers."""
    import console  # noqa: PLC0415
    from eval.sets.drafting import draft_from_feedback, draft_from_sources, write_draft  # noqa: PLC0415
    from schema import FootnoteError  # noqa: PLC0415

    with opened_footnote(index=index) as footnote:
        if out.exists():
            raise FootnoteError(
                f"{out} is there already; name another file, since somebody may have worked on this one."
            )
        if from_feedback:
            rows = draft_from_feedback(footnote.feedback())
        else:
            infos = footnote.sources()
            rows = draft_from_sources(infos, {info.source.source_id: info.pages for info in infos}, per_source)
        if not rows:
            raise FootnoteError(
                "There is nothing to draw questions from: "
                + ("no answer was turned down yet." if from_feedback else "the index is empty.")
            )
        out.write_text(write_draft(rows, out.suffix.lower()), "utf-8", newline="")
    console.say(f"Wrote {out}: {len(rows)} rows to fill in. Then: footnote eval check {out}")


@eval_app.command("check")
def check_command(data: Data, index: Index = None) -> None:
    """Check the form of a question set, and its evidence. Its documents, pages and quotes have to be in the index."""
    import console  # noqa: PLC0415
    from eval.sets.beir import is_beir  # noqa: PLC0415
    from eval.sets.grounding import ground  # noqa: PLC0415
    from eval.sets.questions import load_questions  # noqa: PLC0415

    with errors_explained():
        cases = load_questions(data)
    faults: tuple[str, ...] = ()
    if not is_beir(data):
        with opened_footnote(index=index) as footnote:
            faults = ground(cases, footnote).faults
    for fault in faults:
        console.say(f"! {fault}")
    unanswerable = sum(case.unanswerable for case in cases)
    console.say(f"{len(cases)} questions, of which {unanswerable} unanswerable; {len(faults)} fault(s).")
    raise typer.Exit(1 if faults else 0)


@eval_app.command("score")
def score_command(
    data: Data,
    answers: Annotated[Path, typer.Argument(help="Answers of another system, as JSONL, or a TREC run.")],
    out: Annotated[Path, typer.Option("--out", help="Result file to write.")],
    name: Annotated[str | None, typer.Option(help="Name of the system; by default the file's.")] = None,
    as_json: Json = False,
) -> None:
    """Measure the answers of another system. The code is the same (docs/other-systems.md)."""
    from commands.showing import show_run  # noqa: PLC0415
    from eval.exchange.foreign import score_foreign  # noqa: PLC0415
    from eval.runs.results import run_to_dict, save_run  # noqa: PLC0415
    from eval.sets.questions import load_questions  # noqa: PLC0415
    from pipeline import check_statement  # noqa: PLC0415

    with errors_explained():
        run = score_foreign(load_questions(data), answers, check=check_statement, name=name)
        save_run(run, out)
    if as_json:
        print_json(run_to_dict(run))
    else:
        show_run(run, out)


@eval_app.command("export")
def export_command(
    file: RunFile,
    form: Annotated[str, typer.Option("--to", help="jsonl, trec, qrels, ragas or deepeval.")],
    out: Annotated[Path, typer.Option("--out", help="File to write.")],
) -> None:
    """Write a run in the form of another tool."""
    import console  # noqa: PLC0415
    from eval.exchange.exporting import export_run  # noqa: PLC0415
    from eval.runs.results import load_run  # noqa: PLC0415

    with errors_explained():
        export_run(load_run(file), out, form)
    console.say(f"Wrote {out}")


@eval_app.command("list")
def list_command(as_json: Json = False) -> None:
    """List the runs in the folder of runs, unfinished ones included."""
    from dataclasses import asdict  # noqa: PLC0415

    from commands.showing import show_runs  # noqa: PLC0415
    from eval.runs.listing import RunFolder  # noqa: PLC0415

    with errors_explained():
        folder = RunFolder(current_settings().runs)
        rows = folder.rows()
    if as_json:
        print_json({"folder": str(folder.folder), "runs": [asdict(row) for row in rows]})
    else:
        show_runs(rows, folder.folder)


@eval_app.command("measures")
def measures_command(as_json: Json = False) -> None:
    """Say what each measure means, and where its definition comes from."""
    from commands.showing import everything, show_measures  # noqa: PLC0415

    if not as_json:
        show_measures()
        return
    names = ("name", "group", "definition", "reference", "unit", "better")
    print_json({"measures": [{name: getattr(one, name) for name in names} for one in everything()]})


eval_app.command("calibrate")(calibrate_command)


@contextmanager
def _stoppable() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C or SIGTERM sets, so that a run ends in order; a second one ends it at once."""
    stop = threading.Event()

    def handle(number: int, frame: Any) -> None:
        stop.set()
        signal.signal(number, previous[number])

    previous: dict[int, Any] = {one: signal.signal(one, handle) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
