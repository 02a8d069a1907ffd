"""One server with two embeds, in a folder: what the tests of tokens ask, forge and break."""

import base64
import hashlib
import hmac
import json

from access.database import FILE, Database
from access.embeds import Embeds
from access.keys import Keys, keys_path, new_key
from access.policy import LivePolicy
from access.tokens import exchange, mint_own_token, read_own_token

NOW = 1_800_000_000
PORTAL, WIKI = "https://portal.example", "http://wiki.example:8080"
ACCESS_FILE = f"""
[groups]
legal = ["contracts", "cases", "secrets"]
board = ["*"]
everyone = ["handbook"]

[embeds.portal]
origins = ["{PORTAL}"]
collections = ["handbook", "contracts", "cases"]

[embeds.wiki]
origins = ["{WIKI}"]
collections = ["handbook"]
"""


def encoded(part):
    """A part of a token: base64url without padding, of bytes, text or what becomes JSON."""
    if not isinstance(part, (bytes, str)):
        part = json.dumps(part)
    return base64.urlsafe_b64encode(part if isinstance(part, bytes) else part.encode("utf-8")).rstrip(b"=").decode()


def signed(header, payload, key, digest=hashlib.sha256):
    """A token made by hand, whatever is in it: nothing here is the code that is tested."""
    content = f"{encoded(header)}.{encoded(payload)}"
    return f"{content}.{encoded(hmac.new(key.encode(), content.encode(), digest).digest())}"


class World:
    """The server's files and what is open of them; the clock stands."""

    def __init__(self, folder):
        self.file = folder / "footnote-access.toml"
        self.file.write_text(ACCESS_FILE, "utf-8")
        self.key_file = keys_path(self.file)
        self.key, self.wiki_key = new_key(self.key_file, "portal"), new_key(self.key_file, "wiki")
        self.embeds, self.keys, self.policy = (
            Embeds(self.file),
            Keys(self.key_file, environment={}),
            LivePolicy(self.file),
        )
        self.path = folder / "state" / FILE
        self.database = Database(self.path)
        self.now = NOW
        self.tokens = 0

    def claims(self, **changes):
        """What the portal's server says of Anna, with changes; a claim that is ``...`` is left out."""
        self.tokens += 1
        claims = {
            "iss": "portal",
            "aud": "footnote",
            "origin": PORTAL,
            "sub": "anna",
            "groups": ["legal"],
            "iat": self.now,
            "exp": self.now + 300,
            "jti": f"token-{self.tokens:04}",
        } | changes
        return {name: value for name, value in claims.items() if value is not ...}

    def token(self, header=None, key=None, **changes):
        """A token of the portal's server, with changes to its header and claims."""
        header = {"alg": "HS256", "typ": "JWT"} | (header or {})
        return signed({k: v for k, v in header.items() if v is not ...}, self.claims(**changes), key or self.key)

    def exchange(self, token, origin=PORTAL):
        rules = {"embeds": self.embeds, "keys": self.keys, "policy": self.policy.current}
        return exchange(token, origin=origin, database=self.database, now=self.now, **rules)

    def own_token(self, origin=PORTAL, **changes):
        """A token of ours for a visitor of the portal."""
        rules = {"embeds": self.embeds, "keys": self.keys, "policy": self.policy.current}
        return mint_own_token(self.exchange(self.token(**changes), origin), now=self.now, **rules)[0]

    def read(self, token, origin=PORTAL):
        rules = {"embeds": self.embeds, "keys": self.keys, "policy": self.policy.current}
        return read_own_token(token, origin=origin, now=self.now, **rules)
