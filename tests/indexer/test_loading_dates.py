"""Which dates count as stated by a document."""

import pytest

from indexer.loading.dates import find_date, parse_date


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Strategy\nPublished: 20 October 2022", "2022-10-20"),
        ("Published on Thursday, 20th October 2022 by the office", "2022-10-20"),
        ("Date: 2022-10-20", "2022-10-20"),
        ("Dated 20/10/2022", "2022-10-20"),
        ("DATE 04/05/2021", "2021-05-04"),
        ("Last updated: October 20, 2022", "2022-10-20"),
        ("Updated 3 May 2023\nPublished 20 October 2022", "2022-10-20"),
        ("National plan\nOctober 2022\nText begins here.", "2022-10"),
        ("National plan\n(20 Oct. 2022)\nText.", "2022-10-20"),
        ("Published October 2022\nPublished 20 October 2022", "2022-10-20"),
        ("The law of 3 May 1999 was repealed.", None),
        ("The letter about the law, which was published on 3 May 1999 in the gazette, " + "went unread. " * 6, None),
        ("3 May 2021\n4 May 2021\n5 May 2021", None),
        ("Published 3 May 2021\nPublished 4 May 2021", None),
        ("Published: 31 February 2022", None),
        ("Published: 13/13/2022", None),
        ("Updated often.", None),
        ("x" * 2000 + "\nPublished: 20 October 2022", None),
        ("May 2022 be a good year for all of us", None),
        ("", None),
    ],
)
def test_stated_date(text, expected):
    assert find_date(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2022-10-20T09:30:00+01:00", "2022-10-20"),
        ("20 October 2022", "2022-10-20"),
        ("2022-10", "2022-10"),
        (" 2022 ", "2022"),
        ("2022-13-01", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_date_of_a_field(value, expected):
    assert parse_date(value) == expected
