"""Numbers with their units and bounds: "5 mg" is not "5 g", "1,250" is "1250", "at least 5" is not "up to 5".

Plain rules for English and for metric units; what is no number with a meaning of its own (the 19 of COVID-19) is
compared as a number all the same. Years are numbers here; dates with a month are `generator.support.dates`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from generator.support.number_words import SCALES, in_digits, ordinal

_SHORT_SCALES = {"k": 10**3, "m": 10**6, "mn": 10**6, "bn": 10**9, "tn": 10**12}

_MEASURES = {  # unit: (dimension, how many of its smallest unit, names)
    "µg": ("mass", 1, "µg μg ug mcg microgram micrograms"),
    "mg": ("mass", 10**3, "mg milligram milligrams"),
    "g": ("mass", 10**6, "g gram grams gramme grammes"),
    "kg": ("mass", 10**9, "kg kilogram kilograms kilo kilos"),
    "ml": ("volume", 1, "ml millilitre millilitres milliliter milliliters"),
    "l": ("volume", 10**3, "l litre litres liter liters"),
    "mm": ("length", 1, "mm millimetre millimetres millimeter millimeters"),
    "cm": ("length", 10, "cm centimetre centimetres centimeter centimeters"),
    "m": ("length", 10**3, "m metre metres meter meters"),
    "km": ("length", 10**6, "km kilometre kilometres kilometer kilometers"),
    "%": ("%", 1, "% percent"),
    "£": ("£", 1, "£ gbp"),
    "$": ("$", 1, "$ usd dollar dollars"),
    "€": ("€", 1, "€ eur euro euros"),
    "second": ("seconds", 1, "seconds sec secs"),
    "minute": ("seconds", 60, "minute minutes min mins"),
    "hour": ("seconds", 3600, "hour hours hr hrs"),
    "day": ("days", 1, "day days"),
    "week": ("days", 7, "week weeks"),
    "month": ("months", 1, "month months"),
    "year": ("months", 12, "year years"),
    "mile": ("mile", 1, "mile miles"),
    "foot": ("foot", 1, "ft foot feet"),
    "°C": ("°C", 1, "°c celsius"),
    "°F": ("°F", 1, "°f fahrenheit"),
}
_UNITS = {name: unit for unit, (_, _, names) in _MEASURES.items() for name in names.split()}

_UNIT_NAMES = "|".join(sorted((re.escape(name) for name in _UNITS), key=len, reverse=True))
AMOUNT = re.compile(
    r"(?P<currency>[£$€])?\s?(?P<digits>\d{1,3}(?:[,\u00a0\u202f]\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?)"
    r"(?:(?P<ordinal>st|nd|rd|th)\b|(?P<decade>['’]?s)\b)?"
    r"(?:[\s-]?(?P<scale>hundred|thousand|million|billion|trillion|bn|mn|tn|k)\b|(?P<million>m)\b)?"
    rf"(?:[\s-]?(?P<unit>per\s?cent|pounds?(?:\s+sterling)?|%|(?:{_UNIT_NAMES})(?!\w)))?",
    re.IGNORECASE,
)
"""A number in digits with its currency, scale and unit."""
_RANGE = re.compile(r"\s?(?:-|–|to|and|or)\s?$")
_BOUNDS = (
    ("at least", r"(?:at least|no (?:fewer|less) than|not (?:fewer|less) than|(?:a )?minimum(?: of)?)"),
    ("at most", r"(?:at most|up to|no (?:more|greater) than|not more than|(?:a )?maximum(?: of)?|as (?:many|much) as)"),
    ("more than", r"(?:more than|greater than|over|above|exceed(?:s|ed|ing)?)"),
    ("less than", r"(?:less than|fewer than|under|below)"),
)
_BEFORE = [(bound, re.compile(rf"\b{words}\s+(?:the\s+|a\s+)?$", re.IGNORECASE)) for bound, words in _BOUNDS]
_AFTER = (
    ("at least", re.compile(r"(?:\s+\w+)?\s+(?:or|and) (?:more|over|above|older|longer)\b", re.IGNORECASE)),
    ("at most", re.compile(r"(?:\s+\w+)?\s+(?:or|and) (?:less|fewer|under|below|younger)\b", re.IGNORECASE)),
)
LOWER, UPPER = {"at least", "more than"}, {"at most", "less than"}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number: its value, its unit (empty when it has none; ``ordinal`` for 2nd), and what bounds it, if anything."""

    value: Decimal
    unit: str = ""
    bound: str = ""

    def __str__(self) -> str:
        plain = f"{self.value:f}"
        if self.unit == "ordinal":
            return ordinal(plain)
        if self.unit in ("£", "$", "€"):
            return self.unit + plain
        return plain + {"": "", "%": "%", "decade": "s"}.get(self.unit, f" {self.unit}")

    def same_amount(self, other: Quantity) -> bool:
        """Whether both are one amount, in whatever units; a number without a unit goes with any."""
        loose = {"", "ordinal"} if self.value == 1 else {""}
        if self.unit == other.unit or self.unit in loose or other.unit in loose:
            return self.value == other.value
        if {self.unit, other.unit} in ({"pound", "£"}, {"pound", "kg"}):  # of money, or of weight
            return self.value == other.value
        (mine, factor), (its, its_factor) = (_MEASURES.get(one, (one, 1, ""))[:2] for one in (self.unit, other.unit))
        return mine == its and self.value * factor == other.value * its_factor


def quantities(text: str) -> list[Quantity]:
    """The numbers of a text in their order, those in words included, except "one".

    >>> [str(one) for one in quantities("At least 1,250 people, or a third, paid £2.5m for twenty-five mg.")]
    ['1250', '33.33%', '£2500000', '25 mg']
    """
    return list(_scan(in_digits(text)))


def amount_faults(claim: Sequence[Quantity], held: Sequence[Quantity]) -> tuple[list[str], list[str]]:
    """What is wrong with the numbers of a claim, and what is loose, as sentences; ``held`` are the evidence's."""
    hard: list[str] = []
    soft: list[str] = []
    counted = any(one.unit == "ordinal" for one in held)
    for quantity in dict.fromkeys(claim):
        found = [one for one in held if quantity.same_amount(one)]
        if not found:
            manner = quantity == Quantity(Decimal(1), "ordinal") and not counted  # "first" often is just style
            (soft if manner else hard).append(f"The number {quantity} is not in the cited text.")
        elif clash := _bound_clash(quantity, found):
            hard.append(f"The sentence says {quantity.bound} {quantity} where the cited text says {clash} {quantity}.")
        elif all(one.bound != quantity.bound for one in found):
            held_bound = next((one.bound for one in found if one.bound), "just")
            said = quantity.bound or "just"
            soft.append(f"The sentence says {said} {quantity} where the cited text says {held_bound} {quantity}.")
    return hard, soft


def _bound_clash(quantity: Quantity, found: Sequence[Quantity]) -> str:
    """The bound of the evidence that points the other way, when none points the same way."""
    bounds = {one.bound for one in found}
    if quantity.bound in LOWER and not bounds & LOWER:
        return next(iter(sorted(bounds & UPPER)), "")
    if quantity.bound in UPPER and not bounds & UPPER:
        return next(iter(sorted(bounds & LOWER)), "")
    return ""


def _scan(text: str) -> Iterator[Quantity]:
    matches = list(AMOUNT.finditer(text))
    units = [_unit(match) for match in matches]
    for place in range(len(matches) - 2, -1, -1):  # "5 to 10 mg": both are mg
        between = text[matches[place].end() : matches[place + 1].start("digits")]
        if not units[place] and _RANGE.fullmatch(between) and between.strip() not in ("and", "or"):
            units[place] = units[place + 1] if units[place + 1] != "ordinal" else ""
    for match, unit in zip(matches, units, strict=True):
        value = Decimal(re.sub(r"[,\u00a0\u202f]", "", match["digits"]))
        if match["scale"]:
            value *= (SCALES | _SHORT_SCALES)[match["scale"].lower()]
        elif match["million"] and match["currency"]:
            value *= 10**6
        yield Quantity(_plain(value), unit, _bound(text, match))


def _unit(match: re.Match[str]) -> str:
    if match["currency"]:
        return match["currency"]
    if match["ordinal"]:
        return "ordinal"
    if match["decade"]:
        return "decade"
    if match["million"]:
        return "m"
    name = re.sub(r"\s", "", (match["unit"] or "").lower())
    if name.startswith("pound"):
        return "£" if "sterling" in name else "pound"
    return _UNITS.get(name, _UNITS.get(name.removesuffix("s"), "%" if name == "percent" else ""))


def _bound(text: str, match: re.Match[str]) -> str:
    before = text[max(0, match.start() - 24) : match.start()].rstrip() + " "
    for bound, pattern in _BEFORE:
        if pattern.search(before):
            return bound
    return next((bound for bound, pattern in _AFTER if pattern.match(text, match.end())), "")


def _plain(value: Decimal) -> Decimal:
    """The same number without zeros behind its point, so that 5.0 prints as 5."""
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()
