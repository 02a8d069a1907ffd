"""Texts for benchmarks of size, made from the sentences of real question sets, so that words are as rare as they are.

The same seed gives the same texts. What this module does not do: embed, or index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from eval.sets.beir import load_beir, read_corpus
from language import sentence_spans
from schema import FootnoteError

SETS = ("scifact", "squad2", "conditionalqa", "clapnq_dev", "medquad_liveqa")
SHORTEST, LONGEST = 30, 400  # characters of a sentence; the rest are headings, cells and what was not cut


def read_sentences(data: Path, sets: Sequence[str] = SETS) -> list[list[str]]:
    """The sentences of each document of the sets, documents without any left out; each sentence once.

    Raises:
        FootnoteError: when none of the sets is there.
    """
    seen: set[str] = set()
    documents = []
    for name in present(data, sets):
        for document in read_corpus(data / name):
            spans = sentence_spans(document.text)
            sentences = [document.text[start:end] for start, end in spans if SHORTEST <= end - start <= LONGEST]
            fresh = [one for one in dict.fromkeys(sentences) if one not in seen]
            seen.update(fresh)
            documents.append(fresh)
    return [sentences for sentences in documents if sentences]


def read_questions(data: Path, count: int, *, sets: Sequence[str] = SETS, seed: int = 0) -> list[str]:
    """So many questions of the sets at most, the same share of each set as it has, drawn without repeats."""
    questions = list(dict.fromkeys(case.question for name in present(data, sets) for case in load_beir(data / name)))
    drawn = np.random.default_rng(seed).permutation(len(questions))[:count]
    return [questions[place] for place in drawn]


def present(data: Path, sets: Sequence[str]) -> list[str]:
    """The sets that are there."""
    found = [name for name in sets if (data / name / "corpus.jsonl").exists()]
    if not found:
        raise FootnoteError(f"{data} holds none of the sets {', '.join(sets)}.")
    return found


def passages(documents: Sequence[Sequence[str]], words: int) -> Iterator[list[str]]:
    """Sentences that follow one another in a document, in groups of so many words or a sentence more."""
    for sentences in documents:
        group: list[str] = []
        for sentence in sentences:
            group.append(sentence)
            if sum(len(one.split()) for one in group) >= words:
                yield group
                group = []
        if group:
            yield group


def made_documents(sentences: Sequence[str], count: int, *, words: int = 28, seed: int = 0) -> Iterator[str]:
    """So many texts of sentences drawn at random, each of so many words or a sentence more."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        text: list[str] = []
        length = 0
        while length < words:
            sentence = sentences[int(generator.integers(len(sentences)))]
            text.append(sentence)
            length += len(sentence.split())
        yield " ".join(text)
