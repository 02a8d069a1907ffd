"""The tables of docs/checker.md, from the record of the last measurement of the support check."""

from __future__ import annotations

from typing import Any

MODEL = "reading model"
SIGNS = ("constant", "words held", "grave fault", "loose end", "model's logit")


def checker_tables(record: dict[str, Any]) -> str:
    """What it was measured on, the areas by kind and set, the verdicts, the weights, and what thresholds would do."""
    machine, made = record["machine"], record["made"]
    about = (
        f"At most {made['limit']} sentences of a kind, drawn with seed {made['seed']}; fitted on "
        f"{' and '.join(made['fitted_on'])}; commit {machine['commit']}, {machine['date']}."
    )
    parts = [about, areas(record["sets"]), verdicts(record["sets"]), weights(record["fitted"])]
    parts += [thresholds(name, rows) for name, rows in record["thresholds"].items()]
    return "\n\n".join(parts) + "\n"


def areas(sets: dict[str, Any]) -> str:
    """The area of the shipped check with the model by kind, and in brackets those of rules and model alone."""
    columns = {name: {row["kind"]: row["areas"] for row in one["areas"]} for name, one in sets.items()}
    kinds = dict.fromkeys(kind for column in columns.values() for kind in column)
    rows = [f"| {kind} | {' | '.join(_areas(column.get(kind)) for column in columns.values())} |" for kind in kinds]
    title = "Area under the ROC curve: the check, its 95 % interval (the fitted rules alone, the model alone)"
    return _table([title, *columns], rows)


def verdicts(sets: dict[str, Any]) -> str:
    """The share of each verdict by kind and set."""
    columns = {name: {row["kind"]: row["shares"] for row in one["verdicts"]} for name, one in sets.items()}
    kinds = dict.fromkeys(kind for column in columns.values() for kind in column)
    rows = [f"| {kind} | {' | '.join(_shares(column.get(kind)) for column in columns.values())} |" for kind in kinds]
    return _table(["Sentences found supported / partly / not, %", *columns], rows)


def weights(fitted: dict[str, list[float]]) -> str:
    """The fitted weights of each blend."""
    rows = [
        f"| {name} | {' | '.join([*(f'{value:.2f}' for value in values), *['-'] * (len(SIGNS) - len(values))])} |"
        for name, values in fitted.items()
    ]
    return _table(["Fitted weights", *SIGNS], rows)


def thresholds(name: str, rows: list[dict[str, float]]) -> str:
    """What each threshold of one blend would do."""
    told = [f"| {row['threshold']:.2f} | {row['lost']:.1%} | {row['kept']:.1%} |" for row in rows]
    return _table([f"Threshold, {name}", "true sentences below", "false ones not below"], told)


def _areas(areas: dict[str, dict[str, float]] | None) -> str:
    if areas is None:
        return "-"
    check, rules, model = (areas.get(name) for name in ("check", "rules, fitted", MODEL))
    alone = ", ".join(f"{one['area']:.3f}" for one in (rules, model) if one)
    interval = f"{check['low']:.3f} to {check['high']:.3f}" if check else ""
    return f"{check['area']:.3f}, {interval} ({alone})" if check else "-"


def _shares(shares: dict[str, float] | None) -> str:
    return " / ".join(f"{100 * value:.0f}" for value in shares.values()) if shares else "-"


def _table(head: list[str], rows: list[str]) -> str:
    return "\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *rows])
