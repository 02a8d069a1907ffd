"""Small passages made by hand, for tests that need no index."""

from schema import Chunk, Passage, Source


def passage(
    path, text="Some words.", *, rank=1, score=0.0, origin="dense", title="Title", start=0, heading="", **fields
):
    source = Source(fields.pop("collection", "default"), path, title, fields.pop("date", None), "0" * 64)
    chunk = Chunk(source.source_id, start, start + len(text), text, fields.pop("page", None), heading)
    return Passage(chunk, source, score, rank, origin, **fields)


def ranking(*paths, origin="dense"):
    return [passage(path, rank=rank, origin=origin) for rank, path in enumerate(paths, start=1)]
