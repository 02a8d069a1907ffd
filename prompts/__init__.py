"""What the model is told, as files: front matter, a system part that never changes and a user part with variables."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from jinja2 import StrictUndefined, TemplateSyntaxError, meta
from jinja2.sandbox import SandboxedEnvironment

from schema import FootnoteError

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
    """Read ``<name>.md`` and check that it uses exactly the variables that it declares.

    Raises:
        FootnoteError: naming the file and what is wrong with it.
    """
    path = folder / f"{name}.md"
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FootnoteError(f"The prompt {path} can't be read: {error}") from error
    try:
        _, front, body = text.split("---\n", 2)
        system, user = body.split("# user\n", 1)
        fields = dict(line.split(": ", 1) for line in front.strip().splitlines())
        declared = frozenset(part.strip() for part in fields["variables"].split(","))
        refusal = fields["refusal"]
    except (ValueError, KeyError) as error:
        raise FootnoteError(
            f"The prompt {path} needs front matter with variables and refusal, # system, # user"
        ) from error
    try:
        used = meta.find_undeclared_variables(_ENVIRONMENT.parse(user))
    except TemplateSyntaxError as error:
        raise FootnoteError(f"The user part of the prompt {path} is no template: {error.message}") from error
    if used != declared:
        raise FootnoteError(f"The prompt {path} declares {sorted(declared)} but uses {sorted(used)}")
    system = system.replace("# system\n", "", 1).strip()
    return Prompt(name, system, user, declared, refusal, hashlib.sha256(text.encode()).hexdigest())
