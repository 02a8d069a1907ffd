"""What Footnote reads: one row for each format. A format is added here, with a module that reads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    ``name`` stands in sentences about reading it, ``described`` in sentences about what a file is. ``module`` is a
    module of this package with ``load(data: bytes) -> Extraction``; that of a container has
    ``unpack(data: bytes) -> Iterator[Part]`` instead (see `indexer.loading.members`).
    """

    key: str
    name: str
    described: str
    module: str
    extensions: tuple[str, ...]
    is_container: bool = False


TABLE: tuple[Format, ...] = (
    Format("markdown", "Markdown", "Markdown", "markdown_loader", (".md", ".markdown")),
    Format(
        "text",
        "plain text",
        "text",
        "text_loader",
        (".txt", ".text", ".log", ".rst", ".adoc", ".asciidoc", ".tex", ".json"),
    ),
    Format("html", "HTML", "an HTML page", "html_loader", (".html", ".htm", ".xhtml")),
    Format("docx", "DOCX", "a DOCX document", "docx_loader", (".docx", ".docm", ".dotx", ".dotm")),
    Format("pdf", "PDF", "a PDF document", "pdf_loader", (".pdf",)),
    Format("pptx", "PPTX", "a PowerPoint presentation", "pptx_loader", (".pptx", ".pptm", ".ppsx", ".ppsm", ".potx")),
    Format("xlsx", "XLSX", "an Excel workbook", "xlsx_loader", (".xlsx", ".xlsm", ".xltx", ".xltm")),
    Format("csv", "CSV", "a CSV file", "csv_loader", (".csv", ".tsv")),
    Format("odt", "ODT", "an OpenDocument text", "odf_loader", (".odt", ".ott")),
    Format("ods", "ODS", "an OpenDocument spreadsheet", "odf_loader", (".ods", ".ots")),
    Format("odp", "ODP", "an OpenDocument presentation", "odf_loader", (".odp", ".otp")),
    Format("rtf", "RTF", "an RTF document", "rtf_loader", (".rtf",)),
    Format("doc", "DOC", "a document in Word's old .doc format", "legacy_office", (".doc", ".dot")),
    Format("xls", "XLS", "an old Excel workbook", "legacy_office", (".xls", ".xlt")),
    Format("ppt", "PPT", "an old PowerPoint presentation", "legacy_office", (".ppt", ".pps")),
    Format("epub", "EPUB", "an EPUB book", "epub_loader", (".epub",)),
    Format("subtitles", "WebVTT", "a WebVTT file", "subtitles_loader", (".vtt", ".srt")),
    Format("eml", "EML", "a mail", "mail_loader", (".eml",), is_container=True),
    Format("msg", "MSG", "an Outlook message", "msg_loader", (".msg",), is_container=True),
    Format("zip", "ZIP", "a ZIP archive", "archive", (".zip",), is_container=True),
    Format(
        *("image", "pictures", "a picture", "picture_loader"),
        (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".webp", ".bmp"),
    ),
)
BY_KEY = {one.key: one for one in TABLE}
BY_EXTENSION = {extension: one for one in TABLE for extension in one.extensions}
