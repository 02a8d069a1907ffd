"""Ask for what may not be seen, ten thousand times, and count what of it comes back.

    python -m benchmarks.collections [--questions 10000] [--seed 7]

Makes an index of 20 collections, one of them 20 times as large as the others, in which documents are about the same
subjects. Each holds keys, which are asked for, and secrets beside them, which nobody asks for. Visitors who may see one
to six collections ask: searches, quotes-only answers, follow-up questions after turns that name other collections'
documents, filters and names tampered with, documents by their ids. Whatever is returned is searched for keys (unless
they were in the question) and secrets of collections that the visitor may not see. Then the questions whose answers are
in one small collection are asked of the large index, through a view, and of an index of that collection alone.

Embedder and search are the defaults; what comes after the search (cross-encoder, reading model) reads what was found
and no more, and is left out. Writes benchmarks/results/collections.json; exits with 1 when anything foreign came back.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from benchmarks.answering import machine
from pipeline import Footnote, View
from schema import Filter, FootnoteError, TextDocument, Turn
from settings import load_settings

RESULTS = Path(__file__).parent / "results" / "collections.json"
NAMES = "hr HR hr2 hr-2 hr_2 h_ hr. law lawyers default null 0 café fees plans board Board.2 works north all".split()
DOCUMENTS, CROWDED, LARGEST = 60, 20, "all"
"""Documents of a collection, and how many times as many the largest has."""
MOST_SEEN = 6
ALLOWED = 0.3
"""Share of the questions that are surely for what the visitor may see; the others are for any collection."""
TOP_K = 10
SUBJECTS = (
    "lift boiler canteen car park server room badge desk printer projector window alarm bicycle shed roof".split()
)
CANARY = re.compile(r"(?:kq|zx)(\d\d)w\d{4}")
FACTS = "fee colour owner supplier age height deadline password serial number insurance repair budget floor".split()


@dataclass(frozen=True, slots=True)
class Fact:
    """What one document says, where its secret is the answer to a question about its key."""

    collection: str
    number: int
    subject: str
    fact: str

    @property
    def key(self) -> str:
        """A word that is asked for."""
        return f"kq{NAMES.index(self.collection):02}w{self.number:04}"

    @property
    def secret(self) -> str:
        """A word that is not."""
        return f"zx{NAMES.index(self.collection):02}w{self.number:04}"

    @property
    def document(self) -> TextDocument:
        """The document, with key and secret in text, title and path."""
        text = f"The {self.fact} of the {self.subject} in building {self.key} is {self.secret}. It was decided in May."
        return TextDocument(f"{self.subject}/{self.key}-{self.secret}.txt", f"{self.subject} {self.secret}", text)

    @property
    def source_id(self) -> str:
        """The name of the document."""
        return f"{self.collection}/{self.document.path}"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: of which kind, in which words, and what asks it of a view."""

    kind: str
    words: str
    call: Callable[[View], Any]


def main() -> int:
    """Run the benchmark; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7, help="of the documents, the visitors and their questions")
    arguments = parser.parse_args()
    about, chance = machine(), random.Random(arguments.seed)  # noqa: S311  (no secret)
    facts = list(made_facts(chance))
    with tempfile.TemporaryDirectory() as folder, closing(indexed(Path(folder, "whole"), facts)) as footnote:
        small = [one for one in facts if one.collection == "hr_2"]
        with closing(indexed(Path(folder, "small"), small)) as alone:
            record = {
                "machine": about,
                "seed": arguments.seed,
                "collections": len(NAMES),
                "documents": len(facts),
                **tried(footnote, facts, arguments.questions, chance),
                "small_collection": compared(footnote.view({"hr_2"}), alone, small),
            }
    RESULTS.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    print(json.dumps(record, indent=2))
    return int(sum(record["foreign"].values()) > 0)


def made_facts(chance: random.Random) -> Iterator[Fact]:
    """What the collections hold: the same subjects and facts in all of them."""
    for name in NAMES:
        for number in range(DOCUMENTS * (CROWDED if name == LARGEST else 1)):
            yield Fact(name, number, chance.choice(SUBJECTS), chance.choice(FACTS))


def indexed(folder: Path, facts: Sequence[Fact]) -> Footnote:
    """An index of these documents with the default embedder."""
    settings, _ = load_settings({"index": folder, "llm": "none", "reranker": "none", "reader": "none"})
    footnote = Footnote(settings, create=True)
    for name in NAMES:
        if held := [one.document for one in facts if one.collection == name]:
            footnote.index_corpus(held, collection=name)
    return footnote


def tried(footnote: Footnote, facts: Sequence[Fact], count: int, chance: random.Random) -> dict[str, Any]:
    """All questions: how many of each kind, what foreign came back, and how often a key led to its own secret."""
    asked, refused, foreign, own = Counter[str](), Counter[str](), Counter[str](), Counter[bool]()
    held = {name: [one for one in facts if one.collection == name] for name in NAMES}
    for number in range(count):
        seen = frozenset(chance.sample(NAMES, chance.randint(1, MOST_SEEN)))
        home = chance.choice(sorted(seen) if chance.random() < ALLOWED else NAMES)
        wanted = chance.choice(held[home])
        question = one_question(wanted, seen, chance)
        returned, is_refusal = told(footnote.view(seen), question)
        asked[question.kind] += 1
        refused[question.kind] += is_refusal
        foreign[question.kind] += len(foreign_words(returned, seen, question.words))
        if wanted.collection in seen and question.kind == "search":
            own[wanted.secret in returned] += 1
        if number % 500 == 499:
            print(f"{number + 1}/{count} {sum(foreign.values())} foreign", file=sys.stderr)
    return {
        "questions": count,
        "of_each_kind": dict(asked),
        "refused_in_a_sentence": dict(refused),
        "foreign": {kind: foreign[kind] for kind in asked},
        "own_secret_found": {"searches": own.total(), "share": round(own[True] / max(own.total(), 1), 3)},
    }


def one_question(wanted: Fact, seen: frozenset[str], chance: random.Random) -> Asked:
    """A question for a document, by one of the ways in which it may be asked for."""
    words = chance.choice(
        (
            f"What is the {wanted.fact} of the {wanted.subject} in building {wanted.key}?",
            f"{wanted.key}",
            f"What does the collection {wanted.collection} say of the {wanted.subject}?",
            f"What is in {wanted.collection}/{wanted.subject}?",
        )
    )
    kind = chance.choices(("search", "answer", "follow-up", "filter", "id"), (40, 10, 20, 20, 10))[0]
    if kind == "search":
        return Asked(kind, words, lambda view: view.search(words, top_k=TOP_K))
    if kind == "answer":
        return Asked(kind, words, lambda view: view.answer(words, quotes_only=True))
    if kind == "follow-up":
        turns = (Turn(words, f"It is in {wanted.collection}."),)
        again = chance.choice(("And who decided that?", "And in the other building?", "What about its owner?"))
        return Asked(kind, f"{words} {again}", lambda view: view.search(again, history=turns, top_k=TOP_K))
    if kind == "filter":
        within = tampered(wanted, chance.choice(sorted(seen)), chance)
        return Asked(kind, f"{words} {within}", lambda view: view.search(words, within=within, top_k=TOP_K))
    name = tricked(chance.choice((wanted.source_id, wanted.document.path)), chance)
    ways = (lambda view: view.text(name), lambda view: view.page(name, 1), lambda view: view.page_of(name, 3))
    return Asked(kind, name, chance.choice((*ways, lambda view: [*view.sources(), view.status()])))


def tampered(wanted: Fact, own: str, chance: random.Random) -> Filter:
    """A filter that asks for more than may be seen, or for one collection of it."""
    folder = f"{wanted.collection}/{wanted.subject}/"
    return chance.choice(
        (
            Filter((tricked(wanted.collection, chance),)),
            Filter(sources=(tricked(folder, chance),)),
            Filter(sources=(tricked(wanted.subject + "/", chance),)),
            Filter(metadata=(("collection", tricked(wanted.collection, chance)),)),
            Filter(metadata=(("path", tricked(wanted.document.path, chance)),)),
            Filter((wanted.collection, own)),
            Filter((own,), permitted=tuple(NAMES)),
            Filter((own,), sources=(f"{wanted.subject}/",)),
            Filter(sources=(f"{own}/",), metadata=(("collection", wanted.collection),)),
            Filter(permitted=(wanted.collection, own)),
            Filter(permitted=tuple(NAMES)),
        )
    )


def tricked(name: str, chance: random.Random) -> str:
    """A name as it is, or as somebody tries it who may not use it."""
    return chance.choice(
        (
            name,
            name,
            name.upper(),
            name[:-1],
            name + "%",
            f"../{name}",
            name + "\x00",
            f"' OR 1=1 --{name}",
            f" {name}",
            "",
        )
    )


def told(view: View, question: Asked) -> tuple[str, bool]:
    """All that a view returns, as JSON, and whether it is a refusal."""
    try:
        return json.dumps(plain(question.call(view)), ensure_ascii=False), False
    except FootnoteError as error:
        return str(error), True


def plain(value: Any) -> Any:
    """A returned value in what JSON has."""
    if is_dataclass(value):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    return value if isinstance(value, str | int | float | None) else str(value)


def foreign_words(returned: str, seen: frozenset[str], words: str) -> set[str]:
    """Keys and secrets of documents that may not be seen, in what was returned; words of the question are no news."""
    found = {match[0] for match in CANARY.finditer(returned.lower()) if NAMES[int(match[1])] not in seen}
    return {word for word in found if word not in words.lower()}


def compared(view: View, alone: View, facts: Sequence[Fact]) -> dict[str, Any]:
    """Recall of a small collection in the large index and by itself, and in how many questions they tell the same."""
    same, found = 0, Counter[str]()
    for one in facts:
        question = f"What is the {one.fact} of the {one.subject} in building {one.key}?"
        here, there = (plain(some.search(question, top_k=TOP_K)) for some in (view, alone))
        same += here == there
        for place, passages in (("in_the_large_index", here), ("alone", there)):
            found[place] += any(one.secret in passage["chunk"]["text"] for passage in passages)
    recall = {
        f"recall_at_{TOP_K}_{place}": round(found[place] / len(facts), 4) for place in ("in_the_large_index", "alone")
    }
    return {"documents": len(facts), "questions": len(facts), **recall, "identical_results": same}


if __name__ == "__main__":
    sys.exit(main())
