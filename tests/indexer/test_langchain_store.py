"""The index behind LangChain's interfaces: its own standard suites, and what they leave out."""

import numpy as np
import pytest
from fakes import IDENTITY, word_vectors
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_tests.integration_tests import VectorStoreIntegrationTests

from indexer.catalogue import DamagedIndexError
from indexer.langchain_store import FaissStore, identity_of
from indexer.store import IndexStore
from indexer.writing import IndexedDocument
from schema import Block, Chunk, EmbedderIdentity, Extraction, FootnoteError, Source

TEXTS = ["aspirin inhibits platelets", "the strategy was published in October", "platelets aggregate"]


class WordHashEmbeddings(Embeddings):
    """The fake vectors as a LangChain embedder, stating its identity."""

    identity = IDENTITY

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return word_vectors(texts).tolist()

    def embed_query(self, text: str) -> list[float]:
        return word_vectors([text])[0].tolist()


class TestFaissStore(VectorStoreIntegrationTests):
    """LangChain's standard suite of vector stores, sync and async."""

    @pytest.fixture
    def vectorstore(self, tmp_path):
        store = FaissStore.open(tmp_path / "index", self.get_embeddings())
        yield store
        store.store.close()


@pytest.fixture
def store(tmp_path):
    store = FaissStore.open(tmp_path / "index", WordHashEmbeddings())
    yield store
    store.store.close()


def test_scores_are_cosines_best_first(store):
    store.add_texts(TEXTS, ids=["a", "b", "c"])
    found = store.similarity_search_with_score("platelets aggregate", k=3)
    embeddings = WordHashEmbeddings()
    cosines = np.array(embeddings.embed_documents(TEXTS)) @ embeddings.embed_query("platelets aggregate")
    assert [document.id for document, _ in found] == [["a", "b", "c"][row] for row in np.argsort(-cosines)]
    assert np.allclose([score for _, score in found], sorted(cosines, reverse=True), atol=1e-6)
    relevances = [score for _, score in store.similarity_search_with_relevance_scores("platelets aggregate", k=3)]
    assert np.allclose(relevances, [min((1 + score) / 2, 1) for _, score in found], atol=1e-6)


def test_vectors_of_any_length_are_made_unit_vectors(tmp_path):
    embedding = DeterministicFakeEmbedding(size=6)
    store = FaissStore.from_texts(["one", "two"], embedding, folder=tmp_path / "index")
    vector = np.array(embedding.embed_query("one"))
    assert np.linalg.norm(vector) > 1.1
    document, score = store.similarity_search_with_score("one", k=1)[0]
    assert (document.page_content, round(score, 5)) == ("one", 1.0)
    assert store.similarity_search_by_vector((3 * vector).tolist(), k=1)[0].page_content == "one"
    store.store.close()


def test_what_is_added_is_there_after_reopening_with_its_metadata(tmp_path):
    store = FaissStore.from_texts(
        TEXTS[:2], WordHashEmbeddings(), [{"page": 3, "tags": ["x"]}, {}], folder=tmp_path / "index", ids=["a", "b"]
    )
    store.store.close()
    again = FaissStore.open(tmp_path / "index", WordHashEmbeddings())
    assert again.store.notices == []
    assert again.get_by_ids(["b", "no", "a"]) == [
        Document(id="b", page_content=TEXTS[1], metadata={}),
        Document(id="a", page_content=TEXTS[0], metadata={"page": 3, "tags": ["x"]}),
    ]
    again.store.close()


def test_the_last_text_under_an_id_wins_and_missing_ids_are_drawn(store):
    assert store.add_texts(["old", "other", "new"], ids=["a", None, "a"])[::2] == ["a", "a"]
    assert sorted(document.page_content for document in store.similarity_search("new", k=9)) == ["new", "other"]
    assert store.add_texts([]) == []


def test_deleting_without_ids_is_refused(store):
    store.add_texts(["kept"])
    with pytest.raises(FootnoteError, match="Say which documents to delete"):
        store.delete()
    assert len(store.similarity_search("kept")) == 1


def test_a_collection_is_searched_alone_and_all_are_searched_without(store):
    other = FaissStore(store.store, WordHashEmbeddings(), collection="other")
    store.add_texts(["in default"], ids=["a"])
    other.add_texts(["in other"], ids=["a"])
    assert [document.page_content for document in other.similarity_search("in", k=5)] == ["in other"]
    assert {document.page_content for document in store.similarity_search("in", k=5)} == {"in default", "in other"}
    other.delete(["a"])
    assert [document.page_content for document in store.similarity_search("in", k=5)] == ["in default"]


def test_an_id_that_is_a_path_of_another_collection_finds_nothing_there(store):
    other = FaissStore(store.store, WordHashEmbeddings(), collection="other")
    FaissStore(store.store, WordHashEmbeddings(), collection="secret").add_texts(["hidden"], ids=["other/a"])
    assert store.store.text("other/a") == "hidden"  # by its path alone, for who sees all
    assert other.get_by_ids(["a", "other/a", "secret/other/a"]) == []
    assert other.similarity_search("hidden", k=5) == []


def test_chunks_of_indexed_files_carry_what_a_citation_needs(store):
    text = "Findings\n\nAspirin helps."
    source = Source("default", "study.pdf", "A study", "2022-10", "ab")
    chunk = Chunk(source.source_id, 10, 24, text[10:], page=2, heading="Findings")
    vector = np.array(WordHashEmbeddings().embed_documents([chunk.text]), np.float32)
    extraction = Extraction(text, (Block("heading", 0, 8, 1), Block("paragraph", 10, 24)))
    store.store.put([IndexedDocument(source, extraction, [chunk], vector)])
    (document,) = store.similarity_search("Aspirin helps.", k=1)
    score = document.metadata.pop("score")
    assert document == Document(
        id=chunk.chunk_id,
        page_content="Aspirin helps.",
        metadata={
            "source": "default/study.pdf",
            "title": "A study",
            "date": "2022-10",
            "page": 2,
            "heading": "Findings",
            "start": 10,
            "end": 24,
        },
    )
    assert round(score, 5) == 1.0


def test_an_embedder_without_identity_is_known_by_name_and_dimension(tmp_path):
    assert identity_of(WordHashEmbeddings()) is WordHashEmbeddings.identity
    six, seven = DeterministicFakeEmbedding(size=6), DeterministicFakeEmbedding(size=7)
    assert identity_of(six) == EmbedderIdentity("DeterministicFakeEmbedding", "", 6, normalised=True)
    FaissStore.open(tmp_path, six).store.close()
    with pytest.raises(FootnoteError, match="was made with the embedder DeterministicFakeEmbedding"):
        FaissStore.open(tmp_path, seven)
    IndexStore(tmp_path, identity_of(six)).close()


def test_a_damaged_document_is_not_taken_for_an_unknown_one(store):
    store.add_texts(TEXTS, ids=["a", "b", "c"])
    assert [one.id for one in store.get_by_ids(["a", "nothing", "c"])] == ["a", "c"]
    store.store._connection.execute("UPDATE source_text SET text = 'x' WHERE source = 1")
    with pytest.raises(DamagedIndexError, match="the text of a document is not as it was written"):
        store.get_by_ids(["a", "nothing", "c"])
