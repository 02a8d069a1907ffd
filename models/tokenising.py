"""Texts and pairs of texts as the numbers that an encoder reads. The only module that imports tokenizers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

Text = str | tuple[str, str]
"""A text, or the pair of question and text that a cross-encoder judges."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as an encoder reads it: ids with special tokens, and for each which text of a pair (0 or 1) it is of."""

    ids: list[int]
    types: list[int]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class ReadTokens(Tokens):
    """A pair as a reader takes it: of the second text, where its tokens begin, and the characters of each of them."""

    first: int = 0
    offsets: tuple[tuple[int, int], ...] = ()


class Tokeniser:
    """A tokenizer.json, for encoding (cut at ``max_tokens``, special tokens added) and for counting (neither).

    Args:
        definition: the text of a tokenizer.json.
        max_tokens: longer inputs are cut, of a pair the longer text first; chunks are made to stay below it.
    """

    def __init__(self, definition: str, max_tokens: int) -> None:
        self._plain, self._cutting = Tokenizer.from_str(definition), Tokenizer.from_str(definition)
        self._plain.no_truncation()
        self._plain.no_padding()
        self._cutting.no_padding()
        self._cutting.enable_truncation(max_tokens)
        self._reading = Tokenizer.from_str(definition)
        self._reading.no_padding()
        self._reading.enable_truncation(max_tokens, strategy="only_second")
        self._longest = max_tokens
        self._added = self._plain.num_special_tokens_to_add(is_pair=True)

    @classmethod
    def load(cls, folder: Path, max_tokens: int) -> Tokeniser:
        """The tokenizer.json of a folder."""
        return cls((folder / "tokenizer.json").read_text("utf-8"), max_tokens)

    def encode(self, texts: Sequence[Text]) -> list[Tokens]:
        """Each text as tokens, cut where it is too long."""
        return [Tokens(one.ids, one.type_ids) for one in self._cutting.encode_batch_fast(list(texts))]

    def encode_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[ReadTokens]:
        """Each pair as tokens that know their places in its second text, which loses its end where it is too long."""
        found = []
        for one in self._reading.encode_batch(list(pairs)):
            places = [place for place, number in enumerate(one.sequence_ids) if number == 1]
            offsets = tuple(one.offsets[place] for place in places)
            found.append(ReadTokens(one.ids, one.type_ids, places[0] if places else 0, offsets))
        return found

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens."""
        return [len(one.ids) for one in self._plain.encode_batch_fast(list(texts), add_special_tokens=False)]

    def count_pairs(self, query: str, texts: Sequence[str]) -> list[int]:
        """Tokens of each pair as it is encoded: with special tokens, and cut."""
        first, *others = self.count([query, *texts])
        return [min(first + other + self._added, self._longest) for other in others]
