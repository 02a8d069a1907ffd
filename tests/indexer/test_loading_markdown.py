"""Markdown: markup goes, words stay, structure becomes blocks."""

import pytest
from loading_reading import read, spans

DOCUMENT = """\
---
title: "Travel policy"  # shown on the page
date: 20 October 2022
tags: [a, b]
---

# Travel *policy* for `staff`

Staff **may** travel by [train](https://example.org "t") at
any time;\\
see ![the map](map.png) and <https://example.org> &amp; <b>more</b>.

Details
-------

- first
- second
  1. inner *one*
  2. inner two

     with a second paragraph

> A quotation
> in two lines.

| Year | Total |
|------|------:|
| 2021 | **10** |
| 2022 |    |

```python
def f(x):

    return x
```

<div class="note">Mind the <i>gap</i>.</div>
<p hidden>secret</p>
<!-- comment -->
"""


def test_blocks_of_a_document():
    extraction = read("policy.md", DOCUMENT)
    assert spans(extraction) == [
        ("heading1", "Travel policy for staff"),
        (
            "paragraph",
            "Staff may travel by train at any time; see the map and https://example.org & more.",
        ),
        ("heading2", "Details"),
        ("list_item", "first"),
        ("list_item", "second"),
        ("list_item", "1. inner one"),
        ("list_item", "2. inner two"),
        ("paragraph", "with a second paragraph"),
        ("paragraph", "A quotation in two lines."),
        ("table_row", "Year | Total"),
        ("table_row", "2021 | 10"),
        ("table_row", "2022 |"),
        ("paragraph", "def f(x):\n\n    return x"),
        ("paragraph", "Mind the gap."),
    ]
    assert (extraction.title, extraction.date) == ("Travel policy", "2022-10-20")


def test_a_rule_at_the_top_is_no_front_matter():
    extraction = read("a.markdown", "---\n\nText: none\n\n---\n\n## Second\n")
    assert spans(extraction) == [("paragraph", "Text: none"), ("heading2", "Second")]
    assert (extraction.title, extraction.date) == ("Second", None)


def test_broken_front_matter_is_text():
    assert read("a.md", "---\ntitle: never closed\n\ntext").text == "title: never closed\n\ntext"


def test_reference_links_and_code_keep_their_words():
    assert (
        read("a.md", "See [the law][1] and `a * b * c`.\n\n[1]: https://example.org\n").text
        == "See the law and a * b * c."
    )


def test_nothing_is_dropped_where_the_parser_would_give_up():
    extraction = read("deep.md", ">" * 500 + "the words")
    assert "the words" in extraction.text
    assert extraction.warnings == ("read as plain text, since it is nested too deeply for Markdown",)
    assert read("brackets.md", "[" * 50_000).text == "[" * 50_000


def test_front_matter_gives_users_own_fields():
    head = (
        "---\nTitle: Plan\nauthor: [Ann Lee, Bob]\ndate: 2021-03-12\nversion: 1.10\nstatus: no\nreview date: 2022\n"
        "nested: {a: b}\nlong: >\n  folded\n  text\n---\nText."
    )
    extraction = read("a.md", head)
    assert (extraction.title, extraction.date, extraction.text) == ("Plan", "2021-03-12", "Text.")
    assert extraction.metadata == {
        "author": "Ann Lee, Bob",
        "version": "1.10",
        "status": "no",
        "review date": "2022",
        "long": "folded text",
    }


def test_front_matter_that_is_no_yaml_is_read_line_by_line():
    extraction = read("a.md", '---\ntitle: Rail: a plan\nauthor: "Ann\nversion: @2\n---\nText.')
    assert extraction.title == "Rail: a plan"
    assert extraction.metadata == {"author": "Ann", "version": "@2"}


@pytest.mark.parametrize(
    "head",
    [
        "title: T\na: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\ne: &e [*e]",
        "title: T\nevil: !!python/object/apply:os.system [echo]",
        "title: T\ndeep: " + "[" * 20_000,
        "title: T\nlong: " + "x" * 100_000,
        "title: T\n" + "\n".join(f"field{number}: {number}" for number in range(190)),
        "title: T\n? [a, b]\n: c",
    ],
    ids=["aliases", "objects", "deep", "long", "many", "odd keys"],
)
def test_front_matter_is_bounded(head):
    extraction = read("a.md", f"---\n{head}\n---\nText.")
    assert extraction.text == "Text."
    assert extraction.title == "T"
    assert len(extraction.metadata) <= 50
    assert all(len(name) <= 60 and len(value) <= 300 for name, value in extraction.metadata.items())


def test_html_in_markdown_hides_nothing_unseen():
    extraction = read("a.md", "Text.\n\n<div style='opacity:0'>Secret</div>\n")
    assert (extraction.text, extraction.hidden) == ("Text.", 6)


def test_reference_links_keep_their_words():
    assert (
        read("a.md", "See [the plan][1] and [annex].\n\n[1]: a.md\n[annex]: b.md\n").text == "See the plan and annex."
    )
