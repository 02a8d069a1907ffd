"""What the model is told: evidence packed by value within a token budget, in the order of the documents.

Sentences are never cut. The best sentences go in first, then their neighbours, until the budget is full; what did not
fit was not seen by the model and is marked so. Text of documents is data: sentences that read like instructions to a
model stay out, and none can end its block, begin like a line of the prompt, or write a control word of a chat template.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, pairwise

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from generator.evidence import Evidence
from generator.guards.hostile import flag_instructions, is_instruction, visible
from prompts import Prompt
from schema import Turn

_CONTROL = re.compile(
    r"[<＜](?=/?[|｜])"  # <|im_start|>, <|endoftext|>, <｜begin▁of▁sentence｜>
    r"|[<＜](?=<?/?(?:s|bos|eos|pad|unk|mask|sys|inst|think|tools?|tool_\w+|(?:start|end)_of_\w+|im_\w+|unused\d+"
    r"|end|user|system|assistant|repo_?name|file_sep|file_?name|gh_stars|issue_\w+|jupyter_\w+|empty_output)\s?[>＞|｜])"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_\w+|IMG\w*|PREFIX|SUFFIX|MIDDLE)\])",
    re.IGNORECASE,
)
"""Where a control word of a chat template may begin: those of Qwen, SmolLM, Llama, Mistral, Gemma, Phi and DeepSeek."""
_FRAME = re.compile(
    r"(?:\W*(?:question|excerpts?|the reader asked before|you answered|system|user|assistant)\s*:|#)", re.I
)
"""How a line begins that the prompt itself might have written."""

LONGEST_TITLE = 150
"""Characters of a title that the model reads."""

GAP = " ... "
"""Between sentences that do not follow each other in the document."""


def pack_evidence(
    chosen: Sequence[Evidence], sentences: Sequence[Evidence], *, budget: int, count_tokens: Callable[[str], int]
) -> list[Evidence]:
    """The sentences that the model will read, in document order; none when all of them are `instructions_among` them.

    Args:
        chosen: the best sentences, best first; the first that is no instruction always goes in, so that there is
            something to read.
        sentences: all sentences, in passage and text order, among which neighbours are found.
        budget: tokens of the model for sentences and source lines together.
        count_tokens: with the model's own tokenizer.
    """
    packed: dict[tuple[str, int], Evidence] = {}
    sources: set[str] = set()
    spent = 0
    hostile = instructions_among(sentences)
    trusted = [sentence for sentence in chosen if sentence.key not in hostile]
    for sentence in (*trusted, *_neighbours(trusted, sentences)):
        if sentence.key in hostile:
            continue
        source = sentence.passage.chunk.source_id
        cost = count_tokens(sentence.text) + 1 + (0 if source in sources else count_tokens(source_line(sentence)) + 1)
        if sentence.key in packed or (packed and spent + cost > budget):
            continue
        packed[sentence.key] = sentence
        sources.add(source)
        spent += cost
    return sorted(packed.values(), key=lambda sentence: sentence.key)


def instructions_among(sentences: Sequence[Evidence]) -> frozenset[tuple[str, int]]:
    """The keys of those sentences that read like instructions to a model, alone or beside one that does.

    Args:
        sentences: in passage and text order.
    """
    hostile: set[tuple[str, int]] = set()
    for _, group in groupby(sentences, key=lambda sentence: sentence.passage.chunk.chunk_id):
        members = list(group)
        flags = flag_instructions([sentence.text for sentence in members])
        hostile.update(sentence.key for sentence, flag in zip(members, flags, strict=True) if flag)
    return frozenset(hostile)


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
    return _CONTROL.sub(r"\g<0> ", visible(text))


def format_evidence(packed: Iterable[Evidence]) -> str:
    """The sentences by source, under a line that names document and date."""
    blocks = []
    for _, group in groupby(packed, key=lambda sentence: sentence.passage.chunk.source_id):
        members = list(group)
        text = members[0].text
        for before, after in pairwise(members):
            text += (" " if _adjacent(before, after) else GAP) + after.text
        blocks.append(f"{source_line(members[0])}\n{_one_block(text)}")
    return "\n\n".join(blocks)


def source_line(sentence: Evidence) -> str:
    """The line above a source's sentences; a title that reads like an instruction is not repeated."""
    source = sentence.passage.source
    title = "Document" if is_instruction(source.title) else " ".join(source.title.split())[:LONGEST_TITLE]
    return f"## {title}" + (f" ({source.date})" if source.date else "")


def _one_block(text: str) -> str:
    """A source's sentences as one line that can't be taken for one of the prompt's own."""
    line = " ".join(text.split())
    return f"{GAP.lstrip()}{line}" if _FRAME.match(line) else line


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
