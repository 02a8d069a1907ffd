"""Progress of long work: a bar on a terminal, a few lines in a log."""

import os
import pty
import select
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import console
from schema import (
    Answer,
    Answered,
    Chunk,
    Conflict,
    Coverage,
    FileReport,
    Fingerprint,
    Passage,
    Progress,
    Quote,
    QuotesFound,
    Source,
    SourceInfo,
    Statement,
    Timings,
)

ROOT = Path(__file__).resolve().parents[1]
ON_A_TERMINAL = """
import sys
sys.path.insert(0, sys.argv[1])
import console
from schema import Progress
with console.progress_bar("Asking") as show:
    for unit, steps in (("documents", [0, 5, 10]), ("questions", [40, 50, 60])):
        for done in steps:
            show(Progress(done, 10 if unit == "documents" else 60, "label", unit))
            sys.stdin.readline()  # until it has been seen
"""


def told(capsys, *steps):
    with console.progress_bar("Asking") as show:
        for step in steps:
            show(step)
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


def test_a_log_gets_a_line_for_each_tenth_of_the_questions(capsys):
    lines = told(capsys, *(Progress(done, 60, "q", "questions") for done in range(61)))
    assert lines == [f"Asking: {done} of 60 questions" for done in range(6, 61, 6)]


def test_a_log_says_where_a_run_goes_on_and_no_tenth_twice(capsys):
    steps = [Progress(done, 3000, "q", "questions") for done in (1501, 1502, 1799, 1800)]
    assert told(capsys, *steps) == ["Asking: 1,501 of 3,000 questions", "Asking: 1,800 of 3,000 questions"]


def test_files_have_lines_of_their_own_and_nothing_to_do_needs_none(capsys):
    assert told(capsys, Progress(5, 10, "a.md", "bytes"), Progress(0, 0, "", "questions")) == []


class Bar:
    """What a bar is told, in place of one that draws."""

    def __init__(self):
        self.told = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def add_task(self, *_, **__):
        return 0

    def reset(self, _, *, total, completed, **__):
        self.told.append(("reset", completed, total))

    def update(self, _, *, total, completed, **__):
        self.told.append(("update", completed, total))


def found(path, page, **fields):
    chunk = Chunk(f"law/{path}", 10, 30, "One  dog\nper household.", page)
    return Passage(chunk, Source("law", path, f"Act of {path[:4]}", None, "0" * 64), 0.5, 2, "fused", **fields)


def test_a_passage_has_under_it_where_the_same_is_said(capsys):
    console.show_passages([found("1871.pdf", 4, also=(found("1869.pdf", 7), found("1866.md", None)))])
    assert capsys.readouterr().out.splitlines() == [
        "2. Act of 1871, page 4  [law/1871.pdf 10-30]",
        "   One dog per household.",
        "   the same in: Act of 1869, page 7  [law/1869.pdf 10-30]",
        "   the same in: Act of 1866  [law/1866.md 10-30]",
        "",
    ]


def test_a_passage_keeps_its_paragraphs_and_steers_no_terminal(capsys):
    chunk = Chunk("law/a.md", 0, 30, "Dogs\n\nOne \x1b[31mdog\nper household.", None)
    console.show_passages([Passage(chunk, Source("law", "a.md", "An \x07Act", None, "0" * 64), 0.5, 1, "fused")])
    assert capsys.readouterr().out.splitlines() == [
        "1. An Act  [law/a.md 0-30]", "   Dogs", "   One [31mdog per household.", ""
    ]  # fmt: skip


def quote(number, words, **fields):
    return Quote(number, f"law/{number}.md", f"Act {number}", "1871", None, 10, 10 + len(words), words, 1.0, **fields)


def answer(*quotes, **fields):
    given = {"abstained": False, "reason": "", "sentences": (), "citations": (), "passages": ()} | fields
    print_of = Fingerprint("i", "e", "r", "l", "p")
    return Answer(
        "How many?", "The documents do not say.", quotes=quotes, timings=Timings(), fingerprint=print_of, **given
    )


def test_a_quote_has_above_it_what_a_reader_needs_and_no_steering_of_the_terminal(capsys):
    console.show_quote(
        quote(1, "It is\x1b[31m one.", heading="Dogs > Number", context="A dog\nbarks.", speaker="the ABPI")
    )
    assert capsys.readouterr().out.splitlines() == [
        "[1] Act 1 (1871)  [law/1.md 10-25]",
        "    under: Dogs > Number",
        "    The ABPI, as reported in Act 1",
        "    (… A dog barks.)",
        "    “It is[31m one.”",
    ]


def test_what_surrounds_a_quote_is_faint_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    console.show_quote(quote(1, "One.", heading="Dogs"))
    assert "\x1b[2m    under: Dogs\x1b[0m\n    “One.”" in capsys.readouterr().out


def test_a_warning_stands_before_everything_else_of_a_quote(capsys):
    console.show_quote(quote(1, "Obey.", heading="Dogs", warning="Beware."))
    assert capsys.readouterr().out.splitlines()[1:] == ["    ! Beware.", "    under: Dogs", "    “Obey.”"]


WORDS = "It is\x1b[31m \x01at least  one\x02 dog."
ANSWERS = {"answer_start": 10 + WORDS.index("at"), "answer_end": 10 + WORDS.index(" dog")}


def test_the_words_that_answer_are_bold_on_a_terminal_and_plain_elsewhere(capsys, monkeypatch):
    console.show_quote(quote(1, WORDS, **ANSWERS))
    assert capsys.readouterr().out.splitlines()[-1] == "    “It is[31m at least one dog.”"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    console.show_quote(quote(1, WORDS, **ANSWERS))
    assert capsys.readouterr().out.splitlines()[-1] == "    “It is[31m \x1b[1mat least one\x1b[22m dog.”"
    console.show_quotes(answer(quote(1, WORDS, **ANSWERS), abstained=True))
    assert "\x1b[1m" not in capsys.readouterr().out


def test_bold_words_take_no_room_and_end_where_they_should(capsys, monkeypatch):
    words = "word " * 60
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    console.show_quote(quote(1, words.strip(), answer_start=10 + 80, answer_end=10 + 104))
    shown = capsys.readouterr().out.splitlines()[1:]
    assert max(len(line.replace("\x1b[1m", "").replace("\x1b[22m", "")) for line in shown) <= console.WIDTH
    bold = " ".join(shown).split("\x1b[1m")[1].split("\x1b[22m")[0]
    assert bold.split() == ["word"] * 5


def test_what_a_follow_up_was_taken_to_ask_stands_first(capsys):
    event = QuotesFound((quote(1, "One."),), (), "How many in Wales?")
    console.stream_answer([event, Answered(answer(quote(1, "One."), searched_for="How many in Wales?"))])
    assert capsys.readouterr().out.splitlines() == ["Searched for: How many in Wales?"]
    console.show_quotes(answer(quote(1, "One."), searched_for="How many in Wales?"))
    assert capsys.readouterr().out.splitlines()[0] == "Searched for: How many in Wales?"
    refused = answer(abstained=True, searched_for="How many in Wales?", passages=(found("1871.pdf", 4),))
    console.show_quotes(refused)
    assert "Looked through 1 passage of 1 document for “How many in Wales?”." in capsys.readouterr().out


def test_a_question_that_stood_alone_is_not_repeated(capsys):
    console.stream_answer([QuotesFound((), ()), Answered(answer(quote(1, "One.")))])
    console.show_quotes(answer(quote(1, "One.")))
    assert "Searched for" not in capsys.readouterr().out


DISAGREE = Conflict("A household keeps …", (Statement(1, "one"), Statement(2, "two")))


def test_documents_that_disagree_are_shown_with_their_values_and_dates(capsys):
    console.show_quotes(answer(quote(1, "One."), quote(2, "Two."), conflicts=(DISAGREE,)))
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "The documents disagree on “A household keeps …”:",
        "  one (Act 1 (1871)) [1]",
        "  two (Act 2 (1871)) [2]",
    ]


def test_beside_footnotes_a_disagreement_points_to_them_and_else_to_the_place(capsys):
    cited = replace(quote(2, "Two."), number=1)
    console.stream_answer(
        [Answered(answer(quote(1, "One."), quote(2, "Two."), citations=(cited,), conflicts=(DISAGREE,)))]
    )
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "  one (Act 1 (1871)) [law/1.md 10-14]",
        "  two (Act 2 (1871)) [1]",
    ]


def test_a_refusal_says_what_was_looked_for_and_shows_what_came_nearest(capsys):
    refused = answer(quote(1, "One."), abstained=True, reason="Nothing fits.", passages=(found("1871.pdf", 4),))
    console.show_quotes(refused)
    assert capsys.readouterr().out.splitlines()[:5] == [
        "The documents do not say.",
        "Nothing fits.",
        "Looked through 1 passage of 1 document.",
        "",
        "Nearest quotes, which do not answer the question:",
    ]


def test_another_unit_begins_anew_so_that_its_time_left_is_its_own(monkeypatch):
    bar = Bar()
    monkeypatch.setattr(console, "_rich_progress", lambda: bar)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with console.progress_bar("Asking") as show:
        for progress in (Progress(5, 10, "", "documents"), Progress(40, 60), Progress(41, 60)):
            show(progress)
    assert bar.told == [
        ("reset", 5, 10), ("update", 5, 10), ("reset", 40, 60), ("update", 40, 60), ("update", 41, 60)
    ]  # fmt: skip


def test_a_terminal_shows_how_many_of_which_unit():
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL, str(ROOT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(theirs)
    shown = b""
    for step in (b"0 of 10 doc", b"5 of 10 doc", b"10 of 10 doc", b"40 of 60 que", b"50 of 60 que", b"60 of 60 que"):
        while step not in shown:
            assert select.select([ours], [], [], 60)[0], shown
            shown += os.read(ours, 65536)
        process.stdin.write(b"\n")
        process.stdin.flush()
    with suppress(OSError):  # the other end is closed
        while more := os.read(ours, 65536):
            shown += more
    os.close(ours)
    process.stdin.close()
    assert process.wait(60) == 0
    for words in (b"5 of 10 documents", b"40 of 60 questions", b"60 of 60 questions", b"0:00:00"):
        assert words in shown


def test_a_row_of_a_report_counts_in_the_singular_and_the_plural(capsys):
    console.report_file(FileReport("a.pdf", "indexed", chunks=1, pages=1))
    console.report_file(FileReport("b.md", "unchanged", "read as UTF-16", chunks=1200))
    assert capsys.readouterr().err.splitlines() == [
        "+ indexed   a.pdf  (1 chunk, 1 page)",
        "= unchanged b.md  (1,200 chunks - read as UTF-16)",
    ]


def test_a_long_name_has_a_line_of_its_own_and_widens_no_column(capsys):
    console.show_table([("document", "chunks"), ("x" * 61, "1"), ("short", "2")])
    assert capsys.readouterr().out.splitlines() == [
        "document  chunks", "--------  ------", "x" * 61, "          1", "short     2"
    ]  # fmt: skip


def test_the_table_of_documents_says_what_was_read_of_each(capsys):
    scan = Source("default", "scan.pdf", "A \x1b[31mscan", "2021-06", "0")
    coverage = Coverage(characters=1_200, text=3, ocr=1, hidden=7, warnings=("It has\nmacros.",))
    note = Source("default", "note.md", "A note on everything that there is to be said on ships", None, "0")
    console.show_sources(
        [
            SourceInfo(scan, 1_200, 4, 0, 3, "partial", "", "", coverage),
            SourceInfo(note, 34, 0, 0, 1, "indexed", "", "", Coverage(characters=34)),
        ]
    )
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines[:1]] == ["document"]
    assert "A [31mscan" in lines[2]
    assert "4 pages, 1 by recognition, 7 hidden characters left out" in lines[2]
    assert "  A note on everything that there is to be said o…  -  " in lines[3]
    assert "34 characters" in lines[3]
    assert lines[4:] == ["! default/scan.pdf: It has macros.", "2 documents, 1,234 characters."]
