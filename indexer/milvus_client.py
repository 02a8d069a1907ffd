"""A connection to Milvus: how it is made, how long it is waited for, and what its errors say to a user.

The only module that knows pymilvus. What this module does not do: serve a file (indexer/milvus_lite_server.py), or know
what is stored (indexer/milvus_rows.py).
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from indexer.milvus_address import Address
from indexer.milvus_lite_server import EXTRA, LiteServer
from indexer.milvus_row import Shape
from schema import FootnoteError

CONNECT_S = 5.0
"""Seconds to wait for an answer to the first call of a connection."""
CALL_S = 10.0
"""Seconds to wait for a search or another short call."""
FILL_S = 120.0
"""Seconds to wait for a call that writes, reads in bulk, flushes or loads."""
RRF_K = 60
"""Of reciprocal rank fusion."""
FILLING = (
    *("Upsert", "Delete", "Query", "Flush", "CreateCollection", "DropCollection", "CreateIndex", "LoadCollection"),
    "ReleaseCollection",
)
"""The calls of Milvus that may take ``FILL_S``."""
WAITING = {"create_collection", "flush", "load_collection"}
"""Methods that ask again and again until the server is done; with a time-out of their own that is bounded."""
GONE = {2, 3, 4, 7, 8, 11}
"""Codes of a Milvus that is there and can't answer now: unavailable, out of memory or disk, too many requests, late."""

_NOTED = re.compile(r"^\[\w+\] Retry (run out of \d+ retry times|timeout: [\d.]+s), (message=)?")
"""What pymilvus writes before every message."""
_OF_GRPC = re.compile(r"StatusCode\.\w+, |, channel_state=.*$")
"""What gRPC says around the reason, which helps nobody."""
_LITE_PING_MS = 600_000
"""Lite's server hangs up on a client that asks more often whether it is still there, as pymilvus does by default."""


class StoreUnavailable(FootnoteError):  # noqa: N818  (it says what is the case, as the doors report it)
    """The search engine could not be reached or did not answer in time: the same question may be answered later."""


class Connection:
    """An open connection to Milvus; safe to use from several threads.

    Args:
        address: where.
        connect_s: seconds to wait for it.
        call_s: seconds to wait for a short call.

    Attributes:
        arguments: what pymilvus' own client was made with; the token among them.

    Raises:
        StoreUnavailable: nothing answers there.
        FootnoteError: pymilvus is not installed; the token is refused; the file is open in another process, or others
            may look into it.
    """

    def __init__(self, address: Address, *, connect_s: float = CONNECT_S, call_s: float = CALL_S) -> None:
        self.address = address
        self._library = _library()
        self._lite = LiteServer.of(Path(address.uri)) if address.is_lite else None
        self.arguments = {
            "uri": self._lite.uri if self._lite else address.uri,
            "token": address.token,
            "timeout": connect_s,
            "dedicated": True,
            "grpc_options": _options(connect_s, call_s, is_lite=address.is_lite),
        }
        try:
            self.client = self._library.MilvusClient(**self.arguments)
        except Exception as error:
            if self._lite:
                self._lite.close()
            raise self.explained("connect", error) from error
        # pymilvus would connect anew after an error, all threads one after the other; gRPC does that by itself.
        self.client._handler._on_rpc_error = lambda _: False

    @property
    def is_lite(self) -> bool:
        """Whether this is Milvus Lite: its BM25 scores are negative, and after filling it is flushed and loaded."""
        return self.address.is_lite

    def call(self, method: str, /, *arguments: Any, **named: Any) -> Any:
        """Call a method of pymilvus' client by its name, once, with a time-out.

        Raises:
            StoreUnavailable: it could not be reached, or did not answer in time.
            FootnoteError: it refused.
        """
        # With a time-out pymilvus tries again until that has passed; without one, as often as it is told.
        patience = {"timeout": FILL_S} if method in WAITING else {"retry_times": 0}
        try:
            return getattr(self.client, method)(*arguments, **named, **patience, retry_on_rate_limit=False)
        except Exception as error:
            raise self.explained(method, error) from error

    def make(self, name: str, shape: Shape) -> None:
        """Make a collection with its indexes and load it; its key's field ``collection`` divides it into partitions."""
        types, client = self._library.DataType, self.client
        schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
        for column, kind, more in shape.fields:
            element = {"element_type": types[more["element_type"]]} if "element_type" in more else {}
            schema.add_field(column, types[kind], **{**more, **element})
        for source, target in shape.words.items():
            function = self._library.Function(f"bm25_{source}", self._library.FunctionType.BM25, [source], [target])
            schema.add_function(function)
        indexes = client.prepare_index_params()
        for column, (metric, kind, parameters) in shape.indexes.items():
            # pymilvus sends each parameter by itself; Lite looks for them in one called "params", and ignores others.
            params = {"params": dict(parameters)} if self.is_lite else dict(parameters)
            indexes.add_index(column, index_type=kind, metric_type=metric, params=params)
        # What is committed must be found by the next search, which a server does not promise by default.
        self.call("create_collection", name, schema=schema, index_params=indexes, consistency_level="Strong")

    def fuse(self, name: str, searches: Sequence[Mapping[str, Any]], limit: int, **named: Any) -> Any:
        """Several searches at once, their ranks fused by the server: reciprocal rank fusion."""
        requests = [self._library.AnnSearchRequest(**search) for search in searches]
        return self.call("hybrid_search", name, requests, self._library.RRFRanker(RRF_K), limit=limit, **named)

    def rank_fusion(self) -> Any:
        """The same fusion as a function of Milvus, which is how LangChain's adapter takes it."""
        rerank, parameters = self._library.FunctionType.RERANK, {"reranker": "rrf", "k": RRF_K}
        return self._library.Function("rank_fusion", rerank, [], [], params=parameters)

    def close(self) -> None:
        """Close the connection; of a file, also the server that was started for it."""
        self.client.close()
        if self._lite:
            self._lite.close()

    def explained(self, method: str, error: Exception) -> FootnoteError:
        """What went wrong, for a user: never with the token in it."""
        code = getattr(error, "code", None)
        code = code() if callable(code) else code
        name, where = getattr(code, "name", code), self.address.uri
        said = re.sub(r"\s+", " ", str(getattr(error, "message", "") or error)).strip()
        said = _OF_GRPC.sub("", _NOTED.sub("", said))[:300]
        said = said.replace(self.address.token, "***") if self.address.token else said
        if name in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
            return FootnoteError(
                f"Milvus at {where} refuses the token. Set FOOTNOTE_MILVUS_TOKEN to one that may {method}."
            )
        if name == "DEADLINE_EXCEEDED" or "timeout" in said.lower():
            return StoreUnavailable(
                f"Milvus at {where} did not answer {method} in time. Try again; if it stays so, look at its load."
            )
        if name == "UNAVAILABLE" or code in GONE or getattr(error, "retriable", False):
            return StoreUnavailable(
                f"Milvus at {where} can't be reached or can't answer now ({said}). Start it, or try again."
            )
        return FootnoteError(f"Milvus at {where} refused {method}: {said}")


def _library() -> Any:
    """Pymilvus, silent: each error is a sentence of ours, and no traceback on the terminal."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its own log, which goes to the terminal, is read at its import
    try:
        import pymilvus  # noqa: PLC0415  (an extra, which loads for seconds)
    except ImportError as error:
        raise FootnoteError(f"Milvus is not installed with Footnote. {EXTRA}") from error
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL + 1)
    return pymilvus


def _options(connect_s: float, call_s: float, *, is_lite: bool) -> dict[str, Any]:
    """Options of gRPC: time-outs of its calls, none tried twice, and how soon it looks for a server that was gone."""
    service = "milvus.proto.milvus.MilvusService"
    filling = [{"service": service, "method": method} for method in FILLING]
    every: list[dict[str, str]] = [{}]
    patience = ((every, call_s), (filling, FILL_S), ([{"service": service, "method": "Connect"}], connect_s))
    timeouts = [{"name": names, "timeout": f"{seconds:.3f}s"} for names, seconds in patience]
    options: dict[str, Any] = {
        "grpc.service_config": json.dumps({"methodConfig": timeouts}),
        "grpc.enable_retries": 0,
        "grpc.initial_reconnect_backoff_ms": 200,
        "grpc.min_reconnect_backoff_ms": int(connect_s * 1000),
        "grpc.max_reconnect_backoff_ms": 2000,
    }
    return options | ({"grpc.keepalive_time_ms": _LITE_PING_MS} if is_lite else {})
