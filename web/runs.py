"""The tab of evaluation: the routes to the list of runs, to starting and stopping one, and to the reports.

Works without script. What this module does not do: make the pages (`web.run_pages`), or know what a run is.
"""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from web.forms import fields_of, is_form
from web.identity import guest_of
from web.origin import is_cross_site
from web.run_pages import Notice, RunPages, see_other
from web.service import Evaluations, Service


def build_runs_router(service: Service, evaluations: Evaluations, *, version: str) -> APIRouter:
    """The routes of the tab; ``version`` is of the style and script, as the chat page names them."""
    router = APIRouter(include_in_schema=False)

    def pages(request: Request) -> RunPages:
        return RunPages(service, evaluations, guest_of(request), version=version)

    @router.get("/runs")
    def runs(request: Request) -> Response:
        chosen = request.query_params.getlist("run")
        if len(chosen) == 2:
            return see_other(pages(request).address_of_comparison(*chosen))
        notice = Notice(f"Choose two runs to compare, not {len(chosen)}.") if chosen else None
        return pages(request).listing(notice, chosen=chosen)

    @router.post("/runs")
    async def start(request: Request) -> Response:
        form = await fields_of(request) if is_form(request) and not is_cross_site(request) else None
        asked = pages(request)
        return await run_in_threadpool(asked.foreign if form is None else partial(asked.start, form))

    @router.get("/runs/{name}")
    def run(name: str, request: Request) -> Response:
        return pages(request).run(name)

    @router.get("/runs/{name}/progress")
    def progress(name: str, request: Request) -> Response:
        return pages(request).progress(name)

    @router.post("/runs/{name}/stop")
    def stop(name: str, request: Request) -> Response:
        return pages(request).foreign() if is_cross_site(request) else pages(request).change(name, evaluations.stop)

    @router.post("/runs/{name}/resume")
    def resume(name: str, request: Request) -> Response:
        return pages(request).foreign() if is_cross_site(request) else pages(request).change(name, evaluations.resume)

    @router.get("/runs/{name}/against/{other}")
    def comparison(name: str, other: str, request: Request, shared: bool = False) -> Response:
        return pages(request).comparison(name, other, shared=shared)

    return router
