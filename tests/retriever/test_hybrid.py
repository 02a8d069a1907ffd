"""Retrieval over a real index with vectors made by hand, and the same as a LangChain retriever."""

import numpy as np
import pytest
from langchain_tests.integration_tests import RetrieversIntegrationTests

from indexer.langchain_store import passage_to_document
from indexer.store import IndexedDocument, IndexStore
from retriever.hybrid import CANDIDATES, RERANKED, HybridRetriever, retrieve, retrieve_stages
from schema import Block, Chunk, EmbedderIdentity, Extraction, Source

IDENTITY = EmbedderIdentity("by hand", "", 3, normalised=True)
QUERY = [1.0, 0.0, 0.0]
# name: text, first component of its vector (the cosine with the query)
DOCUMENTS = {
    "north.md": ("The lighthouse of Northby was lit in 1871.", 0.6),
    "south.md": ("Ships avoid the southern shoals.", 0.8),
    "east.md": ("A lighthouse keeper kept the lighthouse.", 0.0),
    "west.md": ("Nothing of interest.", -0.6),
}


def document(path, text, cosine, collection="default"):
    source = Source(collection, path, path, None, "0" * 64)
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


def search(store, question, top_k=8, **options):
    return retrieve(question, index=store, embed_query=lambda _: QUERY, top_k=top_k, **options)


def test_both_views_are_fused_by_rank(store):
    """Dense: south, north, east, west. Lexical for "lighthouse": east (twice in seven words), north."""
    found = search(store, "Where is the lighthouse?", collection="default")
    assert [one.source.path for one in found] == ["east.md", "north.md", "south.md", "west.md"]
    assert [one.score for one in found] == pytest.approx([1 / 63 + 1 / 61, 2 / 62, 1 / 61, 1 / 64], abs=1e-15)
    assert [one.rank for one in found] == [1, 2, 3, 4]


def test_a_collection_is_searched_alone_in_both_views(store):
    assert [one.source.source_id for one in search(store, "lighthouse", collection="elsewhere")] == [
        "elsewhere/other.md"
    ]
    assert search(store, "lighthouse", collection="unknown") == []
    assert len(search(store, "lighthouse")) == 5


def test_a_question_without_words_is_searched_by_vector_alone(store):
    found = search(store, "?!", collection="default")
    assert [one.source.path for one in found] == ["south.md", "north.md", "east.md", "west.md"]


def test_both_views_are_asked_for_more_than_is_wanted():
    asked = []

    class Recorder:
        def dense(self, query, top_k, *, collection=None):
            asked.append((query.dtype, query.shape, top_k, collection))
            return []

        def lexical(self, match, top_k, *, collection=None):
            asked.append((match, top_k, collection))
            return []

    assert search(Recorder(), "lighthouse", collection="c") == []
    assert search(Recorder(), "lighthouse", top_k=CANDIDATES + 1) == []
    assert asked == [
        (np.float32, (3,), CANDIDATES, "c"),
        ('"lighthouse"', CANDIDATES, "c"),
        (np.float32, (3,), CANDIDATES + 1, None),
        ('"lighthouse"', CANDIDATES + 1, None),
    ]


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
    return retrieve_stages(question, index=store, embed_query=lambda _: QUERY, score=score, depth=depth)


def names(stage):
    return [one.source.path for one in stage.passages]


def test_each_stage_is_seen_on_its_own(store):
    found = stages(store, "Where is the lighthouse?")
    assert names(found["dense"]) == ["other.md", "south.md", "north.md", "east.md", "west.md"]
    assert sorted(names(found["lexical"])) == ["east.md", "north.md", "other.md"]
    assert names(found["fused"]) == [one.source.path for one in search(store, "Where is the lighthouse?")]
    # By the length of "title: text": north 52, east 49, south 42, other 29, west 29, where a tie keeps the fused order.
    assert names(found["reranked"]) == ["north.md", "east.md", "south.md", "other.md", "west.md"]
    assert [one.rank for one in found["reranked"].passages] == [1, 2, 3, 4, 5]
    assert {one.origin for one in found["reranked"].passages} == {"reranked"}


def test_stages_take_longer_the_more_they_build_on(store):
    found = stages(store, "lighthouse")
    assert 0 < found["dense"].ms < found["fused"].ms < found["reranked"].ms
    assert 0 < found["lexical"].ms < found["fused"].ms


def test_passages_beyond_the_reranked_ones_follow_in_fused_order(store):
    extra = {f"{number:02}.md": (f"Filler {number}.", -0.7 - number / 1000) for number in range(RERANKED)}
    with store.writing():
        store.put([document(path, *row) for path, row in extra.items()])
    found = stages(store, "lighthouse", depth=100, score=lambda _, texts: [-float(n) for n in range(len(texts), 0, -1)])
    fused = names(found["fused"])
    assert names(found["reranked"]) == fused[:RERANKED][::-1] + fused[RERANKED:]
    assert [one.rank for one in found["reranked"].passages] == list(range(1, len(fused) + 1))
