"""The head of YAML before a text (front matter) to short texts by name; what they mean is not known here."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

import yaml

_MOST_BRACKETS = 100
_FRONT_MATTER = re.compile(r"---[ \t]*\n((?:[^\n]*\n){0,200}?)(?:---|\.\.\.)[ \t]*(?:\n|$)")
_FIRST_FIELD = re.compile(r"[A-Za-z][\w -]{0,40}:(?:\s|$)")
_FIELD = re.compile(r"^([A-Za-z][\w -]{0,40}):[ \t]+(\S[^\n]*)", re.MULTILINE)
_LONGEST_HEAD = 10_000  # characters; longer heads are read line by line
_LONGEST_NAME, _LONGEST_VALUE = 60, 300
_MOST_FIELDS = 50
_TAGS = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    r"""The fields of a YAML head, short texts by name in small letters, and the text after it.

    >>> split_front_matter("---\ntitle: Plan\ntags: [rail, road]\n---\nText")
    ({'title': 'Plan', 'tags': 'rail, road'}, 'Text')
    """
    match = _FRONT_MATTER.match(text)
    if not match or not _FIRST_FIELD.match(match[1]):
        return {}, text
    return _fields(match[1]), text[match.end() :]


def _fields(head: str) -> dict[str, str]:
    """The fields of a head, by a YAML parser that makes texts and lists only, or line by line where it is no YAML."""
    try:
        if head.count("[") + head.count("{") > _MOST_BRACKETS:
            raise yaml.YAMLError("It is nested too deeply.")
        parsed = yaml.load(head[:_LONGEST_HEAD], _Loader)  # noqa: S506  (made of the safe parts, and of fewer of them)
    except (yaml.YAMLError, RecursionError):
        parsed = {match[1]: match[2].split(" #")[0].strip().strip("\"'") for match in _FIELD.finditer(head)}
    pairs = parsed.items() if isinstance(parsed, dict) else ()
    fields = {str(name).strip().lower(): _short(value) for name, value in islice(pairs, _MOST_FIELDS)}
    return {name[:_LONGEST_NAME]: value for name, value in fields.items() if name and value}


class _Loader(yaml.SafeLoader):
    """YAML in which every value is a text as it is written."""


_Loader.yaml_implicit_resolvers = {}
_Loader.yaml_constructors = {
    tag: made for tag, made in yaml.SafeLoader.yaml_constructors.items() if tag in (None, *_TAGS)
}  # a value that says it is a number or a date may be none


def _short(value: Any) -> str:
    """A value as one short text; empty for what is deeper than a list of texts."""
    if isinstance(value, list):
        return ", ".join(one for one in value[:_MOST_FIELDS] if isinstance(one, str))[:_LONGEST_VALUE]
    return value[:_LONGEST_VALUE] if isinstance(value, str) else ""
