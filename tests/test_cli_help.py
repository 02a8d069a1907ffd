"""What the lists of commands say of each, on a terminal of eighty columns: whole sentences, none of them cut."""

import pytest
import typer

from cli import app

COLUMNS, MARGINS = 80, 6


def groups(command, name="footnote"):
    """Every command that has commands, by its name."""
    if hasattr(command, "commands"):
        yield pytest.param(command, id=name)
        for inner, found in command.commands.items():
            yield from groups(found, f"{name} {inner}")


@pytest.mark.parametrize("group", list(groups(typer.main.get_command(app))))
def test_no_summary_of_a_command_is_cut(group):
    room = COLUMNS - MARGINS - max(map(len, group.commands))
    summaries = {name: command.get_short_help_str(limit=room) for name, command in group.commands.items()}
    assert {name: told for name, told in summaries.items() if not told or told.endswith("...")} == {}
