"""Where the widget's tokens come from, when they are renewed, and that they are nowhere but in a header."""

import json

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse
from widget_pages import ELEMENT, ask, finished, inline, launcher, opened, words
from widget_server import problem

pytestmark = pytest.mark.browser

TOKEN, SESSION, ASK = "/footnote-token", "/api/v1/embed/session", "/api/v1/ask"


def headers_of(site, path, method="POST"):
    return [headers for verb, address, headers in site.requests if verb == method and address.split("?")[0] == path]


def test_nothing_is_asked_for_until_the_launcher_is_opened(site, open_page):
    page = open_page(launcher(site))
    page.locator(".launcher").wait_for()
    assert [path for _, path, _ in site.requests if path not in ("/launcher", "/widget.js", "/favicon.ico")] == []
    opened(page)
    ask(page, "When?")
    finished(page)
    assert [path for path in site.paths("/") if path != "/favicon.ico"][-3:] == [TOKEN, SESSION, ASK]


def test_one_token_serves_every_request_of_its_life(site, open_page):
    page = opened(open_page(launcher(site)))
    for _ in range(2):
        ask(page, "When?")
        finished(page)
    page.locator(".answer .mark").first.click()
    page.locator(".around mark").wait_for()
    assert len(headers_of(site, TOKEN)) == len(headers_of(site, SESSION)) == 1
    [token] = {headers["authorization"] for headers in headers_of(site, ASK)}
    assert token.removeprefix("Bearer ") in site.good


def test_the_hosts_token_is_fetched_with_the_hosts_cookie_and_ours_without_any(site, open_page):
    page = opened(open_page(launcher(site)))
    ask(page, "When?")
    finished(page)
    assert headers_of(site, TOKEN)[0]["cookie"] == "signed-in=ada"
    assert all("cookie" not in headers for path in (SESSION, ASK) for headers in headers_of(site, path))
    assert headers_of(site, ASK)[0]["origin"] == site.host


def test_a_token_is_in_no_address_referer_storage_or_event(site, open_page):
    before = """
        window.heard = [];
        const send = EventTarget.prototype.dispatchEvent;
        EventTarget.prototype.dispatchEvent = function (event) {
            heard.push(JSON.stringify(event.detail ?? ""));
            return send.call(this, event);
        };
    """
    page = opened(open_page(launcher(site), before=before))
    ask(page, "When?")
    finished(page)
    page.locator(".answer .mark").first.click()
    page.locator(".around mark").wait_for()
    page.get_by_role("button", name="Back to the conversation").click()
    page.get_by_role("button", name="This answer is right").click()
    page.locator(".rating", has_text="Recorded.").wait_for()
    tokens = [headers["authorization"].split()[1] for path in (SESSION, ASK) for headers in headers_of(site, path)]
    assert len(tokens) == 2
    kept = page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href, history.state, heard,"
        " document.documentElement.outerHTML, document.querySelector('footnote-widget').shadowRoot.innerHTML,"
        " performance.getEntries().map((entry) => entry.name)])"
    )
    databases = page.evaluate("indexedDB.databases()")
    assert databases == []
    sent = json.dumps([[path, {**headers, "authorization": ""}] for _, path, headers in site.requests])
    assert [token for token in tokens if token in kept or token in sent] == []
    ours = [headers for _, path, headers in site.requests if path.startswith("/api/")]
    assert all("referer" not in headers for headers in ours)


def test_a_token_is_renewed_a_minute_before_its_end(site, open_page):
    page = open_page("about:blank")
    page.clock.install()
    page.goto(launcher(site))
    opened(page)
    ask(page, "When?")
    finished(page)
    page.clock.fast_forward(480_000)
    ask(page, "When?")
    page.locator('.exchange[aria-busy="false"]').nth(1).wait_for()
    assert len(headers_of(site, SESSION)) == 1
    page.clock.fast_forward(61_000)
    ask(page, "When?")
    page.locator('.exchange[aria-busy="false"]').nth(2).wait_for()
    assert len(headers_of(site, SESSION)) == 2
    assert len({headers["authorization"] for headers in headers_of(site, ASK)}) == 2


def test_a_token_that_ended_early_is_renewed_once_and_the_question_asked_again(site, open_page):
    page = opened(open_page(launcher(site), expected=("401",)))
    ask(page, "When?")
    finished(page)
    site.expire()
    ask(page, "When?")
    page.locator('.exchange[aria-busy="false"]').nth(1).wait_for()
    assert page.locator(".exchange .failed").count() == 0
    assert len(headers_of(site, SESSION)) == 2
    assert [body["question"] for body in site.asked] == ["When?", "When?"]


def test_a_server_that_refuses_every_token_is_not_asked_for_ever(site, open_page):
    page = opened(open_page(launcher(site), expected=("401",)))
    page.wait_for_timeout(300)
    site.refusals = [problem(401, "No."), problem(401, "No, really.")]
    ask(page, "When?")
    finished(page)
    assert words(page, ".exchange .failed p") == ["No, really."]
    assert len(headers_of(site, ASK)) == 2


def test_requests_at_the_same_time_share_one_exchange(site, open_page):
    page = open_page(launcher(site))
    page.locator(".launcher").click()
    ask(page, "When?")  # while the exchange of the opening is on its way, or done
    finished(page)
    assert len(headers_of(site, SESSION)) == 1


def test_a_visitor_whom_the_host_no_longer_knows_is_told_and_can_try_again(site, open_page):
    answers = {
        "refused": PlainTextResponse("no", 401),
        "sign-in page": PlainTextResponse("<html>please sign in</html>"),
        "no token": JSONResponse({"access": "x"}),
        "redirect": RedirectResponse("https://sign-in.example/", 302),
    }
    for name, answer in answers.items():
        site.token_answer = answer
        page = opened(open_page(launcher(site), expected=("Footnote: ", "Failed to load", "blocked by CORS")))
        said = []
        page.locator(".opening .failed", has_text="you may have been signed out").wait_for()
        page.on("console", lambda line, said=said: said.append(line.text))
        site.token_answer = None
        page.get_by_role("button", name="Ask again").click()
        page.locator(".opening .failed").wait_for(state="hidden")
        assert said == [], name


def test_an_exchange_that_is_refused_says_why_in_the_widget_and_in_one_line_of_the_console(site, open_page):
    site.expires_in = 600
    page = open_page(launcher(site), expected=("Footnote: ", "Failed to load"))
    lines = []
    page.on("console", lambda line: line.text.startswith("Footnote: ") and lines.append(line.text))
    site.token_answer = JSONResponse({"token": "forged"})
    opened(page)
    page.locator(".opening .failed", has_text="This token is not known, or was used before.").wait_for()
    expected = "Footnote: the token for the embed hr was refused (401). This token is not known, or was used before."
    assert lines == [expected]
    assert "forged" not in json.dumps(lines)


@pytest.mark.parametrize(
    ("element", "line"),
    [
        ('<footnote-widget token-url="/t" mode="inline"></footnote-widget>', "the embed's name is missing"),
        ('<footnote-widget embed="hr" mode="inline"></footnote-widget>', "token-url is missing for the embed hr"),
        (
            '<footnote-widget embed="hr" mode="inline" token-url="https://evil.example/t"></footnote-widget>',
            "token-url (https://evil.example/t) has to be an address on this host, or on Footnote's server",
        ),
        (
            '<footnote-widget embed="hr" mode="inline" token-url="javascript:alert(1)"></footnote-widget>',
            "token-url (javascript:alert(1)) has to be an address on this host",
        ),
    ],
)
def test_what_is_missing_is_said_in_one_line_of_the_console(site, open_page, element, line):
    before = "window.lines = []; console.error = (...words) => window.lines.push(words.join(' '))"
    page = open_page(inline(site, element=element), before=before)
    page.locator(".opening .failed", has_text="This assistant is not set up yet.").wait_for()
    [said] = page.evaluate("window.lines")
    assert said.startswith("Footnote: ")
    assert line in said
    assert page.locator(".composer").is_hidden()
    assert site.paths() == []


def test_a_token_minted_by_the_assistants_own_server_is_asked_for_with_its_cookie(site, open_page):
    element = ELEMENT.replace("/footnote-token", f"{site.server}/api/v1/embed/token")
    asked = []
    page = open_page("about:blank", expected=("Footnote: ", "Failed to load", "blocked by CORS"))
    page.route(
        "**/api/v1/embed/token",
        lambda route: (
            asked.append((route.request.method, route.request.post_data)),
            route.fulfill(status=403, body="{}", headers={"access-control-allow-origin": site.host}),
        ),
    )
    page.add_init_script(
        "const real = fetch; window.sent = [];"
        "window.fetch = (address, options) => {"
        "  sent.push([String(address), options.credentials]); return real(address, options); }"
    )
    page.goto(inline(site, element=element))
    page.locator(".opening .failed").wait_for()
    assert page.evaluate("sent") == [[f"{site.server}/api/v1/embed/token", "include"]]


def test_a_visitor_of_a_stopped_server_is_told_that_it_does_not_answer(site, open_page):
    page = opened(open_page(launcher(site), expected=("Failed to load", "ERR_")))
    ask(page, "When?")
    finished(page)
    page.route("**/api/v1/ask", lambda route: route.abort("connectionrefused"))
    ask(page, "When?")
    page.locator('.exchange[aria-busy="false"]').nth(1).wait_for()
    assert words(page, ".exchange .failed p") == ["The assistant does not answer. Try again in a moment."]
