"""A stream of files through Ray Data: tasks read and chunk them, actors embed them, results come back in order.

The stream is fed while it runs: its source is one task that asks the desk (`indexer.ray_desk`) for the next group of
files, and begins again with the first should it be killed, which Ray makes good. Whether a group is done twice makes no
difference to anybody: one writer commits each result once. Both ends are in one module, since they share the form of
the rows between them, and nothing else knows pyarrow. What this module does not do: know the order of a walk, or an
index.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import ray
from ray.data import ActorPoolStrategy, DataContext, Datasource, ReadTask
from ray.data.block import BlockMetadata

from indexer.ray_desk import Desk, Watched
from indexer.recipe import Recipe
from indexer.remote_work import DIED, MakeRecipe, decode_jobs, parts_of, refusal, work
from schema import FootnoteError

READING_CORES = 0.5
"""Of a task that reads: it waits for the process that parses, and for the embedder."""
_recipes: dict[str, Recipe] = {}
"""Of this process, by the name of the run."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What every process of a run knows.

    Attributes:
        run: a name that no other run has.
        make: makes the recipe where it is needed.
        recipe: its name where the run began.
        node: of Ray, where the run began.
        desk: the actor.
    """

    run: str
    make: MakeRecipe
    recipe: str
    node: str
    desk: Any

    def here(self) -> Recipe:
        """The recipe in this process.

        Raises:
            FootnoteError: when it can't be made, or is another one.
        """
        if self.run not in _recipes:
            made = self.make()
            if made.name != self.recipe:
                raise FootnoteError(
                    f"A machine of the cluster has another version of Footnote ({made.name}; here: {self.recipe}): "
                    "install the same on all."
                )
            _recipes[self.run] = made
        return _recipes[self.run]


class Feed(Datasource):  # type: ignore[misc]  # (Any, where Ray is not installed)
    """The groups of a desk as a source of Ray Data: one task, a block for each."""

    def __init__(self, desk: Any) -> None:
        super().__init__()
        self._desk = desk

    def estimate_inmemory_data_size(self) -> int | None:
        """Nobody knows."""
        return None

    def get_read_tasks(self, *_: Any, **__: Any) -> list[ReadTask]:
        """The one task."""
        desk = self._desk

        def groups() -> Iterator[pa.Table]:
            number = 0
            while (group := ray.get(desk.take.remote(number))) is not None:
                yield pa.table({"group": [number], "jobs": pa.array([group], pa.large_binary())})
                number += 1

        return [ReadTask(groups, BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None))]


def read_group(table: pa.Table, plan: Plan) -> pa.Table:
    """Read and chunk the files of a group: ``jobs`` to ``replies``, and ``texts`` to embed for each of them."""
    group, jobs = table["group"][0].as_py(), decode_jobs(table["jobs"][0].as_py())
    replies, stopped = list[tuple[dict[str, Any], list[str]]](), ""
    try:
        watched, recipe = Watched(plan.desk, "read", group), plan.here()
        is_far = ray.get_runtime_context().get_node_id() != plan.node
        for place, job in enumerate(jobs):
            may = watched.may(place)
            replies.append(work(job, recipe, is_far=is_far) if may else (refusal(job, DIED), []))
        watched.end()
    except FootnoteError as error:
        stopped = str(error)
    texts = [texts for _, texts in replies]
    return _table(group, replies=[reply for reply, _ in replies], texts=texts, outcome={"stopped": stopped})


class Embedding:
    """Embeds the texts of a group: ``texts`` to ``vectors``; lives in an actor, so that the model is loaded once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def __call__(self, table: pa.Table) -> pa.Table:
        """A group."""
        group, texts = table["group"][0].as_py(), json.loads(table["texts"][0].as_py())
        outcome = json.loads(table["outcome"][0].as_py())
        rows: list[list[np.ndarray]] = [[] for _ in texts]
        lost: set[int] = set()
        try:
            self._embed(group, texts, rows, lost)
        except FootnoteError as error:
            outcome["stopped"] = str(error)
        kept = [row for place, own in enumerate(rows) if place not in lost for row in own]
        vectors = np.array(kept, np.float32).tobytes()
        return _table(group, replies=table["replies"][0].as_py(), vectors=vectors, outcome=outcome | {"lost": [*lost]})

    def _embed(self, group: int, texts: list[list[str]], rows: list[list[np.ndarray]], lost: set[int]) -> None:
        """Add the vectors of each file to its rows, and those files to ``lost`` that have none."""
        owners = [(place, text) for place, own in enumerate(texts) for text in own]
        if not owners:
            return
        watched, embed = Watched(self._plan.desk, "embed", group), self._plan.here().embed
        for number, part in enumerate(parts_of(owners)):
            if not watched.may(number):
                lost.update(place for place, _ in part)
                continue
            for (place, _), row in zip(part, embed([text for _, text in part]), strict=True):
                rows[place].append(row)
        watched.end()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a group.

    Attributes:
        group: its number.
        replies: one for each of its files, in their order.
        vectors: of the chunks of the files that wanted them and are not ``lost``, (n, dimension) float32, as bytes.
        lost: places of files whose embedder died time after time.
        stopped: why nothing can go on; empty when it can.
    """

    group: int
    replies: list[dict[str, Any]]
    vectors: bytes
    lost: frozenset[int]
    stopped: str


class Stream:
    """A stream through the Ray that this process has joined; `put` and `outcomes` are for different threads.

    Args:
        make: makes the recipe where it is needed.
        recipe: its name.
        threads: cores of an actor that embeds.
    """

    def __init__(self, make: MakeRecipe, recipe: str, *, threads: int) -> None:
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        self._desk = ray.remote(num_cpus=0, max_restarts=0)(Desk).remote()
        node = ray.get_runtime_context().get_node_id()
        plan = Plan(secrets.token_hex(8), make, recipe, node, self._desk)
        context = DataContext.get_current()
        context.enable_progress_bars = False
        context.execution_options.preserve_order = True
        context.target_max_block_size = 1  # each row a block of its own: a group is handed on as soon as it is done
        cores = int(ray.cluster_resources().get("CPU", 1))
        actors = ActorPoolStrategy(min_size=1, max_size=max(1, (cores - 1) // threads))
        whole: dict[str, Any] = {"batch_size": None, "batch_format": "pyarrow", "zero_copy_batch": True}
        source = ray.data.read_datasource(Feed(self._desk), override_num_blocks=1, num_cpus=0)
        read = source.map_batches(read_group, fn_kwargs={"plan": plan}, num_cpus=READING_CORES, **whole)
        self._results = read.map_batches(
            Embedding, fn_constructor_args=(plan,), num_cpus=threads, compute=actors, **whole
        )

    def put(self, group: bytes) -> None:
        """Send a group of jobs; the first has the number 0."""
        ray.get(self._desk.put.remote(group))

    def close(self) -> None:
        """There will be no more."""
        ray.get(self._desk.close.remote())

    def outcomes(self) -> Iterator[Outcome]:
        """What became of the groups, in their order, until the stream is closed."""
        for table in self._results.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
            for row in table.to_pylist():
                outcome = json.loads(row["outcome"])
                lost, stopped = frozenset(outcome["lost"]), outcome["stopped"]
                yield Outcome(row["group"], json.loads(row["replies"]), row["vectors"], lost, stopped)


def _table(group: int, **values: Any) -> pa.Table:
    """One row; what is not bytes yet becomes JSON."""
    columns = {
        name: value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode("ascii")
        for name, value in values.items()
    }
    return pa.table(
        {"group": [group]} | {name: pa.array([value], pa.large_binary()) for name, value in columns.items()}
    )
