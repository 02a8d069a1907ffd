"""An index that can't be read, and an engine that is gone: 503 at every door, when to come back, and all well then."""

import os
import threading

import pytest
from fake_service import FakeService
from fastapi.testclient import TestClient
from small_app import small_app
from test_view import opened

from access.visitor import Visitor
from indexer.milvus_client import StoreUnavailable
from web.desk import Asked, Desk
from web.exchange import Exchange
from web.page_answers import follow
from web.probes import build_probes
from web.render import exchange_html

QUESTION = "What is the password of the vault?"
CHAT = {"model": "footnote", "messages": [{"role": "user", "content": QUESTION}]}
DOORS = [
    ("POST", "/api/v1/ask", {"question": QUESTION}),
    ("POST", "/api/v1/ask", {"question": QUESTION, "collection": "hr"}),
    ("POST", "/api/v1/search", {"question": QUESTION}),
    ("POST", "/v1/chat/completions", CHAT),
    ("POST", "/v1/chat/completions", CHAT | {"stream": True}),
    ("GET", "/api/v1/sources", None),
    ("GET", "/v1/models", None),
]


def told(response):
    """The sentence, whatever the form."""
    body = response.json()
    return body["error"]["message"] if "error" in body else body["detail"]


def test_a_damaged_index_is_unavailable_at_every_door_until_it_is_whole_again(tmp_path):
    footnote = opened(tmp_path / "index", ["hr"])
    app = small_app(footnote, more=lambda app: app.include_router(build_probes(Desk(footnote))))
    client = TestClient(app, base_url="http://127.0.0.1")
    kept = {path: path.read_bytes() for path in (tmp_path / "index").iterdir() if path.is_file()}
    for path, content in kept.items():
        with path.open("r+b") as file:
            file.write(os.urandom(len(content)))
    for method, path, body in DOORS:
        response = client.request(method, path, json=body)
        assert (response.status_code, response.headers["retry-after"]) == (503, "10"), path
        assert told(response).startswith("The database … is damaged"), path
        assert str(tmp_path) not in response.text
    assert client.get("/readyz").json() == {
        **{"status": "not ready", "model": "ready", "index": "unreadable", "server": "open"},
    }
    asked = Asked(QUESTION)
    *_, last = follow(Desk(footnote), Visitor(), asked, Exchange(1, QUESTION), threading.Event())
    assert last.phase == "failed" and "is damaged" in exchange_html(last)
    for path, content in kept.items():
        with path.open("r+b") as file:
            file.write(content)
    for method, path, body in DOORS:
        assert client.request(method, path, json=body).status_code == 200, path
    assert client.get("/readyz").json()["status"] == "ready"
    footnote.close()


class WithoutEngine(FakeService):
    """An assistant whose catalogue is there while its search engine is not."""

    is_there = False

    def search(self, question, **options):
        self._seek()
        return super().search(question, **options)

    def ask(self, question, **options):
        self._seek()
        yield from super().ask(question, **options)

    def _seek(self):
        if not self.is_there:
            raise StoreUnavailable("Milvus at https://milvus.example does not answer. Ask again.") from OSError()


@pytest.mark.parametrize(("method", "path", "body"), DOORS[:5])
def test_an_engine_that_is_gone_is_nobodys_fault_and_is_asked_again_by_itself(method, path, body):
    body = {name: "default" if name == "collection" else value for name, value in body.items()}
    service = WithoutEngine(pause_s=0)
    client = TestClient(small_app(service), base_url="http://127.0.0.1")
    response = client.request(method, path, json=body)
    assert (response.status_code, response.headers["retry-after"]) == (503, "10")
    assert told(response) == "Milvus at https://milvus.example does not answer. Ask again."
    service.is_there = True
    assert client.request(method, path, json=body).status_code == 200
