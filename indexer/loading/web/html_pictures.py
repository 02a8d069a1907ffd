"""The pictures of a web page: which of them may say what nobody has read, and what one shows in its own words.

Pictures are neither opened nor fetched, so it is the page that tells. One counts as unread unless the page calls it
decoration (`alt=""`, `role="presentation"`) or shows it too small for words, by its own attributes and style; where one
side alone is stated, it is taken to be square. An empty `alt` is not believed where the file carries the picture, since
programs leave it empty for a scan that was pasted. A drawing in the page (`svg`) counts when it holds words or a
picture, or states its size; backgrounds don't count.
"""

from __future__ import annotations

from itertools import islice
from mimetypes import guess_type

from bs4.element import Tag

from indexer.loading.characters import clean_line
from indexer.loading.unread import may_hold_words
from indexer.loading.web.html_hidden import declarations, pixels

_PICTURES = frozenset({"img", "svg", "object", "embed"})
_DECORATION = frozenset({"presentation", "none"})
_IN_DRAWING = ("text", "image", "foreignobject")
_SHARES = ("%", "vw", "vh")  # of what, the page doesn't say
_LEAST_CARRIED = 1_000  # characters; what stands in a picture's place until it is fetched is shorter
_NEAR = 4  # elements around a picture that may be its figure
_LONGEST_DESCRIPTION = 500  # characters


def is_unread(tag: Tag) -> bool:
    """Whether an element is a picture that may hold words; whether it is seen, its caller knows."""
    if tag.name not in _PICTURES or str(tag.get("role", "")).lower() in _DECORATION or _is_decoration(tag):
        return False
    style = declarations(str(tag.get("style", "")))
    width, height = (_side(tag, style, name) for name in ("width", "height"))
    if not may_hold_words(height if width is None else width, width if height is None else height):
        return False
    if tag.name == "svg":
        return None not in (width, height) or tag.find(_IN_DRAWING) is not None
    return tag.name == "img" or _shows_picture(tag)


def _is_decoration(tag: Tag) -> bool:
    """Whether the page says, by describing a picture with nothing, that it says nothing."""
    source = str(tag.get("src", ""))
    is_carried = source.startswith("cid:") or (source.startswith("data:") and len(source) > _LEAST_CARRIED)
    return not is_carried and str(tag.get("alt", "unsaid")).strip() == ""


def _side(tag: Tag, style: dict[str, str], name: str) -> float | None:
    """The width or height that a picture is shown in, in pixels; ``None`` when the page doesn't say."""
    stated = style.get(name) or str(tag.get(name, "")).strip().lower()
    return None if stated.endswith(_SHARES) else pixels(stated)


def _shows_picture(tag: Tag) -> bool:
    """Whether what is embedded is a picture, by its type or its name."""
    name = str(tag.get("data") or tag.get("src") or "")
    kind = str(tag.get("type") or guess_type(name[:1_000], strict=False)[0] or "")
    return kind.lower().startswith("image/")


def description_of(picture: Tag) -> str:
    """What an image shows, in its own words, where it is a link or stands in a cell: there it is all that is said.

    Elsewhere nobody who sees the page reads these words, as with everything that a page hides.
    """
    if not any(tag.name in ("a", "td", "th") for tag in islice(picture.parents, _NEAR)):
        return ""
    return clean_line(str(picture.get("alt", ""))[:_LONGEST_DESCRIPTION])
