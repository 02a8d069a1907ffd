"""What a document's pictures may say and nobody has read: which of them count, and the sentence that the report gets.

A picture inside a document may be a scanned page, so it is never passed over in silence; icons and rules are, else
every letter would be warned about. Finding the pictures is the loaders' matter, and recognising words in them no one's.
"""

from __future__ import annotations

LARGEST_ICON = 48  # CSS pixels, half an inch: an icon, a bullet or a smiley has no longer side
THICKEST_RULE = 12  # CSS pixels: no line of type fits into less


def may_hold_words(width: float | None, height: float | None) -> bool:
    """Whether a picture of this size may hold words; one whose sides are not both known may.

    Args:
        width: as it is shown, in CSS pixels (96 an inch); ``None`` when the document doesn't say.
        height: likewise.

    >>> [may_hold_words(*size) for size in ((48, 48), (49, 12), (600, 11.9), (600, 400), (None, 8))]
    [False, True, False, True, True]
    """
    if width is None or height is None:
        return True
    return max(width, height) > LARGEST_ICON and min(width, height) >= THICKEST_RULE


def pictures_unread(count: int) -> str:
    """The warning about pictures that were not read.

    Args:
        count: how many, at least one.

    >>> [pictures_unread(count) for count in (1, 1200)]
    ['1 picture in it is not read', '1,200 pictures in it are not read']
    """
    return f"{count:,} picture in it is not read" if count == 1 else f"{count:,} pictures in it are not read"
