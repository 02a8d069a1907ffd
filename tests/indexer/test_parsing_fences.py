"""Each fence alone: what a sealed process can't do any more, and what it still can; and what the kernel limits."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.parsing import process, sealing
from indexer.parsing.folders import empty_folder, remove_folder
from indexer.parsing.guardian import BY_SIGNAL, OUT_OF_MEMORY, _code
from indexer.parsing.limits import Limits
from indexer.parsing.sealing import _lines
from indexer.parsing.watching import descendants, usage_below

ROOT = Path(__file__).resolve().parents[2]
TRIES = """
import ctypes, json, os, pathlib, signal, socket, subprocess, sys, tempfile
from indexer.parsing import sealing

folder, fence = sys.argv[1:]
def refuse(*_): raise OSError
if fence == "seccomp": sealing._confine = refuse
if fence == "landlock": sealing.platform.machine = lambda: "none"
if fence == "neither": sealing._confine, sealing.platform.machine = refuse, lambda: "none"
waits, hold = os.pipe()
other = subprocess.Popen(["/bin/cat"], stdin=waits, start_new_session=True)
holds = sealing.seal(folder, {other.pid})
libc = ctypes.CDLL(None, use_errno=True)

def attempt(action):
    try:
        action()
    except OSError as error:
        return error.errno
    return 0

def look_into(pid):
    if libc.process_vm_readv(pid, None, 0, None, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "")

done = {
    "network": attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
    "network, version 6": attempt(lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM)),
    "kernel socket": attempt(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)),
    "local socket": attempt(lambda: socket.socketpair()[0].close()),
    "signal to the protected": attempt(lambda: os.kill(other.pid, 0)),
    "signal to its group": attempt(lambda: os.kill(-other.pid, 0)),
    "signal to all": attempt(lambda: os.kill(-1, 0)),
    "signal to the first": attempt(lambda: os.kill(1, 0)),
    "signal to itself": attempt(lambda: os.kill(os.getpid(), 0)),
    "look into another": attempt(lambda: look_into(other.pid)),
    "write inside": attempt(lambda: pathlib.Path(folder, "inside").write_text("x")),
    "write outside": attempt(lambda: pathlib.Path(folder).with_name("outside").write_text("x")),
    "write to nothing": attempt(lambda: pathlib.Path(os.devnull).write_text("x")),
    "remove outside": attempt(lambda: pathlib.Path(folder).with_name("spare").unlink()),
    "read outside": attempt(lambda: pathlib.Path(folder).with_name("kept").read_text()),
    "ask to write": 0 if os.access("/tmp", os.W_OK) else 1,
    "ask to read": 0 if os.access("/tmp", os.R_OK) else 1,
    "start a program": attempt(lambda: subprocess.run(["/bin/true"], check=True)),
}
os.close(hold)  # the other ends with its input
print(json.dumps({"holds": holds, "done": done}))
"""
FREE, REFUSED, DENIED = 0, 1, 13  # EPERM by seccomp and for signals, EACCES by Landlock for files
BY_SECCOMP = [
    "network",
    "network, version 6",
    "kernel socket",
    "signal to the protected",
    "signal to its group",
    "signal to all",
    "signal to the first",
    "look into another",
    "ask to write",
]
BY_LANDLOCK = ["write outside", "remove outside"]
ALWAYS_FREE = [
    "local socket",
    "signal to itself",
    "write inside",
    "write to nothing",
    "read outside",
    "start a program",
    "ask to read",
]


def tried(tmp_path, fence):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("kept", "spare"):
        (tmp_path / name).write_text("x", "utf-8")
    run = subprocess.run(
        [sys.executable, "-c", TRIES, folder, fence], cwd=ROOT, capture_output=True, text=True, check=True
    )
    report = json.loads(run.stdout)
    assert all(report["done"][name] == FREE for name in ALWAYS_FREE), report
    return report


def test_without_a_fence_all_of_it_is_possible(tmp_path):
    """What the other tests find refused is refused by the fence."""
    report = tried(tmp_path, "neither")
    assert report["holds"] == []
    assert all(report["done"][name] == FREE for name in (*BY_SECCOMP, *BY_LANDLOCK))


def test_the_filter_alone_keeps_from_the_network_and_from_other_processes(tmp_path):
    report = tried(tmp_path, "seccomp")
    assert report["holds"] == ["seccomp"]
    assert {name: report["done"][name] for name in BY_SECCOMP} == dict.fromkeys(BY_SECCOMP, REFUSED)
    assert report["done"]["write outside"] == FREE


def test_the_domain_alone_keeps_from_files_outside(tmp_path):
    report = tried(tmp_path, "landlock")
    if report["holds"] == []:
        pytest.skip("this kernel has no Landlock")
    assert report["holds"] == ["landlock"]
    assert {name: report["done"][name] for name in BY_LANDLOCK} == dict.fromkeys(BY_LANDLOCK, DENIED)
    assert (tmp_path / "spare").exists()


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_jumps_forwards_only_and_to_lines_that_are_there(machine):
    lines = _lines(machine, {1234})
    places = {label: place for place, (label, *_) in enumerate(lines) if label}
    for place, (_, _, _, *targets) in enumerate(lines):
        assert all(0 < places[target] - place <= 256 for target in targets if target)
    assert len(sealing._assembled(machine, {1234})) == 8 * len(lines)


def test_the_numbers_of_system_calls_are_those_of_the_kernels_headers():
    """Where the headers are installed; the table is for two machines, and this one is one of them."""
    headers = [*Path("/usr/include").glob("*/asm/unistd_64.h"), *Path("/usr/include").glob("asm-generic/unistd.h")]
    column = 0 if headers and headers[0].name == "unistd_64.h" else 1
    found = {}
    for line in headers[0].read_text().splitlines() if headers else []:
        words = line.split()
        if len(words) == 3 and words[0] == "#define" and words[1].startswith("__NR_") and words[2].isdigit():
            found[words[1].removeprefix("__NR_")] = int(words[2])
    if not found:
        pytest.skip("no headers of the kernel here")
    for name, numbers in (sealing._CALLS | sealing._REFUSED).items():
        assert found.get(name, numbers[column]) == numbers[column], name


def test_limits_are_kept_by_the_kernel(tmp_path):
    program = (
        "import resource, json; from indexer.parsing.limits import *\n"
        "limits = Limits(seconds=2, memory_mb=200, file_mb=1, open_files=20)\n"
        "apply_limits(limits); renew_processor_time(limits)\n"
        "print(json.dumps([resource.getrlimit(getattr(resource, 'RLIMIT_' + name)) for name in\n"
        "    ('DATA', 'AS', 'FSIZE', 'NOFILE', 'CORE', 'CPU')]))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    data, space, size, files, core, processor = json.loads(run.stdout)
    assert data == [200 * 2**20] * 2
    assert space == [1224 * 2**20] * 2
    assert size == [2**20] * 2
    assert files == [20, 20]
    assert core == [0, 0]
    assert 3 <= processor[0] <= 2 * 256 + 3 < 10**6
    assert processor[1] != processor[0]  # or the next file could not have more


def test_limits_that_are_lower_already_stay(tmp_path):
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))\n"
        "from indexer.parsing.limits import *; apply_limits(Limits(open_files=40))\n"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "(30, 30)\n"


def test_the_guardians_code_says_how_the_worker_ended():
    limits = Limits(memory_mb=100)
    assert _code(0, 0, limits) == 0
    assert _code(3, 0, limits) == 3
    assert _code(255, 0, limits) == BY_SIGNAL - 1
    assert _code(-11, 90 * 2**20, limits) == BY_SIGNAL + 11
    assert _code(-6, 91 * 2**20, limits) == OUT_OF_MEMORY


def test_memory_is_that_of_all_descendants():
    child = "import subprocess, sys; b = bytearray(b'1' * 40_000_000); print('x', flush=True); sys.stdin.read()"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout.readline() == "x\n"
        usage = usage_below(parent.pid)
        assert usage.processes == len(descendants(parent.pid)) == 1
        assert 40_000_000 < usage.memory < 80_000_000
        parent.stdin.close()
        assert parent.wait() == 0
    assert usage_below(parent.pid) == process.Usage(0, 0)


def test_a_folder_is_emptied_however_deep_and_whatever_is_in_it(tmp_path, monkeypatch):
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    (folder / "a" / "b").mkdir(parents=True)
    outside.mkdir()
    (outside / "kept").write_text("x")
    (folder / "a" / "file").write_text("x")
    (folder / "a" / "b" / "file").write_text("x")
    (folder / "a" / "link").symlink_to(outside)
    (folder / "nowhere").symlink_to(folder / "none")
    (folder / "locked").mkdir(mode=0)
    monkeypatch.chdir(folder)
    for _ in range(1200):
        Path("deep").mkdir()
        os.chdir("deep")
    os.chdir(tmp_path)
    empty_folder(str(folder))
    assert list(folder.iterdir()) == []
    assert [path.name for path in outside.iterdir()] == ["kept"]
    remove_folder(str(folder))
    assert not folder.exists()
    remove_folder(str(folder))  # nothing there is no error
