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
