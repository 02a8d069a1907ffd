"""Finds the date that a document states for itself, and says nothing when it is not sure.

A date counts when a word such as "published" leads to it or when it stands alone on its line, near the beginning. The
date of a file is never taken for the date of a document.
"""

from __future__ import annotations

import re
from datetime import date

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november")
_MONTH_NUMBERS = {name[:3]: number for number, name in enumerate((*_MONTHS, "december"), start=1)}
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR = r"(?:1[89]|20)\d\d"
_DATE = (
    rf"(?P<iso>{_YEAR}-\d\d(?:-\d\d)?(?!\d))"
    rf"|(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+(?P<month>{_MONTH}),?\s+(?P<year>{_YEAR})(?!\d)"
    rf"|(?P<us_month>{_MONTH})\s+(?P<us_day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<us_year>{_YEAR})(?!\d)"
    rf"|(?P<only_month>{_MONTH}),?\s+(?P<only_year>{_YEAR})(?!\d)"
    rf"|(?P<numbers>\d{{1,2}}[/.]\d{{1,2}}[/.]{_YEAR})(?!\d)"
)
_WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?"
_CUES = (
    r"date\s+published|date\s+of\s+(?:publication|issue)|publication\s+date|(?:first\s+)?published|date\s+issued|issued",
    r"dated?|meeting\s+date|report\s+date|effective(?:\s+date|\s+from)?",
    r"(?:last\s+)?(?:updated|modified|revised|reviewed)",
)
_LEAD = r"(?:\s*(?:[:=|–—-]|\bon\b|\bin\b|\bthis\b|\bof\b|\*))*\s*"
_CUED = tuple(re.compile(rf"\b(?:{cue})\b{_LEAD}{_WEEKDAY}(?:{_DATE})", re.IGNORECASE) for cue in _CUES)
_ALONE = re.compile(rf"\W*{_WEEKDAY}(?:{_DATE})\W*", re.IGNORECASE)
_WHOLE = re.compile(rf"\s*{_WEEKDAY}(?:{_DATE})(?:[T ,].*)?", re.IGNORECASE | re.DOTALL)
_HEAD = 2000
_LABEL_LINE = 120  # in a longer line a date counts only at its start: prose mentions dates of other things


def find_date(text: str) -> str | None:
    r"""The date stated near the beginning of ``text``, YYYY-MM-DD or YYYY-MM; ``None`` when there is none or a choice.

    >>> find_date("National strategy\nPublished: 20 October 2022\nUpdated 3 May 2023")
    '2022-10-20'
    >>> find_date("The law of 3 May 1999 was repealed.")
    """
    lines = text[:_HEAD].splitlines()
    for pattern in _CUED:
        matches = (match for line in lines for match in pattern.finditer(line))
        dates = {_iso(match) for match in matches if match.start() <= 2 or len(match.string) <= _LABEL_LINE} - {None}
        if dates:
            return _single(dates)
    return _single({_iso(match) for line in lines if (match := _ALONE.fullmatch(line))} - {None})


def parse_date(value: str) -> str | None:
    """The date that a whole field such as ``date: 20 October 2022`` holds; a time after it is left out."""
    match = _WHOLE.fullmatch(value[:100])
    if match:
        return _iso(match)
    return value.strip() if re.fullmatch(rf"\s*{_YEAR}\s*", value) else None


def _single(dates: set[str | None]) -> str | None:
    """The one date of the set; a month and a day within it agree, and the day is the better answer."""
    known = sorted((value for value in dates if value), key=len, reverse=True)
    return known[0] if known and all(known[0].startswith(value) for value in known) else None


def _iso(match: re.Match[str]) -> str | None:
    found = match.groupdict()
    if found["iso"]:
        year, month, *rest = found["iso"].split("-")
        return _valid(int(year), int(month), int(rest[0]) if rest else None)
    if found["numbers"]:
        day, month_number, year_number = (int(part) for part in re.split("[/.]", found["numbers"]))
        return _valid(year_number, month_number, day)
    month = found["month"] or found["us_month"] or found["only_month"]
    year = found["year"] or found["us_year"] or found["only_year"]
    day_text = found["day"] or found["us_day"]
    return _valid(int(year), _MONTH_NUMBERS[month[:3].lower()], int(day_text) if day_text else None)


def _valid(year: int, month: int, day: int | None) -> str | None:
    """ISO 8601 when the calendar has this day or month."""
    try:
        full = date(year, month, day or 1).isoformat()
    except ValueError:
        return None
    return full if day else full[:7]
