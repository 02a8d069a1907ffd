"""The process that parses: it reads requests from its standard input and answers each with one message.

Signs of progress come before it where the loader gives any. The process is started by `process.Worker` and by nobody
else. Before the first file it puts a guardian above itself, keeps its limits, seals itself and moves its pipes away
from the numbers 0 and 1: what a parser prints goes nowhere, and what it reads from there is empty.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from indexer.loading import printable
from indexer.loading.members import Member
from indexer.loading.time_left import begin
from indexer.parsing.framing import frame, read_message, write_all
from indexer.parsing.guardian import guarded
from indexer.parsing.limits import Limits, apply_limits, renew_processor_time, without_long
from indexer.parsing.sealing import seal
from indexer.parsing.wire import members_to_json
from indexer.stamps import ChangedError
from schema import FootnoteError

_MOST_CAUSES = 20

LoadAll = Callable[[Path, str], tuple[Member, ...]]


def main(arguments: str) -> None:
    """Answer requests until there are no more; ``arguments`` is JSON: the limits, the loader's module, a folder."""
    wanted = json.loads(arguments)
    limits, folder = Limits(**wanted["limits"]), wanted["folder"]
    guarded(limits, folder)
    requests, replies = _moved_away(0, os.O_RDONLY), _moved_away(1, os.O_WRONLY)
    _be_first_to_go()
    apply_limits(limits)
    load_all: LoadAll = import_module(wanted["loader"]).load_all
    seals = seal(folder, {os.getppid(), *wanted["protected"]})
    write_all(replies, frame({"number": 0, "seals": seals}))
    while request := read_message(requests):
        renew_processor_time(limits)
        begin(limits.seconds, limits.whole_seconds, partial(_tell, replies, request["number"], limits))
        write_all(replies, frame({"number": request["number"]} | _answer(request, load_all, limits)))


def _tell(replies: int, number: int, limits: Limits, done: int, total: int) -> None:
    """Tell the parent of progress with a request, which gives the next step the time of one."""
    renew_processor_time(limits)
    write_all(replies, frame({"number": number, "progress": [done, total]}))


def _moved_away(descriptor: int, mode: int) -> int:
    """A pipe under another number, with nothing in its old place."""
    moved = os.dup(descriptor)
    nothing = os.open(os.devnull, mode)
    os.dup2(nothing, descriptor)
    os.close(nothing)
    return moved


def _be_first_to_go() -> None:
    """When the machine runs out of memory, Linux is to take this process and not the one that answers."""
    if sys.platform == "linux":
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")


def _answer(request: dict[str, Any], load_all: LoadAll, limits: Limits) -> dict[str, Any]:
    """The outcome of one request, as the fields of a reply."""
    path = Path(os.fsdecode(base64.b64decode(request["path"])))
    try:
        if request["do"] == "picture":
            return {"picture": _picture(path, request["page"], request["sha256"])}
        return {"members": members_to_json(without_long(load_all(path, request["sha256"]), limits.characters))}
    except ChangedError:
        return {"changed": True}
    except FootnoteError as error:
        return {"memory": True} if _lacked_memory(error) else {"refused": str(error)}
    except MemoryError:
        return {"memory": True}
    except Exception as error:  # a loader that lets one through costs its own file
        name = type(error).__name__
        return {"refused": f"{printable(path.name)} can't be read ({name}: {str(error)[:200]}): it may be damaged."}


def _picture(path: Path, number: int, sha256: str) -> str:
    """A page as PNG, in base64."""
    from indexer.loading.pictures.page_picture import page_picture  # noqa: PLC0415  (a library of its own)

    return base64.b64encode(page_picture(path, number, sha256)).decode("ascii")


def _lacked_memory(error: BaseException | None) -> bool:
    """Whether a lack of memory is what led to a refusal; an error can be its own cause, so not for ever."""
    for _ in range(_MOST_CAUSES):
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ if error else None
    return False
