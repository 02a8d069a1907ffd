"""`footnote index`: once, or again whenever something changes."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.common import Index, Json, opened_footnote, print_json

if TYPE_CHECKING:
    from pipeline import Footnote
    from schema import FileReport, IndexReport

Collection = Annotated[str | None, typer.Option("--collection", help="Collection of documents.")]
Paths = Annotated[
    list[Path],
    typer.Argument(
        help="Files and folders. PDF, Word, PowerPoint, Excel, OpenDocument, web pages, Markdown, text, mail, books, "
        "archives and scans are read."
    ),
]
RemoveMissing = Annotated[
    bool,
    typer.Option(
        "--remove-missing",
        help="Also remove what was in folders that hold no files now; without it, that stays in the index, since a "
        "drive may just not be mounted.",
    ),
]
Ray = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="ADDRESS|local",
        help="Read, chunk and embed on Ray: local starts one on this machine, HOST:PORT joins a cluster's.",
    ),
]
Watch = Annotated[bool, typer.Option("--watch", help="Go on, and follow what changes, until Ctrl-C.")]


def index_command(
    paths: Paths,
    index: Index = None,
    collection: Collection = None,
    remove_missing: RemoveMissing = False,
    ray: Ray = None,
    watch: Watch = False,
    as_json: Json = False,
) -> None:
    """Add or update files and folders. One row per file says what happened to it."""
    import console  # noqa: PLC0415

    if ray and watch:
        raise typer.BadParameter("--ray is for a run over many files, --watch for the few that change: leave out one.")
    with opened_footnote(create=True, mend=True, index=index, collection=collection) as footnote:
        if watch:
            _watch(footnote, paths, remove_missing=remove_missing, as_json=as_json)
            return
        report = _index(footnote, paths, console.report_file, remove_missing=remove_missing, ray=ray or "")
        if as_json:
            print_json(report.to_dict())
        else:
            console.report_summary(report)
    searchable = report.count("indexed") + report.count("unchanged") + report.count("partial")
    raise typer.Exit(0 if searchable else 3)


def _index(
    footnote: Footnote, paths: list[Path], on_file: Callable[[FileReport], None], *, remove_missing: bool, ray: str = ""
) -> IndexReport:
    """One run, with a progress bar."""
    import console  # noqa: PLC0415

    options: dict[str, Any] = {"remove_missing": remove_missing} | ({"ray": ray} if ray else {})
    with console.progress_bar("Indexing") as on_progress:
        return footnote.index(paths, on_file=on_file, on_progress=on_progress, **options)


def _watch(footnote: Footnote, paths: list[Path], *, remove_missing: bool, as_json: bool) -> None:
    """Run after run until Ctrl-C or SIGTERM; what was reported by then is in the index."""
    import console  # noqa: PLC0415
    from schema import FootnoteError  # noqa: PLC0415

    told: set[FileReport] = set()
    complaint = ""

    def tell(row: FileReport) -> None:
        if row not in told and (row.status != "unchanged" or row.reason):
            console.report_file(row)

    def sync() -> bool:
        nonlocal told, complaint
        try:
            report = _index(footnote, paths, tell, remove_missing=remove_missing)
        except FootnoteError as error:  # another writer, a full disk: tried again every few seconds, and told once
            if str(error) != complaint:
                console.note(f"footnote: {error}")
            complaint = str(error)
            return False
        told, complaint = set(report.files), ""
        if as_json:
            typer.echo(json.dumps(report.to_dict(), ensure_ascii=False))
        else:
            console.report_summary(report)
        return True

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        footnote.watch(paths, sync)
    except KeyboardInterrupt:
        console.note("Stopped. All that was reported is in the index.")
    finally:
        signal.signal(signal.SIGTERM, before)
