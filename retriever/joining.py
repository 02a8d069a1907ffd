"""Neighbours joined: chunks that follow one another in a document and were both found become one passage.

The last step of a search but one, after everything that scores or looks up chunks, since a joined passage is no chunk
of the index: its id is in no table. What this module does not do: fetch neighbours that were not found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from schema import Chunk, Passage

MOST_CHUNKS = 3
LONGEST_JOINED = 2400
"""Characters, about 600 tokens of English: a passage stays something that is read at a glance."""
LONGEST_GAP = 80
"""Characters of white space between neighbours; what is further apart is not even looked at."""


def join_neighbours(passages: Sequence[Passage], span: Callable[[str, int, int], str]) -> list[Passage]:
    """Join passages that touch: of one source, on one page, with nothing but white space between them.

    A joined passage stands where the best of its parts stood, with that one's score and origin; its chunk's text is
    that of the source between its offsets, and its heading what the parts' paths have in common. Pairs are joined in
    the order in which they were complete in the ranking, as long as the limits allow.

    Args:
        passages: a ranking, best first; their order counts, not their ranks.
        span: (source id, start, end) -> exactly that part of the source's text.

    Returns:
        The ranking with ranks from 1; the same characters of the same sources as before, and white space.
    """
    runs = {place: [place] for place in range(len(passages))}
    for first, second in sorted(_neighbours(passages, span), key=lambda pair: (max(pair), min(pair))):
        run = runs[first] + runs[second]
        if _fits([passages[place].chunk for place in run]):
            runs |= dict.fromkeys(run, run)
    kept = [
        _joined([passages[member] for member in run], run, span) for place, run in runs.items() if place == min(run)
    ]
    return [replace(passage, rank=rank) for rank, passage in enumerate(kept, start=1)]


def _neighbours(passages: Sequence[Passage], span: Callable[[str, int, int], str]) -> list[tuple[int, int]]:
    """Places in the ranking of two chunks, the earlier first, of which the second follows the first in its source."""
    order = sorted(range(len(passages)), key=lambda place: (*_home(passages[place].chunk), passages[place].chunk.start))
    return [(a, b) for a, b in pairwise(order) if _touch(passages[a].chunk, passages[b].chunk, span)]


def _home(chunk: Chunk) -> tuple[str, int]:
    return chunk.source_id, chunk.page or 0


def _touch(first: Chunk, second: Chunk, span: Callable[[str, int, int], str]) -> bool:
    if _home(first) != _home(second) or not 0 <= second.start - first.end <= LONGEST_GAP:
        return False
    return not span(first.source_id, first.end, second.start).strip()


def _fits(chunks: Sequence[Chunk]) -> bool:
    return len(chunks) <= MOST_CHUNKS and chunks[-1].end - chunks[0].start <= LONGEST_JOINED


def _joined(parts: Sequence[Passage], places: Sequence[int], span: Callable[[str, int, int], str]) -> Passage:
    """One passage from parts in text order, which stood at these places."""
    if len(parts) == 1:
        return parts[0]
    first, last = parts[0].chunk, parts[-1].chunk
    text = span(first.source_id, first.start, last.end)
    heading = _common_path([part.chunk.heading for part in parts])
    return replace(
        parts[places.index(min(places))],
        chunk=replace(first, end=last.end, text=text, heading=heading),
        seen_by_model=any(part.seen_by_model for part in parts),
        also=tuple(other for part in parts for other in part.also),
    )


def _common_path(paths: Sequence[str]) -> str:
    """The headings above all of the parts."""
    split = [path.split(" > ") for path in paths]
    common = []
    for names in zip(*split, strict=False):
        if len(set(names)) > 1:
            break
        common.append(names[0])
    return " > ".join(common)
