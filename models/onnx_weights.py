"""The weights of a BERT encoder out of an ONNX file, under the names that BERT's own checkpoints give them.

Reads what our forward pass (`models.bert`) needs: plain, fp16 and dynamically quantised weights, the latter turned back
into float32. An ONNX file is a protocol buffer, whose encoding is a page long
(https://protobuf.dev/programming-guides/encoding/); the numbers of the fields are those of onnx.proto. What this module
does not do: run a graph, or read one whose weights lie in a second file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

Weights = dict[str, np.ndarray]

_DTYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 6: np.int32, 7: np.int64, 10: np.float16}
_QUANTISED = "_quantized"


def read_bert(path: Path) -> Weights:
    """Every weight of the encoder as float32 by its name, such as ``encoder.layer.0.output.dense.weight`` (out, in).

    Raises:
        ValueError: when it is no ONNX file, or one with numbers of a type that no encoder of ours has.
    """
    tensors: Weights = {}
    products = []
    try:
        graph = next(value for field, value in _fields(memoryview(path.read_bytes())) if field == 7)
        for field, value in _fields(graph):
            if field == 5:
                name, tensor = _tensor(value)
                tensors[name] = tensor
            elif field == 1:
                products.append(_product(value))
    except (IndexError, KeyError, StopIteration, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not an ONNX file that can be read here: {error!r}") from error
    weights = tensors | _dequantised(tensors)
    named = weights | {name: part for product in products for name, part in _matrices(*product, weights)}
    return {
        name.removeprefix("bert."): np.array(value, np.float32)
        for name, value in named.items()
        if name.endswith((".weight", ".bias"))
    }


def _dequantised(tensors: Weights) -> Weights:
    """(quantised - zero point) * scale, which are numbers, or one number for each column."""
    names = [name.removesuffix(_QUANTISED) for name in tensors if name.endswith(_QUANTISED)]
    return {
        name: (tensors[name + _QUANTISED].astype(np.float32) - tensors[f"{name}_zero_point"].astype(np.float32))
        * tensors[f"{name}_scale"]
        for name in names
    }


def _matrices(operator: str, inputs: list[str], output: str, weights: Weights) -> Iterator[tuple[str, np.ndarray]]:
    """The weights that a node multiplies by, named after the module that the node's output is named after.

    Exporters keep the names of biases but not of matrices, which they turn round.
    """
    module = output.strip("/").rpartition("/")[0].replace("/", ".")
    operands = [name.removesuffix(_QUANTISED) for name in inputs]
    if operator == "Attention":
        for kind, name in (("weight", operands[1]), ("bias", operands[2])):
            parts = zip(("query", "key", "value"), np.split(weights[name], 3, axis=-1), strict=True)
            yield from ((f"{module}.{part}.{kind}", value.T) for part, value in parts)
    elif operator in ("MatMul", "MatMulInteger") and operands[1] in weights:
        yield (f"{module}.weight" if module else operands[1]), weights[operands[1]].T


def _product(node: memoryview) -> tuple[str, list[str], str]:
    """A node as operator, inputs and first output."""
    fields = [(field, str(value, "utf-8")) for field, value in _fields(node) if field in (1, 2, 4)]
    texts = {kind: [text for field, text in fields if field == kind] for kind in (1, 2, 4)}
    return texts[4][0], texts[1], texts[2][0]


def _tensor(message: memoryview) -> tuple[str, np.ndarray]:
    """Name and values of an initializer, which are raw bytes, or numbers for tensors of a few."""
    fields: dict[int, list[memoryview]] = {}
    for field, value in _fields(message):
        fields.setdefault(field, []).append(value)
    dtype = _DTYPES[_varint(fields[2][0], 0)[0]]
    shape = [number for dims in fields.get(1, []) for number in _varints(dims)]
    if 9 in fields:
        values = np.frombuffer(fields[9][0], dtype)
    elif 4 in fields:
        values = np.frombuffer(b"".join(fields[4]), np.float32)
    else:
        integers = [number for part in fields.get(5, []) for number in _varints(part)]
        values = np.array(integers, np.uint64).astype(dtype)  # a negative number is written as 2**64 less it
    return str(fields[8][0], "utf-8"), values.reshape(shape)


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """(number, bytes) of each field of a message; for a number, the bytes of its varint."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        size = {1: 8, 5: 4}.get(kind, 0)
        start = at
        if kind == 2:
            size, start = _varint(message, at)
        elif kind == 0:
            size = _varint(message, at)[1] - at
        at = start + size
        if at > len(message) or kind not in (0, 1, 2, 5):
            raise IndexError("a field ends outside its message")
        yield key >> 3, message[start:at]


def _varints(message: memoryview) -> Iterator[int]:
    at = 0
    while at < len(message):
        value, at = _varint(message, at)
        yield value


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number written seven bits to a byte, the lowest first, and where the next thing starts."""
    value = shift = 0
    while True:
        byte = message[at]
        value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            return value, at
