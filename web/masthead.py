"""The head of every page of ours: the name, the tabs, one sentence about models, who is signed in and the way out.

HTML made by pure functions, in which every word of others is text.
"""

from __future__ import annotations

from web.identity import Guest
from web.wording import escape

TABS = {"/": "Ask", "/runs": "Evaluation"}
CURRENT = ' aria-current="page"'


def masthead(status: str, guest: Guest, *, current: str = "") -> str:
    """The name, the one sentence about models, the tabs unless ``current`` is empty, and who is signed in."""
    links = "".join(
        f'<a href="{address}"{CURRENT if address == current else ""}>{label}</a>' for address, label in TABS.items()
    )
    tabs = f'<nav class="tabs" aria-label="Tabs">{links}</nav>' if current else ""
    return (
        f'<header class="masthead"><h1>Footnote<sup aria-hidden="true">1</sup></h1>{tabs}'
        f'<p class="promise">Answers from your documents, with a footnote under every sentence.</p>'
        f'<p class="models">{escape(status)}</p></header>{account(guest)}'
    )


def account(guest: Guest) -> str:
    """Who is signed in, and the way out; nothing where nobody has a name or a session."""
    name = f'<span class="who">{escape(guest.name)}</span>' if guest.name else ""
    leave = '<form method="post" action="/logout"><button>Sign out</button></form>' if guest.can_sign_out else ""
    return f'<div class="account" role="group" aria-label="Your account">{name}{leave}</div>' if name or leave else ""
