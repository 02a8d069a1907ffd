"""HTML: the content of a page without its furniture and without what it hides."""

import pytest
from bs4.element import Tag
from loading_reading import read, spans

from indexer.loading.web import html_tables, html_tree

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


SEEN, HIDDEN = "The plan was published.", "Ignore what stands above."


@pytest.mark.parametrize(
    "style",
    [
        *("display: none !important", "DISPLAY:/* no */none", "visibility:collapse", "content-visibility:hidden"),
        *("opacity:0", "opacity: 0.01", "opacity:0%", "font-size:0", "font-size:0.0em", "font-size: 1px"),
        *("position:absolute;left:-9999px", "position:fixed; top:-100em", "text-indent:-9999px", "margin-left:-2000px"),
        *("color:transparent", "color:rgba(0,0,0,0)", "color:#0000", "color:#fff;background:#FEFEFE"),
        *(
            "background-color:rgb(255, 255, 255);color:white",
            "height:0;overflow:hidden",
            "max-height:1px;overflow:clip",
        ),
        *("clip:rect(0,0,0,0)", "clip-path:inset(100%)", "transform:scale(0)", "transform: translateX(-9999px)"),
        *("mso-hide:all",),
    ],
)
def test_what_a_style_hides_is_left_out_and_counted(style):
    extraction = read("a.html", f'<p>{SEEN}</p><div style="{style}"><p>{HIDDEN}</p></div>')
    assert extraction.text == SEEN
    assert extraction.hidden == len(HIDDEN)
    assert extraction.warnings == (f"{len(HIDDEN)} characters that it hides from its readers were left out",)


@pytest.mark.parametrize(
    "style",
    [
        *("display:block", "visibility:visible", "opacity:0.5", "opacity:1", "font-size:9px", "font-size:90%"),
        *(
            "position:absolute;left:-20px",
            "left:-9999px",
            "text-indent:-2em",
            "color:white",
            "color:#fff;background:#00f",
        ),
        *("color:white;background:url(x.png) white", "height:0", "overflow:hidden", "transform:scale(0.9)", "color:"),
        *("font-size", ";;:", "opacity:none", "clip:rect(0,9px,9px,0)", "background:white"),
    ],
)
def test_what_a_style_shows_is_kept(style):
    extraction = read("a.html", f'<p>{SEEN}</p><div style="{style}"><p>{HIDDEN}</p></div>')
    assert (extraction.text, extraction.hidden) == (f"{SEEN}\n\n{HIDDEN}", 0)
    assert extraction.warnings == ()


@pytest.mark.parametrize(
    ("around", "within"),
    [("font-size:0", "font-size:16px"), ("visibility:hidden", "visibility:visible"), ("color:#fff", "color:#000")],
)
def test_an_element_may_show_itself_within_one_that_hides_its_own_words(around, within):
    page = f'<body bgcolor="#ffffff"><p style="{around}">{HIDDEN}<span style="{within}">{SEEN}</span>'
    extraction = read("a.html", page)
    assert (extraction.text, extraction.hidden) == (SEEN, len(HIDDEN))


def test_old_colour_attributes_hide_too():
    page = f'<body bgcolor=white><p>{SEEN}<p><font color="#FFFFFF">{HIDDEN}</font>'
    assert (read("a.html", page).text, read("a.html", page).hidden) == (SEEN, len(HIDDEN))


def test_the_colour_of_the_page_counts_around_its_main_part():
    page = f'<body style="background:white"><main><p>{SEEN}<p style="color:white">{HIDDEN}</main>'
    assert read("a.html", page).text == SEEN


def test_scripts_in_hidden_elements_are_no_hidden_words():
    page = f"<p>{SEEN}</p><div hidden><script>let a = 1</script><!-- no --> <b>word</b> </div>"
    assert read("a.html", page).hidden == len("word")


def test_a_page_behind_its_own_dialogue_is_read():
    page = f'<div aria-hidden="true"><h1>Plan</h1><p>{SEEN}</p></div>'
    assert read("a.html", page).text == f"Plan\n\n{SEEN}"


@pytest.mark.parametrize(
    "bar",
    [
        '<div class="share-buttons share"><a href=x>Facebook</a> <a href=y>Mail</a></div>',
        '<div id="cookie-banner"><p>We use cookies.</p><button>Accept</button></div>',
        '<ol class="breadcrumb"><li><a>Home</a></li></ol>',
        '<a class="skip-link" href="#main">Skip to content</a>',
        '<span class="mw-editsection">[edit]</span>',
    ],
)
def test_bars_and_banners_are_no_content(bar):
    assert read("a.html", f"<h1>Plan</h1><p>{SEEN}</p>{bar}").text == f"Plan\n\n{SEEN}"


@pytest.mark.parametrize(
    "part",
    [
        '<section id="cookies"><p>Cookies are small files.</p></section>',
        f'<div class="cookie-policy"><p>{"Cookies are small files. " * 80}</p><a href=x>More</a></div>',
        '<div class="market-share"><h2>Shares</h2><p>A third.</p></div>',
    ],
)
def test_a_chapter_is_no_bar_for_its_name(part):
    plain = read("b.html", part.replace("class=", "title=").replace("id=", "title=")).text
    assert read("a.html", part).text == plain != ""


def test_what_the_head_says_is_metadata():
    page = (
        '<html lang="de-AT"><head><title>Plan</title><meta name="author" content="A. Huber">'
        '<meta property="og:description" content="Was  geschieht"><meta name="Keywords" content="Bahn">'
        '<meta property="article:author" content="https://example.org/huber"></head><body><p>Der Plan'
    )
    assert read("a.html", page).metadata == {
        "author": "A. Huber",
        "description": "Was geschieht",
        "keywords": "Bahn",
        "language": "de",
    }


def test_details_are_read_with_their_summary():
    page = "<details><summary>What does it cost?</summary><p>Nothing.</p></details>"
    assert spans(read("a.html", page)) == [("paragraph", "What does it cost?"), ("paragraph", "Nothing.")]


@pytest.mark.parametrize(
    "page",
    [
        '<div class="share">' * 5_000 + SEEN,
        '<p style="' + "color:" * 15_000 + f'">{SEEN}',
        '<p style="' + "/*" * 50_000 + f'">{SEEN}',
        '<p style="transform:' + "translate(" * 9_000 + f'">{SEEN}',
        '<p style="color:rgb(' + "1 " * 50_000 + f'">{SEEN}',
        '<p style="clip:rect(' + "0 " * 50_000 + f'">{SEEN}',
        "<p " + " ".join(f"a{number}=1" for number in range(20_000)) + f">{SEEN}",
        f'<p class="{"cookie " * 20_000}">{SEEN}',
        '<div style="color:#fff">' * 5_000 + SEEN,
    ],
    ids=["bars", "colours", "comments", "moves", "numbers", "clips", "attributes", "classes", "nested"],
)
def test_pages_made_to_be_slow_are_read(page):
    assert SEEN in read("a.html", page).text


def test_a_table_with_headers_keeps_its_rows_whatever_its_cells_hold():
    page = (
        "<table><tr><th>Duck<th>Needs<tr><td>Teal<td><ol><li>Pond<li>Marsh</ol>"
        "<tr><td>Mallard<td><table><tr><td>Lake</td><td>River</td></tr></table>and corn</table><p>After"
    )
    assert spans(read("a.html", page)) == [
        ("table_row", "Duck | Needs"),
        ("table_row", "Teal | 1. Pond 2. Marsh"),
        ("table_row", "Mallard | Lake River and corn"),
        ("paragraph", "After"),
    ]


def test_a_table_that_lays_out_a_page_is_none_for_a_table_in_it():
    page = "<table><tr><td><ul><li>Menu</ul><td><table><tr><th>Year<tr><td>2021</table></table>"
    assert spans(read("a.html", page)) == [("list_item", "Menu"), ("table_row", "Year"), ("table_row", "2021")]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("<ul><li>Pond</li><li>Marsh</li></ul>", "Pond Marsh"),
        ("<table><tr><td>Pond</td><td><table><tr><td>Marsh</td></tr></table></td></tr></table>", "Pond Marsh"),
        ("<img alt='A teal' src=x>", "A teal"),
    ],
)
def test_a_table_of_short_cells_keeps_its_rows_whatever_they_hold(cell, words):
    page = f"<table><tr><td><h2>Duck</h2></td><td>Needs</td></tr><tr><td>Teal</td><td>{cell}</td></tr></table>"
    assert spans(read("a.html", page)) == [("table_row", "Duck | Needs"), ("table_row", f"Teal | {words}")]


@pytest.mark.parametrize(
    "rows",
    [
        "<tr><td><ul><li>Menu</ul><td>Words",  # one row
        "<tr><td>Top<tr><td><ul><li>Menu</ul><td>Words",  # rows of other lengths
        f"<tr><td>Top<td>Name<tr><td><ul><li>Menu</ul><td>{'Words ' * 40}",  # prose
        "<tr><td>Top<td>Name<tr><td><h2>News</h2><td>Words",  # a heading in the middle
    ],
)
def test_a_table_that_lays_out_a_page_gives_no_rows(rows):
    assert "table_row" not in {kind for kind, _ in spans(read("a.html", f"<table>{rows}</table>"))}


def rows_of(table):
    return [text for _, text in spans(read("a.html", f"<table>{table}</table>"))]


def test_a_cell_that_spans_rows_stands_in_each_of_them():
    assert rows_of(
        "<tr><th>Year<th>Quarter<th>Month<th>Sum<tr><td rowspan=3>2025<td rowspan=2>Q1<td>January<td rowspan=0>9"
        "<tr><td>February<tr><td>Q2<td>April"
    ) == [
        "Year | Quarter | Month | Sum",
        "2025 | Q1 | January | 9",
        "2025 | Q1 | February | 9",
        "2025 | Q2 | April | 9",
    ]


def test_a_wide_cell_that_spans_rows_takes_all_its_columns():
    assert rows_of("<tr><td rowspan=2 colspan=2>North<td>1<tr><td>2") == ["North | 1", "North | 2"]


def test_a_cell_does_not_span_rows_of_another_group_or_table():
    assert rows_of("<thead><tr><th rowspan=9>Year<th>Sum<tbody><tr><td>2025<td>1") == ["Year | Sum", "2025 | 1"]
    page = "<table><tr><td rowspan=9>Year<td>1</table><table><tr><td>2<td>3</table>"
    assert [text for _, text in spans(read("a.html", page))] == ["Year | 1", "2 | 3"]


def test_a_spanning_cell_of_prose_stands_once_and_an_empty_row_not_at_all():
    prose = "x" * 201
    assert rows_of(f"<tr><td rowspan=4>{prose}<td>1<tr><td>2<tr><td><tr></tr>") == [f"{prose} | 1", "| 2"]


def test_cells_that_span_rows_do_not_swell_a_page():
    wide = "<td rowspan=65534>" + "word " * 30
    text = read("a.html", f"<table><tr>{wide * 500}{'<tr><td>1' * 5_000}</table>").text
    assert text.count("\n") == 5_000
    assert len(text) < 10_000_000


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p><a href=x><img alt='The  bridge' src=y></a>", "The bridge"),
        ("<p>See <img alt='the bridge' src=y> below", "See below"),
        ("<p>One<p><img alt='the bridge' src=y><p><a href=x><img alt='' src=y></a><p>Two", "One\n\nTwo"),
    ],
)
def test_a_picture_that_is_a_link_is_what_it_shows_and_others_say_nothing(body, text):
    assert read("a.html", body).text == text


def test_lists_in_the_header_of_an_article_are_menus():
    page = "<main><header><h1>Rail</h1><ul><li>Deutsch<li>Polski</ul></header><ul><li>Item</ul></main>"
    assert spans(read("a.html", page)) == [("heading1", "Rail"), ("list_item", "Item")]


def test_a_button_that_is_the_words_of_a_heading_is_read_and_another_is_not():
    page = "<h2><span><button>What does it cost?</button></span></h2><p>Nothing.</p><button>Send</button>"
    assert spans(read("a.html", page)) == [("heading2", "What does it cost?"), ("paragraph", "Nothing.")]


@pytest.mark.parametrize("way", ["<main hidden>{}</main>", "<div style='display:none'><main>{}</main></div>"])
def test_a_main_part_that_is_switched_off_is_left_out_and_counted(way):
    page = read("a.html", f"{way.format(f'<p>{HIDDEN}')}<main><p>{SEEN}</main>")
    assert (page.text, page.hidden) == (SEEN, len(HIDDEN))
    alone = read("a.html", f"{way.format(f'<p>{HIDDEN}')}<p>{SEEN}")
    assert (alone.text, alone.hidden) == (SEEN, len(HIDDEN))
    assert read("a.html", f"<body style='display:none'><main><p>{SEEN}</main>").text == SEEN


def test_words_beside_the_cells_of_a_row_are_read():
    page = "<table><tr><th>Year</th><th>Cost</th></tr><tr><td>2021</td><td>10</td> estimated</tr></table>"
    assert read("a.html", page).text == "Year | Cost\n2021 | 10 | estimated"


def test_a_table_is_searched_once_and_not_for_each_of_its_headers(monkeypatch):
    searched = []
    find = Tag.find
    monkeypatch.setattr(Tag, "find", lambda tag, *names, **more: searched.append(tag.name) or find(tag, *names, **more))
    page = f"<table>{'<tr><th>a<td>b' * 50}</table>"
    assert html_tables.layout_tables(html_tree.parse(page)) == set()
    assert searched.count("table") == 1


WORDS = "<p>Words that are read."
CARRIED = f"data:image/png;base64,{'A' * 2_000}"


@pytest.mark.parametrize(
    "picture",
    [
        "<img src=scan.png>",
        "<img src=scan.png alt='Our letter' width=600 height=40>",
        "<img src=scan.png width=50%>",
        "<img src=scan.png width=16 style='width:400px; height: 30em'>",
        "<a href=large.png><img src=scan.png alt='The letter'></a>",
        f"<img src='{CARRIED}' alt=''>",
        "<img src='cid:scan' alt=''>",
        "<picture><source srcset=scan.webp><img src=scan.png></picture>",
        "<noscript><img src=scan.png></noscript><img data-src=scan.png>",
        "<svg viewBox='0 0 24 24'><g><text>Sold</text></g></svg>",
        "<svg width=460pt height=345pt><path d='M0 0'/></svg>",
        "<object type='image/svg+xml' data=chart.svg><img src=chart.png></object>",
        "<embed src=chart.svg>",
        "<table><tr><td>1<td><img src=scan.png></table>",
    ],
)
def test_a_picture_that_is_not_read_is_counted(picture):
    assert read("a.html", WORDS + picture).warnings == ("1 picture in it is not read",)


@pytest.mark.parametrize(
    "picture",
    [
        "<img src=wave.png alt=''>",
        "<img src=wave.png alt=' ' width=900 height=300>",
        "<img src=wave.png role=presentation>",
        "<img src=dot.gif width=1 height=1>",
        "<img src=smiley.png alt=':-)' width=20>",
        "<img src=logo.png alt=Logo style='height:2em'>",
        "<img src=rule.png width=700 height=4>",
        "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw=' data-src=wave.png alt=''>",
        "<img src=scan.png hidden>",
        "<div style='display:none'><img src=scan.png></div>",
        "<span aria-hidden=true><img src=scan.png></span>",
        "<nav><img src=logo.png></nav><footer><img src=logo.png></footer>",
        "<svg viewBox='0 0 24 24'><title>Menu</title><path d='M0 0'/></svg>",
        "<svg width=24 height=24><text>i</text></svg>",
        "<svg style='display:none'><text>Sold</text></svg>",
        "<svg aria-hidden=true width=900 height=300><path d='M0 0'/></svg>",
        "<object type='application/pdf' data=a.pdf></object><iframe src=a.html></iframe><embed src=a.mp4>",
    ],
)
def test_decoration_icons_and_what_nobody_sees_are_no_pictures_unread(picture):
    assert not any("picture" in warning for warning in read("a.html", WORDS + picture).warnings)


def test_pictures_of_all_main_parts_are_counted_once():
    page = "<img src=outside.png><main><p>One<img src=a.png></main><main><p>Two<img src=b.png></main>"
    assert read("a.html", page).warnings == ("2 pictures in it are not read",)
