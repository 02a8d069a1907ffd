"""Another site's page in the browser of somebody who is signed in: it reads, changes and frames nothing.

Two pages try it: one on another site, and one on another port of this machine, whose requests carry the cookie.
"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from browsing import serving
from entrances import ACCESS, PASSWORD, PORTAL, entrance_in
from fake_evaluations import OLD, FakeEvaluations

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
]


class Blank(BaseHTTPRequestHandler):
    """A page with nothing on it."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Elsewhere</title>")

    def log_message(self, *said):
        pass


@pytest.fixture(scope="module")
def elsewhere():
    """The address of a page that is none of ours, by the name of the host."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Blank)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield {
        "another site": f"http://localhost:{server.server_port}/",
        "the same site": f"http://127.0.0.1:{server.server_port}/",
    }
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture(scope="module")
def evaluations():
    return FakeEvaluations(OLD)


@pytest.fixture(scope="module")
def url(service, evaluations, tmp_path_factory):
    # Everybody sees every collection, so that a request that came through would find something.
    access = ACCESS.replace('everyone = ["handbook"]', 'everyone = ["*"]')
    entrance = entrance_in(tmp_path_factory.mktemp("foreign"), access=access, identity="password")
    with serving(service, entrance=entrance, evaluations=evaluations) as address:
        yield address
    entrance.close()


@pytest.fixture
def signed_in_there(browser, url, elsewhere):
    """(where) -> a page of another site in a browser that is signed in here."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(url)
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector(".opening")

    def go(where):
        foreign = context.new_page()
        foreign.goto(elsewhere[where])
        return foreign, page

    yield go
    context.close()


READ = """async ([address, options]) => {
    try {
        const response = await fetch(address, options);
        return [response.type, response.status, await response.text()];
    } catch (error) { return ["refused", 0, ""]; }
}"""
PATHS = [
    "",
    *"""
    config gradio_api/token gradio_api/info gradio_api/user gradio_api/app_id gradio_api/startup-events
    gradio_api/heartbeat/x gradio_api/queue/data?session_hash=x api/openapi.json api/v1/sources
    api/v1/sources/default/briefing.pdf/pages/1 v1/models runs runs/before login livez metrics embed/portal page/page.js
    theme.css nothing/here
""".split(),
]
TEXT, JSON = {"content-type": "text/plain"}, {"content-type": "application/json"}
WAYS = (
    {"credentials": "include"},
    {"credentials": "omit"},
    {"credentials": "include", "headers": {"accept": "application/json", "x-requested-with": "x"}},
    {
        "credentials": "include",
        "method": "POST",
        "body": '{"question": "When?"}',
        "headers": {"content-type": "text/plain"},
    },
    {"credentials": "include", "method": "POST", "body": "{}", "headers": JSON},
)


@pytest.mark.parametrize("where", ["another site", "the same site"])
def test_nothing_can_be_read_with_or_without_the_cookie(signed_in_there, url, where):
    page, own = signed_in_there(where)
    read = {(path, number): page.evaluate(READ, [url + path, way]) for path in PATHS for number, way in enumerate(WAYS)}
    assert len(read) == 110
    assert {one: answer for one, answer in read.items() if answer != ["refused", 0, ""]} == {}
    # The page of ours reads the same addresses.
    assert own.evaluate(READ, [f"{url}api/v1/sources", {}])[:2] == ["basic", 200]


SENT = (
    ("api/v1/ask", '{"question": "When?"}'),
    ("api/v1/search", '{"question": "When?"}'),
    ("api/v1/feedback", '{"question": "When?", "rating": "up"}'),
    ("v1/chat/completions", '{"model": "footnote", "messages": [{"role": "user", "content": "When?"}]}'),
    ("runs", "questions=sample+questions"),
    ("runs/before/stop", "x=1"),
    ("runs/before/resume", "x=1"),
    ("gradio_api/queue/join", '{"data": ["When?", null], "fn_index": 0, "session_hash": "x"}'),
    ("gradio_api/run/predict", '{"data": ["When?", null], "fn_index": 0, "session_hash": "x"}'),
    ("logout", "x=1"),
)
FORMS = ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data")


@pytest.mark.parametrize("where", ["another site", "the same site"])
def test_nothing_is_changed_by_what_it_sends_blindly(signed_in_there, service, evaluations, url, where):
    """Requests that a browser sends without asking first, by script and by a form."""
    page, own = signed_in_there(where)
    asked, searched = len(service.asked), len(service.narrowed)
    evaluations.calls.clear()
    for path, body in SENT:
        for kind in (*FORMS, None):
            options = {"method": "POST", "mode": "no-cors", "credentials": "include", "body": body}
            options |= {"headers": {"content-type": kind}} if kind else {}
            said = page.evaluate(READ, [url + path, options])
            assert said[2] == ""
        for kind in FORMS:
            page.evaluate(
                """([action, kind, body]) => {
                    const frame = document.createElement("iframe");
                    frame.name = "sent";
                    const form = document.createElement("form");
                    Object.assign(form, {action, method: "post", enctype: kind, target: "sent"});
                    const field = document.createElement("input");
                    Object.assign(field, {name: body.split("=")[0], value: body});
                    form.append(field);
                    document.body.replaceChildren(frame, form);
                    form.submit();
                }""",
                [url + path, kind, body],
            )
            page.wait_for_timeout(60)
    assert (len(service.asked), len(service.narrowed), service.feedback) == (asked, searched, [])
    assert evaluations.calls == []
    own.reload()
    own.wait_for_selector(".opening")  # and nobody has been signed out


@pytest.mark.parametrize("where", ["another site", "the same site"])
@pytest.mark.parametrize("path", ["", "login", "runs", "runs/before", "embed/portal", "nothing/here", "api/v1/sources"])
def test_none_of_our_pages_is_shown_in_its_frame(signed_in_there, url, where, path):
    page, _ = signed_in_there(where)
    page.evaluate(
        """(address) => { const frame = document.createElement("iframe"); frame.src = address;
            document.body.replaceChildren(frame);
            return new Promise((done) => { frame.onload = done; setTimeout(done, 5000); }); }""",
        url + path,
    )
    framed = page.frames[-1]
    assert framed.url in ("chrome-error://chromewebdata/", "about:blank", "") or not framed.evaluate(
        "document.body.innerText.trim()"
    )


def test_the_embeds_pages_get_a_token_and_no_more(url, browser, elsewhere):
    """For the pages of an embed the cookie is good for one thing; another origin's page gets not even that."""
    assert PORTAL not in elsewhere.values()
    context = browser.new_context()
    page = context.new_page()
    page.goto(elsewhere["the same site"])
    options = {"method": "POST", "credentials": "include", "body": '{"embed": "portal"}'}
    assert page.evaluate(READ, [f"{url}api/v1/embed/token", options]) == ["refused", 0, ""]
    context.close()
