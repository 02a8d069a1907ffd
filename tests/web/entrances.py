"""Servers with a door: each way of finding out who asks, with an access file, its keys and an embed."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import httpx
from fastapi.testclient import TestClient
from httpx import Response

from access.keys import keys_path
from access.tokens import mint_own_token
from access.visitor import Visitor
from settings import Settings
from web.entrance import Entrance, open_entrance

PASSWORD = "seven unusual herons"
SECRET = "the-proxys-own-0123456789-abcdefgh-ijkl"
PROXY = "10.0.0.5"
PORTAL = "https://portal.example"
ACCESS = f"""
[groups]
legal = ["contracts"]
board = ["*"]
everyone = ["handbook"]

[embeds.portal]
origins = ["{PORTAL}", "http://localhost:8080"]
collections = ["handbook"]

[embeds.closed]
origins = ["https://closed.example"]
collections = ["handbook"]
on = false
"""
KEYS = f"""
server = "server-Zq8LmR2vX7cN4bT1yK9wP5sD3fG6hJ0a"
password = "{PASSWORD}"
proxy_secret = "{SECRET}"
[embeds]
portal = "portal-Zq8LmR2vX7cN4bT1yK9wP5sD3fG6hJ0"
closed = "closed-Zq8LmR2vX7cN4bT1yK9wP5sD3fG6hJ0"
"""


def entrance_in(folder: Path, *, access: str = ACCESS, keys: str = KEYS, **settings: object) -> Entrance:
    """An entrance over files in this folder."""
    access_file = folder / "footnote-access.toml"
    access_file.write_text(access, "utf-8")
    keys_path(access_file).write_text(keys, "utf-8")
    keys_path(access_file).chmod(0o600)
    return open_entrance(Settings(state=folder / "state", access_file=access_file, **settings))


def through_proxy(user: str = "ada", groups: str = "board", **more: str) -> dict[str, str]:
    """The headers that the proxy sends for somebody."""
    return {"x-footnote-user": user, "x-footnote-groups": groups, "x-footnote-proxy": SECRET, **more}


def token_for(entrance: Entrance, embed: str = "portal", *, age: float = 0, **fields: object) -> str:
    """A token of ours for a visitor of an embed, made so many seconds ago."""
    rules = entrance.rules
    visitor = Visitor(user="eve", collections=None, embed=embed, origin=str(fields.get("origin", PORTAL)))
    made = mint_own_token(
        visitor, embeds=rules.embeds, keys=rules.keys, policy=rules.policy.current, now=time.time() - age
    )
    return made[0]


def client_of(app: object, address: str = "127.0.0.1", **headers: str) -> TestClient:
    """Somebody who calls from this address, follows no redirect, and sends these headers each time."""
    return TestClient(
        app, base_url="http://127.0.0.1", client=(address, 50_000), headers=headers, follow_redirects=False
    )


async def answers_of(
    app: object, requests: Iterable[tuple[str, str]], **headers: str
) -> dict[tuple[str, str], Response]:
    """The answer to each method and path, asked without a socket and without a thread for each."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
        return {(method, path): await client.request(method, path) for method, path in requests}


def signed_in(app: object, password: str = PASSWORD) -> TestClient:
    """A browser that has signed in with the password."""
    client = client_of(app)
    assert client.post("/login", data={"password": password}).status_code == 303
    return client
