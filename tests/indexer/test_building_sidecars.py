"""What files beside a document say of it, in the index: who wins, and that nothing is embedded for it."""

import pytest
from indexing_runs import box, found, write

from schema import Filter, Words


def labels(indexing, name):
    source = indexing.store.find(name)
    return source.title, source.date, indexing.store.metadata(name)


@pytest.fixture
def page(docs):
    path = docs / "sub" / "page.html"
    path.parent.mkdir()
    path.write_text(
        '<html lang="en"><head><title>Own</title><meta name="author" content="Somebody"></head>'
        "<body><p>The apple.</p></body></html>"
    )
    return path


def beside(path, text):
    path.with_name(f"{path.name}.meta.yaml").write_text(text)


def test_the_nearer_file_wins_and_any_over_the_documents_own_words(docs, page, indexing):
    (docs / ".footnote.yaml").write_text("team: red\nfloor: 3\nroom: 1\ndate: 2020\nauthor: The office\n")
    (page.parent / ".footnote.yaml").write_text("floor: 4\nroom: 2\n")
    beside(page, "title: Better\nversion: 1.10\ndate: 2021-06-30\nfloor: 5\n")
    assert indexing.rows(docs) == [("page.html", "indexed", "")]
    title, date, fields = labels(indexing, "default/sub/page.html")
    assert (title, date) == ("Better", "2021-06-30")
    assert {name: fields[name] for name in ("team", "floor", "room", "author", "version")} == {
        "team": "red", "floor": "5",
        "room": "2", "author": "The office", "version": "1.10",
    }  # fmt: skip
    assert "title" not in fields
    assert "date" not in fields
    assert indexing.embedded == ["Better\nThe apple."]


def test_a_changed_or_removed_sidecar_writes_the_row_again_without_embedding(docs, page, indexing):
    write(docs, other="banana")
    indexing(docs)
    before, vectors = labels(indexing, "default/sub/page.html"), indexing.vectors()
    beside(page, "title: Better\nteam: red\n")
    assert indexing.rows(docs) == [("other.txt", "unchanged", ""), ("page.html", "unchanged", "")]
    assert (indexing.embedded, indexing.loaded) == ([], [])
    assert labels(indexing, "default/sub/page.html")[0] == "Better"
    assert found(indexing.store, "better") == ["default/sub/page.html"]
    assert found(indexing.store, "own") == []
    red = indexing.store.lexical(Words(("apple",)), 9, within=Filter(metadata=(("team", "red"),)))
    assert [hit.source.title for hit in red] == ["Better"]
    beside(page, "# a remark\ntitle: Better\nteam: red\n")
    generation = indexing.store.fingerprint()
    indexing(docs)
    assert indexing.store.fingerprint() == generation
    page.with_name("page.html.meta.yaml").unlink()
    indexing(docs)
    assert (indexing.embedded, indexing.loaded) == ([], [])
    assert labels(indexing, "default/sub/page.html") == before
    assert indexing.vectors() == vectors


def test_an_empty_value_takes_away_what_the_document_says(docs, indexing):
    (docs / "a.md").write_text("---\ntitle: Own\ndate: 2020-01-02\n---\n\nThe apple.\n")
    beside(docs / "a.md", "date:\nteam: ''\n")
    indexing(docs)
    title, date, fields = labels(indexing, "default/a.md")
    assert (title, date) == ("Own", None)
    assert "team" not in fields


def test_bad_lines_are_named_and_the_others_count(docs, indexing):
    write(docs, a="apple", b="banana")
    (docs / ".footnote.yaml").write_text("team: red\ntags: [x, y]\ntitle: All\n")
    beside(docs / "a.txt", "note: ok\n\nteam: {a: b}\n")
    beside(docs / "b.txt", "a: b\n  c: - d\n")
    rows = indexing.rows(docs)
    assert [row[:2] for row in rows] == [
        (".footnote.yaml", "refused"),
        ("a.txt.meta.yaml", "refused"),
        ("a.txt", "indexed"),
        ("b.txt.meta.yaml", "refused"),
        ("b.txt", "indexed"),
    ]
    assert rows[0][2] == (
        "Line 2: 'tags' must be one text, not a list. Line 3: a title is said of one file, in NAME.meta.yaml beside it."
    )
    assert rows[1][2] == "Line 3: 'team' must be one text, not a list."
    assert rows[3][2].startswith("None of it counts: line 2 is not YAML")
    assert indexing.store.metadata("default/a.txt") == {"team": "red", "note": "ok"}
    assert indexing.store.metadata("default/b.txt") == {"team": "red"}
    assert indexing.rows(docs)[0][:2] == (".footnote.yaml", "refused")


def test_a_sidecar_without_its_file_has_a_row(docs, indexing):
    write(docs, a="apple")
    beside(docs / "gone.pdf", "team: red")
    assert indexing.rows(docs) == [
        ("a.txt", "indexed", ""),
        ("gone.pdf.meta.yaml", "refused", "It describes gone.pdf, which is not among the files."),
    ]
    assert indexing.rows(docs / "gone.pdf.meta.yaml")[0][1] == "refused"


def test_fields_of_a_container_are_those_of_its_documents_but_not_its_title(docs, indexing):
    write(docs, mail=": apple\npart.pdf: banana")
    beside(docs / "mail.txt", "title: The mail\nteam: red\ndate: 2021\n")
    indexing(docs, load=box)
    assert labels(indexing, "default/mail.txt") == ("The mail", "2021", {"team": "red"})
    assert labels(indexing, "default/mail.txt/part.pdf") == ("part", "2021", {"team": "red"})


def test_what_is_said_moves_with_the_folder_of_a_renamed_file(docs, indexing):
    (docs / "red").mkdir()
    (docs / "red" / ".footnote.yaml").write_text("team: red")
    write(docs, a="apple", b="banana")
    indexing(docs)
    (docs / "a.txt").rename(docs / "red" / "a.txt")
    indexing(docs)
    assert labels(indexing, "default/red/a.txt") == ("a", None, {"team": "red"})
    assert indexing.embedded == []


def test_what_is_said_above_the_folder_of_the_index_does_not_count(docs, indexing):
    (docs / ".footnote.yaml").write_text("team: red")
    write(docs / "sub", a="apple")
    indexing(docs / "sub")
    assert indexing.store.metadata("default/a.txt") == {}


def test_what_is_said_above_counts_for_files_that_are_new_when_the_folder_above_is_indexed(docs, indexing):
    (docs / ".footnote.yaml").write_text("team: red")
    write(docs / "sub", a="apple")
    indexing(docs / "sub")
    write(docs / "sub", b="banana")
    write(docs, c="cherry")
    for _ in range(2):
        indexing(docs)
        fields = {info.source.source_id: info.metadata for info in indexing.store.sources()}
        assert fields == {"default/a.txt": {}, "default/sub/b.txt": {"team": "red"}, "default/c.txt": {"team": "red"}}


def test_what_is_said_in_the_folder_of_a_file_counts_when_it_is_indexed_alone_and_no_more_above(docs, indexing):
    (docs / ".footnote.yaml").write_text("team: red\nfloor: 3")
    write(docs / "sub", a="apple")
    (docs / "sub" / ".footnote.yaml").write_text("room: 2")
    indexing(docs / "sub" / "a.txt")
    assert indexing.store.metadata("default/a.txt") == {"room": "2"}
