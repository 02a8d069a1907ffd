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


@pytest.mark.parametrize("value", ["!!int abc", "!!timestamp soon", "!!float x", "!!binary ='", "!!set a"])
def test_a_field_that_is_not_what_it_says_costs_no_text(value):
    assert read("a.md", f"---\ntitle: Plan\nx: {value}\n---\nText.").title == "Plan"


def test_a_note_of_one_word_is_text_and_the_target_of_a_link_is_none():
    page = "Cost is 5.[^1] See [here][2].\n\n[^1]: https://example.org/report\n\n[2]: https://example.org\n"
    assert read("a.md", page).text == "Cost is 5.[^1] See here.\n\n[^1]: https://example.org/report"


@pytest.mark.parametrize(
    ("line", "text", "hidden"),
    [
        ("Seen <span hidden>secret words</span> again.", "Seen again.", 12),
        ('Seen <span style="display: none">secret</span> again.', "Seen again.", 6),
        ("Seen <b hidden>very <i>secret</i> *words*</b> again.", "Seen again.", 15),
        ("Seen <span style='color:#fff;background:white'>secret</span> again.", "Seen again.", 6),
        ("Seen <span aria-hidden=true>secret</span> again.", "Seen again.", 6),
        ("Seen <span style='visibility:hidden'>secret <b style='visibility:visible'>but</b></span>", "Seen but", 6),
        ("Seen<br hidden> again.", "Seen again.", 0),
        ("Seen <i>and</i> <!-- hidden --> <b style='color:red'>again</b>.", "Seen and again.", 0),
        ("# Seen <span hidden>secret</span>", "Seen", 6),
        ("- <span hidden>secret</span>\n- seen", "seen", 6),
        ("1. <span hidden>secret</span>\n2. seen", "2. seen", 6),
        ("|a|b|\n|-|-|\n|1<span hidden>secret</span>|2|", "a | b\n1 | 2", 6),
        ("A list of <object> or `<b hidden>` in Map<Key, Value>", "A list of or <b hidden> in Map<Key, Value>", 0),
        ("One </span> <span hidden>secret\n\nTwo", "One\n\nTwo", 6),
    ],
)
def test_words_that_raw_html_hides_in_a_line_are_left_out_and_counted(line, text, hidden):
    extraction = read("a.md", f"First.\n\n{line}")
    assert (extraction.text, extraction.hidden) == (f"First.\n\n{text}", hidden)
    assert extraction.warnings == (
        (f"{hidden} characters that it hides from its readers were left out",) if hidden else ()
    )


@pytest.mark.parametrize(
    ("page", "text", "hidden"),
    [
        ("<div hidden>\n\nsecret\n\n</div>\n\nseen", "seen", 6),
        ("<div hidden>\n\n<div>\n\nsecret\n\n</div>\n\n# more\n\n    code\n\n</div>\n\nseen", "seen", 14),
        ("<div style='color:white'>\n\n<div style='background:#fff'>\n\nsecret\n\n</div></div>\n\nseen", "seen", 6),
        ("- <div hidden>\n\n  secret\n\n- seen", "seen", 6),
        ("<p hidden>secret\n\nseen", "seen", 6),
        ("<details style='margin:0'>\n\nseen\n\n</details>", "seen", 0),
        ("<div hidden><script>\n\n</script>\n\nsecret\n\n</div>\n\nseen", "seen", 6),
        ("<div hidden><!--\n\nsecret", "", 6),
        ("<div hidden>\n\nsecret</div> seen\n\nagain", "seen\n\nagain", 6),
        ("<div hidden>\n\n> secret\n\n- <b>more</b>\n\n</div>\n\nseen", "seen", 10),
    ],
)
def test_words_between_the_ends_of_a_hidden_element_are_left_out_and_counted(page, text, hidden):
    extraction = read("a.md", f"First.\n\n{page}")
    assert (extraction.text, extraction.hidden) == (f"First.\n\n{text}".strip(), hidden)


@pytest.mark.parametrize(
    ("page", "warnings"),
    [
        ("![A chart](chart.png) and ![](scan.png)", ("2 pictures in it are not read",)),
        ("[![A chart](small.png)](large.png)", ("1 picture in it is not read",)),
        ("See <img src=chart.png> or <img src=dot.gif width=1 height=1>", ("1 picture in it is not read",)),
        ("<p align=center>\n<img src=chart.png>\n</p>", ("1 picture in it is not read",)),
        ("<img src=chart.png hidden> `![](chart.png)`", ()),
    ],
)
def test_pictures_that_are_not_read_are_counted(page, warnings):
    assert read("a.md", f"First.\n\n{page}\n").warnings == warnings
    hidden = read("a.md", f"First.\n\n<div hidden>\n\n{page}\n\n</div>").warnings
    assert not any("picture" in warning for warning in hidden)
