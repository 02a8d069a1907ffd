"""Why a token was refused stands in the server's log, and nowhere else: seldom enough, and without the token."""

import logging
import time
from pathlib import Path

import jwt
import pytest
from entrances import PORTAL, client_of, entrance_in, token_for
from fake_service import FakeService

from access.refusals import Refused
from web.refusal_log import MOST_REASONS, PAUSE_S, RefusalLog
from web.server import build_app

SESSION = "/api/v1/embed/session"


@pytest.fixture(scope="module")
def entrance(tmp_path_factory):
    opened = entrance_in(tmp_path_factory.mktemp("password"), identity="password")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def app(entrance):
    return build_app(FakeService(), entrance=entrance)


def signed(entrance, **changes):
    """A token as the portal's server signs it, with a mistake."""
    now = int(time.time())
    claims = {"iss": "portal", "aud": "footnote", "origin": PORTAL, "iat": now, "exp": now + 300, "jti": "0123456789"}
    return jwt.encode(claims | changes, entrance.rules.keys.of("portal"), algorithm="HS256")


def told(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "web.refusal_log"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"jti": "short"}, "the token of portal has other claims than agreed: jti"),
        ({"aud": "portal"}, "the token of portal has other claims than agreed: aud"),
        ({"exp": int(time.time()) + 9000}, "the token of portal lives longer than 600 s"),
        ({"origin": "https://elsewhere.example"}, "the token of portal is for another origin than the request's"),
    ],
)
def test_a_hosts_token_is_refused_with_its_reason_in_the_log_alone(app, entrance, caplog, changes, reason):
    token = signed(entrance, **changes)
    response = client_of(app).post(SESSION, headers={"authorization": f"Bearer {token}", "origin": PORTAL})
    assert response.status_code == 401
    assert told(caplog) == [f"A token of a page's server was refused: {reason}."]
    assert [record.levelno for record in caplog.records if record.name == "web.refusal_log"] == [logging.WARNING]
    assert reason not in response.text
    assert not any(part in caplog.text for part in token.split("."))


def test_the_page_on_embedding_shows_a_line_of_the_log():
    page = (Path(__file__).parents[2] / "docs" / "embedding.md").read_text("utf-8")
    assert "`A token of a page's server was refused: the token of portal has other claims than agreed: jti.`" in page


def test_a_visitors_token_is_refused_with_its_reason_in_the_log_alone(app, entrance, caplog):
    token = token_for(entrance, age=3600)
    headers = {"authorization": f"Bearer {token}", "origin": PORTAL}
    response = client_of(app).post("/api/v1/ask", json={"question": "When?"}, headers=headers)
    assert response.status_code == 401
    assert told(caplog) == ["A visitor's token was refused: the token of portal has expired."]
    assert "expired" not in response.text
    assert not any(part in caplog.text for part in token.split("."))


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_one_reason_is_told_once_a_second_and_hides_no_other(caplog):
    clock = Clock()
    log = RefusalLog(clock)
    for clock.now in (0.0, PAUSE_S / 2):
        log.note("A", Refused("x"))
        log.note("A", Refused("y"))
        log.note("B", Refused("x"))
    assert told(caplog) == ["A was refused: x.", "A was refused: y.", "B was refused: x."]
    caplog.clear()
    clock.now = PAUSE_S
    log.note("A", Refused("x"))
    assert told(caplog) == ["A was refused: x."]


def test_what_would_steer_a_terminal_is_escaped(caplog):
    RefusalLog().note("A token", Refused("é\n\x1b[2J\u202e %s"))
    assert told(caplog) == ["A token was refused: é\\u000a\\u001b[2J\\u202e %s."]


def test_no_more_reasons_are_remembered_than_are_needed():
    log = RefusalLog(Clock())
    for number in range(3 * MOST_REASONS):
        log.note("A token", Refused(str(number)))
    assert 0 < len(log._told) <= MOST_REASONS
