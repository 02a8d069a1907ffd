"""How the command line shows things: progress, reports, tables and answers, for a terminal or as plain lines."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from schema import (
    Answer,
    Answered,
    Event,
    FileReport,
    FootnoteError,
    IndexReport,
    Passage,
    Progress,
    Quote,
    QuotesFound,
    SentenceChecked,
    SourceInfo,
)

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

WIDTH = 100
LONGEST_CELL, LONGEST_TITLE = 60, 48
"""Characters of the first column of a table, which holds names, and of a document's title beside it."""
SPEED_PERIOD_S = 300.0
"""Seconds that the time left is guessed from: a question takes several, a batch of documents more."""
START, END = "\x01", "\x02"
"""Stand for the beginning and the end of bold words while lines are broken; `_steerless` leaves none in a text."""
MARKS = {"indexed": "+", "unchanged": "=", "partial": "~", "refused": "!", "removed": "-"}


def say(text: str = "") -> None:
    """Print a line of output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Print a line that is not output: to the error stream, so that it never mixes with what is piped on."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[Progress], None]]:
    """A bar with time left on a terminal, a line for each tenth elsewhere. Yields what to call with each `Progress`."""
    if not sys.stderr.isatty():
        yield _line_by_line(title)
        return
    with _rich_progress() as bar:
        task = bar.add_task(title, total=None, label="", count="")
        unit = ""

        def show(progress: Progress) -> None:
            nonlocal unit
            shown: dict[str, Any] = {"label": progress.label[-40:], "count": _count(progress)}
            if progress.unit != unit:  # what was done before, or was of another kind, says nothing of the speed
                unit = progress.unit
                bar.reset(task, total=progress.total or None, completed=progress.done, **shown)
            bar.update(task, total=progress.total or None, completed=progress.done, **shown)

        yield show


def _line_by_line(title: str) -> Callable[[Progress], None]:
    """Progress for a log: a line for each tenth of the questions; files have lines of their own, bytes need none."""
    told = 0

    def show(progress: Progress) -> None:
        nonlocal told
        tenths = 10 * progress.done // progress.total if progress.unit == "questions" and progress.total else 0
        if tenths > told:
            note(f"{title}: {_count(progress)}")
        told = max(told, tenths)

    return show


def report_file(report: FileReport) -> None:
    """One row of an indexing report."""
    held = [(report.chunks, "chunk"), (report.pages, "page")] if report.chunks else []
    details = ", ".join(count_of(number, noun) for number, noun in held if number)
    note_of_it = " - ".join(part for part in (details, report.reason) if part)
    note(f"{MARKS[report.status]} {report.status:<10}{report.path}" + (f"  ({note_of_it})" if note_of_it else ""))


def report_summary(report: IndexReport) -> None:
    """The last line of an indexing run."""
    counts = [f"{report.count(status)} {status}" for status in MARKS if report.count(status)]  # type: ignore[arg-type]
    say(f"{', '.join(counts) or 'Nothing to index'}; {report.seconds:.1f} s.")


def show_sources(infos: Sequence[SourceInfo]) -> None:
    """The table of documents."""
    if not infos:
        say("The index is empty. Add documents with: footnote index PATH")
        return
    rows = [("document", "title", "date", "what was read", "chunks", "status")]
    for info in infos:
        source = info.source
        where = (source.source_id, _cut(printable(source.title)), source.date or "-")
        rows.append((*where, info.coverage.badge, f"{info.chunks:,}", info.status))
    show_table(rows)
    for info in infos:
        for warning in info.coverage.warnings:
            say(f"! {info.source.source_id}: {printable(warning)}")
    characters = sum(info.characters for info in infos)
    say(f"{count_of(len(infos), 'document')}, {count_of(characters, 'character')}.")


def _cut(title: str) -> str:
    """A title that fits into its column."""
    return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1].rstrip()}…"


def count_of(number: int, noun: str) -> str:
    """A number with its noun, in the plural unless it is one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def show_table(rows: Sequence[Sequence[str]]) -> None:
    """Rows in columns, the first row as a heading; what is long in the first column has a line of its own."""
    long = {row[0] for row in rows if len(row[0]) > LONGEST_CELL}
    widths = [max(len(row[column]) for row in rows if column or row[0] not in long) for column in range(len(rows[0]))]
    for place, row in enumerate(rows):
        first, *rest = row
        if first in long:
            say(first)
            first = ""
        say("  ".join(cell.ljust(width) for cell, width in zip([first, *rest], widths, strict=True)).rstrip())
        if place == 0:
            say("  ".join("-" * width for width in widths))


def show_passages(passages: Iterable[Passage]) -> None:
    """Ranked passages, each with where it stands."""
    for passage in passages:
        chunk = passage.chunk
        say(f"{passage.rank}. {_place(passage)}")
        for paragraph in chunk.text.split("\n\n"):
            say(textwrap.indent(textwrap.fill(printable(paragraph), WIDTH - 3), "   "))
        for same in passage.also:
            say(f"   the same in: {_place(same)}")
        say()


def _place(passage: Passage) -> str:
    """Where a passage stands: title, page, source and offsets."""
    chunk = passage.chunk
    page = f", page {chunk.page}" if chunk.page else ""
    return f"{printable(passage.source.title)}{page}  [{chunk.source_id} {chunk.start}-{chunk.end}]"


def stream_answer(events: Iterable[Event]) -> Answer:
    """Print an answer sentence by sentence as it is checked, then its footnotes, and return it.

    Raises:
        FootnoteError: when the stream ends without an answer.
    """
    for event in events:
        if isinstance(event, QuotesFound):
            _show_searched_for(event.searched_for)
            if sys.stderr.isatty():
                note(f"Found {len(event.quotes)} quotes; writing ...")
        elif isinstance(event, SentenceChecked):
            marks = "".join(f"[{number}]" for number in event.sentence.citations)
            doubt = " (only partly supported)" if event.sentence.support == "partly" else ""
            say(textwrap.fill(f"{event.sentence.text} {marks}{doubt}".rstrip(), WIDTH))
        elif isinstance(event, Answered):
            _show_end(event.answer)
            return event.answer
    raise FootnoteError("The answer ended before it was complete.")


def _show_searched_for(question: str) -> None:
    """What a follow-up was taken to ask; nothing for a question that stood alone."""
    if question:
        say(_dimmed(f"Searched for: {printable(question)}"))


def show_quote(quote: Quote) -> None:
    """One footnote: number, document, page, place, what a reader needs before the words, and the words themselves."""
    say(f"[{quote.number}] {_titled(quote)}  [{quote.source} {quote.start}-{quote.end}]")
    if quote.warning:
        say(_beneath(f"! {printable(quote.warning)}"))
    for above in _above(quote):
        say(_dimmed(_beneath(above)))
    before, answer, after = map(_steerless, quote.around_answer)
    marked = f"{START}{answer}{END}" if answer and sys.stdout.isatty() else answer
    words = _beneath(f"“{' '.join(f'{before}{marked}{after}'.split())}”")
    say(words.replace(START, "\x1b[1m").replace(END, "\x1b[22m"))


def _beneath(text: str) -> str:
    """A paragraph under the line of its footnote."""
    return textwrap.indent(textwrap.fill(text, WIDTH - 4), "    ")


def _titled(quote: Quote) -> str:
    """Title, date and page."""
    date = f" ({quote.date})" if quote.date else ""
    page = f", page {quote.page}" if quote.page else ""
    return f"{printable(quote.title)}{date}{page}"


def _above(quote: Quote) -> Iterator[str]:
    """What is no part of a quote and needed to read it: the headings, who speaks, the words before it."""
    if quote.section:
        yield f"under: {printable(quote.section)}"
    if quote.speaker:
        speaker = printable(quote.speaker)
        yield f"{speaker[:1].upper()}{speaker[1:]}, as reported in {printable(quote.title)}"
    if quote.context:
        yield f"(… {printable(quote.context)})"


def printable(text: str) -> str:
    """A document's words on one line, without what would steer a terminal."""
    return " ".join(_steerless(text).split())


def _steerless(text: str) -> str:
    """A text without colours, cursors and bells."""
    return "".join(character for character in text if character.isprintable() or character.isspace())


def _dimmed(text: str) -> str:
    """Faint on a terminal, as it is elsewhere."""
    return f"\x1b[2m{text}\x1b[0m" if sys.stdout.isatty() else text


def _show_conflicts(answer: Answer) -> None:
    """What the documents disagree on, with the value that each of them states and where it stands."""
    quotes = {quote.number: quote for quote in answer.quotes}
    shown = answer.citations or answer.quotes
    marks = {(quote.source, quote.start): f"[{quote.number}]" for quote in shown}
    for conflict in answer.conflicts:
        said = [(one.value, quotes[one.quote]) for one in conflict.statements if one.quote in quotes]
        if len(said) < 2:
            continue
        say(f"\nThe documents disagree on “{printable(conflict.about)}”:")
        for value, quote in said:
            mark = marks.get((quote.source, quote.start), f"[{quote.source} {quote.start}-{quote.end}]")
            say(f"  {printable(value)} ({_titled(quote)}) {mark}")


def _show_end(answer: Answer) -> None:
    """What stands under an answer."""
    if answer.abstained:
        _show_refusal(answer)
        return
    if answer.reason:
        say(f"({answer.reason})")
    if answer.citations:
        say()
        for citation in answer.citations:
            show_quote(citation)
    _show_conflicts(answer)


def _show_refusal(answer: Answer) -> None:
    """That there is no answer and why, what was looked through for one, and the quotes that came nearest."""
    say(answer.answer)
    if answer.reason:
        say(textwrap.fill(answer.reason, WIDTH))
    if answer.passages:
        documents = {passage.chunk.source_id for passage in answer.passages}
        looked = f"{count_of(len(answer.passages), 'passage')} of {count_of(len(documents), 'document')}"
        sought = f" for “{printable(answer.searched_for)}”" if answer.searched_for else ""
        say(f"Looked through {looked}{sought}.")
    if answer.quotes:
        say("\nNearest quotes, which do not answer the question:")
        for quote in answer.quotes:
            show_quote(quote.unmarked())
    _show_conflicts(answer)


def show_quotes(answer: Answer) -> None:
    """The evidence alone, best first: what ``--quotes-only`` prints."""
    if answer.abstained:
        _show_refusal(answer)
        return
    _show_searched_for(answer.searched_for)
    for quote in answer.quotes:
        show_quote(quote)
    _show_conflicts(answer)


def _rich_progress() -> RichProgress:
    from rich.console import Console  # noqa: PLC0415  (start-up time)
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as RichProgress  # noqa: PLC0415

    return RichProgress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[label]}", markup=False),
        console=Console(stderr=True),
        transient=True,
        speed_estimate_period=SPEED_PERIOD_S,
    )


def _count(progress: Progress) -> str:
    """How much of how much, in the unit of the task."""
    if progress.unit == "bytes":
        return f"{progress.done / 1e6:,.1f} of {progress.total / 1e6:,.1f} MB"
    return f"{progress.done:,} of {progress.total:,} {progress.unit}"
