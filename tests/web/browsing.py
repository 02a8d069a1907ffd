"""A real server in a thread and a real Chromium: what the browser tests and the documentation's screenshots share."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from web.desk import Desk
from web.entrance import Entrance
from web.listening import AnnouncingServer, address, listen
from web.server import build_app
from web.service import Evaluations, Service

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def serving(
    service: Service,
    *,
    examples: Sequence[str] = (),
    evaluations: Evaluations | None = None,
    entrance: Entrance | None = None,
    desk: Desk | None = None,
) -> Iterator[str]:
    """The address of a server over this service, which ends with the block."""
    listener = listen("127.0.0.1", 0)
    ready = threading.Event()
    app = build_app(service, examples=examples, evaluations=evaluations, entrance=entrance, desk=desk)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=1, proxy_headers=False
    )
    server = AnnouncingServer(config, ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert ready.wait(30), "the server did not start"
    try:
        yield address("127.0.0.1", listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@contextmanager
def browsing() -> Iterator[Browser]:
    """A headless Chromium: the machine's own where there is one, else the one that Playwright installed."""
    path = CHROMIUM if Path(CHROMIUM).exists() else None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def type_in(page: Page, question: str) -> None:
    """Type a question and press Enter."""
    page.locator("#question textarea").fill(question)
    page.locator("#question textarea").press("Enter")


def ask(page: Page, question: str) -> None:
    """Ask a question, and wait until it is the newest on the page: what is looked at next is not the one before."""
    number = "document.querySelector('#current .exchange')?.dataset.exchange"
    before = page.evaluate(number)
    type_in(page, question)
    page.wait_for_function(f"before => ![undefined, before].includes({number})", arg=before)


def finished(page: Page) -> None:
    """Wait until the newest answer is no longer being written, and the next question would be taken."""
    page.wait_for_selector("#current .exchange:not([aria-busy])")
    page.wait_for_selector("#stop:disabled", state="attached")


def still(page: Page) -> None:
    """Wait until nothing moves or changes its colour, but for what never ends, such as a caret that blinks."""
    page.evaluate(
        """async () => {
            const shadows = [...document.querySelectorAll("*")].map((one) => one.shadowRoot).filter(Boolean);
            const moving = [document, ...shadows].flatMap((root) => root.getAnimations());
            const ending = moving.filter((one) => one.effect.getComputedTiming().endTime !== Infinity);
            const late = new Promise((done) => setTimeout(done, 10_000)); // for one that is paused
            await Promise.race([Promise.allSettled(ending.map((one) => one.finished)), late]);
            await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
        }"""
    )


def photograph(
    address: str, target: Path, *, question: str = "", footnote: int = 0, phone: bool = False, dark: bool = False
) -> None:
    """Write a PNG of the page: as it opens, or with the answer to ``question``, or with one footnote's source open."""
    viewport = ViewportSize(width=390, height=844) if phone else ViewportSize(width=1280, height=900)
    with browsing() as browser:
        page = browser.new_page(
            viewport=viewport, color_scheme="dark" if dark else "light", device_scale_factor=2 if phone else 1
        )
        page.goto(address)
        page.wait_for_selector(".opening")
        if question:
            ask(page, question)
            page.wait_for_selector("#current .exchange:not([aria-busy])", timeout=180_000)
        if footnote:
            page.locator("#current .mark", has_text=str(footnote)).first.click()
            page.wait_for_selector(".source-text mark, .source-sheet .over")
        page.evaluate("document.activeElement.blur()")
        still(page)  # the page moves aside for the panel
        page.screenshot(path=target)


def photograph_document(address: str, target: Path) -> None:
    """Write a PNG of the first screen of a page that is complete when it has loaded."""
    with browsing() as browser:
        page = browser.new_page(viewport=ViewportSize(width=1280, height=900))
        page.goto(address)
        page.screenshot(path=target)
