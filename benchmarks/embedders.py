"""Compare embedders of the registry on a BEIR folder: speed, nDCG@10, recall@10, and what a batch does to a vector.

    python -m benchmarks.embedders --data FOLDER/scifact --batch 16 bge-small-en-v1.5-int8 bge-small-en-v1.5

Whole documents, title and text, without chunks; exact search. Decision 006 has its figures.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from models import encoders, load_registry, model_folder
from parts import identity_of
from settings import default_cache

Qrels = dict[str, dict[str, int]]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with corpus.jsonl, queries.jsonl, qrels/test.tsv"
    )
    parser.add_argument("--limit", type=int, help="only the first documents (the ranking figures then mean little)")
    parser.add_argument("--batch", type=int, default=encoders.BATCH_SIZE, help="texts in one run of the model")
    parser.add_argument("names", nargs="+", help="embedders of the registry")
    arguments = parser.parse_args()
    documents = {one["_id"]: f"{one['title']}. {one['text']}" for one in read(arguments.data / "corpus.jsonl")}
    documents = dict(list(documents.items())[: arguments.limit])
    queries = {one["_id"]: one["text"] for one in read(arguments.data / "queries.jsonl")}
    qrels = read_qrels(arguments.data / "qrels" / "test.tsv")
    encoders.BATCH_SIZE = arguments.batch
    for name in arguments.names:
        print(json.dumps({"embedder": name, "batch": arguments.batch} | measure(name, documents, queries, qrels)))


def measure(name: str, documents: dict[str, str], queries: dict[str, str], qrels: Qrels) -> dict[str, float]:
    """The figures of one embedder."""
    model = load_registry().get(name, "embedder")
    folder, encoder = model_folder(model, default_cache()), model.encoder
    if encoder is None:
        raise SystemExit(f"{name} is no embedder")
    embeddings = encoders.load_embeddings(
        folder, identity_of(model), pooling=encoder.pooling, max_tokens=encoder.max_tokens
    )
    texts = list(documents.values())
    tokens = sum(min(count + 2, encoder.max_tokens) for count in embeddings.count_tokens(texts))
    started = time.monotonic()
    vectors = embeddings.embed(texts)
    seconds = time.monotonic() - started
    alone = np.vstack([embeddings.embed([text]) for text in texts[:50]])
    cosines = np.sum(alone * vectors[:50], axis=1)
    ndcg, recall = rank(vectors, list(documents), queries, qrels, embeddings)
    return {
        "tokens_per_second": round(tokens / seconds),
        "nDCG@10": round(ndcg, 4),
        "recall@10": round(recall, 4),
        "alone_against_batch_mean": round(float(cosines.mean()), 5),
        "alone_against_batch_min": round(float(cosines.min()), 5),
    }


def rank(
    vectors: np.ndarray, ids: list[str], queries: dict[str, str], qrels: Qrels, embeddings: encoders.SentenceEmbeddings
) -> tuple[float, float]:
    """Mean nDCG@10 and recall@10 over the judged queries."""
    gains, recalls = [], []
    for query, judged in qrels.items():
        scores = vectors @ np.asarray(embeddings.embed_query(queries[query]), dtype=np.float32)
        found = [judged.get(ids[place], 0) for place in np.argsort(-scores, kind="stable")[:10]]
        ideal = sum(gain / np.log2(place + 2) for place, gain in enumerate(sorted(judged.values(), reverse=True)[:10]))
        gains.append(sum(gain / np.log2(place + 2) for place, gain in enumerate(found)) / ideal)
        recalls.append(sum(gain > 0 for gain in found) / len(judged))
    return float(np.mean(gains)), float(np.mean(recalls))


def read(path: Path) -> list[dict[str, str]]:
    """The records of a JSONL file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def read_qrels(path: Path) -> Qrels:
    """Judgements above 0 by query."""
    qrels: Qrels = defaultdict(dict)
    for line in path.read_text("utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            qrels[query][document] = int(grade)
    return qrels


if __name__ == "__main__":
    main()
