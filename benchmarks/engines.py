"""How fast llama.cpp reads and writes here, alone or beside a process that keeps one core busy.

    GOMP_SPINCOUNT=1000 python -m benchmarks.engines [--model qwen2.5-coder-1.5b] [--busy] [--read-batch 64]

Prints tokens per second, as the engine itself counts them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from langchain_core.messages import HumanMessage, SystemMessage

from models import load_registry, model_folder
from models.engines import prepare_process
from settings import default_cache

FRUIT = "apple banana cherry date elder fig".split()
LINE = "[{0}] The committee of section {0} met on {0} March and agreed that the {1} programme would be funded."
BUSY = "while True: pass"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="qwen2.5-coder-1.5b", help="language model of the registry")
    parser.add_argument("--busy", action="store_true", help="keep one core busy meanwhile")
    parser.add_argument("--read-batch", type=int, default=64, help="tokens read between two looks at the stop event")
    arguments = parser.parse_args()
    prepare_process()
    other = subprocess.Popen([sys.executable, "-c", BUSY]) if arguments.busy else None
    try:
        print(json.dumps(measure(arguments.model, arguments.read_batch)))
    finally:
        if other:
            other.kill()


def measure(name: str, read_batch: int) -> dict[str, str | float]:
    """Read a prompt of some 200 tokens and write 40."""
    from models.llamacpp_chat import LlamaCppChat  # noqa: PLC0415  (after the process is prepared)

    model = load_registry().get(name, "llm")
    weights = Path(model_folder(model, default_cache())) / model.file(".gguf").name
    chat = LlamaCppChat(weights=weights, read_batch=read_batch)
    prompt = "\n".join(LINE.format(number, fruit) for number, fruit in enumerate(FRUIT))
    speeds: dict[str, str | float] = {"spin_count": os.environ["GOMP_SPINCOUNT"]}
    for chunk in chat.stream([SystemMessage("Tell a story."), HumanMessage(prompt)], max_tokens=40):
        speeds |= {key: round(value, 1) for key, value in chunk.response_metadata.items() if key.endswith("per_second")}
    chat.close()
    return speeds


if __name__ == "__main__":
    main()
