"""Why a file was refused that took its reader down, in sentences for people; a loader's own refusals are not these."""

from __future__ import annotations

from schema import FootnoteError


class ParserError(FootnoteError):
    """Something happened to the process that read a file; the next file gets a fresh one."""


class ParserTimedOutError(ParserError):
    """The file took longer than the limit."""


class ParserOutOfMemoryError(ParserError):
    """The file took more memory than the limit, or than there was."""


class ParserExcessError(ParserError):
    """The reader printed, sent or started more than it may."""


class ParserCrashedError(ParserError):
    """The reader died or sent what is no result; ``signal`` is the one that ended it, where one did."""

    def __init__(self, text: str, signal: int | None = None) -> None:
        super().__init__(text)
        self.signal = signal


class ParserUnavailableError(ParserError):
    """No reader can be started: the installation is at fault, not the file."""
