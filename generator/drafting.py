"""The language model's draft: streamed, and each sentence cited and checked as soon as it is complete.

A sentence is kept when the evidence holds it, and left out, on record, when it does not. What this module does not do:
decide whether to ask the model at all, or what stands in for a draft that did not hold (`generator.answering`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from langchain_core.messages import BaseMessage

from generator.citing import cite, clean_draft
from generator.compound import asked_in
from generator.evidence import Evidence, speaker_in, to_quote
from generator.guards.guarding import RECITED, Sieve, defuse, foreign_sources, recites
from generator.prompting import build_messages, pack_evidence
from generator.reading import Entail
from generator.sources.attribution import loses_speaker, with_speaker
from generator.support.checking import Verdict, check_support
from generator.support.short_answers import PROBLEM, is_no_answer
from language import sentence_spans
from prompts import Prompt
from schema import Event, ModelAwayError, Passage, Quote, Sentence, SentenceChecked, Timings, Token, Turn

ENDINGS = ".!?…\"'”’)]。！？"
"""Characters that a finished sentence may end with."""

StreamText = Callable[[Sequence[BaseMessage]], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Writer:
    """A language model as the generator sees it: messages in, pieces of text out, and a count of its tokens.

    ``evidence_tokens`` is the budget for what it reads, ``answer_tokens`` the length at which it is made to end.
    ``away`` says in a sentence why it can't be asked now, or nothing.
    """

    stream: StreamText
    count_tokens: Callable[[str], int]
    prompt: Prompt
    evidence_tokens: int
    answer_tokens: int
    away: Callable[[], str] = lambda: ""


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: the reader's words, what was searched for, ``time.monotonic()`` at its arrival, earlier turns.

    ``shown`` is the question that was searched for, where it was rewritten and reads as one.
    """

    text: str
    standalone: str
    started: float
    history: Sequence[Turn] = ()
    shown: str = ""

    @property
    def asked(self) -> str:
        """What was searched for without the story that it may begin with."""
        return asked_in(self.standalone)


@dataclass(slots=True)
class Draft:
    """What is known while an answer is made; it becomes an `Answer` at the end."""

    question: Question
    ranked: list[Evidence]
    passages: list[Passage]
    entail: Entail | None = None
    quotes: list[Quote] = field(default_factory=list)
    timings: Timings = field(default_factory=Timings)
    signals: dict[str, float] = field(default_factory=dict)
    sentences: list[Sentence] = field(default_factory=list)
    dropped: list[Sentence] = field(default_factory=list)
    cited: list[Evidence] = field(default_factory=list)
    refused_by_model: bool = False
    text: str = ""
    tokens_read: int | None = None
    tokens_written: int | None = None
    own_words: bool = False
    cut: bool = False
    stopped: bool = False
    failure: str = ""

    @property
    def written(self) -> list[Sentence]:
        """The sentences that the language model wrote."""
        return self.sentences[:-1] if self.own_words else self.sentences

    def now_ms(self) -> float:
        """Milliseconds since the question came."""
        return round((time.monotonic() - self.question.started) * 1000, 1)

    def keep(self, sentence: Sentence, cited: Sequence[Evidence]) -> SentenceChecked:
        """Add a sentence to the answer, numbering its citations in order of first use."""
        for evidence in cited:
            if evidence.key not in [known.key for known in self.cited]:
                self.cited.append(evidence)
        places = {evidence.key: number for number, evidence in enumerate(self.cited, start=1)}
        numbered = replace(sentence, citations=tuple(sorted(places[evidence.key] for evidence in cited)))
        self.sentences.append(numbered)
        return SentenceChecked(numbered, tuple(to_quote(evidence, places[evidence.key]) for evidence in cited))


def write_draft(
    draft: Draft,
    chosen: Sequence[Evidence],
    sentences: Sequence[Evidence],
    writer: Writer,
    is_stopped: Callable[[], bool],
) -> Iterator[Event]:
    """Stream the model's draft and check each sentence as soon as it is complete.

    Args:
        draft: to be filled.
        chosen: the best sentences, best first.
        sentences: all of them, in passage and text order.
        writer: the language model.
        is_stopped: asked between tokens; true ends the draft where it is.
    """
    readable = _ready(draft, chosen, sentences, writer)
    if not readable:
        return
    in_order = sorted(readable, key=lambda sentence: sentence.key)
    messages = build_messages(writer.prompt, asked_in(draft.question.text), in_order, draft.question.history)
    draft.tokens_read = sum(writer.count_tokens(str(message.content)) for message in messages)
    sieve = Sieve(writer.prompt.system, _held(readable))
    shown, checked = 0, 0
    for piece in _pieces(draft, writer, messages):
        if is_stopped():
            break
        if draft.timings.first_token_ms is None:
            draft.timings = replace(draft.timings, first_token_ms=draft.now_ms())
        draft.text += piece
        refuses = _refuses(draft.text, writer.prompt.refusal)
        if refuses:
            draft.refused_by_model = True
            break
        if refuses is None:
            continue  # a reader who sees half a refusal takes it for the answer
        yield from _tokens(sieve.feed(draft.text[shown:]))
        shown = len(draft.text)
        complete = sentence_spans(draft.text)[:-1]
        for start, end in complete[checked:]:
            yield from _check(draft, draft.text[start:end], readable, writer.prompt)
        checked = len(complete)
    draft.tokens_written = writer.count_tokens(draft.text)
    draft.stopped = is_stopped()
    # Of a draft that broke off, the sentence that was being written says who knows what.
    if not draft.stopped and not draft.refused_by_model and not draft.failure:
        yield from _tokens(sieve.feed(draft.text[shown:]) + sieve.rest())
        rest = sentence_spans(draft.text)[checked:]
        # A sentence that ran into the limit says half of what it means, which no check can see.
        draft.cut = bool(rest) and draft.text[-1] not in ENDINGS and draft.tokens_written >= writer.answer_tokens
        for start, end in rest[:-1] if draft.cut else rest:
            yield from _check(draft, draft.text[start:end], readable, writer.prompt)


def _pieces(draft: Draft, writer: Writer, messages: Sequence[BaseMessage]) -> Iterator[str]:
    """What the model writes; that its server can't be asked, or breaks off, ends the draft and not the answer."""
    try:
        yield from writer.stream(messages)
    except ModelAwayError as error:
        draft.failure = str(error)


def _tokens(text: str) -> Iterator[Event]:
    if text:
        yield Token(text)


def _held(readable: Sequence[Evidence]) -> list[str]:
    """The sentences that the model read; not their titles, since no footnote quotes those."""
    return [sentence.text for sentence in readable]


def _names(readable: Sequence[Evidence]) -> list[str]:
    """What their documents are called."""
    sources = [(one.passage.source.title, one.passage.source.path) for one in readable]
    return list(dict.fromkeys(name for names in sources for name in names))


def _ready(draft: Draft, chosen: Sequence[Evidence], sentences: Sequence[Evidence], writer: Writer) -> list[Evidence]:
    """What the model will read, best first; its passages are marked as seen."""
    packed = pack_evidence(chosen, sentences, budget=writer.evidence_tokens, count_tokens=writer.count_tokens)
    seen = {sentence.passage.chunk.chunk_id for sentence in packed}
    draft.passages = [replace(one, seen_by_model=one.chunk.chunk_id in seen) for one in draft.passages]
    ranked = {sentence.key: sentence for sentence in draft.ranked}
    return sorted((ranked[sentence.key] for sentence in packed), key=lambda sentence: -sentence.score)


def _refuses(text: str, refusal: str) -> bool | None:
    """Whether a draft opens with the refusal, in any case and mark-up; ``None`` while it may still become one."""
    opening, phrase = text.lstrip(" \n\t\"'“”*_`").upper(), refusal[:12].upper()
    if opening.startswith(phrase):
        return True
    return None if phrase.startswith(opening) else False


def _check(draft: Draft, text: str, readable: Sequence[Evidence], prompt: Prompt) -> Iterator[Event]:
    """Cite and check one sentence; what the evidence does not hold is dropped and kept on record."""
    held = _held(readable)
    text = clean_draft(defuse(text, held))
    if not text:
        return
    if recites(text, prompt.system, held):
        draft.dropped.append(Sentence(RECITED, (), "unsupported", 0.0))
        return
    cited = cite(text, readable, entail=draft.entail)
    text = defuse(text, _held(cited))  # an address that another document holds has no footnote here
    text, problems = _attributed(text, cited)
    verdict = _verdict(draft, text, cited)
    foreign = foreign_sources(text, [*held, *_names(readable)])
    problems += tuple(f"No document is named {name}." for name in sorted(foreign))
    sentence = Sentence(text, (), verdict.support, verdict.score, verdict.problems + problems)
    if verdict.support == "unsupported" or foreign:
        draft.dropped.append(replace(sentence, support="unsupported"))
    else:
        yield draft.keep(sentence, cited)


def _verdict(draft: Draft, text: str, cited: Sequence[Evidence]) -> Verdict:
    grounds = [" ".join(part for part in (speaker_in(one), one.grounds) if part) for one in cited]
    by_document: dict[str, str] = {}
    for evidence, ground in zip(cited, grounds, strict=True):
        source = evidence.passage.chunk.source_id
        by_document[source] = f"{by_document.get(source, '')} {ground}"
    documents = tuple(by_document.values())
    if draft.entail and is_no_answer(text, draft.question.asked, cited, draft.entail):
        return Verdict("unsupported", 0.0, (PROBLEM,))
    return check_support(text, grounds, draft.question.text, documents=documents, entail=draft.entail)


def _attributed(text: str, cited: Sequence[Evidence]) -> tuple[str, tuple[str, ...]]:
    """The sentence with the speaker that it lost, or what is to be said of that where no English sentence has room."""
    for evidence in cited:
        if speaker := loses_speaker(text, evidence.text, speaker=speaker_in(evidence)):
            mended = with_speaker(text, speaker, quote=evidence.text)
            return mended, () if mended != text else (f"The document reports this as what {speaker} says.",)
    return text, ()
