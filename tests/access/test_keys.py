"""The secrets: a file for its owner only, strong keys, and no word of them anywhere else."""

import os
import re
import stat

import pytest

from access.keys import Keys, Secrets, check_password, ensure_server_key, forget_key, keys_path, new_key, read_keys
from schema import FootnoteError

STRONG = "Zq3-hT7wXe9_rLm2KpVbY8cNdF4gJ6sA"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "footnote-access.keys"


def written(path, text, mode=0o600):
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def test_the_keys_stand_beside_the_access_file(tmp_path):
    assert keys_path(tmp_path / "footnote-access.toml") == tmp_path / "footnote-access.keys"


def test_a_key_is_32_random_bytes_in_a_file_for_its_owner(path):
    key = new_key(path, "hr")
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    other = new_key(path, "wiki")
    secrets = read_keys(path)
    assert secrets.embeds == {"hr": key, "wiki": other}
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", secrets.server)
    assert len({key, other, secrets.server}) == 3


def test_a_wide_umask_makes_no_wide_file(path):
    old = os.umask(0)
    try:
        new_key(path, "hr")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        new_key(path, "hr")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(old)


@pytest.mark.parametrize("mode", [0o601, 0o602, 0o604, 0o610, 0o620, 0o640, 0o644, 0o660, 0o666, 0o777])
def test_a_file_that_others_may_read_is_refused(path, mode):
    new_key(path, "hr")
    path.chmod(mode)
    for use in (lambda: Keys(path, environment={}), lambda: new_key(path, "wiki"), lambda: forget_key(path, "hr")):
        with pytest.raises(FootnoteError, match=rf"may be read by others \(mode {mode:04o}\).*chmod 600"):
            use()


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_ones_own_is_taken(path, mode):
    new_key(path, "hr")
    path.chmod(mode)
    assert Keys(path, environment={}).of("hr")


def test_a_new_key_takes_the_place_of_the_old_and_touches_nothing_else(path):
    heading = '# ours\npassword = "three unusual words"  # by Ines\n'
    written(path, f'{heading}\n[embeds]\nhr = "{STRONG}"\n# the wiki\nwiki = "{STRONG[::-1]}"\n')
    keys = Keys(path, environment={})
    assert keys.of("hr") == STRONG.encode()
    assert keys.own("hr") is None
    key = new_key(path, "hr")
    assert keys.of("hr") == key.encode()
    assert keys.of("wiki") == STRONG[::-1].encode()
    assert keys.own("hr") is not None
    text = path.read_text("utf-8")
    assert text.startswith("# ours\n")
    assert '"three unusual words"  # by Ines' in text
    assert "# the wiki" in text
    assert STRONG not in text


def test_a_key_that_is_taken_away_is_gone(path):
    new_key(path, "hr")
    keys = Keys(path, environment={})
    assert keys.own("hr")
    forget_key(path, "hr")
    assert (keys.of("hr"), keys.own("hr")) == (None, None)
    forget_key(path, "hr")


def test_the_servers_key_is_made_once(path):
    ensure_server_key(path)
    first = read_keys(path).server
    ensure_server_key(path)
    new_key(path, "hr")
    assert read_keys(path).server == first


def test_without_a_file_there_are_no_secrets(path):
    keys = Keys(path, environment={})
    assert (keys.of("hr"), keys.own("hr"), keys.password, keys.proxy, keys.oidc_client_secret) == (
        None,
        None,
        "",
        "",
        "",
    )
    assert read_keys(path) == Secrets()


@pytest.mark.parametrize(
    "weak",
    [
        *("", "tiny", "A" * 43, "abc" * 20, "0123456701234567" * 4, STRONG[:31], "changeme" * 6),
        *(f"{STRONG[:28]}secret", f"CHANGE-ME-{STRONG}", f"your-example-{STRONG}", f"password{STRONG}"),
    ],
)
@pytest.mark.parametrize("name", ["server", "proxy_secret", "embeds.hr"])
def test_a_weak_key_is_refused_at_the_start(path, name, weak):
    written(path, f'{name} = "{weak}"\n')
    with pytest.raises(FootnoteError) as error:
        Keys(path, environment={})
    assert str(error.value).startswith(f"{path}: {name}: is too short, too simple or a default. Take 32 random bytes")
    assert not weak or weak not in str(error.value)


def test_a_strong_key_of_ones_own_is_taken(path):
    hexadecimal = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    written(path, f'server = "{STRONG}"\nproxy_secret = "{hexadecimal}"\noidc_client_secret = "x"\n')
    keys = Keys(path, environment={})
    assert (keys.proxy, keys.oidc_client_secret) == (hexadecimal, "x")


def test_one_secret_for_two_things_is_refused(path):
    written(path, f'server = "{STRONG}"\nembeds.hr = "{STRONG}"\n')
    with pytest.raises(FootnoteError, match="two secrets are the same") as error:
        Keys(path, environment={})
    assert STRONG not in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pasword = 'x'", "there is no secret 'pasword'; there are server, password, proxy_secret, oidc_client_secret"),
        ("embeds = 1", "embeds has to be a table"),
        ("server = 1", "server: has to be a text in quotes"),
        ("embeds.hr = ['x']", "embeds.hr: has to be a text in quotes"),
        ("server = 'canary\n", "is not readable TOML"),
        ("oidc_client_secret = ''", "oidc_client_secret: is empty"),
    ],
)
def test_what_is_wrong_is_said_without_a_secret(path, text, said):
    written(path, text)
    with pytest.raises(FootnoteError) as error:
        read_keys(path)
    assert said in str(error.value)
    assert "canary" not in str(error.value)
    assert error.value.__cause__ is None


@pytest.mark.parametrize(
    "weak", ["short", "eleven char", "password-2026", "aaaaaaaaaaaaaaa", "Changeme1234!", "123456789012"]
)
def test_a_weak_password_is_refused(path, weak):
    with pytest.raises(FootnoteError, match=r"^FOOTNOTE_PASSWORD: ") as error:
        Keys(path, environment={"FOOTNOTE_PASSWORD": weak})
    assert weak not in str(error.value)
    written(path, f'password = "{weak}"\n')
    with pytest.raises(FootnoteError, match=r"keys: password: "):
        Keys(path, environment={})


def test_the_password_of_the_environment_goes_before_the_files(path):
    written(path, 'password = "three unusual words"\n')
    assert Keys(path, environment={}).password == "three unusual words"
    assert (
        Keys(path, environment={"FOOTNOTE_PASSWORD": "four more unusual words"}).password == "four more unusual words"
    )
    check_password("correct horse battery", "here")


def test_a_changed_password_counts_at_once(path):
    written(path, 'password = "three unusual words"\n')
    keys = Keys(path, environment={})
    written(path, 'password = "three changed words"\n')
    assert keys.password == "three changed words"


def test_secrets_are_in_no_representation(path):
    key = new_key(path, "hr")
    keys = Keys(path, environment={"FOOTNOTE_PASSWORD": "three unusual words"})
    for shown in (repr(read_keys(path)), str(read_keys(path)), repr(keys)):
        assert key not in shown
        assert "unusual" not in shown
    assert repr(read_keys(path)) == "Secrets()"


def test_a_file_that_becomes_readable_for_others_changes_nothing_and_is_told(path, caplog):
    key = new_key(path, "hr")
    keys = Keys(path, environment={})
    path.chmod(0o644)
    assert keys.of("hr") == key.encode()
    assert "may be read by others" in caplog.text
    assert key not in caplog.text
