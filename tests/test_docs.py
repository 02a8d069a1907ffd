"""The documentation is generated or executed, so that it can't drift from the code."""

import importlib.util
import re
import shlex
from pathlib import Path

import pytest
from click.exceptions import NoSuchOption, UsageError
from typer.main import get_command

from cli import app
from eval.sets.questions import load_questions

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def _generator():
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["commands.md", "measures.md", "settings.md", "structure.svg"])
def test_generated_pages_are_what_the_code_makes(name):
    """`make docs` would change nothing."""
    generate = _generator()
    made = {
        "commands.md": generate.commands,
        "measures.md": generate.measures,
        "settings.md": generate.settings_table,
        "structure.svg": generate.structure,
    }
    assert (ROOT / "docs" / name).read_text("utf-8") == made[name]()


def test_readme_figures_are_the_benchmarks_record():
    """No figure in the README's table, or in the guide to evaluation, was typed by hand."""
    assert _generator().readme() == README
    assert _generator().evaluation() == (ROOT / "docs" / "evaluation.md").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page):
    """Every link and picture that is not an address exists in the project."""
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8"))
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert missing == []


def _commands() -> list[str]:
    pages = [page.read_text("utf-8") for page in PAGES]
    fenced = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    lines = [line for page in pages for kind, block in fenced.findall(page) if not kind for line in block.splitlines()]
    return sorted({line.partition(" #")[0].strip() for line in lines if line.startswith("footnote ")})


def test_pages_show_commands():
    """The next test is not vacuous."""
    assert len(_commands()) >= 15


@pytest.mark.parametrize("line", _commands())
def test_commands_of_the_pages_exist_with_their_options(line):
    """Each command line of the documentation is one that the command line accepts."""
    command, arguments = get_command(app), shlex.split(line)[1:]
    try:
        while hasattr(command, "commands"):
            command = command.commands[arguments.pop(0)]
        command.make_context(line, arguments)
    except (NoSuchOption, UsageError) as error:
        pytest.fail(f"{line}: {error.format_message()}")


def test_the_questions_that_the_guide_shows_are_a_question_set(tmp_path):
    """Its YAML is one that Footnote reads, and holds what the text around it says."""
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "evaluation.md").read_text("utf-8"), re.DOTALL)
    (tmp_path / "questions.yaml").write_text("".join(blocks), "utf-8")
    *cases, following = load_questions(tmp_path / "questions.yaml")
    assert [turn.question for turn in following.history] == ["Which organisation reacted to the strategy?"]
    assert [(case.question_id, case.together, case.unanswerable) for case in cases] == [
        ("published", False, False), ("both-chiefs", True, False), ("budget", False, True)
    ]  # fmt: skip


def test_readme_python_runs(samples_index, monkeypatch, tmp_path, capsys):
    """The README's own example prints the passages that it promises."""
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (tmp_path / "footnote-index").symlink_to(samples_index)
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {}
    exec(block, scope)  # noqa: S102  (the README's own words)
    scope["footnote"].close()
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 3
    assert any(line.startswith("default/abpi-reaction.docx ") for line in printed)


def test_the_lock_pins_everything_and_torch_without_cuda():
    """One exact version each, torch as the CPU wheel can satisfy it, and nothing of CUDA."""
    pins = [line for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines() if not line.startswith("#")]
    assert [line for line in pins if not re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9.!]+", line)] == []
    assert "torch==2.13.0" in pins
    assert [line for line in pins if line.startswith(("nvidia", "triton", "cuda"))] == []
