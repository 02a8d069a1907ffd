"""Time and memory against the number of documents: indexing with the real embedder, and searching afterwards.

    python -m benchmarks.scaling --data FOLDER                          1,000, 10,000 and 100,000 documents
    python -m benchmarks.scaling --data FOLDER --sizes 300 1000 --out /tmp/scaling.json

Each document has about 60 tokens, of sentences drawn from the sets in FOLDER. Each size has a process of its own, so
that its peak memory is its own. Writes benchmarks/results/scaling.json and, from it, docs/pictures/scaling.svg.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.answering import ROOT, machine, resident_mb
from benchmarks.latency import file_sizes, run_through, spread
from benchmarks.made_texts import made_documents, read_questions, read_sentences
from benchmarks.scaling_plot import scaling_plot
from pipeline import Footnote
from schema import Progress, TextDocument
from settings import load_settings

RESULTS = Path(__file__).parent / "results" / "scaling.json"
PICTURE = ROOT / "docs" / "pictures" / "scaling.svg"
SIZES = (1000, 10_000, 100_000)
TOKENS_COUNTED = 1000  # documents whose tokens are counted


def main() -> None:
    """Run the benchmark, or one size of it in this process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the sets")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of documents")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the documents and the sample of questions")
    parser.add_argument("--work", type=Path, default=Path("/tmp/footnote-scaling"), help="folder of the indexes")  # noqa: S108
    parser.add_argument("--out", type=Path, default=RESULTS, help="file of the results")
    parser.add_argument("--picture", type=Path, help="file of the plot; beside --out by default")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one, arguments)))
        return
    record: dict[str, Any] = {"machine": machine(), "sizes": []}
    default = PICTURE if arguments.out == RESULTS else arguments.out.with_suffix(".svg")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    for size in arguments.sizes:  # what is measured is kept, should a larger one fail
        record["sizes"].append(in_a_process(size))
        arguments.out.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
        (arguments.picture or default).write_text(scaling_plot(record["sizes"]), "utf-8")
    print(json.dumps(record, indent=2))


def in_a_process(size: int) -> dict[str, Any]:
    """The figures of one size, measured by this very command in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.scaling", *sys.argv[1:], "--one", str(size)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, check=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    record: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return record


def measure(size: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Index so many documents into a new index, then search it."""
    sentences = [one for document in read_sentences(arguments.data) for one in document]
    texts = made_documents(sentences, size, seed=arguments.seed)
    documents = [TextDocument(f"{number:07}", "", text) for number, text in enumerate(texts)]
    folder = arguments.work / str(size)
    shutil.rmtree(folder, ignore_errors=True)
    settings, _ = load_settings({"index": folder, "llm": "none"})
    footnote = Footnote(settings, create=True)
    tokens = footnote.embeddings.count_tokens([document.text for document in documents[:TOKENS_COUNTED]])
    footnote.search("Is the model loaded?")
    before = resident_mb()
    started = time.perf_counter()
    report = footnote.index_corpus(documents, on_progress=tell)
    seconds = time.perf_counter() - started
    return {
        "documents": report.count("indexed"),
        "chunks": sum(info.chunks for info in footnote.sources()),
        "tokens_of_a_document": round(sum(tokens) / len(tokens), 1),
        "seconds": round(seconds, 2),
        "documents_per_second": round(size / seconds, 1),
        "memory_before_mb": before,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "search_ms": search_times(footnote, arguments),
        **closed(footnote),
    }


def search_times(footnote: Footnote, arguments: argparse.Namespace) -> dict[str, float]:
    """Milliseconds of a search as users get it."""
    questions = read_questions(arguments.data, arguments.questions, seed=arguments.seed)
    times = []
    for question, is_counted in run_through(questions):
        started = time.perf_counter()
        footnote.search(question)
        if is_counted:
            times.append((time.perf_counter() - started) * 1000)
    return spread(times)


def closed(footnote: Footnote) -> dict[str, Any]:
    """The files of the index, once it is closed and its log is merged."""
    footnote.close()
    files = file_sizes(footnote.settings.index)
    return {"index_mb": round(sum(files.values()), 1), "files_mb": files}


def tell(progress: Progress) -> None:
    """A line for each twentieth of the documents."""
    step = max(1, progress.total // 20)
    if progress.done // step != (progress.done - 64) // step:
        print(f"{progress.done:,} of {progress.total:,} {progress.unit}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
