"""The reading model: which words of a passage answer a question, and whether evidence holds a claim.

The cross-encoder's weights with a small adapter of ours added to its matrices (Hu et al., LoRA,
https://arxiv.org/abs/2106.09685), so that both come from one file of weights; `training` made the adapter, and
docs/decisions/016-the-reading-model.md says from what. Our own forward pass runs it (`models.bert`), in bfloat16 where
the processor has matrix units and in float32 elsewhere. What this module does not do: choose what is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.adapters import ADAPTER, add_adapter, read_adapter
from models.bert import Bert, fastest_dtype, start_workers
from models.encoders import available_cores
from models.onnx_weights import Weights, read_bert
from models.tokenising import ReadTokens, Tokeniser
from schema import AnswerSpan, FootnoteError, Reading

LONGEST_ANSWER = 30
"""Tokens of the longest answer that is looked for."""
MAX_TOKENS = 512
Span = tuple[int, int]
"""The first character and the one after the last."""


@dataclass(frozen=True, slots=True)
class Heads:
    """What the reader makes of states: for each token start, end and evidence, for each text answerable and support."""

    token_weight: np.ndarray
    token_bias: np.ndarray
    text_weight: np.ndarray
    text_bias: np.ndarray


class Reader:
    """Reads passages for a question, and evidence for a claim, several at the same time.

    Args:
        weights: of the encoder with the adapter added to it.
        heads: the outputs that the adapter was trained with.
        tokeniser: of the encoder.
        threads: batches that run side by side; 0 for one on each core.
    """

    def __init__(self, weights: Weights, heads: Heads, tokeniser: Tokeniser, *, threads: int) -> None:
        self._bert = Bert(weights, pooling="none", dtype=fastest_dtype())
        self._heads, self._tokeniser = heads, tokeniser
        self._threads = threads or available_cores()
        self._workers = start_workers(self._threads)

    def read(self, question: str, passages: Sequence[tuple[str, Sequence[Span]]]) -> list[Reading]:
        """One reading for each passage, given as its text and the spans of its sentences, in their order."""
        tokens = self._tokeniser.encode_pairs([(question, text) for text, _ in passages])
        states = self._states(tokens)
        sentences = [spans for _, spans in passages]
        return [self._reading(*one) for one in zip(tokens, states, sentences, strict=True)]

    def entail(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """For each (claim, evidence) the logit of "the evidence holds the claim"."""
        states = self._states(self._tokeniser.encode_pairs(pairs))
        return [float(self._text_outputs(one)[1]) for one in states]

    def _states(self, texts: Sequence[ReadTokens]) -> list[np.ndarray]:
        """The states of each text's tokens; texts are dealt out by length to as many batches as there are threads."""
        order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
        shares = [order[number :: self._threads] for number in range(self._threads)]
        found: dict[int, np.ndarray] = {}
        batches = [share for share in shares if share]
        for share, states in zip(batches, self._workers.map(lambda one: self._run(texts, one), batches), strict=True):
            found |= zip(share, states, strict=True)
        return [found[place] for place in range(len(texts))]

    def _run(self, texts: Sequence[ReadTokens], share: Sequence[int]) -> list[np.ndarray]:
        chosen = [texts[place] for place in share]
        return np.split(self._bert(chosen), np.cumsum([len(one) for one in chosen])[:-1])

    def _text_outputs(self, states: np.ndarray) -> np.ndarray:
        outputs: np.ndarray = self._heads.text_weight @ states[0] + self._heads.text_bias
        return outputs

    def _reading(self, tokens: ReadTokens, states: np.ndarray, sentences: Sequence[Span]) -> Reading:
        outputs = states @ self._heads.token_weight.T + self._heads.token_bias
        null = float(outputs[0, 0] + outputs[0, 1])
        inside = outputs[tokens.first : tokens.first + len(tokens.offsets)]
        offsets = np.array(tokens.offsets, np.int64).reshape(-1, 2)
        logits, spans = [], []
        for start, end in sentences:
            within = (offsets[:, 0] < end) & (offsets[:, 1] > start)
            logits.append(float(inside[within, 2].mean()) if within.any() else -np.inf)
            if within.any():
                spans.append(_best_span(inside[within], offsets[within], null))
        answerable = float(self._text_outputs(states)[0])
        return Reading(answerable, tuple(sorted(spans, key=lambda span: -span.score)), tuple(logits))


def _best_span(outputs: np.ndarray, offsets: np.ndarray, null: float) -> AnswerSpan:
    """The likeliest answer among these tokens: the best sum of start and end, less that of there being none."""
    sums = outputs[:, 0][:, None] + outputs[:, 1][None, :]
    count = len(outputs)
    allowed = np.triu(np.ones((count, count), bool)) & ~np.triu(np.ones((count, count), bool), LONGEST_ANSWER)
    place = int(np.argmax(np.where(allowed, sums, -np.inf)))
    first, last = divmod(place, count)
    return AnswerSpan(int(offsets[first, 0]), int(offsets[last, 1]), float(sums[first, last]) - null)


def load_reader(folder: Path, *, threads: int, adapter: Path = ADAPTER) -> Reader:
    """The reader over the cross-encoder in a folder of the models cache.

    Raises:
        FootnoteError: when the weights are not those that the adapter was trained with.
    """
    path = next(folder.glob("*.onnx"))
    base, tensors = read_adapter(adapter)
    if (found := hashlib.sha256(path.read_bytes()).hexdigest()) != base:
        raise FootnoteError(f"The reading model needs the weights {base[:12]}; {path} has {found[:12]}.")
    weights = add_adapter(read_bert(path), tensors)
    heads = Heads(*(tensors[f"{name}.{kind}"] for name in ("token_head", "text_head") for kind in ("weight", "bias")))
    return Reader(weights, heads, Tokeniser.load(folder, MAX_TOKENS), threads=threads)
