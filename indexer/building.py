"""An indexing run: every file of the given paths becomes a row of the report and, when it can be read, is searchable.

A row that says ``indexed`` is on disk. An interrupted run loses nothing that it has reported and goes on where it
stopped, since what is unchanged costs a look at the file. The steps of a run are in `indexer.run`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from indexer.elsewhere import Elsewhere
from indexer.recipe import Recipe
from indexer.run import Run
from indexer.store import IndexStore
from schema import FileReport, IndexReport, Progress

__all__ = ["Recipe", "index_paths"]


def index_paths(
    store: IndexStore,
    paths: Iterable[Path],
    *,
    collection: str,
    recipe: Recipe,
    elsewhere: Elsewhere | None = None,
    remove_missing: bool = False,
    on_file: Callable[[FileReport], None] = lambda _: None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> IndexReport:
    """Bring the index level with files and folders.

    Args:
        store: opened for writing; its writer's lock is held for the whole run.
        paths: files and folders; what a folder no longer holds is removed from the index.
        collection: that the documents belong to.
        recipe: how to read, chunk and embed.
        elsewhere: what does so in the place of this process.
        remove_missing: whether that also holds for what was below a folder that is there and holds no files now.
        on_file: called with each row as soon as it is true on disk.
        on_progress: called often, in bytes of input; the last time when all is done.

    Returns:
        One row for each file, also when several of the paths hold it (for each document of a file that holds several),
        and one for each path without files.
    """
    started = time.monotonic()
    with store.writing():
        run = Run(store, collection, recipe, elsewhere, on_file=on_file, on_progress=on_progress)
        run.index(paths, remove_missing=remove_missing)
        store.save_vectors()
    return IndexReport(tuple(run.reports), time.monotonic() - started)
