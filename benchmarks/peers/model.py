"""The ONNX weights of an embedder as the folder that the other systems load: BERT in float32, as on the hub.

    python -m benchmarks.peers.model FOLDER-WITH-ONNX TARGET TEXTS.json VECTORS.npy

Runs in the peers' environment. The graph is one that onnxruntime has optimised: it keeps most names of the checkpoint,
has query, key and value of a layer in one matrix, and holds matrices transposed. The last two arguments are texts and
where to put their vectors as LangChain computes them from the new folder, so that the caller can compare.

The folder has no stored prompts, like the published one: each system adds the prefix to queries, or not, as it does
by default. The weights of the pooler, which no embedding uses, are not in the graph and are zero here.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

MAX_TOKENS = 512
SPECIAL = {f"{name}_token": f"[{name.upper()}]" for name in ("unk", "sep", "pad", "cls", "mask")}
MODULES = ("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")


def main() -> None:
    """Convert, then embed the texts."""
    source, target, texts, vectors = (Path(argument) for argument in sys.argv[1:])
    convert(source, target)
    from langchain_huggingface import HuggingFaceEmbeddings  # noqa: PLC0415  (as the peers load the folder)

    embeddings = HuggingFaceEmbeddings(model_name=str(target))
    rows = embeddings.embed_documents(json.loads(texts.read_text("utf-8")))
    np.save(vectors, np.array(rows, dtype=np.float32), allow_pickle=False)


def convert(source: Path, target: Path) -> None:
    """Write a folder for sentence-transformers: weights, settings, tokenizer; first-token pooling, unit vectors."""
    import onnx  # noqa: PLC0415  (in the peers' environment only)
    from safetensors.numpy import save_file  # noqa: PLC0415

    graph = onnx.load(str(source / "model.onnx")).graph
    held = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    heads = next(
        attribute.i
        for node in graph.node
        if node.op_type == "Attention"
        for attribute in node.attribute
        if attribute.name == "num_heads"
    )
    products = {node.input[1]: node.name for node in graph.node if node.op_type == "MatMul"}
    weights = {
        name: np.ascontiguousarray(value, dtype=np.float32) for name, value in checkpoint_weights(held, products)
    }
    (target / "1_Pooling").mkdir(parents=True)
    (target / "2_Normalize").mkdir()
    save_file(weights, str(target / "model.safetensors"), metadata={"format": "pt"})
    shutil.copyfile(source / "tokenizer.json", target / "tokenizer.json")
    for name, content in settings_files(weights, heads).items():
        (target / name).write_text(json.dumps(content, indent=2), "utf-8")


def checkpoint_weights(held: dict[str, np.ndarray], products: dict[str, str]) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays under the names of a BERT checkpoint, matrices as (out, in).

    Args:
        held: the arrays of the graph by name.
        products: for each matrix that a MatMul takes, the name of its node, which is that of the layer.

    Raises:
        SystemExit: for an array that belongs nowhere.
    """
    for name, value in held.items():
        if name in products:
            yield f"{products[name].strip('/').removesuffix('/MatMul').replace('/', '.')}.weight", value.T
        elif fused := re.fullmatch(r"Attention_(\d+)_qkv_(weight|bias)", name):
            layer, kind = fused.groups()
            for part, piece in zip(("query", "key", "value"), np.split(value, 3, axis=-1), strict=True):
                yield f"encoder.layer.{layer}.attention.self.{part}.{kind}", piece.T
        elif name.startswith(("embeddings.", "encoder.layer.")):
            yield name, value
        else:
            raise SystemExit(f"The graph holds an array {name!r} that no layer of BERT is known to use.")
    width = held["embeddings.LayerNorm.bias"].shape[0]
    yield "pooler.dense.weight", np.zeros((width, width))
    yield "pooler.dense.bias", np.zeros(width)


def settings_files(weights: dict[str, np.ndarray], heads: int) -> dict[str, Any]:
    """The JSON files of the folder by name."""
    words, width = weights["embeddings.word_embeddings.weight"].shape
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": width,
            "intermediate_size": weights["encoder.layer.0.intermediate.dense.bias"].shape[0],
            "layer_norm_eps": 1e-12,
            "max_position_embeddings": weights["embeddings.position_embeddings.weight"].shape[0],
            "num_attention_heads": heads,
            "num_hidden_layers": sum(name.endswith("self.query.bias") for name in weights),
            "pad_token_id": 0,
            "type_vocab_size": weights["embeddings.token_type_embeddings.weight"].shape[0],
            "vocab_size": words,
            "torch_dtype": "float32",
        },
        "tokenizer_config.json": {
            "tokenizer_class": "BertTokenizer",
            "do_lower_case": True,
            "model_max_length": MAX_TOKENS,
            **SPECIAL,
        },
        "special_tokens_map.json": SPECIAL,
        "sentence_bert_config.json": {"max_seq_length": MAX_TOKENS, "do_lower_case": True},
        "modules.json": [
            {"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.models.{name}"}
            for place, (name, path) in enumerate(MODULES)
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": width,
            "pooling_mode_cls_token": True,
            "pooling_mode_mean_tokens": False,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
    }


if __name__ == "__main__":
    main()
