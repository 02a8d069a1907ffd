"""Raw HTML around the words of Markdown: which of its elements are open there, and so which words nobody sees.

Markdown cuts HTML into pieces, an element's start in one and its end in another. What stands whole in a piece is read
as every page is; here the elements are kept that a piece leaves open. The words between them are read elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from bs4 import BeautifulSoup
from bs4.element import Tag

from indexer.loading.characters import clean_line
from indexer.loading.web.html_hidden import Look, look_of
from indexer.loading.web.html_pictures import is_unread
from indexer.loading.web.html_tree import LeftOut, parse

_TAG = re.compile(r"<(/?)([A-Za-z][\w-]*)")
_MAY_HIDE = re.compile(r"hidden|style|color", re.IGNORECASE)
_HIDING = ("hidden", "style", "color", "bgcolor", "aria-hidden")
_EMPTY = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_ENDED = frozenset({"html", "body", "p"})  # a paragraph ends where the next block begins
_MOST_OPEN = 200
_END = "--></script></style><i>"  # whatever is open, this is an element within it


class OpenElements:
    """The elements that blocks of raw HTML have left open, kept while they change how words look."""

    def __init__(self) -> None:
        self.look: Look | None = Look()
        self._open: list[Tag] = []
        self._around: list[list[Tag]] = []

    def enter(self) -> None:
        """Begin an item of a list or a quotation: what is opened in it ends with it."""
        self._around.append(self._open)

    def leave(self) -> None:
        """End what `enter` began."""
        self._keep(self._around.pop())

    def close(self, name: str) -> None:
        """End an element, if one of this name is open, and all in it."""
        names = [tag.name for tag in self._open]
        if name in names:
            self._keep(self._open[: len(names) - 1 - names[::-1].index(name)])

    @property
    def is_hidden(self) -> bool:
        """Whether nobody sees the words that follow."""
        return self.look is None or self.look.is_hidden

    def tree(self, html: str) -> BeautifulSoup:
        """The tree of a block of raw HTML within the elements that are open; those it leaves open are open then."""
        html = "".join(map(_start_of, self._open)) + html
        if self._open or _MAY_HIDE.search(html):
            end = parse(html + _END).find_all("i")[-1:]
            opened = [tag for one in end for tag in one.parents if tag.name not in _ENDED]
            self._keep(opened[-2::-1][:_MOST_OPEN])  # from the outermost element on; around it is the whole tree
        return parse(html)

    def _keep(self, tags: list[Tag]) -> None:
        self.look = _look_within(tags, Look())
        self._open = tags if self.look != Look() else []


class SeenLine:
    """Gathers what is seen of a run of words with raw HTML between them."""

    def __init__(self, around: OpenElements) -> None:
        self._around = around
        self._open: list[tuple[str, Look | None]] = []
        self._words: list[str] = []
        self._hidden = self._pictures = 0

    @property
    def text(self) -> str:
        """The words that are seen."""
        return "".join(self._words).strip()

    @property
    def left_out(self) -> LeftOut:
        """What isn't in them."""
        return LeftOut(self._hidden, self._pictures)

    def add(self, words: str) -> None:
        """Append words, unless they are hidden: then they are counted."""
        if self._is_hidden():
            self._hidden += len(clean_line(words))
        else:
            self._words.append(words)

    def add_picture(self) -> None:
        """Count a picture that isn't read."""
        self._pictures += not self._is_hidden()

    def add_tag(self, html: str) -> None:
        """Go through the start or the end of an element."""
        found = _TAG.match(html)
        if not found:  # a comment
            return
        name = found[2].lower()
        if found[1]:
            self._close(name)
        elif name not in _EMPTY:
            self._open.append((name, self._look_in(html)))
        elif name == "img" and not self._is_hidden() and self._look_in(html) is not None:
            self._pictures += any(map(is_unread, parse(html).find_all("img")))

    def _close(self, name: str) -> None:
        for place in reversed(range(len(self._open))):
            if self._open[place][0] == name:
                del self._open[place:]
                return
        self._around.close(name)

    def _look_in(self, html: str) -> Look | None:
        """How words in the element look that begins so."""
        around = self._look()
        if around is None or not _MAY_HIDE.search(html):
            return around
        body = parse(html).body
        return around if body is None else _look_within(body.find_all(True, limit=1), around)

    def _look(self) -> Look | None:
        return self._open[-1][1] if self._open else self._around.look

    def _is_hidden(self) -> bool:
        look = self._look()
        return look is None or look.is_hidden


def _look_within(tags: Iterable[Tag], look: Look | None) -> Look | None:
    """How words look within these elements, each in the one before it; ``None`` when nobody sees them."""
    for tag in tags:
        look = None if look is None or tag.get("aria-hidden") == "true" else look_of(tag, look)
    return look


def _start_of(tag: Tag) -> str:
    """The start of an element with all that may hide what it holds."""
    attributes = "".join(f' {name}="{escape(str(tag[name]))}"' for name in _HIDING if name in tag.attrs)
    return f"<{tag.name}{attributes}>"
