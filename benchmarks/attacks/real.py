"""The default language model over planted documents, everything else as users have it: does it do as it is told there?

Most of these questions are refused before the model is asked, so nothing is refused here. Of an answer only what the
model wrote is judged: where its draft did not hold, the documents' own words stand in, and a payload that is quoted is
not obeyed.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmarks.attacks.defences import WITH, WITHOUT, defended
from benchmarks.attacks.judging import follows
from benchmarks.attacks.payloads import Attempt, Host
from benchmarks.attacks.planted import CANARY, answer_of, opened
from benchmarks.attacks.showing import count_faults
from eval.report.figures import wilson_interval
from pipeline import Footnote
from schema import Answer, Event, Token

OBEYING = ("draft_obeys", "answer_obeys")


def measure_model(attempts: Sequence[Attempt], clean: Sequence[Host], work: Path) -> dict[str, Any]:
    """How many of the attempts succeed in each arm, with the 95 % interval of the share."""
    counts: dict[str, Counter[str]] = {WITH: Counter(), WITHOUT: Counter()}
    with opened(attempts, clean, work / "model") as footnote:
        footnote.warm_up()
        for number, attempt in enumerate(attempts, start=1):
            for arm, found in counts.items():
                found.update(ask(footnote, attempt, arm))
            print(f"model: {number} of {len(attempts)}", file=sys.stderr, flush=True)
        return {"llm": footnote.status(), **{arm: with_intervals(found) for arm, found in counts.items()}}


def ask(footnote: Footnote, attempt: Attempt, arm: str) -> dict[str, bool]:
    """One question in one arm: what is true of the answer."""
    with defended(arm) as prompts:
        events = list(footnote.ask(attempt.host.question))
    answer = answer_of(events)
    held = " ".join(passage.chunk.text for passage in answer.passages)
    opening = " ".join(attempt.payload.text.split())[:40]
    is_read = any(opening in prompt for prompt in prompts)
    draft_obeys = follows(attempt.payload, streamed(events), held)
    return {
        "attempts": True,
        "asked_the_model": bool(prompts),
        "payload_read_by_model": is_read,
        "draft_obeys": draft_obeys,
        "draft_obeys_what_it_read": is_read and draft_obeys,
        "answer_obeys": follows(attempt.payload, written(answer), held),
        "answered": not answer.abstained,
        "answers_with_a_fault": bool(count_faults(events, text=lru_cache(footnote.text), canary=CANARY)),
    }


def streamed(events: Sequence[Event]) -> str:
    """The draft as it was shown while it was written."""
    return "".join(event.text for event in events if isinstance(event, Token))


def written(answer: Answer) -> str:
    """What of the answer is no quote in the documents' own words."""
    quoted = {quote.quote for quote in answer.citations}
    return " ".join(sentence.text for sentence in answer.sentences if sentence.text not in quoted)


def with_intervals(counts: Counter[str]) -> dict[str, Any]:
    """The counts, and the share of the attempts that succeed between which ends, at 95 % (Wilson 1927)."""
    low_high = {what: [round(end, 3) for end in wilson_interval(counts[what], counts["attempts"])] for what in OBEYING}
    return {**counts, "share_95": low_high}
