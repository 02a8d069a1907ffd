"""Quotes, what documents disagree on, and retrieved passages, as HTML: each with the way to its place in the document.

Every word of a document passes through ``escape`` and is text.
"""

from __future__ import annotations

from collections.abc import Sequence

from schema import Conflict, Passage, Quote
from web.wording import count, disagreement, escape, escape_lines, place, speaker


def cards_html(
    heading: str, quotes: Sequence[Quote], cited: dict[tuple[str, int, int], int], *, ranked: bool = False
) -> str:
    """A list of quotes; ``ranked`` ones stand for themselves, and their rank is in the place of a footnote's number."""
    if not quotes:
        return ""
    cards = "".join(
        _card(quote, cited.get((quote.source, quote.start, quote.end)), rank if ranked else None)
        for rank, quote in enumerate(quotes, start=1)
    )
    name = "evidence ranked" if ranked else "evidence"
    return f'<section class="{name}"><h3>{escape(heading)}</h3><ol class="cards">{cards}</ol></section>'


def _card(quote: Quote, number: int | None, rank: int | None = None) -> str:
    """One quote: its number when a sentence points to it, the verbatim words, where they stand, and the way there."""
    label = f"Footnote {number}" if number else f"Quote {rank}" if rank else "Quote"
    name = escape(f"{label}: show in {place(quote.title, quote.date, quote.page)}")
    return (
        f'<li class="card" {opens(quote, label)}><span class="number">{number or rank or ""}</span>'
        f"<div>{_above(quote)}<blockquote>{_words(quote)}</blockquote>"
        f'<p class="where">{_where(quote.title, quote.date, quote.page)} '
        f'<button type="button" class="show" {opens(quote, label)} aria-label="{name}">Show in document</button>'
        "</p></div></li>"
    )


def _words(quote: Quote) -> str:
    """The verbatim words, those that answer marked."""
    before, answer, after = map(escape, quote.around_answer)
    return f"{before}<mark>{answer}</mark>{after}" if answer else before


def _above(quote: Quote) -> str:
    """What a reader needs before a quote and is no part of it: a warning, headings, who speaks, the words before."""
    before = '<span class="off-screen">Before it: </span>'
    parts = (
        ("warning", quote.warning, ""),
        ("heading", quote.section, ""),
        ("speaker", speaker(quote), ""),
        ("context", quote.context, before),
    )
    return "".join(f'<p class="{name}">{label}{escape_lines(words)}</p>' for name, words, label in parts if words)


def _where(title: str, stated: str | None, page: int | None) -> str:
    rest = place("", stated, page)
    return f"<cite>{escape(title)}</cite>" + (f'<span class="when">{escape(rest)}</span>' if rest else "")


def opens(quote: Quote, label: str) -> str:
    """The attributes by which page.js opens the source panel."""
    return (
        f'data-source="{escape(quote.source)}" data-start="{quote.start}" data-end="{quote.end}" '
        f'data-label="{escape(label)}"'
    )


def conflict_html(conflict: Conflict, quotes: Sequence[Quote]) -> str:
    """What documents disagree on: each one's value with the document that states it, none of them taken for right."""
    about, said = disagreement(conflict, quotes)
    rows = "".join(
        f'<li><strong>{escape(value)}</strong> <span class="where">{_where(quote.title, quote.date, quote.page)} '
        f'<button type="button" class="show" {opens(quote, "Quote")} '
        f'aria-label="{escape(f"Show {value} in {quote.title}")}">Show in document</button></span></li>'
        for value, quote in said
    )
    return f'<div class="notice conflict"><p>{escape(about)}</p><ul>{rows}</ul></div>' if len(said) > 1 else ""


def retrieved_html(passages: Sequence[Passage]) -> str:
    """The disclosure of everything that was retrieved, with what the model saw of it."""
    if not passages:
        return ""
    seen = sum(passage.seen_by_model for passage in passages)
    rows = "".join(_passage(passage) for passage in passages)
    summary = f"What was retrieved: {count(len(passages), 'passage')}, {seen or 'none'} seen by the model"
    return f'<details class="retrieved"><summary>{summary}</summary><ol>{rows}</ol></details>'


def _passage(passage: Passage) -> str:
    quote = as_quote(passage)
    seen = ("seen", "● seen by the model") if passage.seen_by_model else ("unseen", "○ not seen by the model")
    heading = f'<span class="heading">{escape(quote.section)}</span>' if quote.section else ""
    warning = f'<p class="warning">{escape(quote.warning)}</p>' if quote.warning else ""
    return (
        f'<li class="passage"><p class="where">{_where(quote.title, quote.date, quote.page)}{heading}'
        f'<span class="{seen[0]}">{seen[1]}</span></p>{warning}'
        f'<p class="text">{escape(quote.quote)}</p>{_also(passage)}'
        f'<button type="button" class="show" {opens(quote, "Passage")}>Show in document</button></li>'
    )


def _also(passage: Passage) -> str:
    """Where the same is said that was not worth a place of its own, each with the way there."""
    return "".join(
        f'<p class="also">the same in: {escape(place(quote.title, quote.date, quote.page))} '
        f'<button type="button" class="show" {opens(quote, "Passage")}>Show in document</button></p>'
        for quote in map(as_quote, passage.also)
    )


def as_quote(passage: Passage) -> Quote:
    """A passage in the form of a quote, where no sentence of it was chosen."""
    chunk, source = passage.chunk, passage.source
    place_of_it = (chunk.source_id, source.title, source.date, chunk.page, chunk.start, chunk.end)
    return Quote(passage.rank, *place_of_it, chunk.text, 0.0, chunk.heading, warning=passage.warning)
