"""Passages and evidence made by hand: one document a call, its sentences found by the code that answers use."""

from generator.evidence import sentences_of
from schema import Chunk, Passage, Source


def passage(text, *, path="a.md", title="A", date=None, heading="", start=0, page=None, rank=1):
    source = Source("default", path, title, date, "0" * 64)
    chunk = Chunk(source.source_id, start, start + len(text), text, page, heading)
    return Passage(chunk, source, 0.5, rank, "fused")


def evidence(*texts, **fields):
    """Each text as one passage with one sentence, in documents a.md, b.md and so on."""
    passages = [passage(text, path=f"{chr(97 + place)}.md", **fields) for place, text in enumerate(texts)]
    found = sentences_of(passages, limit=100)
    assert [one.text for one in found] == list(texts), "each text has to be one sentence"
    return found


def count_words(text):
    return len(text.split())
