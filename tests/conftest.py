"""What every test runs under: no network, no hub, settings of its own; and the samples, indexed once for real."""

import gc
import os
import resource
import sys
from pathlib import Path

import pytest
from hypothesis import settings as property_tests

ROOT = Path(__file__).resolve().parents[1]
GUARD = Path(__file__).parent / "guard"
sys.path[:0] = [str(ROOT), str(GUARD)]  # before tests/, whose folders are named like the packages
import sitecustomize  # noqa: E402, F401  (importing it installs the socket guard)

from models import is_present, load_registry  # noqa: E402
from models.engines import prepare_process  # noqa: E402
from settings import Settings, default_cache  # noqa: E402

os.environ["PYTHONPATH"] = str(GUARD)
os.environ["HF_HUB_OFFLINE"] = "1"
for _name in [name for name in os.environ if name.startswith("FOOTNOTE_")]:
    del os.environ[_name]
prepare_process()  # before any test module imports torch
property_tests.register_profile("untimed", deadline=None)  # by the clock of a busy machine nothing is asserted
property_tests.load_profile("untimed")


STATM = Path("/proc/self/statm")
GREW = 100 * 2**20
"""Bytes that a test may leave behind before the collector is called: models sit in cycles, whose size it can't know."""


def resident() -> int:
    """Bytes of memory in use now, where the system tells."""
    return int(STATM.read_text().split()[1]) * resource.getpagesize() if STATM.exists() else 0


@pytest.fixture(autouse=True)
def models_are_let_go():
    """Hold no model longer than the test that opened it; all tests together else take ten gigabytes."""
    before = resident()
    yield
    if resident() - before > GREW:
        gc.collect()


@pytest.fixture(scope="session")
def weights() -> Path:
    """The cache with the default embedder and cross-encoder, the best language model and the smallest in it."""
    cache, registry, defaults = default_cache(), load_registry(), Settings()
    wanted = (
        registry.get(defaults.embedder, "embedder"),
        registry.get(defaults.reranker, "reranker"),
        registry.language_models()[0],
        registry.language_models()[-1],
    )
    missing = " ".join(model.name for model in wanted if not is_present(model, cache))
    if missing:
        pytest.fail(f"Weights are not in {cache}: run 'footnote models fetch {missing}' first", pytrace=False)
    return cache


@pytest.fixture(scope="session")
def samples_index(weights, tmp_path_factory) -> Path:
    """The folder of an index of samples/, made once with the default embedder; tests must not change it."""
    from pipeline import Footnote  # noqa: PLC0415  (tests without models don't wait for it)

    folder = tmp_path_factory.mktemp("samples") / "index"
    opened = Footnote(Settings(index=folder, cache=weights), create=True)
    try:
        report = opened.index([ROOT / "samples"])
    finally:
        opened.close()
    assert report.count("indexed") == len(report.files) == 8
    return folder


@pytest.fixture(scope="session")
def footnote(samples_index, weights):
    """The samples with the default models, opened once; tests must not change it."""
    from pipeline import Footnote  # noqa: PLC0415

    opened = Footnote(Settings(index=samples_index, cache=weights))
    yield opened
    opened.close()
