"""Measure how fast texts become vectors, by each engine and by sentence-transformers, and what the vectors are worth.

    python -m benchmarks.embedding --data FOLDER/scifact               (about 15 minutes on two cores)
    python -m benchmarks.embedding --data FOLDER/scifact --limit 400   (one minute; writes nothing)

In one run: the machine's peak in matrix products; then, each in a process of its own, tokens per second, the share of
that peak, memory, and against the same weights in float32 by sentence-transformers the cosines and nDCG@10. Whole
documents, title and text, without chunks; exact search. With --limit, judged documents come first. The needs of a token
are counted from the layers' sizes; that our forward pass leaves out most of the last layer is not taken off.
Writes benchmarks/results/embedding.json and prints the same.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.answering import machine
from benchmarks.peers.model import settings_files
from models import load_registry, model_folder
from models.encoders import OnnxEncoder, SentenceEmbeddings, available_cores
from models.onnx_weights import read_bert
from parts import identity_of
from settings import default_cache

RESULTS = Path(__file__).parent / "results" / "embedding.json"
ORIGINAL, DEFAULT = "bge-small-en-v1.5", "bge-small-en-v1.5-int8"
REFERENCE = "sentence-transformers, float32"
ENGINES = {
    REFERENCE: (ORIGINAL, ""),
    "ONNX Runtime, int8 weights": (DEFAULT, "int8"),
    "bfloat16, int8 weights": (DEFAULT, "bf16"),
    "bfloat16, fp16 weights": (ORIGINAL, "bf16"),
}
"""What is measured: an embedder of the registry and a precision; none for sentence-transformers."""
PEAKS = {REFERENCE: "float32", "ONNX Runtime, int8 weights": "int8"}
"""The peak that an engine's share is of, where that is not bfloat16's."""
SIZE = 2048  # of the matrices whose product is timed
Qrels = dict[str, dict[str, int]]


def main() -> None:
    """Run the benchmark, or in a child process one part of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with corpus.jsonl, queries.jsonl, qrels/")
    parser.add_argument("--limit", type=int, help="only so many documents (ranking figures then mean little)")
    parser.add_argument("--out", type=Path, help="file of the results; without --limit, the project's own by default")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--vectors", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one == "peak":
        print(json.dumps(peaks()))
    elif arguments.one:
        documents, queries, _ = read_set(arguments.data, arguments.limit)
        print(json.dumps(measure(arguments.one, list(documents.values()), list(queries.values()), arguments.vectors)))
    else:
        record = compare(arguments)
        if out := arguments.out or (None if arguments.limit else RESULTS):
            out.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
        print(json.dumps(record, indent=2))


def compare(arguments: argparse.Namespace) -> dict[str, Any]:
    """Every part in its own process, and what their vectors say of each other."""
    record: dict[str, Any] = {"machine": machine()}
    documents, queries, qrels = read_set(arguments.data, arguments.limit)
    record |= {"documents": len(documents), "queries": len(queries), "peak_gflops": child(arguments, "peak")}
    engines: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(ENGINES):
            path = Path(folder) / f"{number}.npz"
            found = child(arguments, name, "--vectors", str(path))
            if "refused" in found:
                engines[name] = found
                continue
            with np.load(path, allow_pickle=False) as held:
                vectors, asked = held["documents"], held["queries"]
            if name == REFERENCE:
                reference = vectors
            engines[name] = figures(found, record["peak_gflops"].get(PEAKS.get(name, "bfloat16")), engines) | {
                "nDCG@10": round(ndcg(vectors, asked, list(documents), list(queries), qrels), 4),
                **cosines(vectors, reference),
            }
    return record | {"engines": engines}


def figures(found: dict[str, Any], peak: float | None, engines: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """An engine's own figures with its share of the peak and its speed against the reference."""
    share = found["tokens_per_second"] * found["mflop_per_token"] / 1000 / peak if peak else None
    first = engines.get(REFERENCE, found)["tokens_per_second"]
    return found | {
        "share_of_peak": share and round(share, 3),
        "times_the_reference": round(found["tokens_per_second"] / first, 2),
    }


def child(arguments: argparse.Namespace, part: str, *more: str) -> dict[str, Any]:
    """One part in a process of its own, so that memory is its alone."""
    print(f"{part} ...", file=sys.stderr, flush=True)
    started = time.monotonic()
    command = [sys.executable, "-m", "benchmarks.embedding", "--data", str(arguments.data), "--one", part, *more]
    command += ["--limit", str(arguments.limit)] if arguments.limit else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    print(f"{part}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return dict(json.loads(done.stdout))


def measure(name: str, documents: Sequence[str], queries: Sequence[str], vectors: Path) -> dict[str, Any]:
    """Embed everything with one engine, keep the vectors, and say what it took."""
    model, precision = ENGINES[name]
    started = time.monotonic()
    try:
        embeddings = load(model, precision)
    except Exception as error:
        return {"refused": str(error)}
    embeddings.embed(documents[:4])
    loading = time.monotonic() - started
    lengths = np.minimum(np.array(embeddings.count_tokens(documents)) + 2, 512)
    seconds, rows = timed(lambda: embeddings.embed(documents))
    times, asked = zip(*(timed(lambda query=query: embeddings.embed_query(query)) for query in queries), strict=True)
    np.savez(vectors, documents=rows, queries=np.array(asked, np.float32))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024  # before weights are read to count
    return {
        "engine": embeddings.engine,
        "tokens_per_second": round(int(lengths.sum()) / seconds),
        "mflop_per_token": round(mflop_per_token(model, lengths), 1),
        "seconds_to_load": round(loading, 2),
        "ms_per_query": round(float(np.median(times)) * 1000, 1),
        "peak_memory_mb": memory,
    }


def load(name: str, precision: str) -> SentenceEmbeddings:
    """An embedder of the registry by a precision, or its weights in float32 by sentence-transformers."""
    model = load_registry().get(name, "embedder")
    folder, identity = model_folder(model, default_cache()), identity_of(model)
    if precision:
        return SentenceEmbeddings(OnnxEncoder(folder, pooling="cls", max_tokens=512, precision=precision), identity)
    from models.sentence_folders import FolderEncoder  # noqa: PLC0415  (seconds of imports)

    with tempfile.TemporaryDirectory() as target:
        write_folder(folder, Path(target))
        return SentenceEmbeddings(FolderEncoder(Path(target)), identity)


def write_folder(source: Path, target: Path) -> None:
    """The ONNX weights of an embedder as a folder that sentence-transformers loads; the pooler is not used."""
    from safetensors.numpy import save_file  # noqa: PLC0415  (with transformers)

    weights = {name: np.ascontiguousarray(value) for name, value in read_bert(source / "model.onnx").items()}
    width = len(weights["embeddings.LayerNorm.bias"])
    weights |= {"pooler.dense.weight": np.zeros((width, width), np.float32)}
    weights |= {"pooler.dense.bias": np.zeros(width, np.float32)}
    for name, content in settings_files(weights, heads=12).items():
        (target / name).parent.mkdir(exist_ok=True)
        (target / name).write_text(json.dumps(content), "utf-8")
    (target / "2_Normalize").mkdir(exist_ok=True)
    (target / "tokenizer.json").write_bytes((source / "tokenizer.json").read_bytes())
    save_file(weights, str(target / "model.safetensors"), metadata={"format": "pt"})


def mflop_per_token(name: str, lengths: np.ndarray) -> float:
    """Million operations that the layers ask for: two for each weight, and four for each pair of token and width."""
    folder = model_folder(load_registry().get(name, "embedder"), default_cache())
    matrices = [value for key, value in read_bert(folder / "model.onnx").items() if key.startswith("encoder.layer.")]
    products = 2 * sum(value.size for value in matrices if value.ndim == 2)
    layers, width = sum(len(value) == 4 * value.shape[-1] for value in matrices if value.ndim == 2), 384
    return float(products + 4 * layers * width * np.square(lengths).sum() / lengths.sum()) / 1e6


def peaks() -> dict[str, float | None]:
    """GFLOP/s of square matrix products on all cores, the best of many."""
    import torch  # noqa: PLC0415  (in this process only)

    torch.set_num_threads(available_cores())
    floats = torch.randn(SIZE, SIZE)
    halves, bytes_ = floats.bfloat16(), (floats * 20).to(torch.int8)
    return {
        "float32": peak(lambda: floats @ floats),
        "bfloat16": peak(lambda: halves @ halves),
        "int8": peak(lambda: torch._int_mm(bytes_, bytes_)),
    }


def peak(product: Callable[[], object], seconds: float = 3.0) -> float | None:
    """GFLOP/s of the fastest product; ``None`` where there is no way to compute it."""
    try:
        product()
    except (RuntimeError, AttributeError):
        return None
    best, until = float("inf"), time.monotonic() + seconds
    while time.monotonic() < until:
        best = min(best, timed(product)[0])
    return round(2 * SIZE**3 / best / 1e9)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what the work gave."""
    started = time.perf_counter()
    value = work()
    return time.perf_counter() - started, value


def cosines(vectors: np.ndarray, reference: np.ndarray) -> dict[str, float]:
    """Of each document's vector with the reference's."""
    found = np.sum(vectors * reference, axis=1)
    return {"cosine_mean": round(float(found.mean()), 5), "cosine_min": round(float(found.min()), 5)}


def ndcg(documents: np.ndarray, queries: np.ndarray, ids: list[str], asked: list[str], qrels: Qrels) -> float:
    """Mean nDCG@10 over the queries."""
    discounts = 1 / np.log2(np.arange(2, 12))
    found = []
    for query, vector in zip(asked, queries, strict=True):
        best = np.argsort(-(documents @ vector), kind="stable")[:10]
        gains = np.array([qrels[query].get(ids[place], 0) for place in best])
        ideal = np.array(sorted(qrels[query].values(), reverse=True)[:10])
        found.append(gains @ discounts[: len(gains)] / (ideal @ discounts[: len(ideal)]))
    return float(np.mean(found))


def read_set(folder: Path, limit: int | None) -> tuple[dict[str, str], dict[str, str], Qrels]:
    """Documents by id (judged ones first when limited), judged queries by id, and judgements above 0 by query."""
    qrels: Qrels = defaultdict(dict)
    for line in (folder / "qrels" / "test.tsv").read_text("utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            qrels[query][document] = int(grade)
    records = read_lines(folder / "corpus.jsonl")
    if limit:
        judged = {document for grades in qrels.values() for document in grades}
        records = sorted(records, key=lambda one: one["_id"] not in judged)[:limit]
    queries = {one["_id"]: one["text"] for one in read_lines(folder / "queries.jsonl") if one["_id"] in qrels}
    return {one["_id"]: f"{one['title']}. {one['text']}" for one in records}, queries, dict(qrels)


def read_lines(path: Path) -> list[dict[str, str]]:
    """The records of a JSONL file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


if __name__ == "__main__":
    main()
