"""What a filter admits, against the same said in Python; and that both searches see nothing else."""

import numpy as np
import pytest
from fakes import DIMENSION, IDENTITY, word_vectors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.filtering import narrowed
from indexer.store import IndexStore
from indexer.writing import IndexedDocument
from schema import Chunk, Extraction, Filter, Source, Words

DATES = [None, "2021", "2022", "2022-05", "2022-10", "2022-10-01", "2022-10-31", "2022-11-01", "2023-01"]
PATHS = ["a.md", "guides/a.md", "guides/old/b.md", "guides0", "guides.md", "Guides/a.md", "é/ü.md", "100%_/x.md"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One document of two chunks for each path in two collections, with dates and fields in turn."""
    store = IndexStore(tmp_path_factory.mktemp("filtering") / "index", IDENTITY, create=True)
    number = 0
    for collection in ("default", "law"):
        for path in PATHS:
            source = Source(collection, path, f"About {path}", DATES[number % len(DATES)], "0")
            text = f"aspirin {number}"
            chunks = [Chunk(source.source_id, 0, 7, text[:7]), Chunk(source.source_id, 0, len(text), text)]
            fields = {"team": ["red", 3, True, None, "a'b"][number % 5], 'odd "field".name': number % 3}
            if number % 2:
                fields = {"document_id": str(number), "metadata": fields}
            vectors = word_vectors([chunk.text for chunk in chunks])
            store.put([IndexedDocument(source, Extraction(text, ()), chunks, vectors, metadata=fields)])
            number += 1
    yield store
    store.close()


def days(date):
    """First and last day of an ISO date as digits: those of a month or year that don't exist do no harm."""
    return (f"{date}-01-01"[:10], f"{date}-99-99"[:10]) if date else None


def admits(within, source, fields):
    """The same rule, said plainly."""
    asked = within.collections or (source.collection,)
    permitted = (source.collection,) if within.permitted is None else within.permitted
    if source.collection not in asked or source.collection not in permitted:
        return False
    if within.sources and not any(
        source.source_id.startswith(name) if name.endswith("/") else source.source_id == name for name in within.sources
    ):
        return False
    if (within.since or within.until) and not source.date:
        return False
    if within.since and days(source.date)[1] < days(within.since)[0]:
        return False
    if within.until and days(source.date)[0] > days(within.until)[1]:
        return False
    fields = fields.get("metadata", fields)
    shown = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in fields.items()}
    own = {"title": source.title, "path": source.path, "date": source.date, "collection": source.collection}
    return all(
        (fields.get(key) is not None and shown[key] == value) or own.get(key) == value for key, value in within.metadata
    )


FILTERS = st.builds(
    Filter,
    collections=st.sampled_from([(), ("default",), ("law",), ("law", "default"), ("none",), ("law\x00",)]),
    sources=st.lists(
        st.sampled_from(
            "default/ law/guides/ default/guides/old/ law/a.md default/guides0 default/guides é/ law/é/ law/100%_/ "
            "default/100%_/ law/Guides/ default/guides.md law/a.md\x00 law/a.md\x00/".split(" ")
        ),
        max_size=3,
    ).map(tuple),
    since=st.sampled_from([*DATES, "2022-10-15", "2024"]),
    until=st.sampled_from([*DATES, "2022-10-15", "2020"]),
    metadata=st.lists(
        st.sampled_from(
            [
                *(("team", value) for value in ("red", "3", "true", "a'b", "", "None")),
                ('odd "field".name', "2"),
                ("metadata", "x"),
                *(("title", value) for value in ("About a.md", "red", "")),
                *(("path", "é/ü.md"), ("date", "2022-10"), ("collection", "law"), ("sha256", "0")),
            ]
        ),
        max_size=2,
    ).map(tuple),
    permitted=st.one_of(
        st.none(),
        st.lists(
            st.sampled_from(["law", "default", "none", "LAW", "la", "law\x00", "law%", "l_w", "%", "*", "", "law/"]),
            max_size=3,
        ).map(tuple),
    ),
)


@given(FILTERS)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_searches_see_exactly_what_the_filter_admits(store, within):
    expected = {
        info.source.source_id
        for info in store.sources()
        if admits(within, info.source, store.metadata(info.source.source_id))
    }
    dense = store.dense(word_vectors(["aspirin"])[0], 99, within=within)
    lexical = store.lexical(Words(("aspirin",)), 99, within=within)
    for found in (dense, lexical):
        assert {hit.source.source_id for hit in found} == expected
        assert len(found) == 2 * len(expected)
        assert [hit.rank for hit in found] == list(range(1, len(found) + 1))
    for permitted in (("law",), ("none", "default"), ()):
        seen = {name for name in expected if name.partition("/")[0] in permitted}
        reader = store.narrowed(permitted)
        assert {hit.source.source_id for hit in reader.dense(word_vectors(["aspirin"])[0], 99, within=within)} == seen
        assert {hit.source.source_id for hit in reader.lexical(Words(("aspirin",)), 99, within=within)} == seen


@pytest.mark.parametrize(
    ("since", "until", "date", "passes"),
    [
        ("2022", "2022", "2022-10-31", True),
        ("2022-10", None, "2022", True),  # it may be of October
        (None, "2022-05", "2022", True),
        ("2022-10-31", "2022-10-31", "2022-10-31", True),
        ("2022-11", None, "2022-10-31", False),
        (None, "2022-10-30", "2022-10-31", False),
        ("2023", None, "2022-12", False),
        (None, "2021-12-31", "2022", False),
        ("1", None, None, False),
        (None, "9999", None, False),
    ],
)
def test_both_ends_of_a_period_are_in_it_and_a_coarse_date_stands_for_all_its_days(
    tmp_path, since, until, date, passes
):
    store = IndexStore(tmp_path / "index", IDENTITY, create=True)
    source = Source("default", "a.md", "", date, "0")
    chunk = Chunk(source.source_id, 0, 7, "aspirin")
    store.put([IndexedDocument(source, Extraction("aspirin", ()), [chunk], np.ones((1, DIMENSION), np.float32))])
    assert len(store.dense(np.ones(DIMENSION), 9, within=Filter(since=since, until=until))) == passes
    assert len(store.lexical(Words(("aspirin",)), 9, within=Filter(since=since, until=until))) == passes
    store.close()


def test_a_filter_is_narrowed_and_never_widened():
    wide = Filter(("law",), since="2022")
    assert narrowed(wide, None) == wide
    assert narrowed(wide, ["law", "hr", "law"]) == Filter(("law",), since="2022", permitted=("hr", "law"))
    assert narrowed(narrowed(wide, ["law", "hr"]), ["law", "default"]).permitted == ("law",)
    assert narrowed(narrowed(wide, ["law"]), ["hr"]).permitted == ()
    assert narrowed(narrowed(wide, []), ["law"]).permitted == ()
    assert narrowed(narrowed(wide, []), None).permitted == ()


def test_a_filter_sees_each_commit(store, tmp_path):
    store = IndexStore(tmp_path / "index", IDENTITY, create=True)
    within = Filter(sources=("default/guides/",))

    def put(path):
        source = Source("default", path, "", None, "0")
        chunk = Chunk(source.source_id, 0, 7, "aspirin")
        store.put([IndexedDocument(source, Extraction("aspirin", ()), [chunk], np.ones((1, DIMENSION), np.float32))])

    def found():
        return [hit.source.path for hit in store.dense(np.ones(DIMENSION), 9, within=within)]

    put("guides/a.md")
    assert found() == ["guides/a.md"]
    put("guides/b.md")
    put("c.md")
    assert found() == ["guides/a.md", "guides/b.md"]
    store.delete(["default/guides/a.md"])
    assert found() == ["guides/b.md"]
    for number in range(40):  # more filters than are remembered
        assert store.dense(np.ones(DIMENSION), 9, within=Filter(sources=(f"default/{number}",))) == []
    assert found() == ["guides/b.md"]
    store.close()
