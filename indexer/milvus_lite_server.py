"""Milvus Lite, which serves a file within this process: over a socket in a folder of its own that nobody else can open.

Over a port, which is what pymilvus itself would open, any user of the machine could read the file. The only module that
knows milvus_lite. What it does not do: speak to the server (indexer/milvus_client.py).
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from pathlib import Path
from typing import ClassVar

from schema import FootnoteError

EXTRA = 'Install what talks to Milvus with: pip install "footnote[milvus]"'


class LiteServer:
    """The server of one file, shared by the connections of this process.

    Attributes:
        uri: of its socket.
    """

    _serving: ClassVar[dict[Path, LiteServer]] = {}
    _mutex: ClassVar[threading.Lock] = threading.Lock()

    @classmethod
    def of(cls, path: Path) -> LiteServer:
        """The server of a file, which is started for its first connection."""
        with cls._mutex:
            lite = cls._serving.get(path) or cls(path)
            cls._serving[path] = lite
            lite._users += 1
            return lite

    def __init__(self, path: Path) -> None:
        _make_private(path)
        self._path, self._users = path, 0
        try:
            from milvus_lite.adapter.grpc.server import start_server_in_thread  # noqa: PLC0415  (an extra)
            from milvus_lite.exceptions import DataDirLockedError  # noqa: PLC0415
        except ImportError as error:
            raise FootnoteError(f"Milvus Lite is not installed with Footnote. {EXTRA}") from error
        # It writes a traceback for each call of a newer client that it does not know, and that client goes on without.
        for name in ("grpc._server", "milvus_lite"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        self._folder = tempfile.mkdtemp(prefix="footnote-")  # of mode 0700, and short, as the name of a socket must be
        try:
            # Host and port are put together with a colon, which makes "unix:PATH" of these.
            self._server, self._database, _ = start_server_in_thread(str(path), "unix", f"{self._folder}/socket")
        except DataDirLockedError as error:
            shutil.rmtree(self._folder)
            raise FootnoteError(
                f"{path} is open in another process, and Milvus Lite serves one alone. Close that one, or use a server "
                "of Milvus: https://HOST:PORT."
            ) from error
        except Exception as error:
            shutil.rmtree(self._folder)
            raise FootnoteError(f"{path} can't be opened by Milvus Lite: {error}. Fill another file.") from error
        self.uri = f"unix:{self._folder}/socket"

    def close(self) -> None:
        """End the server with its last connection, once what it is at is done."""
        with self._mutex:
            self._users -= 1
            if self._users:
                return
            del self._serving[self._path]
            self._server.stop(grace=2).wait()
            self._database.close()
            shutil.rmtree(self._folder, ignore_errors=True)


def _make_private(path: Path) -> None:
    """Make the folder that Milvus Lite calls a file, which only its owner may look into.

    Raises:
        FootnoteError: others may, or it can't be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = path.stat().st_mode
    except OSError as error:
        raise FootnoteError(f"{path} can't be made: {error.strerror}. Name another file for Milvus Lite.") from error
    if mode & 0o077:
        raise FootnoteError(f"Other users of this machine may look into {path}. Close it to them: chmod 700 {path}")
