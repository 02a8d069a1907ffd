"""How Milvus is reached: what its failures say, and who may read a file."""

import fcntl
import logging
import socket
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

import grpc
from pymilvus.grpc_gen import milvus_pb2

from indexer.milvus_address import address_of
from indexer.milvus_client import Connection, StoreUnavailable
from schema import FootnoteError

TOKEN = "root:s3cret"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def mute():
    """The port of a listener that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def closed():
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    return int(free)


@pytest.fixture
def lite(tmp_path):
    connection = Connection(address_of(str(tmp_path / "rows.db")))
    yield connection
    connection.close()


# Failures


def test_nobody_there_is_unavailable(closed):
    with pytest.raises(StoreUnavailable, match=rf"^Milvus at http://127\.0\.0\.1:{closed} can't be reached") as caught:
        Connection(address_of(f"http://127.0.0.1:{closed}", TOKEN), connect_s=5)
    assert "s3cret" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_a_listener_that_never_answers_is_unavailable_and_silent(mute, capfd):
    with pytest.raises(StoreUnavailable, match=f"^Milvus at http://127.0.0.1:{mute} "):
        Connection(address_of(f"http://127.0.0.1:{mute}"), connect_s=0.5)
    assert capfd.readouterr() == ("", "")


def test_a_server_that_is_gone_is_unavailable_for_every_call_and_found_again(capfd):
    server, port = served(lambda request, context: b"")
    connection = Connection(address_of(f"http://127.0.0.1:{port}"), connect_s=5, call_s=5)
    server.stop(None).wait()
    for method, arguments in (
        ("has_collection", ["a"]),
        ("upsert", ["a", [{"chunk": 1}]]),
        ("drop_collection", ["a"]),
        ("query", ["a", "chunk >= 0"]),
    ):
        with pytest.raises(StoreUnavailable, match="can't be reached or can't answer now") as caught:
            connection.call(method, *arguments)
        assert "StatusCode" not in str(caught.value) and "channel_state" not in str(caught.value)
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "milvus" not in printed.err and "Traceback" not in printed.err
    server, _ = served(lambda request, context: b"", port)
    for _ in range(100):  # gRPC looks for it again every two seconds at least
        try:
            assert connection.call("has_collection", "a") is True
            break
        except StoreUnavailable:
            time.sleep(0.1)
    else:
        pytest.fail("it was not found again")
    connection.close()
    server.stop(None).wait()


def test_a_call_that_is_not_answered_in_time_is_unavailable_and_made_once():
    calls, released = [], threading.Event()

    def stuck(request, context):
        calls.append(request)
        released.wait(30)
        return b""

    server, port = served(stuck)
    connection = Connection(address_of(f"http://127.0.0.1:{port}"), connect_s=5, call_s=2)
    with pytest.raises(StoreUnavailable, match="did not answer has_collection in time"):
        connection.call("has_collection", "a")
    assert len(calls) == 1
    released.set()
    connection.close()
    server.stop(None).wait()


@pytest.mark.parametrize("code", ["UNAUTHENTICATED", "PERMISSION_DENIED"])
def test_a_refused_token_is_told_and_not_shown(code):
    def refuse(request, context):
        context.abort(getattr(grpc.StatusCode, code), f"bad token {TOKEN}")

    server, port = served(refuse)
    connection = Connection(address_of(f"http://127.0.0.1:{port}", TOKEN), connect_s=5)
    with pytest.raises(FootnoteError, match=r"refuses the token\. Set FOOTNOTE_MILVUS_TOKEN") as caught:
        connection.call("has_collection", "a")
    assert not isinstance(caught.value, StoreUnavailable)
    assert "s3cret" not in str(caught.value)
    connection.close()
    server.stop(None).wait()


def test_another_failure_is_told_in_the_words_of_milvus_without_the_token():
    def fail(request, context):
        context.abort(grpc.StatusCode.INTERNAL, f"no such thing as {TOKEN}\nfor a collection")

    server, port = served(fail)
    connection = Connection(address_of(f"http://127.0.0.1:{port}", TOKEN), connect_s=5)
    with pytest.raises(FootnoteError) as caught:
        connection.call("has_collection", "a")
    assert not isinstance(caught.value, StoreUnavailable)
    assert "no such thing as *** for a collection" in str(caught.value)
    connection.close()
    server.stop(None).wait()


def served(answer, port=0):
    """A server that answers the first call of a connection as Milvus does, and every other one in this way."""
    connected = milvus_pb2.ConnectResponse(identifier=1).SerializeToString()

    class Handler(grpc.GenericRpcHandler):
        def service(self, details):
            behaviour = (lambda *_: connected) if details.method.endswith("/Connect") else answer
            return grpc.unary_unary_rpc_method_handler(behaviour)

    server = grpc.server(ThreadPoolExecutor(2), handlers=[Handler()])
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server, port


# Files


def listening():
    """The sockets of this process that listen on a port."""
    lines = [line for name in ("tcp", "tcp6") for line in Path(f"/proc/self/net/{name}").read_text().splitlines()]
    held = {str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()}
    return {
        inode for inode in (line.split()[9] for line in lines if line.split()[3] == "0A") if f"socket:[{inode}]" in held
    }


def test_a_file_is_a_folder_for_its_owner_alone_and_listens_on_no_port(tmp_path):
    before = listening()
    lite = Connection(address_of(str(tmp_path / "rows.db")))
    assert listening() == before
    assert stat.S_IMODE((tmp_path / "rows.db").stat().st_mode) == 0o700
    assert lite.is_lite
    lite.close()


def test_a_file_that_others_may_look_into_is_refused(tmp_path):
    (tmp_path / "rows.db").mkdir(mode=0o755)
    (tmp_path / "rows.db").chmod(0o755)
    with pytest.raises(FootnoteError, match=r"Other users of this machine may look into .*: chmod 700 .*rows\.db$"):
        Connection(address_of(str(tmp_path / "rows.db")))


def test_a_file_that_cant_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FootnoteError, match=r"rows\.db can't be made: .*\. Name another file for Milvus Lite\.$"):
        Connection(address_of(str(tmp_path / "file" / "rows.db")))


def test_connections_of_one_process_share_a_file_and_the_last_one_closes_it(tmp_path, lite):
    other = Connection(lite.address)
    lite.call("create_collection", "a", 2)
    assert other.call("list_collections") == ["a"]
    other.close()
    assert lite.call("list_collections") == ["a"]


def test_another_process_is_told_that_the_file_is_open(tmp_path):
    path = tmp_path / "rows.db"
    Connection(address_of(str(path))).close()
    with (path / "LOCK").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as the other process has it
        with pytest.raises(
            FootnoteError, match=r"rows\.db is open in another process, and Milvus Lite serves one alone"
        ):
            Connection(address_of(str(path)))
    Connection(address_of(str(path))).close()


def test_what_milvus_refuses_is_told_and_a_closed_connection_says_so(lite):
    with pytest.raises(FootnoteError, match=r"refused describe_collection: collection 'a' does not exist$"):
        lite.call("describe_collection", "a")


def test_pymilvus_says_nothing_on_its_own(lite):
    assert not logging.getLogger("pymilvus").isEnabledFor(logging.CRITICAL)
    assert not logging.getLogger("milvus_lite").isEnabledFor(logging.CRITICAL)


def test_without_pymilvus_it_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pymilvus", None)
    with pytest.raises(FootnoteError, match=r'pip install "footnote\[milvus\]"'):
        Connection(address_of(str(tmp_path / "rows.db")))
