"""The pages of the evaluation tab for one guest: the list of runs, one under way, reports and comparisons.

HTML made by a template that escapes what it is given. What a run is, and how it is made, is for the object behind the
protocol `Evaluations`. What this module does not do: routes (`web.runs`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response

from schema import FootnoteError
from web.identity import Guest
from web.masthead import masthead
from web.problem_kinds import NO_ADDRESS, UNAVAILABLE
from web.problems import Problem, problem_of, refused_as
from web.responses import AsciiJSONResponse
from web.service import Evaluations, RunRow, Service
from web.way_back import with_way_back
from web.wording import clock, count, standing

SEED = 0
"""Of a limited run: always the same, so that two runs with one limit are over the same questions."""
LIMIT = re.compile("[1-9][0-9]{0,5}")
FOREIGN = "This request comes from another site's page; runs are started and stopped on Footnote's own page."
HTML_HEADERS = {"cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence above the page, with a way on if there is one."""

    words: str
    link: str = ""
    label: str = ""


class RunPages:
    """What the routes answer to one guest; ``version`` is of the style and script, as the chat page names them."""

    def __init__(self, service: Service, evaluations: Evaluations, guest: Guest, *, version: str) -> None:
        self._service = service
        self._evaluations = evaluations
        self._guest = guest
        self._version = version

    def listing(self, notice: Notice | None = None, status: int = 200, **values: Any) -> Response:
        """The list of runs and the form that starts one."""
        runs, fault = self._runs()
        if fault:
            notice, status = Notice(fault), 503
        headings = list(dict.fromkeys(heading for run in runs for heading in run.measures))
        return self._page(status, notice=notice, runs=runs, headings=headings, shown=None, **values)

    def run(self, name: str) -> Response:
        """The report of a finished run, or how far an unfinished one has come."""
        try:
            row = self._known(name)
            if row.state == "finished":
                return _document(self._evaluations.report(name), f"Run {name}")
        except FootnoteError as error:
            return self._failure(error)
        return self._page(200, notice=None, runs=[], headings=[], shown=row)

    def progress(self, name: str) -> Response:
        """How far a run has come, as JSON.

        Raises:
            Problem: when there is no such run, or runs can't be read.
        """
        with refused_as(UNAVAILABLE):
            row = self._known(name)
        values = {key: getattr(row, key) for key in ("name", "state", "done", "total", "seconds_left", "message")}
        return AsciiJSONResponse({**values, "words": _standing(row)}, headers=HTML_HEADERS)

    def start(self, form: Mapping[str, str]) -> Response:
        """Begin a run and show it."""
        limit = form.get("limit", "").strip()
        try:
            if limit and not LIMIT.fullmatch(limit):
                raise FootnoteError("The limit is a whole number from 1 to 999,999, or empty for all questions.")
            name = self._evaluations.start(
                form.get("questions", ""),
                limit=int(limit) if limit else None,
                seed=SEED if limit else None,
                quotes_only="quotes_only" in form,
            )
        except FootnoteError as error:
            return self.listing(Notice(str(error)), 400, asked=form)
        return see_other(f"/runs/{_part(name)}")

    def change(self, name: str, action: Callable[[str], None]) -> Response:
        """Stop a run or go on with it, and show it."""
        try:
            self._known(name)
        except FootnoteError as error:
            return self._failure(error)
        try:
            action(name)
        except FootnoteError as error:
            return self.listing(Notice(str(error)), 409)
        return see_other(f"/runs/{_part(name)}")

    def comparison(self, name: str, other: str, *, shared: bool) -> Response:
        """One run against another; where they can't be compared as they are, why, and the way to what they share."""
        try:
            for one in (name, other):
                self._known(one)
        except FootnoteError as error:
            return self._failure(error)
        address = f"/runs/{_part(name)}/against/{_part(other)}"
        try:
            document = self._evaluations.comparison(other, name, shared=shared)
        except FootnoteError as error:
            way_on = ("", "") if shared else (f"{address}?shared=1", "Compare what both hold")
            return self.listing(Notice(str(error), *way_on), 409, chosen=[name, other])
        swapped = f"/runs/{_part(other)}/against/{_part(name)}"
        return _document(document, f"{name} against {other}", (swapped, "Swap the two"))

    def address_of_comparison(self, *names: str) -> str:
        """The newer run against the older one; unknown ones are told by the page that is there."""
        when = {run.name: run.when for run in self._runs()[0]}
        older, newer = sorted(names, key=lambda name: when.get(name, ""))
        return f"/runs/{_part(newer)}/against/{_part(older)}"

    def foreign(self) -> Response:
        """The answer to a request that another site's page made."""
        return self.listing(Notice(FOREIGN), 403)

    def _runs(self) -> tuple[Sequence[RunRow], str]:
        """The runs, or why there are none to show."""
        try:
            return self._evaluations.runs(), ""
        except FootnoteError as error:
            return [], str(error)

    def _known(self, name: str) -> RunRow:
        """The run of this name in the list; nothing else in the world is reached by a name."""
        if name not in {run.name for run in self._evaluations.runs()}:
            raise Problem(NO_ADDRESS, f"There is no run “{name}”.")
        return self._evaluations.progress(name)

    def _failure(self, error: FootnoteError) -> Response:
        return self.listing(Notice(str(error)), problem_of(error, UNAVAILABLE).kind.status)

    def _page(self, status: int, **values: Any) -> Response:
        try:
            models = self._service.status()
        except FootnoteError:
            models = ""
        head = masthead(models, self._guest, current="/runs")
        given = {
            "masthead": Markup(head),  # noqa: S704  (escaped where it is made)
            "version": self._version,
            "sets": self._evaluations.sets(),
            "busy": next((run.name for run in self._runs()[0] if run.state == "running"), ""),
            "chosen": [],
        }
        asked = {"questions": "", "limit": "", "quotes_only": ""} | dict(values.pop("asked", {}))
        html = _environment().get_template("runs.html").render({**given, **values, "asked": asked})
        return HTMLResponse(html.encode("utf-8", "replace"), status_code=status, headers=HTML_HEADERS)


def _standing(run: RunRow) -> str:
    return standing(run.done, run.total, run.seconds_left)


def _document(document: str, title: str, *links: tuple[str, str]) -> Response:
    html = with_way_back(document, title, *links)
    return HTMLResponse(html.encode("utf-8", "replace"), headers=HTML_HEADERS)


def see_other(address: str) -> Response:
    """The way to another page of ours."""
    return RedirectResponse(address, status_code=303)


def _part(name: str) -> str:
    """A name as one part of an address."""
    return quote(name, safe="")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"clock": clock, "standing": _standing, "counted": count}
    return environment
