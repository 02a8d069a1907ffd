"""Chunks of a document by its structure: sections, then blocks, then sentences, then words.

A chunk never crosses a page or a heading, stays within a token budget of the embedder's own tokenizer, and carries its
offsets. Chunks do not overlap and together hold every character of the text that is not white space. What this module
does not do: add context to what is embedded (`embedding_text` does, and never touches what is quoted).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from language import Span, sentence_spans, trim
from schema import Block, Chunk, Extraction, Page

CountTokens = Callable[[Sequence[str]], list[int]]

LONGEST_PIECE = 1500
"""Characters; longer sentences are cut at white space, so that no input makes a tokenizer call without bound."""
LONGEST_CHUNK = 4000
"""Characters; prose never gets there, but a tokenizer counts a word of any length that it doesn't know as one token."""
LONGEST_HEADING = 200
"""Characters of a heading in the path above a chunk, which is stored with each of them."""
LONGEST_CONTEXT = 300
"""Characters that title and headings may add to what is embedded: the chunk's own text must not be cut off for them."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A span that is never split further, with what decides where the next chunk starts."""

    start: int
    end: int
    tokens: int
    page: int | None
    heading: str
    is_heading: bool


def chunk_document(
    extraction: Extraction, source_id: str, *, max_tokens: int, count_tokens: CountTokens
) -> list[Chunk]:
    """Split a document into chunks of at most ``max_tokens`` tokens each, in text order.

    Args:
        extraction: the text with its blocks and pages.
        source_id: identity of the source, part of every chunk's id.
        max_tokens: budget of a chunk without special tokens.
        count_tokens: tokens of each of several texts, without special tokens.
    """
    groups = list(_pack(list(_units(extraction, max_tokens, count_tokens)), max_tokens))
    # Counted again as a whole: no tokenizer promises that a text has as many tokens as its parts together.
    chunks = [_to_chunk(extraction.text, source_id, group) for group in groups]
    totals = count_tokens([chunk.text for chunk in chunks]) if chunks else []
    for index in reversed([index for index, total in enumerate(totals) if total > max_tokens]):
        parts = _split_group(extraction.text, groups[index], max_tokens, count_tokens)
        chunks[index : index + 1] = [_to_chunk(extraction.text, source_id, part) for part in parts]
    return chunks


def embedding_text(title: str, chunk: Chunk) -> str:
    """What is embedded for a chunk: its document's title and its headings, then its text."""
    context = " > ".join(dict.fromkeys(part for part in (title, *chunk.heading.split(" > ")) if part))
    return f"{shorten(context, LONGEST_CONTEXT)}\n{chunk.text}" if context else chunk.text


def page_at(pages: Sequence[Page], offset: int) -> int | None:
    """The number of the page that holds this offset; ``None`` when the document has no pages."""
    if not pages:
        return None
    index = bisect_right(pages, offset, key=lambda page: page.start) - 1
    return pages[max(index, 0)].number


def shorten(text: str, longest: int) -> str:
    """The text, or its beginning with an ellipsis when it has more than ``longest`` characters."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _units(extraction: Extraction, max_tokens: int, count_tokens: CountTokens) -> Iterator[_Unit]:
    """Blocks that fit, and the sentences (or pieces of sentences) of those that don't."""
    text = extraction.text
    headings: list[Block] = []
    for block in extraction.blocks:
        is_heading = block.kind == "heading"
        if is_heading:
            headings = [above for above in headings if above.level < block.level] + [block]
        path = " > ".join(_name(text, above) for above in headings)
        page = page_at(extraction.pages, block.start)
        for start, end, tokens in _fitting_spans(text, (block.start, block.end), max_tokens, count_tokens):
            yield _Unit(start, end, tokens, page, path, is_heading)


def _name(text: str, heading: Block) -> str:
    """A heading on one line; one of a badly made page may hold the whole page."""
    beginning = text[heading.start : min(heading.end, heading.start + 2 * LONGEST_HEADING)]
    return shorten(" ".join(beginning.split()), LONGEST_HEADING)


def _fitting_spans(text: str, span: Span, max_tokens: int, count_tokens: CountTokens) -> Iterator[tuple[int, int, int]]:
    """(start, end, tokens) of the span if it fits, else of its sentences, cut again where they don't."""
    if span[1] - span[0] <= LONGEST_PIECE:
        tokens = count_tokens([text[span[0] : span[1]]])[0]
        if tokens <= max_tokens:
            yield *span, tokens
            return
    offset = span[0]
    sentences = [(offset + start, offset + end) for start, end in sentence_spans(text[span[0] : span[1]])]
    pieces = [piece for sentence in sentences for piece in _cut(text, sentence, LONGEST_PIECE)]
    for piece, tokens in zip(pieces, count_tokens([text[start:end] for start, end in pieces]), strict=True):
        yield from _halve(text, piece, tokens, max_tokens, count_tokens)


def _halve(
    text: str, span: Span, tokens: int, max_tokens: int, count_tokens: CountTokens
) -> Iterator[tuple[int, int, int]]:
    """Cut a piece in two until each part fits; a single character always counts as fitting."""
    if tokens <= max_tokens or span[1] - span[0] == 1:
        yield *span, tokens
        return
    for part in _cut(text, span, (span[1] - span[0] + 1) // 2):
        yield from _halve(text, part, count_tokens([text[part[0] : part[1]]])[0], max_tokens, count_tokens)


def _cut(text: str, span: Span, longest: int) -> Iterator[Span]:
    """Spans of at most ``longest`` characters, cut after white space where there is some in the second half."""
    start, end = span
    while end - start > longest:
        window = text[start : start + longest]
        gaps = [window.rfind(white, longest // 2) for white in (" ", "\n", "\t")]
        cut = start + (max(gaps) + 1 if max(gaps) > 0 else longest)
        if trimmed := trim(text, (start, cut)):
            yield trimmed
        start = cut
    if trimmed := trim(text, (start, end)):
        yield trimmed


def _pack(units: Sequence[_Unit], max_tokens: int) -> Iterator[list[_Unit]]:
    """Groups of neighbouring units: one chunk each."""
    group: list[_Unit] = []
    for unit in units:
        if group and _starts_chunk(group, unit, max_tokens):
            yield group
            group = []
        group.append(unit)
    if group:
        yield group


def _starts_chunk(group: Sequence[_Unit], unit: _Unit, max_tokens: int) -> bool:
    """A new page, a heading after text, or a full budget starts the next chunk."""
    after_text = unit.is_heading and not group[-1].is_heading
    full = sum(member.tokens for member in group) + unit.tokens > max_tokens
    full = full or unit.end - group[0].start > LONGEST_CHUNK
    return unit.page != group[-1].page or after_text or full


def _split_group(text: str, group: list[_Unit], max_tokens: int, count_tokens: CountTokens) -> Iterator[list[_Unit]]:
    """Halve a group until each part fits as a whole; a single unit does."""
    if len(group) == 1 or count_tokens([text[group[0].start : group[-1].end]])[0] <= max_tokens:
        yield group
        return
    for part in (group[: len(group) // 2], group[len(group) // 2 :]):
        yield from _split_group(text, part, max_tokens, count_tokens)


def _to_chunk(text: str, source_id: str, group: Sequence[_Unit]) -> Chunk:
    start, end = group[0].start, group[-1].end
    return Chunk(source_id, start, end, text[start:end], group[-1].page, group[-1].heading)
