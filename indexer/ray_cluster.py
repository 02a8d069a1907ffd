"""A Ray that nothing else can reach, started for one run; or one that is there already, joined with a token.

Ray runs whatever it is sent, listens on every interface and asks for no password unless it is told otherwise. One that
is started here listens on the loopback alone, keeps its files in a folder that only this user can look into, and wants
a random token that no file holds; docs/decisions/023-past-one-machine.md says how that was tried. What one that was
killed left in its folder goes when the next one is started. What this module does not do: know what the work is
(`indexer.ray_stream`).
"""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from importlib.util import find_spec
from pathlib import Path

from indexer.work_folders import made_in
from schema import FootnoteError

LOCAL = "local"
STORE_BYTES = 256 << 20
"""Shared memory of a Ray that is started here, for results on their way; what is more goes to its folder."""
FOLDER = f"footnote-ray-{os.getuid()}-"
"""How the folders begin in which this user's Rays keep their files; short, since sockets are among them."""
LEAST_CORES = 2
"""One reads while one embeds."""
_ANSWER_SECONDS = 5.0
_BUSY = " Ray waits half a minute for its own processes: on a machine that is busy, index without --ray."
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
_OWN = {
    "RAY_AUTH_MODE": "token",
    # Named for two systems, read on all: "no cluster" is what lets a node call itself 127.0.0.1 and listen there alone.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}
_TOKEN, _TOKEN_FILE = "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"


def checked_address(address: str) -> str:
    """The address, if Ray is installed and may be used there.

    Raises:
        FootnoteError: otherwise, with what to do.
    """
    if find_spec("ray") is None or find_spec("pyarrow") is None:
        raise FootnoteError('Indexing on Ray needs its package: pip install "footnote[ray]"')
    if address == LOCAL:
        return address
    host, port = _host_and_port(address)
    if not _is_loopback(host) and not (os.environ.get(_TOKEN) or os.environ.get(_TOKEN_FILE)):
        raise FootnoteError(
            f"Ray at {host}:{port} is another machine's, and Ray runs whatever it is sent: start its cluster with "
            f"RAY_AUTH_MODE=token, and give its token in the environment, as {_TOKEN} or in the file that "
            f"{_TOKEN_FILE} names."
        )
    return address


@contextmanager
def joined(address: str, *, cores: int = 0, store_bytes: int = STORE_BYTES) -> Iterator[None]:
    """Have Ray within the block: one of its own for ``local``, which is gone afterwards, or that at an address.

    Args:
        address: ``local``, or host and port, checked.
        cores: that a Ray of its own may use; 0 for those that this process may.
        store_bytes: shared memory of one.

    Raises:
        FootnoteError: when it can't be had.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    _prepare(address)
    import ray  # noqa: PLC0415  (reads the environment)

    with made_in(Path(tempfile.gettempdir()), FOLDER) if address == LOCAL else nullcontext() as folder:
        before = signal.getsignal(signal.SIGTERM)
        try:
            with _explained(address):
                if folder:
                    _start(folder, max(cores or _cores(), LEAST_CORES), store_bytes)
                else:
                    ray.init(address=address, log_to_driver=False, logging_level="ERROR")
            yield
        finally:
            ray.shutdown()
            with suppress(ValueError):  # not in the main thread, where Ray changed nothing
                signal.signal(signal.SIGTERM, before)


def _start(folder: Path, cores: int, store_bytes: int) -> None:
    """Start a Ray that nothing else can reach."""
    import ray  # noqa: PLC0415

    ray.init(
        num_cpus=cores,
        object_store_memory=store_bytes,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}},
        _temp_dir=str(folder / "ray"),
    )
    _require_loopback(ray.get_runtime_context().gcs_address)


def _prepare(address: str) -> None:
    """Set the environment that Ray and all its processes get, and see that one at an address answers."""
    if address == LOCAL:
        if "ray" in sys.modules and any(os.environ.get(name) != value for name, value in _OWN.items()):
            raise FootnoteError(
                "Ray was imported before it was told to stay on this machine, which it only asks once: use a process "
                "that has not imported it, such as: footnote index --ray local"
            )
        os.environ.update(_OWN)
        # Kept for the life of this process: Ray remembers the first one that it was given.
        os.environ.setdefault(_TOKEN, secrets.token_hex(32))
        return
    host, port = _host_and_port(address)
    if os.environ.get(_TOKEN) or os.environ.get(_TOKEN_FILE):
        os.environ["RAY_AUTH_MODE"] = "token"
    try:
        socket.create_connection((host, port), _ANSWER_SECONDS).close()
    except OSError as error:
        raise FootnoteError(f"No Ray answers at {address} ({error.strerror or error}): is it running?") from error


def _require_loopback(address: str) -> None:
    """See that a Ray of its own is none of the network's: how it is told so is not what its makers promise."""
    if not _is_loopback(_host_and_port(address)[0]):
        raise FootnoteError(f"it listens at {address}, where others may reach it")


@contextmanager
def _explained(address: str) -> Iterator[None]:
    """What Ray raises when it can't be had, as one sentence."""
    try:
        yield
    except Exception as error:  # of many kinds
        said = f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0][:200]}"
        said = str(error) if isinstance(error, FootnoteError) else said
        where = "can't be started here" if address == LOCAL else f"at {address} can't be joined"
        advice = _BUSY if address == LOCAL else " The command must run on a machine of that cluster, with its token."
        raise FootnoteError(f"Ray {where} ({said}).{advice}") from error


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _host_and_port(address: str) -> tuple[str, int]:
    found = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})", address)
    if not found:
        raise FootnoteError(
            f"{address} is no address of a Ray cluster: it is local (this machine), or host and port, such as "
            "10.0.0.5:6379."
        )
    return found[1].strip("[]"), int(found[2])


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
