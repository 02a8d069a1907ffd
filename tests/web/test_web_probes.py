import pytest
from fake_service import FakeService
from fastapi import FastAPI
from fastapi.testclient import TestClient

from schema import FootnoteError
from web.desk import Desk
from web.probes import build_probes

READY = {"status": "ready", "model": "ready", "index": "ready", "server": "open"}


class Unreadable(FakeService):
    def sources(self):
        raise FootnoteError("The index in /secret/index is damaged: default/secret.pdf.")


def client_of(desk):
    app = FastAPI()
    app.include_router(build_probes(desk))
    return TestClient(app, base_url="http://127.0.0.1")


@pytest.mark.parametrize(
    ("service", "state", "changed"),
    [
        (FakeService, "open", {}),
        (FakeService, "loading", {"model": "loading"}),
        (FakeService, "closing", {"server": "closing"}),
        (Unreadable, "open", {"index": "unreadable"}),
    ],
)
def test_readiness_names_the_part_that_is_not_ready_and_nothing_else(service, state, changed):
    desk = Desk(service())
    desk.state = state
    response = client_of(desk).get("/readyz")
    expected = READY | changed | ({"status": "not ready"} if changed else {})
    assert (response.status_code, response.json()) == (503 if changed else 200, expected)


@pytest.mark.parametrize("state", ["open", "loading", "closing"])
def test_a_process_is_live_whatever_its_parts_do(state):
    desk = Desk(Unreadable())
    desk.state = state
    response = client_of(desk).get("/livez")
    assert (response.status_code, response.json()) == (200, {"status": "live"})
