"""Figures for Prometheus at /metrics, in a registry of their own: no person, question or document is in any of them.

The only module that knows `prometheus_client`. What this module does not do: decide when something happened.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Callable, Iterator

from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from starlette.responses import Response

from access.origins import is_loopback
from access.shared import Shared
from access.waiting import Line
from schema import FootnoteError, ModelHealth
from web.problem_kinds import NO_ADDRESS
from web.problems import Problem

PATH = "/metrics"
SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300)
INDEX_S = 60.0
"""Seconds for which a look at the index counts, however often somebody asks."""

LookAtIndex = Callable[[], tuple[str, int]]
"""The fingerprint of the index and how many documents it holds."""
LookAtModel = Callable[[], ModelHealth | None]
"""How the language model's server stands; ``None`` without one."""
BREAKER = ("closed", "half-open", "open")


class Metrics:
    """The figures of one desk.

    Args:
        line: whose waiting and running are shown.
        look_at_index: see `LookAtIndex`; may raise FootnoteError while the index can't be read.
        shared: what is remembered together with other processes, if anything is.
        look_at_model: see `LookAtModel`.
    """

    def __init__(
        self,
        line: Line,
        look_at_index: LookAtIndex | None = None,
        shared: Shared | None = None,
        look_at_model: LookAtModel | None = None,
    ) -> None:
        self.registry = registry = CollectorRegistry()
        self.questions = Counter("footnote_questions", "Questions", ["door", "outcome"], registry=registry)
        self.refusals = Counter("footnote_refusals", "Questions turned away unread", ["kind"], registry=registry)
        self.feedback = Counter("footnote_feedback", "Thumbs", ["rating"], registry=registry)
        self.quotes_seconds = _histogram("quotes", "until the quotes are told", registry)
        self.first_token_seconds = _histogram("first_token", "until the first word of the answer", registry)
        self.answer_seconds = _histogram("answer", "until the answer is complete", registry)
        waiting = Gauge("footnote_waiting", "Questions that wait for the language model", registry=registry)
        running = Gauge("footnote_running", "Questions that the language model answers", registry=registry)
        waiting.set_function(lambda: line.waiting)
        running.set_function(lambda: line.running)
        ProcessCollector(registry=registry)
        if look_at_index:
            registry.register(_Index(look_at_index))
        if look_at_model:
            registry.register(_Model(look_at_model))
        if shared:
            registry.register(_Together(shared))

    def text(self) -> bytes:
        """All figures in Prometheus' text form."""
        return generate_latest(self.registry)


class _Index:
    """What the index is, looked at once a minute at most."""

    def __init__(self, look: LookAtIndex) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._seen: tuple[float, tuple[str, int] | None] | None = None

    def collect(self) -> Iterator[Metric]:
        """The figures as of now."""
        with self._lock:
            if self._seen is None or time.monotonic() - self._seen[0] > INDEX_S:
                self._seen = time.monotonic(), self._looked()
            found = self._seen[1]
        yield GaugeMetricFamily("footnote_index_readable", "Whether the index can be read", float(found is not None))
        if found:
            yield GaugeMetricFamily("footnote_index_documents", "Documents in the index", found[1])
            yield InfoMetricFamily("footnote_index", "Changes when the documents change", {"fingerprint": found[0]})

    def _looked(self) -> tuple[str, int] | None:
        try:
            return self._look()
        except FootnoteError:
            return None


class _Together:
    """Whether this process reaches what it shares with others; while it doesn't, limits are its own."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def collect(self) -> Iterator[Metric]:
        """The figures as of now."""
        yield GaugeMetricFamily(
            "footnote_shared_up", "Whether the shared Redis can be used", float(self._shared.check())
        )
        yield CounterMetricFamily("footnote_shared_failures", "Failures of the shared Redis", self._shared.failures)


class _Model:
    """How the language model's server stands; nothing where there is none."""

    def __init__(self, look: LookAtModel) -> None:
        self._look = look

    def collect(self) -> Iterator[Metric]:
        """The figures as of now."""
        if (health := self._look()) is None:
            return
        yield GaugeMetricFamily("footnote_model_up", "Whether the model server is asked", float(health.is_asked))
        breaker = GaugeMetricFamily(
            "footnote_model_breaker", "1 for the state of its circuit breaker", labels=["state"]
        )
        for state in BREAKER:
            breaker.add_metric([state], float(state == health.breaker))
        yield breaker
        yield CounterMetricFamily("footnote_model_failures", "Requests to it that failed", health.failures)
        yield CounterMetricFamily("footnote_model_retries", "Requests to it that were made again", health.retries)


def _histogram(name: str, until: str, registry: CollectorRegistry) -> Histogram:
    return Histogram(f"footnote_{name}_seconds", f"Seconds {until}", ["door"], registry=registry, buckets=SECONDS)


def build_metrics_router(metrics: Metrics, *, token: str = "", is_open: bool = False) -> APIRouter:
    """The route: for who brings the token, and where ``is_open``, for this machine without one.

    It may only be open where everybody who reaches the server sees everything: with a proxy in front of it on the same
    machine, every request comes from this machine. To all others there is nothing at this address.
    """
    router = APIRouter()

    @router.get(PATH, include_in_schema=False)
    def show(request: Request) -> Response:
        scheme, _, brought = request.headers.get("authorization", "").partition(" ")
        knows = scheme.lower() == "bearer" and hmac.compare_digest(brought.strip().encode(), token.encode())
        is_near = request.client is not None and is_loopback(request.client.host)
        if not ((token and knows) or (is_open and not token and is_near)):
            raise Problem(NO_ADDRESS, "There is nothing at this address.")
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST, headers={"cache-control": "no-store"})

    return router
