"""The reading model's adapter: what is added to the cross-encoder's matrices, in a file that ships with the code.

Adapters are those of Hu et al., LoRA, https://arxiv.org/abs/2106.09685. Reads and adds; runs nothing.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
from safetensors import safe_open

from models.onnx_weights import Weights

ADAPTER = Path(__file__).with_name("reader.safetensors")
SHARED = ("query", "key", "value")
"""Matrices of a layer's attention, which have one adapter together."""


def read_adapter(path: Path) -> tuple[str, Weights]:
    """The sha256 of the weights that an adapter belongs to, and its tensors as float32."""
    with safe_open(path, framework="numpy") as file:
        base: str = file.metadata()["base"]
        return base, {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}  # noqa: SIM118


def add_adapter(weights: Weights, adapter: Weights) -> Weights:
    """The weights with up x down added to each matrix that has an adapter."""
    added = dict(weights)
    for name in [name.removesuffix(".down") for name in adapter if name.endswith(".down")]:
        change = adapter[f"{name}.up"] @ adapter[f"{name}.down"]
        parts = [f"{name}.{one}" for one in SHARED] if name.endswith("attention.self") else [name]
        for matrix, piece in zip(parts, np.split(change, len(parts)), strict=True):
            added[f"{matrix}.weight"] = weights[f"{matrix}.weight"] + piece
    return added


@cache
def adapter_hash(path: Path = ADAPTER) -> str:
    """The sha256 of an adapter's file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
