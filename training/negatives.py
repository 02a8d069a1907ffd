"""Examples that nobody wrote: questions that a passage looks as if it answered, and claims that it nearly holds.

Made by rule, so that some of them are wrong (another sentence may answer after all). In the spirit of SQuAD 2.0's
adversarial questions (Rajpurkar, Jia, Liang, https://arxiv.org/abs/1806.03822), whose writers changed a name, a number,
a negation or a condition of a question.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Sequence

from language import STOP_WORDS, sentence_spans, statement
from training.examples import Example

OPPOSITES = """
first/last largest/smallest highest/lowest most/least more/fewer before/after early/late earliest/latest
north/south east/west northern/southern eastern/western increase/decrease increased/decreased rise/fall
rose/fell win/lose won/lost begin/end began/ended start/stop started/stopped born/died male/female men/women
man/woman father/mother son/daughter husband/wife brother/sister king/queen older/younger oldest/youngest
best/worst above/below inside/outside import/export buy/sell bought/sold support/oppose supported/opposed
allow/forbid allowed/banned accept/reject accepted/rejected public/private maximum/minimum upper/lower
left/right long/short longest/shortest large/small high/low strong/weak rich/poor major/minor positive/negative
winter/summer day/night love/hate open/close opened/closed join/leave joined/left create/destroy
created/destroyed enter/exit entered/left arrive/leave arrived/departed above/under same/different all/none
all/some every/no always/never must/may should/might with/without include/exclude includes/excludes only/also
until/from since/until many/few up/down former/current previous/next old/new
"""
PAIRS = [tuple(pair.split("/")) for pair in OPPOSITES.split()]
PHRASES = [("at least", "at most"), ("more than", "less than")]
SWAPS: dict[str, list[str]] = defaultdict(list)
for _left, _right in [*PAIRS, *PHRASES]:
    SWAPS[_left].append(_right)
    SWAPS[_right].append(_left)
_SWAP = re.compile(r"\b(?:" + "|".join(sorted(map(re.escape, SWAPS), key=len, reverse=True)) + r")\b", re.IGNORECASE)
_NUMBER = re.compile(r"\b\d[\d,]*(?:\.\d+)?\b")
_NAME = re.compile(r"(?<![.?!]\s)(?<!^)\b[A-Z][\w'’-]+(?:\s+[A-Z][\w'’-]+)*")
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|could|will|would|should|may|must|do|does|did)\b(?!\s+not)", re.IGNORECASE
)
_NOT = re.compile(r"\s+not\b|n't\b", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]{4,}")
MONTHS = "January February March April May June July August September October November December".split()
_MONTH = re.compile(r"\b(?:" + "|".join(MONTHS) + r")\b")

Edit = Callable[[str, str, random.Random], str | None]
"""(text, a text to take other names and numbers from, random numbers) -> the text changed in one place, or nothing."""


def change_number(text: str, other: str, draw: random.Random) -> str | None:
    """Another number, of the other text or a little away."""
    if not (found := list(_NUMBER.finditer(text))):
        return None
    match = draw.choice(found)
    digits = match.group().replace(",", "")
    taken = [number for number in _NUMBER.findall(other) if number != match.group() and len(number) == len(digits)]
    place = draw.randrange(len(digits))
    moved = digits[:place] + draw.choice("0123456789".replace(digits[place], "") or "1") + digits[place + 1 :]
    new = draw.choice(taken) if taken and draw.random() < 0.6 else moved
    return None if new == digits else text[: match.start()] + new + text[match.end() :]


def change_name(text: str, other: str, draw: random.Random) -> str | None:
    """Another name of the other text."""
    found = list(_NAME.finditer(text))
    taken = [name for name in set(_NAME.findall(other)) if name.lower() not in text.lower()]
    if not found or not taken:
        return None
    match = draw.choice(found)
    return text[: match.start()] + draw.choice(sorted(taken)) + text[match.end() :]


def change_date(text: str, other: str, draw: random.Random) -> str | None:
    """Another month."""
    if not (found := list(_MONTH.finditer(text))):
        return None
    match = draw.choice(found)
    return text[: match.start()] + draw.choice([one for one in MONTHS if one != match.group()]) + text[match.end() :]


def swap_word(text: str, other: str, draw: random.Random) -> str | None:
    """The opposite of a word."""
    if not (found := list(_SWAP.finditer(text))):
        return None
    match = draw.choice(found)
    return text[: match.start()] + draw.choice(SWAPS[match.group().lower()]) + text[match.end() :]


def negate(text: str, other: str, draw: random.Random) -> str | None:
    """A negation more, or one less."""
    if match := _NOT.search(text):
        return text[: match.start()] + text[match.end() :]
    if not (found := list(_VERB.finditer(text))):
        return None
    match = draw.choice(found[:2])
    word = draw.choice([" not", " not", " never", " no longer"])
    return text[: match.end()] + word + text[match.end() :]


def change_word(text: str, other: str, draw: random.Random) -> str | None:
    """A content word of the other text in the place of one of this."""
    found = [match for match in _WORD.finditer(text) if match.group().lower() not in STOP_WORDS]
    taken = [word for word in set(_WORD.findall(other)) if word.lower() not in STOP_WORDS and word not in text]
    if len(found) < 3 or not taken:
        return None
    match = draw.choice(found[1:])
    return text[: match.start()] + draw.choice(sorted(taken)) + text[match.end() :]


QUESTION_EDITS: tuple[Edit, ...] = (
    change_number,
    change_name,
    swap_word,
    negate,
    change_word,
    change_word,
    change_date,
)
CLAIM_EDITS: tuple[Edit, ...] = (change_number, change_name, change_date, swap_word, negate, change_number, change_name)


def without_evidence(example: Example) -> Example | None:
    """The question with its passage less the sentences that hold the answer."""
    if example.evidence is None or example.answer is None:
        return None
    start, end = example.evidence
    answer = example.second[slice(*example.answer)].lower()
    rest = (example.second[:start] + example.second[end:].lstrip()).strip()
    if answer in rest.lower() or len(rest) < 0.4 * len(example.second):
        return None
    return Example(example.first, rest, False)


def edited_question(example: Example, other: Example, draw: random.Random) -> Example | None:
    """The question with a change that its passage does not answer; names come from the passage as often as not."""
    edits = list(QUESTION_EDITS)
    draw.shuffle(edits)
    for edit in edits:
        own = draw.random() < 0.5 and edit not in (change_word,)
        if text := edit(example.first, example.second if own else other.second, draw):
            return Example(text, example.second, False)
    return None


def with_similar_passages(examples: Sequence[Example], draw: random.Random) -> list[Example]:
    """Each question with the passage of another that shares most of its rarer words and lacks its answer."""
    holders: dict[str, list[int]] = defaultdict(list)
    for place, example in enumerate(examples):
        for word in {word.lower() for word in _WORD.findall(example.second)} - STOP_WORDS:
            holders[word].append(place)
    made = []
    for place, example in enumerate(examples):
        shared: dict[int, float] = defaultdict(float)
        for word in {word.lower() for word in _WORD.findall(example.first)} - STOP_WORDS:
            near = holders.get(word, [])
            if len(near) < 400:
                for other in near:
                    shared[other] += 1 / (5 + len(near))
        answer = example.second[slice(*example.answer)].lower() if example.answer else ""
        best = sorted(shared, key=lambda other: -shared[other])[:12]
        fit = [other for other in best if other != place and not (answer and answer in examples[other].second.lower())]
        fit = [other for other in fit if examples[other].second != example.second]
        if fit:
            made.append(Example(example.first, examples[draw.choice(fit[:3])].second, False))
    return made


def claims_of(passages: Sequence[str], draw: random.Random) -> list[Example]:
    """Sentences as claims over evidence that holds them, and changed ones over evidence that does not."""
    made = []
    for place, passage in enumerate(passages):
        spans = [span for span in sentence_spans(passage) if 6 <= len(passage[slice(*span)].split()) <= 45]
        if not spans:
            continue
        number = draw.randrange(len(spans))
        sentence = passage[slice(*spans[number])]
        near = spans[max(0, number - draw.randint(0, 2)) : number + 1 + draw.randint(0, 2)]
        evidence = passage[near[0][0] : near[-1][1]]
        other = passages[draw.randrange(len(passages))]
        roll = draw.random()
        if roll < 0.4:
            made.append(Example(_shortened(sentence, draw), evidence, support=True))
            continue
        if roll < 0.52:
            rest = [passage[slice(*span)] for span in spans if span not in near]
            made.append(Example(sentence, " ".join(rest[:3]) if len(rest) > 1 else other[:400], support=False))
            continue
        edits = list(CLAIM_EDITS)
        draw.shuffle(edits)
        near_text = passage if draw.random() < 0.6 else passages[(place + 1) % len(passages)]
        changed = next((text for edit in edits if (text := edit(sentence, near_text, draw))), None)
        if changed:
            made.append(Example(_shortened(changed, draw) if draw.random() < 0.3 else changed, evidence, support=False))
    return made


def claims_from_answers(examples: Sequence[Example], draw: random.Random) -> list[Example]:
    """Question and answer as one claim, with the right answer, or with something else that the passage says."""
    by_passage: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        if example.answer:
            by_passage[example.second].append(example)
    made = []
    for example in examples:
        if not example.answer or not example.evidence:
            continue
        answer = example.second[slice(*example.answer)]
        evidence = example.second if draw.random() < 0.5 else example.second[slice(*example.evidence)]
        if draw.random() < 0.5:
            made.append(Example(statement(example.first, answer), evidence, support=True))
            continue
        others = [one.second[slice(*one.answer)] for one in by_passage[example.second] if one.answer]
        others += [name for name in _NAME.findall(example.second)] + _NUMBER.findall(example.second)
        fit = [one for one in others if one.lower() not in answer.lower() and answer.lower() not in one.lower()]
        if fit:
            made.append(Example(statement(example.first, draw.choice(fit)), evidence, support=False))
    return made


def _shortened(sentence: str, draw: random.Random) -> str:
    """A sentence less what stands in brackets or before its first comma, half of the time."""
    if draw.random() < 0.5:
        return sentence
    without = re.sub(r"\s*\([^)]*\)", "", sentence)
    _, comma, tail = without.partition(", ")
    return tail if comma and len(tail.split()) >= 6 and draw.random() < 0.5 else without
