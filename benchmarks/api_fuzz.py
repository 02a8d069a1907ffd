"""Requests made up from the interface's own description, by schemathesis, sent to the whole server in this process.

    python -m benchmarks.api_fuzz [--examples 10000] [--index FOLDER]

Half of the requests fit the description, half break it in one place. They go to Footnote over samples/, without a
language model, through every layer. Counts requests by status, and what schemathesis holds against an answer, by all of
its checks: an undescribed status, form or header, a valid request that is refused, an invalid one that is accepted, a
failure of ours. Writes benchmarks/results/api_fuzz.json; exits with 1 when a request was answered with 5xx.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode

from benchmarks.answering import ROOT, machine
from pipeline import Footnote
from schema import FootnoteError, checked_period
from settings import load_settings
from web.server import build_app

RESULTS = Path(__file__).parent / "results" / "api_fuzz.json"
DESCRIPTION = "/api/openapi.json"
FAILURES_KEPT = 5
ACCEPTED = ["2xx", "401", "403", "404", "409", "413", "429", "503"]
"""For a request that fits the description: one may still be too large, or come at the wrong time."""
REFUSED = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429", "503"]
"""For a request that does not."""


@dataclass
class Count:
    """What was answered, and what was held against it: for each check how often, with a few of them in full."""

    requests: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, case: Any) -> None:
        """Send one request and count it."""
        response = case.call()
        self.requests += 1
        self.statuses[str(response.status_code)] += 1
        try:
            case.validate_response(response)
        except FailureGroup as group:
            for failure in group.exceptions:
                name = f"{case.operation.label}: {failure.title}"
                self.findings[name] += 1
                kept = self.examples.setdefault(name, [])
                if len(kept) < FAILURES_KEPT:
                    kept.append(f"{failure}\n{case.as_curl_command()}"[:2_000])


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=10_000, help="requests to send, about")
    parser.add_argument("--index", type=Path, default=Path("/tmp/footnote-fuzz"), help="folder of the index")  # noqa: S108
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chosen, _ = load_settings({"index": arguments.index, "llm": "none"})
    footnote = Footnote(chosen, create=True)
    footnote.index([ROOT / "samples"])
    footnote.warm_up()
    started = time.monotonic()
    # A filter may fit the description and name what is not there, which is 400.
    api = described_api(build_app(footnote, host="testserver"), accepted=[*ACCEPTED, "400"])
    count = fuzz(api, arguments.examples, arguments.seed)
    footnote.close()
    failures = sum(number for status, number in count.statuses.items() if status.startswith("5"))
    record = {
        "machine": machine(),
        "seed": arguments.seed,
        "requests": count.requests,
        "minutes": round((time.monotonic() - started) / 60, 1),
        "operations": len(list(api.get_all_operations())),
        "statuses": dict(sorted(count.statuses.items())),
        "answered_5xx": failures,
        "findings": dict(count.findings.most_common()),
    }
    RESULTS.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    print(json.dumps(record | {"examples": count.examples}, indent=2))
    sys.exit(1 if failures else 0)


def described_api(app: Any, *, accepted: Sequence[str] = ACCEPTED) -> Any:
    """The interface as its description says, with what its answers are held to."""
    api = schemathesis.openapi.from_asgi(DESCRIPTION, app)
    api.config.checks.positive_data_acceptance.expected_statuses = list(accepted)
    api.config.checks.negative_data_rejection.expected_statuses = REFUSED
    api.hook(map_case)
    return api


def map_case(context: Any, case: Any) -> Any:
    """What the description can't say: a key comes once, a period has days, a wrong footnote is one of those sent."""
    if not case.meta.generation.mode.is_positive:
        return case
    if "idempotency-key" in (case.headers or {}):
        case.headers["idempotency-key"] = uuid4().hex
    if isinstance(case.body, dict) and "filter" in case.body and not _has_days(case.body["filter"]):
        case.body["filter"] |= {"since": None, "until": None}
    if isinstance(case.body, dict) and "wrong_citations" in case.body:
        most = len(case.body.get("citations", []))
        case.body["wrong_citations"] = [number for number in case.body["wrong_citations"] if number <= most]
    return case


def _has_days(within: dict[str, Any]) -> bool:
    try:
        checked_period(within.get("since"), within.get("until"))
    except FootnoteError:
        return False
    return True


def fuzz(api: Any, examples: int, start: int) -> Count:
    """Send about so many requests, the same for every operation, half of them broken."""
    operations = [result.ok() for result in api.get_all_operations()]
    count = Count()
    each = max(1, examples // (2 * len(operations)))
    for operation in operations:
        for mode in GenerationMode:
            _fuzz_one(operation, mode, each, start, count)
    return count


def _fuzz_one(operation: Any, mode: GenerationMode, examples: int, start: int, count: Count) -> None:
    @seed(start)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        count.add(case)

    with suppress(Unsatisfiable):  # a request without parameters can't be broken
        send()


if __name__ == "__main__":
    main()
