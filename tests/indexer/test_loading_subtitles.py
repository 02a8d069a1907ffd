"""Subtitles: what is said, by whom, without the times."""

import pytest
from loading_reading import read, spans

from schema import FootnoteError

VTT = """WEBVTT - A talk

NOTE made by hand

STYLE
::cue { color: red }

1
00:01.000 --> 00:04.000 align:start
<v Ann Lee>We begin in <i>May</i>

00:04.000 --> 00:06.500
<v Ann Lee>with the northern line.

00:06.500 --> 00:08.000
<v.loud Bob>Why <00:07.000>May?</v>

00:01:20.000 --> 00:01:22.000
Nobody knows.
"""
SRT = (
    "1\r\n00:00:01,000 --> 00:00:02,000\r\n{\\an8}<b>First</b>\r\n\r\n2\r\n00:00:02,100 --> 00:00:03,000\r\nsecond.\r\n"
)


def test_a_transcript_is_its_speeches():
    assert spans(read("a.vtt", VTT)) == [
        ("paragraph", "Ann Lee: We begin in May with the northern line."),
        ("paragraph", "Bob: Why May?"),
        ("paragraph", "Nobody knows."),
    ]


def test_subtitles_in_the_other_form_are_read():
    assert spans(read("a.srt", SRT)) == [("paragraph", "First second.")]


@pytest.mark.parametrize(
    "text",
    ["0:" * 50_000, "0:00.0 --> " * 20_000, "\n" * 100_000, "<v " * 40_000],
    ids=["times", "arrows", "lines", "tags"],
)
def test_subtitles_made_to_be_slow_end(text):
    assert read("a.vtt", f"WEBVTT\n\n{text}\n\n0:01.0 --> 0:02.0\n{text.strip()} Words.").text.endswith("Words.")


def test_a_file_without_speech_is_empty():
    with pytest.raises(FootnoteError, match="no text was found"):
        read("a.vtt", "WEBVTT\n\nNOTE only this\n")


def test_empty_lines_with_spaces_part_and_words_behind_an_empty_line_are_kept():
    text = "1\n00:00:01,000 --> 00:00:02,000\nFirst\n \n2\n00:00:02,100 --> 00:00:03,000\nsecond\n\nthird.\n"
    assert read("a.srt", text).text == "First second third."


def test_a_cue_may_be_called_as_a_comment_begins_and_times_may_be_whole_seconds():
    text = "WEBVTT\n\nNOTEBOOK 1\n00:01 --> 00:02\nKept.\n\nNOTE\nLeft\nout\n\nNOTE out, too\n"
    assert read("a.vtt", text).text == "Kept."


ROLLING = """WEBVTT
Kind: captions

00:00:00.000 --> 00:00:02.000 align:start
 
good<00:00:00.500><c> morning</c>

00:00:02.000 --> 00:00:02.010 align:start
good morning
 

00:00:02.010 --> 00:00:04.000 align:start
good morning
we<00:00:02.500><c> begin</c><00:00:03.000><c> in</c>

00:00:04.000 --> 00:00:04.010 align:start
we begin in
 

00:00:04.010 --> 00:00:06.000 align:start
we begin in
May
"""


def test_lines_that_roll_up_are_read_once():
    assert spans(read("a.vtt", ROLLING)) == [("paragraph", "good morning we begin in May")]


def test_three_lines_that_roll_up_are_read_once():
    lines = "one two three four five six".split()
    cues = [
        f"{number + 1}\n00:00:{number:02},000 --> 00:00:{number:02},960\n"
        + "\n".join(lines[max(0, number - 2) : number + 1])
        for number in range(6)
    ]
    assert read("a.srt", "\n\n".join(cues)).text == "one two three four five six"


@pytest.mark.parametrize(
    ("second", "text"),
    [
        ("00:02.000 --> 00:03.000\nNo.\nWait.", "No. Wait."),
        ("00:02.500 --> 00:03.000\nNo.\nWait.", "No. No. Wait."),
        ("00:02.000 --> 00:03.000\nWait.\nNo.", "No. Wait. No."),
        ("00:02.000 --> 00:03.000\n<v Bob>No.\nWait.", "No.\n\nBob: No. Wait."),
        ("00:02.000 --> 00:03.000\nno.", "No. no."),
    ],
)
def test_only_a_line_that_stays_is_left_out(second, text):
    assert read("a.vtt", f"WEBVTT\n\n00:01.000 --> 00:02.000\nNo.\n\n{second}\n").text == text


@pytest.mark.parametrize("again", ["<v Bob>", ""])
def test_a_speaker_who_goes_on_below_a_line_that_stays_is_still_named(again):
    cues = f"00:01.000 --> 00:02.000\n<v Bob>No.\n\n00:02.000 --> 00:03.000\n<v Bob>No.\n{again}Wait."
    assert read("a.vtt", f"WEBVTT\n\n{cues}\n").text == "Bob: No. Wait."


def test_lines_that_stay_are_known_across_an_empty_line_in_their_cue():
    cues = "00:01.000 --> 00:02.000\none\n\ntwo\n\n00:02.000 --> 00:03.000\none\ntwo\nthree"
    assert read("a.vtt", f"WEBVTT\n\n{cues}\n").text == "one two three"
