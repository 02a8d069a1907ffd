"""Where a shared Redis may be, and where its password may stand; no Redis is needed to refuse one."""

import sys

import pytest

from access.shared import check_address, open_shared
from schema import FootnoteError
from settings import Settings, load_settings


@pytest.mark.parametrize(
    ("address", "has_password"),
    [
        ("redis://127.0.0.1:6379/0", False),
        ("redis://localhost", False),
        ("redis://[::1]:6379/3", True),
        ("rediss://redis.example.org:6380/0", True),
        ("rediss://web@10.0.0.7", True),
    ],
)
def test_these_may_be_used(address, has_password):
    check_address(address, has_password=has_password)
    assert Settings(shared=address).shared == address


@pytest.mark.parametrize(
    ("address", "has_password", "missing"),
    [
        ("redis://redis.example.org", True, "TLS"),
        ("redis://10.0.0.7:6379/0", False, "TLS"),
        ("redis://127.0.0.1.example.org", True, "TLS"),
        ("redis://localhost@10.0.0.7", True, "TLS"),
        ("rediss://redis.example.org", False, "a password"),
        ("rediss://0.0.0.0", False, "a password"),
    ],
)
def test_a_redis_on_another_machine_needs_tls_and_a_password(address, has_password, missing):
    with pytest.raises(FootnoteError, match=f"has to be reached with TLS and a password; {missing} "):
        check_address(address, has_password=has_password)


@pytest.mark.parametrize(
    "address",
    [
        "localhost:6379", "http://127.0.0.1", "unix:///run/redis.sock", "redis://",
        "redis://127.0.0.1/0?ssl_cert_reqs=none",
        "rediss://h/0?ssl_check_hostname=False", "rediss://h/0#x", "redis://h/x", "redis://:pw@127.0.0.1",
        "redis://u:p@h", "redis://a b",
    ],
)  # fmt: skip
def test_anything_else_is_no_setting(address):
    with pytest.raises(FootnoteError, match="Setting shared"):
        load_settings({"shared": address}, environment={})


@pytest.mark.parametrize(
    ("address", "bare", "password"),
    [
        ("rediss://:s%40cret%2F1@redis.example.org:6380/2", "rediss://redis.example.org:6380/2", "s@cret/1"),
        ("rediss://web:s3cret@redis.example.org", "rediss://web@redis.example.org", "s3cret"),
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0", ""),
    ],
)
def test_a_password_in_the_environment_s_address_leaves_the_address(address, bare, password):
    settings, origins = load_settings(environment={"FOOTNOTE_SHARED": address})
    assert (settings.shared, settings.shared_password.get_secret_value()) == (bare, password)
    assert origins["shared"] == "environment FOOTNOTE_SHARED"
    assert "s3cret" not in repr(settings)


def test_a_password_of_its_own_goes_before_that_in_the_address():
    environment = {"FOOTNOTE_SHARED": "rediss://:old@redis.example.org", "FOOTNOTE_SHARED_PASSWORD": "new"}
    settings, _ = load_settings(environment=environment)
    assert (settings.shared, settings.shared_password.get_secret_value()) == ("rediss://redis.example.org", "new")


@pytest.mark.parametrize(
    "line", ['shared = "rediss://:s3cret@redis.example.org"', 'shared_password = "s3cret"'], ids=["address", "password"]
)
def test_no_password_stands_in_the_settings_file(tmp_path, line):
    file = tmp_path / "footnote.toml"
    file.write_text(line, "utf-8")
    with pytest.raises(FootnoteError, match="in the environment, as FOOTNOTE_SHARED_PASSWORD") as caught:
        load_settings(file=file, environment={})
    assert "s3cret" not in str(caught.value)


def test_without_an_address_nothing_is_shared_and_nothing_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    assert open_shared("", "") is None


def test_what_has_to_be_installed_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(FootnoteError, match=r'pip install "footnote\[shared\]"'):
        open_shared("redis://127.0.0.1", "")
