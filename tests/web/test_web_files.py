"""No route gives a file that it was not made to give: paths, files named in a call of the page, and addresses to go to.

Two hundred spellings of four files that hold a secret, on every route that ends in a path, as a person who is
signed in and sees every collection; what Gradio would take for a file to fetch; and uploads, for which there is no
route.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import quote, unquote_to_bytes

import httpx
import pytest
from entrances import ACCESS, PASSWORD, answers_of, client_of, entrance_in, signed_in
from fake_evaluations import FakeEvaluations
from fake_service import FakeService
from test_web_every_route import found_routes
from test_web_routes import example, routes_of

from web.server import build_app

CANARY = "qz7canary4f1e9c02b7d8"
UP = r"""
    ../ ..%2f %2e%2e/ %2e%2e%2f ..\ ..%5c %2e%2e%5c ....// ..;/ ..%00/ %252e%252e%252f %c0%ae%c0%ae/ ..%c0%af
    ..%ef%bc%8f %uff0e%uff0e/ .%2e/ ..%2f..%2f /../ ..//
""".split()
HEADS = ("", "/", "//", "\\\\", "file:", "file://", "file:///", "%2f", "~/", "./", "C:\\", "%00", "http://127.0.0.1/")


def nested(text: str, times: int) -> str:
    """Percent signs encoded so many times over."""
    for _ in range(times):
        text = text.replace("%", "%25") if "%" in text else quote(text, safe="")
    return text


def spellings(path: str) -> list[str]:
    """Two hundred ways to write one absolute path in an address."""
    plain = path.lstrip("/")
    found = [f"{head}{plain}" for head in HEADS] + [head + quote(plain, safe="") for head in HEADS]
    found += ["proc/self/environ", "/proc/self/environ", "../../../../proc/self/environ", "dev/stdin", "etc/passwd"]
    found += [f"{up * depth}{plain}" for up in UP for depth in (1, 2, 4, 8, 12)]
    found += [nested(f"/{plain}", times) for times in range(1, 10)]
    found += [nested(f"../../../../../../{plain}", times) for times in range(1, 10)]
    found += [
        plain.upper(),
        plain.title(),
        f"{plain}%00.png",
        f"{plain}.",
        f"{plain}/",
        f"{plain}%20",
        f"{plain}::$DATA",
    ]
    found += [f"{'a/' * depth}{'../' * (depth + 8)}{plain}" for depth in range(1, 20)]
    found += [f"page.css/{up * 9}{plain}" for up in UP] + [f"default/{up * 9}{plain}" for up in UP]
    found += [f"proc/self/cwd/{'../' * depth}{plain}" for depth in range(1, 10)]
    return list(dict.fromkeys(found))[:200]


SERVING = """
    / /page/ /static/ /assets/ /svelte/ /embed/ /runs/ /pwa_icon/ /monitoring/ /widget.js/ /api/v1/sources/
    /gradio_api/file= /gradio_api/file/ /gradio_api/proxy= /gradio_api/stream/ /gradio_api/custom_component/
""".split()
"""What stands before a path on every route that has one at its end."""
INSIDE = ("/api/v1/sources/{}/pages/1", "/api/v1/sources/{}/pages/1/picture", "/api/v1/sources/{}/pages/at?start=0")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def entrance(folder):
    access = ACCESS.replace('everyone = ["handbook"]', 'everyone = ["*"]')
    opened = entrance_in(folder, access=access, identity="password")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def app(entrance):
    return build_app(FakeService(), entrance=entrance, evaluations=FakeEvaluations())


@pytest.fixture(scope="module")
def cookie(app):
    return "; ".join(f"{name}={value}" for name, value in signed_in(app).cookies.items())


@pytest.fixture(scope="module")
def secrets(folder):
    """Files in the folders of the state and an index and beside them, with a word of their own, and the keys."""
    (folder / "index").mkdir()
    files = [folder / "state" / "notes.txt", folder / "index" / "feedback.jsonl", folder / "outside.txt"]
    for file in files:
        file.write_text(CANARY, "utf-8")
    return [*files, next(folder.glob("*.keys"))]


async def status_and_body(app, path: str, cookie: str) -> tuple[int, bytes]:
    """What a path is answered with that no client has tidied up: the server sees it as it was sent."""
    raw, _, query = path.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": unquote_to_bytes(raw).decode("utf-8", "replace"), "raw_path": raw.encode(), "root_path": "",
        "query_string": query.encode(), "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 80),
        "headers": [(b"host", b"127.0.0.1"), (b"cookie", cookie.encode())],
    }  # fmt: skip
    status, body, asked = [0], [b""], [False]

    async def receive():
        if asked[0]:
            return {"type": "http.disconnect"}
        asked[0] = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        status[0] = message.get("status", status[0])
        body[0] += message.get("body", b"")

    await app(scope, receive, send)
    return status[0], body[0]


def test_there_are_two_hundred_spellings_and_each_is_another():
    assert len(set(spellings("/srv/footnote/secret.txt"))) == 200


@pytest.mark.parametrize("before", [*SERVING, *INSIDE])
async def test_no_spelling_of_a_path_gives_a_file(app, cookie, secrets, before):
    """Somebody who is signed in gets a refusal, or a page of ours, and no word of what is in the files, in turn."""
    written = [spellings(str(file)) for file in secrets]
    for number in range(200):
        spelt = written[number % len(written)][number]
        path = before.format(spelt) if "{}" in before else before + spelt
        path = path if path.startswith("/") else f"/{path}"
        status, body = await status_and_body(app, path, cookie)
        assert status in (200, 303, 307, 400, 403, 404, 405, 422), (path, status)
        assert CANARY.encode() not in body and PASSWORD.encode() not in body, path
        assert b"root:" not in body and b"PYTHONPATH" not in body, path
        assert status != 200 or before in ("/", "/widget.js/"), path


async def test_the_same_routes_give_what_they_are_there_for(app, cookie):
    """What is refused above is refused because of the path."""
    for path in ("/page/page.css", "/runs", "/api/v1/sources/default/briefing.pdf/pages/1", "/embed/portal"):
        assert (await status_and_body(app, path, cookie))[0] == 200


def test_a_link_in_a_served_folder_leads_nowhere(app, secrets, tmp_path):
    """The folder is not to be written to; even so."""
    mounted = next(route for route in app.router.routes if getattr(route, "path", "") == "/page")
    assert mounted.app.follow_symlink is False


# What Gradio would fetch


@contextmanager
def sink():
    """An address that notes what is asked of it."""
    asked = []

    class Noting(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(CANARY.encode())

        do_POST = do_HEAD = do_PUT = do_GET  # noqa: N815

        def log_message(self, *said):
            pass

    server = HTTPServer(("127.0.0.1", 0), Noting)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def files_named(address: str, secrets) -> list[dict]:
    """Files as Gradio's calls carry them, each another lie."""
    places = f"{address}/x {address}@evil.example/x file:///etc/passwd /etc/passwd / . ~ /proc/self/environ".split()
    places += [f"{up}{file}" for file in secrets for up in ("", "../../../..")]
    kinds = [
        {"_type": "gradio.FileData"},
        {"_type": "gradio.ListFiles"},
        {"_type": "gradio.FileData", "is_stream": True},
        {},
    ]
    return [
        {"path": place, "url": url, "orig_name": "a.txt", "size": 1, "mime_type": "text/plain", "meta": meta}
        for place in places
        for meta in kinds
        for url in (None, f"{address}/url", f"file://{place}")
    ]


CALLS = ("queue/join", "run/predict", "run/answer", "call/predict", "api/predict", "reset", "upload", "cancel")


async def test_a_file_that_a_call_names_is_neither_fetched_nor_read(app, cookie, secrets):
    """As the question, in a list, in an object; on every route that takes a call."""
    transport = httpx.ASGITransport(app=app)
    with sink() as (address, asked):
        headers = {"cookie": cookie}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
            config = (await client.get("/config")).json()
            functions = [one["id"] for one in config["dependencies"]]
            tried = 0
            for number, file in enumerate(files_named(address, secrets)):
                for data in ([file, None], [[file], [file]], [{"text": "x", "files": [file]}, file]):
                    call = {"data": data, "fn_index": functions[number % len(functions)], "session_hash": f"s{number}"}
                    path = CALLS[tried % len(CALLS)]
                    response = await client.post(f"/gradio_api/{path}", json=call)
                    assert response.status_code in (200, 400, 404, 422, 500, 503), (
                        path,
                        response.text,
                    )  # the queue is bounded
                    assert CANARY not in response.text and "root:" not in response.text
                    tried += 1
        assert asked == []
    assert tried > 400


NAMES = r"""
    a.txt ../../evil.txt ..\evil.txt /tmp/evil.txt -rf con .htaccess index.html %2e%2e%2fevil a;b `id` $(id) ~ . ..
    <img/src=x/onerror=window.__x=1> ..%00.txt a.php.txt a.svg
""".split()
ODD_NAMES = ["a\x00.txt", "a\r\nb.txt", "\u202etxt.exe", "a\u2215b", "x" * 300, " ", "a b"]


async def test_there_is_no_way_to_put_a_file_on_the_server(app, cookie, folder):
    """Names that are not to be trusted, and a page that would run: to every route that takes a request with a body."""
    before = sorted(str(path) for path in folder.rglob("*"))
    paths = {example(path) for path, methods in routes_of(app.router.routes) if {"POST", "PUT"} & set(methods)}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers={"cookie": cookie}
    ) as client:
        for path in sorted(paths - {"/logout", "/login"}):  # the first signs out, the second slows down
            for name in [*NAMES, *ODD_NAMES]:
                content = b"<script>window.__x=1</script>"
                response = await client.post(path, files={"files": (name, content, "text/html")})
                assert response.status_code in (400, 401, 403, 404, 405, 415, 422), (path, name, response.status_code)
    assert len(paths) > 20
    assert sorted(str(path) for path in folder.rglob("*")) == before


# Where somebody might be led


async def test_no_route_leads_to_another_host(app, cookie):
    """Each route with the parameters by which programs are told where to go on, and none with a header of its own."""
    targets = (
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "////evil.example",
        "/%0d%0aset-cookie:%20a=b",
    )
    names = ("next", "_target_url", "url", "redirect", "redirect_uri", "return_to", "continue")
    found = found_routes(app, endless=False)
    for target in targets:
        query = "&".join(f"{name}={target}" for name in names)
        asked = [(method, f"{example(path)}?{query}") for method, path in found if path != "/logout"]
        for headers in ({"cookie": cookie}, {"cookie": cookie, "accept": "text/html"}, {"accept": "text/html"}):
            for one, answer in (await answers_of(app, asked, **headers)).items():
                where = answer.headers.get("location", "/")
                assert where.startswith("/") and not where.startswith(("//", "/\\")), (one, where)
                assert "\\" not in where and "evil" not in where.partition("?")[0], (one, where)
                assert answer.headers.get("set-cookie", "").partition("=")[0] != "a", one


def test_no_file_is_given_with_a_type_that_a_browser_runs(app, cookie):
    """A hostile document's text travels as JSON, whatever its name; its page as a picture."""
    client = client_of(app, cookie=cookie)
    for name in ("default/briefing.pdf", quote("default/odd/ha sh#1 100%?.md")):
        response = client.get(f"/api/v1/sources/{name}/pages/1")
        assert (response.headers["content-type"], response.headers["x-content-type-options"]) == (
            "application/json",
            "nosniff",
        )
        assert json.loads(response.content)["text"]
    picture = client.get("/api/v1/sources/default/briefing.pdf/pages/1/picture")
    assert (picture.headers["content-type"], picture.headers["x-content-type-options"]) == ("image/png", "nosniff")
