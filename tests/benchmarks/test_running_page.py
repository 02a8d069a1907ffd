"""The figures of many people at once in the guide for whoever runs it."""

import pytest

from docs.load_tables import leaving_table, load_table

MACHINE = {"cpu": "Some CPU", "cores": 2, "commit": "abc1234", "date": "2026-01-31"}
STREAMS = {
    "machine": MACHINE,
    "streams": 20,
    "complete": 19,
    "errors": {"status 500": 1},
    "first_token_ms": {"p50": 460, "p95": 806},
    "resident_mb": {"before": 194, "after": 207},
}
FOUR = {
    "machine": MACHINE | {"commit": "def5678"},
    "people": [{"quotes": 1.17, "end": 9.42}, {"quotes": 0.94, "end": 5.05}],
    "waited_untold": 0,
}
LEAVING = {
    "machine": MACHINE,
    "stub": {"all": {"clients": 100, "stopped_within_1_s": 99, "stopped_ms": {"p50": 2, "max": 1113}}},
}


def test_each_part_has_its_figures_and_its_commit():
    assert load_table({"streams": STREAMS, "four": FOUR}).split("\n") == [
        "| what | figure | commit |",
        "|---|---|---|",
        "| 20 streams at once, complete | 19, 1 errors | abc1234 |",
        "| their first word, s (p50 / p95) | 0.46 / 0.81 | abc1234 |",
        "| memory of the server before and after, MiB | 194 / 207 | abc1234 |",
        "| four people ask the default model at once: their quotes after, s | 0.9, 1.2 | def5678 |",
        "| their answers complete after, s | 5.0, 9.4 | def5678 |",
        "| who waited and was not told a place | 0 | def5678 |",
        "",
        "2 cores (Some CPU), 2026-01-31",
        "",
    ]


@pytest.mark.parametrize("parts", [("stub",), ("stub", "model")])
def test_who_left_is_told_for_the_stub_and_where_it_was_measured_for_the_model(parts):
    lines = leaving_table({"machine": MACHINE} | dict.fromkeys(parts, LEAVING["stub"])).split("\n")
    names = {"stub": "a stub that counts its model's steps", "model": "the default model"}
    assert lines[2:-3] == [f"| {names[part]} | 99 of 100 | 0.00 / 1.11 |" for part in parts]
    assert lines[-2] == "2 cores (Some CPU), 2026-01-31, commit abc1234"
