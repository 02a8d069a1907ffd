"""The page for frames, on real origins: shown where every page around it is the embed's, and nowhere else.

Footnote, the intranet's page and two others stand on four origins; people are signed in by password. Also what a page
around the frame may say to it, and an intranet on Footnote's own site.
"""

from pathlib import Path

import pytest
from browsing import browsing
from entrances import PASSWORD, entrance_in
from fake_service import SENTENCES, FakeService
from test_widget_real import KEYS, SigningHost
from widget_pages import ask, finished, launcher, opened, words
from widget_server import Recorded, Site, running

from web.server import build_app

pytestmark = pytest.mark.browser

ACCESS = """
[groups]
everyone = ["default"]

[embeds.hr]
origins = ["{host}", "{server}"]
collections = ["default"]
"""
SERVED = [sentence.text for sentence in SENTENCES]
SANDBOX = "allow-scripts allow-forms allow-same-origin allow-popups"


class Late:
    """An application that is put in its place when the port is known."""

    app = None

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The site, with ``host`` on Footnote's own site, and another host by both names; and a browser."""
    folder, site, late = Path(tmp_path_factory.mktemp("frames")), Site(service=FakeService()), Late()
    password = f'password = "{PASSWORD}"\n'
    with running(SigningHost(site)) as host, running(SigningHost(site)) as other, running(Recorded(late, site)) as port:
        site.server, site.host = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{host}"
        access = ACCESS.format(host=site.host, server=site.server)
        entrance = entrance_in(folder, access=access, keys=password + KEYS, identity="password")
        late.app = build_app(site.service, entrance=entrance)
        others = {"the same site": f"http://127.0.0.1:{other}", "another site": f"http://localhost:{other}"}
        with browsing() as browser:
            yield site, others, browser
        entrance.close()


@pytest.fixture
def page(world):
    """A page of somebody who is signed in at Footnote."""
    site, _, browser = world
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{site.server}/login")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{site.server}/")
    yield page
    context.close()


def frame_of(address, sandbox=""):
    limits = f' sandbox="{sandbox}"' if sandbox else ""
    return f'<iframe title="Ask" src="{address}"{limits} width="700" height="700"></iframe>'


def framed(page, address):
    """Open an address and wait for the frames in it to be there or refused."""
    page.goto(address, wait_until="load")
    page.wait_for_timeout(300)
    return page.frames[-1]


def until(page, holds):
    """Wait for something that comes soon."""
    for _ in range(600):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not come")


def is_shown(frame):
    return frame.url.startswith("http") and bool(frame.evaluate("document.body?.childElementCount > 0"))


@pytest.mark.parametrize("sandbox", ["", SANDBOX])
def test_in_a_page_of_the_embed_it_answers(world, page, sandbox):
    site, _, _ = world
    frame = framed(page, site.add("/frame", frame_of(f"{site.server}/embed/hr", sandbox)))
    assert frame.url == f"{site.server}/embed/hr"
    inside = page.frame_locator("iframe")
    inside.locator(".composer textarea").fill("When?")
    inside.locator(".composer textarea").press("Enter")
    inside.locator('.exchange[aria-busy="false"]').wait_for()
    assert inside.locator(".sentence .words").all_text_contents() == SERVED
    inside.locator(".answer .mark").first.click()
    inside.locator(".around mark").wait_for()


@pytest.mark.parametrize(
    "path", ["/", "/login", "/runs", "/embed/none", "/nothing", "/api/v1/nothing", "/widget.js", "/livez"]
)
def test_no_other_page_of_ours_is_shown_in_the_same_place(world, page, path):
    site, _, _ = world
    assert not is_shown(framed(page, site.add("/frame", frame_of(f"{site.server}{path}"))))


@pytest.mark.parametrize("where", ["the same site", "another site"])
def test_in_any_other_page_it_is_not_shown(world, page, where):
    site, others, _ = world
    site.add("/frame", frame_of(f"{site.server}/embed/hr"))
    assert not is_shown(framed(page, f"{others[where]}/frame"))


@pytest.mark.parametrize("where", ["the same site", "another site"])
def test_in_a_page_of_the_embed_within_another_it_is_not_shown(world, page, where):
    site, others, _ = world
    inner = site.add("/frame", frame_of(f"{site.server}/embed/hr"))
    site.add("/outer", frame_of(inner))
    page.goto(f"{others[where]}/outer", wait_until="load")
    page.wait_for_timeout(500)
    until(page, lambda: len(page.frames) == 3 and page.frames[1].url == inner)
    assert not is_shown(page.frames[2])


def test_in_a_page_without_an_origin_it_is_not_shown(world, page, tmp_path):
    site, _, _ = world
    tag = frame_of(f"{site.server}/embed/hr")
    sandboxed = f"<iframe title='Inner' sandbox='allow-scripts' srcdoc='{tag}'></iframe>"
    page.goto(site.add("/sandboxed", sandboxed), wait_until="load")
    page.wait_for_timeout(500)
    until(page, lambda: len(page.frames) == 3)
    assert not is_shown(page.frames[2])
    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html><title>File</title>{tag}", "utf-8")
    assert not is_shown(framed(page, file.as_uri()))


FLOOD = """async () => {
    const target = document.querySelector("iframe").contentWindow;
    const kinds = [
        {type: "ask", question: "Sent?"}, {type: "token", token: "x"}, {type: "resize", height: 1e9}, "ask", null, 7,
        {__proto__: {polluted: 1}, type: "footnote:ask"}, JSON.parse('{"__proto__": {"polluted": 1}}'), [],
        {type: "navigate", url: "https://evil.example/"}, {type: "close"}, {constructor: {prototype: {polluted: 1}}},
    ];
    for (let n = 0; n < 10000; n += 1) target.postMessage(kinds[n % kinds.length], "*");
    await new Promise((done) => setTimeout(done, 500));
}"""
LISTEN = "() => { window.heard = []; addEventListener('message', (event) => heard.push(event.data)); }"


def test_ten_thousand_messages_to_the_frame_change_nothing_and_it_says_nothing(world, page):
    site, _, _ = world
    frame = framed(page, site.add("/frame", frame_of(f"{site.server}/embed/hr")))
    frame.locator(".composer textarea").wait_for()
    page.evaluate(LISTEN)
    asked = len(site.service.asked)
    page.evaluate(FLOOD)
    assert len(site.service.asked) == asked
    assert frame.locator(".exchange").count() == 0
    assert frame.evaluate("({}).polluted === undefined")
    frame.locator(".composer textarea").fill("When?")
    frame.locator(".composer textarea").press("Enter")
    frame.locator('.exchange[aria-busy="false"]').wait_for()
    assert frame.locator(".sentence .words").all_text_contents() == SERVED
    assert page.evaluate("heard") == []  # no token and no answer for the page around it
    assert page.evaluate("document.querySelector('iframe').contentDocument") is None


def test_a_widget_on_footnotes_own_site_works_and_sends_no_cookie(world, page):
    """Where the browser would send the session's cookie along, as it does not from another site."""
    site, _, _ = world
    site.requests.clear()
    page.goto(launcher(site))
    opened(page)
    ask(page, "When?")
    finished(page)
    assert words(page, ".sentence .words") == SERVED
    ask(page, "held, when?")
    page.locator(".exchange:last-child .sentence").first.wait_for()
    page.get_by_role("button", name="Stop").click()
    assert site.service.stops[-1].wait(60)
    ours = [headers for _, path, headers in site.requests if path.startswith("/api/")]
    assert len(ours) > 3
    assert all("cookie" not in headers for headers in ours)


def test_every_request_of_a_widget_goes_to_the_page_s_server_or_to_ours(world, page):
    site, _, _ = world
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(launcher(site))
    opened(page)
    ask(page, "When?")
    finished(page)
    page.goto(f"{site.server}/embed/hr")
    page.locator(".composer textarea").wait_for()
    page.goto(f"{site.server}/")
    page.wait_for_selector(".opening")
    assert len(asked) > 10
    assert [address for address in asked if not address.startswith((site.host, site.server, "data:", "blob:"))] == []
