"""Small office files made by hand, so that a test shows the XML that it is about."""

import io
import zipfile

_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="' + _TYPES + '"'
P = (
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="' + _TYPES + '"'
)
C = 'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" ' + P
CORE = (
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/">{}</cp:coreProperties>'
)


def zipped(parts):
    """An archive of parts by name, text or bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            target.writestr(name, content)
    return stream.getvalue()


def relations(*pairs):
    """A part of relations: (kind, target) with ids r1, r2 and so on."""
    inner = "".join(
        f'<Relationship Id="r{number}" Type="{_TYPES}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(pairs, start=1)
    )
    return f'<Relationships xmlns="{_RELATIONS}">{inner}</Relationships>'


def package(main, parts, core=""):
    """An Office Open XML file whose main part is ``main``."""
    properties = {"docProps/core.xml": CORE.format(core)} if core else {}
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": relations(("officeDocument", main), ("metadata/core-properties", "docProps/core.xml")),
            **properties,
            **parts,
        }
    )


def workbook(*sheets, strings=(), styles="", extra=None, core="", settings=""):
    """A workbook of (name, attributes, XML of the sheet)."""
    entries = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="r{number}" {attributes}/>'
        for number, (name, attributes, _) in enumerate(sheets, start=1)
    )
    named = [("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(sheets) + 1)]
    shared = "".join(f"<si>{one}</si>" for one in strings)
    parts = {
        "xl/workbook.xml": f"<workbook {S}>{settings}<sheets>{entries}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations(
            *named, ("sharedStrings", "sharedStrings.xml"), ("styles", "styles.xml")
        ),
        "xl/sharedStrings.xml": f"<sst {S}>{shared}</sst>",
        "xl/styles.xml": f"<styleSheet {S}>{styles}</styleSheet>",
    }
    for number, (_, _, content) in enumerate(sheets, start=1):
        parts[f"xl/worksheets/sheet{number}.xml"] = f"<worksheet {S}>{content}</worksheet>"
    return package("xl/workbook.xml", parts | (extra or {}), core)


def rows(*lines):
    """Sheet data with one row for each line of values; texts inline, numbers as numbers, ``None`` left out."""
    return f"<sheetData>{''.join(map(_row, range(1, len(lines) + 1), lines))}</sheetData>"


def _row(number, values):
    cells = "".join(_cell(f"{chr(65 + column)}{number}", value) for column, value in enumerate(values))
    return f'<row r="{number}">{cells}</row>'


def _cell(address, value):
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{address}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{address}"><v>{value}</v></c>'


def shape(text, role=None, properties=""):
    """A shape of a slide with one paragraph for each line of text; ``role`` makes it a placeholder."""
    placeholder = "" if role is None else f'<p:ph type="{role}"/>'
    paragraphs = "".join(f"<a:p>{properties}<a:r><a:t>{line}</a:t></a:r></a:p>" for line in text.split("\n"))
    return f"<p:sp><p:nvSpPr><p:nvPr>{placeholder}</p:nvPr></p:nvSpPr><p:txBody>{paragraphs}</p:txBody></p:sp>"


def picture(number, width, height):
    """A picture, as a slide, a sheet and a document show it: the part with the id r``number``, its sides in EMU."""
    place = f'<a:xfrm><a:off x="0" y="0"/><a:ext cx="{width}" cy="{height}"/></a:xfrm>'
    fill = f'<p:blipFill><a:blip r:embed="r{number}"/></p:blipFill>'
    return f"<p:pic><p:nvPicPr></p:nvPicPr>{fill}<p:spPr>{place}</p:spPr></p:pic>"


def slide(content, attributes=""):
    """The XML of a slide."""
    return f"<p:sld {C} {attributes}><p:cSld><p:spTree>{content}</p:spTree></p:cSld></p:sld>"


def presentation(*slides, extra=None, core=""):
    """A presentation of slides, each XML of `slide`."""
    entries = "".join(f'<p:sldId id="{255 + number}" r:id="r{number}"/>' for number in range(1, len(slides) + 1))
    parts = {
        "ppt/presentation.xml": f"<p:presentation {P}><p:sldIdLst>{entries}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(
            *(("slide", f"slides/slide{number}.xml") for number in range(1, len(slides) + 1))
        ),
    }
    for number, content in enumerate(slides, start=1):
        parts[f"ppt/slides/slide{number}.xml"] = content
    return package("ppt/presentation.xml", parts | (extra or {}), core)


def open_document(kind, body, *, styles="", meta="", extra=None):
    """An OpenDocument file of a kind (text, spreadsheet, presentation) with this body and automatic styles."""
    names = {
        "office": "office", "style": "style", "text": "text", "table": "table", "draw": "drawing",
        "presentation": "presentation", "fo": "xsl-fo-compatible", "meta": "meta", "svg": "svg-compatible",
    }  # fmt: skip
    spaces = " ".join(
        f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for prefix, name in names.items()
    )
    spaces += ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink"'
    content = (
        f"<office:document-content {spaces}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    properties = f"<office:document-meta {spaces}><office:meta>{meta}</office:meta></office:document-meta>"
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": content,
            "meta.xml": properties,
            **(extra or {}),
        }
    )
