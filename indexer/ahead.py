"""Embedding that goes on while the indexing run reads: one batch is embedded as the next is parsed and chunked.

Everything else stays in the thread of the run: its database, its rows, and whatever the embedder raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import numpy as np

EMBED_CHUNKS = 32
"""Chunks embedded between two reports of progress; an interrupted run waits for as many."""
THREADS = 2
"""Parts handed to the embedder at a time, so that its cores have the next part's work when one part runs out."""

Embed = Callable[[Sequence[str]], np.ndarray]


class Ahead:
    """Embeds texts in threads of its own, in the order in which they are started. Leaving it drops what has not begun.

    Args:
        embed: (n texts) -> (n, dimension) float32; it is called from several threads.
    """

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="embed-ahead")

    def __enter__(self) -> Ahead:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def start(self, texts: Sequence[str]) -> Iterator[np.ndarray]:
        """Begin with texts now; what is given back yields their vectors part by part, waiting for each.

        Raises:
            BaseException: of ``embed``, when the part that it concerns is asked for.
        """
        parts = [texts[start : start + EMBED_CHUNKS] for start in range(0, len(texts), EMBED_CHUNKS)]
        futures: list[Future[np.ndarray]] = [self._threads.submit(self._embed, part) for part in parts]
        return (future.result() for future in futures)
