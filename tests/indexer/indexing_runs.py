"""Runs over one store with an embedder that counts what it embeds; `conftest` makes one for each test."""

from dataclasses import replace
from pathlib import Path

from fakes import count_words, word_vectors

from indexer.building import Recipe, index_paths
from indexer.loading import load_all
from indexer.loading.members import Member
from schema import Block, Extraction, FootnoteError, Words

EMPTIED = "It holds no files now: its {} in the index, unless --remove-missing is given."


class Indexing:
    """Runs over one store, with a count of what was read and embedded."""

    def __init__(self, store):
        self.store = store
        self.embedded = []
        self.loaded = []
        self.progress = []
        self.told = []
        self.recipe = Recipe("words", self.load, count_words, self.embed, max_tokens=60)

    def load(self, path, sha256):
        self.loaded.append(path.name)
        return load_all(path, sha256)

    def embed(self, texts):
        self.embedded.extend(texts)
        return word_vectors(texts)

    def __call__(self, *paths, collection="default", remove_missing=False, **changes):
        for seen in (self.embedded, self.loaded, self.progress, self.told):
            seen.clear()
        report = index_paths(
            self.store,
            paths,
            collection=collection,
            recipe=replace(self.recipe, **changes),
            remove_missing=remove_missing,
            on_file=self.told.append,
            on_progress=self.progress.append,
        )
        assert tuple(self.told) == report.files
        return report

    def rows(self, *paths, **options):
        return [(Path(row.path).name, row.status, row.reason) for row in self(*paths, **options).files]

    def texts(self):
        return {info.source.source_id: self.store.text(info.source.source_id) for info in self.store.sources()}

    def vectors(self):
        """The vectors of each document, by its id."""
        hits = self.store.dense(word_vectors(["any"])[0], 100_000)
        ids = {}
        for hit in sorted(hits, key=lambda hit: hit.chunk.start):
            ids.setdefault(hit.chunk.source_id, []).append(hit.chunk.chunk_id)
        return {source: self.store.vectors(chunks).tolist() for source, chunks in ids.items()}


def found(store, word):
    return [passage.chunk.source_id for passage in store.lexical(Words((word,)), 50)]


def write(folder, **texts):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text)


def box(path, sha256=""):
    """A container to load: each line of a .txt file is a document ``name: text``; ``!`` before a name refuses it."""
    members = []
    for line in path.read_text().splitlines():
        name, _, text = line.partition(": ")
        if name.startswith("!"):
            members.append(Member(name[1:], None, text))
        else:
            members.append(Member(name, as_text(text)))
    if not members:
        raise FootnoteError("It is empty.")
    return tuple(members)


def as_text(text):
    """A text of one paragraph, as a loader gives it."""
    return Extraction(text, (Block("paragraph", 0, len(text)),))
