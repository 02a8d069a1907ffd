"""The `footnote` command: reads arguments, calls the pipeline, shows the result. Heavy parts load when used."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipeline import Footnote

app = typer.Typer(
    name="footnote",
    help="Answers questions from your own documents, on your own machine, with a footnote under every sentence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
models_app = typer.Typer(help="The weights: what there is, fetch them, check them, carry them.", no_args_is_help=True)
app.add_typer(models_app, name="models")

EXAMPLES = (
    "When was the strategy published?",
    "Which three things did the ABPI welcome?",
    "Which two things are still to come on data?",
    "What is the budget of the Genomics Strategy?",
)
"""Questions that the page offers to begin with; the samples answer all but the last."""

Index = Annotated[Path | None, typer.Option("--index", help="Folder of the index.")]
Collection = Annotated[str | None, typer.Option("--collection", help="Collection of documents.")]
TopK = Annotated[int | None, typer.Option("--top-k", min=1, help="Passages to retrieve.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Names = Annotated[list[str] | None, typer.Argument(help="Models by name; by default those that answering needs.")]


@app.command("index")
def index_command(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.")],
    index: Index = None,
    collection: Collection = None,
    as_json: Json = False,
) -> None:
    """Add or update files and folders; one row per file says what happened to it."""
    import console  # noqa: PLC0415

    with _footnote(create=True, index=index, collection=collection) as footnote:
        with console.progress_bar("Indexing") as on_progress:
            report = footnote.index(paths, on_file=console.report_file, on_progress=on_progress)
        if as_json:
            _print_json(report.to_dict())
        else:
            console.report_summary(report)
    searchable = report.count("indexed") + report.count("unchanged") + report.count("partial")
    raise typer.Exit(0 if searchable else 3)


@app.command()
def sources(index: Index = None, collection: Collection = None, as_json: Json = False) -> None:
    """List the documents in the index."""
    import console  # noqa: PLC0415
    from schema import source_info_to_dict  # noqa: PLC0415

    with _footnote(index=index) as footnote:
        infos = footnote.sources(collection)
    if as_json:
        _print_json({"sources": [source_info_to_dict(info) for info in infos]})
    else:
        console.show_sources(infos)


@app.command()
def text(source: Annotated[str, typer.Argument(help="Document, as sources lists it.")], index: Index = None) -> None:
    """Print the extracted text of a document, exactly; offsets of quotes point into it."""
    with _footnote(index=index) as footnote:
        sys.stdout.write(footnote.text(source))


@app.command()
def remove(
    names: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Documents, as sources lists them.")],
    index: Index = None,
    as_json: Json = False,
) -> None:
    """Remove documents and everything that was derived from them."""
    with _footnote(index=index) as footnote:
        removed = footnote.remove(names)
    if as_json:
        _print_json({"removed": removed})
    else:
        _say_lines(f"removed {name}" for name in removed)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    index: Index = None,
    collection: Collection = None,
    top_k: TopK = None,
    quotes_only: Annotated[bool, typer.Option("--quotes-only", help="Evidence only, no language model.")] = False,
    as_json: Json = False,
) -> None:
    """Answer a question with footnotes."""
    import console  # noqa: PLC0415
    from schema import answer_to_dict  # noqa: PLC0415

    with _footnote(index=index) as footnote:
        options: dict[str, Any] = {"collection": collection, "top_k": top_k, "quotes_only": quotes_only}
        if as_json:
            _print_json(answer_to_dict(footnote.answer(question, **options)))
        elif quotes_only:
            console.show_quotes(footnote.answer(question, **options))
        else:
            console.stream_answer(footnote.ask(question, **options))


@app.command()
def search(
    question: Annotated[str, typer.Argument(help="What to look for.")],
    index: Index = None,
    collection: Collection = None,
    top_k: TopK = None,
    as_json: Json = False,
) -> None:
    """List the passages for a question, best first."""
    import console  # noqa: PLC0415
    from schema import passage_to_dict  # noqa: PLC0415

    with _footnote(index=index) as footnote:
        passages = footnote.search(question, collection=collection, top_k=top_k)
    if as_json:
        _print_json({"question": question, "passages": [passage_to_dict(passage) for passage in passages]})
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

    with _footnote(create=True, index=index, host=host, port=port) as footnote:
        from web.server import serve as serve_web  # noqa: PLC0415

        console.note(footnote.status())
        console.note("Loading the models ...")
        footnote.warm_up()
        settings = footnote.settings
        serve_web(footnote, settings.host, settings.port, examples=EXAMPLES, announce=_announce)


@app.command()
def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Prove that indexing and asking need no network.")] = False,
    index: Index = None,
    as_json: Json = False,
) -> None:
    """Say what works and what doesn't, how to mend it, and where every setting came from."""
    from doctor import examine, show  # noqa: PLC0415

    with _errors_explained():
        findings = examine({"index": index}, offline=offline)
    if as_json:
        _print_json(findings.to_dict())
    else:
        show(findings)
    raise typer.Exit(0 if findings.healthy else 1)


@models_app.command("list")
def models_list(as_json: Json = False) -> None:
    """List the models of the registry and which of them are here."""
    import console  # noqa: PLC0415
    from models import is_present, load_registry  # noqa: PLC0415

    with _errors_explained():
        cache = _settings().cache
        entries = [(model, is_present(model, cache)) for model in load_registry().models]
    if as_json:
        rows = [
            {"name": model.name, "role": model.role, "bytes": model.size, "licence": model.licence, "present": present}
            for model, present in entries
        ]
        _print_json({"cache": str(cache), "models": rows})
        return
    table = [("model", "role", "MB", "here", "licence", "what it is")]
    for model, present in entries:
        size, here = f"{model.size / 1e6:,.0f}", "yes" if present else "no"
        table.append((model.name, model.role, size, here, model.licence, model.title))
    console.show_table(table)
    console.say(f"They are kept in {cache}")


@models_app.command("fetch")
def models_fetch(
    names: Names = None,
    folder: Annotated[Path | None, typer.Option("--from", help="Look in this folder first.")] = None,
    hub: Annotated[bool, typer.Option("--hub", help="Allow a model hub when nothing else has a model.")] = False,
) -> None:
    """Fetch weights, check their hashes and keep them in the cache that all projects share."""
    import console  # noqa: PLC0415
    from models import fetch, fetch_defaults, load_registry, sources_from_environment  # noqa: PLC0415

    with _errors_explained():
        settings = _settings()
        origins = sources_from_environment(folder=folder, allow_hub=hub)
        with console.progress_bar("Fetching") as on_progress:
            if names:
                for name in names:
                    model = load_registry().get(name)
                    fetch(model, settings.cache, sources=origins, on_progress=on_progress, on_message=console.note)
            else:
                fetch_defaults(
                    settings.cache,
                    embedder=settings.embedder,
                    reranker=settings.reranker,
                    llm=settings.llm,
                    sources=origins,
                    on_progress=on_progress,
                    on_message=console.note,
                )
    console.say(f"Weights are ready in {settings.cache}")


@models_app.command("verify")
def models_verify(names: Names = None) -> None:
    """Hash the weights that are here again; damaged ones are named, and removed so that they can be fetched anew."""
    import console  # noqa: PLC0415
    from models import is_present, load_registry, verify  # noqa: PLC0415

    damaged = False
    with _errors_explained():
        cache, registry = _settings().cache, load_registry()
        chosen = [registry.get(name) for name in names] if names else registry.models
        for model in chosen:
            if not names and not is_present(model, cache):
                continue
            for checked in verify(model, cache):
                damaged = damaged or checked.state != "ok"
                console.say(f"{checked.state:<8} {model.name}/{checked.file.name}  {checked.message}".rstrip())
    raise typer.Exit(1 if damaged else 0)


@models_app.command("export")
def models_export(bundle: Annotated[Path, typer.Argument(help="File to write.")], names: Names = None) -> None:
    """Write weights into one file, to carry them to a machine that reaches nothing."""
    import console  # noqa: PLC0415
    from models import export_bundle, is_present, load_registry  # noqa: PLC0415

    with _errors_explained():
        cache, registry = _settings().cache, load_registry()
        chosen = [registry.get(name) for name in names or []]
        export_bundle(chosen or [model for model in registry.models if is_present(model, cache)], cache, bundle)
    console.say(f"Wrote {bundle}")


@models_app.command("import")
def models_import(bundle: Annotated[Path, typer.Argument(help="File that models export wrote.")]) -> None:
    """Take weights from such a file into the cache; each is checked against the registry's hash."""
    import console  # noqa: PLC0415
    from models import import_bundle, load_registry  # noqa: PLC0415

    with _errors_explained():
        for model in import_bundle(bundle, _settings().cache, load_registry(), on_message=console.note):
            console.say(f"imported {model.name}")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; the console script's entry point."""
    try:
        app(args=arguments)
    except KeyboardInterrupt:
        sys.exit(130)


def _settings(**flags: Any) -> Any:
    from settings import load_settings  # noqa: PLC0415

    return load_settings(flags)[0]


@contextmanager
def _footnote(*, create: bool = False, **flags: Any) -> Iterator[Footnote]:
    """The pipeline for a command, closed afterwards; errors that users can mend become one line and exit code 1."""
    with _errors_explained():
        import console  # noqa: PLC0415
        from pipeline import Footnote  # noqa: PLC0415

        footnote = Footnote(_settings(**flags), create=create)
        try:
            for notice in footnote.store.notices:
                console.note(notice)
            yield footnote
        finally:
            footnote.close()


@contextmanager
def _errors_explained() -> Iterator[None]:
    from schema import FootnoteError  # noqa: PLC0415

    try:
        yield
    except FootnoteError as error:
        typer.echo(f"footnote: {error}", err=True)
        raise typer.Exit(1) from error


def _announce(address: str) -> None:
    typer.echo(f"Footnote is ready: {address}  (Ctrl-C ends it)")


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _say_lines(lines: Iterator[str]) -> None:
    for line in lines:
        typer.echo(line)


if __name__ == "__main__":
    main()
