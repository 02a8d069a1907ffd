"""The file of a calibration: written by `footnote eval calibrate`, read with every field checked, one shipped here.

What it means is `generator.refusing.calibration`'s.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from reprlib import repr as shown
from typing import Any

from generator.refusing.calibration import Calibration, Feature, Operating, Rule, foreign_models, parse_promise, rule_of
from schema import FootnoteError

FORMAT, VERSION = "footnote-calibration", 1
DEFAULT, DEFAULT_WITH_READER = "calibration.json", "calibration-reader.json"
"""The calibrations that ship: without a reading model's signals and, where it is there, with them."""


def calibration_to_dict(calibration: Calibration) -> dict[str, Any]:
    """The JSON form, with format and version."""
    return {"format": FORMAT, "version": VERSION} | asdict(calibration)


def load_calibration(path: Path, *, known: Sequence[str]) -> Calibration:
    """Read a calibration that ``footnote eval calibrate`` wrote.

    Args:
        path: of the JSON file.
        known: names of the signals that there are; a calibration that weighs another one is refused.

    Raises:
        FootnoteError: when it can't be read or is no calibration, naming file and field.
    """
    record = _read(path)
    features = [_feature(item, place, known) for item, place in _items(record, path, "features")]
    table = [_operating(item, place) for item, place in _items(record, path, "table")]
    if len({one.name for one in features}) < len(features):
        raise FootnoteError(f"{path}, field features: a signal stands there twice")
    if any(low.answer_from >= high.answer_from for low, high in pairwise(table)):
        raise FootnoteError(f"{path}, field table: answer_from does not rise from row to row")
    models = _object(record.get("fitted_with"), f"{path}, field fitted_with")
    for role, name in models.items():
        if not isinstance(name, str):
            raise FootnoteError(f"{path}, field fitted_with, {role}: {shown(name)} is not the name of a model")
    about = _object(record.get("about") or {}, f"{path}, field about")
    return Calibration(tuple(features), _number(record, "bias", str(path)), tuple(table), models, about)


@lru_cache(maxsize=2)
def default_calibration(known: tuple[str, ...], *, with_reader: bool) -> Calibration:
    """The calibration that ships, with a reading model's signals or without; without, where no other ships."""
    folder = Path(__file__).parent
    reading = folder / DEFAULT_WITH_READER
    return load_calibration(reading if with_reader and reading.exists() else folder / DEFAULT, known=known)


def chosen_rule(file: str, promise: str, *, known: tuple[str, ...], models: Mapping[str, str]) -> Rule:
    """When to answer, as settings ask for it; always, with the shipped one, where no cross-encoder scores evidence.

    Args:
        file: a calibration of one's own; empty for the one that ships.
        promise: what it is to keep.
        known: names of the signals that there are.
        models: by role (embedder, reranker, reader), names and hashes of those in use; ``none`` where there is none.

    Raises:
        FootnoteError: for a calibration of one's own that can't be read or was fitted with other models, and for a
            promise that it can't keep.
    """
    if not file and models.get("reranker") == "none":
        # Its scores are cosines, which no calibration that ships has seen: what is found is answered from.
        return Rule(default_calibration(known, with_reader=False), 0.0)
    if not file:
        shipped = default_calibration(known, with_reader=models.get("reader", "none") != "none")
        return rule_of(shipped, parse_promise(promise))
    calibration = load_calibration(Path(file), known=known)
    if changes := foreign_models(calibration, **models):
        raise FootnoteError(f"{file}: {changes} Fit it again with: footnote eval calibrate DATA --out FILE")
    return rule_of(calibration, parse_promise(promise))


def _read(path: Path) -> dict[str, Any]:
    """The JSON object of a file, of the format and version that this module reads."""
    try:
        record = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise FootnoteError(f"The calibration can't be read: {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise FootnoteError(f"The calibration {path} is not JSON: {error}") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise FootnoteError(f"{path} is not a calibration. Make one with: footnote eval calibrate DATA --out FILE")
    if record.get("version") != VERSION:
        raise FootnoteError(
            f"{path}, field version: {shown(record.get('version'))} is not {VERSION}, which this Footnote reads. "
            "Fit it again with: footnote eval calibrate DATA --out FILE"
        )
    return record


def _items(record: Mapping[str, Any], path: Path, name: str) -> list[tuple[dict[str, Any], str]]:
    """The objects of a list with their places, of which there has to be one."""
    value = record.get(name)
    if not isinstance(value, list) or not value:
        raise FootnoteError(f"{path}, field {name}: there is no list with anything in it")
    places = [f"{path}, field {name}, item {number}" for number in range(1, len(value) + 1)]
    return [(_object(item, place), place) for item, place in zip(value, places, strict=True)]


def _feature(fields: Mapping[str, Any], place: str, known: Sequence[str]) -> Feature:
    name = fields.get("name")
    if name not in known:
        raise FootnoteError(f"{place}, field name: there is no signal {shown(name)}; there are {', '.join(known)}")
    scale = _number(fields, "scale", place)
    if scale <= 0:
        raise FootnoteError(f"{place}, field scale: {scale} is not above 0")
    return Feature(str(name), _number(fields, "mean", place), scale, _number(fields, "weight", place))


def _operating(fields: Mapping[str, Any], place: str) -> Operating:
    answers = fields.get("answers")
    if type(answers) is not int or answers < 0:
        raise FootnoteError(f"{place}, field answers: {shown(answers)} is not a whole number from 0")
    return Operating(
        answer_from=_share(fields, "answer_from", place),
        answers=answers,
        answered=_share(fields, "answered", place),
        wrong=_maybe_share(fields, "wrong", place),
        false_answers=_maybe_share(fields, "false_answers", place),
        false_refusals=_maybe_share(fields, "false_refusals", place),
    )


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FootnoteError(f"{place}: {shown(value)} is not a JSON object")
    return value


def _number(fields: Mapping[str, Any], name: str, place: str) -> float:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise FootnoteError(f"{place}, field {name}: {shown(value)} is not a number")
    return float(value)


def _share(fields: Mapping[str, Any], name: str, place: str) -> float:
    value = _number(fields, name, place)
    if not 0 <= value <= 1:
        raise FootnoteError(f"{place}, field {name}: {value} is not from 0 to 1")
    return value


def _maybe_share(fields: Mapping[str, Any], name: str, place: str) -> float | None:
    return None if fields.get(name) is None else _share(fields, name, place)
