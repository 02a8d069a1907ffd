"""Dates: "12 October 2022" is "Oct 12th, 2022" and is no 13th; "from 1 April" is not "until 1 April".

Dates with a month only, and years for the word in front of them; a bare year as a number is
`generator.support.quantities`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MONTHS = "January February March April May June July August September October November December".split()
_SHORT = {name[:3].lower(): number for number, name in enumerate(MONTHS, start=1)}
_MONTH = (
    r"(?P<month>January|February|March|April|May|June|July|August|September|October|November|December|"
    r"Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?"
)
_YEAR = r"(?P<year>[12]\d{3})(?![\d,]*\d)"
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_FORMS = [
    re.compile(form)
    for form in (
        r"\b(?P<year>[12]\d{3})-(?P<number>[01]\d)(?:-(?P<day>[0-3]\d))?\b",
        rf"\b(?:(?P<first>[0-3]?\d)(?:st|nd|rd|th)?\s?(?:-|–|to|and)\s?)?{_DAY}\s+(?:of\s+)?{_MONTH}(?:,?\s+{_YEAR})?",
        rf"\b{_MONTH}\s+{_DAY}\b(?:,?\s+{_YEAR}|(?!\s*[-–]?\s*\d{{3}}))",
        rf"\b{_MONTH},?\s+{_YEAR}",
        r"(?<!^)(?<![.!?]\s)\b(?P<month>January|February|March|April|May|June|July|August|September|October|November"
        r"|December)\b(?!\s+[A-Z])",
        rf"(?<![\d.,£$€/-])\b{_YEAR}(?!\s?(?:%|mg|kg|people|\.\d))\b",
    )
]
_NUMERIC = re.compile(r"\b(?P<a>[0-3]?\d)[/.](?P<b>[0-3]?\d)[/.](?P<year>[12]\d{3})\b")
_ROLES = {
    "from": "from since starting beginning".split(),
    "after": "after following".split(),
    "until": ["until", "till", "through", "to"],
    "before": ["before", "prior to", "by"],
}
_CLASS = {word: role for role, words in _ROLES.items() for word in words}
_ROLE = re.compile(
    rf"\b({'|'.join(sorted(_CLASS, key=len, reverse=True))})\s+(?:(?:on|in)\s+)?(?:the\s+)?$", re.IGNORECASE
)
_BEGIN, _END = {"from", "after"}, {"until", "before"}


@dataclass(frozen=True, slots=True)
class Date:
    """A date as a text states it: any part may be missing; ``role`` is from, after, until, before or empty."""

    year: int | None
    month: int | None
    day: int | None
    role: str = ""
    start: int = 0
    end: int = 0

    def __str__(self) -> str:
        month = MONTHS[self.month - 1] if self.month else ""
        return " ".join(str(part) for part in (self.day, month, self.year) if part)

    def agrees(self, other: Date, years: set[int]) -> bool:
        """Whether another date of the evidence states each of this one's parts; ``years`` are named elsewhere in it."""
        if self.year and self.year != other.year and (other.year or self.year not in years):
            return False
        return all(mine is None or mine == its for mine, its in ((self.month, other.month), (self.day, other.day)))


def dates(text: str) -> list[Date]:
    """The dates of a text, in their order; those in digits alone in both readings, day first and month first.

    >>> [str(date) for date in dates("From 12th Oct 2022 to May 3, in 2019, not since 1 April.")]
    ['12 October 2022', '3 May', '2019', '1 April']
    """
    taken: list[tuple[int, int]] = []
    found: list[Date] = []
    for form in (_NUMERIC, *_FORMS):
        for match in form.finditer(text):
            span = match.span()
            if all(span[1] <= start or span[0] >= end for start, end in taken):
                read = list(_read(match, _role(text, match.start())))
                if read:
                    taken.append(span)
                    found += read
    return sorted(found, key=lambda date: date.start)


def date_faults(claim: Sequence[Date], held: Sequence[Date], years: set[int]) -> tuple[list[str], list[str]]:
    """What is wrong with the dates of a claim, and what is loose; ``years`` are all that the evidence names."""
    hard: list[str] = []
    soft: list[str] = []
    for date in claim:
        found = [one for one in held if date.agrees(one, years)]
        roles = {one.role for one in found}
        if not found:
            if date.month:
                hard.append(f"The date {date} is not in the cited text.")
        elif date.role and not _same_side(date.role, roles):
            others = sorted(roles - {""})
            if others:
                hard.append(f"The sentence says {date.role} {date} where the cited text says {others[0]} {date}.")
            else:
                soft.append(f"The sentence says {date.role} {date}; the cited text names the date only.")
    return hard, soft


def without_dates(text: str, found: Sequence[Date]) -> str:
    """The text with blanks for its dates that have a month, whose numbers mean nothing by themselves."""
    for date in found:
        if date.month:
            text = text[: date.start] + " " * (date.end - date.start) + text[date.end :]
    return text


def _same_side(role: str, roles: set[str]) -> bool:
    side = _BEGIN if role in _BEGIN else _END
    return bool(roles & side)


def _role(text: str, start: int) -> str:
    before = _ROLE.search(text[max(0, start - 20) : start])
    return _CLASS[before[1].lower()] if before else ""


def _read(match: re.Match[str], role: str) -> Iterator[Date]:
    groups, (start, end) = match.groupdict(), match.span()
    year = int(groups["year"]) if groups.get("year") else None
    if "a" in groups:
        first, second = int(groups["a"]), int(groups["b"])
        for day, in_month in dict.fromkeys([(first, second), (second, first)]):
            if 1 <= in_month <= 12 and 1 <= day <= 31:
                yield Date(year, in_month, day, role, start, end)
        return
    name = groups.get("month")
    month: int | None = int(groups["number"]) if groups.get("number") else _SHORT[name[:3].lower()] if name else None
    if month is not None and not 1 <= month <= 12:
        return
    for part in ("first", "day"):
        if groups.get(part) and 1 <= int(groups[part]) <= 31:
            yield Date(year, month, int(groups[part]), role, start, end)
    if not groups.get("day"):
        yield Date(year, month, None, role, start, end)
