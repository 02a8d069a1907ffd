"""Measure which passages are folded as near-duplicates: edits of real text that change nothing, and edits that do.

    python -m benchmarks.folding --data FOLDER

Passages are chunks of about 150 words of Wikipedia articles (squad2), guidance (conditionalqa) and reports and papers
(chroma_chunking). Each is edited in every way that it allows, and the edited one is offered below the original. The
table has the share that is folded by the share of runs that must be held, beside the same without the rule that numbers
and turning words must agree. Different passages of one document should never be folded. Writes
benchmarks/results/folding.json.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.answering import machine
from benchmarks.span_sets import Document, load_set
from indexer.chunking import chunk_document
from language import sentence_spans
from retriever import folding
from schema import Chunk, Passage, Source

RESULTS = Path(__file__).parent / "results" / "folding.json"
SETS = ("squad2", "conditionalqa", "chroma_chunking")
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
MONTHS = "January February March April May June July August September October November December".split()
DUTIES = {"must": "may", "may": "must", "shall": "may", "can": "must", "will": "may", "should": "must"}

Edit = Callable[[str, random.Random], str | None]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the sets")
    parser.add_argument("--passages", type=int, default=400, help="of each set")
    arguments = parser.parse_args()
    drawn = random.Random(0)  # noqa: S311  (a sample, no secret)
    found: list[list[Passage]] = []
    for name in SETS:
        documents = load_set(arguments.data / name)[0]
        passages = [cut(document) for document in drawn.sample(documents, min(len(documents), arguments.passages))]
        found += shortened(passages, arguments.passages)
    texts = [one.chunk.text for passages in found for one in passages]
    record: dict[str, Any] = {"machine": machine(), "passages": len(texts), "folded": {}}
    pairs = cases(texts, found)
    for label, rule in (("", False), (", runs alone", True)):
        for threshold in THRESHOLDS:
            record["folded"][f"{threshold}{label}"] = judge(pairs, threshold, without_turns=rule)
            print(f"{threshold}{label}", file=sys.stderr)
    record["cases"] = {name: len(each) for name, each in pairs.items()}
    record["ms_of_50"] = speed([one for passages in found for one in passages])
    RESULTS.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    print_table(record)


def cut(document: Document) -> list[Passage]:
    """The passages of a document."""
    chunks = chunk_document(
        document.extraction,
        document.source.source_id,
        max_tokens=150,
        count_tokens=lambda texts: [len(text.split()) for text in texts],
    )
    return [Passage(one, document.source, 0.0, rank, "fused") for rank, one in enumerate(chunks, start=1)]


def shortened(documents: Sequence[list[Passage]], most: int) -> list[list[Passage]]:
    """The first documents, up to so many passages."""
    kept: list[list[Passage]] = []
    for passages in documents:
        room = most - sum(map(len, kept))
        if room > 0:
            kept.append(passages[:room])
    return kept


def cases(texts: Sequence[str], found: Sequence[list[Passage]]) -> dict[str, list[tuple[str, str]]]:
    """Pairs of a better text and one below it, by what was done."""
    drawn = random.Random(1)  # noqa: S311  (a sample, no secret)
    pairs: dict[str, list[tuple[str, str]]] = {}
    for name, edit in (*HARMLESS.items(), *HARMFUL.items()):
        edited = [(text, edit(text, drawn)) for text in texts if len(text.split()) >= 20]
        pairs[name] = [(text, other) for text, other in edited if other and other != text]
    neighbours = [(first.chunk.text, second.chunk.text) for passages in found for first, second in pairwise(passages)]
    pairs["different: neighbours in a document"] = neighbours
    return pairs


def judge(pairs: dict[str, list[tuple[str, str]]], threshold: float, *, without_turns: bool) -> dict[str, float]:
    """The share of pairs that are folded."""
    changes: list[AbstractContextManager[Any]] = [patch.object(folding, "CONTAINED", threshold)]
    if without_turns:
        changes += [patch.object(folding, "_turns", lambda _: False), patch.object(folding._Reading, "content", "any")]
    with ExitStack() as stack:
        for change in changes:
            stack.enter_context(change)
        return {name: round(sum(folds(*pair) for pair in each) / len(each), 4) for name, each in pairs.items()}


def folds(better: str, other: str) -> bool:
    """Whether a text goes into a better one."""
    source = Source("set", "document", "", None, "")
    chunks = [Chunk(source.source_id, 0, len(text), text) for text in (better, other)]
    passages = [Passage(chunk, source, 0.0, rank, "fused") for rank, chunk in enumerate(chunks, start=1)]
    return len(folding.fold_duplicates(passages)) == 1


def speed(passages: Sequence[Passage]) -> float:
    """Milliseconds to look through 50 passages, the median of 50 drawings."""
    drawn = random.Random(2)  # noqa: S311  (a sample, no secret)
    times = []
    for _ in range(50):
        fifty = drawn.sample(passages, min(50, len(passages)))
        started = time.perf_counter()
        folding.fold_duplicates(fifty)
        times.append(time.perf_counter() - started)
    return round(1000 * sorted(times)[len(times) // 2], 2)


def print_table(record: dict[str, Any]) -> None:
    """Shares in percent as Markdown, a row for each edit."""
    columns = list(record["folded"])
    print(f"\n{record['passages']} passages; 50 take {record['ms_of_50']} ms\n")
    print(f"| edit | pairs | {' | '.join(columns)} |\n{'|---' * (len(columns) + 2)}|")
    for name, count in record["cases"].items():
        shares = (f"{100 * record['folded'][column][name]:.1f}" for column in columns)
        print(f"| {name} | {count} | {' | '.join(shares)} |")


# Edits


def marks(text: str, _: random.Random) -> str | None:
    """Without commas and capitals, with other line breaks."""
    return "\n".join(part.lower() for part in text.replace(", ", " ").split(" "))


def running_head(text: str, drawn: random.Random) -> str | None:
    """A line of a page's head before it."""
    return " ".join(drawn.sample(["Draft", "Guidance", "Final", "Report", "Annex", "Department"], 4)) + "\n" + text


def misspelled(share: float) -> Edit:
    """Some words, never fewer than one, with two letters exchanged."""

    def edit(text: str, drawn: random.Random) -> str | None:
        words = text.split(" ")
        able = [place for place, word in enumerate(words) if re.fullmatch(r"[a-z]{5,}", word)]
        able = [place for place in able if words[place] not in folding.TURNING]
        for place in drawn.sample(able, min(len(able), max(1, round(share * len(words))))):
            words[place] = words[place][0] + words[place][2] + words[place][1] + words[place][3:]
        return " ".join(words)

    return edit


def first_sentence_gone(text: str, _: random.Random) -> str | None:
    """Cut after its first sentence."""
    spans = sentence_spans(text)
    return text[spans[1][0] :] if len(spans) > 1 else None


def substituted(pattern: str, another: Callable[[re.Match[str], random.Random], str]) -> Edit:
    """One occurrence of a pattern changed."""

    def edit(text: str, drawn: random.Random) -> str | None:
        found = list(re.finditer(pattern, text))
        if not found:
            return None
        match = drawn.choice(found)
        return text[: match.start()] + another(match, drawn) + text[match.end() :]

    return edit


def other_digit(match: re.Match[str], drawn: random.Random) -> str:
    """Another digit."""
    return drawn.choice([digit for digit in "123456789" if digit != match.group()])


def other_month(match: re.Match[str], drawn: random.Random) -> str:
    """Another month."""
    return drawn.choice([month for month in MONTHS if month != match.group()])


def numbers_exchanged(text: str, drawn: random.Random) -> str | None:
    """Two different numbers in each other's place."""
    found = list(re.finditer(r"\b\d+\b", text))
    able = [(a, b) for a, b in pairwise(found) if a.group() != b.group()]
    if not able:
        return None
    a, b = drawn.choice(able)
    return text[: a.start()] + b.group() + text[a.end() : b.start()] + a.group() + text[b.end() :]


HARMLESS: dict[str, Edit] = {
    "same: marks, capitals, line breaks": marks,
    "same: a page's head before it": running_head,
    "same: a word misspelled": misspelled(0.0),
    "same: 2 of 100 words misspelled": misspelled(0.02),
    "same: 5 of 100 words misspelled": misspelled(0.05),
    "same: first sentence gone": first_sentence_gone,
}
HARMFUL: dict[str, Edit] = {
    "different: a digit": substituted(r"\d", other_digit),
    "different: a month": substituted(rf"\b(?:{'|'.join(MONTHS)})\b", other_month),
    "different: two numbers exchanged": numbers_exchanged,
    "different: not put in": substituted(r"\b(?:is|are|was|were|must|may|can|will)\b", lambda m, _: f"{m.group()} not"),
    "different: not taken out": substituted(r"\bnot ", lambda *_: ""),
    "different: may for must": substituted(rf"\b(?:{'|'.join(DUTIES)})\b", lambda m, _: DUTIES[m.group()]),
}


if __name__ == "__main__":
    main()
