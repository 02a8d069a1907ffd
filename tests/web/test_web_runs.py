"""The tab of evaluation over scripted runs: its routes, and the page in a real browser."""

import os
import re
import signal
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browsing import serving
from entrances import PROXY, client_of, entrance_in, signed_in, through_proxy
from fake_evaluations import BROKEN, CUT, HOSTILE_SET, NEW, OLD, FakeEvaluations, FakeRun
from fake_service import EXAMPLES, FakeService
from fastapi.testclient import TestClient

from schema import FootnoteError
from web.server import build_app
from web.way_back import with_way_back
from web.wording import clock, duration, standing

GOING = FakeRun("going", "sample questions", 3, 40, "2026-05-06T10:00:00+00:00", "running", seconds_left=130.0)
ROOT = Path(__file__).parents[2]
REPORT_POLICY = ["Content Security Policy"]
"""What a browser says of the style and the script in the scripted report that its policy doesn't know."""
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def app():
    """One app for all tests of routes, since Gradio takes a while to build its page."""
    evaluations = FakeEvaluations()
    return build_app(FakeService(), evaluations=evaluations), evaluations


@pytest.fixture
def evaluations(app):
    app[1].__init__(OLD, NEW, CUT, BROKEN)
    return app[1]


@pytest.fixture
def client(app, evaluations):
    return TestClient(app[0], base_url="http://127.0.0.1:7860", follow_redirects=False)


def text(response):
    parser = HTMLParser()
    words = []
    parser.handle_data = words.append
    parser.feed(response.text)
    return " ".join(" ".join(words).split())


def test_without_evaluation_there_is_no_tab():
    client = TestClient(build_app(FakeService()), base_url="http://127.0.0.1")
    assert client.get("/runs").status_code == 404
    assert client.post("/runs").status_code in (404, 405)


def test_every_run_is_in_the_list_with_its_figures_or_with_why_it_has_none(client):
    shown = text(client.get("/runs"))
    assert re.search(r"after sample questions · 42 questions · 5 May 2026, [\d:]+ 88% – 2.1 s before", shown)
    assert "3 of 10 questions Stopped. Go on" in shown
    assert "broken broken.json, line 7: the file ends in the middle" in shown
    headings = re.search(r"Compare Run (.*?) after", shown)[1]
    assert headings == "Found False answers Median time"


def test_an_empty_list_says_in_one_sentence_how_to_fill_it(client, evaluations):
    evaluations.rows.clear()
    shown = text(client.get("/runs"))
    assert "There are no runs yet: start one below, or in a terminal with footnote eval run QUESTIONS ." in shown
    assert "Compare" not in shown


def test_the_tab_that_is_open_is_marked(client):
    assert '<a href="/">Ask</a><a href="/runs" aria-current="page">Evaluation</a>' in client.get("/runs").text


def test_a_run_is_its_report_with_a_way_back(client):
    response = client.get("/runs/after")
    assert text(response).startswith("Report h1{color:rgb(1,2,3)}")
    assert '<a href="/runs">← All runs</a></div><h1>Report of after</h1>' in response.text
    assert response.headers["cache-control"] == "no-store"


def test_the_newer_of_two_chosen_runs_is_held_against_the_older(client, evaluations):
    for address in ("/runs?run=after&run=before", "/runs?run=before&run=after"):
        response = client.get(address)
        assert (response.status_code, response.headers["location"]) == (303, "/runs/after/against/before")
    response = client.get("/runs/after/against/before")
    assert evaluations.calls == [("comparison", "before", "after", False)]
    assert '<a href="/runs/before/against/after">Swap the two</a>' in response.text


@pytest.mark.parametrize(("query", "number"), [("run=after", 1), ("run=after&run=before&run=cut", 3)])
def test_it_takes_two_to_compare(client, query, number):
    response = client.get(f"/runs?{query}")
    assert f"Choose two runs to compare, not {number}." in text(response)
    assert 'value="after" form="choosing" aria-label="Choose after for a comparison" checked' in response.text


def test_runs_that_cannot_be_compared_say_so_and_offer_what_they_share(client, evaluations):
    evaluations.change("after", questions="others")
    response = client.get("/runs/after/against/before")
    assert response.status_code == 409
    assert "before and after were asked other questions. Compare what both hold" in text(response)
    assert 'href="/runs/after/against/before?shared=1"' in response.text
    assert client.get("/runs/after/against/before?shared=1").status_code == 200
    assert evaluations.calls[-1] == ("comparison", "before", "after", True)


@pytest.mark.parametrize(
    "name",
    ["missing", "..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", "after.json", "after%00", "AFTER", "sets"],
)
def test_only_names_of_the_list_are_looked_up(client, evaluations, name):
    for address in (f"/runs/{name}", f"/runs/{name}/against/after", f"/runs/after/against/{name}"):
        assert client.get(address).status_code in (404, 307)
    for address in (f"/runs/{name}/stop", f"/runs/{name}/resume"):
        assert client.post(address).status_code in (404, 405)
    assert client.get(f"/runs/{name}/progress").status_code == 404
    assert evaluations.calls == []


def test_an_unknown_run_is_named_on_the_page(client):
    response = client.get("/runs/%3Cb%3Emissing")
    assert response.status_code == 404
    assert "There is no run “<b>missing”." in text(response)
    progress = client.get("/runs/%3Cb%3E/progress")
    assert (progress.status_code, progress.headers["content-type"]) == (404, "application/problem+json")
    assert progress.json()["detail"] == "There is no run “<b>”."


def test_a_run_is_started_from_the_form_and_shown(client, evaluations):
    response = client.post("/runs", data={"questions": "sample questions", "limit": "20", "quotes_only": "yes"})
    assert (response.status_code, response.headers["location"]) == (303, "/runs/new")
    client.post("/runs", data={"questions": HOSTILE_SET, "limit": " "})
    assert evaluations.calls == [
        ("start", "sample questions", 20, 0, True),
        ("start", HOSTILE_SET, None, None, False),
    ]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"questions": "sample questions", "limit": "0"}, "The limit is a whole number from 1"),
        ({"questions": "sample questions", "limit": "-3"}, "The limit is a whole number from 1"),
        ({"questions": "sample questions", "limit": "²"}, "The limit is a whole number from 1"),
        ({"questions": "sample questions", "limit": "9" * 5000}, "The limit is a whole number from 1"),
        ({"questions": "../etc/passwd"}, "There is no question set '../etc/passwd'."),
        ({"questions": "x" * 20_000}, "There is no question set ''."),
        ({}, "There is no question set ''."),
    ],
)
def test_a_start_that_cannot_be_is_refused_with_why_and_what_was_typed(client, form, words):
    response = client.post("/runs", data=form, headers=FORM)
    assert response.status_code == 400
    assert words in text(response)
    if form.get("limit") == "-3":
        assert 'value="-3"' in response.text


def test_a_run_under_way_is_shown_with_its_progress_and_can_be_stopped_and_gone_on_with(client, evaluations):
    evaluations.rows["going"] = GOING
    response = client.get("/runs/going")
    assert "3 of 40 questions, about 2 minutes left Stop Refresh" in text(response)
    assert '<progress max="40" value="3"' in response.text
    assert client.get("/runs/going/progress").json() == {
        "name": "going",
        "state": "running",
        "done": 3,
        "total": 40,
        "seconds_left": 130.0,
        "message": "",
        "words": "3 of 40 questions, about 2 minutes left",
    }
    assert "One run at a time: the next can be started when going has ended." in text(client.get("/runs"))
    stopped = client.post("/runs/going/stop")
    assert (stopped.status_code, stopped.headers["location"]) == (303, "/runs/going")
    assert "3 of 40 questions, about 2 minutes left Stopped. Go on" in text(client.get("/runs/going"))
    client.post("/runs/going/resume")
    assert evaluations.calls == [("stop", "going"), ("resume", "going")]


def test_an_action_that_is_refused_says_why(client, evaluations):
    evaluations.rows["going"] = GOING
    response = client.post("/runs/cut/resume")
    assert response.status_code == 409
    assert "A run is under way: stop it, or wait for it." in text(response)


FOREIGN = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:7860"},
    {"origin": "https://evil.example"},
    {"origin": "http://127.0.0.1:7861"},
    {"origin": "null"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("address", ["/runs", "/runs/cut/resume", "/runs/cut/stop"])
def test_other_sites_start_stop_and_resume_nothing(client, evaluations, address, headers):
    response = client.post(address, data={"questions": "sample questions"}, headers=headers)
    assert response.status_code == 403
    assert "This request comes from another site's page" in text(response)
    assert evaluations.calls == []


def test_our_own_page_may(client, evaluations):
    headers = {"origin": "http://127.0.0.1:7860", "sec-fetch-site": "same-origin"}
    assert client.post("/runs", data={"questions": "sample questions"}, headers=headers).status_code == 303
    assert client.post("/runs", content='{"questions": "sample questions"}', headers={"content-type": "text/plain"})
    assert len(evaluations.calls) == 1


def test_what_changes_something_is_no_link(client, evaluations):
    for address in ("/runs/cut/stop", "/runs/cut/resume"):
        assert client.get(address).status_code in (404, 405)
    assert evaluations.calls == []


def test_hostile_names_and_messages_stay_text(client, evaluations):
    evaluations.rows['"><script>x'] = FakeRun(
        '"><script>x', HOSTILE_SET, state="unfinished", message=HOSTILE_SET, can_resume=True
    )
    for address in ("/runs", "/runs/%22%3E%3Cscript%3Ex"):
        response = client.get(address)
        assert response.status_code == 200
        assert HOSTILE_SET in text(response)
        assert "<img" not in response.text
        assert "<script>x" not in response.text


def test_an_evaluation_that_cannot_be_read_says_so(client, evaluations, monkeypatch):
    def fail():
        raise FootnoteError("The folder of runs can't be read.")

    monkeypatch.setattr(evaluations, "runs", fail)
    assert client.get("/runs?run=a&run=b").status_code == 303
    for address in ("/runs", "/runs/after", "/runs/a/against/b"):
        response = client.get(address)
        assert response.status_code == 503, address
        assert "The folder of runs can't be read." in text(response)
    progress = client.get("/runs/after/progress")
    assert (progress.status_code, progress.headers["content-type"]) == (503, "application/problem+json")
    assert progress.json()["detail"] == "The folder of runs can't be read."


def test_the_head_says_who_is_signed_in_and_lets_them_out(tmp_path, client):
    assert 'class="account"' not in client.get("/runs").text  # nobody has to sign in here
    opened = entrance_in(tmp_path, identity="proxy", proxy_addresses=(PROXY,))
    app = build_app(FakeService(), evaluations=FakeEvaluations(NEW, CUT), entrance=opened)
    named = client_of(app, PROXY, **through_proxy("<b>ada"))
    for address in ("/runs", "/runs/cut", "/runs/missing"):
        shown = named.get(address).text
        assert '<span class="who">&lt;b&gt;ada</span></div>' in shown, address
        assert "logout" not in shown  # that is the proxy's
    opened.close()


def test_the_head_lets_somebody_with_a_session_out(tmp_path):
    opened = entrance_in(tmp_path, identity="password", access="")
    app = build_app(FakeService(), evaluations=FakeEvaluations(NEW, CUT), entrance=opened)
    client = signed_in(app)
    for address in ("/runs", "/runs/cut"):
        assert '<form method="post" action="/logout"><button>Sign out</button></form>' in client.get(address).text
    assert client.post("/logout").status_code == 303
    assert client.get("/runs").status_code == 401
    opened.close()


@pytest.mark.parametrize("address", ["/runs", "/runs/after", "/runs/cut", "/runs/missing", "/page/runs.js"])
def test_every_page_has_the_security_headers_of_the_others(client, address):
    response, chat = client.get(address), client.get("/")
    for name in ("content-security-policy", "x-content-type-options", "cross-origin-resource-policy"):
        assert response.headers[name] == chat.headers[name]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute"),
        (44, "less than a minute"),
        (46, "about 1 minute"),
        (3540, "about 59 minutes"),
        (3600, "about 1 hour"),
        (7260, "about 2 hours 1 minute"),
        (36_000, "about 10 hours"),
        (90_000, "about 25 hours"),
    ],
)
def test_a_time_left_is_said_roughly(seconds, words):
    assert duration(seconds) == words


def test_what_is_not_known_is_not_said():
    assert standing(0, None, None) == ""
    assert standing(1, 1, None) == "1 of 1 question"
    assert clock("") == ""
    assert clock("yesterday") == "yesterday"


def test_a_report_without_a_body_is_left_alone():
    assert with_way_back("<p>nothing", "x") == "<p>nothing"


# The page


@pytest.fixture(scope="module")
def shown():
    """A server whose runs the tests change; the page's script asks for them."""
    evaluations = FakeEvaluations()
    with serving(FakeService(), examples=EXAMPLES, evaluations=evaluations) as address:
        yield address, evaluations


@pytest.fixture
def open_page(browser, shown):
    address, evaluations = shown
    evaluations.rows = {row.name: row for row in (OLD, NEW, CUT, BROKEN)}
    evaluations.calls.clear()
    complaints, contexts, expected = [], [], ["status of 404"]

    def opened(path="runs", *, expects=(), **settings):
        expected.extend(expects)
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: complaints.append(f"error {error}"))
        page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        page.goto(address + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [words for words in complaints if not any(part in words for part in expected)] == []


@pytest.mark.browser
def test_the_tabs_lead_from_one_to_the_other(open_page):
    page = open_page("")
    page.wait_for_selector(".opening")
    assert page.locator(".tabs [aria-current]").inner_text() == "Ask"
    page.get_by_role("link", name="Evaluation").click()
    page.wait_for_selector("table")
    assert page.locator(".tabs [aria-current]").inner_text() == "Evaluation"
    page.get_by_role("link", name="Ask").click()
    page.wait_for_selector(".opening")


@pytest.mark.browser
@pytest.mark.parametrize("script", [True, False])
def test_a_run_is_started_watched_stopped_and_gone_on_with(open_page, shown, script):
    evaluations = shown[1]
    page = open_page(java_script_enabled=script, expects=REPORT_POLICY)
    page.locator("select").select_option("sample questions")
    page.get_by_label("At most").fill("20")
    page.get_by_label("Quotes only").check()
    page.get_by_role("button", name="Start").click()
    page.wait_for_selector("h2:text-is('new')")
    assert evaluations.calls == [("start", "sample questions", 20, 0, True)]
    assert page.locator(".message").inner_text() == "Loading the models."
    evaluations.change("new", done=5, total=20, message="", seconds_left=30.0)
    if script:
        assert page.get_by_role("link", name="Refresh").is_hidden()
        page.wait_for_selector(".words:text-is('5 of 20 questions, less than a minute left')")
        assert page.locator("progress").evaluate("bar => [bar.value, bar.max]") == [5, 20]
    else:
        page.get_by_role("link", name="Refresh").click()
    assert page.locator(".words").inner_text() == "5 of 20 questions, less than a minute left"
    page.get_by_role("button", name="Stop").click()
    page.wait_for_selector(".message:text-is('Stopped.')")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_selector("button:text-is('Stop')")
    assert evaluations.calls[1:] == [("stop", "new"), ("resume", "new")]
    evaluations.change("new", state="finished", when="2026-05-07T10:00:00+00:00")
    if script:
        page.wait_for_selector("h1:text-is('Report of new')")


@pytest.mark.browser
def test_two_runs_are_chosen_and_compared_with_the_keyboard(open_page):
    page = open_page(expects=REPORT_POLICY)
    page.get_by_label("Choose after").focus()
    page.keyboard.press("Space")
    page.get_by_label("Choose before").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Compare two runs").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:text-is('after against before')")
    page.get_by_role("link", name="All runs").click()
    page.wait_for_selector("table")


@pytest.mark.browser
def test_a_report_keeps_its_own_policy_runs_its_script_and_no_other_and_shows_the_bar(open_page):
    page = open_page("runs/after#q-7", expects=REPORT_POLICY)
    assert page.title() == "script ran"
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(1, 2, 3)"
    assert page.evaluate("getComputedStyle(document.querySelector('.way-back')).display") == "flex"
    assert page.evaluate("getComputedStyle(document.querySelector('p')).height") != "1px"
    assert page.evaluate("document.querySelector(':target').id") == "q-7"
    assert page.evaluate("fetch('/livez').then(() => 'sent', () => 'held back')") == "held back"


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["runs", "runs/going", "runs/cut", "runs/missing", ""])
def test_nothing_scrolls_sideways_on_a_phone(open_page, shown, path, scheme):
    shown[1].rows["going"] = GOING
    page = open_page(path, viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page.wait_for_selector(".masthead .tabs")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tabs, promise = page.locator(".tabs").bounding_box(), page.locator(".promise").bounding_box()
    assert tabs["y"] + tabs["height"] <= promise["y"] + 4


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_no_line_of_facts_ends_or_begins_with_a_dot(open_page, shown, width):
    shown[1].rows["long"] = FakeRun("long", "a set of questions with a long name", 7, 7)
    page = open_page(viewport={"width": width, "height": 900})
    dots = page.locator(".facts i").evaluate_all(
        """(dots) => dots.map((dot) => {
             const box = (element) => element.getBoundingClientRect();
             const fact = dot.parentElement, before = fact.previousElementSibling;
             return {shown: box(dot).left >= box(fact.parentElement).left,
                     sameLine: box(fact).top === box(before).top,
                     between: box(before).left < box(dot).left && box(dot).right <= box(before).right};
           })"""
    )
    assert {dot["sameLine"] for dot in dots} == {True, False}  # the test is about both
    for dot in dots:
        assert dot["shown"] is dot["sameLine"]
        assert dot["between"] or not dot["shown"]
    assert page.locator(".facts").evaluate_all(
        "(all) => all.every((facts) => getComputedStyle(facts).overflowX === 'hidden')"
    )


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_name_in_the_head_stands_alike_on_both_tabs(open_page, width):
    places = []
    for path in ("", "runs"):
        page = open_page(path, viewport={"width": width, "height": 900})
        page.wait_for_selector(".masthead h1 sup")
        places.append([page.locator(f".masthead h1{part}").bounding_box()["y"] for part in ("", " sup")])
    assert places[0] == pytest.approx(places[1], abs=0.5)


@pytest.mark.browser
def test_hostile_names_run_nothing(open_page, shown):
    shown[1].rows["<img src=x onerror=window.__x=2>"] = FakeRun("<img src=x onerror=window.__x=2>", HOSTILE_SET)
    page = open_page()
    assert page.get_by_role("link", name="<img src=x").count() == 1
    assert page.evaluate("window.__x") is None
    assert page.locator("img").count() == 0


@pytest.mark.browser
def test_a_server_that_is_gone_is_told_and_asked_again(browser):
    evaluations = FakeEvaluations(GOING)
    page = browser.new_page()
    with serving(FakeService(), evaluations=evaluations) as address:
        page.goto(address + "runs/going")
    page.wait_for_selector(".message:text-is('Footnote does not answer. Is it still running?')", timeout=60_000)
    page.close()


SERVE = """
from fake_evaluations import FakeEvaluations
from fake_service import FakeService
from web.server import serve

class Told(FakeEvaluations):
    def close(self):
        print("closed", flush=True)

serve(FakeService(), "127.0.0.1", 0, evaluations=Told(), announce=lambda text: print(text, flush=True))
"""


def test_the_end_of_the_server_closes_evaluation():
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "web"), os.environ["PYTHONPATH"]])
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().startswith("http://127.0.0.1:")
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=120) == ("closed\n", "")
    assert process.returncode == 0
