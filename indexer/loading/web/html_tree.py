"""The tree of a web page and the walk through what of it is read: no menus, no bars, nothing that it hides.

The walk is without recursion, so that nesting of any depth is read. What becomes of the words is not known here.
"""

from __future__ import annotations

import re
import warnings as python_warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning
from bs4.element import NavigableString, PageElement, PreformattedString, Tag

from indexer.loading.characters import clean_line
from indexer.loading.unread import pictures_unread
from indexer.loading.web.html_hidden import Look, look_of
from indexer.loading.web.html_pictures import is_unread
from indexer.loading.web.html_tables import holders, inside

_NO_TEXT = frozenset(
    {
        *("script", "style", "noscript", "template", "head", "svg", "canvas", "iframe", "object", "embed", "audio"),
        *("video", "map", "button", "select", "textarea", "input", "dialog"),
    }
)
_FURNITURE = frozenset({"header", "footer", "aside"})
_FURNITURE_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "menu", "menubar"})
HEADING = re.compile(r"h[1-6]")
_NOTICE_NAME = re.compile(r"cookie|consent|gdpr", re.IGNORECASE)
_BAR_NAME = re.compile(
    r"(?:^|[\s_-])(?:share|sharing|social|sharedaddy|addthis|breadcrumbs?|skip-?(?:link|nav|to)\w*|jump-link|editsection"
    r"|pagination|print-button|back-to-top)(?:$|[\s_-])",
    re.IGNORECASE,
)
_NO_BAR = frozenset({"html", "body", "main", "article", "table", "tr", "td"})
_MOST_IN_BAR = 100  # elements and texts
_LONGEST_BAR = 200  # characters
_LONGEST_NOTICE = 1_500
_NEAR = 4  # elements around a button that may be its heading
_DEEPEST_STYLE = 200  # elements around the main one whose colours are looked at


def parse(text: str) -> BeautifulSoup:
    """The tree of a page or of a piece of one."""
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        return BeautifulSoup(text, "lxml")


def is_main(tag: Tag) -> bool:
    """Whether an element is the main part of its page by its own word."""
    return tag.name == "main" or tag.get("role") == "main"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What of a page is not in its text: how many characters it hides, and how many pictures that may hold words."""

    hidden: int = 0
    pictures: int = 0

    def __add__(self, other: LeftOut) -> LeftOut:
        """What is left out of two parts of a page."""
        return LeftOut(self.hidden + other.hidden, self.pictures + other.pictures)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the report says of it; nothing where nothing is left out."""
        hidden = f"{self.hidden:,} characters that it hides from its readers were left out"
        return (*((hidden,) if self.hidden else ()), *((pictures_unread(self.pictures),) if self.pictures else ()))


@dataclass(frozen=True, slots=True)
class _Open:
    """An element that is being walked through."""

    tag: Tag
    children: Iterator[PageElement]
    look: Look
    in_article: bool
    in_header: bool = False


class Walk:
    """Every visible element twice (opening, closing) and every text once, in document order, without recursion."""

    def __init__(self, root: Tag, *, furniture: bool, in_article: bool) -> None:
        self._hidden = self._pictures = 0
        self._furniture = furniture
        self._titled = holders(root, ("h1",))
        self._stack = [_Open(root, iter(root.contents), _look_around(root), in_article or is_main(root))]

    @property
    def left_out(self) -> LeftOut:
        """What of the part walked through so far is not among its words."""
        return LeftOut(self._hidden, self._pictures)

    def __iter__(self) -> Iterator[tuple[PageElement, bool]]:
        while self._stack:
            parent = self._stack[-1]
            child = next(parent.children, None)
            if child is None:
                self._stack.pop()
                if self._stack:
                    yield parent.tag, False
            elif isinstance(child, Tag):
                if self._enter(child, parent):
                    yield child, True
            elif isinstance(child, NavigableString) and not isinstance(child, PreformattedString):
                if not parent.look.is_hidden:
                    yield child, True
                else:
                    self._hidden += len(clean_line(str(child)))

    def _enter(self, tag: Tag, parent: _Open) -> bool:
        """Whether an element is read; then it is the one being walked through."""
        look = self._look_of(tag, parent.look)
        if tag.name in _NO_TEXT and not _is_heading_button(tag):
            self._pictures += look is not None and is_unread(tag)
            return False
        if look is None:
            self._hidden += len(clean_line(shown_strings(tag)))
            return False
        in_header = parent.in_header or tag.name == "header"
        if not self._furniture:
            is_list_of_links = in_header and tag.name in ("ul", "ol")  # languages, tools: a heading needs none
            if is_list_of_links or self._is_furniture(tag, in_article=parent.in_article):
                return False
        self._pictures += is_unread(tag)
        in_article = parent.in_article or tag.name in ("article", "main")
        self._stack.append(_Open(tag, iter(tag.contents), look, in_article, in_header))
        return True

    def _look_of(self, tag: Tag, around: Look) -> Look | None:
        """How an element looks; ``None`` when nothing in it is meant to be seen."""
        return None if tag.get("aria-hidden") == "true" and id(tag) not in self._titled else look_of(tag, around)

    def _is_furniture(self, tag: Tag, *, in_article: bool) -> bool:
        if _is_menu(tag):
            return True
        if tag.name in _FURNITURE and not in_article:
            return not (tag.name == "header" and id(tag) in self._titled)
        return id(tag) not in self._titled and _is_bar(tag)


def _is_heading_button(tag: Tag) -> bool:
    """Whether a button is the words of a heading, which opens what stands below it."""
    return tag.name == "button" and any(HEADING.fullmatch(around.name) for around in islice(tag.parents, _NEAR))


def is_switched_off(tag: Tag) -> bool:
    """Whether an element is not drawn, by itself or by one around it; of the whole page only a script would say so."""
    around = islice((tag, *tag.parents), _DEEPEST_STYLE)
    return any(one.name not in ("html", "body") and look_of(one, Look()) is None for one in around)


def _look_around(root: Tag) -> Look:
    """How text looks where ``root`` stands, by the styles of the elements around it."""
    look = Look()
    for tag in reversed([root, *islice(root.parents, _DEEPEST_STYLE)]):
        look = look_of(tag, look) or look
    return look


def shown_strings(tag: Tag) -> str:
    """The words in an element that is hidden; its scripts and comments would not be words anyway."""
    strings = (string for string in tag.strings if not isinstance(string, PreformattedString))
    return " ".join(string for string in strings if string.parent is None or string.parent.name not in _NO_TEXT)


def _is_bar(tag: Tag) -> bool:
    """Whether an element asks for cookies or offers to share the page, by its name and its shortness.

    Names alone do not decide: a chapter about cookies is no banner.
    """
    name = " ".join([str(tag.get("id", "")), *map(str, tag.get_attribute_list("class"))])[:500]
    is_notice = _NOTICE_NAME.search(name) is not None
    if tag.name in _NO_BAR or not (is_notice or _BAR_NAME.search(name)):
        return False
    found = inside(tag, _MOST_IN_BAR)
    names = {one.name for one in found if isinstance(one, Tag)}
    length = sum(len(one.strip()) for one in found if isinstance(one, NavigableString))
    if len(found) > _MOST_IN_BAR:
        return False
    if is_notice:
        return length < _LONGEST_NOTICE and not names.isdisjoint(("button", "a", "input"))
    return length < _LONGEST_BAR and names.isdisjoint(("h1", "h2", "h3", "table"))


def _is_menu(tag: Tag) -> bool:
    return tag.name == "nav" or str(tag.get("role", "")).lower() in _FURNITURE_ROLES
