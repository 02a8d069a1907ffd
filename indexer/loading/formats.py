"""What Footnote reads: one row for each format. A format is added here, with a module that reads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    ``name`` stands in sentences about reading it, ``described`` in sentences about what a file is. ``module`` is a
    module of one of this package's rooms with ``load(data: bytes) -> Extraction``; that of a container has
    ``unpack(data: bytes) -> Iterator[Part]`` instead (see `indexer.loading.members`).
    """

    key: str
    name: str
    described: str
    module: str
    extensions: tuple[str, ...]
    is_container: bool = False


TABLE: tuple[Format, ...] = (
    Format("markdown", "Markdown", "Markdown", "plain.markdown_loader", (".md", ".markdown")),
    Format(
        "text",
        "plain text",
        "text",
        "plain.text_loader",
        (".txt", ".text", ".log", ".rst", ".adoc", ".asciidoc", ".tex", ".json"),
    ),
    Format("html", "HTML", "an HTML page", "web.html_loader", (".html", ".htm", ".xhtml")),
    Format("docx", "DOCX", "a DOCX document", "office.docx_loader", (".docx", ".docm", ".dotx", ".dotm")),
    Format("pdf", "PDF", "a PDF document", "pdf.loader", (".pdf",)),
    Format(
        "pptx", "PPTX", "a PowerPoint presentation", "office.pptx_loader", (".pptx", ".pptm", ".ppsx", ".ppsm", ".potx")
    ),
    Format("xlsx", "XLSX", "an Excel workbook", "office.xlsx_loader", (".xlsx", ".xlsm", ".xltx", ".xltm")),
    Format("csv", "CSV", "a CSV file", "plain.csv_loader", (".csv", ".tsv")),
    Format("odt", "ODT", "an OpenDocument text", "office.odf_loader", (".odt", ".ott")),
    Format("ods", "ODS", "an OpenDocument spreadsheet", "office.odf_loader", (".ods", ".ots")),
    Format("odp", "ODP", "an OpenDocument presentation", "office.odf_loader", (".odp", ".otp")),
    Format("rtf", "RTF", "an RTF document", "office.rtf_loader", (".rtf",)),
    Format("doc", "DOC", "a document in Word's old .doc format", "office.legacy_office", (".doc", ".dot")),
    Format("xls", "XLS", "an old Excel workbook", "office.legacy_office", (".xls", ".xlt")),
    Format("ppt", "PPT", "an old PowerPoint presentation", "office.legacy_office", (".ppt", ".pps")),
    Format("epub", "EPUB", "an EPUB book", "web.epub_loader", (".epub",)),
    Format("subtitles", "WebVTT", "a WebVTT file", "plain.subtitles_loader", (".vtt", ".srt")),
    Format("eml", "EML", "a mail", "containers.mail_loader", (".eml",), is_container=True),
    Format("msg", "MSG", "an Outlook message", "containers.msg_loader", (".msg",), is_container=True),
    Format("zip", "ZIP", "a ZIP archive", "containers.archive", (".zip",), is_container=True),
    Format(
        *("image", "pictures", "a picture", "pictures.picture_loader"),
        (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".webp", ".bmp"),
    ),
)
BY_KEY = {one.key: one for one in TABLE}
BY_EXTENSION = {extension: one for one in TABLE for extension in one.extensions}
