"""Retrieval over a real index with vectors made by hand, and the same as a LangChain retriever."""

from itertools import pairwise

import numpy as np
import pytest
from langchain_tests.integration_tests import RetrieversIntegrationTests
from passages import ranking

from indexer.langchain_store import passage_to_document
from indexer.store import IndexedDocument, IndexStore
from retriever import hybrid
from retriever.hybrid import (
    CANDIDATES,
    DENSE,
    HEADED,
    HEADINGS,
    LEXICAL,
    HybridRetriever,
    Searching,
    retrieve,
    retrieve_stages,
)
from retriever.reranking import Reranking
from schema import Block, Chunk, EmbedderIdentity, Extraction, Filter, Source, Words

IDENTITY = EmbedderIdentity("by hand", "", 3, normalised=True)
QUERY = [1.0, 0.0, 0.0]
# name: text, first component of its vector (the cosine with the query)
DOCUMENTS = {
    "north.md": ("The lighthouse of Northby was lit in 1871.", 0.6),
    "south.md": ("Ships avoid the southern shoals.", 0.8),
    "east.md": ("A lighthouse keeper kept the lighthouse.", 0.0),
    "west.md": ("Nothing of interest.", -0.6),
}


def document(path, text, cosine, collection="default", title=None):
    source = Source(collection, path, title or path, None, "0" * 64)
    chunk = Chunk(source.source_id, 0, len(text), text)
    vector = np.array([[cosine, (1 - cosine**2) ** 0.5, 0.0]], dtype=np.float32)
    return IndexedDocument(source, Extraction(text, (Block("paragraph", 0, len(text)),)), [chunk], vector)


@pytest.fixture
def store(tmp_path):
    opened = IndexStore(tmp_path / "index", IDENTITY, create=True)
    with opened.writing():
        opened.put([document(path, *row) for path, row in DOCUMENTS.items()])
        opened.put([document("other.md", "Another lighthouse.", 0.9, "elsewhere")])
    yield opened
    opened.close()


def search(store, question, top_k=8, collection=None, embed=lambda _: QUERY, **options):
    within = Filter(collections=(collection,)) if collection else None
    return retrieve(question, Searching(store, embed, within), top_k=top_k, **options)


def standard(values):
    values = np.array(values)
    return (values - values.mean()) / values.std()


def paths(passages):
    return [one.source.path for one in passages]


def test_the_views_are_fused_by_their_standardised_scores(store):
    found = search(store, "Where is the lighthouse?", collection="default")
    bm25 = {one.source.path: one.score for one in store.lexical(Words(("lighthouse",)), 9)}
    dense = standard([cosine for _, cosine in DOCUMENTS.values()])
    lexical = standard([bm25.get(path, 0.0) for path in DOCUMENTS])
    expected = dict(zip(DOCUMENTS, DENSE * dense + LEXICAL * lexical, strict=True))
    assert {one.source.path: one.score for one in found} == pytest.approx(expected, abs=1e-6)
    assert paths(found) == sorted(DOCUMENTS, key=expected.__getitem__, reverse=True)
    assert [one.rank for one in found] == [1, 2, 3, 4]


def test_words_in_a_title_lift_a_candidate_and_make_none(store):
    with store.writing():
        rows = [("plain.md", "First page.", "Notes"), ("titled.md", "Last page.", "Rules for moorings")]
        store.put([document(path, text, 0.3, "titles", title) for path, text, title in rows])
    found = search(store, "moorings", collection="titles")
    assert paths(found) == ["titled.md", "plain.md"]
    gap = found[0].score - found[1].score
    assert gap == pytest.approx(2 * (LEXICAL + HEADINGS), abs=1e-6)  # two candidates stand one deviation off the mean


def test_a_longer_list_begins_like_a_shorter_one(store):
    extra = {f"{number:03}.md": (f"Filler {number}.", 0.5 - number / 1000) for number in range(CANDIDATES + 20)}
    with store.writing():
        store.put([document(path, *row) for path, row in extra.items()])
    short = search(store, "lighthouse filler 7", top_k=10)
    long = search(store, "lighthouse filler 7", top_k=len(extra) + len(DOCUMENTS) + 1)
    assert long[:10] == short
    assert len(long) == len({one.source.source_id for one in long}) == len(extra) + len(DOCUMENTS) + 1
    assert all(a.score >= b.score for a, b in pairwise(long))


def test_a_candidate_that_only_words_found_has_its_true_cosine():
    class Index:
        def dense(self, query, top_k, *, within=None):
            return ranking("near.md", "far.md", scores=[0.9, 0.5])

        def lexical(self, words, top_k, *, within=None):
            return [] if words.headings_only else ranking("word.md", scores=[3.0], origin="lexical")

        def vectors(self, chunk_ids):
            assert len(chunk_ids) == 1
            return np.array([[0.7, 0.1, 0.0]], dtype=np.float32)

        def span(self, source_id, start, end):
            raise AssertionError("nothing touches")

    found = {one.source.path: one.score for one in search(Index(), "lighthouse")}
    dense, lexical = standard([0.9, 0.5, 0.7]), standard([0.0, 0.0, 3.0])
    expected = dict(zip(["near.md", "far.md", "word.md"], DENSE * dense + LEXICAL * lexical, strict=True))
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_collection_is_searched_alone_in_all_views(store):
    assert [one.source.source_id for one in search(store, "lighthouse", collection="elsewhere")] == [
        "elsewhere/other.md"
    ]
    assert search(store, "lighthouse", collection="unknown") == []
    assert len(search(store, "lighthouse")) == 5


def test_a_question_without_words_is_searched_by_vector_alone(store):
    assert paths(search(store, "?!", collection="default")) == ["south.md", "north.md", "east.md", "west.md"]


def test_a_scenario_leans_the_vector_towards_its_question():
    asked, searched = [], []
    scenario = "My keeper left the tower in March and the lamp has been dark ever since, which the new harbour master "
    question = "Who has to light it?"

    class Index:
        span = None

        def dense(self, query, top_k, *, within=None):
            searched.append(query)
            return []

        def lexical(self, words, top_k, *, within=None):
            searched.append(words)
            return []

    def embed(text):
        asked.append(text)
        return [0.0, 1.0, 0.0] if text == question else QUERY

    text = f"{scenario}says is against the rules of the port. {question}"
    assert search(Index(), text, embed=embed) == []
    assert asked == [text, question]
    vector = next(one for one in searched if isinstance(one, np.ndarray))
    assert vector == pytest.approx(np.array([2.0, 1.0, 0.0]) / 5**0.5)
    words, headings = (one for one in searched if isinstance(one, Words))
    assert "tower" in words.terms
    assert headings == Words(("light",), headings_only=True)


def test_all_views_are_asked_for_more_than_is_wanted():
    asked = []

    class Recorder:
        span = None

        def dense(self, query, top_k, *, within=None):
            asked.append((query.dtype, query.shape, top_k, within))
            return []

        def lexical(self, words, top_k, *, within=None):
            asked.append((words, top_k, within))
            return []

    assert search(Recorder(), "lighthouse", collection="c") == []
    assert search(Recorder(), "lighthouse", top_k=CANDIDATES + 1) == []
    within = Filter(collections=("c",))
    by_words = [one for one in asked if isinstance(one[0], Words)]
    assert [one for one in asked if one not in by_words] + by_words == [
        (np.float32, (3,), CANDIDATES, within),
        (np.float32, (3,), CANDIDATES + 1, None),
        (Words(("lighthouse",)), CANDIDATES, within),
        (Words(("lighthouse",), headings_only=True), HEADED, within),
        (Words(("lighthouse",)), CANDIDATES + 1, None),
        (Words(("lighthouse",), headings_only=True), HEADED, None),
    ]


def counting(logits):
    calls = []

    def score(question, texts):
        calls.append((question, list(texts)))
        return [logits[text.partition(":")[0]] for text in texts]

    return Reranking(score, tokens=1000), calls


def test_a_cross_encoder_is_asked_when_the_views_disagree(store):
    reranking, calls = counting({"north.md": -9.0, "east.md": -9.0, "south.md": -9.0, "west.md": 8.0})
    assert paths(search(store, "lighthouse", collection="default"))[0] == "north.md"
    assert paths(search(store, "lighthouse", collection="default", reranking=reranking))[0] == "west.md"
    assert [question for question, _ in calls] == ["lighthouse"]


def test_a_cross_encoder_is_spared_when_the_views_agree_by_far(store):
    reranking, calls = counting({})
    found = search(store, "southern shoals", collection="default", reranking=reranking)
    assert paths(found)[0] == "south.md"
    assert found[0].score - found[1].score > 0.5
    assert calls == []


@pytest.mark.parametrize(("lead", "calls_made"), [(0.49, 1), (0.51, 0)])
def test_a_lead_of_half_a_deviation_settles_a_question(store, monkeypatch, lead, calls_made):
    reranking, calls = counting(dict.fromkeys(DOCUMENTS, 0.0))
    monkeypatch.setattr(hybrid, "fuse_scores", lambda views: lead * (views[0][0] == max(views[0][0])))
    assert paths(search(store, "southern shoals", collection="default", reranking=reranking))[0] == "south.md"
    assert len(calls) == calls_made


def test_the_cross_encoder_reads_the_question_without_its_scenario(store):
    reranking, calls = counting(dict.fromkeys(DOCUMENTS, 0.0))
    scenario = "We sailed past the lighthouse of Northby in a gale and lost the sight of all the shoals to the south. "
    search(store, scenario * 2 + "Who lit it?", collection="default", reranking=reranking)
    assert [question for question, _ in calls] == ["Who lit it?"]


def test_near_duplicates_are_folded_and_neighbours_joined(store):
    text = "The lamp is lit at dusk by the keeper.\n\nHe puts it out at dawn."
    source = Source("rules", "lamp.md", "Lamp", None, "1" * 64)
    chunks = [Chunk(source.source_id, a, b, text[a:b]) for a, b in ((0, 38), (40, 63))]
    vectors = np.array([[0.9, 0.1, 0.0], [0.8, 0.1, 0.0]], dtype=np.float32)
    whole = IndexedDocument(source, Extraction(text, (Block("paragraph", 0, 63),)), chunks, vectors)
    with store.writing():
        store.put([whole, document("copy.md", text[:38], 0.85, "rules", "Copy")])
    with store.writing():
        store.put([document("other.md", "Nothing else is said here.", 0.1, "rules")])
    first, second, _ = search(store, "lamp", collection="rules")
    assert [(one.chunk.start, one.chunk.end) for one in (first, second)] == [(0, 38), (40, 63)]
    found, other = search(store, "lamp", collection="rules", top_k=2, join=True)
    assert (other.source.path, other.rank) == ("other.md", 2)  # taken in the place of the neighbour
    assert (found.chunk.text, found.chunk.start, found.chunk.end, found.rank) == (text, 0, 63, 1)
    assert [one.source.path for one in found.also] == ["copy.md"]


def test_documents_of_the_retriever_say_where_they_stand(store):
    retriever = HybridRetriever(
        search=lambda question, k: search(store, question, top_k=k), to_document=passage_to_document
    )
    best = retriever.invoke("lighthouse lit Northby", k=1)
    assert [one.page_content for one in best] == [DOCUMENTS["north.md"][0]]
    place = best[0].metadata
    assert (place["source"], place["start"], place["end"]) == ("default/north.md", 0, 42)


class TestStandardSuite(RetrieversIntegrationTests):
    """LangChain's own tests of a retriever; they ask for a number of documents when it is made and when it is asked."""

    @pytest.fixture(autouse=True)
    def _store(self, store):
        self.store = store

    @property
    def retriever_constructor(self):
        return HybridRetriever

    @property
    def retriever_constructor_params(self):
        return {
            "search": lambda question, k: search(self.store, question, top_k=k),
            "to_document": passage_to_document,
        }

    @property
    def retriever_query_example(self):
        return "lighthouse"


def stages(store, question, depth=8, score=lambda _, texts: [float(len(text)) for text in texts]):
    return retrieve_stages(question, Searching(store, lambda _: QUERY), depth=depth, reranking=Reranking(score, 10_000))


def names(stage):
    return [one.source.path for one in stage.passages]


def test_each_stage_is_seen_on_its_own(store):
    found = stages(store, "Where is the lighthouse?")
    assert list(found) == ["dense", "lexical", "headings", "fused by rank", "fused", "reranked"]
    assert names(found["dense"]) == ["other.md", "south.md", "north.md", "east.md", "west.md"]
    assert sorted(names(found["lexical"])) == ["east.md", "north.md", "other.md"]
    assert names(found["headings"]) == []
    assert names(found["fused"]) == [one.source.path for one in search(store, "Where is the lighthouse?")]
    # By the length of "title: text", which outweighs all else: north 52, east 49, south 42, other 29, west 29.
    assert names(found["reranked"])[:3] == ["north.md", "east.md", "south.md"]
    assert [one.rank for one in found["reranked"].passages] == [1, 2, 3, 4, 5]
    assert {one.origin for one in found["reranked"].passages} == {"reranked"}


def test_without_a_cross_encoder_there_is_no_such_stage(store):
    found = retrieve_stages("lighthouse", Searching(store, lambda _: QUERY), depth=3)
    assert "reranked" not in found
    assert len(found["fused"].passages) == 3


def test_stages_take_longer_the_more_they_build_on(store):
    found = stages(store, "lighthouse")
    assert 0 < found["dense"].ms < found["fused"].ms < found["reranked"].ms
    assert 0 < found["lexical"].ms < found["fused"].ms
