"""Several people at one page in a real browser: signing in and out, names, and answers that only their owner sees."""

import pytest
from browsing import ask, finished, serving
from entrances import PASSWORD, entrance_in, through_proxy
from fake_evaluations import NEW, FakeEvaluations
from fake_service import PUBLISHED, FakeService

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
]


@pytest.fixture(scope="module")
def behind_a_proxy(tmp_path_factory):
    opened = entrance_in(tmp_path_factory.mktemp("people"), identity="proxy", proxy_addresses=("127.0.0.1",))
    service = FakeService()
    with serving(service, entrance=opened) as address:
        yield address, service


@pytest.fixture(scope="module")
def with_a_password(tmp_path_factory):
    opened = entrance_in(tmp_path_factory.mktemp("team"), identity="password")
    with serving(FakeService(), entrance=opened) as address:
        yield address


def page_of(browser, address, user):
    """The page as somebody has it whom the proxy let in, and the ids of its sessions."""
    page, sessions = browser.new_context(extra_http_headers=through_proxy(user)).new_page(), []
    page.on("request", lambda request: "/heartbeat/" in request.url and sessions.append(request.url.rsplit("/", 1)[1]))
    page.goto(address)
    page.wait_for_selector(".opening")
    return page, sessions


def status_of(page, method, path, body=None):
    """What a request from within this page is answered with."""
    options = {"method": method, "headers": {"content-type": "application/json"}, **({"body": body} if body else {})}
    return page.evaluate("async ([path, options]) => (await fetch(path, options)).status", [path, options])


def test_two_people_ask_at_once_and_neither_reads_or_stops_the_others_answer(browser, behind_a_proxy):
    address, service = behind_a_proxy
    (ada, (session, *_)), (bob, _) = page_of(browser, address, "ada"), page_of(browser, address, "bob")
    assert ada.locator(".account .who").text_content() == "ada"
    assert bob.locator(".account .who").text_content() == "bob"
    assert ada.locator(".account button").count() == 0
    ask(ada, "held, when?")
    ada.wait_for_selector("#current .sentence")
    config = ada.evaluate("async () => (await fetch('/config')).json()")
    number = next(one["id"] for one in config["dependencies"] if not one["queue"] and one["backend_fn"])
    stop = f'{{"data": [], "fn_index": {number}, "session_hash": "{session}"}}'
    assert status_of(bob, "GET", f"/gradio_api/queue/data?session_hash={session}") == 404
    assert status_of(bob, "GET", f"/gradio_api/heartbeat/{session}") == 404
    for path in ("queue/join", "run/predict", "reset", "cancel"):
        assert status_of(bob, "POST", f"/gradio_api/{path}", stop) == 404
    assert not service.stops[-1].is_set()
    service.go_on.set()
    finished(ada)
    assert ada.locator("#current .sentence").count() == 3
    ask(bob, "When?")
    finished(bob)
    assert PUBLISHED in bob.locator("#current").text_content()
    assert "held" not in bob.locator("#earlier").text_content() + bob.locator("#current").text_content()


def test_somebody_signs_in_asks_and_signs_out(browser, with_a_password):
    page = browser.new_context().new_page()
    page.goto(with_a_password)
    assert page.url == with_a_password + "login"
    page.locator("#password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    assert page.get_by_role("alert").text_content() == "That is not the password."
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector(".opening")
    assert page.url == with_a_password
    ask(page, "When?")
    finished(page)
    assert page.evaluate("document.cookie") == ""
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_selector("#password")
    assert page.url == with_a_password + "login"
    page.goto(with_a_password)
    assert page.url == with_a_password + "login"


def test_somebody_signs_out_on_the_tab_of_evaluation(browser, tmp_path):
    opened = entrance_in(tmp_path, identity="password", access="")
    with serving(FakeService(), entrance=opened, evaluations=FakeEvaluations(NEW)) as address:
        page = browser.new_context(viewport={"width": 360, "height": 740}).new_page()
        page.goto(address + "runs")
        page.locator("#password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector("table")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_selector("#password")
        assert page.url == address + "login"
        page.context.close()


def test_the_page_to_sign_in_on_breaks_no_policy_and_asks_nobody_else(browser, with_a_password):
    page, said, asked = browser.new_context().new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(with_a_password)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") == "352px"
    assert [text for text in said if "username fields" not in text] == []  # a team's password belongs to no name
    assert all(url.startswith(with_a_password) for url in asked)


def test_another_sites_page_signs_nobody_out(browser, with_a_password):
    """Its form reaches the server, with or without the cookie, and changes nothing."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(with_a_password)
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector(".opening")
    foreign = context.new_page()
    foreign.goto("about:blank")
    foreign.set_content(f'<form method="post" action="{with_a_password}logout"><button>x</button></form>')
    with foreign.expect_navigation() as navigation:
        foreign.get_by_role("button").click()
    assert navigation.value.status in (401, 403)
    page.reload()
    page.wait_for_selector(".opening")
