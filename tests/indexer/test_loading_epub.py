"""EPUB: the documents of a book in reading order, with what it says of itself."""

import pytest
from container_building import zipped
from loading_reading import read, spans

from schema import FootnoteError

CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
ITEMS = {"one": "text/one.xhtml", "two": "text/tw%20o.xhtml", "nav": "nav.xhtml"}


def opf(items=ITEMS, spine=("two", "one"), extra=""):
    kind = 'media-type="application/xhtml+xml"'
    marks = {"nav": 'properties="nav"'}
    manifest = "".join(f'<item id="{key}" href="{href}" {kind} {marks.get(key, "")}/>' for key, href in items.items())
    references = "".join(f'<itemref idref="{key}"/>' for key in spine)
    return (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
        "<dc:title>The Rail Book</dc:title><dc:creator>Ann Lee</dc:creator><dc:creator>Bob Ray</dc:creator>"
        "<dc:language>en-GB</dc:language><dc:date>2021-03-12T00:00:00Z</dc:date><dc:publisher>Press</dc:publisher>"
        f"{extra}</metadata><manifest>{manifest}</manifest><spine>{references}</spine></package>"
    )


NAV = (
    '<html><body><nav><ol><li><a href="text/one.xhtml#top">Chapter One</a><li><a href="text/tw%20o.xhtml">Two</a></ol>'
)
ONE = "<html><head><title/></head><body><p>First words.</p><p hidden='hidden'>Secret</p></body></html>"
TWO = "<?xml version='1.0' encoding='utf-8'?><html><body><h2>Opening</h2><p>Grüße.</p></body></html>"


def book(**changes):
    files = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": opf(),
        "OEBPS/nav.xhtml": NAV,
        "OEBPS/text/one.xhtml": ONE,
        "OEBPS/text/tw o.xhtml": TWO,
    }
    files |= {name.replace("__", "/"): content for name, content in changes.items()}
    return zipped([(name, content) for name, content in files.items() if content is not None])


def test_headers_and_footers_in_a_book_are_its_own_and_its_menus_are_not():
    page = "<body><header><h2>Imprint</h2></header><nav>Contents</nav><p>Words.</p><footer>A. L.</footer>"
    found = spans(read("a.epub", book(**{"OEBPS/text/one.xhtml": page})))
    assert found[2:] == [("heading2", "Imprint"), ("paragraph", "Words."), ("paragraph", "A. L.")]


def test_a_book_is_read_in_the_order_of_its_spine():
    extraction = read("a.epub", book())
    assert spans(extraction) == [
        ("heading2", "Opening"),
        ("paragraph", "Grüße."),
        ("heading1", "Chapter One"),
        ("paragraph", "First words."),
    ]
    assert [extraction.text[page.start : page.end] for page in extraction.pages] == [
        "Opening\n\nGrüße.",
        "Chapter One\n\nFirst words.",
    ]
    assert extraction.hidden == len("Secret")


def test_what_a_book_says_of_itself_is_metadata():
    extraction = read("a.epub", book())
    assert (extraction.title, extraction.date) == ("The Rail Book", "2021-03-12")
    assert extraction.metadata == {"author": "Ann Lee, Bob Ray", "publisher": "Press", "language": "en"}


def test_the_older_table_of_contents_counts_too():
    ncx = (
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>Old name</text></navLabel>'
        '<content src="text/one.xhtml"/></navPoint></navMap></ncx>'
    )
    listed = opf({"one": ITEMS["one"]}, ["one"]).replace(
        "</manifest>", '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/></manifest>'
    )
    extraction = read("a.epub", book(**{"OEBPS__toc.ncx": ncx, "OEBPS__book.opf": listed}))
    assert spans(extraction)[0] == ("heading1", "Old name")


def test_a_damaged_table_of_contents_costs_its_headings_only():
    extraction = read("a.epub", book(**{"OEBPS__nav.xhtml": b"\x00\xff<<<"}))
    assert "First words." in extraction.text


def test_a_document_that_is_named_twice_is_read_once():
    extraction = read("a.epub", book(**{"OEBPS__book.opf": opf(spine=("one", "one", "two"))}))
    assert extraction.text.count("First words.") == 1
    assert len(extraction.pages) == 2


def test_a_document_that_is_listed_and_missing_is_a_page_that_a_warning_names():
    items = ITEMS | {"gone": "text/gone.xhtml", "scan": 'scan.jpg" media-type="image/jpeg" x="'}
    listed = opf(items, ("gone", "one", "no", "scan", "two")).replace('x="" media-type="application/xhtml+xml"', "")
    extraction = read("a.epub", book(**{"OEBPS__book.opf": listed}))
    assert [(page.status, page.problem) for page in extraction.pages] == [
        ("unreadable", "It has no part named OEBPS/text/gone.xhtml: it may be damaged."),
        ("text", ""),
        ("unreadable", "It is not among the parts that the book lists."),
        ("unreadable", "It is of type image/jpeg, and no page of text."),
        ("text", ""),
    ]
    assert extraction.warnings[1:] == (
        "3 of its 5 documents can't be read (OEBPS/text/gone.xhtml, no, OEBPS/scan.jpg)",
    )


def test_a_damaged_document_costs_its_own_page_and_a_warning_names_it():
    whole = book(**{"OEBPS__text__one.xhtml": ONE.replace("First", "".join(map(chr, range(0x4E00, 0x4F00))))})
    start = whole.index(b"OEBPS/text/one.xhtml") + len("OEBPS/text/one.xhtml") + 40
    extraction = read("a.epub", whole[:start] + bytes(20) + whole[start + 20 :])
    assert spans(extraction) == [("heading2", "Opening"), ("paragraph", "Grüße.")]
    assert [page.status for page in extraction.pages] == ["text", "unreadable"]
    assert extraction.warnings == ("1 of its 2 documents can't be read (OEBPS/text/one.xhtml)",)


def test_of_many_documents_that_are_missing_the_first_are_named():
    keys = [f"part{number}" for number in range(15)]
    (warning,) = read("a.epub", book(**{"OEBPS__book.opf": opf(spine=("two", *keys))})).warnings
    assert warning == f"15 of its 16 documents can't be read ({', '.join(keys[:12])} and 3 more)"


def test_pictures_in_a_book_are_counted_but_for_its_cover():
    cover = '<body><svg width="600" height="900"><image width="600" xlink:href="../cover.jpg"/></svg>'
    page = '<body><p>Words.</p><img src="../cover.jpg"/><img src="../map.jpg"/><svg><image href="m.jpg"/></svg></body>'
    listed = opf(ITEMS | {"cover": "cover.jpg"}, extra='<meta name="cover" content="cover"/>')
    changes = {"OEBPS/text/one.xhtml": page, "OEBPS/text/tw o.xhtml": cover}
    assert read("a.epub", book(**changes)).warnings == ("4 pictures in it are not read",)
    assert read("a.epub", book(**changes, **{"OEBPS/book.opf": listed})).warnings == ("2 pictures in it are not read",)
    marked = listed.replace("<meta ", "<other ").replace(
        'href="cover.jpg"', 'href="cover.jpg" properties="cover-image"'
    )
    assert read("a.epub", book(**changes, **{"OEBPS/book.opf": marked})).warnings == ("2 pictures in it are not read",)


def test_names_that_lead_out_of_the_book_lead_nowhere():
    outside = opf({"one": "../../../../etc/passwd", "two": "file:///etc/passwd", "nav": ITEMS["nav"]})
    with pytest.raises(FootnoteError, match="no text was found"):
        read("a.epub", book(**{"OEBPS__book.opf": outside}))


def test_a_protected_book_is_refused():
    locked = '<encryption><EncryptedData><CipherReference URI="OEBPS/text/one.xhtml"/></EncryptedData></encryption>'
    with pytest.raises(FootnoteError, match="protected against copying"):
        read("a.epub", book(**{"META-INF__encryption.xml": locked}))


def test_protected_fonts_do_not_matter():
    fonts = '<encryption><EncryptedData><CipherReference URI="OEBPS/font.otf"/></EncryptedData></encryption>'
    assert "First words." in read("a.epub", book(**{"META-INF__encryption.xml": fonts})).text


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("OEBPS__book.opf", None, "list of contents is missing"),
        ("OEBPS__book.opf", "<package", "not well-formed XML"),
        ("OEBPS__book.opf", '<!DOCTYPE p [<!ENTITY a "b">]><package>&a;</package>', "declares XML entities"),
        ("OEBPS__book.opf", f"{'<a>' * 150}{'</a>' * 150}", "nests deeper"),
        ("META-INF__container.xml", "<container/>", "list of contents is missing"),
    ],
)
def test_a_damaged_book_is_refused_with_its_reason(name, content, reason):
    with pytest.raises(FootnoteError, match=reason):
        read("a.epub", book(**{name: content}))


def test_entities_in_a_document_reach_no_file(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("canary")
    evil = f'<!DOCTYPE html [<!ENTITY x SYSTEM "file://{secret}">]><html><body><p>Words &x;.</p></body></html>'
    text = read("a.epub", book(**{"OEBPS__text__one.xhtml": evil})).text
    assert "Words" in text
    assert "canary" not in text
