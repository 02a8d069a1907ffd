"""Markdown to pieces, with its markup off; for references and for readers that write Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from benchmarks.parsing.seeing import Piece

_PARSER = MarkdownIt("commonmark", {"maxNesting": 50}).enable(["table", "strikethrough"])
_PARSER.disable(["lheading", "code", "reference"])  # ruled lines, indents and [1]: are text in a conversion
_FORMULA = re.compile(r"(\$\$?)(?![\s\d])(?=[^$]*[\\^_{=])([^$\n]+)\1")
_COMMAND = re.compile(r"\\([a-zA-Z]+)\s?|[{}^_&]|\\(?=[^a-zA-Z])")
_SIGNS = dict(
    pair.split("=")
    for pair in "pi=π alpha=α beta=β gamma=γ delta=δ theta=θ lambda=λ mu=μ sigma=σ omega=ω Delta=Δ Sigma=Σ Omega=Ω "
    "sum=∑ prod=∏ int=∫ infty=∞ times=× cdot=⋅ pm=± leq=≤ geq=≥ neq=≠ approx=≈ sqrt=√ partial=∂ textellipsis=… "
    "ldots=… log=log ln=ln sin=sin cos=cos tan=tan lim=lim exp=exp max=max min=min".split()
)
_RULE = re.compile(r"(?::?-{2,}:?)?")
_TAG = re.compile(r"<!--.*?-->|</?[a-zA-Z][^>]*>", re.DOTALL)


def pieces(text: str) -> list[Piece]:
    r"""Every heading, row and other block of a Markdown text, in order.

    >>> pieces("# A *b*\n\n| x | y |\n| - | - |\n| 1 | |\n\n- [c](d)\n")
    [('heading', 'A b'), ('row', ['x', 'y']), ('row', ['1', '']), ('text', 'c')]
    """
    found = _pieces(_PARSER.parse(_FORMULA.sub(lambda formula: without_latex(formula[2]), text)))
    # A second table straight below the first leaves its rule behind as a row.
    return [one for one in found if one[0] != "row" or not all(map(_RULE.fullmatch, one[1]))]


def without_latex(formula: str) -> str:
    r"""A formula's signs, without the commands that only lay it out: LaTeX is markup too.

    >>> without_latex(r"A= \pi r^{2}, \left(\frac{a}{b}\right)")
    'A= πr2, (ab)'
    """
    return _COMMAND.sub(lambda found: _SIGNS.get(found[1] or "", ""), formula)


def _pieces(tokens: Sequence[Token]) -> Iterator[Piece]:
    row: list[str] = []
    kind = ""
    for token in tokens:
        if token.type == "tr_open":
            row = []
        elif token.type == "tr_close":
            yield "row", row
        elif token.type in ("heading_open", "th_open", "td_open", "paragraph_open"):
            kind = token.type
        elif token.type == "inline":
            content = _inline(token.children or ())
            if kind in ("th_open", "td_open"):
                row.append(content)
            elif content.strip():
                yield "heading" if kind == "heading_open" else "text", content
        elif token.type in ("fence", "code_block"):
            yield "text", token.content
        elif token.type == "html_block" and (content := _TAG.sub(" ", token.content)).strip():
            yield "text", content


def _inline(tokens: Sequence[Token]) -> str:
    """The words of a line; those of an image are its description."""
    parts = []
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif token.type == "image":
            parts.append(_inline(token.children or ()))
        elif token.type != "html_inline":
            parts.append(token.content)
        elif token.content.lower().startswith("<br"):
            parts.append(" ")
    return "".join(parts)
