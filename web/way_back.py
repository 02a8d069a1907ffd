"""A report as a page of the application: the same document, with a bar above it that leads back."""

from __future__ import annotations

import base64
import hashlib

from web.wording import escape

BAR_STYLE = (
    ".way-back{display:flex;flex-wrap:wrap;gap:.3rem 1.6rem;padding:.7rem max(1.1rem,50% - 31rem);"
    "border-bottom:1px solid var(--rule);"
    "background:var(--sheet);font-size:.94rem}"
)
BAR_HASH = "sha256-" + base64.b64encode(hashlib.sha256(BAR_STYLE.encode()).digest()).decode()


def with_way_back(document: str, title: str, *links: tuple[str, str]) -> str:
    """A report with a bar above it; the report's own policy, which forbids all styles but its own, learns of ours."""
    anchors = "".join(
        f'<a href="{escape(address)}">{escape(label)}</a>' for address, label in (("/runs", "← All runs"), *links)
    )
    bar = f'<div class="way-back" role="navigation" aria-label="{escape(title)}">{anchors}</div>'
    before, body, after = document.partition("<body>")
    skip, header, rest = after.partition("<header>")  # the link that skips to the report stays the first one
    after = f"{skip}{bar}{header}{rest}" if header else f"{bar}{after}" if body else ""
    before = before.replace("style-src ", f"style-src '{BAR_HASH}' ", 1)
    return f"{before.replace('</head>', f'<style>{BAR_STYLE}</style></head>', 1)}{body}{after}"
