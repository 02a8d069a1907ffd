"""The layout of the house, read from the code: who may import whom, and what nobody may do."""

import ast
import doctest
import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOORS = {"pipeline", "schema", "settings"}
ALLOWED = {
    "schema": set(),
    "access": {"schema"},
    "language": set(),
    "settings": {"schema"},
    "prompts": {"schema"},
    "indexer": {"schema", "language"},
    "retriever": {"schema", "language"},
    "generator": {"schema", "language", "prompts"},
    "models": {"schema"},
    "parts": {"schema", "settings", "generator", "models", "prompts"},
    "library": {"schema", "settings", "indexer", "parts"},
    "pipeline": {"schema", "settings", "feedback", "indexer", "retriever", "generator", "models", "parts", "library"},
    "feedback": {"schema"},
    "eval": DOORS | {"feedback", "generator"},  # a calibration is fitted in one and used in the other
    "web": DOORS | {"access", "feedback"},
    "widget": set(),
    "console": {"schema"},
    "doctor": DOORS | {"console", "models"},
    "commands": DOORS  # some measure one part alone, some keep an index without its models
    | {"access", "console", "eval", "feedback", "generator", "indexer", "models", "parts"},
    "cli": DOORS | {"access", "commands", "console", "doctor", "eval", "web"},
    "app": {"cli"},
    "benchmarks": DOORS  # some measure one room alone
    | {
        "access",
        "console",
        "eval",
        "feedback",
        "generator",
        "indexer",
        "language",
        "models",
        "parts",
        "retriever",
        "web",
    },
    "training": {"language", "models"},
    "docs": DOORS | {"cli", "eval", "indexer"},
}
"""Our modules and packages, and which of the others each may import."""

HEAVY = {
    "authlib": {"web/provider.py"},
    "faiss": {"indexer/clusters.py", "indexer/vectors.py"},
    "gradio": {"web/chat.py"},
    "langchain_milvus": {"indexer/milvus_door.py"},
    "limits": {"access/quotas.py"},
    "milvus_lite": {"benchmarks/lite_server.py", "indexer/milvus_lite_server.py"},
    "onnxruntime": {"models/onnx_graph.py"},
    "openvino_genai": {"benchmarks/engine_workers.py"},
    "prometheus_client": {"web/metrics.py"},
    "pyarrow": {"indexer/ray_stream.py"},
    "pymilvus": {"benchmarks/lite_server.py", "indexer/milvus_client.py"},
    "pypdfium2": {
        "indexer/loading/pdf/annotations.py",
        "indexer/loading/pdf/characters.py",
        "indexer/loading/pdf/covered.py",
        "indexer/loading/pdf/document.py",
        "indexer/loading/pdf/shapes.py",
    },
    "rapidocr": {"indexer/loading/pictures/recognition.py"},
    "ray": {"indexer/ray_cluster.py", "indexer/ray_desk.py", "indexer/ray_stream.py"},
    "redis": {"access/shared.py"},
    "sentence_transformers": {"models/sentence_folders.py"},
    "tokenizers": {"models/tokenising.py"},
    "torch": {"benchmarks/embedding.py", "models/bert.py", "models/sentence_folders.py", "models/transformers_chat.py"},
    "transformers": {"models/transformers_chat.py"},
    "xllamacpp": {"models/llamacpp.py"},
    "joserfc": {"web/id_tokens.py"},
    "langchain": {"models/remote_chat.py"},
    "uvicorn": {"web/listening.py"},
}
"""Heavy libraries, each with the module that knows it; torch is what two libraries hand their tensors over in."""

UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
UNSAFE_ARGUMENTS = {"trust_remote_code", "allow_dangerous_deserialization", "allow_pickle"}
MAKERS = {"eval/samples/make_documents.py", "training/adapt.py", "training/network.py"}
"""Run by hand, never by Footnote."""

FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in ROOT.rglob("*.py")
    if path.relative_to(ROOT).parts[0] not in ("tests", "build") and not path.relative_to(ROOT).parts[0].startswith(".")
)


def imported(tree):
    """The modules that a module imports, wherever in it, by statement or by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." if node.level else str(node.module)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func)
            if called in ("__import__", "import_module", "importlib.import_module"):
                yield str(node.args[0].value)


def faults(path, text):
    """What is wrong with one file of ours, as sentences."""
    tree = ast.parse(text)
    room = path.split("/")[0].removesuffix(".py")
    for name in imported(tree):
        top = name.split(".")[0]
        if not top:
            yield f"{path}: relative import"
        if top in ALLOWED and top != room and top not in ALLOWED.get(room, set()):
            yield f"{path}: {room} may not import {top}"
        if top in HEAVY and path not in HEAVY[top] | MAKERS:
            yield f"{path}: {top} belongs in {', '.join(sorted(HEAVY[top]))}"
        if top in UNSAFE_MODULES:
            yield f"{path}: {top} runs what it reads"
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in UNSAFE_ARGUMENTS and not is_false(node.value):
            yield f"{path}: {node.arg}"
        if isinstance(node, ast.Constant) and node.value in UNSAFE_ARGUMENTS:
            yield f"{path}: {node.value}"


def is_false(node):
    return isinstance(node, ast.Constant) and node.value is False


def test_every_file_is_seen_and_every_room_has_a_rule():
    assert {path.split("/")[0].removesuffix(".py") for path in FILES} == set(ALLOWED)
    assert len(FILES) > 60


@pytest.mark.parametrize("path", FILES)
def test_imports_point_down_and_nothing_unsafe_is_used(path):
    assert list(faults(path, (ROOT / path).read_text("utf-8"))) == []


def test_each_heavy_library_is_imported_where_the_table_says():
    """A library that nobody imports any more should leave the table, and the dependencies."""
    homes = {library: set() for library in HEAVY}
    for path in set(FILES) - MAKERS:
        for name in imported(ast.parse((ROOT / path).read_text("utf-8"))):
            if name.split(".")[0] in homes:
                homes[name.split(".")[0]].add(path)
    assert homes == HEAVY


@pytest.mark.parametrize(
    ("path", "text", "fault"),
    [
        ("schema.py", "import settings", "schema may not import settings"),
        ("generator/x.py", "from retriever.hybrid import retrieve", "generator may not import retriever"),
        ("retriever/x.py", "import generator.words as w", "retriever may not import generator"),
        ("indexer/x.py", "def f():\n    from settings import Settings", "indexer may not import settings"),
        ("models/x.py", "if TYPE_CHECKING:\n    import prompts", "models may not import prompts"),
        ("web/x.py", "from indexer.store import IndexStore", "web may not import indexer"),
        ("eval/x.py", "import importlib\nimportlib.import_module('indexer')", "eval may not import indexer"),
        ("pipeline.py", "__import__('web.chat')", "pipeline may not import web"),
        ("indexer/x.py", "from . import store", "relative import"),
        ("indexer/store.py", "import faiss", "faiss belongs in indexer/clusters.py, indexer/vectors.py"),
        (
            "pipeline.py",
            "from torch import nn",
            "torch belongs in " + ", ".join(sorted(HEAVY["torch"])),
        ),
        ("cli.py", "import langchain", "langchain belongs in models/remote_chat.py"),
        ("models/x.py", "import pickle", "pickle runs what it reads"),
        ("models/x.py", "from joblib import load", "joblib runs what it reads"),
        ("models/x.py", "load(trust_remote_code=True)", "trust_remote_code"),
        ("models/x.py", "load(trust_remote_code=value)", "trust_remote_code"),
        ("models/x.py", "load(**{'trust_remote_code': True})", "trust_remote_code"),
        ("indexer/x.py", "load(allow_dangerous_deserialization=True)", "allow_dangerous_deserialization"),
        ("indexer/x.py", "np.load(path, allow_pickle=True)", "allow_pickle"),
    ],
)
def test_a_planted_violation_is_found(path, text, fault):
    assert list(faults(path, text)) == [f"{path}: {fault}"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("generator/x.py", "from prompts import Prompt\nfrom generator.words import words\nimport re"),
        ("models/x.py", "load(trust_remote_code=False)"),
        ("indexer/x.py", "from langchain_core.documents import Document"),
        ("eval/samples/make_documents.py", "import docx"),
    ],
)
def test_what_is_allowed_is_not_found(path, text):
    assert list(faults(path, text)) == []


WITH_EXAMPLES = [path for path in FILES if path.split("/")[0] != "docs" and ">>> " in (ROOT / path).read_text("utf-8")]


@pytest.mark.parametrize("path", WITH_EXAMPLES)
def test_examples_in_docstrings_are_true(path):
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    importlib.import_module(name)
    results = doctest.testmod(sys.modules[name])
    assert results.attempted > 0
    assert results.failed == 0
