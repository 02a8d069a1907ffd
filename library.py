"""The documents of an index: filled, kept level with folders, listed, shown page by page and removed.

`pipeline.Footnote` is a `Library` that also searches and answers; a view of some collections has a `Shelf` of them, and
no way to change them. Files are read by `indexer.parsing`, in processes of their own; what this module does not do:
search, or know a language model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.reading import IndexReader
from indexer.store import IndexStore
from parts import Parts
from schema import FileReport, IndexReport, PageView, Progress, SourceInfo, TextDocument
from settings import Settings

if TYPE_CHECKING:
    from indexer.building import Recipe
    from indexer.distributed import Distributed
    from indexer.parsing.isolated import Parser

READER_VERSION = "4"
"""Part of the recipe: raise it when the same file would be read or chunked differently, and all are read again."""
READERS = 2
"""Most processes that read files at a time; there is one until several threads ask."""
RECIPE_SETTINGS = (
    *("embedder", "cache", "threads", "precision", "chunk_tokens"),
    *("max_characters", "file_seconds", "file_minutes", "file_memory_mb"),
)
"""What decides how a file is read, chunked and embedded, and where the weights are; none of it is secret."""


class Shelf:
    """The documents of an index as they are read: listed, and shown page by page.

    Args:
        settings: what to use.
        parts: the models.
        store: what may be seen of the index; for who asks here, nothing else exists.
        viewer: gives what draws pages, which starts when the first is drawn.
    """

    def __init__(self, settings: Settings, parts: Parts, store: IndexReader, viewer: Callable[[], Parser]) -> None:
        self.settings = settings
        self.parts = parts
        self.store = store
        self._viewer = viewer

    def sources(self, collection: str | None = None) -> list[SourceInfo]:
        """The documents in the index."""
        return self.store.sources(collection)

    def text(self, source: str) -> str:
        """The extracted text of a document, exactly; offsets of quotes point into it."""
        return self.store.text(source)

    def page(self, source_id: str, number: int) -> PageView:
        """One page of a document with the places of its characters, or one section when it has no pages, from 1."""
        return self.store.page_view(source_id, number)

    def picture(self, source_id: str, number: int) -> bytes:
        """A page of a PDF as a PNG file, from the file that was indexed.

        Raises:
            FootnoteError: when that file is gone or another one by now, or is no PDF.
        """
        path, source = self.store.file_of(source_id)
        return self._viewer().picture(path, number, source.sha256)

    def page_of(self, source_id: str, start: int) -> int:
        """The number of the page or section that holds an offset."""
        views = self.store.page_views(source_id)
        return max((view.number for view in views if view.start <= start), default=1)


class Library(Shelf):
    """The documents of one index.

    Args:
        settings: what to use.
        parts: the models; only that for embedding is used here, when the first document is added.
        store: the index; closed with this.
    """

    store: IndexStore

    def __init__(self, settings: Settings, parts: Parts, store: IndexStore) -> None:
        super().__init__(settings, parts, store, lambda: self._drawer)

    def close(self) -> None:
        """Free the models and the database, and end what draws pages."""
        if drawer := self.__dict__.get("_drawer"):
            drawer.close()
        self.parts.close()
        self.store.close()

    def index(
        self,
        paths: Sequence[Path],
        *,
        collection: str | None = None,
        remove_missing: bool = False,
        ray: str = "",
        on_file: Callable[[FileReport], None] = lambda _: None,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> IndexReport:
        """Add or update files and folders; see `indexer.building.index_paths`.

        With ``ray`` (``local``, or host and port of a cluster), files are read, chunked and embedded there.
        """
        from indexer.building import index_paths  # noqa: PLC0415

        with self._parser() as parser, self._elsewhere(ray, recipe := self._recipe(parser)) as elsewhere:
            return index_paths(
                self.store,
                paths,
                collection=collection or self.settings.collection,
                recipe=recipe,
                elsewhere=elsewhere,
                remove_missing=remove_missing,
                on_file=on_file,
                on_progress=on_progress,
            )

    def watch(self, paths: Sequence[Path], sync: Callable[[], bool]) -> None:
        """Call ``sync`` now and whenever something changes at the paths; see `indexer.watching.watch`."""
        from indexer.watching import look_at, watch  # noqa: PLC0415

        watch(lambda: look_at(paths, [self.store.folder]), sync)

    def index_corpus(
        self,
        documents: Sequence[TextDocument],
        *,
        collection: str | None = None,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> IndexReport:
        """Make a collection hold exactly these texts, unchanged; see `indexer.corpus.index_texts`."""
        from indexer.corpus import index_texts  # noqa: PLC0415

        with self._parser() as parser:
            return index_texts(
                self.store,
                documents,
                collection=collection or self.settings.collection,
                recipe=self._recipe(parser),
                on_progress=on_progress,
            )

    def _parser(self) -> Parser:
        """What reads files, in processes that start with the first file; to be closed."""
        return parser_of(self.settings, READERS)

    def _recipe(self, parser: Parser) -> Recipe:
        return recipe_of(self.settings, self.parts, parser)

    def _elsewhere(self, ray: str, recipe: Recipe) -> AbstractContextManager[Distributed | None]:
        """Ray, where it is wanted; it starts with the first file."""
        if not ray:
            return nullcontext()
        from indexer.distributed import Distributed  # noqa: PLC0415
        from indexer.ray_cluster import LOCAL, checked_address, joined  # noqa: PLC0415

        settings = self.settings
        wanted = {name: getattr(settings, name) for name in RECIPE_SETTINGS}
        wanted["threads"] = threads = settings.threads or 1
        return Distributed(
            partial(joined, checked_address(ray)),
            partial(recipe_elsewhere, wanted),
            recipe,
            dimension=self.store.identity.dimension,
            longest=settings.max_characters,
            threads=threads,
            is_large=ray != LOCAL,
        )

    def remove(self, sources: Sequence[str]) -> list[str]:
        """Remove documents and everything derived from them; all of them or, if one is unknown, none."""
        with self.store.writing():
            names = [self.store.find(source).source_id for source in sources]
            self.store.delete(names)
            self.store.erase_leftovers()
        return names

    @cached_property
    def _drawer(self) -> Parser:
        """What draws pages; lives as long as this."""
        return self._parser()


def parser_of(settings: Settings, workers: int) -> Parser:
    """What reads files with the limits of these settings; to be closed."""
    from indexer.parsing.isolated import Parser  # noqa: PLC0415
    from indexer.parsing.limits import Limits  # noqa: PLC0415

    limits = Limits(
        settings.file_seconds,
        settings.file_memory_mb,
        settings.max_characters,
        whole_seconds=60 * settings.file_minutes,
    )
    return Parser(limits, workers=workers)


def recipe_of(settings: Settings, parts: Parts, parser: Parser) -> Recipe:
    """How a file becomes documents, chunks and vectors; the models are loaded when they are first needed."""
    from indexer.building import Recipe  # noqa: PLC0415

    return Recipe(
        name=f"reader {READER_VERSION}, chunks of {settings.chunk_tokens} tokens",
        load=parser.parse,
        count_tokens=lambda texts: parts.embeddings.count_tokens(texts),  # noqa: PLW0108  (loads at first use)
        embed=lambda texts: parts.embeddings.embed(texts),  # noqa: PLW0108
        max_tokens=settings.chunk_tokens,
        reading=parser.reading,
    )


def recipe_elsewhere(wanted: Mapping[str, Any]) -> Recipe:
    """The recipe in a process of another machine, where one process reads or embeds and few do both.

    Args:
        wanted: the settings that are `RECIPE_SETTINGS`.
    """
    settings = Settings(**wanted)
    parts = Parts(settings)
    recipe = recipe_of(settings, parts, parser_of(settings, 1))
    return replace(recipe, count_tokens=lambda texts: parts.tokeniser.count(texts))  # noqa: PLW0108
