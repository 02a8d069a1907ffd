"""What a question asks, apart from the story that it comes with.

People who ask about rules describe their situation first ("My brother is in prison ... How long will it take?"). All of
it helps to find passages; a cross-encoder, which was trained on short questions, is led astray by it and reads the
question alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from language import sentence_spans

LONGEST_WHOLE = 160
"""Characters; a text up to this length is read as one question, however many sentences it has."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question as retrieval sees it: all of its ``text``, and the ``question`` without its scenario.

    The two are the same unless the text is long and holds a sentence that asks.
    """

    text: str
    question: str


def parse_query(text: str) -> Query:
    """Tell a question from its scenario: in a long text, the sentences that end in a question mark.

    >>> scenario = "My brother is in prison, and for four years his children have lived with my husband and me. "
    >>> parse_query(scenario + "We want to be their special guardians for good. When will the court say?").question
    'When will the court say?'
    """
    sentences = [text[start:end] for start, end in sentence_spans(text)]
    asking = [sentence for sentence in sentences if sentence.endswith(("?", "？", "؟"))]
    is_split = len(text) > LONGEST_WHOLE and 0 < len(asking) < len(sentences)
    return Query(text, " ".join(asking) if is_split else text)
