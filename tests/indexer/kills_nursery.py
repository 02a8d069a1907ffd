"""A process that forks indexing runs and kills them: imports cost once, and each run starts within milliseconds.

Orders come as JSON lines on stdin (index, documents, seconds until SIGKILL or null); each run's rows go to stdout as
soon as they are reported, and after it a line that says how it ended.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

from fakes import IDENTITY, count_words, word_vectors

import indexer.loading.markdown_loader
import indexer.loading.text_loader  # noqa: F401  (imported before the fork, as everything else)
from indexer import building
from indexer.loading import load
from indexer.store import IndexStore

building.BATCH_FILES = 6  # several commits in each run of a few dozen files


def say(message: dict) -> None:
    """One line in one write: a kill can't leave half of it."""
    os.write(1, (json.dumps(message) + "\n").encode())


def run(order: dict) -> None:
    say({"started": time.monotonic()})
    store = IndexStore(Path(order["index"]), IDENTITY, create=True)
    recipe = building.Recipe("words", load, count_words, word_vectors, max_tokens=60)
    building.index_paths(
        store,
        [Path(order["documents"])],
        collection="default",
        recipe=recipe,
        on_file=lambda row: say({"path": row.path, "status": row.status}),
    )


def main() -> None:
    assert not {"torch", "sentence_transformers", "langchain_core"} & set(sys.modules)
    for line in sys.stdin:
        order = json.loads(line)
        started = time.monotonic()
        pid = os.fork()
        if pid == 0:
            try:
                run(order)
            except BaseException as error:
                say({"failed": repr(error)})
                os._exit(1)
            os._exit(0)
        if order["kill_after"] is not None:
            time.sleep(order["kill_after"])
            os.kill(pid, signal.SIGKILL)  # not yet waited for, so that the number can't be another's
        _, status = os.waitpid(pid, 0)
        say({"ended": "killed" if os.WIFSIGNALED(status) else "finished", "seconds": time.monotonic() - started})


if __name__ == "__main__":
    main()
