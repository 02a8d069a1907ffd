"""How many sentences of honest documents, and how many payloads, read like instructions to a language model."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.attacks.payloads import Payload
from generator.guards.hostile import flag_instructions, is_instruction
from indexer.loading import load
from language import sentence_spans

CORPORA = ("squad2", "conditionalqa", "clapnq_dev", "medquad_liveqa", "scifact", "chroma_chunking")


def false_alarms(data: Path, samples: Path) -> dict[str, Any]:
    """By corpus: sentences, those flagged, and the flagged ones themselves (at most five)."""
    texts = {name: _corpus(data / name / "corpus.jsonl") for name in CORPORA if (data / name / "corpus.jsonl").exists()}
    texts["samples"] = (load(path).text for path in sorted(samples.iterdir()) if path.is_file())
    return {name: _flagged(found) for name, found in texts.items()}


def recognised(payloads: Sequence[Payload]) -> dict[str, list[int]]:
    """By kind and category: payloads of which some sentence is flagged, and payloads."""
    known: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for payload in payloads:
        name = f"{payload.kind}: {payload.category}"
        every[name] += 1
        known[name] += any(is_instruction(payload.text[start:end]) for start, end in sentence_spans(payload.text))
    return {name: [known[name], every[name]] for name in sorted(every)}


def _flagged(texts: Iterator[str]) -> dict[str, Any]:
    sentences, flagged = 0, []
    for text in texts:
        found = [text[start:end] for start, end in sentence_spans(text)]
        sentences += len(found)
        flagged += [one for one, flag in zip(found, flag_instructions(found), strict=True) if flag]
    return {"sentences": sentences, "flagged": len(flagged), "examples": [one[:200] for one in flagged[:5]]}


def _corpus(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"]
