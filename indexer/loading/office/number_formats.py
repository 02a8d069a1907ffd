"""Numbers of a spreadsheet as it displays them: dates, times, percentages, decimals, thousands, currencies.

ECMA-376 part 1, sections 18.8.30 (codes) and 18.17.4 (dates as serial numbers). Dates come out in ISO 8601 whatever
their order on screen; fractions, scientific notation and colours are not followed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from math import isfinite

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
    r"|(?P<digits>[#0?][#0?,]*(?:\.(?P<decimals>[#0?]*))?(?P<scale>,*))|(?P<other>.)",
    re.DOTALL,
)
_REMOVED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # a sheet knows no time zones
_CONDITION = re.compile(r"\[[<>=]")
_MOST_THOUSANDS = 4  # commas behind the digits, each of which leaves out three of them
_LONGEST_CODE = 255  # characters; Excel allows no more


def display(value: float, code: str, *, from_1904: bool = False) -> str:
    """A number as text.

    Args:
        value: the number that is stored.
        code: of its format, such as ``0.00%``.
        from_1904: days count from 1904, as old Macintosh files do.

    >>> [display(0.1234, "0.0%"), display(1234.5, '#,##0.00 "kg"'), display(45292.5, "d.m.yy h:mm")]
    ['12.3%', '1,234.50 kg', '2024-01-01 12:00']
    >>> [display(7, "00000"), display(123456789, "000-00-0000")]
    ['00007', '123-45-6789']
    """
    form = _form(code[:_LONGEST_CODE])
    if form.is_date:
        return _date(value, form.code, _EPOCH_1904 if from_1904 else _EPOCH) or _general(value)
    if form.decimals < 0 or not isfinite(value):
        return _general(value)
    number = f"{abs(value * form.factor / form.divisor):0{form.width}{form.grouping}.{form.decimals}f}"
    if form.gaps:
        number = _spread(number, form.gaps)
    sign = "-" if value < 0 and any(character in "123456789" for character in number) else ""
    return f"{sign}{form.before}{number}{form.after}"


@dataclass(frozen=True, slots=True)
class _Form:
    """A code taken apart; ``decimals`` is negative for one that is followed like the general format.

    ``width`` is that of the number at least, with zeros in front. ``gaps`` are signs within the number, as in that of a
    telephone, each with how many digits stand behind it.
    """

    code: str
    is_date: bool = False
    decimals: int = -1
    grouping: str = ""
    width: int = 1
    gaps: tuple[tuple[str, int], ...] = ()
    factor: int = 1
    divisor: int = 1
    before: str = ""
    after: str = ""


@lru_cache(maxsize=512)
def _form(code: str) -> _Form:
    code = _sections(code)[0]
    bare = _REMOVED.sub("", code).casefold()
    if bare != "general" and re.search("[dyhsm]", bare):
        return _Form(bare, is_date=True)
    parts = list(_PART.finditer(code))
    digits = [place for place, part in enumerate(parts) if part["digits"]]
    if not digits or "e+" in bare or "/" in bare or _CONDITION.search(code):
        return _Form(bare)
    first, decimals = parts[digits[0]], min(len(parts[digits[0]]["decimals"] or ""), 20)
    thousands = len(first["scale"]) + len(re.search(",*$", first[0].split(".")[0].rstrip())[0])  # type: ignore[index]
    gaps = _gaps(parts, digits)
    grouping = "," if re.search("[#0?],+[#0?]", first[0]) and not gaps else ""
    zeros = "".join(_places(parts[place]) for place in (digits if gaps else digits[:1])).partition("0")
    least = max(1, len(zeros[1] + zeros[2]))
    return _Form(
        bare,
        decimals=decimals,
        grouping=grouping,
        width=least + (least - 1) // 3 * len(grouping) + decimals + bool(decimals),
        gaps=gaps,
        factor=100 ** bare.count("%"),
        divisor=1000 ** min(thousands, _MOST_THOUSANDS),
        before="".join(map(_literal, parts[: digits[0]])).lstrip(),
        after="".join(map(_literal, parts[(digits[-1] if gaps else digits[0]) + 1 :])).rstrip(),
    )


def _places(part: re.Match[str]) -> str:
    """The places for digits before the decimals."""
    return part["digits"].partition(".")[0].replace(",", "")


def _gaps(parts: list[re.Match[str]], digits: list[int]) -> tuple[tuple[str, int], ...]:
    """The signs between places for digits, each with the places behind it; none where there are decimals."""
    if any("." in parts[place]["digits"] for place in digits):
        return ()
    return tuple(
        ("".join(map(_literal, parts[one + 1 : other])), len(_places(parts[other]))) for one, other in pairwise(digits)
    )


def _spread(number: str, gaps: tuple[tuple[str, int], ...]) -> str:
    """Digits with signs among them, counted from the right."""
    shown = ""
    for literal, places in reversed(gaps):
        shown = literal + number[-places:] + shown
        number = number[:-places]
    return number + shown


def shows(value: float | str, code: str) -> bool:
    """Whether a format shows anything of a number or a text: its section for it may be empty, as all are in ``;;;``.

    ECMA-376 part 1, 18.8.31: sections are for positive numbers, negative ones, zero and text. Text in a format without
    a fourth one is always shown, and conditions are not followed.

    >>> [shows(5, ";;;"), shows("x", ";;;"), shows("x", ";;"), shows(0, "0;-0;"), shows(-1, "0;")]
    [False, False, True, False, False]
    """
    code = code[:_LONGEST_CODE]
    if (";" not in code and '"' not in code) or _CONDITION.search(code):
        return True
    sections = _sections(code)
    if isinstance(value, str):
        return len(sections) < 4 or not _is_empty(sections[3])
    place = 0 if value > 0 or len(sections) == 1 else 1 if value < 0 else 2
    return not _is_empty(sections[place] if place < len(sections) else sections[0])


def _is_empty(section: str) -> bool:
    """Whether a section shows nothing: spaces, and literals without characters."""
    return not re.sub(r'_.|\* |"\s*"|\s', "", section)


@lru_cache(maxsize=512)
def _sections(code: str) -> tuple[str, ...]:
    """The sections of a code, which a semicolon ends outside of literals."""
    return tuple(re.sub(r'("[^"]*"|\\.)|;', lambda match: match[1] or "\0", code, flags=re.DOTALL).split("\0"))


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
