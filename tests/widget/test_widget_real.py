"""The widget against the server as it is shipped: its script, its tokens, its origins, its switch."""

import time
from pathlib import Path

import pytest
from browsing import browsing
from entrances import entrance_in
from fake_service import COVERS, SENTENCES, FakeService
from starlette.responses import JSONResponse
from widget_pages import ask, finished, launcher, opened, words
from widget_server import Host, Recorded, Site, running

from access.embeds import change_embed
from access.tokens import mint_host_token
from access.visitor import Visitor
from web.embedding import read_script
from web.server import build_app

pytestmark = pytest.mark.browser

KEY = "portal-Zq8LmR2vX7cN4bT1yK9wP5sD3fG6hJ0"
ACCESS = """
[embeds.hr]
origins = ["{origin}"]
collections = ["default"]
questions = ["When was it published?"]
texts = {{title = "Ask HR"}}
colours = {{accent = "#aa0055"}}
"""
KEYS = f'server = "server-Zq8LmR2vX7cN4bT1yK9wP5sD3fG6hJ0a"\n[embeds]\nhr = "{KEY}"\n'


class SigningHost(Host):
    """A host whose server signs tokens with the embed's key."""

    def _token(self, request):
        visitor = Visitor(user="ada", embed="hr", origin=self.site.host)
        return JSONResponse({"token": mint_host_token(visitor, KEY, now=time.time())})


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    folder = Path(tmp_path_factory.mktemp("real"))
    site = Site(service=FakeService())
    with running(SigningHost(site)) as host:
        site.host = f"http://localhost:{host}"
        entrance = entrance_in(folder, access=ACCESS.format(origin=site.host), keys=KEYS)
        app = build_app(site.service, entrance=entrance)
        with running(Recorded(app, site)) as server, browsing() as browser:
            site.server = f"http://127.0.0.1:{server}"
            yield site, browser, folder / "footnote-access.toml"
        entrance.close()


@pytest.fixture
def page(real):
    site, browser, _ = real
    site.requests.clear()
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(launcher(site))
    opened(page)
    yield page
    context.close()


def test_a_visitor_asks_reads_a_footnote_and_says_what_it_is_worth(real, page):
    site, _, _ = real
    page.locator(".suggested button").click()
    finished(page)
    assert page.locator(".head h2").text_content() == "Ask HR"
    assert words(page, ".sentence .words") == [sentence.text for sentence in SENTENCES]
    page.locator(".answer .mark").nth(2).click()
    page.locator(".around mark").wait_for()
    assert words(page, ".around mark") == [COVERS]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="This answer is right").click()
    page.locator(".rating", has_text="Recorded. Thank you.").wait_for()
    assert site.service.viewed[-1] == frozenset({"default"})
    asked = [headers for _, path, headers in site.requests if path == "/api/v1/ask" and "authorization" in headers]
    assert len(asked) == 1
    assert "cookie" not in asked[0]


def test_what_is_pinned_by_the_servers_own_hash_runs(real, page):
    site, _, _ = real
    script = read_script()
    tag = (
        f'<script src="{site.server}{script.path}" integrity="{script.integrity}" crossorigin="anonymous" '
        'data-embed="hr" data-token-url="/footnote-token" defer></script>'
    )
    page.goto(site.add("/pinned", "<p>Words.</p>", head=tag))
    opened(page)
    ask(page, "When?")
    finished(page)
    assert words(page, ".sentence .words") == [sentence.text for sentence in SENTENCES]


def test_stop_reaches_the_server(real, page):
    site, _, _ = real
    ask(page, "held, when?")
    page.locator(".sentence").first.wait_for()
    page.get_by_role("button", name="Stop").click()
    assert site.service.stops[-1].wait(60)


def test_a_page_of_another_origin_gets_nothing(real, page):
    site, _, _ = real
    page.goto(launcher(site).replace("localhost", "127.0.0.1"))
    opened(page)
    page.locator(".opening .failed", has_text="The assistant does not answer.").wait_for()


def test_an_embed_that_is_switched_off_ends_a_conversation_at_the_next_question(real, page):
    _, _, file = real
    ask(page, "When?")
    finished(page)
    change_embed(file, "hr", on=False)
    try:
        ask(page, "And now?")
        page.locator('.exchange[aria-busy="false"]').nth(1).wait_for()
        assert page.locator(".exchange:last-child .failed").count() == 1
        assert page.locator(".exchange:last-child .sentence").count() == 0
    finally:
        change_embed(file, "hr", on=True)
