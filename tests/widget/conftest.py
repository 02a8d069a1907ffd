"""Two servers and one browser for each module of tests; every page must keep quiet unless a test says otherwise."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "web"))  # the browser and the scripted service of the page's tests

from browsing import browsing
from widget_server import sites

DESKTOP = {"width": 1200, "height": 900}


@pytest.fixture(scope="module")
def both():
    with sites() as site:
        yield site


@pytest.fixture(scope="module")
def browser():
    with browsing() as chromium:
        yield chromium


@pytest.fixture
def site(both):
    both.reset()
    return both


@pytest.fixture
def open_page(browser, site):
    """Opens an address; the test fails when a page reports an error that ``expected`` does not name."""
    contexts, complaints = [], []

    def opened(address, *, expected=(), before="", **settings):
        context = browser.new_context(**{"viewport": DESKTOP, **settings})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        known = lambda text: any(word in text for word in expected)  # noqa: E731
        page.on("pageerror", lambda error: known(str(error)) or complaints.append(f"error {error}"))
        page.on("console", lambda said: said.type == "error" and not known(said.text) and complaints.append(said.text))
        if before:
            page.add_init_script(before)
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
