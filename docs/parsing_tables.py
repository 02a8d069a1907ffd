"""The tables of docs/parsing.md, from the records of the last measurements of readers and of the hostile folder."""

from __future__ import annotations

from typing import Any

READERS = ("footnote", "pypdf", "pdfplumber", "markitdown", "docling")
FIGURES = (
    ("characters wrong", "character_error", "{:.1%}"),
    ("words wrong", "word_error", "{:.1%}"),
    ("word F1", "word_f1", "{:.3f}"),
    ("cells in their row", "cells_in_row", "{:.1%}"),
    ("cells apart", "cells_apart", "{:.1%}"),
    ("headings in order", "headings_in_order", "{:.1%}"),
    ("of its headings", "headings_of_reference", "{:.1%}"),
    ("s a file", "read_s_median", "{:.3f}"),
    ("peak MiB", "peak_mb_median", "{:,}"),
)
NAMES = {name: title for title, name, _ in FIGURES}


def fidelity_tables(record: dict[str, Any]) -> str:
    """A table for each format, and where Footnote stands behind the best light reader."""
    if "fidelity" not in record:
        return "Not measured yet.\n"
    one = record["fidelity"]
    versions = ", ".join(f"{name} {version}" for by in one["versions"].values() for name, version in by.items())
    parts = [f"{_about(one['machine'])} {versions}."]
    parts += [f"**{group}**\n\n{_group(by_reader)}" for group, by_reader in one["groups"].items()]
    return "\n\n".join([*parts, standing(one["standings"])]) + "\n"


def standing(rows: list[dict[str, Any]]) -> str:
    """How many figures are at least as good as the best other light reader's, and those that are not."""
    behind = [row for row in rows if not row["holds"]]
    holds = len(rows) - len(behind)
    told = f"Of {len(rows)} figures that a light reader has too, Footnote's is at least as good in {holds}."
    if not behind:
        return told
    forms = {name: form for _, name, form in FIGURES}
    lines = [
        f"| {row['group']} | {NAMES[row['figure']]} | {forms[row['figure']].format(row['footnote'])} | "
        f"{forms[row['figure']].format(row['theirs'])} ({row['best']}) |"
        for row in behind
    ]
    return f"{told} It is behind in:\n\n" + _table(["files", "figure", "Footnote", "best"], lines)


def large_tables(record: dict[str, Any]) -> str:
    """100 pages from file to vectors, and the memory of larger ones."""
    if "large" not in record:
        return "Not measured yet.\n"
    one = record["large"]
    stages, command, whole = one["indexed"]["stages"], one["indexed"]["command"], one["pipeline"]
    first = [
        f"| parse | {stages['parse_s']:.1f} |",
        f"| chunk ({stages['chunks']} chunks) | {stages['chunk_s']:.1f} |",
        f"| embed | {stages['embed_s']:.1f} |",
        f"| `footnote index`, all of it | {command['seconds']:.1f} |",
    ]
    rows = [
        f"| {row['pages']:,} | {row['file_mb']:.1f} | {row['characters']:,} | {row['parse_s']:.1f} | "
        f"{row['parse_peak_mb']:,} |"
        for row in one["parsed"]
    ]
    return (
        f"{_about(one['machine'])} {stages['pages']} pages of a report, {stages['characters']:,} characters; the "
        f"processes of the command had {command['peak_mb']:,} MiB together at their peak.\n\n"
        + _table([f"{stages['pages']} pages", "s"], first)
        + "\n\n"
        + _table(["pages, parsed only", "file, MiB", "characters", "s", "peak MiB"], rows)
        + f"\n\nThe last of them in the whole pipeline: {whole['status']}, {whole['pages']:,} pages, "
        f"{whole['chunks']:,} chunks, {whole['seconds']:,.0f} s, {whole['peak_mb']:,} MiB for all processes together. "
        f"{whole['reason']}\n"
    )


def folder_tables(record: dict[str, Any]) -> str:
    """What happened to each collection of the hostile folder, and the reasons."""
    statuses = [name for name in ("indexed", "partial", "refused") if name in record["statuses"]]
    found = record["good_files"] - len(record["good_files_not_found"])
    about = (
        f"{_about(record['machine'])} {record['files']:,} files and {record['rows']:,} rows "
        f"in {record['seconds']:,.0f} s, "
        f"{record['peak_mb']:,} MiB at the peak: {record['crashes']} crashes, {record['hangs']} hangs, "
        f"{len(record['without_row'])} files without a row, {record['processes_left']} processes left behind, "
        f"{found} of {record['good_files']} good files found."
    )
    rows = [
        f"| {folder} | {' | '.join(str(counts.get(name, 0)) for name in statuses)} |"
        for folder, counts in record["statuses_by_folder"].items()
    ]
    reasons = [
        f"| {one['files']} | {one['status']} | {one['reason'].replace('|', '¦').replace('<', '&lt;')} |"
        for one in record["reasons"][:20]
    ]
    return (
        "\n\n".join([about, _table(["folder", *statuses], rows), _table(["files", "status", "reason"], reasons)]) + "\n"
    )


def _group(by_reader: dict[str, dict[str, Any]]) -> str:
    rows = []
    for reader in READERS:
        if one := by_reader.get(reader):
            shown = ["-" if one[name] is None else form.format(one[name]) for _, name, form in FIGURES]
            rows.append(f"| {reader} | {one['read']} of {one['files']} | {' | '.join(shown)} |")
    return _table(["reader", "files read", *(title for title, *_ in FIGURES)], rows)


def _about(machine: dict[str, Any]) -> str:
    return f"{machine['cores']} cores ({machine['cpu']}), commit {machine['commit']}, {machine['date']}."


def _table(head: list[str], rows: list[str]) -> str:
    return "\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *rows])
