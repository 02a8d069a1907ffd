"""Indexing on a real Ray of this machine: the same index as without it, whoever dies; and that nobody else gets in."""

import os
import subprocess
import sys
import time
import zipfile
from contextlib import contextmanager, nullcontext
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
if find_spec("ray") is None:  # not imported: it reads its environment when it is
    pytest.skip("Ray is not installed here", allow_module_level=True)

import ray_recipes
from fakes import IDENTITY

from indexer.building import index_paths
from indexer.distributed import Distributed
from indexer.parsing.isolated import Parser
from indexer.parsing.limits import Limits
from indexer.ray_cluster import LOCAL, joined
from indexer.store import IndexStore
from schema import FootnoteError

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own, of which it has many

ROOT = Path(__file__).resolve().parents[2]
TABLES = {
    "source": "source_id, collection, path, root, recipe, title, date, sha256, status, reason, coverage, metadata, "
    "chunks, content, json_remove(sync, '$.stamp')",
    "source_text": "*",
    "page_box": "*",
    "chunk": "*",
}
"""What an index holds, but for when a document was indexed, and when its file was: a young file gets no stamp."""


@pytest.fixture(scope="module")
def ray_here():
    """One Ray for all; there is no process of it afterwards."""
    before = dict(os.environ)
    with joined(LOCAL, cores=2, store_bytes=100 << 20):
        yield
    os.environ.clear()
    os.environ.update(before)
    deadline = time.monotonic() + 20
    while (left := ray_processes()) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left == []


def ray_processes():
    """Processes of Ray that this one has started."""
    token = f"RAY_AUTH_TOKEN={os.environ.get('RAY_AUTH_TOKEN', '-')}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int(folder.name) != os.getpid() and token in (folder / "environ").read_bytes().split(b"\0"):
                found.append((int(folder.name), (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()))
        except OSError:
            continue
    return found


@pytest.fixture
def docs(tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


@pytest.fixture
def run(tmp_path, ray_here):
    """Index a folder into an index of this name, on Ray or not."""
    stores = {}

    def index(name, *paths, make=None, on_file=lambda _: None, cluster=nullcontext, **options):
        if name not in stores:
            stores[name] = IndexStore(tmp_path / name, IDENTITY, create=True)
        with Parser(Limits(seconds=20.0), workers=2) as parser:
            recipe = ray_recipes.recipe(parser)
            sizes = {"dimension": IDENTITY.dimension, "longest": 10_000_000}
            elsewhere = Distributed(cluster, make, recipe, **sizes) if make else nullcontext()
            with elsewhere as there:
                return index_paths(
                    stores[name], paths, collection="default", recipe=recipe, elsewhere=there, on_file=on_file
                )

    index.stores = stores
    yield index
    for store in stores.values():
        assert store.check() == "ok"
        store.close()


def held(store):
    """All rows of an index, but for when they were written."""
    rows = {}
    for table, columns in TABLES.items():
        rows[table] = store._connection.execute(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()  # noqa: S608
    return rows


def write(folder, **texts):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text)


def test_the_index_is_the_same_byte_for_byte(run, docs):
    write(docs, a="Copper conducts heat.\n\nTin does not, not as well.", twin="Copper conducts heat.", empty="")
    write(docs / "deeper", twin="Copper conducts heat.", long="Words of many a sentence. " * 2000)
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing that is one")
    (docs / "not.docx").write_bytes(b"PK\x03\x04 cut")
    (docs / "unknown.xyz").write_bytes(b"\0\1\2")
    (docs / "a.txt.meta.yaml").write_text("title: Metals\ndate: 2024-05-06\nowner: Ada\n")
    os.mkfifo(docs / "pipe.txt")
    (docs / os.fsdecode(b"odd\xff.txt")).write_text("A name that is not UTF-8.")
    with zipfile.ZipFile(docs / "box.zip", "w") as box:
        box.writestr("inside.txt", "Zinc is a metal in a box.")
        box.writestr("bad.pdf", b"no")
    local, told = run("local", docs, ROOT / "samples"), []
    far = run("far", docs, ROOT / "samples", make=ray_recipes.make, on_file=told.append)
    assert far.files == local.files == tuple(told)
    assert (far.count("indexed"), far.count("refused")) == (14, 6)
    assert held(run.stores["far"]) == held(run.stores["local"])
    assert run.stores["far"].fingerprint() == run.stores["local"].fingerprint()


def test_a_run_over_what_is_known_starts_no_ray(run, docs):
    write(docs, a="Copper conducts heat.")
    run("far", docs)

    @contextmanager
    def never():
        raise AssertionError("Ray was started")
        yield

    assert run("far", docs, make=ray_recipes.make, cluster=never).count("unchanged") == 1


def test_whoever_dies_nothing_is_lost_and_nothing_is_doubled(run, docs, tmp_path):
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    write(docs, **{f"n{number:03}": f"Number {number} is {number * 7}." for number in range(60)})
    write(docs, n010="die reading once 1", n020="die embedding once 1", n030="die reading always 99")
    told = []
    report = run("far", docs, make=partial(ray_recipes.make_deadly, str(deaths)), on_file=told.append)
    assert [row.path for row in report.files] == [str(docs / f"n{number:03}.txt") for number in range(60)]
    refused = {Path(row.path).name: row.reason for row in report.files if row.status != "indexed"}
    assert refused == {"n030.txt": "It could not be read: the process that read it on Ray died time after time."}
    assert sorted(path.name for path in deaths.iterdir()) == [
        *("embedding-once-0", "reading-always-0", "reading-always-1", "reading-once-0")
    ]
    (docs / "n030.txt").unlink()
    run("local", docs)
    assert held(run.stores["far"]) == held(run.stores["local"])


def test_the_source_may_die(run, docs):
    write(docs, **{f"n{number:03}": f"Number {number} is {number * 7}." for number in range(150)})
    killed = []

    def kill_the_source(_):
        if not killed:
            killed.extend(pid for pid, command in ray_processes() if "ReadFeed" in command)
            for pid in killed:
                os.kill(pid, 9)

    report = run("far", docs, make=ray_recipes.make, on_file=kill_the_source)
    run("local", docs)
    assert killed
    assert report.count("indexed") == 150
    assert held(run.stores["far"]) == held(run.stores["local"])


def test_an_interrupted_run_goes_on(run, docs):
    write(docs, **{f"n{number:03}": f"Number {number} is {number * 7}." for number in range(150)})
    told = []

    def interrupt(row):
        told.append(row)
        if len(told) == 64:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run("far", docs, make=ray_recipes.make, on_file=interrupt)
    report = run("far", docs, make=ray_recipes.make)
    assert (report.count("unchanged"), report.count("indexed")) == (64, 86)
    run("local", docs)
    assert held(run.stores["far"]) == held(run.stores["local"])


def test_another_version_elsewhere_stops_the_run(run, docs):
    write(docs, a="Copper conducts heat.")
    with pytest.raises(FootnoteError, match="another version of Footnote"):
        run("far", docs, make=ray_recipes.other)
    assert run.stores["far"].sources() == []


def test_only_the_loopback_is_listened_on_and_nobody_gets_in_without_the_token(ray_here):
    own = {pid for pid, _ in ray_processes()} | {os.getpid()}
    ports = sorted(port for pid in own for port in listening(pid))
    assert len(ports) >= 5
    assert {address for address, _ in ports} == {"127.0.0.1"}
    env = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")}
    gcs = next(port for pid, command in ray_processes() if "gcs_server" in command for _, port in listening(pid))
    program = PROBE.replace("ADDRESS", f"127.0.0.1:{gcs}")
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "UNAUTHENTICATED"
    folders = [
        Path(part.split("=")[1]).parents[2]
        for _, command in ray_processes()
        for part in command.split()
        if "raylet_socket_name=" in part
    ]
    assert {folder.parent.stat().st_mode & 0o777 for folder in folders} == {0o700}


PROBE = """
import grpc
from ray.core.generated import gcs_service_pb2 as messages, gcs_service_pb2_grpc as services
try:
    services.NodeInfoGcsServiceStub(grpc.insecure_channel("ADDRESS")).GetAllNodeInfo(
        messages.GetAllNodeInfoRequest(), timeout=10)
    print("let in")
except grpc.RpcError as error:
    print(error.code().name)
"""
"""What somebody without the token tries."""


def listening(pid):
    """Addresses and ports that a process listens on, IPv4-mapped ones as IPv4."""
    sockets = set()
    for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            sockets.add(str(descriptor.readlink()))
        except OSError:
            continue
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                address, port = fields[1].split(":")
                yield ".".join(str(byte) for byte in reversed(bytes.fromhex(address[-8:]))), int(port, 16)
