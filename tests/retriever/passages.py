"""Small passages made by hand, for tests that need no index."""

from schema import Chunk, Passage, Source


def passage(
    path, text="Some words.", *, rank=1, score=0.0, origin="dense", title="Title", start=0, heading="", **fields
):
    source = Source(fields.pop("collection", "default"), path, title, fields.pop("date", None), "0" * 64)
    chunk = Chunk(source.source_id, start, start + len(text), text, fields.pop("page", None), heading)
    return Passage(chunk, source, score, rank, origin, **fields)


def ranking(*paths, origin="dense", scores=None):
    given = scores or [0.0] * len(paths)
    return [
        passage(path, f"The words of {path}.", rank=rank, origin=origin, score=score)
        for rank, (path, score) in enumerate(zip(paths, given, strict=True), start=1)
    ]
