"""The desk as the settings describe it: its line, its quotas, its audit log, and how long records are kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Literal

from access.audit import AuditLog
from access.quotas import Allowance, Quotas
from access.retention import Daily
from access.waiting import Line
from feedback import remove_feedback
from pipeline import Footnote
from settings import Settings
from web.desk import Desk, Records
from web.entrance import Entrance
from web.server import Running


def running(footnote: Footnote, entrance: Entrance) -> Running:
    """How a server over this assistant runs: what is too old is removed, then the models are loaded."""
    settings = footnote.settings
    daily = retention(settings)
    daily()
    mode = audit_mode(settings)
    audit = None if mode == "off" else AuditLog(settings.state, mode)
    quotas = Quotas(settings.per_minute, lambda name: allowance(entrance, name), entrance.shared)
    records = Records(quotas, audit, daily, entrance.shared)
    line = Line(settings.slots, most_waiting=settings.queue)
    desk = Desk(
        footnote, line=line, records=records, look_at_index=index_watch(footnote), look_at_model=footnote.model_health
    )
    return Running(desk, footnote.warm_up, settings.shutdown_s, settings.metrics_token.get_secret_value())


def audit_mode(settings: Settings) -> Literal["full", "pseudonymous", "off"]:
    """What is written down of questions: by itself nothing of a person alone at their own machine."""
    if settings.audit == "auto":
        return "off" if settings.identity == "none" else "full"
    return settings.audit


def allowance(entrance: Entrance, name: str) -> Allowance | None:
    """What the visitors of an embed may ask together, as of now."""
    embed = entrance.rules.embeds.get(name) if entrance.rules else None
    return Allowance(embed.per_minute, embed.per_day) if embed else None


def retention(settings: Settings) -> Daily:
    """What removes records that are older than the settings say, those of a log that is no longer kept included."""

    def expire_audit(first_day: date) -> None:
        if settings.state.exists():
            AuditLog(settings.state).expire(first_day)

    def expire_feedback(first_day: date) -> None:
        remove_feedback(settings.index, lambda record: record.at[:10] < first_day.isoformat())

    return Daily(settings.retention_days, [expire_audit, expire_feedback])


def index_watch(footnote: Footnote) -> Callable[[], tuple[str, int]]:
    """What tells the index's fingerprint and how many documents it holds; they are counted when it changes.

    An index whose search engine is away can't be read, as far as questions go.
    """
    known = "", 0

    def look() -> tuple[str, int]:
        nonlocal known
        footnote.store.require_search()
        fingerprint = footnote.store.fingerprint()
        if fingerprint != known[0]:
            known = fingerprint, len(footnote.store.source_ids())
        return known

    return look
