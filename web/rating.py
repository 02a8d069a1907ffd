"""The thumbs under an answer and the form that asks which footnote was wrong, as HTML; page.js makes them work."""

from __future__ import annotations

import json
from dataclasses import asdict

from feedback import LONGEST_COMMENT
from schema import Answer
from web.exchange import Exchange
from web.wording import escape, place

THUMBS = (
    '<div class="thumbs" role="group" aria-label="Was this answer right?">'
    '<button type="button" class="thumb up" data-rating="up" aria-pressed="false" title="This answer is right">'
    '<span class="off-screen">This answer is right</span></button>'
    '<button type="button" class="thumb down" data-rating="down" aria-pressed="false" title="This answer is wrong">'
    '<span class="off-screen">This answer is wrong</span></button></div>'
)


def rating_html(exchange: Exchange, answer: Answer, actions: str) -> str:
    """The last row of a finished answer: ``actions`` (HTML) and the thumbs; below it the form, still hidden."""
    return (
        f'<div class="rating" data-exchange-number="{exchange.number}" '
        f'data-feedback="{escape(_payload(exchange, answer))}"><div class="actions">{actions}{THUMBS}</div>'
        f'{_wrong(exchange)}<p class="recorded" role="status"></p></div>'
    )


def _payload(exchange: Exchange, answer: Answer) -> str:
    """What page.js sends with a thumb, as JSON: the answer as it was shown, and what it was made with."""
    citations = [
        {name: getattr(quote, name) for name in ("source", "page", "start", "end", "quote")}
        for quote in exchange.citations
    ]
    return json.dumps(
        {
            "question": exchange.question,
            "answer": answer.answer,
            "citations": citations,
            "fingerprint": asdict(answer.fingerprint),
        }
    )


def _wrong(exchange: Exchange) -> str:
    """The form under a thumb that points down; a refusal has no footnotes to choose from."""
    toggles = "".join(
        f'<button type="button" class="toggle" data-wrong="{quote.number}" aria-pressed="false" '
        f'aria-label="{escape(f"Footnote {quote.number}: {place(quote.title, quote.date, quote.page)}")}">'
        f"{quote.number}</button>"
        for quote in exchange.citations
    )
    which = (
        f'<div class="which" role="group" aria-label="Which footnote was wrong?"><p>Which footnote was wrong?</p>'
        f'<div class="toggles">{toggles}</div></div>'
        if toggles
        else ""
    )
    return (
        f'<div class="wrong" hidden>{which}<label>What is wrong, or where the right answer stands '
        f'<span class="optional">(optional)</span><textarea class="comment" rows="2" maxlength="{LONGEST_COMMENT}">'
        '</textarea></label><div class="sending"><button type="button" class="send">Send</button>'
        '<button type="button" class="cancel">Cancel</button></div></div>'
    )
