"""What the model is told: evidence packed by value within a token budget, in the order of the documents.

Sentences are never cut. The best sentences go in first, then their neighbours, until the budget is full; what did not
fit was not seen by the model and is marked so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, pairwise

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from generator.evidence import Evidence
from prompts import Prompt
from schema import Turn

_CONTROL = re.compile(r"(<)([|/]?\|?(?:im_|end|start|system|user|assistant|s>|bos|eos))", re.IGNORECASE)

GAP = " ... "
"""Between sentences that do not follow each other in the document."""


def pack_evidence(
    chosen: Sequence[Evidence], sentences: Sequence[Evidence], *, budget: int, count_tokens: Callable[[str], int]
) -> list[Evidence]:
    """The sentences that the model will read, in document order.

    Args:
        chosen: the best sentences, best first; the first always goes in, so that there is something to read.
        sentences: all sentences, in passage and text order, among which neighbours are found.
        budget: tokens of the model for sentences and source lines together.
        count_tokens: with the model's own tokenizer.
    """
    packed: dict[tuple[str, int], Evidence] = {}
    sources: set[str] = set()
    spent = 0
    for sentence in (*chosen, *_neighbours(chosen, sentences)):
        source = sentence.passage.chunk.source_id
        cost = count_tokens(sentence.text) + 1 + (0 if source in sources else count_tokens(source_line(sentence)) + 1)
        if sentence.key in packed or (packed and spent + cost > budget):
            continue
        packed[sentence.key] = sentence
        sources.add(source)
        spent += cost
    return sorted(packed.values(), key=lambda sentence: sentence.key)


def build_messages(
    prompt: Prompt, question: str, packed: Sequence[Evidence], history: Sequence[Turn]
) -> list[BaseMessage]:
    """The system message, which never changes, and one message with evidence, the last turn and the question."""
    last = history[-1] if history else None
    user = prompt.render_user(
        evidence=plain(format_evidence(packed)),
        question=plain(question),
        earlier_question=plain(last.question) if last else "",
        earlier_answer=plain(last.answer) if last else "",
    )
    return [SystemMessage(prompt.system), HumanMessage(user)]


def opening_messages(prompt: Prompt) -> list[BaseMessage]:
    """What every prompt begins with, so that an engine can read it before the first question."""
    opening = prompt.user.partition("{{")[0]
    return [SystemMessage(prompt.system), HumanMessage(opening.strip())]


def plain(text: str) -> str:
    """A text without what a chat template would read as the end of a message: documents are data, never control."""
    return _CONTROL.sub(r"\1 \2", text)


def format_evidence(packed: Iterable[Evidence]) -> str:
    """The sentences by source, under a line that names document and date."""
    blocks = []
    for _, group in groupby(packed, key=lambda sentence: sentence.passage.chunk.source_id):
        members = list(group)
        text = members[0].text
        for before, after in pairwise(members):
            text += (" " if _adjacent(before, after) else GAP) + after.text
        blocks.append(f"{source_line(members[0])}\n{text}")
    return "\n\n".join(blocks)


def source_line(sentence: Evidence) -> str:
    """The line above a source's sentences."""
    source = sentence.passage.source
    return f"## {source.title}" + (f" ({source.date})" if source.date else "")


def _neighbours(chosen: Sequence[Evidence], sentences: Sequence[Evidence]) -> Iterable[Evidence]:
    """The sentences before and after each chosen one, in its own passage."""
    places = {sentence.key: place for place, sentence in enumerate(sentences)}
    for sentence in chosen:
        place = places[sentence.key]
        for other in (place - 1, place + 1):
            if 0 <= other < len(sentences) and sentences[other].passage.chunk == sentence.passage.chunk:
                yield sentences[other]


def _adjacent(before: Evidence, after: Evidence) -> bool:
    return after.start - before.end <= 2
