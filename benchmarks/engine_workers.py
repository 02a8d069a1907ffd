"""One engine in a process of its own, which answers the prompts that come on its standard input, one JSON line each.

    python -m benchmarks.engine_workers NAME [--site FOLDER]        (started by benchmarks.engines)

Replies with a line once it is loaded, then one line for each prompt. NAME is a key of `VARIANTS`; FOLDER is added to
the places where Python looks for packages, for an engine that is not installed beside Footnote.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from models import load_registry, model_folder
from models.engines import prepare_process
from settings import default_cache

LARGE, SMALL, TINY = "qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b", "smollm2-135m"
MAX_TOKENS = 40
CONTEXT_TOKENS = 8192

Message = dict[str, str]
Answering = Callable[[list[Message]], Iterator[str | dict[str, int]]]
"""A prompt -> pieces of the answer, and at the end what the engine says of its tokens."""


@dataclass(frozen=True, slots=True)
class Variant:
    """An engine with a model and what is special about it."""

    engine: str
    model: str = LARGE
    threads: int = 0
    read_batch: int = 64
    guess_tokens: int = 0
    draft_model: str = ""
    adjust: Callable[[Any, Any], None] = lambda *_: None
    options: tuple[tuple[str, Any], ...] = ()


def drafted(parameters: Any, library: Any, *, model: str) -> None:
    """Speculative decoding (Leviathan et al. 2023) with a smaller model of the same vocabulary."""
    small = parameters.speculative.draft
    small.mparams.path, small.n_max = str(weights_of(model)), 4
    threads = parameters.cpuparams.n_threads
    small.cpuparams.n_threads = small.cpuparams_batch.n_threads = threads
    parameters.speculative.types = [library.common_speculative_type.COMMON_SPECULATIVE_TYPE_DRAFT_SIMPLE]


def flash_off(parameters: Any, library: Any) -> None:
    """Attention in separate steps."""
    parameters.flash_attn_type = library.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED


def eight_bit_cache(parameters: Any, library: Any) -> None:
    """Keys and values in eight bits."""
    parameters.cache_type_k = parameters.cache_type_v = library.ggml_type.GGML_TYPE_Q8_0


VARIANTS = {
    "llamacpp": Variant("llamacpp"),
    "llamacpp-lookup-4": Variant("llamacpp", guess_tokens=4),
    "llamacpp-lookup-8": Variant("llamacpp", guess_tokens=8),
    "llamacpp-draft": Variant("llamacpp", draft_model=SMALL, adjust=partial(drafted, model=SMALL)),
    "llamacpp-flash-off": Variant("llamacpp", adjust=flash_off),
    "llamacpp-cache-8-bit": Variant("llamacpp", adjust=eight_bit_cache),
    "llamacpp-one-thread": Variant("llamacpp", threads=1),
    "llamacpp-batch-512": Variant("llamacpp", read_batch=512),
    "llamacpp-small": Variant("llamacpp", SMALL),
    "llamacpp-small-lookup-8": Variant("llamacpp", SMALL, guess_tokens=8),
    "llamacpp-tiny": Variant("llamacpp", TINY),
    "llamacpp-tiny-lookup-4": Variant("llamacpp", TINY, guess_tokens=4),
    "llamacpp-tiny-lookup-8": Variant("llamacpp", TINY, guess_tokens=8),
    "openvino": Variant("openvino"),
    "openvino-lookup": Variant("openvino", options=(("num_assistant_tokens", 5), ("max_ngram_size", 3))),
}
"""What is compared, by name. The tiny model is there to try the benchmark itself."""


def main() -> None:
    """Load an engine and answer until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=VARIANTS)
    parser.add_argument("--site", default="")
    arguments = parser.parse_args()
    sys.path += [arguments.site] if arguments.site else []
    prepare_process()
    started, variant = time.monotonic(), VARIANTS[arguments.name]
    answering = load_llamacpp(variant) if variant.engine == "llamacpp" else load_openvino(variant)
    say({"loaded_s": round(time.monotonic() - started, 2)})
    for line in sys.stdin:
        say(timed(answering, json.loads(line)))


def say(record: dict[str, Any]) -> None:
    """One line to whoever started this."""
    print(json.dumps(record), flush=True)


def timed(answering: Answering, messages: list[Message]) -> dict[str, Any]:
    """An answer with its seconds by the clock and of the processor, until the first token and until the end."""
    started, used = time.monotonic(), time.process_time()
    record: dict[str, Any] = {}
    text = ""
    for piece in answering(messages):
        if isinstance(piece, dict):
            record |= piece
            continue
        record.setdefault("first_s", time.monotonic() - started)
        record.setdefault("first_processor_s", time.process_time() - used)
        text += piece
    record |= {"total_s": time.monotonic() - started, "total_processor_s": time.process_time() - used, "text": text}
    return record | {"memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def weights_of(name: str) -> Path:
    """The GGUF file of a model of the registry."""
    model = load_registry().get(name, "llm")
    return Path(model_folder(model, default_cache())) / model.file(".gguf").name


def load_llamacpp(variant: Variant) -> Answering:
    """llama.cpp as Footnote runs it, but for the variant's parameters."""
    from models.llamacpp import LlamaServer, load_library  # noqa: PLC0415  (after the process is prepared)
    from models.llamacpp_chat import available_cores  # noqa: PLC0415

    server = LlamaServer(
        weights_of(variant.model),
        context_tokens=CONTEXT_TOKENS,
        threads=variant.threads or available_cores(),
        read_batch=variant.read_batch,
        guess_tokens=variant.guess_tokens,
        adjust=lambda parameters: variant.adjust(parameters, load_library()),
    )
    request = {
        "stream": True,
        "return_progress": True,
        "cache_prompt": True,
        "temperature": 0,
        "max_tokens": MAX_TOKENS,
    }

    def answer(messages: list[Message]) -> Iterator[str | dict[str, int]]:
        last: dict[str, Any] = {}
        for last in server.chat({"messages": messages, **request}, threading.Event()):
            yield from (
                choice["delta"].get("content") or "" for choice in last["choices"] if choice["delta"].get("content")
            )
        timings = last["timings"]
        yield {
            "read": timings["prompt_n"],
            "reused": timings["cache_n"],
            "written": timings["predicted_n"],
            "drafted": timings.get("draft_n", 0),
            "accepted": timings.get("draft_n_accepted", 0),
        }

    return answer


def load_openvino(variant: Variant) -> Answering:
    """OpenVINO GenAI, reading the same file; with prompt lookup where the variant has options for it."""
    genai: Any = importlib.import_module("openvino_genai")

    found = dict(variant.options)
    scheduler = genai.SchedulerConfig()
    scheduler.enable_prefix_caching = True
    scheduler.cache_size = 1
    choice = {"prompt_lookup": True} if found else {}
    pipeline = genai.LLMPipeline(str(weights_of(variant.model)), "CPU", scheduler_config=scheduler, **choice)
    tokenizer = pipeline.get_tokenizer()
    config = genai.GenerationConfig()
    config.max_new_tokens, config.do_sample, config.apply_chat_template = MAX_TOKENS, False, False
    for name, value in found.items():
        setattr(config, name, value)

    def answer(messages: list[Message]) -> Iterator[str | dict[str, int]]:
        from models.streaming import Emit, pump  # noqa: PLC0415

        prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True)
        costs: dict[str, int] = {}

        def produce(emit: Emit[str]) -> None:
            metrics = pipeline.generate([prompt], config, emit).perf_metrics
            costs["read"], costs["written"] = metrics.get_num_input_tokens(), metrics.get_num_generated_tokens()

        yield from pump(produce, threading.Event())
        yield costs

    return answer


if __name__ == "__main__":
    main()
