"""Carry weights to a machine without a network: one tar file with the contents of models, made here and read there.

The tar holds ``footnote-models.json`` (what is inside, for people and tools) and ``sha256/<hash>`` for each file. On
the way in only the registry is believed: what it doesn't know by hash is left out, and every hash is checked.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from models import cache as cache_of
from models.fetching import ignore
from models.joining import clean
from models.registry import File, Model, Registry
from schema import FootnoteError, Progress

MANIFEST = "footnote-models.json"
MEMBER = re.compile(r"sha256/([0-9a-f]{64})")


def export_bundle(
    models: Sequence[Model], cache: Path, target: Path, *, on_progress: Callable[[Progress], None] = ignore
) -> None:
    """Write the files of these models into one tar file, which appears under its name when it is whole.

    Raises:
        FootnoteError: when a model is not in the cache or the target can't be written.
    """
    for model in models:
        if not cache_of.is_present(model, cache):
            raise FootnoteError(f"{model.name} is not in {cache}. To get it: footnote models fetch {model.name}")
    files = {file.sha256: (model, file) for model in models for file in model.files}
    total, done = sum(file.size for _, file in files.values()), 0
    draft = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        with tarfile.open(draft, "w") as tar:
            _add_manifest(tar, models)
            for sha256, (model, file) in files.items():
                tar.add((cache_of.model_folder(model, cache) / file.name).resolve(), f"sha256/{sha256}", filter=_plain)
                done += file.size
                on_progress(Progress(done, total, model.name, "bytes"))
        draft.replace(target)
    except OSError as error:
        raise FootnoteError(f"The bundle {target} can't be written: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)


def import_bundle(
    bundle: Path,
    cache: Path,
    registry: Registry,
    *,
    on_progress: Callable[[Progress], None] = ignore,
    on_message: Callable[[str], None] = ignore,
) -> tuple[Model, ...]:
    """Take the files of a bundle into the cache, and give back the models that are complete because of it.

    Raises:
        FootnoteError: when the bundle can't be read, holds damaged bytes or completes no model.
    """
    touched: list[Model] = []
    try:
        total = bundle.stat().st_size
        with tarfile.open(bundle, "r:") as tar:
            for member in tar:
                on_progress(Progress(member.offset_data, total, bundle.name, "bytes"))
                owners = _owners(member, registry)
                if owners and (stream := tar.extractfile(member)):
                    _take(stream, owners, cache, on_message)
                    touched += [model for model, _ in owners]
                elif member.name != MANIFEST:
                    on_message(f"{bundle.name}: {member.name!r} is no file of a known model: left out.")
    except (tarfile.TarError, EOFError) as error:
        raise FootnoteError(
            f"{bundle} is not a whole bundle: {error}. Make it again: footnote models export"
        ) from error
    except cache_of.WrongBytesError as error:
        raise FootnoteError(f"{bundle} is damaged: {error}. Copy it again, or make it again.") from error
    except OSError as error:
        if error.filename == str(bundle):
            raise FootnoteError(f"The bundle {bundle} can't be read: {error.strerror}") from error
        raise cache_of.cache_error(error, cache) from error
    complete = tuple(model for model in registry.models if model in touched and cache_of.is_present(model, cache))
    if not complete:
        raise FootnoteError(f"{bundle} completes no model that this version of Footnote knows.")
    return complete


def _owners(member: tarfile.TarInfo, registry: Registry) -> list[tuple[Model, File]]:
    """The models with a file of the content that a member is named for; its name is never used as a path."""
    name = MEMBER.fullmatch(member.name)
    if not name or not member.isreg():
        return []
    return [(model, file) for model in registry.models for file in model.files if file.sha256 == name[1]]


def _take(stream: IO[bytes], owners: list[tuple[Model, File]], cache: Path, on_message: Callable[[str], None]) -> None:
    """Put one file of a bundle into the cache, under its name in every model that has it."""
    model, file = owners[0]
    with cache_of.locked(model, cache, on_message):
        if not all(cache_of.adopt(owner, its, cache) for owner, its in owners):
            folder = cache_of.workspace(model, cache)
            folder.mkdir(parents=True, exist_ok=True)
            clean(folder)
            copy = folder / f"{file.sha256}.copied"
            with copy.open("wb") as output:
                shutil.copyfileobj(stream, output, cache_of.BLOCK)
            cache_of.publish(copy, model, file, cache)
    for owner, its in owners[1:]:
        cache_of.adopt(owner, its, cache)


def _add_manifest(tar: tarfile.TarFile, models: Sequence[Model]) -> None:
    described = [
        {
            "name": model.name,
            "licence": model.licence,
            "files": [file.model_dump(exclude={"upstream"}) for file in model.files],
        }
        for model in models
    ]
    data = json.dumps({"format": 1, "models": described}, indent=1).encode()
    entry = tarfile.TarInfo(MANIFEST)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave the owner and the time of the file out: the same models give the same bundle."""
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o444
    return entry
