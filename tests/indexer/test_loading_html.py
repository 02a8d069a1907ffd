"""HTML: the content of a page without its furniture and without what it hides."""

import pytest
from loading_reading import read, spans

PAGE = """<!DOCTYPE html>
<html><head><title>National plan - Ministry</title><style>p {}</style>
<meta name="DC.date.issued" content="2022-10-20T10:00:00Z"></head>
<body>
<header><a href="/">Ministry</a></header><nav><ul><li>Home</li></ul></nav>
<div role="navigation">Menu</div>
<article><header><h1>National <em>plan</em></h1></header>
<p>First&nbsp;line<br>second <span>l</span>ine.<script>alert(1)</script>
<p style="display: none">hidden</p><p hidden>hidden</p><p aria-hidden="true">hidden</p>
<h2>Steps</h2>
<ol start="3"><li>three<ul><li>inner</li></ul></li><li><p>four</p><p>more</p></li></ol>
<dl><dt>Term</dt><dd>Meaning</dd></dl>
<table><caption>Costs</caption><tr><th>Year</th><th>Total</th></tr><tr><td>2021</td><td><p>10</p></td></tr></table>
<pre>def f():
    return 1</pre>
One<br><br>Two
<!-- comment --></article>
<aside>Related</aside><footer>Imprint</footer></body></html>"""


def test_blocks_of_a_page():
    extraction = read("plan.html", PAGE)
    assert spans(extraction) == [
        ("heading1", "National plan"),
        ("paragraph", "First line second line."),
        ("heading2", "Steps"),
        ("list_item", "3. three"),
        ("list_item", "inner"),
        ("list_item", "4. four"),
        ("list_item", "more"),
        ("paragraph", "Term"),
        ("paragraph", "Meaning"),
        ("paragraph", "Costs"),
        ("table_row", "Year | Total"),
        ("table_row", "2021 | 10"),
        ("paragraph", "def f():\n    return 1"),
        ("paragraph", "One"),
        ("paragraph", "Two"),
    ]
    assert (extraction.title, extraction.date) == ("National plan", "2022-10-20")


def test_main_wins_over_the_rest_of_the_page():
    page = (
        "<html><body><div>Cookies</div><main><p>Content</p><aside>Remark</aside></main><div>Share</div></body></html>"
    )
    assert read("a.htm", page).text == "Content\n\nRemark"


def test_a_page_that_is_all_header_is_not_empty_but_hidden_text_stays_hidden():
    page = "<html><body><header>Notice<p hidden>secret</p></header></body></html>"
    assert read("a.html", page).text == "Notice"


def test_tables_for_layout_are_read_as_blocks():
    page = "<table><tr><td><h1>Title</h1>Text</td><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>"
    assert spans(read("a.html", page)) == [("heading1", "Title"), ("paragraph", "Text"), ("table_row", "a | b")]


@pytest.mark.parametrize(
    ("head", "date"),
    [
        ('<time datetime="2022-10-20">yesterday</time>', "2022-10-20"),
        ('<time datetime="2022-10-20"></time><time datetime="2021-01-01"></time>', None),
        (
            '<time datetime="2021-01-01"></time><time itemprop="datePublished" datetime="2022-10-20"></time>',
            "2022-10-20",
        ),
        ("<p>Published 20 October 2022</p>", "2022-10-20"),
        ('<meta name="date" content="soon">', None),
    ],
)
def test_stated_date(head, date):
    assert read("a.html", f"<html><body>{head}<p>Text</p></body></html>").date == date


def test_title_without_a_heading():
    assert read("a.html", "<title>News | Site</title><p>Text").title == "News | Site"
    assert read("a.html", '<meta property="og:title" content="Card"><p>Text').title == "Card"


@pytest.mark.parametrize("opening", ["<div>", "<ul><li>", "<table><tr><td>", "<b>", "<main>", "<header>"])
def test_deep_nesting_is_read(opening):
    assert read("deep.html", f"<html><body>{opening * 3_000}<h1>deep</h1>").text == "deep"


def test_tens_of_thousands_of_nested_divs():
    page = "<html><body>" + "<div>" * 30_000 + "deep" + "</div>" * 30_000 + "<p>after</p></body></html>"
    assert read("deep.html", page).text == "deep\n\nafter"


def test_declared_encoding_and_xhtml():
    page = '<html><head><meta charset="iso-8859-2"></head><body><p>Łódź</p></body></html>'
    assert read("a.html", page.encode("iso-8859-2")).text == "Łódź"
    xhtml = '<?xml version="1.0" encoding="UTF-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Łódź</p></body></html>'
    assert read("a.xhtml", xhtml).text == "Łódź"


def test_an_entity_bomb_and_an_external_entity_give_nothing():
    page = (
        '<?xml version="1.0"?><!DOCTYPE html [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">'
        '<!ENTITY f SYSTEM "file:///etc/passwd">]><html><body><p>Text &b;&f;</p></body></html>'
    )
    text = read("a.xhtml", page).text
    assert "Text" in text
    assert "aaaa" not in text.split("Text")[1]
    assert "root:" not in text
