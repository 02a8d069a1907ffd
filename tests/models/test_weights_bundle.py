"""Bundles: out of one cache, into another, and nothing from a bundle that the registry doesn't know by hash."""

import io
import os
import tarfile

import pytest
from weights_building import content, embedder, llm, tree

from models.bundle import export_bundle, import_bundle
from models.cache import is_present, verify
from models.fetching import Sources, fetch
from models.registry import Registry
from schema import FootnoteError

FILES = {"model.onnx": content(1), "1_Pooling/config.json": b"{}"}
EMBEDDER, LLM, TWIN = embedder("embedding", FILES), llm("tiny", content(2)), llm("twin", content(2), step=2)
REGISTRY = Registry(models=(EMBEDDER, LLM, TWIN))


@pytest.fixture
def cache(tmp_path):
    folder = tmp_path / "here"
    for model, files in ((EMBEDDER, FILES), (LLM, {"model.gguf": content(2)})):
        for name, data in files.items():
            path = folder / model.name / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        fetch(model, tmp_path / "cache", sources=Sources(folder=folder))
    return tmp_path / "cache"


@pytest.fixture
def bundle(cache, tmp_path):
    export_bundle((EMBEDDER, LLM), cache, tmp_path / "bundle.tar")
    return tmp_path / "bundle.tar"


def test_a_bundle_brings_the_models_to_another_cache(bundle, tmp_path):
    progress, other = [], tmp_path / "other"
    complete = import_bundle(bundle, other, REGISTRY, on_progress=progress.append)
    assert complete == (EMBEDDER, LLM, TWIN)
    assert (other / "embedding" / "1_Pooling" / "config.json").read_bytes() == b"{}"
    assert (other / "twin" / "model.gguf").samefile(other / "tiny" / "model.gguf")
    assert all(found.state == "ok" for model in complete for found in verify(model, other))
    assert progress[-1].total == bundle.stat().st_size
    assert import_bundle(bundle, other, REGISTRY) == complete


def test_the_same_models_give_the_same_bundle(bundle, cache, tmp_path):
    os.utime(cache / "tiny" / "model.gguf", (1, 1))
    export_bundle((EMBEDDER, LLM), cache, tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == bundle.read_bytes()


def test_what_the_registry_does_not_know_is_left_out_and_no_name_is_used_as_a_path(bundle, tmp_path):
    with tarfile.open(bundle, "a") as tar:
        for name in ("../evil", "/tmp/evil", "sha256/" + "0" * 64, f"sha256/../sha256/{EMBEDDER.files[0].sha256}"):
            entry = tarfile.TarInfo(name)
            entry.size = 4
            tar.addfile(entry, io.BytesIO(b"evil"))
        link = tarfile.TarInfo(f"sha256/{LLM.files[0].sha256}")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    messages, other = [], tmp_path / "other"
    import_bundle(bundle, other, REGISTRY, on_message=messages.append)
    assert len(messages) == 5
    assert {path.split("/")[0] for path in tree(other)} == {"sha256", "locks", "embedding", "tiny", "twin"}
    assert not (tmp_path / "evil").exists()


def test_damaged_bytes_are_refused_with_both_hashes(bundle, tmp_path):
    damaged = bytearray(bundle.read_bytes())
    damaged[damaged.index(content(2)) + 10] ^= 1
    bundle.write_bytes(damaged)
    with pytest.raises(FootnoteError, match=rf"is damaged: model.gguf has sha256 .* names {LLM.files[0].sha256}"):
        import_bundle(bundle, tmp_path / "other", REGISTRY)
    assert not is_present(LLM, tmp_path / "other")


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_cut_bundle_is_an_error(bundle, tmp_path, keep):
    data = bundle.read_bytes()
    bundle.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(FootnoteError, match="not a whole bundle"):
        import_bundle(bundle, tmp_path / "other", REGISTRY)


@pytest.mark.parametrize(
    ("make", "expected_error"),
    [
        (lambda path: None, "can't be read: No such file"),
        (lambda path: path.write_bytes(b"no tar at all" * 100), "not a whole bundle"),
        (lambda path: tarfile.open(path, "w").close(), "completes no model"),
    ],
)
def test_what_is_no_bundle_is_an_error(tmp_path, make, expected_error):
    path = tmp_path / "wrong.tar"
    make(path)
    with pytest.raises(FootnoteError, match=expected_error):
        import_bundle(path, tmp_path / "other", REGISTRY)


def test_a_model_that_is_not_there_cannot_be_exported(cache, tmp_path):
    with pytest.raises(FootnoteError, match=r"twin is not in .*footnote models fetch twin"):
        export_bundle((TWIN,), cache, tmp_path / "bundle.tar")
    assert not (tmp_path / "bundle.tar").exists()


def test_a_bundle_that_cannot_be_written_is_an_error(cache, tmp_path):
    with pytest.raises(FootnoteError, match=r"can't be written"):
        export_bundle((LLM,), cache, tmp_path / "nowhere" / "bundle.tar")
