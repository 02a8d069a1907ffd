"""What is written of a document comes back as it was: pages, certificate, fields, places, warnings; or is noticed."""

import json
import sqlite3
import zlib
from dataclasses import replace

import numpy as np
import pytest
from fakes import IDENTITY, word_vectors
from hypothesis import given
from hypothesis import strategies as st

from indexer import checking, records
from indexer.catalogue import DATABASE, DamagedIndexError
from indexer.coverage import RECOGNISED, chunk_warning, coverage_of, document_warning, shown_metadata
from indexer.digests import DIGEST_BYTES, digest
from indexer.store import IndexStore
from indexer.writing import IndexedDocument
from schema import Block, Chunk, Coverage, Extraction, Filter, FootnoteError, Page, Source, Words, source_info_to_dict

STATUSES = ("text", "ocr", "empty", "suspicious", "unreadable")
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.integers(0, 10**9)
POINTS = st.floats(0, 1e5, allow_nan=False, width=32)
PAGES = st.lists(
    st.builds(Page, NUMBERS, NUMBERS, NUMBERS, WORDS, st.sampled_from(STATUSES), WORDS, POINTS, POINTS), max_size=6
).map(tuple)
COVERAGES = st.builds(
    Coverage,
    *[NUMBERS] * 7,
    st.lists(WORDS, max_size=3).map(tuple),
    st.booleans(),
    st.booleans(),
    st.lists(WORDS, max_size=3).map(tuple),
)


@pytest.fixture
def store(tmp_path):
    store = IndexStore(tmp_path / "index", IDENTITY, create=True)
    yield store
    store.close()


def scan(**changes):
    """Four pages: read, recognised, looking bad, and blank; a chunk on each that has text."""
    texts = ["typed words", "pictured words", "w0rd$ m4ngled"]
    text = "\n\n".join([*texts, ""])
    spans = [(0, 11), (13, 27), (29, 42), (44, 44)]
    pages = tuple(
        Page(number, *span, label, status, problem, 595.25, 842.0)
        for number, (span, label, status, problem) in enumerate(
            zip(spans, ("i", "ii", "1", ""), ("text", "ocr", "suspicious", "empty"), ("", "", "odd characters.", ""),
                strict=True), start=1
        )
    )  # fmt: skip
    source = Source("default", "scan.pdf", "A scan", "2021-06", "0" * 64)
    extraction = Extraction(
        text,
        tuple(Block("paragraph", *span) for span in spans[:3]),
        pages,
        title="A scan",
        date="2021-06",
        warnings=("2 pages are pictures.", "It has macros."),
        metadata={"author": "Ann Other", "language": "en, de", "version": "3"},
        hidden=7,
        boxes=tuple(zlib.compress(bytes(8 * (end - start))) if start < end else b"" for start, end in spans),
    )
    chunks = [Chunk(source.source_id, *span, text[slice(*span)], n + 1) for n, span in enumerate(spans[:3])]
    document = IndexedDocument(source, extraction, chunks, word_vectors(texts), status="partial", reason="as it is")
    return replace(document, **changes)


# Round trips


@given(PAGES)
def test_pages_come_back_as_they_were(pages):
    assert records.decode_pages(records.encode_pages(pages)) == pages


@given(COVERAGES)
def test_a_certificate_comes_back_as_it_was(coverage):
    assert records.decode_coverage(records.encode_coverage(coverage)) == coverage
    assert json.loads(json.dumps(coverage.to_dict()))["badge"] == coverage.badge


FIELDS = st.lists(WORDS | st.integers() | st.none() | st.binary(max_size=12), max_size=5)


@given(FIELDS, FIELDS)
def test_a_digest_is_of_its_fields_and_of_nothing_else(one, other):
    assert digest(*one) == digest(*one)
    same = [(type(field), field) for field in one] == [(type(field), field) for field in other]
    assert (digest(*one) == digest(*other)) == same
    assert len(digest(*one)) == DIGEST_BYTES


def test_fields_of_one_spelling_have_digests_of_their_own():
    kinds = [
        ("ab", "c"),
        ("a", "bc"),
        ("abc",),
        (b"abc",),
        ("1",),
        (1,),
        (b"1",),
        (None,),
        ("",),
        ("None",),
        (b"",),
        (),
    ]
    assert len({digest(*fields) for fields in kinds}) == len(kinds)


# The certificate


def test_a_document_is_listed_with_its_certificate_and_its_fields(store):
    store.put([scan(metadata={"team": "red", "draft": True, "version": "4", "tags": ["no", "text"]})])
    (info,) = store.sources()
    assert info.coverage == Coverage(
        characters=44, hidden=7, text=1, ocr=1, suspicious=1, empty=1, unreadable=0, languages=("en", "de"),
        titled=True, dated=True, warnings=("2 pages are pictures.", "It has macros."),
    )  # fmt: skip
    assert info.coverage.badge == "4 pages, 1 by recognition, 1 suspicious, 1 empty, 7 hidden characters left out"
    assert (info.pages, info.pages_empty, info.characters, info.chunks) == (4, 1, 44, 3)
    assert info.metadata == {
        "author": "Ann Other", "language": "en, de", "version": "4", "team": "red", "draft": "true"
    }  # fmt: skip
    record = source_info_to_dict(info)
    assert record["pages"] == {"total": 4, "with_text": 3, "ocr": 1, "suspicious": 1, "empty": 1, "unreadable": 0}
    assert record["coverage"]["warnings"] == ("2 pages are pictures.", "It has macros.")
    assert record["metadata"]["author"] == "Ann Other"


@pytest.mark.parametrize(
    ("coverage", "badge"),
    [
        (Coverage(text=108, ocr=3, empty=1), "112 pages, 3 by recognition, 1 empty"),
        (Coverage(characters=1234), "1,234 characters"),
        (Coverage(characters=5, unreadable=1), "1 page, 1 unreadable"),
        (Coverage(text=1), "1 page"),
    ],
)
def test_a_certificate_is_a_few_words_for_people(coverage, badge):
    assert coverage.badge == badge


def test_a_page_without_text_that_nobody_judged_is_empty():
    pages = (Page(1, 0, 1), Page(2, 1, 1), Page(3, 1, 1, status="unreadable"))
    coverage = coverage_of(Extraction("x", (), pages), {})
    assert (coverage.text, coverage.empty, coverage.unreadable, coverage.pages) == (1, 1, 1, 3)
    assert (coverage.titled, coverage.dated, coverage.languages) == (False, False, ())


# Views and places


def test_a_page_is_shown_with_its_label_its_status_and_the_places_of_its_characters(store):
    document = scan()
    store.put([document])
    views = [store.page_view("scan.pdf", number) for number in (1, 2, 3, 4)]
    assert [view.text for view in views] == ["typed words", "pictured words", "w0rd$ m4ngled", ""]
    assert [(view.label, view.status, view.problem) for view in views] == [
        ("i", "text", ""), ("ii", "ocr", ""), ("1", "suspicious", "odd characters."), ("", "empty", ""),
    ]  # fmt: skip
    assert {(view.width, view.height, view.count) for view in views} == {(595.25, 842.0, 4)}
    assert tuple(view.boxes for view in views) == document.extraction.boxes
    assert [view.boxes for view in store.page_views("scan.pdf")] == [b""] * 4
    with pytest.raises(FootnoteError, match=r"^scan.pdf has 4 page\(s\); there is no page 5\.$"):
        store.page_view("scan.pdf", 5)


def test_a_replaced_or_removed_document_takes_its_places_with_it(store):
    store.put([scan()])
    store.put([scan(extraction=replace(scan().extraction, boxes=()))])
    assert store.page_view("scan.pdf", 1).boxes == b""
    store.put([scan()])
    store.delete(["default/scan.pdf"])
    assert store._connection.execute("SELECT count(*) FROM page_box").fetchone() == (0,)
    assert store.check() == "ok"


# Warnings


def test_a_passage_says_that_its_page_was_badly_read(store):
    store.put([scan(status="indexed")])
    expected = {
        "typed words": "",
        "pictured words": RECOGNISED,
        "w0rd$ m4ngled": "The text of this page looks badly read (odd characters): compare it.",
    }
    for found in (store.dense(word_vectors(["words"])[0], 9), store.lexical(Words(("words", "m4ngled")), 9)):
        assert {hit.chunk.text: hit.warning for hit in found} == expected


def test_a_passage_of_a_document_that_was_read_in_part_says_so():
    assert document_warning(Coverage(text=38, unreadable=2), "partial") == (
        "2 of 40 pages of this document could not be read well: it may say more."
    )
    assert document_warning(Coverage(text=38, empty=2), "partial") == ""
    assert document_warning(Coverage(text=38, unreadable=2), "indexed") == ""


def test_the_worst_of_several_pages_speaks_for_a_chunk():
    pages = [Page(1, 0, 10), Page(2, 10, 20, status="ocr"), Page(3, 20, 30, status="suspicious")]
    assert chunk_warning(Chunk("s", 0, 10, "x"), pages) == ""
    assert chunk_warning(Chunk("s", 5, 15, "x"), pages) == RECOGNISED
    assert chunk_warning(Chunk("s", 5, 25, "x"), pages) == "The text of this page looks badly read: compare it."
    assert chunk_warning(Chunk("s", 0, 10, "x"), []) == ""


def test_a_chunk_looks_only_at_the_pages_around_it():
    class Counted(list):
        looks = 0

        def __getitem__(self, place):
            Counted.looks += 1
            return super().__getitem__(place)

        def __iter__(self):
            return (self[place] for place in range(len(self)))

    pages = Counted(Page(number, 10 * number, 10 * number + 10 * (number % 2)) for number in range(10_000))
    pages[7001] = Page(7001, 70_010, 70_020, status="ocr")
    assert chunk_warning(Chunk("s", 70_005, 70_011, "x"), pages) == RECOGNISED
    assert chunk_warning(Chunk("s", 70_020, 70_040, "x"), pages) == ""
    assert Counted.looks < 100


# Fields as filters


@pytest.mark.parametrize(
    ("pairs", "found"),
    [
        ([("author", "Ann Other")], True),
        ([("author", "Ann")], False),
        ([("language", "en, de"), ("version", "3"), ("team", "red")], True),
        ([("version", "3"), ("team", "blue")], False),
        ([("title", "A scan"), ("collection", "default"), ("path", "scan.pdf"), ("date", "2021-06")], True),
        ([("title", "Another")], False),
        ([("author", "Ann Other' OR '1'='1")], False),
        ([('x" = 1 OR "y', "red")], False),
    ],
)
def test_what_a_document_says_of_itself_and_what_was_noted_are_filters(store, pairs, found):
    store.put([scan(metadata={"team": "red"})])
    within = Filter(metadata=tuple(pairs))
    assert bool(store.dense(word_vectors(["words"])[0], 9, within=within)) == found
    assert bool(store.lexical(Words(("words",)), 9, within=within)) == found


@given(st.dictionaries(st.sampled_from(["team", "author", "a b", "é"]), WORDS | st.booleans() | st.integers(-99, 99)))
def test_the_fields_that_are_listed_are_those_that_a_filter_takes(tmp_path_factory, fields):
    store = IndexStore(tmp_path_factory.mktemp("listed") / "index", IDENTITY, create=True)
    try:
        store.put([scan(metadata=fields)])
        (info,) = store.sources()
        for pair in info.metadata.items():
            if "\x00" not in pair[1]:  # SQLite's functions read a text up to there
                assert len(store.lexical(Words(("words",)), 9, within=Filter(metadata=(pair,)))) == 2
    finally:
        store.close()


def test_fields_of_an_added_text_are_listed_as_if_they_were_its_own():
    assert shown_metadata({"document_id": "7", "metadata": {"team": "red", "n": 3}}) == {
        "team": "red", "n": "3", "document_id": "7"
    }  # fmt: skip
    assert shown_metadata({"metadata": "text", "nothing": None}) == {"metadata": "text"}


# Digests stay level with changes


def test_every_change_of_a_row_keeps_its_digest_level(store):
    store.put([scan()])
    with store._commit(["default/scan.pdf"]):
        store._connection.execute("UPDATE source SET root = '/elsewhere'")
    assert store.check() == "ok"
    with store._commit(["default/scan.pdf"]):
        store._connection.execute("UPDATE source SET title = 'Renamed', metadata = '{}'")
        store._connection.execute("UPDATE chunk SET page = 9")
    assert store.check() == "ok"
    assert store.find("scan.pdf").title == "Renamed"


def test_a_change_of_a_damaged_row_does_not_make_it_whole(store):
    store.put([scan()])
    found = store._connection.execute("SELECT sql FROM sqlite_master WHERE name = 'source_changed'")
    (trigger,) = found.fetchone()
    store._connection.execute("DROP TRIGGER source_changed")
    store._connection.execute("UPDATE source SET date = '1999'")
    store._connection.execute(trigger)
    with store._commit(["default/scan.pdf"]):
        store._connection.execute("UPDATE source SET root = '/elsewhere'")
    with pytest.raises(FootnoteError, match=r"the entry of the document 'default/scan\.pdf' is not as it was"):
        store.find("scan.pdf")


# Damage


SEARCH = lambda store: store.lexical(Words(("words",)), 9)  # noqa: E731
DAMAGE = [
    ("UPDATE source SET title = 'Another'", lambda store: store.sources(), "the entry of the document"),
    ("UPDATE source SET sha256 = 'f'", lambda store: store.known_files("default"), "the entry of the document"),
    ("UPDATE source SET title = 'Another'", SEARCH, "the entry of the document"),
    ("UPDATE source SET metadata = '{}'", lambda store: store.metadata("scan.pdf"), "the entry of the document"),
    ("UPDATE source_text SET text = 'other'", lambda store: store.text("scan.pdf"), "the text of a document"),
    ("UPDATE source_text SET pages = '[]'", lambda store: store.page_views("scan.pdf"), "the text of a document"),
    ("DELETE FROM source_text", lambda store: store.text("scan.pdf"), "the text of a document is missing"),
    ("UPDATE page_box SET boxes = x'00'", lambda store: store.page_view("scan.pdf", 1), "the places of the characters"),
    ("UPDATE chunk SET text = 'words of another'", SEARCH, "a passage"),
    ("UPDATE chunk SET start = start + 1", SEARCH, "a passage"),
    ("UPDATE chunk SET warning = ''", SEARCH, "a passage"),
    (
        "UPDATE chunk SET vector = zeroblob(length(vector))",
        lambda store: store.dense(word_vectors(["words"])[0], 9),
        "a vector",
    ),
    (
        "UPDATE chunk SET vector = zeroblob(length(vector))",
        lambda store: store.vectors([scan().chunks[0].chunk_id]),
        "a vector",
    ),
    ("UPDATE meta SET value = '7' WHERE key = 'generation'", SEARCH, "the entry 'generation'"),
]


@pytest.mark.parametrize(("statement", "use", "what"), DAMAGE)
def test_what_is_not_as_it_was_written_is_noticed_when_it_is_used(store, statement, use, what):
    """Also while the index is open, and in one that is too large to be checked wholly when it is opened."""
    store.put([scan()])
    use(store)
    again = IndexStore(store.folder, IDENTITY)
    try:
        for table in ("source", "chunk"):
            store._connection.execute(f"DROP TRIGGER {table}_changed")
        store._connection.execute(statement)
        with pytest.raises(DamagedIndexError, match=what):
            use(again)
    finally:
        again.close()


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        *((statement, what.removesuffix(" is missing")) for statement, _, what in DAMAGE),
        ("DELETE FROM chunk WHERE id = 2", "there are more or fewer passages"),
        ("DELETE FROM page_box WHERE id = 2", "the document default/scan.pdf"),
        ("DELETE FROM meta WHERE key = 'embedder'", "the entry 'embedder' is missing"),
        ("DELETE FROM meta WHERE key = 'documents'", "the list of documents"),
        ("UPDATE chunk SET source = 2", "the document of a passage|a passage is missing|FOREIGN"),
        ("INSERT INTO source_text VALUES (9, 'x', '[]', x'00')", "without its document"),
        ("DROP TRIGGER chunk_removed", "its tables are not as they were made"),
        ("DROP INDEX chunk_of_source", "its tables are not as they were made"),
    ],
)
def test_what_is_not_as_it_was_written_is_noticed_when_a_small_index_is_opened(store, statement, what):
    store.put([scan(), scan(source=Source("default", "b.pdf", "", None, "1"), chunks=[], vectors=np.zeros((0, 32)))])
    triggers = {
        name: sql
        for name, sql in store._connection.execute("SELECT name, sql FROM sqlite_master WHERE name LIKE '%_changed'")
    }
    store._connection.execute("PRAGMA foreign_keys = OFF")
    for name in triggers:
        store._connection.execute(f"DROP TRIGGER {name}")
    store._connection.execute(statement)
    for sql in triggers.values():
        store._connection.execute(sql)
    with pytest.raises(DamagedIndexError, match=what):
        IndexStore(store.folder, IDENTITY)
    assert store.check() != "ok"


def test_a_missing_document_is_noticed_even_in_a_large_index(store, monkeypatch):
    monkeypatch.setattr(checking, "LARGEST_WHOLE_CHECK", 0)
    store.put([scan()])
    IndexStore(store.folder, IDENTITY).close()
    store._connection.execute("PRAGMA foreign_keys = OFF")
    store._connection.execute("DELETE FROM source")
    store._connection.execute("DELETE FROM chunk")
    with pytest.raises(DamagedIndexError, match="the list of documents is not as it was written"):
        IndexStore(store.folder, IDENTITY)


def test_an_index_of_an_older_format_is_refused_with_what_to_do(tmp_path):
    folder = tmp_path / "old"
    folder.mkdir()
    connection = sqlite3.connect(folder / DATABASE)
    connection.executescript(
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
        "INSERT INTO meta VALUES ('format', '2');"
    )
    connection.close()
    for create in (False, True):
        with pytest.raises(FootnoteError) as caught:
            IndexStore(folder, IDENTITY, create=create)
        assert str(caught.value) == (
            f"The index {folder} has format 2, and this version of Footnote reads format 3. The documents have to be "
            f"read again: move that folder away, then run footnote index PATH --index {folder}, with the same files "
            "and folders as before."
        )


def test_a_database_of_another_program_is_refused(tmp_path):
    connection = sqlite3.connect(tmp_path / DATABASE)
    connection.execute("CREATE TABLE other (name)")
    connection.close()
    with pytest.raises(FootnoteError, match=r"is not a database of Footnote\. Name another folder with --index\.$"):
        IndexStore(tmp_path, IDENTITY)
