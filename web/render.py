"""Everything the page shows of a conversation, as HTML made from schema values by pure functions; quotes by `cards`.

Every word of a document, a question or a model passes through ``escape`` and is text: no Markdown, no links, no images.
"""

from __future__ import annotations

from collections.abc import Sequence

from schema import Quote, Sentence, SourceInfo
from web.cards import as_quote, cards_html, conflict_html, opens, retrieved_html
from web.exchange import Exchange
from web.rating import rating_html
from web.wording import VERDICTS, count, escape, escape_lines, line_text, place, plain_text

TITLES_SHOWN = 8
NEAREST_SHOWN = 3


def opening(sources: Sequence[SourceInfo]) -> str:
    """What a new conversation shows: the documents that are there, or how to add some."""
    held = [info for info in sources if info.status in ("indexed", "unchanged", "partial")]
    if not held:
        return (
            '<section class="opening empty"><h2>There are no documents yet</h2>'
            "<p>Footnote answers from the documents in its index and from nothing else. Add a folder or a file from a "
            "terminal, then reload this page:</p><pre><code>footnote index FOLDER</code></pre>"
            "<p>PDF, Word, PowerPoint, Excel, OpenDocument, web pages, text, mail, books, archives and scans are "
            "read.</p></section>"
        )
    count = "1 document" if len(held) == 1 else f"{len(held):,} documents"
    items = "".join(map(_document, held[:TITLES_SHOWN]))
    rest = f'<p class="rest">and {len(held) - TITLES_SHOWN:,} more</p>' if len(held) > TITLES_SHOWN else ""
    return (
        f'<section class="opening"><h2>{count} to ask about</h2><ul class="titles">{items}</ul>{rest}'
        '<p class="pledge">When the documents do not say, neither does Footnote.</p></section>'
    )


def _document(info: SourceInfo) -> str:
    """One document of the list, with what was read of it."""
    source, coverage = info.source, info.coverage
    name = escape(place(source.title, source.date, None))
    badge = f' <span class="coverage">{escape(coverage.badge)}</span>' if coverage.characters else ""
    return f"<li>{name}{badge}</li>"


def failure(message: str) -> str:
    """An error that a person can do something about, as a calm notice."""
    return f'<div class="notice failed" role="group" aria-label="Error"><p>{escape_lines(message)}</p></div>'


def exchange_html(exchange: Exchange) -> str:
    """One question with its answer, quotes and passages, in whatever state it is."""
    answer = exchange.answer
    body = _refusal(exchange) if answer and answer.abstained else _answer(exchange)
    busy = ' aria-busy="true"' if exchange.running else ""
    return (
        f'<article class="exchange {exchange.phase}" data-exchange="{exchange.number}"{busy}>'
        f'<h2 class="question">{escape_lines(exchange.question)}</h2>{_searched_for(exchange)}'
        f"{body}{_finished(exchange)}</article>"
    )


def _searched_for(exchange: Exchange) -> str:
    """What a follow-up was taken to ask; a refusal says it in its own words."""
    if not exchange.searched_for or (exchange.answer and exchange.answer.abstained):
        return ""
    return f'<p class="searched">Searched for: {escape_lines(exchange.searched_for)}</p>'


def _answer(exchange: Exchange) -> str:
    """The sentences with their notes, above the quotes."""
    by_number = {quote.number: quote for quote in exchange.citations}
    sentences = " ".join(_sentence(sentence, by_number) for sentence in exchange.sentences)
    draft = f' <span class="draft">{escape(exchange.draft)}</span>' if exchange.draft.strip() else ""
    caret = '<span class="caret" aria-hidden="true"></span>' if exchange.phase == "writing" else ""
    if exchange.phase == "searching":
        prose = '<p class="text waiting">Searching the documents …</p>'
    elif exchange.phase == "writing" and not sentences and not draft:
        prose = f'<p class="text waiting">{line_text(exchange.before) or "Reading the quotes below"} …{caret}</p>'
    else:
        prose = f'<p class="text">{sentences}{draft}{caret}</p>' if sentences or draft else ""
    # The three places are always there, so that an update changes words inside them and moves no focused button.
    return (
        f'<div class="answer">{prose}</div><div class="notes">{_notes(exchange)}</div>'
        f'<div class="quotes">{_evidence(exchange)}</div>'
    )


def _sentence(sentence: Sentence, by_number: dict[int, Quote]) -> str:
    marks = '<span class="comma">,</span>'.join(_mark(number, by_number.get(number)) for number in sentence.citations)
    verdict = VERDICTS[sentence.support]
    label = f'&nbsp;<span class="verdict">{verdict}</span>' if verdict else ""
    superscript = f'<sup class="marks">{marks}</sup>' if marks else ""
    words = f'<span class="words">{escape(sentence.text)}</span>'
    return f'<span class="sentence {sentence.support}">{words}{superscript}{label}</span>'


def _mark(number: int, quote: Quote | None) -> str:
    """A footnote number: a button that opens its quote; a bare number when the quote isn't known."""
    if quote is None:
        return f"<span>{number}</span>"
    name = escape(f"Footnote {number}: {place(quote.title, quote.date, quote.page)}")
    place_of_it = opens(quote, f"Footnote {number}")
    return f'<button type="button" class="mark" {place_of_it} aria-label="{name}">{number}</button>'


def _notes(exchange: Exchange) -> str:
    """What a reader must know about the answer besides its words: why it is short, and what the check found."""
    notes = []
    if exchange.notice:
        notes.append(f'<div class="notice {exchange.phase}"><p>{escape_lines(exchange.notice)}</p></div>')
    if exchange.answer and exchange.answer.reason:
        notes.append(f'<div class="notice"><p>{escape_lines(exchange.answer.reason)}</p></div>')
    problems = [(sentence, problem) for sentence in exchange.sentences for problem in sentence.problems]
    if problems and not exchange.running:
        items = "".join(
            f"<li>“{escape(_short(sentence.text))}” {escape(problem)}</li>" for sentence, problem in problems
        )
        notes.append(f'<div class="notice checks"><p>What the check found:</p><ul>{items}</ul></div>')
    return "".join(notes) + _conflicts(exchange)


def _conflicts(exchange: Exchange) -> str:
    """What the documents disagree on, once the answer is there."""
    conflicts = exchange.answer.conflicts if exchange.answer else ()
    return "".join(conflict_html(conflict, exchange.quotes) for conflict in conflicts)


def _evidence(exchange: Exchange) -> str:
    """The quotes: in their order of rank while the answer is written, footnotes first once it is finished."""
    cited = {(quote.source, quote.start, quote.end): quote.number for quote in exchange.citations}
    others = [quote for quote in exchange.quotes if (quote.source, quote.start, quote.end) not in cited]
    if not exchange.running and not exchange.citations:
        return cards_html(
            f"The documents' own words, best first ({len(exchange.quotes)})", exchange.quotes, {}, ranked=True
        )
    if exchange.running:
        return cards_html("Quotes from the documents", exchange.quotes, cited)
    footnotes = cards_html("Footnotes", exchange.citations, cited)
    return footnotes + cards_html("Also found, not cited", others, cited)


def _refusal(exchange: Exchange) -> str:
    """The answer "no answer": why, and the nearest passages, said not to answer."""
    answer = exchange.answer
    reason = escape(answer.reason or answer.answer) if answer else ""
    nearest = exchange.quotes or tuple(as_quote(passage) for passage in exchange.passages)
    shown = [quote.unmarked() for quote in nearest[:NEAREST_SHOWN]]
    cards = cards_html("The nearest passages, which do not answer it", shown, {})
    return (
        f'<div class="refusal"><p class="verdict-line">The documents do not say.</p><p>{reason}</p>'
        f'<p class="looked">{_looked(exchange)}</p></div>{_conflicts(exchange)}{cards}'
    )


def _looked(exchange: Exchange) -> str:
    """What was looked through, and for what, unless it is the very question above."""
    sought = f"for “{escape(_short(exchange.searched_for, 200))}” in" if exchange.searched_for else "through"
    documents = {passage.chunk.source_id for passage in exchange.passages}
    return f"Looked {sought} {count(len(exchange.passages), 'passage')} of {count(len(documents), 'document')}."


def _finished(exchange: Exchange) -> str:
    """What only a finished answer has; a disclosure opened earlier would be closed by the next update."""
    if exchange.running:
        return ""
    dropped = exchange.answer.dropped if exchange.answer else ()
    return _dropped(dropped) + retrieved_html(exchange.passages) + _actions(exchange)


def _dropped(sentences: Sequence[Sentence]) -> str:
    """The disclosure of what the model wrote and the documents don't hold."""
    if not sentences:
        return ""
    rows = "".join(
        f'<li><s>{escape(sentence.text)}</s> <span class="problems">{escape(" ".join(sentence.problems))}</span></li>'
        for sentence in sentences
    )
    summary = f"What was left out: {count(len(sentences), 'sentence')} without support in the documents"
    return f'<details class="retrieved dropped"><summary>{summary}</summary><ul>{rows}</ul></details>'


def _actions(exchange: Exchange) -> str:
    """What can be done with a finished answer: copy it, and say whether it is right."""
    copy = timing = ""
    if exchange.sentences or exchange.quotes:
        words = escape(plain_text(exchange))
        copy = f'<button type="button" class="copy" data-copy="{words}">Copy with footnotes</button>'
        total = exchange.answer.timings.total_ms if exchange.answer else None
        timing = f'<span class="timing">{total / 1000:.1f} s on this machine</span>' if total else ""
    if exchange.answer is None:
        return f'<div class="actions">{copy}{timing}</div>' if copy else ""
    return rating_html(exchange, exchange.answer, f"{copy}{timing}")


def _short(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
