"""The values that a sentence states: numbers with their units, money, percentages and dates, each as a range.

"At least 28 days" is every number of days from 28 on, "October 2022" every day of that month: two values differ only
when no value is in both. What this module does not do: say what a value is about (`generator.sources.conflicts` does).
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from math import inf

from language import STOP_WORDS

ABOUT = 0.1
"""Share by which a value that is "about" another may differ from it."""

MONTHS_VARY = 0.02
"""Share by which times in different units ("30 days", "one month") may differ and be the same."""

HEDGE = re.compile(
    r"\b(?:at least|at most|up to|(?:no |not )?(?:more|less|fewer) than|over|above|under|below|"
    r"upwards of|an? (?:minimum|maximum) of|about|around|approximately|nearly|almost|roughly|some|circa|"
    r"an estimated|just) $",
    re.IGNORECASE,
)
"""What makes a range of the value after it, without being part of what is said of it."""

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
)
_WORDS = {word: float(number) for number, word in enumerate(f"{_SMALL} eighteen nineteen".split())} | {
    word: float(number)
    for number, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_WORDS |= {word: _WORDS[word] * 10 for word in "twenty thirty forty fifty sixty seventy eighty ninety".split()}
_SCALE = {"hundred": 1e2, "thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "billion": 1e9, "bn": 1e9}
_DAYS = {"day": 1.0, "week": 7.0, "fortnight": 14.0, "month": 30.4, "year": 365.0}
_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_SEASONS = {"spring": (3, 5), "summer": (6, 8), "autumn": (9, 11), "winter": (12, 12)}

_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DATE = re.compile(
    rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<month>{_MONTH})(?:,? (?P<year>\d{{4}}))?\b"
    rf"|(?P<month2>{_MONTH}) (?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?:, ?(?P<year2>\d{{4}}))?\b(?! \d{{4}})"
    rf"|(?P<month3>{_MONTH}|[Ss]pring|[Ss]ummer|[Aa]utumn|[Ww]inter),? (?:of )?(?P<year3>\d{{4}})\b"
    r"|(?<![\w.,£$€-])(?P<year4>1[5-9]\d\d|20\d\d)(?![\w%-]|[.,/]\d"
    r"| (?:people|words|members|staff|tests|patients|men|women))"
)
_NUMBER = re.compile(
    r"(?<![\w.,/-])(?P<money>[£$€])? ?(?P<digits>\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?: ?(?P<scale>hundred|"
    r"thousand|million|billion|bn|m|k)\b)?(?P<tail> ?%| per ?cent\b)?(?![\d/:]|-\d|\w*\d|s\b)"
    rf"|(?<![\w-])(?P<word>{'|'.join(_WORDS)})(?:[ -](?P<word2>one|two|three|four|five|six|seven|eight|nine))?"
    r"(?: (?P<scale2>hundred|thousand|million|billion))?(?P<tail2> per ?cent\b)?(?![\w-])",
    re.IGNORECASE,
)
_UNIT = re.compile(r"[ -](?P<unit>[^\W\d_]+)")
_AT_LEAST = re.compile(
    r"(?:at least|no fewer than|no less than|a minimum of|minimum of|not less than|from|since|after) $", re.I
)
_MORE = re.compile(r"(?:more than|over|above|exceed(?:s|ing)?|upwards of) $", re.I)
_AT_MOST = re.compile(
    r"(?:at most|up to|no more than|a maximum of|maximum of|not more than|within|by|until|before|till) $", re.I
)
_LESS = re.compile(r"(?:less than|fewer than|under|below) $", re.I)
_NEAR = re.compile(
    r"(?:about|around|approximately|nearly|almost|roughly|some|circa|c\.|an estimated|just over|just under) $", re.I
)
_OR_MORE = re.compile(r"(?: \w+)? (?:or|and) (?:more|over|older|above|longer)\b", re.I)
_OR_LESS = re.compile(r"(?: \w+)? (?:or|and) (?:less|fewer|under|younger|below)\b", re.I)
_LABEL = re.compile(
    r"(?:\b(?:no|nos|number|section|page|figure|table|chapter|part|article|phase|type|level|step|stage|version|"
    r"paragraph|para|group|grade|class|form|question|appendix|annex|schedule|room|covid|route|category|band|tier|item|"
    r"rule|act|point)s?\.?|#) ?$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it is written, where it stands, what kind it is of ("date", "%", "£", or a unit's stem), its range."""

    start: int
    end: int
    text: str
    kind: str
    low: float
    high: float

    def differs(self, other: Value) -> bool:
        """Whether both are of one kind and no value is in both ranges, or they set another bound on the same side."""
        if self.kind != other.kind:
            return False
        same_unit = self.text.split()[-1].rstrip("s") == other.text.split()[-1].rstrip("s")
        slack = 0.0 if same_unit or self.kind != "day" else MONTHS_VARY * max(abs(self.low), abs(other.low), 1.0)
        slack = slack if slack < inf else 0.0
        if self.low == other.low == -inf or self.high == other.high == inf:
            return self.low != other.low or self.high != other.high
        return self.high + slack < other.low or other.high + slack < self.low


def values_of(sentence: str) -> list[Value]:
    """The values of a sentence in their order; numbers that only name something ("section 3") are none.

    >>> [(value.text, value.kind, value.low) for value in values_of("It pays £3 million for 12 hubs.")]
    [('£3 million', '£', 3000000.0), ('12', 'hub', 12.0)]
    """
    found = [value for match in _DATE.finditer(sentence) if (value := _date(match, sentence))]
    taken = [(value.start, value.end) for value in found]
    for match in _NUMBER.finditer(sentence):
        is_free = not any(start < match.end() and match.start() < end for start, end in taken)
        if is_free and (value := _number(match, sentence)):
            found.append(value)
    return _ranges(sorted(found, key=lambda value: value.start), sentence)


def _date(match: re.Match[str], sentence: str) -> Value | None:
    month = match["month"] or match["month2"] or match["month3"]
    year, day = match["year"] or match["year2"] or match["year3"] or match["year4"], match["day"] or match["day2"]
    kind, first = ("date", int(year)) if year else ("day of the year", 2000)
    if month and month.lower() in _SEASONS:
        months = _SEASONS[month.lower()]
    else:
        months = (_MONTHS[month[:3].lower()],) * 2 if month else (1, 12)
    try:
        low = date(first, months[0], int(day or 1))
        high = date(first, months[1], int(day or calendar.monthrange(first, months[1])[1]))
    except ValueError:
        return None
    bounds = _bounds(float(low.toordinal()), float(high.toordinal()), sentence, match)
    return Value(match.start(), match.end(), match.group(), kind, *bounds)


def _number(match: re.Match[str], sentence: str) -> Value | None:
    before = sentence[: match.start()]
    if _LABEL.search(before):
        return None
    named = re.search(r"([A-Z][\w’'-]*) $", before)
    if match["digits"] and named and named.start() > 0 and not match["money"]:
        return None  # "Apollo 11": a number in a name
    amount = float(match["digits"].replace(",", "")) if match["digits"] else _WORDS[match["word"].lower()]
    amount += _WORDS[match["word2"].lower()] if match["word2"] else 0
    amount *= _SCALE[(match["scale"] or match["scale2"] or "").lower()] if match["scale"] or match["scale2"] else 1
    unit = _UNIT.match(sentence, match.end())
    following = _unit(unit["unit"]) if unit else ""
    if match["word"] and match["word"].lower() == "one" and not match["word2"] and following not in _DAYS:
        return None  # a pronoun more often than a number
    factor, kind = _DAYS.get(following, 1.0), following
    if match["money"] or match["tail"] or match["tail2"]:
        factor, kind = 1.0, match["money"] or "%"
    elif following in _DAYS:
        kind = "day"
    text = match.group().strip() + (f" {unit['unit']}" if unit and kind == "day" else "")
    bounds = _bounds(amount * factor, amount * factor, sentence, match)
    start = match.end() - len(match.group().lstrip())
    return Value(start, match.end() + (len(unit["unit"]) + 1 if unit and kind == "day" else 0), text, kind, *bounds)


def _bounds(low: float, high: float, sentence: str, match: re.Match[str]) -> tuple[float, float]:
    """The range of a value with what stands before and after it."""
    before = sentence[max(match.start() - 24, 0) : match.start()]
    if _AT_LEAST.search(before) or _MORE.search(before) or _OR_MORE.match(sentence, match.end()):
        return (high + 1e-9 if _MORE.search(before) else low), inf
    if _AT_MOST.search(before) or _LESS.search(before) or _OR_LESS.match(sentence, match.end()):
        return -inf, (low - 1e-9 if _LESS.search(before) else high)
    if _NEAR.search(before):
        return low - ABOUT * abs(low), high + ABOUT * abs(high)
    return low, high


def _ranges(values: list[Value], sentence: str) -> list[Value]:
    """Two values that are the ends of a range, as one."""
    joined: list[Value] = []
    for value in values:
        last = joined[-1] if joined else None
        between = sentence[last.end : value.start] if last else ""
        opened = bool(last and re.search(r"(?:between|from) $", sentence[max(last.start - 9, 0) : last.start], re.I))
        is_end = re.fullmatch(r" ?[-–—] ?| to ", between) or (opened and re.fullmatch(r" (?:and|until|to) ", between))
        if last and is_end and (last.kind in (value.kind, "")):
            low = last.low if last.low > -inf else last.high
            high = value.high if value.high < inf else value.low
            scaled = low * (_DAYS.get(_unit_after(value), 1.0) if last.kind == "" and value.kind == "day" else 1)
            joined[-1] = Value(
                last.start, value.end, sentence[last.start : value.end], value.kind, min(scaled, high), high
            )
        else:
            joined.append(value)
    return joined


def _unit_after(value: Value) -> str:
    return _unit(value.text.split()[-1])


def _unit(word: str) -> str:
    """A unit in the singular; "" for what only joins words."""
    word = word.lower()
    singular = word[:-1] if word.endswith("s") and not word.endswith("ss") else word
    return "" if word in STOP_WORDS else singular
