"""The chat page: Gradio carries the events and holds the session, ``render`` draws, page.js opens sources.

The only module that imports Gradio. Nothing on the page comes from another host, and nothing is kept in the browser.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from starlette.routing import Mount

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read by Gradio when it is imported
import gradio as gr

from schema import FootnoteError, checked_question
from web import render, wording
from web.desk import Asked, Desk
from web.exchange import Exchange
from web.identity import NOBODY, Guest, guest_of
from web.masthead import masthead
from web.page_answers import Place, Running, follow, history
from web.page_door import PageDoor

STATIC = Path(__file__).parent / "static"
VERSION = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(STATIC.iterdir()))).hexdigest()[:12]
HEAD = (  # with the version, so that no browser goes on with the style or script of an older Footnote
    f'<link rel="stylesheet" href="/page/page.css?{VERSION}"><script src="/page/page.js?{VERSION}" defer></script>'
    f'<link rel="icon" href="/page/favicon.svg?{VERSION}" type="image/svg+xml">'
)
FROZEN: dict[str, Any] = {
    "theme": gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
    "head": HEAD,
    "footer_links": [],
    "run_history": False,
    "show_error": False,
    "ssr_mode": False,
    "enable_monitoring": False,
    "mcp_server": False,
    "allowed_paths": [],
    "blocked_paths": ["/"],
    "max_file_size": "1kb",
    "pwa": False,
    "app_kwargs": {"docs_url": None, "redoc_url": None, "openapi_url": None},
}
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
FREE = '() => [true, false].map((interactive) => ({__type__: "update", interactive}))'
"""Ask can be pressed and Stop can't; by the browser, since it alone knows when Gradio would take the next question."""
Update = dict[Any, Any]


@dataclass(frozen=True)
class Parts:
    """The components of the page that an answer changes."""

    earlier: gr.HTML
    current: gr.HTML
    live: gr.HTML
    notice: gr.HTML
    question: gr.Textbox
    ask: gr.Button
    stop: gr.Button
    conversation: gr.State

    def all(self) -> list[Any]:
        """The components in one list, as Gradio wants its outputs."""
        return [getattr(self, name) for name in self.__dataclass_fields__]


def mount(
    app: FastAPI, desk: Desk, *, examples: Sequence[str], concurrency: int, tabs: bool = False, public_url: str = ""
) -> None:
    """Mount the chat page at the root of an app that has its own CORS middleware, with every outward door shut.

    Gradio's own ``auth`` is not used: it would set a cookie that other sites' requests carry. The gate has let the
    visitor in; Gradio is told who it is, and refuses for its part whoever is nobody.
    """

    async def build() -> None:
        blocks = build_blocks(desk, examples=examples, tabs=tabs)
        blocks.state_session_capacity = 500  # conversations kept in memory; Gradio's own 10,000 would be gigabytes
        blocks.queue(max_size=50, default_concurrency_limit=concurrency, api_open=False)
        gr.mount_gradio_app(app, blocks, path="/", auth_dependency=_name, root_path=public_url or None, **FROZEN)

    # Outside a running loop, Gradio opens one for each of its locks and never closes them; this loop is closed.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, build()).result()
    mounted = app.router.routes[-1]
    if not isinstance(mounted, Mount):
        raise TypeError("Gradio is not mounted last")
    mounted.app = PageDoor(mounted.app)


def _name(request: Request) -> str | None:
    """Who asks, as Gradio wants it: a text, or ``None`` for nobody."""
    guest = guest_of(request)
    return None if guest.visitor is NOBODY else guest.visitor.user


def _guest(request: gr.Request) -> Guest:
    """Who asks, in a handler of the page."""
    return guest_of(request.request) if request.request is not None else Guest(NOBODY)


def _place(request: gr.Request) -> Place:
    return _guest(request).key, request.session_hash or ""


def build_blocks(desk: Desk, *, examples: Sequence[str], tabs: bool = False) -> gr.Blocks:
    """The page as Gradio blocks: conversation above, question box below; with ``tabs``, a way to the other tab."""
    running = Running()
    blocks = gr.Blocks(title="Footnote", analytics_enabled=False, fill_width=True, delete_cache=(3600, 86400))
    with blocks:
        head = _html("masthead")
        with gr.Column(elem_id="opening"):
            documents = _html("documents")
            with gr.Column(elem_id="examples"):
                example_buttons = [gr.Button(text, elem_classes="example") for text in examples]
        earlier, current = _html("earlier"), _html("current")
        with gr.Column(elem_id="composer"):
            with gr.Row(elem_id="state"):
                live = _html("live", _live(""))
                new = gr.Button("New conversation", elem_id="new")
            notice = _html("notice")
            with gr.Row(elem_id="asking"):
                question = gr.Textbox(
                    elem_id="question",
                    label="Your question",
                    placeholder="Ask a question",
                    lines=1,
                    max_lines=6,
                    autofocus=True,
                    container=False,
                )
                ask = gr.Button("Ask", elem_id="ask", variant="primary")
                stop = gr.Button("Stop", elem_id="stop", interactive=False)
        conversation = gr.State(())
        parts = Parts(earlier, current, live, notice, question, ask, stop, conversation)

        answer = _answerer(desk, running, parts)
        asked = [gr.on([ask.click, question.submit], answer, [question, conversation], parts.all(), **QUIET)]
        for button, text in zip(example_buttons, examples, strict=True):
            asked.append(button.click(answer, [gr.State(text), conversation], parts.all(), **QUIET))
        # Gradio drops a question that comes before its last message on the one before it, which follows the answer.
        for answered in asked:
            answered.then(None, js=FREE, outputs=[ask, stop], **QUIET)
            answered.failure(None, js=FREE, outputs=[ask, stop], **QUIET)
        stop.click(_stopper(running), queue=False, **QUIET)
        # Through the queue like the answer, so that what both send arrives in order. Gradio's own ``cancels`` is not
        # used: now and then it loses the update of the event that cancels.
        clear = _clearer(running, parts)
        new.click(clear, outputs=parts.all(), concurrency_limit=None, **QUIET)
        blocks.load(_welcomer(desk, tabs), outputs=[head, documents], queue=False, **QUIET)
        # Gradio itself stops an answer of somebody who has left no sooner than its next update, for which it may wait.
        blocks.unload(_stopper(running))
    return blocks


def _html(name: str, value: str = "") -> gr.HTML:
    return gr.HTML(value, elem_id=name, apply_default_css=False, js_on_load=None)


def _live(text: str) -> str:
    return f'<p role="status" aria-live="polite">{wording.escape(text)}</p>'


def _welcomer(desk: Desk, tabs: bool) -> Callable[[gr.Request], tuple[str, str]]:
    """The handler of the page's opening: the masthead and the documents, read anew for every visitor."""

    def welcome(request: gr.Request) -> tuple[str, str]:
        guest = _guest(request)
        view = desk.view(guest.visitor)
        current = "/" if tabs and guest.visitor.collections is None else ""
        try:
            return masthead(view.status(), guest, current=current), render.opening(view.sources())
        except FootnoteError as error:
            return masthead("", guest, current=current), render.failure(str(error))

    return welcome


def _answerer(
    desk: Desk, running: Running, parts: Parts
) -> Callable[[str, tuple[Exchange, ...], gr.Request], Iterator[Update]]:
    """The handler of Ask: updates of the page while the answer comes."""

    def answer(question: str, conversation: tuple[Exchange, ...], request: gr.Request) -> Iterator[Update]:
        try:
            question = checked_question(question)
        except FootnoteError as error:
            yield {parts.notice: render.failure(str(error)), parts.live: _live(str(error))}
            return
        exchange = Exchange(len(conversation) + 1, question)
        yield {
            parts.earlier: "".join(map(render.exchange_html, conversation)),
            parts.question: "",
            parts.notice: "",
            parts.ask: gr.Button(interactive=False),
            parts.stop: gr.Button(interactive=True),
            **_drawn(parts, exchange),
        }
        asked = Asked(question, history=history(conversation))
        with running.answering(_place(request)) as run:
            for state in follow(desk, _guest(request).visitor, asked, exchange, run.stop):
                if run.forgotten:
                    return
                exchange = state
                yield _drawn(parts, exchange)
        yield {**_drawn(parts, exchange), parts.conversation: (*conversation, exchange)}

    return answer


def _drawn(parts: Parts, exchange: Exchange) -> Update:
    return {parts.current: render.exchange_html(exchange), parts.live: _live(wording.status_text(exchange))}


def _stopper(running: Running) -> Callable[[gr.Request], None]:
    def stop(request: gr.Request) -> None:
        running.stop(_place(request))

    return stop


def _clearer(running: Running, parts: Parts) -> Callable[[gr.Request], Update]:
    """The handler of New conversation: the page as it was at first."""

    def clear(request: gr.Request) -> Update:
        running.forget(_place(request))
        return {
            parts.earlier: "",
            parts.current: "",
            parts.live: _live("New conversation."),
            parts.notice: "",
            parts.question: "",
            parts.conversation: (),
        }

    return clear
