"""What decides whether a change lands: strict, but for a few tests that pass when they are alone (decision 025)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TESTS = """
from pathlib import Path
import pytest

def test_that_lost_a_race():
    seen = Path("seen")
    was = seen.exists()
    seen.touch()
    assert was

@pytest.mark.parametrize("name", "abcd")
def test_that_is_broken(name):
    assert not Path(name).exists()
"""


@pytest.fixture
def project(tmp_path):
    """A project whose first test fails once, and whose others fail as long as a file of their name is there."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci")
    (tmp_path / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    (tmp_path / "Makefile").write_text("test:\n\t@.venv/bin/python -m pytest test_races.py\n", "utf-8")
    (tmp_path / "test_races.py").write_text(TESTS, "utf-8")
    return tmp_path


def landed(project):
    """Whether the change lands, and what was printed."""
    run = subprocess.run(
        ["bash", ".ci/run"],
        cwd=project,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # which none of them needs, and seconds to load
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode == 0, run.stdout


def test_a_test_that_passes_alone_is_named_and_keeps_nothing_out(project):
    fine, printed = landed(project)
    assert fine
    named = printed.partition("One more go")[2]
    assert "test_races.py::test_that_lost_a_race" in named
    assert "1 passed" in named


def test_a_test_that_fails_twice_keeps_the_change_out(project):
    (project / "a").touch()
    fine, printed = landed(project)
    assert not fine
    assert "1 failed, 1 passed" in printed.partition("One more go")[2]


def test_more_than_three_failures_have_no_second_go(project):
    for name in "abc":
        (project / name).touch()
    fine, printed = landed(project)
    assert not fine
    assert "4 failed" in printed
    assert "One more go" not in printed


def test_what_fails_before_the_tests_has_no_second_go_even_where_tests_had_failed_before(project):
    landed(project)
    (project / "seen").unlink()
    (project / "Makefile").write_text("test:\n\tfalse\n", "utf-8")
    fine, printed = landed(project)
    assert not fine
    assert "One more go" not in printed
