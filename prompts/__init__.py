"""What the model is told, as files: front matter, a system part that never changes and a user part with variables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import StrictUndefined, TemplateSyntaxError, meta
from jinja2.sandbox import SandboxedEnvironment

from schema import FootnoteError

VARIABLES = frozenset(("evidence", "question", "earlier_question", "earlier_answer"))
"""What the user part may use."""
NEEDED = frozenset(("evidence", "question"))
FIELDS = ("variables", "refusal")
"""The front matter."""

_ENVIRONMENT = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file: ``refusal`` is what the model replies without evidence; ``sha256`` is the file's."""

    name: str
    system: str
    user: str
    variables: frozenset[str]
    refusal: str
    sha256: str

    def render_user(self, **values: str) -> str:
        """The user part with its variables filled in; values are inserted as they are, never read as a template."""
        return _ENVIRONMENT.from_string(self.user).render(**values).strip()


def load_prompt(name: str, folder: Path = Path(__file__).parent) -> Prompt:
    """Read ``<name>.md`` of a folder, by default the one that ships; see `read_prompt`."""
    return read_prompt(folder / f"{name}.md")


def read_prompt(path: Path) -> Prompt:
    """Read a prompt file and check that it uses exactly the variables that it declares, and that those exist.

    Raises:
        FootnoteError: naming the file, the line and what is wrong with it.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FootnoteError(f"The prompt {path} can't be read: {getattr(error, 'strerror', None) or error}") from error
    lines = text.split("\n")
    try:
        fields, body = _front_matter(lines)
        system_line = _find(lines, "# system", body)
        user_line = _find(lines, "# user", system_line + 1)
        user = "\n".join(lines[user_line + 1 :])
        declared = _declared(fields)
        _check_variables(user, declared, user_line + 1, fields["variables"][0])
    except _FaultError as fault:
        raise FootnoteError(f"The prompt {path}, line {fault.line}: {fault}") from fault
    system = "\n".join(lines[system_line + 1 : user_line]).strip()
    return Prompt(path.stem, system, user, declared, fields["refusal"][1], hashlib.sha256(text.encode()).hexdigest())


class _FaultError(Exception):
    """What is wrong in which line, counted from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def _front_matter(lines: Sequence[str]) -> tuple[dict[str, tuple[int, str]], int]:
    """The fields between the two lines of dashes, each with its line, and the index of the line after them."""
    if lines[0] != "---":
        raise _FaultError(
            1, f"It has to begin with a line of three dashes, then {' and '.join(FIELDS)}, then dashes again."
        )
    end = _find(lines, "---", 1)
    fields = {}
    for number, line in enumerate(lines[1:end], start=2):
        name, colon, value = line.partition(": ")
        if name not in FIELDS or not colon or not value.strip():
            raise _FaultError(
                number, f"{line!r} is none of the fields {', '.join(FIELDS)} with a value, as in 'refusal: NO'."
            )
        fields[name] = number, value.strip()
    if missing := [name for name in FIELDS if name not in fields]:
        raise _FaultError(end + 1, f"The field {missing[0]} is missing above this line.")
    return fields, end + 1


def _find(lines: Sequence[str], wanted: str, start: int) -> int:
    """The index of the first line from ``start`` on that is this."""
    for index in range(start, len(lines)):
        if lines[index].rstrip() == wanted:
            return index
    raise _FaultError(len(lines), f"The line {wanted!r} is missing before the end.")


def _declared(fields: Mapping[str, tuple[int, str]]) -> frozenset[str]:
    """The declared variables: those that exist, and at least those that no prompt can do without."""
    line, value = fields["variables"]
    declared = frozenset(part.strip() for part in value.split(","))
    if unknown := sorted(declared - VARIABLES):
        raise _FaultError(line, f"There is no variable {unknown[0]!r}; there are {', '.join(sorted(VARIABLES))}.")
    if missing := sorted(NEEDED - declared):
        raise _FaultError(line, f"The variable {missing[0]!r} has to be declared and used.")
    return declared


def _check_variables(user: str, declared: frozenset[str], above: int, declared_line: int) -> None:
    """Whether the user part is a template of the declared variables; ``above`` lines stand before it."""
    try:
        used = meta.find_undeclared_variables(_ENVIRONMENT.parse(user))
    except TemplateSyntaxError as error:
        raise _FaultError(above + error.lineno, f"The user part is no template: {error.message}") from error
    if unknown := sorted(used - declared):
        line = next((n for n, text in enumerate(user.split("\n"), start=above + 1) if unknown[0] in text), above + 1)
        raise _FaultError(line, f"It uses {unknown[0]!r}, which the variables in line {declared_line} don't name.")
    if unused := sorted(declared - used):
        raise _FaultError(declared_line, f"It declares {unused[0]!r} but never uses it.")
