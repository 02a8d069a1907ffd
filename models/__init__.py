"""The weights: which models there are, where their bytes can be had, one verified cache, and the engines that run them.

The engines (``encoders``, ``llamacpp``, ``transformers_chat``, ``remote``) are imported by name where they are needed.
"""

from models.bundle import export_bundle, import_bundle
from models.cache import CheckedFile, is_present, model_folder, verify
from models.choosing import Fetched, choose_llm, fetch_defaults
from models.fetching import Sources, UnavailableError, fetch, sources_from_environment
from models.registry import Encoder, File, Model, Registry, Role, load_registry

__all__ = [
    "CheckedFile",
    "Encoder",
    "Fetched",
    "File",
    "Model",
    "Registry",
    "Role",
    "Sources",
    "UnavailableError",
    "choose_llm",
    "export_bundle",
    "fetch",
    "fetch_defaults",
    "import_bundle",
    "is_present",
    "load_registry",
    "model_folder",
    "sources_from_environment",
    "verify",
]
