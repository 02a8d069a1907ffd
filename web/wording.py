"""How the pages put things in words: dates, places, verdicts, times, the status, and the copy for the clipboard."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache

from schema import Conflict, Quote, Sentence
from web.exchange import Exchange

VERDICTS = {"supported": "", "partly": "◐ partly supported", "unsupported": "✗ not supported"}


def escape(text: object) -> str:
    """Text as HTML text or attribute value; half surrogates, which no browser can be sent, become question marks."""
    return html.escape(str(text).encode("utf-8", "replace").decode("utf-8"), quote=True)


def escape_lines(text: str) -> str:
    """Text as HTML whose line ends are kept."""
    return escape(text).replace("\n", "<br>")


@cache
def format_date(stated: str) -> str:
    """An ISO date as people write it; anything else as it is.

    >>> format_date("2022-10-12"), format_date("2022-10"), format_date("2022")
    ('12 October 2022', 'October 2022', '2022')
    """
    try:
        if len(stated) == len("2022-10"):
            return f"{date.fromisoformat(stated + '-01'):%B %Y}"
        return f"{date.fromisoformat(stated):%-d %B %Y}"
    except ValueError:
        return stated


def place(title: str, stated: str | None, page: int | None) -> str:
    """Where words stand, as plain text: title, date and page, as far as they are known."""
    parts = [title, format_date(stated) if stated else "", f"page {page}" if page is not None else ""]
    return ", ".join(part for part in parts if part)


def speaker(quote: Quote) -> str:
    """Who says it, where the document reports another's words; nothing where it speaks itself."""
    return f"{quote.speaker[:1].upper()}{quote.speaker[1:]}, as reported in {quote.title}" if quote.speaker else ""


def disagreement(conflict: Conflict, quotes: Sequence[Quote]) -> tuple[str, list[tuple[str, Quote]]]:
    """What documents disagree on, and what each of them says, its value first; a quote that isn't there is left out.

    Args:
        conflict: its statements name quotes by their numbers.
        quotes: those of the answer.
    """
    by_number = {quote.number: quote for quote in quotes}
    said = [(one.value, by_number[one.quote]) for one in conflict.statements if one.quote in by_number]
    return f"The documents disagree on “{conflict.about}”:", said


def count(number: int, noun: str) -> str:
    """A number with its noun, in the plural unless it is one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def line_text(before: int) -> str:
    """Where a question stands in the line for the language model, in words; nothing when it waits for nobody.

    >>> line_text(1), line_text(2)
    ('1 question before yours', '2 questions before yours')
    """
    return f"{count(before, 'question')} before yours" if before else ""


def standing(done: int, total: int | None, seconds_left: float | None) -> str:
    """How far a run has come, in words; nothing while its questions aren't counted.

    >>> standing(3, 40, 130.0)
    '3 of 40 questions, about 2 minutes left'
    """
    if total is None:
        return ""
    words = f"{done:,} of {count(total, 'question')}"
    return f"{words}, {duration(seconds_left)} left" if seconds_left is not None else words


def duration(seconds: float) -> str:
    """A time that nobody knows exactly.

    >>> duration(8), duration(80), duration(5000), duration(90000)
    ('less than a minute', 'about 1 minute', 'about 1 hour 23 minutes', 'about 25 hours')
    """
    minutes = round(seconds / 60)
    if seconds < 45 or minutes == 0:
        return "less than a minute"
    if minutes < 60:
        return f"about {count(minutes, 'minute')}"
    if minutes < 600 and minutes % 60:
        return f"about {count(minutes // 60, 'hour')} {count(minutes % 60, 'minute')}"
    return f"about {count(round(minutes / 60), 'hour')}"


def clock(when: str) -> str:
    """ISO time as people write it, in the server's time zone; as it is when it is none."""
    try:
        return f"{datetime.fromisoformat(when).astimezone():%-d %B %Y, %H:%M}"
    except ValueError:
        return when


def status_text(exchange: Exchange) -> str:
    """One sentence for the live region, which a screen reader speaks when it changes."""
    quotes, waits = count(len(exchange.quotes), "quote"), line_text(exchange.before)
    during = {
        "searching": "Searching the documents.",
        "writing": f"{quotes} found. {waits + '.' if waits else 'Writing the answer.'}",
        "stopped": "Stopped.",
        "failed": f"No answer: {exchange.notice}",
    }
    if exchange.phase != "done":
        return during[exchange.phase]
    if exchange.answer and exchange.answer.abstained:
        return "The documents do not say."
    if not exchange.sentences:
        return f"{quotes} found."
    footnotes = count(len(exchange.citations), "footnote")
    ready = f"Ready: {count(len(exchange.sentences), 'sentence')}, {footnotes}."
    return f"{ready} {exchange.answer.reason}" if exchange.answer and exchange.answer.failure else ready


def plain_text(exchange: Exchange) -> str:
    """The answer for the clipboard: the sentences with [1] marks, then the footnotes, each with where it stands."""
    lines = [exchange.question, *([f"Searched for: {exchange.searched_for}"] if exchange.searched_for else []), ""]
    answer = exchange.answer
    if answer and answer.abstained:
        lines.append(f"The documents do not say. {answer.reason}".strip())
    sentences = " ".join(_marked(sentence) for sentence in exchange.sentences)
    lines += [sentences, ""] if sentences else []
    quotes = exchange.citations if exchange.sentences else exchange.quotes
    if quotes and not (answer and answer.abstained):
        lines += [f"[{q.number}] {_said(q)}“{q.quote}” {place(q.title, q.date, q.page)} ({q.source})" for q in quotes]
    for conflict in answer.conflicts if answer else ():
        about, said = disagreement(conflict, answer.quotes if answer else ())
        if len(said) < 2:
            continue
        lines += ["", about, *(f"- {value} ({place(quote.title, quote.date, quote.page)})" for value, quote in said)]
    return "\n".join(lines).rstrip() + "\n"


def _said(quote: Quote) -> str:
    """The warning, the speaker and what stands before the quote, so that a copy can be read on its own."""
    warning = f"({quote.warning}) " if quote.warning else ""
    said = f"{speaker(quote)}: " if quote.speaker else ""
    return warning + said + (f"[{quote.context}] " if quote.context else "")


def _marked(sentence: Sentence) -> str:
    verdict = f" ({VERDICTS[sentence.support][2:]})" if sentence.support != "supported" else ""
    return sentence.text + "".join(f"[{number}]" for number in sentence.citations) + verdict
