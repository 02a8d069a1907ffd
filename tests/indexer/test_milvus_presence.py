"""A Milvus that is away: nobody waits for it twice, and it is looked for until it answers."""

import pytest

from indexer import milvus_presence
from indexer.milvus_client import StoreUnavailable
from indexer.milvus_presence import Presence
from schema import FootnoteError

GONE = StoreUnavailable("Milvus at https://milvus.example did not answer.")


class Looks:
    """Looks that end as they are told to, the last one again and again."""

    def __init__(self, *ends):
        self.ends, self.made = list(ends), 0

    def __call__(self):
        self.made += 1
        end = self.ends.pop(0) if len(self.ends) > 1 else self.ends[0]
        if end:
            raise end


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(milvus_presence, "LOOK_EVERY_S", 0)


def searched(presence, end=None):
    """Whether a search was made, which ends in this way."""
    made = False
    try:
        with presence.asked():
            made = True
            if end:
                raise end
    except StoreUnavailable:
        return made
    return True


def looked(presence):
    """Wait until nobody looks any more."""
    if presence._looker:
        presence._looker.join(30)
        assert not presence._looker.is_alive()


def test_after_a_search_that_failed_no_other_is_made_until_it_is_there_again(caplog):
    looks = Looks(GONE, GONE, None)
    presence = Presence(looks)
    assert searched(presence)
    presence.require()
    assert looks.made == 0
    assert searched(presence, GONE)
    assert looks.made == 0
    assert not searched(presence)
    looked(presence)
    assert looks.made == 3
    assert searched(presence)
    presence.require()
    assert [record.getMessage() for record in caplog.records] == [
        "Milvus at https://milvus.example did not answer. Questions are not answered until it is back.",
        "Milvus is back.",
    ]


def test_who_asks_meanwhile_is_told_what_happened_and_whose_fault_it_is_not():
    presence = Presence(Looks(GONE))
    presence.lost(GONE)
    with pytest.raises(StoreUnavailable) as caught:
        presence.require()
    presence.close()
    looked(presence)
    assert (
        str(caught.value) == "Milvus at https://milvus.example did not answer. It is not asked again until it answers."
    )
    assert caught.value.__cause__ is GONE


def test_old_news_is_looked_after_when_somebody_wants_to_know(monkeypatch):
    looks = Looks(None, GONE)
    presence = Presence(looks)
    monkeypatch.setattr(milvus_presence, "FRESH_S", -1)
    presence.require()
    looked(presence)
    presence.require()
    presence.close()
    looked(presence)
    assert looks.made >= 2
    with pytest.raises(StoreUnavailable):
        presence.require()


def test_one_that_refuses_is_there():
    presence = Presence(Looks(FootnoteError("Milvus refused search.")))
    presence.lost(GONE)
    assert not searched(presence)
    looked(presence)
    assert searched(presence)


def test_one_that_is_closed_is_not_looked_for():
    looks = Looks(None)
    presence = Presence(looks)
    presence.lost(GONE)
    presence.close()
    assert not searched(presence)
    looked(presence)
    assert looks.made == 0
    assert not searched(presence)
