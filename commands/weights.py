"""`footnote models`: list, fetch, verify, export and import the weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.common import Json, current_settings, errors_explained, print_json

models_app = typer.Typer(help="The weights: what there is, fetch them, check them, carry them.", no_args_is_help=True)

Names = Annotated[list[str] | None, typer.Argument(help="Models by name; by default those that answering needs.")]


@models_app.command("list")
def models_list(as_json: Json = False) -> None:
    """List the models of the registry and which of them are here."""
    import console  # noqa: PLC0415
    from models import is_present, load_registry  # noqa: PLC0415

    with errors_explained():
        cache = current_settings().cache
        entries = [(model, is_present(model, cache)) for model in load_registry().models]
    if as_json:
        rows = [
            {"name": model.name, "role": model.role, "bytes": model.size, "licence": model.licence, "present": present}
            for model, present in entries
        ]
        print_json({"cache": str(cache), "models": rows})
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
    """Fetch weights, check their hashes and keep them in the cache. All projects share it."""
    import console  # noqa: PLC0415
    from models import fetch, fetch_defaults, load_registry, sources_from_environment  # noqa: PLC0415

    with errors_explained():
        settings = current_settings()
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
    """Hash the weights that are here again. Damaged ones are named, and removed so that they can be fetched anew."""
    import console  # noqa: PLC0415
    from models import is_present, load_registry, verify  # noqa: PLC0415

    damaged = False
    with errors_explained():
        cache, registry = current_settings().cache, load_registry()
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
    """Write weights into one file, for a machine that reaches nothing."""
    import console  # noqa: PLC0415
    from models import export_bundle, is_present, load_registry  # noqa: PLC0415

    with errors_explained():
        cache, registry = current_settings().cache, load_registry()
        chosen = [registry.get(name) for name in names or []]
        export_bundle(chosen or [model for model in registry.models if is_present(model, cache)], cache, bundle)
    console.say(f"Wrote {bundle}")


@models_app.command("import")
def models_import(bundle: Annotated[Path, typer.Argument(help="File that models export wrote.")]) -> None:
    """Take weights from such a file into the cache. Each is checked against the registry's hash."""
    import console  # noqa: PLC0415
    from models import import_bundle, load_registry  # noqa: PLC0415

    with errors_explained():
        for model in import_bundle(bundle, current_settings().cache, load_registry(), on_message=console.note):
            console.say(f"imported {model.name}")
