"""Thumbs: the REST route over a scripted service, and the buttons under an answer in a real browser."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from browsing import ask, finished, still
from fake_service import QUOTES, SENTENCES, FakeService
from fastapi.testclient import TestClient
from small_app import small_app

from access.visitor import Visitor
from feedback import Feedback
from web.once import Once
from web.server import build_app

PATH = "/api/v1/feedback"
FINGERPRINT = {
    "index": "i", "embedder": "e", "reranker": "none", "llm": "fake", "prompt": "p", "reader": "none",
    "calibration": "none",
}  # fmt: skip
CITATIONS = tuple(
    {name: getattr(quote, name) for name in ("source", "page", "start", "end", "quote")} for quote in QUOTES[:2]
)
BODY = {
    "question": " When? ",
    "answer": "In 2022.",
    "rating": "down",
    "wrong_citations": [2, 1, 2],
    "comment": "See page 3",
    "citations": list(CITATIONS),
    "collection": "default",
    "fingerprint": FINGERPRINT,
}


@pytest.fixture(scope="module")
def app():
    """One app for all tests of the route, since Gradio takes a while to build its page."""
    assistant = FakeService()
    return build_app(assistant), assistant


@pytest.fixture
def assistant(app):
    app[1].feedback.clear()
    return app[1]


@pytest.fixture
def client(app, assistant):
    return TestClient(app[0], base_url="http://127.0.0.1:7860")


def test_feedback_reaches_the_service_whole(client, assistant):
    response = client.post(PATH, json=BODY)
    assert (response.status_code, response.json()) == (201, {"status": "recorded"})
    (record,) = assistant.feedback
    assert record == Feedback(
        "When?", "In 2022.", "down", (1, 2), "See page 3", CITATIONS, "default", record.at, FINGERPRINT
    )


def test_a_thumb_and_a_question_are_enough(client, assistant):
    assert client.post(PATH, json={"question": "When?", "rating": "up"}).status_code == 201
    assert assistant.feedback == [Feedback("When?", "", "up", at=assistant.feedback[0].at)]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"rating": "great"}, 422),
        ({"rating": None}, 422),
        ({"extra": 1}, 422),
        ({"comment": "x" * 2001}, 422),
        ({"answer": "x" * 100_001}, 422),
        ({"question": "x" * 20_001}, 422),
        ({"collection": "../etc"}, 422),
        ({"wrong_citations": [0]}, 422),
        ({"wrong_citations": ["one"]}, 422),
        ({"citations": [{**CITATIONS[0], "title": "x"}]}, 422),
        ({"citations": [{**CITATIONS[0], "start": -1}]}, 422),
        ({"citations": [CITATIONS[0]] * 101}, 422),
        ({"fingerprint": {"index": "x" * 201}}, 422),
        ({"fingerprint": {str(number): "x" for number in range(21)}}, 422),
        ({"question": "  "}, 400),
        ({"question": "x" * 4001}, 400),
        ({"wrong_citations": [3]}, 400),
        ({"comment": "disk full"}, 503),
    ],
)
def test_a_body_that_is_not_as_described_is_refused_and_nothing_is_kept(client, assistant, change, status):
    response = client.post(PATH, json=BODY | change)
    assert response.status_code == status
    assert assistant.feedback == []
    assert response.headers["content-type"] == "application/problem+json"


def test_errors_are_sentences(client):
    response = client.post(PATH, json=BODY | {"wrong_citations": [3]})
    assert response.json()["detail"] == "There is no footnote 3; the answer has 2."


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"origin": "http://127.0.0.1:7860", "sec-fetch-site": "same-origin"}, 201),
        ({"origin": "https://127.0.0.1:7860"}, 201),  # a proxy that speaks https for us
        ({"sec-fetch-site": "none"}, 201),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:7860"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "http://127.0.0.1:7861"}, 403),
        ({"origin": "http://127.0.0.1"}, 403),
        ({"origin": "http://127.0.0.1:7860.evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "https://evil.example", "sec-fetch-site": "same-origin"}, 403),
    ],
)
def test_requests_of_other_sites_are_refused(client, assistant, headers, status):
    response = client.post(PATH, json=BODY, headers=headers)
    assert response.status_code == status
    assert len(assistant.feedback) == (status == 201)
    if status == 403:
        assert response.json()["detail"].startswith("This request comes from another site's page")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
def test_only_json_is_taken(client, assistant, kind):
    headers = {"content-type": kind} if kind else {}
    response = client.post(PATH, content=json.dumps(BODY), headers=headers)
    assert (response.status_code, response.json()["type"]) == (415, "/problems/not-json")
    assert assistant.feedback == []


def test_half_characters_are_kept_as_question_marks(client, assistant):
    body = json.dumps(BODY).replace("See page 3", "\\ud83d page").encode()
    assert client.post(PATH, content=body, headers={"content-type": "application/json"}).status_code == 201
    assert assistant.feedback[0].comment == "? page"
    refused = client.post(PATH, content=rb'{"rating": "\ud83d"}', headers={"content-type": "application/json"})
    assert refused.status_code == 422


# Sent again


KEY = {"idempotency-key": "6f1c-a"}


def test_what_is_sent_again_with_its_key_is_recorded_once(client, assistant):
    for _ in range(3):
        response = client.post(PATH, json=BODY, headers=KEY | {"x-request-id": "x"})
        assert (response.status_code, response.json()) == (201, {"status": "recorded"})
    assert len(assistant.feedback) == 1
    assert client.post(PATH, json=BODY, headers={"idempotency-key": "another"}).status_code == 201
    assert client.post(PATH, json=BODY).status_code == 201
    assert len(assistant.feedback) == 3


def test_a_key_that_comes_with_another_body_is_refused(client, assistant):
    keyed = {"idempotency-key": "of one body"[:6]}
    assert client.post(PATH, json=BODY, headers=keyed).status_code == 422  # a space is no part of a key
    keyed = {"idempotency-key": "of-one-body"}
    assert client.post(PATH, json=BODY, headers=keyed).status_code == 201
    response = client.post(PATH, json=BODY | {"comment": "other"}, headers=keyed)
    assert (response.status_code, response.json()["type"]) == (422, "/problems/key-reused")
    assert [record.comment for record in assistant.feedback] == ["See page 3"]


@pytest.mark.parametrize("key", ["", "x" * 65, "a b", "é", "x\ty"])
def test_a_key_is_up_to_64_visible_characters(client, assistant, key):
    response = client.post(PATH, json=BODY, headers={"idempotency-key": key.encode("latin-1")})
    assert response.status_code == 422
    assert client.post(PATH, json=BODY, headers={"idempotency-key": "x" * 64}).status_code == 201
    assistant.feedback.clear()


def test_what_could_not_be_recorded_may_be_sent_again(client, assistant):
    keyed = {"idempotency-key": "fails"}
    assert client.post(PATH, json=BODY | {"comment": "disk full"}, headers=keyed).status_code == 503
    assert client.post(PATH, json=BODY, headers=keyed).status_code == 201
    assert len(assistant.feedback) == 1


def test_keys_of_other_visitors_and_old_ones_are_no_ones_business():
    once, done = Once(most=2), []
    once.do(("ann", ""), "k", "one", lambda: done.append("ann"))
    once.do(("bob", ""), "k", "other", lambda: done.append("bob"))
    once.do(("", "bob"), "k", "other", lambda: done.append("embed"))
    once.do(("ann", ""), "k", "other", lambda: done.append("forgotten"))
    assert done == ["ann", "bob", "embed", "forgotten"]


def test_the_same_key_at_the_same_time_is_recorded_once():
    once, done = Once(), []

    def slow():
        time.sleep(0.05)
        done.append(1)

    threads = [threading.Thread(target=once.do, args=(("ann",), "k", "body", slow)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [1]


def test_a_widget_on_another_site_may_send_feedback(assistant):
    visitor = Visitor(user="ann", embed="portal", origin="https://host.example")
    client = TestClient(small_app(assistant, visitor), base_url="http://127.0.0.1:7860")
    headers = {"origin": "https://host.example", "sec-fetch-site": "cross-site"}
    assert client.post(PATH, json=BODY, headers=headers).status_code == 201


# The page


@pytest.fixture
def page(browser, url):
    complaints = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    page.on("pageerror", lambda error: complaints.append(f"error {error}"))
    page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    page.goto(url)
    page.wait_for_selector(".opening")
    yield page
    page.close()
    assert complaints == []


browser_test = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
]


def in_browser(test):
    for mark in browser_test:
        test = mark(test)
    return test


def recorded(page, words="Recorded"):
    page.wait_for_function(
        "words => document.querySelector('#current .recorded').textContent.startsWith(words)", arg=words
    )
    return page.locator("#current .recorded").text_content()


@in_browser
def test_a_thumb_up_is_recorded_with_the_answer_it_is_for(page, service):
    ask(page, "When?")
    finished(page)
    page.get_by_role("button", name="This answer is right").click()
    assert recorded(page) == "Recorded. Thank you."
    text = " ".join(sentence.text for sentence in SENTENCES)
    record = service.feedback[-1]
    assert record == Feedback("When?", text, "up", (), "", CITATIONS, None, record.at, FINGERPRINT)
    assert page.locator("#current .up").get_attribute("aria-pressed") == "true"
    count = len(service.feedback)
    page.locator("#current .up").click()
    page.wait_for_timeout(200)
    assert len(service.feedback) == count, "pressed twice, recorded once"


@in_browser
def test_a_thumb_down_asks_which_footnote_and_is_all_done_with_the_keyboard(page, service):
    ask(page, "When?")
    finished(page)
    page.locator("#current .down").focus()
    page.keyboard.press("Enter")
    focused = "document.activeElement.getAttribute('aria-label') || document.activeElement.className"
    assert page.evaluate(focused) == "Footnote 1: Genomics briefing, 14 October 2022, page 2"
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.locator("#current .toggle").nth(1).get_attribute("aria-pressed") == "true"
    page.keyboard.press("Tab")
    page.keyboard.type("It was 2023 <b>\n")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert recorded(page) == "Recorded. It will be a question of the next question set."
    record = service.feedback[-1]
    assert (record.rating, record.wrong_citations, record.comment) == ("down", (2,), "It was 2023 <b>\n")
    assert page.locator("#current .wrong").is_hidden()
    assert page.evaluate("document.activeElement.classList.contains('down')")


@in_browser
def test_a_form_that_is_given_up_records_nothing(page, service):
    ask(page, "When?")
    finished(page)
    count = len(service.feedback)
    down = page.locator("#current .down")
    down.click()
    assert (down.get_attribute("aria-pressed"), down.get_attribute("aria-expanded")) == ("true", "true")
    page.keyboard.press("Escape")
    assert (down.get_attribute("aria-pressed"), down.get_attribute("aria-expanded")) == ("false", "false")
    down.click()
    page.get_by_role("button", name="Cancel").click()
    assert page.locator("#current .wrong").is_hidden()
    assert len(service.feedback) == count


@in_browser
@pytest.mark.parametrize("size", [(1280, 900), (390, 844)])
def test_the_form_of_a_thumb_down_opens_above_the_question_box(page, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    ask(page, "When was it published?")
    finished(page)
    page.locator("#current .thumb.down").click()
    still(page)
    send = page.locator("#current .send").bounding_box()
    assert send["y"] + send["height"] <= page.locator("#composer").bounding_box()["y"] + 1
    assert page.evaluate("document.activeElement.matches('#current .toggle')")


@in_browser
def test_a_refusal_has_thumbs_and_no_footnotes_to_choose_from(page, service):
    ask(page, "What did it cost?")
    page.wait_for_selector(".refusal")
    finished(page)
    page.locator("#current .down").click()
    assert page.locator("#current .toggle").count() == 0
    page.locator("#current .comment").fill("3 million, page 9")
    page.get_by_role("button", name="Send").click()
    recorded(page)
    record = service.feedback[-1]
    assert (record.question, record.answer, record.citations) == ("What did it cost?", "", ())


@in_browser
def test_what_was_said_stays_visible_when_the_conversation_goes_on_and_not_in_the_next(page):
    ask(page, "When?")
    finished(page)
    page.locator("#current .up").click()
    recorded(page)
    ask(page, "And then?")
    finished(page)
    assert page.locator("#earlier .recorded").text_content() == "Recorded. Thank you."
    assert page.locator("#earlier .up").get_attribute("aria-pressed") == "true"
    assert page.locator("#current .up").get_attribute("aria-pressed") == "false"
    page.get_by_role("button", name="New conversation").click()
    page.wait_for_selector(".opening")
    page.wait_for_selector(".exchange", state="detached")
    ask(page, "When?")
    finished(page)
    assert page.locator("#current .up").get_attribute("aria-pressed") == "false"


@in_browser
def test_what_cannot_be_recorded_says_so_and_keeps_the_words(browser, url):
    page = browser.new_page()
    page.goto(url)
    ask(page, "When?")
    finished(page)
    page.locator("#current .down").click()
    page.locator("#current .comment").fill("disk full")
    page.get_by_role("button", name="Send").click()
    assert recorded(page, "Feedback") == "Feedback can't be written: the disk is full."
    assert page.locator("#current .comment").input_value() == "disk full"
    page.close()


@in_browser
def test_an_answer_that_failed_or_is_running_has_no_thumbs(page, service):
    ask(page, "broken")
    finished(page)
    assert page.locator(".thumb").count() == 0
    ask(page, "held, when?")
    page.wait_for_selector("#current .sentence")
    assert page.locator("#current .thumb").count() == 0
    service.go_on.set()
    finished(page)
    assert page.locator("#current .thumb").count() == 2


@in_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_fits_a_phone(browser, url, scheme):
    page = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page.goto(url)
    ask(page, "When?")
    finished(page)
    page.locator("#current .down").click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for name in (".thumb", ".toggle", ".send", ".cancel"):
        box = page.locator(f"#current {name}").last.bounding_box()
        assert box["height"] >= 32
        assert box["x"] + box["width"] <= 360
    page.close()


class Elsewhere(BaseHTTPRequestHandler):
    """A page of another origin that tries every way a browser has to post to Footnote."""

    target = ""

    def do_GET(self):
        body = json.dumps(json.dumps(BODY))
        page = f"""<form method=post enctype=text/plain action="{self.target}" target=frame>
          <input name='{{"question": "x", "rating": "up", "comment": "' value='"}}'></form>
          <iframe name=frame></iframe><script>
          const body = {body}, tries = [
            fetch("{self.target}", {{method: "POST", mode: "no-cors", body}}),
            fetch("{self.target}", {{method: "POST", headers: {{"Content-Type": "application/json"}}, body}}),
            fetch("{self.target}", {{method: "POST", mode: "no-cors", body: new Blob([body], {{type: "text/plain"}})}}),
          ];
          navigator.sendBeacon("{self.target}", body);
          document.forms[0].submit();
          Promise.allSettled(tries).then(() => setTimeout(() => document.title = "tried", 300));</script>"""
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *_):
        pass


@contextmanager
def other_site(target):
    handler = type("Handler", (Elsewhere,), {"target": target})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@in_browser
def test_a_page_of_another_site_records_nothing(browser, url, service):
    count = len(service.feedback)
    with other_site(url.rstrip("/") + PATH) as address:
        page = browser.new_page()
        page.goto(address)
        page.wait_for_function("document.title === 'tried'")
        page.close()
    assert len(service.feedback) == count
