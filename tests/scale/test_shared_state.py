"""Two processes of the real server over one state folder and one Redis: together they are one server."""

import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

pytest.importorskip("redis")

sys.path.append(str(Path(__file__).parents[1] / "web"))

from entrances import ACCESS, KEYS, PASSWORD, PORTAL
from redis_servers import serving_redis

from access.audit import entries, verify
from access.keys import Keys, keys_path
from access.tokens import mint_host_token
from access.visitor import Visitor
from feedback import read_feedback

ROOT = Path(__file__).parents[2]
PER_MINUTE, PER_DAY = 3, 6
PATIENCE_S = 120
TOKEN = "token-of-the-figures"
EMBED = f'''
[embeds.NAME]
origins = ["{PORTAL}"]
collections = ["handbook"]
per_day = {PER_DAY}
'''
DAILY = ("fair", "gone", "afterwards")
"""Embeds with a limit of so many questions a day, which no busy machine is too slow for."""
SERVE = """
from types import SimpleNamespace
import access.shared
from fake_service import FakeService
from feedback import append_feedback
from settings import load_settings
from web.attempts import Attempts
from web.entrance import open_entrance
from web.opening import running
from web.server import serve

class Assistant(FakeService):
    def __init__(self, settings):
        super().__init__(pause_s=0)
        self.settings = settings
        self.store = SimpleNamespace(
            fingerprint=lambda: "ab12", source_ids=lambda: ["a", "b"], require_search=lambda: None
        )

    def warm_up(self):
        pass

    def model_health(self):
        return None

    def view(self, collections):
        return self

    def add_feedback(self, record):
        append_feedback(self.settings.index, record)

access.shared.WAIT_S = 60  # a busy machine is not a Redis that is gone
Attempts.INTERVAL_S = 1000.0  # nor are slow attempts fewer
settings, _ = load_settings()
entrance = open_entrance(settings)
assistant = Assistant(settings)
serve(assistant, "127.0.0.1", 0, entrance=entrance, running=running(assistant, entrance),
      announce=lambda text: print(text, flush=True))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    (folder / "index").mkdir()
    access_file = folder / "footnote-access.toml"
    access_file.write_text(ACCESS + "".join(EMBED.replace("NAME", name) for name in DAILY), "utf-8")
    keys = "".join(f'{name} = "{name}-Zq8LmR2vX7cN4bT1yK9wP5sD3fG6hJ0a"\n' for name in DAILY)
    keys_path(access_file).write_text(KEYS + keys, "utf-8")
    keys_path(access_file).chmod(0o600)
    return folder


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    with serving_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def two(folder, redis):
    """Two processes of one server with their addresses, once they can be asked."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "web"), os.environ["PYTHONPATH"]])
    environment = {
        "PYTHONPATH": path,
        "FOOTNOTE_INDEX": str(folder / "index"),
        "FOOTNOTE_STATE": str(folder / "state"),
        "FOOTNOTE_ACCESS_FILE": str(folder / "footnote-access.toml"),
        "FOOTNOTE_IDENTITY": "password",
        "FOOTNOTE_PER_MINUTE": str(PER_MINUTE),
        "FOOTNOTE_METRICS_TOKEN": TOKEN,
        "FOOTNOTE_SHARED": redis.address,
    }
    started = [begun(environment, folder / f"log {number}") for number in range(2)]
    try:
        yield [SimpleNamespace(process=one, address=one.stdout.readline().strip()) for one in started]
    finally:
        for one in started:
            one.kill()
            one.communicate()


def begun(environment, log):
    """A process of the server, which says its address when it can be asked."""
    environment = {**os.environ, **environment}
    with log.open("w") as errors:
        return subprocess.Popen(
            [sys.executable, "-c", SERVE], env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        )


def sign_in(server, password=PASSWORD, address="127.0.0.1"):
    """Sign in from an address of this machine; the answer, and the cookie as a header."""
    with httpx.Client(transport=httpx.HTTPTransport(local_address=address), timeout=PATIENCE_S) as client:
        answer = client.post(f"{server.address}login", data={"password": password})
    return answer, {"cookie": answer.headers.get("set-cookie", "").partition(";")[0]}


def ask(server, headers, question="When?"):
    return httpx.post(f"{server.address}api/v1/ask", json={"question": question}, headers=headers, timeout=PATIENCE_S)


def token_of(folder, embed):
    """What the server of a page signs for a visitor without a name."""
    keys = Keys(keys_path(folder / "footnote-access.toml"), environment={})
    nobody = Visitor("", frozenset({"everyone"}), None, embed, PORTAL)
    return mint_host_token(nobody, keys.of(embed), now=time.time())


def exchange(server, headers):
    return httpx.post(f"{server.address}api/v1/embed/session", headers=headers, timeout=PATIENCE_S)


def visitor(server, folder, embed):
    """The headers of a visitor of a page, who has exchanged the page's token at a process."""
    headers = {"authorization": f"Bearer {token_of(folder, embed)}", "origin": PORTAL}
    return {"authorization": f"Bearer {exchange(server, headers).json()['token']}", "origin": PORTAL}


def figures(server):
    """What a process tells of the Redis: whether it can be used, and how often it could not."""
    answer = httpx.get(f"{server.address}metrics", headers={"authorization": f"Bearer {TOKEN}"}, timeout=PATIENCE_S)
    found = dict(re.findall(r"^(footnote_shared_\w+) ([0-9.]+)$", answer.text, re.MULTILINE))
    return float(found["footnote_shared_up"]), float(found["footnote_shared_failures_total"])


def until(holds):
    """Wait for something that comes soon."""
    for _ in range(600):
        if holds():
            return
        threading.Event().wait(0.1)
    raise AssertionError("it did not come")


def test_a_session_that_was_opened_at_one_is_known_at_the_other_until_it_ends_there(two):
    _, headers = sign_in(two[0])
    sources = [f"{one.address}api/v1/sources" for one in two]
    assert [httpx.get(one, headers=headers, timeout=PATIENCE_S).status_code for one in sources] == [200, 200]
    assert httpx.post(f"{two[1].address}logout", headers=headers, timeout=PATIENCE_S).status_code == 303
    assert [httpx.get(one, headers=headers, timeout=PATIENCE_S).status_code for one in sources] == [401, 401]


def test_both_together_allow_a_person_so_many_questions_in_a_minute(two):
    _, headers = sign_in(two[0])
    assert [ask(two[number % 2], headers).status_code for number in range(4)] == [200, 200, 200, 429]
    refused = ask(two[0], headers)
    assert "You have asked 3 questions in a minute" in refused.json()["detail"]
    assert 1 <= int(refused.headers["retry-after"]) <= 60


def test_both_together_allow_a_page_s_visitors_so_many_questions_in_a_day(two, folder):
    headers = visitor(two[0], folder, "fair")
    codes = [ask(two[number % 2], headers).status_code for number in range(PER_DAY + 4)]
    assert codes == [200] * PER_DAY + [429] * 4
    assert "visitors have asked 6 questions in a day" in ask(two[1], headers).json()["detail"]


def test_wrong_passwords_count_at_both(two):
    codes = [sign_in(two[number % 2], "a wrong guess", "127.0.0.9")[0].status_code for number in range(8)]
    assert codes == [401] * 5 + [429] * 3
    assert sign_in(two[0], PASSWORD, "127.0.0.9")[0].status_code == 429
    assert sign_in(two[0])[0].status_code == 303


def test_the_token_of_a_page_is_used_up_at_both(two, folder):
    headers = {"authorization": f"Bearer {token_of(folder, 'portal')}", "origin": PORTAL}
    assert [exchange(one, headers).status_code for one in two] == [200, 401]
    own = visitor(two[0], folder, "portal")
    assert [ask(one, own).status_code for one in two] == [200, 200]


def test_feedback_with_a_key_is_recorded_once_at_whichever(two, folder):
    _, headers = sign_in(two[0])
    headers["idempotency-key"] = "one-key"
    body = {"question": "When?", "rating": "up", "comment": "once"}

    def send(number, sent):
        return httpx.post(
            f"{two[number].address}api/v1/feedback", json=sent, headers=headers, timeout=PATIENCE_S
        ).status_code

    assert [send(0, body), send(1, body), send(1, {**body, "rating": "down"})] == [201, 201, 422]
    assert [record.rating for record in read_feedback(folder / "index") if record.comment == "once"] == ["up"]


def test_what_both_write_down_at_once_is_one_chain(two, folder):
    before = sum(1 for _ in entries(folder / "state"))
    people = [sign_in(two[0])[1] for _ in range(8)]

    def ask_often(number):
        return [ask(two[number % 2], people[number], f"{number}: {turn}").status_code for turn in range(3)]

    with ThreadPoolExecutor(8) as threads:
        codes = Counter(code for codes in threads.map(ask_often, range(8)) for code in codes)
    assert codes == {200: 8 * 3}
    found = verify(folder / "state")
    assert (found.fault, found.lines) == ("", before + 24)
    asked = [line.content["question"] for line in entries(folder / "state")][before:]
    for number in range(8):
        assert [one for one in asked if one.startswith(f"{number}: ")] == [f"{number}: {turn}" for turn in range(3)]


def test_while_redis_is_gone_each_counts_for_itself_and_later_they_count_together_again(two, redis, folder):
    """What a user sees of it: answers as before, and for as long as it lasts up to twice as many of them."""
    headers = visitor(two[0], folder, "gone")
    assert [ask(two[number % 2], headers).status_code for number in range(4)] == [200] * 4
    redis.kill()
    own = [[ask(one, headers).status_code for _ in range(6)] for one in two]
    assert own == [[200] * 4 + [429] * 2] * 2  # two of the six were asked before
    told = [figures(one) for one in two]
    assert [is_up for is_up, _ in told] == [0.0, 0.0]
    assert all(failures >= 1 for _, failures in told)
    for one in two:
        answer, known = sign_in(one)
        assert answer.status_code == 303
        assert [ask(other, known).status_code for other in two] == [200, 200]
        assert httpx.get(f"{one.address}readyz", timeout=PATIENCE_S).status_code == 200
    redis.start()
    until(lambda: [figures(one)[0] for one in two] == [1.0, 1.0])
    assert [ask(one, headers).status_code for one in two] == [429, 429]  # nobody gains by an empty Redis
    another = visitor(two[1], folder, "afterwards")
    codes = [ask(two[number % 2], another).status_code for number in range(PER_DAY + 2)]
    assert codes == [200] * PER_DAY + [429] * 2
    assert verify(folder / "state").fault == ""
    for number in range(2):
        log = (folder / f"log {number}").read_text("utf-8")
        assert log.count("can't be used: ") == log.count("can be used again.") == 1
        assert "Traceback" not in log
