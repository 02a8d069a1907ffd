"""The two ways of being turned away: not let in, and not now. What HTTP makes of them is the web's part."""

from __future__ import annotations

from schema import FootnoteError


class Refused(FootnoteError):  # noqa: N818  (what happened, not what broke)
    """Somebody is not let in.

    Its text is always the same, so that nobody learns from it which part of a forgery was right. ``reason`` says what
    was wrong, for the log: fixed words and names from our own files, never a token, a secret or what a stranger sent.
    """

    def __init__(self, reason: str) -> None:
        super().__init__("You are not let in here. Load the page again, or sign in again.")
        self.reason = reason


class Busy(FootnoteError):  # noqa: N818
    """Somebody has to wait, ``retry_after`` seconds: for a limit of their own (``is_own``, 429) or for others (503)."""

    def __init__(self, text: str, *, retry_after: float, is_own: bool) -> None:
        super().__init__(text)
        self.retry_after = retry_after
        self.is_own = is_own
