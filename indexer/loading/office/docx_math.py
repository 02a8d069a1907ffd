"""Equations of a Word document on one line, as `E=mc^2`, `(a+b)/c`, `∑_(n=1)^∞`: without signs 2 to the 3 is 23.

ECMA-376 part 1, 22.1 (Office Math).
"""

from __future__ import annotations

from typing import Any

_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
MATH_TEXT = f"{_M}t"
_BEFORE = {f"{_M}sup": "^", f"{_M}sub": "_", f"{_M}den": "/", f"{_M}num": "", f"{_M}rad": "√"}
MATH = frozenset({*_BEFORE, f"{_M}d", f"{_M}naryPr"})
"""The elements that `math_signs` knows."""


def math_signs(element: Any) -> tuple[str, str]:
    """What stands before and after the contents of an element of an equation."""
    if element.tag == f"{_M}d":
        return _character(element, "dPr/m:begChr", "("), _character(element, "dPr/m:endChr", ")")
    if element.tag == f"{_M}naryPr":
        return _character(element, "chr", "∫"), ""
    inside = "".join(text.text or "" for text in element.iter(MATH_TEXT))
    if not inside:
        return "", ""
    before = _BEFORE[element.tag]
    return (f"{before}(", ")") if len(inside) > 1 else (before, "")


def _character(element: Any, path: str, default: str) -> str:
    """The sign that properties name; an empty name means none."""
    found = element.find(f"m:{path}", {"m": _M[1:-1]})
    return default if found is None else found.get(f"{_M}val", default)
