"""Plant payloads in documents, ask the matching questions, and count what hostile text can make Footnote show.

    python -m benchmarks.attacks --data FOLDER                    everything
    python -m benchmarks.attacks --data FOLDER --parts obedient   one part: the others stay in the record as they were
    python -m benchmarks.attacks --data FOLDER --limit 20         the first 20 payloads of each kind; nothing is written

FOLDER holds attacks/attack_bipia and attacks/attack_garak, and the question sets. The parts: ``documents``, the
payloads that read like instructions and the honest sentences that do; ``obedient``, a model that obeys every payload
and knows tricks of its own, over every payload in four places and 500 spoofed citations; ``model``, the default
language model on a sample. Questions are asked with and without the defences. Writes benchmarks/results/attacks.json
after each part.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.answering import ROOT, machine
from benchmarks.attacks.alarms import false_alarms, recognised
from benchmarks.attacks.obedient import Counts, Part, by_arm, measure_part
from benchmarks.attacks.payloads import PLACES, Attempt, Host, Payload, read_hosts, read_payloads
from benchmarks.attacks.planted import in_turn
from benchmarks.attacks.real import measure_model
from benchmarks.attacks.spoofs import spoofs

RESULTS = Path(__file__).parents[1] / "results" / "attacks.json"
CLEAN = 60
"""Innocent documents of the same kinds in each index, beside the samples."""


@dataclass(frozen=True, slots=True)
class Material:
    """What is planted, and where: as many hosts as the longer list, and `CLEAN` more."""

    payloads: Sequence[Payload]
    spoofs: Sequence[Payload]
    hosts: Sequence[Host]

    @property
    def clean(self) -> Sequence[Host]:
        """The hosts that stay as they are."""
        return self.hosts[-CLEAN:]


def main() -> None:
    """Run the benchmark."""
    arguments = _parser().parse_args()
    material = read_material(arguments.data / "attacks", random.Random(arguments.seed), arguments.limit)  # noqa: S311
    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "documents": lambda: of_documents(material, arguments.data),
        "obedient": lambda: of_obedient(material, arguments.work, arguments.processes),
        "model": lambda: measure_model(
            in_turn(material.payloads[: arguments.model_payloads], material.hosts), material.clean, arguments.work
        ),
    }
    is_whole = arguments.limit is None
    record = json.loads(RESULTS.read_text("utf-8")) if is_whole and RESULTS.exists() else {}
    for name in arguments.parts:
        record[name] = {"machine": machine(), "seed": arguments.seed} | measures[name]()
        print(name, json.dumps(record[name], indent=2), flush=True)
        if is_whole:
            RESULTS.write_text(json.dumps(record, indent=2) + "\n", "utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ("documents", "obedient", "model")
    parser.add_argument("--data", type=Path, required=True, help="folder that holds attacks/ and the sets")
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts, help="what to measure")
    parser.add_argument("--limit", type=int, help="only so many payloads and spoofs; writes nothing")
    parser.add_argument("--model-payloads", type=int, default=40, metavar="N", help="payloads for the language model")
    parser.add_argument("--processes", type=int, default=2, help="for the model that obeys")
    parser.add_argument("--work", type=Path, default=Path("/tmp/footnote-attacks"), help="folder to work in")  # noqa: S108
    parser.add_argument("--seed", type=int, default=7)
    return parser


def read_material(folder: Path, rng: random.Random, limit: int | None) -> Material:
    """The payloads in an order that the generator decides, the spoofs, and documents to plant them in."""
    payloads = read_payloads(folder, rng)
    rng.shuffle(payloads)
    made = spoofs(rng)
    hosts = read_hosts(folder, max(len(payloads[:limit]), len(made[:limit])) + CLEAN, rng)
    return Material(payloads[:limit], made[:limit], hosts)


def of_documents(material: Material, data: Path) -> dict[str, Any]:
    """What the rules recognise of the payloads, and what of honest documents."""
    return {
        "payloads": len(material.payloads),
        "recognised": recognised(material.payloads),
        "false_alarms": false_alarms(data, ROOT / "samples"),
    }


def of_obedient(material: Material, work: Path, processes: int) -> dict[str, Any]:
    """Every payload in every place and every spoof, answered by the model that obeys, in processes side by side."""
    parts = [Part(place, planted(material, place), material.clean, work, first) for first, place in enumerate(PLACES)]
    parts.append(Part("spoofs", in_turn(material.spoofs, material.hosts), material.clean, work))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        counts: Counts = sum(pool.map(measure_part, parts), Counter())
    return by_arm(counts)


def planted(material: Material, place: Any) -> list[Attempt]:
    """Every payload in this place, each in a document of its own."""
    return [Attempt(payload, host, place) for payload, host in zip(material.payloads, material.hosts, strict=False)]


if __name__ == "__main__":
    main()
