"""Reports for people: one HTML page that needs no network, Markdown for a pull request, and a table."""

from eval.report.html import html_report
from eval.report.markdown import markdown_report
from eval.report.tables import csv_report
from eval.report.writing import write_report

__all__ = ["csv_report", "html_report", "markdown_report", "write_report"]
