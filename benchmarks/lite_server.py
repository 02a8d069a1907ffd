"""Milvus Lite as a server of Milvus, for outages: a process to kill and to stop, since no such server was to be had.

    python -m benchmarks.lite_server FOLDER HOST PORT

What a server does and Lite does not do by itself is done here: what was loaded is loaded again after a start, a client
may ask every few seconds whether it is still there, and words that match well score high. It asks for no token: only
for a network of one's own.
"""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from milvus_lite.adapter.grpc.servicer import MilvusServicer
from milvus_lite.db import MilvusLite
from pymilvus.grpc_gen import milvus_pb2_grpc

OPTIONS = (
    ("grpc.max_receive_message_length", 64 << 20),
    ("grpc.http2.min_ping_interval_without_data_ms", 5000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.so_reuseport", 0),
)
"""As a server of Milvus has them by default; and never two at a port."""


class Servicer(MilvusServicer):
    """Lite's own, with the scores of a server."""

    def Search(self, request: Any, context: Any) -> Any:  # noqa: N802  (its name in the protocol)
        """Search; BM25 is a score here, and no distance."""
        found = super().Search(request, context)
        if any((pair.key, pair.value) == ("metric_type", "BM25") for pair in request.search_params):
            found.results.scores[:] = [-score for score in found.results.scores]
        return found


def main() -> None:
    """Serve until the process is ended, and say when it is ready."""
    folder, host, port = sys.argv[1:]
    database = MilvusLite(folder)
    for name in database.list_collections():
        database.get_collection(name).load()
    server = grpc.server(ThreadPoolExecutor(10), options=OPTIONS)
    milvus_pb2_grpc.add_MilvusServiceServicer_to_server(Servicer(database), server)
    server.add_insecure_port(f"{host}:{port}")
    server.start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
