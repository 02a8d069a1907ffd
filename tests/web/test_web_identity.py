"""What the settings make of the door: where Footnote listens with which identity, and what is missing."""

import pytest
from entrances import PROXY, SECRET, entrance_in

from access.origins import is_loopback
from schema import FootnoteError
from settings import Settings, load_settings
from web.entrance import Entrance, check_listening, open_entrance


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("[::1]", True), ("localhost", True), ("LOCALHOST", True),
     ("0.0.0.0", False), ("::", False), ("", False), ("10.0.0.5", False), ("reports.intranet", False),  # noqa: S104
     ("localhost.evil.example", False), ("127.0.0.1.evil.example", False), ("::ffff:10.0.0.5", False),
     ("0", False), ("2130706433", False), ("127.1", False)],
)  # fmt: skip
def test_only_loopback_counts_as_this_machine(host, here):
    assert is_loopback(host) is here


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "reports.intranet", ""])  # noqa: S104
def test_without_identity_nothing_but_this_machine_is_listened_to(host):
    with pytest.raises(FootnoteError) as refused:
        check_listening(Settings(host=host))
    assert "identity to password, proxy or oidc" in str(refused.value)
    assert "FOOTNOTE_IDENTITY" in str(refused.value)
    for identity in ("password", "proxy", "oidc"):
        check_listening(Settings(host=host, identity=identity))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_without_identity_this_machine_is_listened_to(host):
    check_listening(Settings(host=host))
    check_listening(Settings(host=host, public_url="http://localhost:7860"))


def test_an_address_that_others_use_needs_an_identity():
    """A proxy on this machine would otherwise let everybody in."""
    with pytest.raises(FootnoteError, match=r"be https://ask\.example with identity = none"):
        check_listening(Settings(public_url="https://ask.example"))


def test_a_refused_server_makes_no_files(tmp_path):
    with pytest.raises(FootnoteError, match="identity = none"):
        entrance_in(tmp_path, host="0.0.0.0")  # noqa: S104
    assert not (tmp_path / "state").exists()


def test_by_default_everybody_on_this_machine_sees_everything(tmp_path):
    opened = entrance_in(tmp_path)
    assert (opened.identity.kind, opened.routers, opened.public_url) == ("none", (), "")
    opened.close()
    assert (Entrance().identity.kind, list(Entrance().origins), Entrance().visitor("a.b.c", "")) == ("none", [], None)


def test_what_is_kept_is_for_its_owner_only(tmp_path):
    opened = entrance_in(tmp_path, identity="password")
    opened.close()
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "state" / "access.sqlite").stat().st_mode & 0o777 == 0o600


def test_an_access_file_that_was_named_has_to_be_there(tmp_path):
    with pytest.raises(FootnoteError, match="is not there"):
        open_entrance(Settings(access_file=tmp_path / "access.toml", state=tmp_path / "state"))


@pytest.mark.parametrize("name", ["password", "proxy_secret", "oidc_client_secret"])
def test_secrets_do_not_belong_in_the_settings_file(tmp_path, name):
    file = tmp_path / "footnote.toml"
    file.write_text(f'{name} = "{SECRET}"', "utf-8")
    with pytest.raises(FootnoteError) as refused:
        load_settings(file=file, environment={})
    assert f"FOOTNOTE_{name.upper()}" in str(refused.value)
    assert SECRET not in str(refused.value)


def test_the_environment_may_hold_them_and_lists_are_written_in_a_line():
    environment = {
        "FOOTNOTE_IDENTITY": "proxy",
        "FOOTNOTE_PROXY_ADDRESSES": "10.0.0.5, 10.1.0.0/16",
        "FOOTNOTE_PROXY_SECRET": SECRET,
        "FOOTNOTE_OIDC_CLIENT_SECRET": "x",
    }
    settings, _ = load_settings(environment=environment)
    assert settings.proxy_addresses == ("10.0.0.5", "10.1.0.0/16")
    assert settings.proxy_secret.get_secret_value() == SECRET
    assert SECRET not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    "url",
    ["ask.example", "ftp://ask.example", "https://ask.example/", "https://ask.example/x", "https://a b", "https://*"],
)
def test_the_public_address_has_a_scheme_and_a_host_and_no_path(url):
    with pytest.raises(FootnoteError, match="public_url"):
        load_settings({"public_url": url}, environment={})


def test_the_proxys_secret_may_come_from_either_place(tmp_path):
    for settings in ({}, {"proxy_secret": "z" * 32}):
        entrance_in(tmp_path, identity="proxy", proxy_addresses=(PROXY,), **settings).close()
    with pytest.raises(FootnoteError, match="FOOTNOTE_PROXY_SECRET"):
        entrance_in(tmp_path, keys="", identity="proxy", proxy_addresses=(PROXY,))
