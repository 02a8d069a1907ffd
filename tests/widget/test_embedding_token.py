"""What docs/embedding.md says of the token is what the exchange takes: its servers in two languages, and its table.

The Node.js is the one that Playwright brings along, since the browser tests need that anyway.
"""

import os
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from playwright._impl._driver import compute_driver_executable

from access.claims import HOST, LONGEST_LIFE, SKEW
from access.database import FILE, Database
from access.embeds import Embeds, add_embed, make_embed
from access.keys import Keys, keys_path, new_key
from access.policy import OPEN
from access.refusals import Refused
from access.tokens import exchange

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "embedding.md").read_text("utf-8")
SERVERS = {"portal.py": [sys.executable], "portal.mjs": [str(compute_driver_executable()[0])]}
LONGEST_S = 60


def block(name):
    """The text that the guide gives a file."""
    (text,) = re.findall(rf"<!-- \w+: {re.escape(name)} -->\n```\w+\n(.*?)```", GUIDE, re.DOTALL)
    return text


@contextmanager
def portal(name, folder, key):
    """The address of the guide's server of this name, with the page beside it, on a port that is free."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    (folder / name).write_text(re.sub(r"\b8080\b", str(port), block(name)), "utf-8")
    (folder / "index.html").write_text(block("index.html"), "utf-8")
    environment = os.environ | {"FOOTNOTE_EMBED_KEY": key}
    address = f"http://localhost:{port}"
    with subprocess.Popen([*SERVERS[name], name], cwd=folder, env=environment) as process:
        try:
            wait_for(f"{address}/index.html", process)
            yield address
        finally:
            process.terminate()


def wait_for(address, process):
    """Until this address answers."""
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until and process.poll() is None:
        with suppress(httpx.TransportError):
            httpx.get(address)
            return
        time.sleep(0.1)
    pytest.fail(f"{address} never answered")


@pytest.mark.parametrize("name", SERVERS)
def test_the_guides_servers_sign_what_the_exchange_takes(name, tmp_path):
    file = tmp_path / "footnote-access.toml"
    with portal(name, tmp_path, new_key(keys_path(file), "portal")) as address:
        add_embed(file, make_embed("portal", {"origins": [address], "collections": ["default"]}))
        assert '<footnote-widget embed="portal"' in httpx.get(f"{address}/", timeout=60).text
        answers = [httpx.post(f"{address}/footnote-token", timeout=60) for _ in range(2)]
        assert httpx.get(f"{address}/{name}.txt", timeout=60).status_code == 404
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
    first, second = (answer.json()["token"] for answer in answers)
    rules = {"embeds": Embeds(file), "keys": Keys(keys_path(file), environment={}), "policy": OPEN}
    rules |= {"database": Database(tmp_path / FILE), "origin": address, "now": time.time()}
    assert exchange(first, **rules).user == "ada"
    assert exchange(second, **rules).collections == {"default"}
    with pytest.raises(Refused):
        exchange(first, **rules)
    rules["database"].close()


def test_the_table_names_every_claim_and_says_which_have_to_be_there():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", GUIDE, re.MULTILINE))
    fields = HOST.claims.model_fields
    assert set(rows) == set(fields)
    assert {name for name, text in rows.items() if text.startswith("optional")} == {
        name for name, field in fields.items() if not field.is_required()
    }


def test_the_limits_of_the_page_are_those_of_the_code():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", GUIDE, re.MULTILINE))
    assert f"at most {HOST.longest:,} characters" in GUIDE
    assert f'{{"alg": "HS256", "typ": "{HOST.typ}"}}' in GUIDE
    assert f"{SKEW} seconds" in rows["iat"]
    assert f"{LONGEST_LIFE} seconds" in rows["exp"]
    for name, sizes in (("jti", (8, 128)), ("sub", (0, 256)), ("groups", (0, 500)), ("collections", (0, 200))):
        assert fits(name, sizes[1])
        assert not fits(name, sizes[1] + 1)
        assert not sizes[0] or (fits(name, sizes[0]) and not fits(name, sizes[0] - 1))
        assert all(str(size) in rows[name] for size in sizes if size)


def fits(name, size):
    """Whether a claim may have this many characters, or entries."""
    value = "x" * size if name in ("jti", "sub") else ["x"] * size
    claims = {"iss": "portal", "aud": "footnote", "origin": "http://localhost", "iat": 0, "exp": 1, "jti": "12345678"}
    with suppress(ValueError):
        return bool(HOST.claims.model_validate(claims | {name: value}))
    return False
