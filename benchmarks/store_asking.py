"""`footnote serve` while the store that searches its index is killed, stopped or cut off: what people are told.

In each round somebody asks, and the outage begins as the question is on its way to the store. When they have been told,
four others ask at once. `/readyz` is asked all the time, and the web process is never started again.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx

from benchmarks.forwarder import Fuse
from benchmarks.outages import until
from benchmarks.store_stand import CABLE, Outage, Stand

PORT = 7998
ADDRESS = f"http://127.0.0.1:{PORT}"
ASKED = {"question": "When was the lighthouse of Port 7 lit?"}
ANSWER = "1807"
OTHERS = 4
PATIENCE_S, START_S = 300.0, 300.0
EVERY_S, NOTICED_S = 0.2, 20.0


def measured(stand: Stand, rounds: int) -> dict[str, Any]:
    """The rounds by kind, over the index as it is; the store runs."""
    store = stand.store
    kinds = {
        "the store is killed": Outage(store.kill, store.start),
        "the store is stopped": Outage(store.stop, store.go_on),
        "the link is cut": Outage(CABLE.cut, CABLE.mend),
    }
    server = stand.started("serve", "--port", str(PORT))
    try:
        with httpx.Client(base_url=ADDRESS, timeout=PATIENCE_S) as client:
            until(lambda: readiness(client)["status"] == "ready", START_S)
            until(lambda: asked(client)["answered"])
            record: dict[str, Any] = {}
            for name, outage in kinds.items():
                record[name] = [one_round(stand, client, outage) for _ in range(rounds)]
                print(name, record[name][-1], flush=True)
            return record
    finally:
        server.kill()
        server.wait()


def one_round(stand: Stand, client: httpx.Client, outage: Outage) -> dict[str, Any]:
    """Somebody asks, in the middle of which it happens, and others after them, until questions are answered again."""
    watch = Watch(client)
    with ThreadPoolExecutor(OTHERS + 1) as people:
        stand.way.fuse = fuse = Fuse(stand.way.sent, False, outage.begin)
        first = people.submit(asked, client)
        until(lambda: fuse.is_blown)
        began = time.monotonic()
        watching = people.submit(watch.look_on)
        row: dict[str, Any] = {"told": first.result()}
        row["others"] = [one.result() for one in [people.submit(asked, client) for _ in range(OTHERS)]]
        with suppress(TimeoutError):
            until(lambda: watch.noticed_at is not None, NOTICED_S)
        outage.end()
        ended = time.monotonic()
        until(lambda: asked(client)["answered"])
        row["answered_again_s"] = round(time.monotonic() - ended, 2)
        until(lambda: readiness(client)["status"] == "ready")
        row["ready_again_s"] = round(time.monotonic() - ended, 2)
        watch.is_over = True
        watching.result()
    noticed = watch.noticed_at
    return row | {
        "not_ready_s": None if noticed is None else round(noticed - began, 2),
        "readyz_longest_s": round(watch.longest_s, 2),
    }


class Watch:
    """Asks `/readyz` all the time: when it first said that the index can't be read, and how long it took at most."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self.noticed_at: float | None = None
        self.longest_s, self.is_over = 0.0, False

    def look_on(self) -> None:
        """Until it is over."""
        while not self.is_over:
            began = time.monotonic()
            index = readiness(self._client)["index"]
            self.longest_s = max(self.longest_s, time.monotonic() - began)
            if index != "ready" and self.noticed_at is None:
                self.noticed_at = time.monotonic()
            time.sleep(EVERY_S)


def asked(client: httpx.Client) -> dict[str, Any]:
    """What somebody is told who asks, and after how many seconds."""
    began = time.monotonic()
    response = client.post("/api/v1/ask", json=ASKED)
    said = response.json()
    return {
        "seconds": round(time.monotonic() - began, 2),
        "status": response.status_code,
        "title": said.get("title", ""),
        "detail": said.get("detail", ""),
        "retry_after": response.headers.get("retry-after", ""),
        "answered": response.status_code == 200 and ANSWER in str(said.get("quotes")),
    }


def readiness(client: httpx.Client) -> dict[str, str]:
    """What `/readyz` says; of a process that does not answer yet, nothing good."""
    try:
        return dict(client.get("/readyz").json())
    except httpx.TransportError:
        return {"status": "not ready", "index": "unreadable"}
