"""A hundred small files of five formats, each with a fact that no other file has, and the question that asks for it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path

from reportlab.pdfgen import canvas

_BEGINNINGS = ("Vel", "Quor", "Brin", "Tash", "Ondel", "Fyr", "Marl", "Zeph", "Gond", "Ister")
_ENDINGS = ("mora", "wick", "dale", "heim", "ova", "stead", "burn", "kall", "rue", "tarn")
_THINGS = ("pumping station", "ferry", "observatory", "lighthouse", "weaving mill")


@dataclass(frozen=True, slots=True)
class GoodFile:
    """A file's path below its root, its bytes, and a question that only it answers."""

    path: str
    data: bytes
    question: str


def good_files(folders: tuple[str, ...]) -> list[GoodFile]:
    """The hundred, spread over folders so that each lies among others."""
    makers = list(_MAKERS.items())
    files = []
    for number in range(100):
        name = _BEGINNINGS[number // 10] + _ENDINGS[number % 10]
        thing, (suffix, make) = _THINGS[number % 5], makers[(number + number // 10) % len(makers)]
        paragraphs = (
            f"The {thing} of {name}",
            f"The {thing} of {name} was opened in {1801 + 2 * number} by the council of the district.",
            "It was repaired twice, and visitors may see it on the first Sunday of each month.",
        )
        # A letter of its own in front lets the good ones lie between the others when names are sorted.
        path = f"{folders[number % len(folders)]}/{'abcdefghijklmnopqrstuvwxyz'[number % 26]}-good-{number:03}{suffix}"
        files.append(GoodFile(path, make(paragraphs), f"When was the {thing} of {name} opened?"))
    return files


def _text(paragraphs: tuple[str, ...]) -> bytes:
    return "\n\n".join(paragraphs).encode()


def _markdown(paragraphs: tuple[str, ...]) -> bytes:
    return ("# " + "\n\n".join(paragraphs) + "\n").encode()


def _html(paragraphs: tuple[str, ...]) -> bytes:
    first, *rest = (escape(one) for one in paragraphs)
    body = f"<h1>{first}</h1>" + "".join(f"<p>{one}</p>" for one in rest)
    return f"<!doctype html><html><head><title>{first}</title></head><body>{body}</body></html>".encode()


def _docx(paragraphs: tuple[str, ...]) -> bytes:
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    kinds, relations = (
        f"http://schemas.openxmlformats.org/package/2006/{one}" for one in ("content-types", "relationships")
    )
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    body = "".join(f"<w:p><w:r><w:t>{escape(one)}</w:t></w:r></w:p>" for one in paragraphs)
    rels = "application/vnd.openxmlformats-package.relationships+xml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{kinds}"><Default Extension="rels" ContentType="{rels}"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r1" Type="{office}" '
        'Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{word}"><w:body>{body}</w:body></w:document>',
    }
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return data.getvalue()


def _pdf(paragraphs: tuple[str, ...]) -> bytes:
    data = io.BytesIO()
    page = canvas.Canvas(data, invariant=True)
    for number, one in enumerate(paragraphs):
        page.setFont("Helvetica", 18 if number == 0 else 11)
        page.drawString(72, 760 - 40 * number, one)
    page.save()
    return data.getvalue()


_MAKERS: dict[str, Callable[[tuple[str, ...]], bytes]] = {
    ".txt": _text,
    ".md": _markdown,
    ".html": _html,
    ".docx": _docx,
    ".pdf": _pdf,
}


def write_all(files: list[GoodFile], root: Path) -> None:
    """Write the files below a folder."""
    for file in files:
        path = root / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
