"""Questions that no search engine likes, over a real index: each finds exactly what its words say, or what is near."""

import numpy as np
import pytest

from indexer.store import IndexedDocument, IndexStore
from retriever.hybrid import Searching, retrieve
from retriever.lexical import question_words
from schema import (
    LONGEST_QUESTION,
    Block,
    Chunk,
    EmbedderIdentity,
    Extraction,
    Filter,
    FootnoteError,
    Source,
    TextDocument,
)

IDENTITY = EmbedderIdentity("by hand", "", 3, normalised=True)
QUERY = [1.0, 0.0, 0.0]
# path: title, text, and the cosine of its vector with the vector of every question
DOCUMENTS = {
    "east": ("Harbour", "The keeper lit his lamp at dusk.", 0.8),
    "north": ("Weather", "Near the harbour, ships drift apart.", 0.6),
    "south": ("Printing", "Title pages are not numbered.", 0.4),
    "west": ("Voyage", "Or so said our captain, and nobody knew.", 0.2),
    "tongues": ("Languages", "战略 发布。 استراتيجية الجينوم. Genomistrategia julkaistiin lokakuussa.", -0.5),
}
BY_VECTOR = list(DOCUMENTS)
NOBODY = Filter(collections=("nobody",))

QUERIES = [
    pytest.param("the of and", {"east", "north", "west"}, id="stop words only"),
    pytest.param("the", {"east", "north"}, id="one stop word"),
    pytest.param("?!… -- ()", set(), id="punctuation"),
    pytest.param("🧬 🚢 👩‍🔬", set(), id="emoji"),
    pytest.param("🚢 captain", {"west"}, id="emoji and a word"),
    pytest.param("战略 是什么？", {"tongues"}, id="Chinese with a space"),
    pytest.param("什么战略", set(), id="Chinese without one is a word of its own"),
    pytest.param("ما هي استراتيجية الجينوم؟", {"tongues"}, id="Arabic"),
    pytest.param("Milloin genomistrategia julkaistiin?", {"tongues"}, id="Finnish"),
    pytest.param("NEAR(", {"north"}, id="NEAR("),
    pytest.param("NEAR(captain keeper, 2)", {"east", "north", "west"}, id="NEAR with arguments"),
    pytest.param('"a" OR *', {"west"}, id="quotes, OR and a star"),
    pytest.param("title:x", {"south"}, id="a column"),
    pytest.param("{title text}: captain", {"south", "west"}, id="columns in braces"),
    pytest.param("^", set(), id="^"),
    pytest.param("^captain", {"west"}, id="^ and a word"),
    pytest.param("-", set(), id="-"),
    pytest.param("-captain", {"west"}, id="- and a word"),
    pytest.param("AND NOT", {"south"}, id="AND NOT"),
    pytest.param("capt*", set(), id="a star is no prefix"),
    pytest.param('"', set(), id="one quote"),
    pytest.param('captain"', {"west"}, id="a quote that is never closed"),
    pytest.param('""" "" \'', set(), id="quotes alone"),
    pytest.param("'); DROP TABLE chunk; --", set(), id="SQL"),
    pytest.param("captain\x00keeper", {"east", "west"}, id="NUL between words"),
    pytest.param("\x00", set(), id="NUL"),
    pytest.param("\x01\x1b[31m\x7f\u202e", set(), id="control characters"),
    pytest.param("captain\x1b\r\nkeeper", {"east", "west"}, id="control characters between words"),
    pytest.param("x" * 4000, set(), id="4,000 characters of one word"),
    pytest.param("captain " * 500, {"west"}, id="4,000 characters of the same word"),
    pytest.param('"' * 4000, set(), id="4,000 quotes"),
    pytest.param("(" * 3993 + "captain", {"west"}, id="4,000 characters of brackets"),
]


def document(path, title, text, cosine):
    source = Source("default", path, title, None, "0" * 64)
    vector = np.array([[cosine, (1 - cosine**2) ** 0.5, 0.0]], dtype=np.float32)
    extraction = Extraction(text, (Block("paragraph", 0, len(text)),))
    return IndexedDocument(source, extraction, [Chunk(source.source_id, 0, len(text), text)], vector)


def made(folder, names):
    store = IndexStore(folder, IDENTITY, create=True)
    with store.writing():
        store.put([document(name, *DOCUMENTS[name]) for name in names])
    return store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    opened = made(tmp_path_factory.mktemp("bad") / "index", DOCUMENTS)
    yield opened
    assert opened.check() == "ok"
    opened.close()


def search(store, question, top_k=8, within=None):
    return retrieve(question, Searching(store, lambda _: QUERY, within), top_k=top_k)


def paths(passages):
    return [one.source.path for one in passages]


@pytest.mark.parametrize(("question", "expected"), QUERIES)
def test_words_find_what_holds_them_and_nothing_else(store, question, expected):
    found = store.lexical(question_words(question), 10)
    assert set(paths(found)) == expected
    assert len(found) == len(expected)
    assert all(one.score > 0 for one in found)


@pytest.mark.parametrize(("question", "expected"), QUERIES)
def test_every_question_ranks_the_whole_of_a_small_index(store, question, expected):
    """What no word finds is ranked by its vector alone."""
    found = search(store, question)
    assert sorted(paths(found)) == sorted(DOCUMENTS)
    assert [one.rank for one in found] == [1, 2, 3, 4, 5]
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    if not expected:
        assert paths(found) == BY_VECTOR


@pytest.mark.parametrize(("question", "expected"), QUERIES)
def test_a_filter_that_admits_nothing_leaves_nothing_to_find(store, question, expected):
    assert search(store, question, within=NOBODY) == []
    assert store.lexical(question_words(question), 10, within=NOBODY) == []
    assert store.dense(np.array(QUERY, np.float32), 10, within=NOBODY) == []


@pytest.mark.parametrize("question", [query.values[0] for query in QUERIES], ids=[query.id for query in QUERIES])
def test_an_index_with_nothing_in_it_has_nothing_to_give(tmp_path, question):
    empty = made(tmp_path / "index", [])
    assert search(empty, question) == []
    empty.close()


@pytest.mark.parametrize("question", ["captain", "lamp", "?!", "captain " * 500])
def test_an_index_with_one_chunk_gives_that_one(tmp_path, question):
    one = made(tmp_path / "index", ["west"])
    for top_k in (1, 8, 10_000):
        (found,) = search(one, question, top_k)
        assert (found.source.path, found.rank) == ("west", 1)
        assert found.chunk.text == DOCUMENTS["west"][1]
    one.close()


def test_more_than_there_is_gives_all_there_is(store):
    assert sorted(paths(search(store, "captain", 10_000))) == sorted(DOCUMENTS)
    assert paths(search(store, "?!", 10_000)) == BY_VECTOR
    assert len(store.dense(np.array(QUERY, np.float32), 10_000)) == 5
    assert paths(store.lexical(question_words("captain"), 10_000)) == ["west"]


@pytest.mark.parametrize("question", ["captain", "keeper", "harbour lamp", "?!", "战略"])
def test_asking_for_one_gives_the_first_of_all(store, question):
    (best,) = search(store, question, 1)
    assert (best.chunk, best.rank) == (search(store, question, 5)[0].chunk, 1)


# The real pipeline

TEXTS = {
    "lighthouse": "A lighthouse guides ships past the rocks at night.",
    "bread": "Bread is baked from flour, water, yeast and salt.",
    "railway": "The railway carries passengers between the two cities.",
}


@pytest.fixture(scope="module")
def small(weights, tmp_path_factory):
    """Three documents in a real index, with the default embedder."""
    from pipeline import Footnote  # noqa: PLC0415  (the other tests here need no models)
    from settings import Settings  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("small") / "index"
    opened = Footnote(Settings(index=folder, cache=weights, llm="none"), create=True)
    opened.index_corpus([TextDocument(path, "", text) for path, text in TEXTS.items()])
    yield opened
    opened.close()


@pytest.mark.models
@pytest.mark.parametrize("question", [query.values[0] for query in QUERIES], ids=[query.id for query in QUERIES])
def test_the_pipeline_ranks_all_of_a_small_index_for_any_question(small, question):
    found = small.search(question)
    assert sorted(paths(found)) == sorted(TEXTS)
    assert [one.rank for one in found] == [1, 2, 3]
    assert {one.chunk.text for one in found} == set(TEXTS.values())


@pytest.mark.models
@pytest.mark.parametrize(
    ("question", "best"),
    [
        ('NEAR("lighthouse" OR *', "lighthouse"),
        ("title:bread -flour ^yeast", "bread"),
        ("railway\x00passengers\x1b", "railway"),
        ("🍞🍞🍞 bread 🍞🍞🍞", "bread"),
        ("¿Qué guía a los barcos de noche? lighthouse", "lighthouse"),
        (("How is bread baked? " * 250)[:LONGEST_QUESTION], "bread"),
    ],
)
def test_the_pipeline_finds_the_document_behind_the_noise(small, question, best):
    assert paths(small.search(question, top_k=1)) == [best]


@pytest.mark.models
@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("", "There is no question yet. Type what you want to know."),
        (" \n\t\u2003 ", "There is no question yet. Type what you want to know."),
        ("x" * 4001, "The question has 4,001 characters; the most is 4,000. Shorten it, or add the long text to the "),
    ],
)
def test_the_pipeline_refuses_what_is_no_question(small, question, told):
    with pytest.raises(FootnoteError) as caught:
        small.search(question)
    assert str(caught.value).startswith(told)


@pytest.mark.models
def test_a_collection_that_is_not_there_is_named_with_those_that_are(small):
    with pytest.raises(FootnoteError, match=r"^There is no collection 'other'\. There are: default\.$"):
        small.search("bread", collection="other")


@pytest.mark.models
def test_half_of_a_character_is_a_question_mark(small):
    assert [one.chunk for one in small.search("bread \ud800")] == [one.chunk for one in small.search("bread ?")]


@pytest.mark.models
def test_the_pipeline_finds_nothing_in_an_index_with_nothing_in_it(weights, tmp_path):
    from pipeline import Footnote  # noqa: PLC0415
    from settings import Settings  # noqa: PLC0415

    opened = Footnote(Settings(index=tmp_path / "index", cache=weights, llm="none"), create=True)
    assert opened.search("What is bread?") == []
    assert opened.search("?!") == []
    opened.close()
