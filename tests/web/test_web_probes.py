import pytest
from fake_service import FakeService
from fastapi import FastAPI
from fastapi.testclient import TestClient

from schema import FootnoteError, ModelHealth
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


@pytest.mark.parametrize(("is_asked", "model"), [(True, "ready"), (False, "away")])
def test_a_model_server_that_is_away_is_told_and_keeps_nobody_from_asking(is_asked, model):
    health = ModelHealth("http://secret.example/v1", is_asked, "closed" if is_asked else "open", 3, 1, "It is gone.")
    response = client_of(Desk(FakeService(), look_at_model=lambda: health)).get("/readyz")
    assert (response.status_code, response.json()) == (200, READY | {"model": model})
    desk = Desk(Unreadable(), look_at_model=lambda: health)
    response = client_of(desk).get("/readyz")
    expected = READY | {"status": "not ready", "model": model, "index": "unreadable"}
    assert (response.status_code, response.json()) == (503, expected)


@pytest.mark.parametrize("state", ["open", "loading", "closing"])
def test_a_process_is_live_whatever_its_parts_do(state):
    desk = Desk(Unreadable())
    desk.state = state
    response = client_of(desk).get("/livez")
    assert (response.status_code, response.json()) == (200, {"status": "live"})
