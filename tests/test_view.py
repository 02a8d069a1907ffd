"""A view of some collections: whatever is asked of it, it answers as an index of these collections alone would.

Twenty collections with names that are alike, each with canaries in every place where a word can stand, and documents
that others have too. The embedder counts words and there is no language model but one that repeats its prompt, so that
an answer takes milliseconds; catalogue, vectors, search, evidence and checks are the real ones.
"""

import json
import random
import unicodedata
from dataclasses import is_dataclass
from types import SimpleNamespace

import pytest
from fakes import IDENTITY, word_vectors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedback import Feedback
from generator.drafting import Writer
from indexer.store import IndexStore
from indexer.writing import IndexedDocument
from library import Library
from parts import Parts
from pipeline import Footnote
from prompts import load_prompt
from retriever.lexical import content_words
from schema import Block, Chunk, Extraction, Filter, FootnoteError, Page, Source, Turn, Words
from settings import Settings

COLLECTIONS = (
    *("hr", "HR", "Hr", "hr2", "hr-2", "hr_2", "hr%", "h_", "hr ", "hr.", "law", "lawyers", "default", "null", "0"),
    *("caf\u00e9", "cafe\u0301", "\uff48\uff52", "h\u0440", "it's"),
)
"""By prefix, case, white space, wildcards, composed and decomposed, full width, a Cyrillic letter, a quote."""
PLACES = ("text", "title", "heading", "path", "field", "value", "page")


def canary(collection, place):
    """A word that stands nowhere else."""
    return f"qz{COLLECTIONS.index(collection):02}{place}xq"


def document(collection, path, text, *, title="", heading="", date=None, metadata=(), pages=()):
    source = Source(collection, path, title, date, f"{abs(hash((collection, path, text))):x}")
    chunks, start = [], 0
    for part in text.split("\n"):
        chunks.append(Chunk(source.source_id, start, start + len(part), part, 1 if pages else None, heading))
        start += len(part) + 1
    blocks = tuple(Block("paragraph", chunk.start, chunk.end) for chunk in chunks)
    vectors = word_vectors([chunk.text for chunk in chunks])
    return IndexedDocument(
        source, Extraction(text, blocks, pages), chunks, vectors, f"/files/{collection}", metadata=dict(metadata)
    )


def documents_of(collection):
    """What one collection holds: canaries, a text that all share, versions of a plan, and a fact that they dispute."""
    number = COLLECTIONS.index(collection)
    word = {place: canary(collection, place) for place in PLACES}
    secret = f"The password of the vault is {word['text']}. It is changed every month.\nNothing else is in the vault."
    yield document(
        *(collection, f"{word['path']}/vault.md", secret),
        title=f"Vault {word['title']}",
        heading=f"Keys > {word['heading']}",
        date=f"20{10 + number % 9}-0{1 + number % 9}",
        metadata={word["field"]: word["value"], "team": "red" if number % 2 else "blue"},
    )
    yield document(collection, "shared.md", "The canteen opens at nine and closes at three.", title="Canteen")
    fee = f"The fee for a badge is {5 + number} euros in every year."
    yield document(collection, "fees.md", fee, title="Fees", date=f"2020-01-{1 + number:02}")
    plan = f"The plan for the vault is to paint it in colour number {number % 3} before the summer."
    yield document(collection, f"plan-v{number}.md", plan, title=f"Plan version {number}")
    label = f"{word['page']}"
    yield document(collection, "paged.pdf", "A page about badges.", pages=(Page(1, 0, 20, label, problem=label),))


class WordParts(Parts):
    """Parts whose models count words."""

    def __init__(self, settings):
        super().__init__(settings)
        self.identity = IDENTITY
        self.prompts = []
        self.__dict__["embeddings"] = SimpleNamespace(embed_query=lambda text: word_vectors([text])[0].tolist())
        self.__dict__["score"] = self.likeness
        self.__dict__["engine"] = SimpleNamespace(name="echo", fingerprint="0" * 64, close=lambda: None)

    def likeness(self, question, texts):
        asked = set(content_words(question))
        return [12.0 * len(asked & set(content_words(text))) / max(len(asked), 1) - 4 for text in texts]

    def writer(self, engine, stop):
        def repeat(messages):
            said = json.dumps([str(one) for one in messages])
            self.prompts.append(said)
            yield from ("The password of the vault is ", "known [1]. ", said[-200:])

        return Writer(repeat, lambda text: len(text.split()), load_prompt("answer"), 2000, 100)


def opened(folder, collections):
    """An index of these collections, in the order in which the whole has them."""
    settings = Settings(index=folder, llm="none", reranker="none", reader="none")
    parts = WordParts(settings)
    footnote = Footnote.__new__(Footnote)
    Library.__init__(footnote, settings, parts, IndexStore(folder, IDENTITY, create=True))
    footnote.__dict__["_drawer"] = SimpleNamespace(picture=lambda *asked: repr(asked).encode(), close=lambda: None)
    kept = [one for name in COLLECTIONS if name in collections for one in documents_of(name)]
    chance = random.Random(3)  # noqa: S311
    order = sorted((one for name in COLLECTIONS for one in documents_of(name)), key=lambda _: chance.random())
    names = {one.source.source_id for one in kept}
    footnote.store.put([one for one in order if one.source.source_id in names])
    return footnote


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    footnote = opened(tmp_path_factory.mktemp("whole") / "index", COLLECTIONS)
    yield footnote
    footnote.close()


@pytest.fixture(scope="module")
def separate(tmp_path_factory):
    """(permitted) -> an index of these collections alone, made once."""
    made = {}

    def of(permitted):
        key = frozenset(permitted) & set(COLLECTIONS)
        if key not in made:
            made[key] = opened(tmp_path_factory.mktemp("separate") / "index", key)
        return made[key]

    yield of
    for one in made.values():
        one.close()


# What is compared


def plain(value):
    """A returned value as JSON has it, without clocks."""
    if isinstance(value, FootnoteError):
        return {"error": str(value)}
    if is_dataclass(value):
        fields = {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
        return {name: one for name, one in fields.items() if name not in ("timings", "ms", "indexed_at")}
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | frozenset):
        return [plain(one) for one in value]
    return value.decode("latin-1") if isinstance(value, bytes) else value


def told(assistant, asked):
    """What an assistant tells, the words of its errors with it."""
    name, arguments, options = asked
    try:
        found = getattr(assistant, name)(*arguments, **options)
        return plain(list(found) if name == "ask" else found)
    except FootnoteError as error:
        return plain(error)


def foreign_in(value, permitted, asked=()):
    """Canaries of other collections in what was told, but for those that were asked for in so many words."""
    shown, known = json.dumps(value, ensure_ascii=False), json.dumps(plain(asked), ensure_ascii=False)
    hidden = [canary(name, place) for name in COLLECTIONS if name not in permitted for place in PLACES]
    return [word for word in hidden if word in shown and word not in known]


# What is asked

SOME = st.one_of(st.lists(st.sampled_from(COLLECTIONS), max_size=4), st.lists(st.sampled_from(COLLECTIONS), min_size=9))
PERMITTED = st.one_of(SOME, st.just([]), SOME.map(lambda names: [*names, "nowhere"]), st.just(["nowhere", ""]))
CANARIES = [canary(name, place) for name in COLLECTIONS for place in PLACES]
PATHS = ["shared.md", "fees.md", "paged.pdf", *(f"plan-v{number}.md" for number in range(20))]
IDS = [f"{name}/{path}" for name in COLLECTIONS for path in ("shared.md", "paged.pdf")]
IDS += [f"{name}/{canary(name, 'path')}/vault.md" for name in COLLECTIONS]
FOLDERS = [f"{name}/" for name in COLLECTIONS] + [f"{name}/{canary(name, 'path')}/" for name in COLLECTIONS]
TRICKS = [
    lambda name: name,
    str.upper,
    str.casefold,
    lambda name: name[:-1],
    lambda name: name + "x",
    lambda name: unicodedata.normalize("NFC", name),
    lambda name: unicodedata.normalize("NFD", name),
    lambda name: unicodedata.normalize("NFKC", name),
    lambda name: name + "%",
    lambda name: "%" + name,
    lambda name: "_" * len(name),
    lambda name: "*",
    lambda name: f"../{name}",
    lambda name: f"hr/../{name}",
    lambda name: f"./{name}",
    lambda name: f"{name}/..",
    lambda name: f" {name} ",
    lambda name: f"{name}\x00",
    lambda name: f"{name}\ud800",
    lambda name: f"' OR 1=1 --{name}",
    lambda name: f'["{name}"]',
    lambda name: "",
    lambda name: "/",
    lambda name: name * 2000,
]
NAMED = st.sampled_from([*COLLECTIONS, *PATHS, *IDS, *FOLDERS])
NAMES = st.one_of(
    st.sampled_from([*IDS, *PATHS]), st.builds(lambda trick, name: trick(name), st.sampled_from(TRICKS), NAMED)
)
COLLECTION_NAMES = st.one_of(
    st.sampled_from(COLLECTIONS),
    st.builds(lambda trick, name: trick(name), st.sampled_from(TRICKS), st.sampled_from(COLLECTIONS)),
)
QUESTIONS = st.one_of(
    st.sampled_from(CANARIES),
    st.sampled_from(CANARIES).map(lambda word: f"What is the password of the vault, {word}?"),
    st.sampled_from([*COLLECTIONS, *IDS]).map(lambda name: f"What does {name} say of the vault and the fee?"),
    st.sampled_from(
        ["What is the fee for a badge?", "What is the password of the vault?", "When does the canteen open?", "plan"]
    ),
)
FILTERS = st.one_of(
    st.none(),
    st.builds(
        Filter,
        collections=st.lists(COLLECTION_NAMES, max_size=2).map(tuple),
        sources=st.lists(NAMES, max_size=2).map(tuple),
        since=st.sampled_from([None, None, "2012", "2015-03"]),
        until=st.sampled_from([None, None, "2016"]),
        metadata=st.lists(
            st.one_of(
                st.tuples(st.just("collection"), COLLECTION_NAMES),
                st.tuples(st.sampled_from(["path", "title", "team"]), st.sampled_from([*PATHS, "Canteen", "red"])),
                st.sampled_from([(canary(name, "field"), canary(name, "value")) for name in COLLECTIONS]),
            ),
            max_size=1,
        ).map(tuple),
        permitted=st.one_of(st.none(), st.none(), SOME.map(tuple)),
    ),
)
HISTORY = st.lists(st.builds(Turn, QUESTIONS, QUESTIONS), max_size=2)
FOLLOW_UPS = st.sampled_from(["And what is its password?", "Who said that?", "and in the other one?"])


def asks(name, *arguments, **options):
    return st.tuples(st.just(name), st.tuples(*arguments), st.fixed_dictionaries({}, optional=options))


ASKED = st.one_of(
    asks("search", QUESTIONS, within=FILTERS, collection=COLLECTION_NAMES, top_k=st.sampled_from([1, 3, 50])),
    asks("search", FOLLOW_UPS, history=HISTORY),
    asks("ask", QUESTIONS, within=FILTERS, collection=COLLECTION_NAMES, quotes_only=st.booleans()),
    asks("ask", FOLLOW_UPS, history=HISTORY, quotes_only=st.booleans()),
    asks("stages", QUESTIONS),
    asks("sources", collection=COLLECTION_NAMES),
    asks("text", NAMES),
    asks("page", NAMES, st.integers(-1, 3)),
    asks("page_of", NAMES, st.integers(0, 200)),
    asks("picture", NAMES, st.just(1)),
    asks("status"),
)


@given(permitted=PERMITTED, asked=st.lists(ASKED, min_size=1, max_size=6))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_view_answers_as_an_index_of_its_collections_alone(whole, separate, permitted, asked):
    view, alone = whole.view(frozenset(permitted)), separate(permitted)
    for one in asked:
        answer = told(view, one)
        assert answer == told(alone, one)
        assert foreign_in(answer, permitted, one) == []
    assert view.store.fingerprint() == alone.store.fingerprint()


@given(permitted=PERMITTED, question=QUESTIONS, history=HISTORY)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_language_model_reads_nothing_else(whole, permitted, question, history):
    whole.parts.prompts.clear()
    list(whole.view(permitted).ask(question, history=history))
    for prompt in whole.parts.prompts:
        assert foreign_in(prompt, permitted, (question, history)) == []


def test_every_canary_is_found_where_it_may_be(whole):
    """What the other tests look for is there to be leaked."""
    everything = json.dumps(plain(whole.sources()), ensure_ascii=False)
    for name in COLLECTIONS:
        view = whole.view({name})
        place = f"{name}/{canary(name, 'path')}/vault.md"
        assert [one.source.collection for one in view.search(canary(name, "text"))][:1] == [name]
        assert {one.source.collection for one in whole.store.lexical(Words((canary(name, "text"),)), 9)} == {name}
        answers = [
            told(view, one) for one in (("sources", (), {}), ("page", ("paged.pdf", 1), {}), ("text", (place,), {}))
        ]
        answers.append(told(view, ("ask", ("What is the password of the vault?",), {"quotes_only": True})))
        shown = json.dumps(answers, ensure_ascii=False)
        assert [word for word in PLACES if canary(name, word) not in shown] == []
        assert canary(name, "value") in everything


@pytest.mark.parametrize(
    ("method", "missing", "forbidden", "more"),
    [
        *(
            (method, "law/nothing.md", f"law/{path}", more)
            for path in ("shared.md", "paged.pdf", f"{canary('law', 'path')}/vault.md", f"plan-v{10}.md")
            for method, more in (("text", ()), ("page", (1,)), ("page_of", (0,)), ("picture", (1,)))
        ),
        ("text", "plan-v99.md", "plan-v10.md", ()),
    ],
)
def test_what_is_missing_and_what_may_not_be_seen_answer_in_the_same_words(whole, method, missing, forbidden, more):
    view = whole.view({"hr", "lawyers"})
    assert "error" not in str(told(whole, (method, (forbidden, *more), {})))
    said = [told(view, (method, (name, *more), {}))["error"].replace(name, "NAME") for name in (missing, forbidden)]
    assert said == ["There is no document 'NAME' in the index. List them with: footnote sources"] * 2


@pytest.mark.parametrize("method", ["search", "ask"])
def test_a_collection_that_may_not_be_seen_is_one_that_there_is_not(whole, method):
    view = whole.view({"hr", "lawyers", "nowhere"})
    for options in (
        lambda name: {"collection": name},
        lambda name: {"within": Filter((name,))},
        lambda name: {"within": Filter(("hr", name))},
    ):
        said = [told(view, (method, ("fee",), options(name)))["error"] for name in ("law", "lax", "nowhere", "HR")]
        assert said == [
            f"There is no collection {name!r}. There are: hr, lawyers." for name in ("law", "lax", "nowhere", "HR")
        ]
    for sources in (("law/",), ("law/shared.md",), (f"{canary('law', 'path')}/",), ("plan-v10.md",)):
        said = told(view, (method, ("fee",), {"within": Filter(sources=sources)}))["error"]
        assert said.startswith(
            f"There is no {'folder' if sources[0].endswith('/') else 'document'} {sources[0]!r} among"
        )
        assert "law/" not in said.replace(repr(sources[0]), "")
    said = told(view, (method, ("fee",), {"within": Filter(metadata=(("collection", "law"),))}))
    assert said == {
        "error": "No document passes the filter (collection=law). Widen it; footnote sources --json lists their fields"
    }


def test_a_view_can_be_narrowed_and_never_widened(whole, separate):
    view = whole.view({"hr", "law"})
    for wider in (COLLECTIONS, {"hr", "default"}, {"default"}, ()):
        narrower = view.view(frozenset(wider))
        alone = separate({"hr", "law"} & set(wider))
        assert plain(narrower.sources()) == plain(alone.sources())
        assert plain(narrower.search("vault")) == plain(alone.search("vault"))
        assert narrower.store.collections() == alone.store.collections()
    tampered = view.search("vault", within=Filter(permitted=COLLECTIONS), top_k=50)
    assert plain(tampered) == plain(separate({"hr", "law"}).search("vault", top_k=50))
    less = view.search("vault", within=Filter(permitted=("law", "default")), top_k=50)
    assert {one.source.collection for one in less} == {"law"}
    assert whole.view({"hr"}).search("fee", within=Filter(permitted=("law",))) == []


def test_the_shared_text_is_cited_from_where_it_may_be_seen(whole):
    everywhere = whole.search("When does the canteen open?", top_k=8)[0]
    assert len(everywhere.also) > 5  # all collections have it, and it is shown once
    for names in ({"law"}, {"HR", "it's"}, {"caf\u00e9"}):
        (first, *_) = whole.view(names).search("When does the canteen open?")
        assert {one.source.collection for one in (first, *first.also)} == names
        answer = whole.view(names).answer("When does the canteen open?", quotes_only=True)
        assert {quote.source.partition("/")[0] for quote in answer.quotes} <= names
    seen = plain(whole.view({"cafe\u0301"}).search("canteen"))
    assert "caf\u00e9" not in json.dumps(seen, ensure_ascii=False)


def test_documents_that_may_not_be_seen_neither_dispute_a_fact_nor_replace_an_older_version(whole):
    question = "What is the fee for a badge?"
    assert whole.view({"hr", "law"}).answer(question, quotes_only=True).conflicts
    alone = whole.view({"hr"}).answer(question, quotes_only=True)
    assert alone.conflicts == ()
    assert "The fee for a badge is 5 euros in every year." in {quote.quote for quote in alone.quotes}
    plan = "Which colour is the plan for the vault?"
    newest = max((COLLECTIONS.index(name), name) for name in ("hr", "hr_2"))[1]
    both = [one.source.collection for one in whole.view({"hr", "hr_2"}).search(plan) if "plan" in one.source.path]
    assert both[0] == newest
    assert [one.source.collection for one in whole.view({"hr"}).search(plan) if "plan" in one.source.path] == ["hr"]


def test_feedback_keeps_citations_of_what_may_be_seen_and_the_numbers_of_these(tmp_path):
    footnote = opened(tmp_path / "index", COLLECTIONS)
    cited = [
        {"source": f"{name}/shared.md", "start": 0, "end": 3, "quote": "The"} for name in ("law", "hr", "HR", "nowhere")
    ]
    cited.insert(2, {"source": "hr/paged.pdf", "quote": "A page"})
    record = Feedback("When?", "At nine.", "down", (1, 3, 4), "why", tuple(cited), "law", "2026-01-01T00:00:00+00:00")
    footnote.view({"hr"}).add_feedback(record)
    footnote.view({"hr", "law"}).add_feedback(record)
    footnote.view(()).add_feedback(record)
    footnote.add_feedback(record)
    one, two, none, everything = footnote.feedback()
    assert (one.citations, one.wrong_citations, one.collection) == ((cited[1], cited[2]), (2,), None)
    assert (two.citations, two.wrong_citations, two.collection) == ((cited[0], cited[1], cited[2]), (1, 3), "law")
    assert (none.citations, none.wrong_citations, none.collection) == ((), (), None)
    assert everything == record
    assert {(one.question, one.answer, one.comment) for one in (one, two, none)} == {("When?", "At nine.", "why")}
    assert not hasattr(footnote.view({"hr"}), "feedback")
    footnote.close()


def test_a_view_has_no_way_to_change_the_index(whole):
    view = whole.view(set(COLLECTIONS))
    for name in ("index", "index_corpus", "remove", "watch", "close"):
        assert hasattr(whole, name)
        assert not hasattr(view, name)
    for name in (
        "put",
        "delete",
        "apply",
        "writing",
        "save_vectors",
        "erase_leftovers",
        "close",
        "known_files",
        "note",
    ):
        assert hasattr(whole.store, name)
        assert not hasattr(view.store, name)


def test_the_state_tells_who_answers_and_counts_nothing(whole):
    for names in ((), {"hr"}, COLLECTIONS):
        assert whole.view(names).status() == "No language model, as asked for: answers are quotes only."


def test_langchain_sees_what_the_view_sees(whole, separate):
    found = whole.view({"law"}).as_retriever().invoke("What is the password of the vault?", k=50)
    alone = separate({"law"}).as_retriever().invoke("What is the password of the vault?", k=50)
    assert [(one.page_content, one.metadata, one.id) for one in found] == [
        (one.page_content, one.metadata, one.id) for one in alone
    ]
    assert {one.metadata["source"].partition("/")[0] for one in found} == {"law"}


def test_a_commit_elsewhere_changes_nothing_that_is_told(tmp_path):
    footnote = opened(tmp_path / "index", {"hr", "law"})
    view, questions = footnote.view({"hr"}), ["What is the password of the vault?", "fee", canary("default", "text")]
    before = [told(view, ("ask", (one,), {"quotes_only": True})) for one in questions], plain(view.sources())
    footnote.store.put([one for name in ("default", "lawyers", "HR") for one in documents_of(name)])
    after = [told(view, ("ask", (one,), {"quotes_only": True})) for one in questions], plain(view.sources())
    assert after == before
    footnote.store.delete(["law/shared.md", "default/shared.md"])
    assert [told(view, ("ask", (one,), {"quotes_only": True})) for one in questions] == before[0]
    footnote.close()


def test_what_comes_into_a_collection_is_seen_at_once(tmp_path):
    footnote = opened(tmp_path / "index", {"law"})
    view = footnote.view({"hr"})
    assert (view.sources(), view.search("vault"), view.store.collections()) == ([], [], [])
    footnote.store.put(list(documents_of("hr")))
    assert len(view.sources()) == 5
    assert {one.source.collection for one in view.search("vault")} == {"hr"}
    footnote.store.delete([one.source.source_id for one in view.sources()])
    assert (view.sources(), view.search("vault"), view.store.collections()) == ([], [], [])
    footnote.close()
