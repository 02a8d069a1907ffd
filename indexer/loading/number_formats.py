"""Numbers of a spreadsheet as it displays them: dates, times, percentages, decimals, thousands, currencies.

ECMA-376 part 1, sections 18.8.30 (codes) and 18.17.4 (dates as serial numbers). Dates come out in ISO 8601 whatever
their order on screen; fractions, scientific notation and colours are not followed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

GENERAL = "General"
BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 37: "#,##0", 38: "#,##0", 39: "#,##0.00",
    40: "#,##0.00", 41: "#,##0", 42: "#,##0", 43: "#,##0.00", 44: "#,##0.00",
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), 36, *range(50, 59)), "yyyy-mm-dd"),
    **dict.fromkeys((18, 19, 20, 21, *range(32, 36)), "h:mm"), 22: "yyyy-mm-dd h:mm",
    45: "mm:ss", 46: "[h]:mm", 47: "mm:ss",
}  # fmt: skip
"""The codes that have numbers instead of being written down."""

_PART = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[\$(?P<currency>[^\]-]*)[^\]]*\]|\[[^\]]*\]|[_*].'
    r"|(?P<digits>[#0?][#0?,]*(?:\.(?P<decimals>[#0?]*))?)|(?P<other>.)",
    re.DOTALL,
)
_REMOVED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # a sheet knows no time zones
_LONGEST_CODE = 255  # characters; Excel allows no more


def display(value: float, code: str, *, from_1904: bool = False) -> str:
    """A number as text.

    Args:
        value: the number that is stored.
        code: of its format, such as ``0.00%``.
        from_1904: days count from 1904, as old Macintosh files do.

    >>> [display(0.1234, "0.0%"), display(1234.5, '#,##0.00 "kg"'), display(45292.5, "d.m.yy h:mm")]
    ['12.3%', '1,234.50 kg', '2024-01-01 12:00']
    """
    form = _form(code[:_LONGEST_CODE])
    if form.is_date:
        return _date(value, form.code, _EPOCH_1904 if from_1904 else _EPOCH) or _general(value)
    if form.decimals < 0:
        return _general(value)
    number = f"{abs(value * form.factor):{form.grouping}.{form.decimals}f}"
    sign = "-" if value < 0 and any(character in "123456789" for character in number) else ""
    return f"{sign}{form.before}{number}{form.after}"


@dataclass(frozen=True, slots=True)
class _Form:
    """A code taken apart; ``decimals`` is negative for one that is followed like the general format."""

    code: str
    is_date: bool = False
    decimals: int = -1
    grouping: str = ""
    factor: int = 1
    before: str = ""
    after: str = ""


@lru_cache(maxsize=512)
def _form(code: str) -> _Form:
    code = code.split(";", maxsplit=1)[0]
    bare = _REMOVED.sub("", code).casefold()
    if bare != "general" and re.search("[dyhsm]", bare):
        return _Form(bare, is_date=True)
    parts = list(_PART.finditer(code))
    digits = next((part for part in parts if part["digits"]), None)
    if digits is None or "e+" in bare or "/" in bare:
        return _Form(bare)
    return _Form(
        bare,
        decimals=min(len(digits["decimals"] or ""), 20),
        grouping="," if re.search("[#0?],+[#0?]", digits[0]) else "",
        factor=100 ** bare.count("%"),
        before="".join(map(_literal, parts[: parts.index(digits)])).lstrip(),
        after="".join(map(_literal, parts[parts.index(digits) + 1 :])).rstrip(),
    )


def _general(value: float) -> str:
    """Up to 15 digits, as many as the format holds, without zeros at the end."""
    return f"{value:.15g}" if abs(value) < 1e15 and value == value else repr(value)  # noqa: PLR0124  # NaN


def _literal(part: re.Match[str]) -> str:
    """The characters that a part of a code shows as they are."""
    return part["quoted"] or part["escaped"] or part["currency"] or part["other"] or ""


def _date(value: float, code: str, epoch: datetime) -> str | None:
    """ISO 8601 for a serial number; hours above a day for ``[h]:mm``; ``None`` outside of the calendar."""
    try:
        moment = epoch + timedelta(seconds=round(value * 86_400))
    except (OverflowError, ValueError):
        return None
    if "[" in code:
        minutes = round(value * 1440)
        return f"{minutes // 60}:{minutes % 60:02d}"
    has_day, has_time = bool(re.search("[dy]", code)) or not re.search("[hs]", code), bool(re.search("[hs]", code))
    time = f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
    if has_day and value >= 0:
        day = f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d}"
        return f"{day} {time}" if has_time and (moment.hour or moment.minute or moment.second) else day
    return time if has_time else None
