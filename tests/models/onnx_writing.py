"""ONNX files written byte by byte, as exporters and quantisers lay them out: an oracle for the reader of weights."""

import struct

import numpy as np

TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "float16": 10}


def varint(value):
    value %= 1 << 64
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def field(number, content):
    """A field of a message: a number as a varint, bytes or text with their length before them."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def tensor(name, values, *, raw=True, packed=True):
    """An initializer, with its values as raw bytes or as numbers."""
    values = np.asarray(values)
    dims = b"".join(varint(size) for size in values.shape)
    shape = field(1, dims) if packed else b"".join(field(1, size) for size in values.shape)
    if raw:
        data = field(9, values.tobytes())
    elif values.dtype == np.float32:
        data = field(4, struct.pack(f"<{values.size}f", *values.flat))
    else:
        data = field(5, b"".join(varint(int(value)) for value in values.flat))
    return field(5, shape + field(2, TYPES[str(values.dtype)]) + data + field(8, name))


def node(operator, inputs, output):
    return field(
        1, b"".join(field(1, name) for name in inputs) + field(2, output) + field(3, "a name") + field(4, operator)
    )


def onnx(*parts):
    """A file: a version and a producer that a reader skips, then the graph."""
    return field(1, 8) + field(2, "tests") + field(7, b"".join(parts) + field(2, "graph"))


def quantised(name, values, scale, zero_point):
    return (
        tensor(f"{name}_scale", np.float32(scale), raw=False)
        + tensor(f"{name}_zero_point", zero_point, raw=False)
        + tensor(f"{name}_quantized", values)
    )


def bert_file(weights):
    """A BERT checkpoint as an exporter writes it: matrices turned round, and named by their nodes."""
    parts = []
    for number, (name, values) in enumerate(weights.items()):
        is_matrix = name.endswith(".weight") and values.ndim == 2 and "embeddings" not in name
        if not is_matrix:
            parts.append(tensor(f"bert.{name}", values))
            continue
        module = name.removesuffix(".weight")
        parts.append(tensor(f"onnx::MatMul_{number}", np.ascontiguousarray(values.T)))
        path = f"/bert/{module.replace('.', '/').replace('layer/', 'layer.')}/MatMul_output_0"
        parts.append(node("MatMul", ["/before", f"onnx::MatMul_{number}"], path))
    return onnx(*parts)
