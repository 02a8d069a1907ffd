"""Which models to fetch and which language model to use, with every step down said in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.cache import is_present
from models.fetching import Sources, UnavailableError, fetch, ignore, megabytes, sources_from_environment
from models.registry import Model, Registry, load_registry
from schema import Progress


def choose_llm(setting: str, cache: Path, *, registry: Registry | None = None) -> tuple[Model | None, str]:
    """The language model to answer with, of those that are in the cache, and a sentence that says which and why.

    Args:
        setting: ``auto`` (the best there is), ``none``, or a name in the registry, which steps down to smaller ones.
        cache: folder of the weights.
        registry: by default Footnote's own.

    Raises:
        FootnoteError: when the setting names no language model of the registry.
    """
    registry = registry or load_registry()
    if setting == "none":
        return None, "No language model, as asked for: answers are quotes only."
    candidates = _candidates(setting, registry)
    first = candidates[0]
    for model in candidates:
        if is_present(model, cache):
            if model is first:
                return model, f"Language model: {model.name}."
            return model, f"Language model: {model.name}, because {_get(first)}."
    return None, f"No language model is here, so answers are quotes only: {_get(first)}."


def _get(model: Model) -> str:
    return f"{model.name} is not here (footnote models fetch {model.name}, {megabytes(model.size)})"


def _candidates(setting: str, registry: Registry) -> tuple[Model, ...]:
    """The models that a setting allows, best first: a named one and those below it."""
    models = registry.language_models()
    return models if setting == "auto" else models[models.index(registry.get(setting, "llm")) :]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What ``fetch_defaults`` got; ``None`` where a part was not wanted or not to be had."""

    embedder: Model
    reranker: Model | None
    llm: Model | None


def fetch_defaults(
    cache: Path,
    *,
    embedder: str = "bge-small-en-v1.5",
    reranker: str = "ms-marco-minilm-l12",
    llm: str = "auto",
    registry: Registry | None = None,
    sources: Sources | None = None,
    on_progress: Callable[[Progress], None] = ignore,
    on_message: Callable[[str], None] = ignore,
) -> Fetched:
    """Fetch what answering needs: the embedder, the reranker and the best language model that can be had.

    Without a reranker or with a smaller language model Footnote works less well and says so; without an embedder it
    doesn't work. Names that are not of the registry's language models (``openai:...``) need no fetching.

    Raises:
        FootnoteError: when the embedder can't be had, a name is unknown or the cache can't be written.
    """
    registry = registry or load_registry()
    sources = sources or sources_from_environment()

    def attempt(model: Model) -> bool:
        try:
            fetch(model, cache, sources=sources, on_progress=on_progress, on_message=on_message)
        except UnavailableError as error:
            on_message(str(error))
            return False
        return True

    wanted = registry.get(embedder, "embedder")
    second = None if reranker == "none" else registry.get(reranker, "reranker")
    third = () if llm == "none" or ":" in llm else _candidates(llm, registry)
    fetch(wanted, cache, sources=sources, on_progress=on_progress, on_message=on_message)
    if second and not attempt(second):
        on_message(f"Going on without {second.name}: passages stay in the order of the search.")
        second = None
    best = next((model for model in third if attempt(model)), None)
    if third and best is not third[0]:
        on_message(f"Going on with {best.name if best else 'quotes only'} in the place of {third[0].name}.")
    return Fetched(wanted, second, best)
