"""How well sentences are chosen and refusals judged, before any language model, on a BEIR folder with answers.

    python -m benchmarks.evidence --data FOLDER/squad2 [--questions 150] [--seed 7]

Draws as many answerable as unanswerable questions. Prints how often the gold answer stands in the first 1, 3 and 5
sentences, the AUROC of the judgement's score, and false refusals against false answers by threshold.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.embedders import read
from generator.answerability import judge
from generator.answering import SENTENCES_SCORED
from generator.evidence import choose_quotes, rank_evidence, sentences_of
from pipeline import Footnote
from settings import load_settings


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with corpus.jsonl and queries.jsonl")
    parser.add_argument("--index", type=Path, default=Path("/tmp/footnote-evidence"), help="folder of the index")  # noqa: S108
    parser.add_argument("--questions", type=int, default=150, help="of each kind")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    settings, _ = load_settings({"index": arguments.index})
    footnote = Footnote(settings, create=True)
    footnote.index([write_documents(arguments.data / "corpus.jsonl", arguments.index / "documents")])
    draw = random.Random(arguments.seed)  # noqa: S311  (a sample, not a secret)
    queries: list[dict[str, Any]] = list(read(arguments.data / "queries.jsonl"))
    answerable = draw.sample([one for one in queries if not one.get("unanswerable")], arguments.questions)
    others = draw.sample([one for one in queries if one.get("unanswerable")], arguments.questions)
    known, unknown = ([look(footnote, query) for query in group] for group in (answerable, others))
    footnote.close()
    record = {
        "questions": [len(known), len(unknown)],
        "gold_in_first": {depth: share([0 < place <= depth for _, _, place in known]) for depth in (1, 3, 5)},
        "auroc_logit": auroc([logit for _, logit, _ in known], [logit for _, logit, _ in unknown]),
        "auroc_judgement": auroc([score for score, _, _ in known], [score for score, _, _ in unknown]),
        "false_refusals_and_answers": {
            threshold: [share([one[0] < threshold for one in known]), share([one[0] >= threshold for one in unknown])]
            for threshold in (-4, -2, -1, 0, 1, 2, 4)
        },
    }
    print(json.dumps(record, indent=2))


def look(footnote: Footnote, query: dict[str, Any]) -> tuple[float, float, int]:
    """The judgement's score, the best sentence's logit, and the place of the first quote with a gold answer, or 0."""
    passages = footnote.search(query["text"])
    ranked = rank_evidence(query["text"], sentences_of(passages, limit=SENTENCES_SCORED), footnote.score)
    quotes = [quote.text.lower() for quote in choose_quotes(ranked, limit=5)]
    answers = [answer.lower() for answer in query.get("answers", [])]
    places = [place for place, quote in enumerate(quotes, start=1) if any(answer in quote for answer in answers)]
    return judge(query["text"], ranked, threshold=0.0).score, ranked[0].score, min(places, default=0)


def write_documents(corpus: Path, folder: Path) -> Path:
    """One Markdown file for each document; ids become safe file names."""
    folder.mkdir(parents=True, exist_ok=True)
    for document in read(corpus):
        name = "".join(one if one.isalnum() else "_" for one in document["_id"])
        text = " ".join(document["text"].split())
        (folder / f"{name}.md").write_text(f"# {document['title']}\n\n{text}\n", "utf-8")
    return folder


def share(claims: Sequence[bool]) -> float:
    """The share that is true."""
    return round(sum(claims) / len(claims), 3)


def auroc(higher: Sequence[float], lower: Sequence[float]) -> float:
    """The chance that a member of the first group scores above one of the second; ties count half."""
    one, other = np.asarray(higher)[:, None], np.asarray(lower)[None, :]
    return round(float(np.mean((one > other) + 0.5 * (one == other))), 3)


if __name__ == "__main__":
    main()
