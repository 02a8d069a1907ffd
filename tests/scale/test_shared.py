"""What processes share in a real Redis: the same as one process would know, and what is done while it is away."""

import json
import logging
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

redis = pytest.importorskip("redis")

sys.path.append(str(Path(__file__).parents[1] / "web"))

from entrances import client_of, entrance_in  # noqa: E402
from fake_service import FakeService  # noqa: E402
from mock_provider import CLIENT, SECRET, providing  # noqa: E402
from redis_servers import RedisServer, free_port, serving_redis  # noqa: E402

from access.quotas import Allowance, Quotas  # noqa: E402
from access.refusals import Busy  # noqa: E402
from access.shared import PAUSE_S, Away, Shared, open_shared  # noqa: E402
from access.visitor import Visitor  # noqa: E402
from schema import FootnoteError  # noqa: E402
from web.attempts import Attempts  # noqa: E402
from web.oidc import SignIns  # noqa: E402
from web.once import Once  # noqa: E402
from web.problems import Problem  # noqa: E402
from web.server import build_app  # noqa: E402

START = 1_800_000_000.0
MANY = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with serving_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A busy machine is not a Redis that is gone."""
    monkeypatch.setattr("access.shared.WAIT_S", 60)


@pytest.fixture
def server(running):
    running.client().flushall()
    return running


@pytest.fixture
def two(server):
    """What two processes open of the same Redis."""
    both = Shared(server.address), Shared(server.address)
    yield both
    for one in both:
        one.close()


@pytest.fixture
def gone():
    """A Redis that isn't there, and a clock that stands still."""
    now = SimpleNamespace(at=START)
    opened = Shared(f"redis://127.0.0.1:{free_port()}/0", clock=lambda: now.at)
    yield opened
    opened.close()


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved; the library and we read it."""
    now = SimpleNamespace(at=START)
    fake = SimpleNamespace(time=lambda: now.at)
    for place in ("limits.storage.memory.time", "limits.storage.redis.time", "access.quotas.time"):
        monkeypatch.setattr(place, fake)
    return now


# The same as one process


VISITORS = (Visitor("ann"), Visitor("bob"), Visitor("ann", embed="portal"), Visitor(embed="portal"))
PORTAL = {"portal": Allowance(4, 6)}


def is_let_in(quotas, visitor):
    try:
        quotas.take(visitor)
    except Busy as busy:
        assert busy.is_own
        assert 1 <= busy.retry_after <= 86_400
        return False
    return True


@MANY
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from(VISITORS), st.sampled_from((0, 0, 0.5, 20, 61, 90_000))),
        max_size=40,
    )
)
def test_two_processes_allow_as_many_questions_as_one(server, two, clock, steps):
    server.client().flushall()
    together, alone = [Quotas(3, PORTAL.get, one) for one in two], Quotas(3, PORTAL.get)
    for which, visitor, pause in steps:
        clock.at += pause
        assert is_let_in(together[which], visitor) == is_let_in(alone, visitor)


class FewAttempts(Attempts):
    BURST, BURST_IN_ALL = 3, 5


@MANY
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 1), st.integers(1, 3), st.sampled_from((0, 0, 0, 1, 10, 35)), st.booleans()),
        max_size=60,
    )
)
def test_two_processes_allow_as_many_wrong_passwords_as_one(server, two, steps):
    server.client().flushall()
    now = [START]
    together = [FewAttempts(lambda: now[0], shared=one, wall=lambda: now[0]) for one in two]
    alone = FewAttempts(lambda: now[0])
    for which, number, pause, is_right in steps:
        now[0] += pause
        address = f"10.0.0.{number}"
        waits = together[which].take(address), alone.take(address)
        assert (waits[0] == 0.0) == (waits[1] == 0.0)
        assert 0.0 <= waits[0] <= Attempts.INTERVAL_S
        if is_right and waits[0] == 0.0:
            together[which].give_back(address)
            alone.give_back(address)


@MANY
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from("ab"), st.sampled_from("xy"), st.booleans()), max_size=30
    )
)
def test_two_processes_do_a_request_once_as_one_would(server, two, steps):
    server.client().flushall()
    together, alone = [Once(shared=one) for one in two], Once()

    def outcome(once, key, body, fails):
        done = []

        def action():
            done.append(1)
            if fails:
                raise FootnoteError("the disk is full")

        try:
            once.do(("ann", ""), key, body, action)
        except Problem as problem:
            return done, problem.kind.status
        except FootnoteError as error:
            return done, str(error)
        return done, None

    for which, key, body, fails in steps:
        assert outcome(together[which], key, body, fails) == outcome(alone, key, body, fails)


def test_threads_of_two_processes_get_no_more_than_one_would(two):
    quotas = [Quotas(100, shared=one) for one in two]
    count, lock = [0], threading.Lock()

    def ask(mine):
        let_in = sum(is_let_in(mine, Visitor("ann")) for _ in range(50))
        with lock:
            count[0] += let_in

    threads = [threading.Thread(target=ask, args=(quotas[number % 2],)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count[0] == 100


def test_passwords_that_are_tried_at_once_are_counted_before_they_are_looked_at(two):
    attempts = [Attempts(shared=one) for one in two]
    waits, lock = [], threading.Lock()

    def guess(mine):
        wait_s = mine.take("10.0.0.1")
        with lock:
            waits.append(wait_s)

    threads = [threading.Thread(target=guess, args=(attempts[number % 2],)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert waits.count(0.0) == Attempts.BURST


def test_a_request_that_the_other_process_is_at_is_to_be_sent_again(two):
    one, other = Once(shared=two[0]), Once(shared=two[1])

    def meanwhile():
        with pytest.raises(FootnoteError, match="is being recorded just now"):
            other.do(("ann",), "k", "body", lambda: pytest.fail("done twice"))

    one.do(("ann",), "k", "body", meanwhile)
    other.do(("ann",), "k", "body", lambda: pytest.fail("done twice"))


def test_a_sign_in_is_taken_once_by_its_browser_at_whichever_process(two):
    one, other = SignIns(shared=two[0]), SignIns(shared=two[1])
    state, browser, begun = one.begin("/runs?run=a")
    assert other.take(state, browser)[:4] == begun[:4]
    assert [sign_ins.take(state, browser) for sign_ins in (one, other)] == [None, None]
    state, browser, _ = one.begin("/")
    assert other.take(state, "another browser") is None
    assert one.take(state, browser) is None
    assert other.take("\udcff", browser) is None


def test_somebody_signs_in_who_begins_at_one_process_and_comes_back_to_the_other(server, tmp_path):
    with providing() as provider:
        common = {
            "identity": "oidc", "oidc_issuer": provider.address, "oidc_client_id": CLIENT,
            "oidc_client_secret": SECRET, "public_url": "http://127.0.0.1", "shared": server.address,
        }  # fmt: skip
        entrances = [entrance_in(tmp_path, **common) for _ in range(2)]
        begins, comes_back = (client_of(build_app(FakeService(), entrance=one)) for one in entrances)
        location = begins.get("/login/start", params={"next": "/runs"}).headers["location"]
        comes_back.cookies = begins.cookies
        back = comes_back.get("/login/callback", params=provider.sign_in(location))
        assert (back.status_code, back.headers["location"]) == (303, "/runs")
        begins.cookies = comes_back.cookies
        assert [one.get("/api/v1/sources").status_code for one in (begins, comes_back)] == [200, 200]
        for one in entrances:
            one.close()


# What Redis holds


def test_what_is_remembered_is_bounded_ends_and_names_nobody(server, two):
    once, sign_ins = Once(3, shared=two[0]), SignIns(shared=two[0])
    for number in range(10):
        once.do(("ann@example.org", "portal"), f"key {number}", "a comment on pay", lambda: None)
    sign_ins.begin("/")
    Quotas(3, PORTAL.get, two[0]).take(Visitor("ann@example.org", embed="portal"))
    Attempts(shared=two[0]).take("10.1.2.3")
    client = server.client()
    keys = client.keys()
    kinds = [key.split(":")[1] for key in keys]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "once": 3, "once-newest": 1, "sign-in": 1, "sign-in-newest": 1, "asked": 3, "attempts": 2
    }  # fmt: skip
    endless = [key for key in keys if client.ttl(key) < 0]
    assert sorted(key.split(":")[1] for key in endless) == ["once-newest", "sign-in-newest"]
    values = [client.get(key) if client.type(key) == "string" else client.lrange(key, 0, -1) for key in keys]
    everything = json.dumps([keys, values])
    for word in ("ann", "example", "portal", "pay", "key ", "10.1.2"):
        assert word not in everything


# While it is away


def test_each_process_goes_on_with_its_own_counts(gone):
    quotas, attempts, once, sign_ins = (
        Quotas(3, shared=gone),
        Attempts(shared=gone),
        Once(shared=gone),
        SignIns(shared=gone),
    )
    assert sum(is_let_in(quotas, Visitor("ann")) for _ in range(5)) == 3
    assert [attempts.take("10.0.0.1") == 0.0 for _ in range(6)] == [True] * 5 + [False]
    done = []
    for _ in range(2):
        once.do(("ann",), "k", "body", lambda: done.append(1))
    assert done == [1]
    with pytest.raises(Problem):
        once.do(("ann",), "k", "another", lambda: done.append(1))
    state, browser, begun = sign_ins.begin("/")
    assert sign_ins.take(state, browser) == begun
    assert sign_ins.take(state, browser) is None


def test_a_server_may_start_before_its_redis(gone):
    opened = open_shared(f"redis://{gone.where}/0", "")
    assert (opened.is_up, opened.failures) == (False, 1)
    opened.close()


def test_what_was_counted_before_counts_when_redis_comes_back_empty(tmp_path):
    with serving_redis(tmp_path) as server:
        now = SimpleNamespace(at=START)
        shared = Shared(server.address, clock=lambda: now.at)
        quotas = Quotas(3, shared=shared)
        assert [is_let_in(quotas, Visitor("ann")) for _ in range(2)] == [True, True]
        server.kill()
        assert is_let_in(quotas, Visitor("ann"))
        server.start()
        now.at += PAUSE_S
        assert not is_let_in(quotas, Visitor("ann"))
        assert is_let_in(quotas, Visitor("bob"))
        assert shared.is_up
        assert len(server.client().keys("footnote:asked:*")) == 1
        shared.close()


def test_one_caller_tries_now_and_then_and_the_log_says_it_once(tmp_path, caplog):
    with serving_redis(tmp_path) as server:
        now = SimpleNamespace(at=START)
        shared = Shared(server.address, clock=lambda: now.at)
        assert (shared.check(), shared.is_up, shared.failures) == (True, True, 0)
        server.kill()
        assert [shared.check() for _ in range(5)] == [False] * 5
        assert (shared.is_up, shared.failures) == (False, 1)
        now.at += PAUSE_S
        assert [shared.check() for _ in range(5)] == [False] * 5
        assert shared.failures == 2
        server.start()
        assert not shared.check()
        now.at += PAUSE_S
        assert (shared.check(), shared.is_up, shared.failures) == (True, True, 2)
        shared.close()
    where = f"The Redis at 127.0.0.1:{server.port} can"
    assert [(record.levelno, record.getMessage()[: len(where) + 2]) for record in caplog.records] == [
        (logging.ERROR, f"{where}'t"), (logging.WARNING, f"{where} b")
    ]  # fmt: skip


def test_a_redis_that_takes_connections_and_says_nothing_is_not_waited_for(server, monkeypatch):
    monkeypatch.setattr("access.shared.WAIT_S", 0.5)
    connected, fresh = Shared(server.address), Shared(server.address)
    until(connected.check)
    with server.frozen():
        before = connected.failures
        assert [connected.check(), fresh.check()] == [False, False]
        assert [connected.failures - before, fresh.failures] == [1, 1]
    for one in (connected, fresh):
        one.close()


def until(holds):
    """Wait for something that comes soon."""
    for _ in range(600):
        if holds():
            return
        threading.Event().wait(0.1)
    raise AssertionError("it did not come")


def test_somebody_else_at_the_port_is_no_redis():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        shared = Shared(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")
        assert not shared.check()
        thread.join()
        shared.close()


def test_a_full_redis_counts_as_one_that_is_away(server, two):
    client = server.client()
    client.config_set("maxmemory", 1)
    try:
        quotas = Quotas(3, shared=two[0])
        assert [is_let_in(quotas, Visitor("ann")) for _ in range(4)] == [True, True, True, False]
        assert not two[0].is_up
    finally:
        client.config_set("maxmemory", 0)


# Who may use it


def test_a_password_is_needed_where_there_is_one_and_never_told(tmp_path, caplog):
    server = RedisServer(tmp_path)
    server.options = ("--requirepass", "the right one")
    try:
        server.start()
        right, wrong = Shared(server.address, "the right one"), Shared(server.address, "a wrong one")
        assert [one.check() for one in (right, wrong, Shared(server.address))] == [True, False, False]
        with pytest.raises(Away) as caught:
            Shared(server.address, "a wrong one").put(("once", "a"), "text", seconds=1)
        assert "wrong one" not in caplog.text + str(caught.value)
        for one in (right, wrong):
            one.close()
    finally:
        server.kill()


def test_tls_believes_nobody_but_the_known(tmp_path, monkeypatch):
    """Without a certificate that the system knows there is no connection, with one there is."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    if not shutil.which("openssl"):
        pytest.fail("openssl is not installed", pytrace=False)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=redis", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    server = RedisServer(tmp_path)
    server.options = (
        "--port", "0", "--tls-port", str(server.port), "--tls-cert-file", str(certificate), "--tls-key-file", str(key),
        "--tls-auth-clients", "no",
    )  # fmt: skip
    try:
        server.start(ssl=True, ssl_ca_certs=str(certificate))
        address = server.address.replace("redis:", "rediss:")
        stranger = Shared(address)
        assert not stranger.check()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        known = Shared(address)
        assert known.check()
        by_name = Shared(address.replace("127.0.0.1", "localhost"))
        assert not by_name.check()  # the certificate is another's
        for one in (stranger, known, by_name):
            one.close()
    finally:
        server.kill()
