"""The `footnote` command: reads arguments, calls the pipeline, shows the result. Heavy parts load when used."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

import typer

from commands.common import Index, Json, errors_explained, opened_footnote, print_json
from commands.embeds import embed_app
from commands.evaluation import eval_app
from commands.indexing import Collection, index_command
from commands.keeping import backup, restore
from commands.migrate import migrate
from commands.narrowing import OnlySources, Since, Until, Where, filter_of
from commands.records import audit_app, forget
from commands.weights import models_app

app = typer.Typer(
    name="footnote",
    help="Answers questions from your own documents, on your own machine, with a footnote under every sentence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("index")(index_command)
app.add_typer(models_app, name="models")
app.add_typer(eval_app, name="eval")
app.add_typer(embed_app, name="embed")
app.add_typer(audit_app, name="audit")
app.command()(forget)

EXAMPLES = (
    "When was the strategy published?",
    "Which three things did the ABPI welcome?",
    "Which two things are still to come on data?",
    "What is the budget of the Genomics Strategy?",
)
"""Questions that the page offers to begin with; the samples answer all but the last."""

TopK = Annotated[int | None, typer.Option("--top-k", min=1, help="Passages to retrieve.")]


@app.command()
def sources(index: Index = None, collection: Collection = None, as_json: Json = False) -> None:
    """List the documents in the index."""
    import console  # noqa: PLC0415
    from schema import source_info_to_dict  # noqa: PLC0415

    with opened_footnote(index=index) as footnote:
        infos, vectors = footnote.sources(collection), footnote.store.describe()
    if as_json:
        print_json({"sources": [source_info_to_dict(info) for info in infos]})
    else:
        console.show_sources(infos)
        if infos:
            console.say(f"The index holds {vectors.chunks:,} chunks, {vectors.sentence}.")


@app.command()
def text(source: Annotated[str, typer.Argument(help="Document, as sources lists it.")], index: Index = None) -> None:
    """Print the extracted text of a document, exactly. Offsets of quotes point into it."""
    with opened_footnote(index=index) as footnote:
        sys.stdout.write(footnote.text(source))


@app.command()
def remove(
    names: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Documents, as sources lists them.")],
    index: Index = None,
    as_json: Json = False,
) -> None:
    """Remove documents and everything that was derived from them."""
    with opened_footnote(index=index) as footnote:
        removed = footnote.remove(names)
    if as_json:
        print_json({"removed": removed})
    else:
        _say_lines(f"removed {name}" for name in removed)


app.command()(backup)
app.command()(restore)
app.command()(migrate)


@app.command()
def ask(  # noqa: PLR0913, PLR0917  (what a person may choose, each by its own flag)
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    index: Index = None,
    collection: Collection = None,
    top_k: TopK = None,
    quotes_only: Annotated[bool, typer.Option("--quotes-only", help="Evidence only, no language model.")] = False,
    source: OnlySources = None,
    since: Since = None,
    until: Until = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Answer a question with footnotes."""
    import console  # noqa: PLC0415
    from schema import answer_to_dict  # noqa: PLC0415

    within = filter_of(source, since, until, where)
    with opened_footnote(index=index) as footnote:
        options: dict[str, Any] = {
            "collection": collection, "within": within, "top_k": top_k, "quotes_only": quotes_only
        }  # fmt: skip
        if as_json:
            print_json(answer_to_dict(footnote.answer(question, **options)))
        elif quotes_only:
            console.show_quotes(footnote.answer(question, **options))
        else:
            console.stream_answer(footnote.ask(question, **options))


@app.command()
def search(  # noqa: PLR0913, PLR0917
    question: Annotated[str, typer.Argument(help="What to look for.")],
    index: Index = None,
    collection: Collection = None,
    top_k: TopK = None,
    source: OnlySources = None,
    since: Since = None,
    until: Until = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """List the passages for a question, best first."""
    import console  # noqa: PLC0415
    from schema import passage_to_dict  # noqa: PLC0415

    within = filter_of(source, since, until, where)
    with opened_footnote(index=index) as footnote:
        passages = footnote.search(question, collection=collection, within=within, top_k=top_k)
    if as_json:
        print_json({"question": question, "passages": [passage_to_dict(passage) for passage in passages]})
    else:
        console.show_passages(passages)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0: any free one.")] = None,
    index: Index = None,
) -> None:
    """Serve the chat page and the REST interface."""
    import console  # noqa: PLC0415

    with opened_footnote(create=True, index=index, host=host, port=port) as footnote:
        from eval.runs.evaluations import Evaluations  # noqa: PLC0415
        from eval.runs.experiments import evaluate  # noqa: PLC0415
        from web.entrance import open_entrance  # noqa: PLC0415
        from web.opening import running  # noqa: PLC0415
        from web.server import serve as serve_web  # noqa: PLC0415

        settings = footnote.settings
        entrance = open_entrance(settings)  # before the models, so that who may not be served is said at once
        console.note(footnote.status())
        console.note("Loading the models ...")
        evaluations = Evaluations(settings.runs, partial(evaluate, settings=settings, lender=footnote))
        parts: dict[str, Any] = {
            "evaluations": evaluations,
            "entrance": entrance,
            "running": running(footnote, entrance),
        }
        serve_web(footnote, settings.host, settings.port, examples=EXAMPLES, announce=_announce, **parts)


@app.command()
def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Prove that indexing and asking need no network.")] = False,
    index: Index = None,
    as_json: Json = False,
) -> None:
    """Say what works, how to mend what doesn't, and every setting. Each setting says where it came from."""
    from doctor import examine, show  # noqa: PLC0415

    with errors_explained():
        findings = examine({"index": index}, offline=offline)
    if as_json:
        print_json(findings.to_dict())
    else:
        show(findings)
    raise typer.Exit(0 if findings.healthy else 1)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; the console script's entry point."""
    try:
        app(args=arguments)
    except KeyboardInterrupt:
        sys.exit(130)


def _announce(address: str) -> None:
    typer.echo(f"Footnote is ready: {address}  (Ctrl-C ends it)")


def _say_lines(lines: Iterator[str]) -> None:
    for line in lines:
        typer.echo(line)


if __name__ == "__main__":
    main()
