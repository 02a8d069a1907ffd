"""A server and a browser for one module of tests at a time: Playwright's loop must not outlive its module."""

import pytest
from browsing import browsing, serving
from fake_service import EXAMPLES, FakeService


@pytest.fixture(scope="module")
def service():
    return FakeService()


@pytest.fixture(scope="module")
def url(service):
    with serving(service, examples=EXAMPLES) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with browsing() as chromium:
        yield chromium
