"""Markdown: markup goes, words stay, structure becomes blocks."""

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
