"""What all commands share."""

from types import SimpleNamespace

from commands import common


def test_notices_are_shown_when_they_come_also_at_the_end_of_a_command(monkeypatch, capsys):
    store = SimpleNamespace(notices=["There at first."])
    footnote = SimpleNamespace(store=store, close=lambda: None)
    monkeypatch.setattr(common, "_open", lambda *_, **__: footnote)
    with common.opened_footnote():
        assert capsys.readouterr().err == "There at first.\n"
        store.notices.append("Found while it worked.")
    assert capsys.readouterr().err == "Found while it worked.\n"
