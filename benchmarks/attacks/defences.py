"""The defences as users have them, or none of them: there is no such setting, so a benchmark takes them out by name.

What this module does not do: ask or judge anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from generator import drafting, finding, prompting

WITH, WITHOUT = "with defences", "without defences"
"""The two arms."""


class Through:
    """A sieve that lets everything pass."""

    def __init__(self, *_: Any) -> None: ...

    def feed(self, piece: str) -> str:
        """The piece."""
        return piece

    def rest(self) -> str:
        """Nothing waits."""
        return ""


OFF: tuple[tuple[Any, str, Any], ...] = (
    (finding, "instructions_among", lambda sentences: frozenset()),
    (prompting, "instructions_among", lambda sentences: frozenset()),
    (prompting, "is_instruction", lambda text: False),
    (prompting, "plain", lambda text: text),
    (drafting, "defuse", lambda text, held: text),
    (drafting, "recites", lambda *_: False),
    (drafting, "foreign_sources", lambda *_: set()),
    (drafting, "Sieve", Through),
)
"""The defences, by the names that the generator calls them by, with what does nothing in their place."""


@contextmanager
def defended(arm: str) -> Iterator[list[str]]:
    """Answers are made in this arm meanwhile; gives the list that every prompt is added to."""
    build = prompting.build_messages
    prompts: list[str] = []

    def watched(*arguments: Any, **options: Any) -> Any:
        messages = build(*arguments, **options)
        prompts.append(str(messages[-1].content))
        return messages

    with ExitStack() as stack:
        stack.enter_context(patch.object(drafting, "build_messages", watched))
        for module, name, stand_in in OFF if arm == WITHOUT else ():
            stack.enter_context(patch.object(module, name, stand_in))
        yield prompts
