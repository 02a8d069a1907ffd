"""Make the generated parts of the documentation, or check that they are as the code would make them.

    python docs/generate.py             writes docs/commands.md, docs/settings.md, docs/structure.svg and README's table
    python docs/generate.py --check     exits 1 and names what is out of date

The screenshots are made by docs/screenshots.py, which needs Chromium.
"""

from __future__ import annotations

import ast
import json
import sys
import textwrap
from collections import defaultdict
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
LAYERS = (
    ("app", "cli", "commands", "web", "eval"),
    ("console", "doctor", "pipeline", "library", "parts"),
    ("indexer", "retriever", "generator", "models"),
    ("prompts", "settings", "feedback", "access", "language", "schema"),
)
KNOWN_TO_ALL = {"schema", "language"}
BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y, MARGIN = 200, 66, 36, 84, 24


def main() -> int:
    """Write or check every generated file; the exit code."""
    check = "--check" in sys.argv[1:]
    generated = {
        DOCS / "commands.md": commands(),
        DOCS / "settings.md": settings_table(),
        DOCS / "measures.md": measures(),
        DOCS / "structure.svg": structure(),
        DOCS / "evaluation.md": evaluation(),
        DOCS / "retrieval.md": retrieval(),
        DOCS / "answers.md": answers(),
        DOCS / "calibration.md": calibration(),
        DOCS / "checker.md": checker(),
        DOCS / "parsing.md": parsing(),
        DOCS / "formats.md": formats(),
        DOCS / "running.md": running(),
        DOCS / "sizes.md": sizes(),
        ROOT / "README.md": readme(),
    }
    stale = [path for path, text in generated.items() if not path.exists() or path.read_text("utf-8") != text]
    if check and stale:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        print(f"Out of date: {names}. Make them again with: make docs")
        return 1
    for path in stale:
        path.write_text(generated[path], "utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


def commands() -> str:
    """Every command's own help, as the terminal prints it."""
    from cli import app  # noqa: PLC0415  (the root is on the path only when run as a script of the project)

    names = [(name,) for name in _names(app)]
    for group in app.registered_groups:
        names += [(str(group.name), name) for name in _names(group.typer_instance)] if group.typer_instance else []
    parts = ["# Commands\n\nMade by `python docs/generate.py` from the commands themselves.\n"]
    for words in [(), *names]:
        result = CliRunner().invoke(app, [*words, "--help"], terminal_width=100, prog_name="footnote")
        parts.append(f"## {' '.join(('footnote', *words))}\n\n```\n{result.output.strip()}\n```\n")
    return "\n".join(parts)


def _names(app: typer.Typer) -> list[str]:
    return [
        command.name or (command.callback.__name__ if command.callback else "") for command in app.registered_commands
    ]


def measures() -> str:
    """Every measure by group, with its definition and source."""
    from cli import app  # noqa: PLC0415

    listed = json.loads(CliRunner().invoke(app, ["eval", "measures", "--json"]).output)["measures"]
    parts = [
        "# Measures\n\nMade by `python docs/generate.py` from the measures themselves. "
        "[How to evaluate](evaluation.md) says how to read them.\n"
    ]
    for group in dict.fromkeys(one["group"] for one in listed):
        rows = [
            f"| `{one['name']}` | {one['definition']} | {one['unit']}, {one['better']} is better | {one['reference']} |"
            for one in listed
            if one["group"] == group
        ]
        head = ["| measure | what it says | unit | from |", "|---|---|---|---|"]
        parts.append("\n".join([f"## {group.capitalize()}\n", *head, *rows]) + "\n")
    return "\n".join(parts)


def settings_table() -> str:
    """Every setting with its default and meaning."""
    from settings import ENV_PREFIX, SETTINGS_FILE, Settings  # noqa: PLC0415

    lines = [
        "# Settings\n\nMade by `python docs/generate.py` from settings.py.\n",
        f"A value comes from, in rising order of precedence: its default, `{SETTINGS_FILE}` in the working directory, "
        f"the environment (`{ENV_PREFIX}` and the name in capitals), a flag of the command. `footnote doctor` shows "
        "each value and where it came from.\n",
        "| setting | default | meaning |\n|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = "the user's cache folder" if name == "cache" else str(field.get_default(call_default_factory=True))
        lines.append(f"| `{name}` | {default.replace('**********', '') or '(empty)'} | {field.description} |")
    return "\n".join(lines) + "\n"


def readme() -> str:
    """The README with its table of measurements filled in from the last benchmark's record."""
    return _filled(ROOT / "README.md", measured=("answering", measurements))


def evaluation() -> str:
    """The guide to evaluation with the gate's figures filled in from the last benchmarks' records."""
    return _filled(DOCS / "evaluation.md", reruns=("reruns", rerun_table), gate=("statistics", gate_table))


def retrieval() -> str:
    """The guide to retrieval with its tables filled in from the last benchmarks' records."""
    from docs import retrieval_tables as tables  # noqa: PLC0415

    return _filled(
        DOCS / "retrieval.md",
        stages=("retrieval", tables.stages_tables),
        weights=("weights", tables.weights_table),
        latency=("latency", tables.latency_table),
        scaling=("scaling", tables.scaling_table),
        peers=("peers", tables.peers_table),
    )


def answers() -> str:
    """The page on answers with its tables filled in from the last benchmark's record."""
    from docs import answers_tables as tables  # noqa: PLC0415

    return _filled(DOCS / "answers.md", answers=("answers", tables.answers_tables))


def calibration() -> str:
    """The guide to refusals with its tables filled in from the calibration that ships."""
    from docs import calibration_tables as tables  # noqa: PLC0415

    return tables.filled((DOCS / "calibration.md").read_text("utf-8"), ROOT / "generator" / "refusing")


def checker() -> str:
    """The page on the support check with its tables filled in from the last measurement's record."""
    from docs import checker_tables as tables  # noqa: PLC0415

    return _filled(DOCS / "checker.md", checker=("checker", tables.checker_tables))


def parsing() -> str:
    """The page on reading files with its tables filled in from the last benchmarks' records."""
    from docs import parsing_tables as tables  # noqa: PLC0415

    return _filled(
        DOCS / "parsing.md",
        parsing=("parsing", tables.fidelity_tables),
        large=("parsing", tables.large_tables),
        folders=("folders", tables.folder_tables),
    )


def running() -> str:
    """The page for whoever runs it with what many people at once did to the server."""
    from docs import load_tables as tables  # noqa: PLC0415
    from docs.outage_tables import outage_table  # noqa: PLC0415
    from docs.ray_tables import ray_table  # noqa: PLC0415
    from docs.store_outage_tables import store_outage_tables  # noqa: PLC0415

    return _filled(
        DOCS / "running.md",
        load=("load", tables.load_table),
        leaving=("leaving", tables.leaving_table),
        outages=("outages", outage_table),
        distributed=("distributed", ray_table),
        **{"store-outages": ("store_outages", store_outage_tables)},
    )


def sizes() -> str:
    """The page on sizes, hours and prices with its tables computed from the last benchmarks' records."""
    from docs import sizes as tables  # noqa: PLC0415

    figures = tables.read_measured(ROOT / "benchmarks" / "results")
    return tables.filled((DOCS / "sizes.md").read_text("utf-8"), figures)


def formats() -> str:
    """The page on formats with its table made from the one that the reader uses."""
    from indexer.loading.formats import TABLE  # noqa: PLC0415

    rows = [
        f"| {one.name} | {' '.join(f'`{ending}`' for ending in one.extensions)} |"
        f" {'and the documents in it' if one.is_container else ''} |"
        for one in TABLE
    ]
    return _between(
        (DOCS / "formats.md").read_text("utf-8"),
        "formats",
        "\n".join(["| format | endings | |\n|---|---|---|", *rows, ""]),
    )


def _between(text: str, mark: str, made: str) -> str:
    """A text with what stands between a pair of marks replaced."""
    start, end = f"<!-- {mark} -->\n", f"<!-- /{mark} -->"
    before, _, rest = text.partition(start)
    return before + start + made + end + rest.partition(end)[2]


def _filled(page: Path, **places: tuple[str, Callable[[dict[str, Any]], str]]) -> str:
    """A page with what stands between each pair of marks made anew from a record, where there is one."""
    text = page.read_text("utf-8")
    for mark, (name, make) in places.items():
        record = ROOT / "benchmarks" / "results" / f"{name}.json"
        if record.exists() and f"<!-- {mark} -->\n" in text:
            text = _between(text, mark, make(json.loads(record.read_text("utf-8"))))
    return text


def rerun_table(record: dict[str, Any]) -> str:
    """How often the gate stopped reruns, by how much their model wavers."""
    rows = [
        f"| {share.removeprefix('wavering_')} | {row['tripped']} of {row['of']} | "
        f"{row['tripped_on_main_measures']} of {row['of']} | "
        + " / ".join(
            f"{row['gold_in_answer_or_quote'][name]:.3f}" for name in ("baseline", "lowest", "mean", "highest")
        )
        + " |\n"
        for share, row in record.items()
        if share.startswith("wavering_")
    ]
    figures = "answer or quote right: baseline / lowest / mean / highest rerun"
    share = f"share of answers that waver ({record['questions']} questions)"
    head = f"| {share} | stopped | stopped on three measures | {figures} |\n|---|---|---|---|\n"
    return head + "".join(rows)


def gate_table(record: dict[str, Any]) -> str:
    """How often the gate stopped simulated reruns, and real losses."""
    rows = [
        f"| {name} | {row['trips_of_1000_reruns_of_ten_set_ups']} of 1,000 | "
        f"{row['share_caught_of_100_losses_of_0.05']:.0%} | {row['share_caught_of_100_losses_of_0.10']:.0%} |\n"
        for name, row in record["gate"].items()
        if isinstance(row, dict)
    ]
    return "| noise | reruns stopped | losses of 0.05 caught | losses of 0.10 caught |\n|---|---|---|---|\n" + "".join(
        rows
    )


def measurements(record: dict[str, Any]) -> str:
    """The benchmark's record as a Markdown table."""
    questions, machine, figures = record["questions"], record["machine"], record["measures"]
    rows = [
        ("quotes on screen, s (p50 / p95)", _pair(figures, "quotes")),
        ("first word of the answer, s (p50 / p95)", _pair(figures, "first_token")),
        ("whole answer or refusal, s (p50 / p95)", f"{figures['p50_s']:.2f} / {figures['p95_s']:.2f}"),
        ("expected answer in the answer or a quote it cites", figures["gold_in_answer_or_quote"]),
        ("expected evidence in the first three quotes", figures["quotes_gold_at_3"]),
        ("answers whose citations hold the expected evidence", figures["citation_holds_gold"]),
        ("refused although answerable", figures["false_refusals"]),
        ("answered although not answerable", figures["false_answers"]),
        ("quotes verbatim at their offsets", record["quotes_verbatim"]),
        ("resident memory, MiB", record["resident_memory_mb"]),
    ]
    about = (
        f"{questions['answerable']} answerable and {questions['unanswerable']} unanswerable sample questions over "
        f"{record['indexing']['documents']:,} documents ({record['indexing']['chunks']:,} chunks), "
        f"{machine['cores']} cores ({machine['cpu']}), commit {machine['commit']}, {machine['date']}."
    )
    return f"{about}\n\n| measured | value |\n|---|---|\n" + "".join(f"| {name} | {value} |\n" for name, value in rows)


def _pair(figures: dict[str, float], stage: str) -> str:
    return f"{figures[f'{stage}_p50_s']:.2f} / {figures[f'{stage}_p95_s']:.2f}"


def structure() -> str:
    """The rooms of the house and who imports whom, drawn from the code."""
    rooms = {name: _files(name) for layer in LAYERS for name in layer}
    arrows = {name: _imports(files, set(rooms) - {name}) for name, files in rooms.items()}
    widest = max(len(layer) for layer in LAYERS)
    width = 2 * MARGIN + widest * BOX_WIDTH + (widest - 1) * GAP_X
    height = 2 * MARGIN + len(LAYERS) * BOX_HEIGHT + (len(LAYERS) - 1) * GAP_Y
    places = {
        name: ((width - (len(layer) * (BOX_WIDTH + GAP_X) - GAP_X)) / 2 + column * (BOX_WIDTH + GAP_X), _top(row), row)
        for row, layer in enumerate(LAYERS)
        for column, name in enumerate(layer)
    }
    lines = [
        line
        for name in rooms
        for target in sorted(arrows[name] - KNOWN_TO_ALL)
        for line in _arrow(places[name], places[target])
    ]
    boxes = [_box(name, places[name], rooms[name]) for name in rooms]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + MARGIN}" '
        'font-family="system-ui, sans-serif">'
        "<title>The rooms of Footnote and who imports whom</title>"
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#8a94a6"/></marker></defs>'
        f'<rect width="{width}" height="{height + MARGIN}" fill="#ffffff"/>'
    )
    note = (
        f'<text x="{width - MARGIN}" y="{height + 4}" text-anchor="end" font-size="11" fill="#4b5870">'
        f"Every room may also import {' and '.join(sorted(KNOWN_TO_ALL))}; those arrows are left out.</text>"
    )
    return "\n".join((head, *lines, *boxes, note, "</svg>")) + "\n"


def _top(row: int) -> int:
    return MARGIN + row * (BOX_HEIGHT + GAP_Y)


def _files(room: str) -> list[Path]:
    folder = ROOT / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [ROOT / f"{room}.py"]


def _imports(files: list[Path], rooms: set[str]) -> set[str]:
    """The rooms that these files import, wherever in the file."""
    found: dict[str, int] = defaultdict(int)
    for path in files:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for name in names:
                found[name.split(".")[0]] += 1
    return set(found) & rooms


def _arrow(origin: tuple[float, int, int], target: tuple[float, int, int]) -> list[str]:
    """A curve from the bottom of one box to the top of another, or from side to side within a layer."""
    (x1, y1, row1), (x2, y2, row2) = origin, target
    style = 'fill="none" stroke="#8a94a6" stroke-width="1.2" marker-end="url(#tip)"'
    if row1 == row2:
        middle = y1 + BOX_HEIGHT / 2
        left_to_right = x1 < x2
        start, end = (x1 + BOX_WIDTH, x2) if left_to_right else (x1, x2 + BOX_WIDTH)
        lift = middle - 18 if abs(x2 - x1) < BOX_WIDTH + 2 * GAP_X else middle - 90
        return [f'<path d="M{start} {middle} Q{(start + end) / 2} {lift} {end} {middle}" {style}/>']
    start_x, end_x = x1 + BOX_WIDTH / 2, x2 + BOX_WIDTH / 2 + (x1 - x2) * 0.06
    start_y, end_y = y1 + BOX_HEIGHT, y2
    bend = (end_y - start_y) / 2
    curve = f"C{start_x} {start_y + bend} {end_x:.0f} {end_y - bend} {end_x:.0f} {end_y}"
    return [f'<path d="M{start_x} {start_y} {curve}" {style}/>']


def _box(name: str, place: tuple[float, int, int], files: list[Path]) -> str:
    """A room with what its own docstring says that it is."""
    x, y, _ = place
    middle = x + BOX_WIDTH / 2
    first = next(path for path in files if path.name in ("__init__.py", f"{name}.py"))
    summary = (ast.get_docstring(ast.parse(first.read_text("utf-8"))) or "").split("\n")[0].replace("`", "")
    lines = textwrap.wrap(summary.split(". ")[0].rstrip("."), 33, max_lines=2, placeholder=" …")
    return (
        f'<rect x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="8" fill="#f4f6fa" stroke="#1f3a5f"/>'
        f'<text x="{middle}" y="{y + 23}" text-anchor="middle" font-size="16" fill="#10233d">{escape(name)}</text>'
    ) + "".join(
        f'<text x="{middle}" y="{y + 41 + 14 * row}" text-anchor="middle" font-size="11" fill="#4b5870">{escape(line)}'
        "</text>"
        for row, line in enumerate(lines)
    )


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
