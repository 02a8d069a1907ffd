"""What a language model wrote, made harmless before anybody reads it: no live links, no images, no recited prompt.

A model may be talked into anything by what it reads, so nothing here trusts it: mark-up that some reader of the answer
might draw becomes words, and an address stays, as plain text, only where the documents that the model read hold the
very same. What this module does not do: judge whether a sentence is true (`generator.support.checking`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from generator.guards.hostile import is_instruction, visible

LEFT_OUT = "(link left out)"
"""What stands where an address was that the documents don't hold."""
RECITED = "(A sentence that repeats the language model's own instructions.)"
"""What stands on record for a sentence that `recites` the prompt."""
RUN = 8
"""Words in a row that a draft may not share with the system prompt."""
LONGEST_OPEN = 500
"""Characters after which an open bracket is no link any more."""

_ESCAPE = re.compile(r"\x1b(?:\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)?|\[[0-?]*[ -/]*[@-~]?|.?)", re.DOTALL)
_MARKDOWN = re.compile(
    r"!?\[([^\[\]]{0,500})\](?:\(\s*<?([^()<>]{0,2000}(?:\([^()]{0,500}\)[^()<>]{0,2000})?)>?\s*\)|\[[^\[\]]{0,200}\])"
)
_DEFINITION = re.compile(r"\[[^\[\]]{1,200}\]:\s*(?=\S)")
_ELEMENTS = (
    "a|abbr|address|article|aside|blockquote|cite|applet|area|audio|b|base|blink|body|br|button|canvas|center|code|data|details|div|dialog|em|embed|figure|font|form|frame|"
    "frameset|h[1-6]|head|hr|html|i|iframe|image|img|input|isindex|keygen|li|link|listing|map|marquee|math|meta|"
    "noscript|object|ol|option|p|param|picture|plaintext|portal|pre|s|script|select|source|span|strong|style|sub|"
    "summary|sup|svg|table|td|template|textarea|th|title|tr|track|u|ul|video|xml|xmp"
)
_MARKER = re.compile(
    r" {0,3}(?:\[\^?\d[\d,;\s^–-]{0,40}\]|［[^［］]{0,100}］|【[^【】]{0,200}】|⁽[⁰¹²³⁴-⁹]{1,3}⁾"
    r"|\[[^\[\]\s]{1,200}\.(?:pdf|docx?|xlsx?|pptx?|csv|html?|md|txt|json)\])",
    re.IGNORECASE,
)
"""What passes itself off as a footnote of ours: numbers in brackets of any width, names of files in them."""
_TAG = re.compile(rf"<(?:/?(?:{_ELEMENTS})(?=[\s/>\"'`]|$)|!--|!\[|!doctype|\?)[^<>]{{0,2000}}>?", re.IGNORECASE)
_SCRIPT = r"(?:(?:javascript|vbscript)\s?:|\bdata\s?:\s?\w+/\w)"
_ADDRESS = re.compile(
    rf"(?:\b(?:https?|ftps?|wss?|file|blob|sftp|ssh|tel|sms)\s?:\s?//|\b(?:mailto|tel)\s?:(?=\S)|{_SCRIPT}"
    r"|(?<![\w:/.])//(?=[\w-]{1,63}\.)|\bwww\.)[^\s<>\"“”|]+"
    r"|(?<![\w@.])(?:[\w-]{1,255}\.){1,5}(?:com|net|org|info|biz|io|xyz|example|security|site|online|top|app|dev|ru|cn|co|de|uk|eu"
    r"|test|invalid|link|click|shop)\b(?:[/?#:][^\s<>\"“”|]*)?",
    re.IGNORECASE,
)
_FILE = re.compile(
    r"\b(?:[\w.-]{1,200}/){0,20}[\w-]+(?:\.[\w-]+)*\.(?:pdf|docx?|xlsx?|pptx?|csv|html?|md|txt|json|eml|odt|rtf)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")


def defuse(text: str, held: Sequence[str]) -> str:
    """A draft or a piece of one without anything that some reader might draw, follow or run.

    Markdown images and links become their words, HTML elements disappear, terminal controls and invisible characters
    too, as do made-up footnote markers, and an address that the documents don't hold becomes `LEFT_OUT`.

    Args:
        text: as the model wrote it.
        held: the texts that the model read.

    >>> defuse("See ![the plan](https://a.example/?q=1) <b>now</b>, or www.b.example.", ["Ask www.b.example."])
    'See the plan now, or www.b.example.'
    """
    if text.isalpha():
        return text
    known = _addresses(tuple(held))
    text = visible(_ESCAPE.sub("", text))
    before = ""
    while before != text:  # a link in a link, a tag in a tag
        before = text
        text = _TAG.sub("", _MARKDOWN.sub(_words_of, _MARKER.sub("", text)))
    text = _ADDRESS.sub(lambda match: _kept(match.group(), known), _DEFINITION.sub("", text))
    text = text.replace(f"({LEFT_OUT})", LEFT_OUT)
    return text.replace("](", "] (").replace("![", "! [")


@lru_cache(maxsize=16)
def _addresses(held: tuple[str, ...]) -> frozenset[str]:
    """The addresses of these texts, but of none that speaks to a model: no model was given it to read.

    Remembered, since a stream asks for the same ones at every word.
    """
    read = [one for one in held if not is_instruction(one)]
    return frozenset(_bare(match.group()) for one in read for match in _ADDRESS.finditer(one))


def recites(text: str, system: str, held: Sequence[str] = ()) -> bool:
    """Whether a text shares `RUN` words in a row with the system prompt, other than words of the documents."""
    joined = _joined(_words(system))
    return any(
        _run_at(own, joined) and not any(_run_at(own, _joined(_words(one))) for one in held)
        for own in _runs(_words(text))
    )


def foreign_sources(text: str, held: Sequence[str]) -> set[str]:
    """Names of files that a text mentions and none of the ``held`` texts, titles or names does, in lower case.

    >>> foreign_sources("So say a.pdf and laws/b.pdf.", ["acts/a.pdf", "b.pdf"])
    {'laws/b.pdf'}
    """
    known = {match.group().lower() for one in held for match in _FILE.finditer(one)}
    known |= {name.rpartition("/")[2] for name in known}
    return {match.group().lower() for match in _FILE.finditer(text)} - known


class Sieve:
    """Defuses a draft while it streams: what may still become a link, a tag or a recited prompt waits.

    Args:
        system: the system prompt.
        held: the texts that the model read.
    """

    def __init__(self, system: str, held: Sequence[str]) -> None:
        self._system = _joined(_words(system))
        self._held = held
        self._waiting = ""

    def feed(self, piece: str) -> str:
        """What can be shown once this piece has come; may be empty."""
        self._waiting += piece
        return self._release(self._open_from())

    def rest(self) -> str:
        """What can be shown of the end."""
        return self._release(len(self._waiting))

    def _release(self, end: int) -> str:
        ready, self._waiting = self._waiting[:end], self._waiting[end:]
        return defuse(self._without_runs(ready), self._held) if ready else ""

    def _open_from(self) -> int:
        """Where something begins that is not complete yet: a word, a link, a tag, words of the prompt."""
        text = self._waiting
        word = max(map(text.rfind, " \n\t")) + 1
        places = [word, self._recited_from(word)]
        for opened, closed in (("[", ")"), ("<", ">"), ("\x1b", " ")):
            last = text.rfind(opened)
            if last >= 0 and closed not in text[last:] and not _is_plain(text[last:]):
                first = _first_open(text, opened)
                places.append(first - 1 if first and text[first - 1] == "!" else first)
        end = min(places)
        whole = [match.span() for pattern in (_MARKDOWN, _TAG, _ESCAPE) for match in pattern.finditer(text)]
        return min([end, *(start for start, stop in whole if start < end < stop)])

    def _recited_from(self, end: int) -> int:
        """Where the longest row of whole words before ``end`` begins that the system prompt has too."""
        words = list(_WORD.finditer(self._waiting, 0, end))
        start = end
        for count in range(1, len(words) + 1):
            if not _run_at([word.group().lower() for word in words[-count:]], self._system):
                break
            start = words[-count].start()
        return start

    def _without_runs(self, text: str) -> str:
        return "" if recites(text, self._system, self._held) else text


def _is_plain(opened: str) -> bool:
    """Whether text from an opening bracket on can't become a link or a tag."""
    return len(opened) > LONGEST_OPEN or bool(re.match(r"\[[^\[\]]*\][^(\[:]|<[^a-zA-Z/!?\s]", opened))


def _first_open(text: str, opened: str) -> int:
    """The first place of a bracket from which no longer than `LONGEST_OPEN` characters follow."""
    place = text.find(opened)
    while len(text) - place > LONGEST_OPEN or _is_plain(text[place:]):
        place = text.find(opened, place + 1)
    return place


def _words_of(match: re.Match[str]) -> str:
    """The words of a Markdown link, and its address behind them where it is a thing to check."""
    words, address = match.group(1), match.group(2)
    return (
        f"{words} ({address.split()[0]})"
        if address and not match.group().startswith("!") and address.split()
        else words
    )


def _kept(address: str, known: frozenset[str]) -> str:
    bare = _bare(address)
    ending = address[len(address.rstrip(_ENDINGS)) :]
    is_kept = bare in known and not _IS_SCRIPT.match(bare)
    return address if is_kept else LEFT_OUT + ending


_IS_SCRIPT = re.compile(_SCRIPT)
_ENDINGS = ".,;:!?)]}'’*_`"


def _bare(address: str) -> str:
    """An address as two texts are compared by."""
    return address.rstrip(_ENDINGS).rstrip("/").lower()


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _joined(words: Sequence[str]) -> str:
    return f" {' '.join(words)} "


def _runs(words: Sequence[str]) -> list[Sequence[str]]:
    return [words[place : place + RUN] for place in range(len(words) - RUN + 1)]


def _run_at(words: Sequence[str], joined: str) -> bool:
    return _joined(words) in joined
