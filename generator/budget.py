"""How much evidence the model may read so that an answer is there in the promised time, on the machine at hand.

Pure arithmetic over speeds that an engine has measured; knows no engine. `generator.prompting` packs the evidence.
"""

from __future__ import annotations

LEAST_EVIDENCE = 96
"""Tokens that are always read, however slow the machine: three or four sentences with their source lines."""

MOST_EVIDENCE = 800
"""Tokens beyond which more evidence no longer helps a small model, however fast the machine."""

UNMEASURED_EVIDENCE = 220
"""The budget while nothing was measured yet."""

TYPICAL_ANSWER = 40
"""Tokens of a typical answer: two sentences."""


def evidence_budget(
    reading_tokens_per_s: float,
    writing_tokens_per_s: float,
    *,
    promised_s: float,
    fixed_tokens: int,
    answer_tokens: int = TYPICAL_ANSWER,
) -> int:
    """Tokens of evidence that can be read in what the promised time leaves when the answer is written.

    Args:
        reading_tokens_per_s: of a prompt whose state is not kept; above 0.
        writing_tokens_per_s: above 0.
        promised_s: from the moment when the model is asked until its answer is complete.
        fixed_tokens: what is read besides the evidence: the question, the last turn, the template around them. The
            system message does not count where its state is kept.
        answer_tokens: of a typical answer, not of the longest one.

    Returns:
        A number from LEAST_EVIDENCE to MOST_EVIDENCE.

    Raises:
        ValueError: for a speed that is not above 0.

    Example:
        >>> evidence_budget(70.0, 14.0, promised_s=7.0, fixed_tokens=45, answer_tokens=42)
        235
    """
    if not (reading_tokens_per_s > 0 and writing_tokens_per_s > 0):
        raise ValueError(f"speeds must be above 0: {reading_tokens_per_s}, {writing_tokens_per_s}")
    seconds = promised_s - answer_tokens / writing_tokens_per_s
    affordable = seconds * reading_tokens_per_s - fixed_tokens
    return round(min(max(affordable, LEAST_EVIDENCE), MOST_EVIDENCE))
