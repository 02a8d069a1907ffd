"""A BERT encoder's forward pass for CPUs that multiply bfloat16 matrices in hardware (AMX).

Texts lie end to end in one matrix, without padding; only attention looks at each text alone. Linear layers go through
oneDNN with weights laid out beforehand and with what follows them (activation, residual) in the same call. The layers
are those of Devlin et al., https://arxiv.org/abs/1810.04805. What this module does not do: tokenise, or use threads:
its caller runs several batches side by side, which beats splitting each operation between cores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from models.onnx_weights import Weights, read_bert
from models.tokenising import Tokens

EPSILON = 1e-12
HEADS = {128: 2, 256: 4, 384: 12, 512: 8, 768: 12, 1024: 16}
"""Attention heads of the published BERT encoders by their width, which weights alone do not tell."""
ODD_ROWS = range(33, 512)
"""Rows for which oneDNN adds up a long product in another order than for fewer or more."""


def _even_rows(count: int) -> int:
    """Rows to compute for so many: oneDNN keeps code for each number of rows that it meets, so that it meets few."""
    return -(-count // 128) * 128 if count > 32 else 1 << (count - 1).bit_length()


class _Linear:
    """x W^T + b, with what comes after it in one pass."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor) -> None:
        self._operations: Any = torch.ops.mkldnn
        self._packs = _packs_weights()
        self._weight = (
            self._operations._reorder_linear_weight(weight.contiguous(), None) if self._packs else weight.contiguous()
        )
        self._bias = bias

    def __call__(self, rows: torch.Tensor, activation: str = "none") -> torch.Tensor:
        """The product, through ``gelu`` (by the error function, as BERT was trained) when asked."""
        weights = self._weight, self._bias
        if not self._packs:
            plain = functional.linear(rows, *weights)
            return functional.gelu(plain) if activation == "gelu" else plain
        product: torch.Tensor = self._operations._linear_pointwise(rows, *weights, activation, [], "none")
        return product

    def plus(self, rows: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
        """The product plus ``residual``, the same for a row whichever rows are with it."""
        if not self._packs:
            return functional.linear(rows, self._weight, self._bias) + residual
        if len(rows) in ODD_ROWS:
            parts = zip(_slices(rows), _slices(residual), strict=True)
            return torch.cat([self.plus(*part) for part in parts])
        weights = self._weight, self._bias
        total: torch.Tensor = self._operations._linear_pointwise.binary(rows, residual, *weights, "add")
        return total


def _slices(rows: torch.Tensor) -> list[torch.Tensor]:
    first = ODD_ROWS.start - 1
    return [rows[start : start + first] for start in range(0, len(rows), first)]


class _Norm:
    """Layer normalisation, Ba et al., https://arxiv.org/abs/1607.06450."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor) -> None:
        self._weight, self._bias = weight, bias

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        return functional.layer_norm(rows, (rows.shape[-1],), self._weight, self._bias, EPSILON)


@dataclass(frozen=True, slots=True)
class _Layer:
    heads: int
    queries_keys_values: _Linear
    out: _Linear
    out_norm: _Norm
    up: _Linear
    down: _Linear
    down_norm: _Norm

    def __call__(self, rows: torch.Tensor, spans: Sequence[slice], *, first_only: bool) -> torch.Tensor:
        """The layer's output for all rows, or only for the first of each span, which then cost nearly nothing."""
        width = rows.shape[1]
        split = self.queries_keys_values(rows).view(-1, 3, self.heads, width // self.heads).transpose(0, 2)
        attended = [self._attend(split[:, :, span], 1 if first_only else None) for span in spans]
        if first_only:
            rows = rows[[span.start for span in spans]]
        mixed = torch.cat([*attended, rows.new_zeros(len(rows) - sum(map(len, attended)), *attended[0].shape[1:])])
        rows = self.out_norm(self.out.plus(mixed.view(-1, width), rows))
        return self.down_norm(self.down.plus(self.up(rows, "gelu"), rows))

    @staticmethod
    def _attend(split: torch.Tensor, queries: int | None) -> torch.Tensor:
        """Scaled dot-product attention within one text: (heads, 3, tokens, size) to (tokens, heads, size)."""
        query, key, value = split.unbind(1)
        mixed = functional.scaled_dot_product_attention(query[None, :, :queries], key[None], value[None])
        return mixed[0].transpose(0, 1)


class Bert:
    """An encoder, or a cross-encoder when the weights end in a classifier.

    Args:
        weights: as `models.onnx_weights.read_bert` names them.
        pooling: ``cls`` for the first token's state, ``mean`` for the mean of all, ``none`` for those of all tokens.
        dtype: of activations and matrices; float32 is for comparison.

    Raises:
        KeyError: when a weight is missing, or the width is none of `HEADS`.
    """

    def __init__(self, weights: Weights, *, pooling: str = "cls", dtype: torch.dtype = torch.bfloat16) -> None:
        self._dtype, self._first_only, self._pooled = dtype, pooling == "cls", pooling != "none"
        # The tables were int8 or fp16 in the file; half precision holds them closely in half the memory.
        names = ("word_embeddings", "position_embeddings", "token_type_embeddings")
        table_dtype = torch.float16 if dtype == torch.bfloat16 else dtype
        tables = [torch.from_numpy(weights[f"embeddings.{name}.weight"]).to(table_dtype) for name in names]
        self._words, self._positions, self._types = tables
        self._norm = _Norm(*(torch.from_numpy(weights[f"embeddings.LayerNorm.{kind}"]) for kind in ("weight", "bias")))
        self.width = self._words.shape[1]
        count = len({name.split(".")[2] for name in weights if name.startswith("encoder.layer.")})
        self._layers = [self._layer(weights, f"encoder.layer.{number}") for number in range(count)]
        self._head = _head(weights) if "classifier.weight" in weights else None

    def __call__(self, texts: Sequence[Tokens]) -> np.ndarray:
        """States of the texts, (n, width) float32, or logits (n, labels) of a cross-encoder.

        Without pooling (tokens, width): the states of all tokens, text after text.
        """
        ends = list(accumulate((len(text.ids) for text in texts), initial=0))
        spans = [slice(*ends_of) for ends_of in pairwise(ends)]
        with torch.inference_mode():
            rows = self._embed(texts)
            for number, layer in enumerate(self._layers, 1):
                first_only = self._first_only and number == len(self._layers)
                rows = layer(rows, spans, first_only=first_only)
            states = rows.float()
            if not self._pooled:
                return states[: ends[-1]].numpy()
            if not self._first_only:
                states = torch.stack([states[span].mean(0) for span in spans])
            return (self._head(states) if self._head else states).numpy()

    def _embed(self, texts: Sequence[Tokens]) -> torch.Tensor:
        ids = torch.tensor([number for text in texts for number in text.ids])
        types = torch.tensor([number for text in texts for number in text.types])
        positions = torch.cat([self._positions[: len(text.ids)] for text in texts])
        rows = self._words[ids].float() + positions.float() + self._types[types].float()
        unused = rows.new_zeros(_even_rows(len(rows)) - len(rows), self.width)
        return self._norm(torch.cat([rows, unused])).to(self._dtype)

    def _layer(self, weights: Weights, name: str) -> _Layer:
        def parts(*modules: str) -> list[torch.Tensor]:
            kinds = [[weights[f"{name}.{one}.{kind}"] for one in modules] for kind in ("weight", "bias")]
            return [torch.from_numpy(np.concatenate(kind)).to(self._dtype) for kind in kinds]

        return _Layer(
            HEADS[self.width],
            _Linear(*parts(*(f"attention.self.{one}" for one in ("query", "key", "value")))),
            _Linear(*parts("attention.output.dense")),
            _Norm(*parts("attention.output.LayerNorm")),
            _Linear(*parts("intermediate.dense")),
            _Linear(*parts("output.dense")),
            _Norm(*parts("output.LayerNorm")),
        )


def _head(weights: Weights) -> Callable[[torch.Tensor], torch.Tensor]:
    """Pooler and classifier, in float32: they cost nothing."""
    pooler, classifier = (
        [torch.from_numpy(weights[f"{name}.{kind}"]) for kind in ("weight", "bias")]
        for name in ("pooler.dense", "classifier")
    )
    return lambda states: functional.linear(torch.tanh(functional.linear(states, *pooler)), *classifier)


def load_bert(path: Path, *, pooling: str) -> Bert | None:
    """The encoder of an ONNX file in bfloat16; ``None`` where processor, torch or weights don't allow it."""
    if not is_fast():
        return None
    try:
        return Bert(read_bert(path), pooling=pooling)
    except (KeyError, ValueError):
        return None


def is_fast() -> bool:
    """Whether this processor multiplies bfloat16 matrices in hardware, and this torch knows how to."""
    try:
        able = torch.cpu.get_capabilities()
    except (AttributeError, RuntimeError):
        return False
    return bool(able.get("amx_tile") and able.get("amx_bf16") and _packs_weights())


def _packs_weights() -> bool:
    """Whether this torch has oneDNN's linear layers; builds for other processors don't."""
    try:
        known = torch.ops.mkldnn._linear_pointwise, torch.ops.mkldnn._reorder_linear_weight
    except (AttributeError, RuntimeError):
        return False
    return all(map(callable, known))


def fastest_dtype() -> torch.dtype:
    """The numbers that this processor computes a forward pass in fastest."""
    return torch.bfloat16 if is_fast() else torch.float32


def start_workers(count: int) -> ThreadPoolExecutor:
    """Threads whose operations each stay on one core; every other thread of the process keeps torch's own number.

    torch's setting holds for the thread that makes it and for threads that first use torch later, so that it is put
    back once all of them have made it.
    """
    before, ready = torch.get_num_threads(), Barrier(count)

    def prepare() -> None:
        torch.set_num_threads(1)
        torch.get_num_threads()  # now, since a thread takes the number up when it first needs it
        ready.wait()

    workers = ThreadPoolExecutor(count, thread_name_prefix="encode", initializer=prepare)
    list(workers.map(int, range(count)))
    torch.set_num_threads(before)
    return workers
