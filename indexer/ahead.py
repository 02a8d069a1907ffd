"""Embedding that goes on while the indexing run reads: one batch is embedded as the next is parsed and chunked.

Everything else stays in the thread of the run: its database, its rows, and whatever the embedder raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import numpy as np

EMBED_CHUNKS = 128
"""Chunks embedded between two reports of progress."""

Embed = Callable[[Sequence[str]], np.ndarray]


class Ahead:
    """Embeds texts in a thread of its own, in the order in which they are started. Leaving it drops what has not begun.

    Args:
        embed: (n texts) -> (n, dimension) float32.
    """

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embed-ahead")

    def __enter__(self) -> Ahead:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def start(self, texts: Sequence[str]) -> Iterator[np.ndarray]:
        """Begin with texts now; what is given back yields their vectors part by part, waiting for each.

        Raises:
            BaseException: of ``embed``, when the part that it concerns is asked for.
        """
        parts = [texts[start : start + EMBED_CHUNKS] for start in range(0, len(texts), EMBED_CHUNKS)]
        futures: list[Future[np.ndarray]] = [self._thread.submit(self._embed, part) for part in parts]
        return (future.result() for future in futures)
