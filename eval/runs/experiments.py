"""A question set in, a saved run out: opens or builds the index, asks, measures, and puts the result in its place.

May be interrupted anywhere: the same call goes on where it stopped, and asks nothing twice. What this module does not
do: decide what counts as right (`eval.measures`), or show anything.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eval.files import sweep
from eval.measures import tabulate
from eval.records import EvalCase, Run, RunFingerprint
from eval.runs.asking import answerer, fingerprint_of, footnote_version, index_key
from eval.runs.journal import SUFFIX, Journal, JournalHead, changed_parts
from eval.runs.results import load_head, load_run, save_run
from eval.runs.running import RunStoppedError, ask_all
from eval.sets.beir import is_beir, read_corpus
from eval.sets.grounding import ground
from eval.sets.questions import load_questions
from eval.sets.sampling import select_cases
from pipeline import Footnote, check_statement
from schema import FootnoteError, Progress
from settings import Settings

FAULTS_TOLD = 5
PARALLEL_REMOTE = 4
"""Questions in progress at once when a server writes the answers and nothing else was asked for."""

SERVING = {
    "host", "port", "identity", "public_url", "password", "proxy_addresses", "proxy_secret", "oidc_issuer",
    "oidc_client_id", "oidc_client_secret", "oidc_groups", "state", "access_file", "slots", "queue", "per_minute",
    "audit", "retention_days", "shutdown_s", "metrics_token",
}  # fmt: skip
UNTOLD = {"llm_api_key", "cache", "runs", "lock_wait_s"} | SERVING
"""Settings that a result does not repeat: a secret, and what no answer depends on."""

Tell = Callable[[str], None]


def evaluate(  # noqa: PLR0913  (what a person may choose, each by its own flag)
    question_set: Path,
    settings: Settings,
    *,
    out: Path | None = None,
    limit: int | None = None,
    seed: int | None = None,
    parallel: int | None = None,
    quotes_only: bool = False,
    fresh: bool = False,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_message: Tell = lambda _: None,
    stop: threading.Event | None = None,
    lender: Footnote | None = None,
) -> tuple[Run, Path]:
    """Ask the questions of a set, measure the answers, and save the run; goes on with a run that was interrupted.

    Args:
        question_set: a file written by hand, asked over the index of the settings; or a folder in BEIR form, whose
            corpus gets an index of its own under ``settings.runs``.
        settings: what to ask with.
        out: the result file; by default one under ``settings.runs``, named after the set and the run's fingerprint.
        limit: how many questions; all by default.
        seed: draws them at random; by default, the first ones.
        parallel: questions in progress at once; by default 1, and 4 where a server writes the answers.
        quotes_only: whether to leave the language model out.
        fresh: whether to ask again what was asked before; a result that is there stays until the new one is complete.
        on_progress: told the documents indexed, then the questions done.
        on_message: told in a sentence what a person should know.
        stop: set it from another thread to end the run in order.
        lender: an open Footnote whose models are used where they are the same; it has to stay open.

    Returns:
        The run and the file that holds it; at once when the same run is there already.

    Raises:
        RunStoppedError: when it was stopped; its message says how to go on.
        FootnoteError: for a set, an index or a result file that can't be used, naming which and what to do.
    """
    cases = select_cases(load_questions(question_set), limit, seed)
    settings = settings.model_copy(update={"llm": "none"}) if quotes_only else settings
    stop = stop or threading.Event()
    with _opened(question_set, settings, stop, on_progress, lender) as footnote:
        grounded = _grounded(cases, footnote, on_message)
        fingerprint, name = fingerprint_of(footnote, cases), set_name(question_set)
        path = out or settings.runs / f"{name}-{_sha(fingerprint)[:8]}.json"
        _refuse_foreign(path)
        ids = _sha([case.question_id for case in cases])
        head = JournalHead(name, fingerprint, len(cases), ids, limit, seed, _now())
        with Journal(journal_path(path), head, fresh=fresh) as journal:
            if not fresh and not journal.outcomes and (run := _finished(path, fingerprint)):
                on_message(f"This run is complete already: {path}. To ask again, add --fresh.")
                return run, path
            parallel = _parallel(parallel, footnote, on_message)
            _warm_up(footnote, journal, on_message)
            outcomes = ask_all(
                grounded, answerer(footnote), journal=journal, parallel=parallel, stop=stop, on_progress=on_progress
            )
            about = {"set": str(question_set), "parallel": parallel} | _circumstances(journal, settings)
            columns = tabulate(grounded, outcomes, check_statement)
            run = Run(path.stem, fingerprint, grounded, outcomes, columns, about)
            save_run(run, path)
            sweep(path)
            journal.remove()
    return run, path


@contextmanager
def asked_over(
    question_set: Path,
    settings: Settings,
    limit: int | None = None,
    seed: int | None = None,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_message: Tell = lambda _: None,
    stop: threading.Event | None = None,
) -> Iterator[tuple[Footnote, tuple[EvalCase, ...]]]:
    """The cases of a set, grounded, and Footnote over the index that they are asked of; without a language model.

    For measuring retrieval alone; arguments and errors are those of `evaluate`.
    """
    cases = select_cases(load_questions(question_set), limit, seed)
    settings = settings.model_copy(update={"llm": "none"})
    with _opened(question_set, settings, stop or threading.Event(), on_progress) as footnote:
        yield footnote, _grounded(cases, footnote, on_message)


def set_name(question_set: Path) -> str:
    """What a set is called: its file without the ending, or its folder."""
    return question_set.resolve().name if question_set.is_dir() else question_set.stem


def journal_path(path: Path) -> Path:
    """Where the journal of a result is: ``NAME.journal.jsonl`` beside ``NAME.json``."""
    return path.with_name(path.name.removesuffix(".json") + SUFFIX)


def corpus_index(question_set: Path, settings: Settings) -> Path:
    """The folder of the index of a BEIR folder's corpus; another for each embedder and size of chunks."""
    key = index_key(settings, str(question_set.resolve()))
    return settings.runs / "indexes" / f"{set_name(question_set)}-{key}"


@contextmanager
def _opened(
    question_set: Path,
    settings: Settings,
    stop: threading.Event,
    on_progress: Callable[[Progress], None],
    lender: Footnote | None = None,
) -> Iterator[Footnote]:
    """Footnote over the index that the set is asked of, level with the corpus where the set brings one."""
    has_corpus = is_beir(question_set)
    if has_corpus:
        settings = settings.model_copy(update={"index": corpus_index(question_set, settings), "milvus": ""})
    footnote = Footnote(settings, create=has_corpus, lender=lender)

    def show(progress: Progress) -> None:
        on_progress(progress)
        if stop.is_set():
            raise RunStoppedError(
                f"Stopped after {progress.done} of {progress.total} documents of {question_set} were indexed; the same "
                "command goes on from there."
            )

    try:
        if has_corpus:
            footnote.index_corpus(list(read_corpus(question_set)), on_progress=show)
        yield footnote
    finally:
        footnote.close()


def _grounded(cases: Sequence[EvalCase], footnote: Footnote, tell: Tell) -> tuple[EvalCase, ...]:
    """The cases with the index's own names of sources; what is not there is told, and refused when it is everything."""
    grounded = ground(cases, footnote)
    known = {info.source.source_id for info in footnote.sources()}
    named = {piece.source for case in grounded.cases for piece in case.evidence}
    if named and not named & known:
        raise FootnoteError(
            f"None of the {len(named)} documents that the set names is in the index {footnote.settings.index}. Name "
            "the right index with --index, or add the documents with: footnote index PATH"
        )
    for fault in grounded.faults[:FAULTS_TOLD]:
        tell(fault)
    if (more := len(grounded.faults) - FAULTS_TOLD) > 0:
        tell(f"... and {more} more such faults; 'footnote eval check' lists all of them.")
    return tuple(grounded.cases)


def _refuse_foreign(path: Path) -> None:
    """Refuse to write where something else than a run is; found out before hours of asking, not after."""
    if path.is_dir():
        raise FootnoteError(f"{path} is a folder; name a file with --out.")
    if path.exists():
        try:
            load_head(path)
        except FootnoteError as error:
            raise FootnoteError(f"{error}. It is left as it is: move it away, or name another file.") from error


def _finished(path: Path, fingerprint: RunFingerprint) -> Run | None:
    """The result of the very same run, if it is there; a result of another one is in the way."""
    if not path.exists():
        return None
    if changes := changed_parts(load_head(path).fingerprint, fingerprint):
        raise FootnoteError(
            f"{path} holds a run that was made with another set-up:\n"
            + "\n".join(f"  {change}" for change in changes)
            + "\nName another file with --out, or replace it with --fresh."
        )
    return load_run(path)


def _parallel(wanted: int | None, footnote: Footnote, tell: Tell) -> int:
    """How many questions to ask at once: search and cross-encoder serve several, a language model in here one."""
    if footnote.engine is None:
        return wanted or 1
    if footnote.settings.llm.startswith("openai:"):
        return wanted or PARALLEL_REMOTE
    if wanted and wanted > 1:
        tell("The language model on this machine answers one question at a time: asking one by one.")
    return 1


def _warm_up(footnote: Footnote, journal: Journal, tell: Tell) -> None:
    """Load what answering needs, so that the first question's timings are like the others'."""
    done, total = len(journal.outcomes), journal.head.questions
    if done:
        tell(f"Going on with a run that has {done} of {total} answers.")
    if done < total:
        footnote.warm_up()


def _circumstances(journal: Journal, settings: Settings) -> dict[str, Any]:
    """What people want to know of how a run was made; the address of a server loses the password in it."""
    values = settings.model_dump(mode="json", exclude=UNTOLD)
    values["llm_base_url"] = re.sub(r"//[^/]*@", "//", settings.llm_base_url)
    return {
        "limit": journal.head.limit,
        "seed": journal.head.seed,
        "started": journal.head.started,
        "finished": _now(),
        "seconds": round(journal.seconds, 3),
        "settings": values,
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "footnote": footnote_version(),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _sha(value: Any) -> str:
    return hashlib.sha256(repr(value).encode("utf-8", "surrogatepass")).hexdigest()[:16]
