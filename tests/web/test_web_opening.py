from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from fake_service import FakeService
from pydantic import SecretStr

from access.audit import entries
from access.refusals import Busy
from access.visitor import Visitor
from feedback import Feedback, append_feedback, read_feedback
from indexer.milvus_client import StoreUnavailable
from settings import Settings
from web.desk import Asked
from web.entrance import Entrance
from web.opening import running
from web.probes import Readiness, readiness

EMBED = SimpleNamespace(per_minute=2, per_day=5)
RULES = SimpleNamespace(embeds=SimpleNamespace(get={"portal": EMBED}.get))


class Assistant(FakeService):
    """A scripted assistant with settings, and an index whose looks are counted."""

    def __init__(self, settings):
        super().__init__(pause_s=0)
        self.settings = settings
        self.generation, self.counted, self.warm = "ab12", 0, False
        self.store = SimpleNamespace(
            fingerprint=lambda: self.generation, source_ids=self.count, require_search=self.look_for_engine
        )
        self.engine_away = None

    def count(self):
        self.counted += 1
        return ["a", "b"]

    def look_for_engine(self):
        if self.engine_away:
            raise self.engine_away

    def warm_up(self):
        self.warm = True

    def model_health(self):
        return None


@pytest.fixture
def opened(tmp_path):
    def build(entrance=None, **values):
        (tmp_path / "index").mkdir(exist_ok=True)
        settings = Settings(index=tmp_path / "index", state=tmp_path / "state", **values)
        return running(Assistant(settings), entrance or Entrance())

    return build


def ask(desk, visitor):
    return list(desk.ask(visitor, "rest", Asked("When?")))


def test_the_settings_become_line_quotas_and_record(opened, tmp_path):
    limits = {"slots": 3, "queue": 7, "per_minute": 2, "shutdown_s": 5}
    run = opened(**limits, audit="full", metrics_token=SecretStr("x" * 20))
    assert (run.desk.line.slots, run.desk.line.most_waiting) == (3, 7)
    assert (run.shutdown_s, run.metrics_token) == (5, "x" * 20)
    for _ in range(2):
        ask(run.desk, Visitor("ann"))
    with pytest.raises(Busy):
        ask(run.desk, Visitor("ann"))
    assert [line.content["user"] for line in entries(tmp_path / "state")] == ["ann"] * 3
    run.prepare()
    assert run.desk.service.warm


@pytest.mark.parametrize(("audit", "users"), [("off", []), ("pseudonymous", ["person-"]), ("full", ["ann"])])
def test_the_record_is_as_the_setting_says(opened, tmp_path, audit, users):
    ask(opened(audit=audit).desk, Visitor("ann"))
    assert [line.content["user"][:7] for line in entries(tmp_path / "state")] == users


@pytest.mark.parametrize(("identity", "users"), [("none", []), ("proxy", ["ann"])])
def test_by_itself_only_what_people_ask_who_sign_in_is_recorded(opened, tmp_path, identity, users):
    ask(opened(identity=identity).desk, Visitor("ann"))
    assert [line.content["user"] for line in entries(tmp_path / "state")] == users


def test_an_embed_s_visitors_have_its_limits_as_of_now(opened):
    desk = opened(Entrance(rules=RULES)).desk
    for name in ("ann", "bob"):
        ask(desk, Visitor(name, embed="portal"))
    with pytest.raises(Busy, match="This page's visitors have asked 2 questions in a minute"):
        ask(desk, Visitor("cat", embed="portal"))
    ask(desk, Visitor("cat", embed="another"))


def test_what_is_too_old_goes_at_the_start_also_of_a_log_that_is_no_longer_kept(opened, tmp_path):
    (tmp_path / "index").mkdir()
    old, new = "2020-01-01T00:00:00+00:00", datetime.now(UTC).isoformat()
    for at in (old, new):
        append_feedback(tmp_path / "index", Feedback("q", "", "up", at=at))
    opened(audit="off", retention_days=1)
    assert [record.at for record in read_feedback(tmp_path / "index")] == [new]


def test_documents_are_counted_when_the_index_changes(opened):
    desk = opened().desk
    assert [desk.look_at_index() for _ in range(3)] == [("ab12", 2)] * 3
    assert desk.service.counted == 1
    desk.service.generation = "cd34"
    assert desk.look_at_index() == ("cd34", 2)
    assert desk.service.counted == 2


def test_an_index_whose_engine_is_away_is_not_ready_until_it_is_back(opened):
    desk = opened().desk
    desk.open()
    desk.service.engine_away = StoreUnavailable("Milvus is away.")
    assert readiness(desk) == Readiness(status="not ready", model="ready", index="unreadable", server="open")
    desk.service.engine_away = None
    assert readiness(desk).status == "ready"
