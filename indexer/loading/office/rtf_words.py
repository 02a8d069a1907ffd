"""What the control words of RTF mean that the reader knows: where text goes, characters, encodings.

Rich Text Format Specification 1.9.1. Nothing is read here.
"""

from __future__ import annotations

SKIPPED = frozenset({
    "colortbl", "object", "fldinst", "info", "nonesttables", "filetbl", "tc", "xe", "do", "revtbl", "private",
})  # fmt: skip
GONE = frozenset({
    "header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf", "annotation", "atnid",
    "atnauthor", "listtable", "listpicture", "nonshppict", "shprslt",
})  # fmt: skip
"""Groups of which nothing is read, also not the boxes and pictures in them; the last two are for old programs."""
INTO = {
    "stylesheet": "style", "fonttbl": "font", "footnote": "note", "listtext": "label", "pntext": "label",
    "shptxt": "box", "dptxbxtext": "box", "pict": "picture", "result": "", "title": "title", "author": "author",
    "subject": "subject", "keywords": "keywords", "category": "category",
}  # fmt: skip
"""Where the text of a group goes that begins with this word; "" is the text of the document."""
NEVER_IN_SKIPPED = frozenset({"footnote", "listtext", "pntext"})
CHARACTERS = {
    "tab": "\t", "line": "\n", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•",
    "endash": "–", "emdash": "—", "~": " ", "_": "-", "emspace": " ", "enspace": " ", "qmspace": " ", "nestcell": " ",
}  # fmt: skip
CHARSETS = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip
CODE_PAGES = {
    page: f"cp{page}" for page in (437, 850, 852, 866, 874, 932, 949, 950, *range(1250, 1259))
} | {936: "gb18030", 10000: "mac_roman", 65001: "utf-8"}  # fmt: skip
ENDS = frozenset({"par", "sect", "page", "column"})
