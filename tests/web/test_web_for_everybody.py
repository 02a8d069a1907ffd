"""What axe-core finds on the chat page, the tab of evaluation, a report and the page to sign in on, light and dark."""

import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import ask, finished, serving, still
from entrances import entrance_in
from fake_evaluations import BROKEN, CUT, NEW, OLD, FakeEvaluations
from fake_service import EXAMPLES, FakeService

sys.path.append(str(Path(__file__).parents[1] / "eval"))  # the runs of the report's own tests
from report_runs import FIRST, SECOND, sample_run

from eval.comparison.comparing import compare_runs
from eval.report import html_report

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SIZES = {"runOnly": {"type": "rule", "values": ["target-size"]}}
MODES = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}


def violations(page, rules=RULES, within=None):
    """What axe-core finds, each with the place."""
    still(page)  # colours are measured when nothing moves
    found = Axe().run(page, context=within, options=rules).response["violations"]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


@pytest.fixture(scope="module")
def evaluations():
    made = FakeEvaluations(OLD, NEW, CUT, BROKEN)
    one, two = sample_run(endings=FIRST), sample_run("without reranker", endings=SECOND)
    made.report = lambda name: html_report([one])
    made.comparison = lambda a, b, shared=False: html_report([one, two], compare_runs(one, two))
    return made


@pytest.fixture(scope="module")
def url(service, evaluations):
    with serving(service, examples=EXAMPLES, evaluations=evaluations) as address:
        yield address


@pytest.fixture(params=list(MODES))
def opened(request, browser, url):
    """Opens an address in each way of looking at it."""
    contexts = []

    def opening(address="", root=url):
        context = browser.new_context(**MODES[request.param])
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(root + address)
        return page

    yield opening
    for context in contexts:
        context.close()


def test_the_chat_page_empty_answering_answered_and_refused(opened, service):
    page = opened()
    page.wait_for_selector(".opening")
    assert violations(page) == []
    ask(page, "held, when?")
    page.wait_for_selector("#current .sentence")
    assert violations(page) == []
    service.go_on.set()
    finished(page)
    page.get_by_text("What was retrieved").click()
    assert violations(page) == []
    ask(page, "And in Wales?")  # everything that may stand beside a quote
    finished(page)
    assert violations(page) == []
    ask(page, "What did it cost?")
    page.wait_for_selector(".refusal")
    finished(page)
    page.locator("#current .thumb.down").click()
    assert violations(page) == []
    ask(page, "broken")
    page.wait_for_selector("#current .notice.failed")
    finished(page)
    assert violations(page) == []
    service.go_on.clear()


def test_the_source_panel(opened, service, monkeypatch):
    monkeypatch.setattr(service, "has_pictures", True)
    page = opened()
    page.wait_for_selector(".opening")
    ask(page, "When?")
    finished(page)
    page.locator("#current .mark").first.click()
    page.wait_for_selector(".source-sheet .over")
    assert violations(page) == []
    page.get_by_role("button", name="Show the text").click()
    page.wait_for_selector(".source-text mark")
    assert violations(page) == []


def test_the_list_of_runs_one_under_way_and_one_cut_short(opened, evaluations):
    page = opened("runs")
    page.wait_for_selector("table")
    assert violations(page) == []
    page = opened("runs/cut")
    page.wait_for_selector(".under-way")
    assert violations(page) == []
    page = opened("runs/no-such-run")
    assert violations(page) == []
    evaluations.change("cut", state="running", message="", can_resume=False)
    page = opened("runs/cut")
    page.wait_for_selector("progress")
    assert violations(page) == []
    evaluations.change("cut", state="unfinished", message="Stopped.", can_resume=True)


@pytest.mark.parametrize("address", ["runs/after", "runs/before/against/after"])
def test_a_report_with_every_question_open_and_closed(opened, address):
    page = opened(address)
    page.wait_for_selector("#list")
    assert violations(page) == []
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    # Sizes are compared two by two, minutes of it on a page this long: those of some questions, then all else of all.
    assert violations(page, SIZES, "#list > :nth-child(-n + 6)") == []
    assert violations(page, RULES | {"rules": {"target-size": {"enabled": False}}}) == []


def test_the_page_to_sign_in_on(opened, tmp_path):
    entrance = entrance_in(tmp_path, identity="password")
    with serving(FakeService(), entrance=entrance) as address:
        page = opened("login", address)
        assert violations(page) == []
        page.locator("#password").fill("not the password")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("alert").wait_for()
        assert violations(page) == []
    entrance.close()
