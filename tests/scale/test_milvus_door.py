"""LangChain's adapter over an index that Milvus Lite searches: the same documents as the index gives, and no other."""

import pytest

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")
pytest.importorskip("langchain_milvus")

import grpc
from fakes import IDENTITY, word_vectors
from langchain_core.embeddings import Embeddings

from indexer.langchain_store import FaissStore
from indexer.milvus_address import address_of
from indexer.milvus_client import StoreUnavailable
from indexer.milvus_door import MilvusDoor
from indexer.milvus_filter import Numbers
from indexer.store import IndexStore
from indexer.terms import terms_of
from schema import Filter, FootnoteError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
TEXTS = {
    "default": {"a": "Polling stations open at seven.", "b": "A ballot box is sealed.", "c": "Stations close at ten."},
    "other": {"d": "Polling cards are sent by post."},
}


class Words(Embeddings):
    """The fake vectors as LangChain asks for them."""

    identity = IDENTITY

    def embed_documents(self, texts):
        return word_vectors(texts).tolist()

    def embed_query(self, text):
        return word_vectors([text])[0].tolist()


@pytest.fixture
def store(tmp_path):
    store = IndexStore(tmp_path / "index", IDENTITY, create=True, milvus=address_of(str(tmp_path / "rows.db")))
    for collection, texts in TEXTS.items():
        added = FaissStore(store, Words(), collection=collection)
        added.add_texts(list(texts.values()), ids=list(texts))
    yield store
    store.close()


@pytest.fixture
def door(store):
    return MilvusDoor(store, Words())


def test_the_closest_are_those_of_the_index_with_all_that_is_needed_to_cite_them(store, door):
    found = door.similarity_search_with_score("Polling stations", k=4)
    passages = store.dense(word_vectors(["Polling stations"])[0], 4)
    assert [document.id for document, _ in found] == [passage.chunk.chunk_id for passage in passages]
    assert [score for _, score in found] == pytest.approx([passage.score for passage in passages], abs=1e-6)
    first = found[0][0]
    collection, key = first.metadata["source"].split("/")
    assert first.page_content == TEXTS[collection][key]
    assert (first.metadata["start"], first.metadata["end"]) == (0, len(first.page_content))
    assert door.similarity_search(TEXTS["default"]["b"], k=1)[0].page_content == TEXTS["default"]["b"]


def test_hybrid_search_is_what_the_rows_fuse_by_rank(store, door):
    question, rows = "A sealed ballot box", store._engine.rows
    found = door.hybrid_search(question, k=4)
    fused = rows.fused(word_vectors([question])[0], terms_of([question])[0], 5, Numbers())
    assert [score for _, score in found] == pytest.approx([score for _, score in fused[:4]], abs=1e-6)
    assert found[0][0].page_content == TEXTS["default"]["b"]
    assert found[0][1] == pytest.approx(2 / 61, abs=1e-6)


def test_a_question_without_words_is_searched_by_its_vector(door):
    assert [one.id for one, _ in door.hybrid_search("?", k=2)] == [one.id for one in door.similarity_search("?", k=2)]


def test_only_the_collection_and_what_the_filter_admits_is_found(store, door):
    other = MilvusDoor(store, Words(), collection="other")
    for search in (other.similarity_search_with_score, other.hybrid_search):
        assert [one.metadata["source"] for one, _ in search("Polling stations", k=4)] == ["other/d"]
    for search in (door.similarity_search_with_score, door.hybrid_search):
        found = search("Polling stations", k=4, within=Filter(sources=("default/b", "other/d")))
        assert sorted(one.metadata["source"] for one, _ in found) == ["default/b", "other/d"]
        assert search("Polling stations", k=4, within=Filter(collections=("none",))) == []
        assert search("Polling stations", k=0) == []


def test_what_the_index_has_no_more_is_never_given(store, door):
    FaissStore(store, Words()).delete(["a"])
    for search in (door.similarity_search_with_score, door.hybrid_search):
        assert "default/a" not in [one.metadata["source"] for one, _ in search("Polling stations", k=4)]


def test_it_is_a_retriever_and_gives_relevance_between_0_and_1(door):
    question = TEXTS["default"]["b"]
    assert door.as_retriever(search_kwargs={"k": 1}).invoke(question)[0].page_content == question
    relevances = [score for _, score in door.similarity_search_with_relevance_scores("ballot box", k=4)]
    assert all(0 <= one <= 1 for one in relevances)


def test_nothing_is_written_through_it(door):
    for call in (
        lambda: door.add_texts(["new"]),
        lambda: door.delete(["a"]),
        lambda: MilvusDoor.from_texts(["new"], Words()),
    ):
        with pytest.raises(FootnoteError, match=r"for reading\. Add and remove documents with: footnote index"):
            call()
    assert door.embeddings.identity == IDENTITY


def test_an_index_that_something_else_searches_is_refused(tmp_path):
    local = IndexStore(tmp_path / "local", IDENTITY, create=True)
    with pytest.raises(FootnoteError, match="is not searched by Milvus"):
        MilvusDoor(local, Words())
    local.close()


def test_a_milvus_that_is_gone_is_a_sentence(store, door, monkeypatch):
    class Gone(grpc.RpcError):
        def code(self):
            return grpc.StatusCode.UNAVAILABLE

    def fail(*_, **__):
        raise Gone

    monkeypatch.setattr(type(door._dense), "similarity_search_with_score", fail)
    with pytest.raises(StoreUnavailable, match="can't be reached"):
        door.similarity_search("ballot box")
