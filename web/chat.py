"""The chat page: Gradio carries the events and holds the session, ``render`` draws, page.js opens sources.

The only module that imports Gradio. Nothing on the page comes from another host, and nothing is kept in the browser.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read by Gradio when it is imported
import gradio as gr

from schema import FootnoteError, Turn, checked_question
from web import render, wording
from web.exchange import Exchange, advance
from web.service import Service
from web.streaming import batches

STATIC = Path(__file__).parent / "static"
VERSION = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(STATIC.iterdir()))).hexdigest()[:12]
HEAD = (  # with the version, so that no browser goes on with the style or script of an older Footnote
    f'<link rel="stylesheet" href="/page/page.css?{VERSION}"><script src="/page/page.js?{VERSION}" defer></script>'
    f'<link rel="icon" href="/page/favicon.svg?{VERSION}" type="image/svg+xml">'
)
STOPPED = "The answer was stopped before it was complete."
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
    "max_file_size": "1kb",
    "app_kwargs": {"docs_url": None, "redoc_url": None, "openapi_url": None},
}
FORGET_S = 2.0
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
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


@dataclass
class Run:
    """One answer in progress: how to stop it, whether it is over, and whether nobody wants to see it any more."""

    stop: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    forgotten: bool = False


class Running:
    """The answers in progress, one for each browser session."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}

    @contextmanager
    def answering(self, session: str) -> Iterator[Run]:
        """A run for this session, stopped at the latest when the block ends: done, cancelled or deserted."""
        self.stop(session)
        run = self._runs[session] = Run()
        try:
            yield run
        finally:
            run.stop.set()
            run.over.set()
            if self._runs.get(session) is run:
                del self._runs[session]

    def stop(self, session: str) -> None:
        """Stop the answer of this session, if one runs."""
        if run := self._runs.get(session):
            run.stop.set()

    def forget(self, session: str) -> None:
        """Stop the answer of this session and wait until it can't change the page any more."""
        if run := self._runs.get(session):
            run.forgotten = True
            run.stop.set()
            run.over.wait(FORGET_S)


def mount(app: FastAPI, service: Service, *, examples: Sequence[str], concurrency: int, tabs: bool = False) -> None:
    """Mount the chat page at the root of an app that has its own CORS middleware, with every outward door shut."""

    async def build() -> None:
        blocks = build_blocks(service, examples=examples, tabs=tabs)
        blocks.state_session_capacity = 500  # conversations kept in memory; Gradio's own 10,000 would be gigabytes
        blocks.queue(max_size=50, default_concurrency_limit=concurrency, api_open=False)
        gr.mount_gradio_app(app, blocks, path="/", **FROZEN)

    # Outside a running loop, Gradio opens one for each of its locks and never closes them; this loop is closed.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, build()).result()


def build_blocks(service: Service, *, examples: Sequence[str], tabs: bool = False) -> gr.Blocks:
    """The page as Gradio blocks: conversation above, question box below; with ``tabs``, a way to the other tab."""
    running = Running()
    blocks = gr.Blocks(title="Footnote", analytics_enabled=False, fill_width=True)
    with blocks:
        masthead = _html("masthead")
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

        answer = _answerer(service, running, parts)
        gr.on([ask.click, question.submit], answer, [question, conversation], parts.all(), **QUIET)
        for button, text in zip(example_buttons, examples, strict=True):
            button.click(answer, [gr.State(text), conversation], parts.all(), **QUIET)
        stop.click(_stopper(running), queue=False, **QUIET)
        # Through the queue like the answer, so that what both send arrives in order. Gradio's own ``cancels`` is not
        # used: now and then it loses the update of the event that cancels.
        clear = _clearer(running, parts)
        new.click(clear, outputs=parts.all(), concurrency_limit=None, **QUIET)
        blocks.load(partial(_welcome, service, tabs), outputs=[masthead, documents], queue=False, **QUIET)
    return blocks


def _html(name: str, value: str = "") -> gr.HTML:
    return gr.HTML(value, elem_id=name, apply_default_css=False, js_on_load=None)


def _live(text: str) -> str:
    return f'<p role="status" aria-live="polite">{wording.escape(text)}</p>'


def _welcome(service: Service, tabs: bool) -> tuple[str, str]:
    """The masthead and the documents, read anew for every visitor."""
    current = "/" if tabs else ""
    try:
        return render.masthead(service.status(), current=current), render.opening(service.sources())
    except FootnoteError as error:
        return render.masthead("", current=current), render.failure(str(error))


def _answerer(
    service: Service, running: Running, parts: Parts
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
        with running.answering(request.session_hash or "") as run:
            for state in _follow(service, exchange, history(conversation), run.stop):
                if run.forgotten:
                    return
                exchange = state
                yield _drawn(parts, exchange)
        yield {
            **_drawn(parts, exchange),
            parts.ask: gr.Button(interactive=True),
            parts.stop: gr.Button(interactive=False),
            parts.conversation: (*conversation, exchange),
        }

    return answer


def _follow(service: Service, exchange: Exchange, turns: Sequence[Turn], stop: threading.Event) -> Iterator[Exchange]:
    """The states of one exchange; the last one is not running any more."""
    ask = partial(service.ask, exchange.question, history=turns)
    try:
        for batch in batches(lambda event: ask(stop=event), stop):
            for event in batch:
                exchange = advance(exchange, event)
            if batch:
                yield exchange
    except FootnoteError as error:
        yield replace(exchange, phase="failed", notice=str(error), draft="")
        return
    if exchange.running:
        yield replace(exchange, phase="stopped", notice=STOPPED, draft="")


def history(conversation: Sequence[Exchange]) -> tuple[Turn, ...]:
    """The turns that were answered or refused; a failed one taught nobody anything."""
    return tuple(Turn(past.question, past.answer.answer) for past in conversation if past.answer is not None)


def _drawn(parts: Parts, exchange: Exchange) -> Update:
    return {parts.current: render.exchange_html(exchange), parts.live: _live(wording.status_text(exchange))}


def _stopper(running: Running) -> Callable[[gr.Request], None]:
    def stop(request: gr.Request) -> None:
        running.stop(request.session_hash or "")

    return stop


def _clearer(running: Running, parts: Parts) -> Callable[[gr.Request], Update]:
    """The handler of New conversation: the page as it was at first."""

    def clear(request: gr.Request) -> Update:
        running.forget(request.session_hash or "")
        return {
            parts.earlier: "",
            parts.current: "",
            parts.live: _live("New conversation."),
            parts.notice: "",
            parts.question: "",
            parts.ask: gr.Button(interactive=True),
            parts.stop: gr.Button(interactive=False),
            parts.conversation: (),
        }

    return clear
