"""An OpenID Connect provider on a real socket, which signs people in as it is told, or lies as it is told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT, SECRET = "footnote", "made-by-the-provider-for-us"


@dataclass
class MockProvider:
    """What the provider knows and how it behaves; tests change it between requests.

    ``claims`` go over the true ones (``None`` takes one away), ``metadata`` over what it says of itself.
    """

    address: str = ""
    key: Any = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}, private=True))
    signing: Any = None
    header: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)
    is_down: bool = False
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tokens: list[dict[str, str]] = field(default_factory=list)

    def forget(self) -> None:
        """Behave again."""
        self.signing, self.is_down = None, False
        for one in (self.header, self.claims, self.metadata, self.answer, self.codes, self.asked, self.tokens):
            one.clear()

    def sign_in(self, location: str) -> dict[str, str]:
        """What the browser comes back with, from the address that we sent it to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        code = f"code-{secrets.token_hex(8)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def id_token(self, nonce: str) -> str:
        """The token, with whatever is wrong with it."""
        true = {
            "iss": self.address, "aud": CLIENT, "sub": "248289761001", "nonce": nonce, "name": "Ada Lovelace",
            "iat": int(time.time()), "exp": int(time.time()) + 300, "groups": ["board", "legal"],
        }  # fmt: skip
        claims = {name: value for name, value in (true | self.claims).items() if value is not None}
        header = {"alg": "RS256", "kid": "one"} | self.header
        header = {name: value for name, value in header.items() if value is not None}
        if header["alg"] in ("none", "HS256"):  # joserfc refuses to make these with a public key, or at all
            return _unsafe(header, claims, self.key.as_pem(private=False))
        return jwt.encode(header, claims, self.signing or self.key, algorithms=[header["alg"]])

    def about_itself(self) -> dict[str, Any]:
        """Its metadata."""
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "scopes_supported": ["openid", "profile", "groups"],
        } | self.metadata

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """The token endpoint: a code is good once, with the verifier that belongs to it, for our client."""
        self.tokens.append(form)
        asked = self.codes.pop(form.get("code", ""), None)
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked is None or authorization != expected or form.get("redirect_uri") != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant", "error_description": "a word of the provider's"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        token = {"access_token": "at", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])}
        return 200, {name: value for name, value in (token | self.answer).items() if value is not None}


def other_key(kid: str = "one") -> RSAKey:
    """Somebody else's key, under the same name."""
    return RSAKey.generate_key(2048, {"kid": kid}, private=True)


def curve_key() -> ECKey:
    """A key for ES256."""
    return ECKey.generate_key("P-256", {"kid": "curve"}, private=True)


def _unsafe(header: dict[str, Any], claims: dict[str, Any], public_key: bytes) -> str:
    """A token that is not signed, or signed with the public key as if it were a shared secret."""
    text = ".".join(_packed(json.dumps(part).encode()) for part in (header, claims))
    signature = hmac.digest(public_key, text.encode(), "sha256") if header["alg"] == "HS256" else b""
    return f"{text}.{_packed(signature)}"


def _packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@contextmanager
def providing() -> Iterator[MockProvider]:
    """A provider that listens until the block ends."""
    provider = MockProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked.append(self.path)
            answers = {
                "/.well-known/openid-configuration": provider.about_itself,
                "/keys": lambda: {"keys": [provider.key.as_dict(private=False)]},
            }
            self.say(*((200, answers[self.path]()) if self.path in answers else (404, {})))

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            length = int(self.headers.get("content-length", 0))
            form = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
            self.say(*provider.token(form, self.headers.get("authorization", "")))

        def say(self, status: int, content: Any) -> None:
            body = json.dumps(content).encode()
            self.send_response(503 if provider.is_down else status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
