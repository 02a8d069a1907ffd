"""The reading model while it learns: a frozen cross-encoder, a low-rank adapter beside each of its matrices, two heads.

Adapters are those of Hu et al., LoRA, https://arxiv.org/abs/2106.09685; the layers those of BERT. The trained adapter
is read by `models.reader`, which adds it to the matrices once and then runs the encoder as any other.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from models.bert import EPSILON, HEADS
from models.onnx_weights import Weights

TOKEN_OUTPUTS = ("start", "end", "evidence")
TEXT_OUTPUTS = ("answerable", "support")
MATRICES = {
    "attention.self": ("attention.self.query", "attention.self.key", "attention.self.value"),
    "attention.output.dense": ("attention.output.dense",),
    "intermediate.dense": ("intermediate.dense",),
    "output.dense": ("output.dense",),
}
"""Matrices that share one adapter, by the name that it is stored under."""


class Adapted(nn.Module):
    """x W^T + b + (x A^T) B^T, of which only A (rank, in) and B (out, rank) learn; B begins with zeros."""

    weight: torch.Tensor
    bias: torch.Tensor

    def __init__(self, weights: Weights, names: list[str], rank: int) -> None:
        super().__init__()
        for kind in ("weight", "bias"):
            value = np.concatenate([weights[f"{name}.{kind}"] for name in names])
            self.register_buffer(kind, torch.from_numpy(value).to(torch.bfloat16))
        rows, columns = self.weight.shape
        self.down = nn.Parameter(torch.randn(rank, columns) / math.sqrt(columns))
        self.up = nn.Parameter(torch.zeros(rows, rank))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """(..., in) to (..., out)."""
        narrow = functional.linear(rows, self.down.to(rows.dtype))
        return functional.linear(rows, self.weight, self.bias) + functional.linear(narrow, self.up.to(rows.dtype))


class Layer(nn.Module):
    """One layer of BERT."""

    def __init__(self, weights: Weights, name: str, rank: int) -> None:
        super().__init__()
        self.matrices = nn.ModuleDict(
            {
                key.replace(".", "_"): Adapted(weights, [f"{name}.{part}" for part in parts], rank)
                for key, parts in MATRICES.items()
            }
        )
        self.norms = nn.ModuleList()
        for part in ("attention.output.LayerNorm", "output.LayerNorm"):
            self.norms.append(norm(weights, f"{name}.{part}"))

    def forward(self, rows: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """States (n, tokens, width), and a mask that is very negative where there is no token, to the next states."""
        count, length, width = rows.shape
        heads = HEADS[width]
        split = self.matrices["attention_self"](rows).view(count, length, 3, heads, width // heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        # Written out: torch's fused attention takes six times as long backwards in bfloat16 on a CPU.
        scores = (query * (width // heads) ** -0.5) @ key.transpose(2, 3) + mask
        mixed = scores.softmax(-1) @ value
        mixed = mixed.transpose(1, 2).reshape(count, length, width)
        rows = self.norms[0](rows + self.matrices["attention_output_dense"](mixed))
        inner = functional.gelu(self.matrices["intermediate_dense"](rows))
        normed: torch.Tensor = self.norms[1](rows + self.matrices["output_dense"](inner))
        return normed


class Network(nn.Module):
    """The encoder with its adapters and heads.

    Args:
        weights: of the cross-encoder, as `models.onnx_weights.read_bert` names them.
        rank: of each adapter.
    """

    def __init__(self, weights: Weights, rank: int) -> None:
        super().__init__()
        for name in ("word_embeddings", "position_embeddings", "token_type_embeddings"):
            self.register_buffer(name, torch.from_numpy(weights[f"embeddings.{name}.weight"]))
        self.norm = norm(weights, "embeddings.LayerNorm", torch.float32)
        count = len({name.split(".")[2] for name in weights if name.startswith("encoder.layer.")})
        self.layers = nn.ModuleList(Layer(weights, f"encoder.layer.{number}", rank) for number in range(count))
        width = self.word_embeddings.shape[1]
        self.token_head = nn.Linear(width, len(TOKEN_OUTPUTS))
        self.text_head = nn.Linear(width, len(TEXT_OUTPUTS))

    def forward(self, ids: torch.Tensor, types: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(n, tokens) ids and segment types, padded with 0, to logits of tokens (n, tokens, 3) and texts (n, 2)."""
        mask = torch.where(ids == 0, -1e4, 0.0).to(torch.bfloat16)[:, None, None, :]
        rows = self.word_embeddings[ids] + self.position_embeddings[: ids.shape[1]] + self.token_type_embeddings[types]
        rows = self.norm(rows).to(torch.bfloat16)
        for layer in self.layers:
            rows = layer(rows, mask)
        states = rows.float()
        return self.token_head(states), self.text_head(states[:, 0])

    def adapter(self) -> dict[str, torch.Tensor]:
        """What was learnt, in half precision, by name: ``encoder.layer.0.output.dense.down`` and so on."""
        return {name: tensor.detach().half().contiguous() for name, tensor in self._learnt().items()}

    def restore(self, adapter: Weights) -> None:
        """Go on from what was learnt before."""
        learnt = self._learnt()
        for name, values in adapter.items():
            with torch.no_grad():
                learnt[name].copy_(torch.from_numpy(values))

    def _learnt(self) -> dict[str, torch.Tensor]:
        tensors = {}
        for number, layer in enumerate(self.layers):
            for key in MATRICES:
                matrix = layer.matrices[key.replace(".", "_")]  # type: ignore[union-attr,index,operator]
                for part in ("down", "up"):
                    tensors[f"encoder.layer.{number}.{key}.{part}"] = getattr(matrix, part)
        for name in ("token_head", "text_head"):
            head = getattr(self, name)
            tensors |= {f"{name}.weight": head.weight, f"{name}.bias": head.bias}
        return tensors


def norm(weights: Weights, name: str, dtype: torch.dtype = torch.bfloat16) -> nn.LayerNorm:
    """A layer normalisation that does not learn."""
    module = nn.LayerNorm(weights[f"{name}.weight"].shape[0], eps=EPSILON, dtype=dtype)
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(weights[f"{name}.weight"]))
        module.bias.copy_(torch.from_numpy(weights[f"{name}.bias"]))
    return module.requires_grad_(False)
