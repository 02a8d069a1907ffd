"""What works and what doesn't on this machine, how to mend it, and where every setting came from."""

from __future__ import annotations

import ipaddress
import os
import platform
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import console
from models import choose_llm, is_present, load_registry
from schema import FootnoteError
from settings import Settings, load_settings

State = Literal["good", "warning", "bad"]
MARKS: dict[State, str] = {"good": "ok  ", "warning": "note", "bad": "BAD "}
PACKAGES = (
    "sentence-transformers",
    "onnxruntime",
    "faiss-cpu",
    "transformers",
    "torch",
    "gradio",
    "langchain",
    "xllamacpp",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: how it is, and what to do about it when it is not good."""

    what: str
    state: State
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that the doctor found."""

    findings: tuple[Finding, ...]
    settings: tuple[tuple[str, str, str], ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing is bad; notes don't count."""
        return all(finding.state != "bad" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        settings = {name: {"value": value, "origin": origin} for name, value, origin in self.settings}
        return {"healthy": self.healthy, "findings": [asdict(one) for one in self.findings], "settings": settings}


def examine(flags: Mapping[str, Any], *, offline: bool) -> Examination:
    """Look at the machine, the packages, the weights and the index; with ``offline`` index and ask with no network."""
    settings, origins = load_settings(flags)
    findings = [_machine(), _packages(), *_weights(settings), _index(settings)]
    if offline:
        findings.append(_offline(settings))
    values = tuple((name, str(getattr(settings, name)), origins[name]) for name in Settings.model_fields)
    return Examination(tuple(findings), values)


def show(examination: Examination) -> None:
    """Print what was found."""
    for finding in examination.findings:
        console.say(f"{MARKS[finding.state]}  {finding.what}: {finding.detail}")
        if finding.remedy:
            console.say(f"      To mend it: {finding.remedy}")
    console.say()
    console.show_table([("setting", "value", "from"), *examination.settings])


def _machine() -> Finding:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    from models.encoders import has_matrix_units  # noqa: PLC0415  (numpy and LangChain)

    detail = f"Python {platform.python_version()}, {os.cpu_count()} cores, {memory:.0f} GiB of memory, "
    detail += "can embed in bfloat16 (it has AMX)" if has_matrix_units() else "embeds in int8 (no AMX)"
    if memory < 4:
        return Finding("machine", "warning", detail, "4 GiB are needed for the default language model; set llm = none")
    return Finding("machine", "good", detail)


def _packages() -> Finding:
    missing, found = [], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        remedy = "python -m pip install --requirement requirements.lock"
        return Finding("packages", "bad", f"missing: {', '.join(missing)}", remedy)
    return Finding("packages", "good", ", ".join(found))


def _weights(settings: Settings) -> list[Finding]:
    findings = []
    registry = load_registry()
    for role, name, needed in (("embedder", settings.embedder, True), ("reranker", settings.reranker, False)):
        if name == "none":
            findings.append(Finding(role, "warning", "switched off; evidence is chosen less well"))
            continue
        present = is_present(registry.get(name), settings.cache)
        state: State = "good" if present else "bad" if needed else "warning"
        remedy = "" if present else f"footnote models fetch {name}"
        findings.append(Finding(role, state, f"{name} is {'here' if present else 'not here'}", remedy))
    if settings.llm.startswith("openai:"):
        return [*findings, _model_server(settings)]
    if ":" in settings.llm:
        return [*findings, Finding("language model", "good", f"{settings.llm}, as asked for")]
    model, sentence = choose_llm(settings.llm, settings.cache)
    as_wanted = model is not None or settings.llm == "none"
    state = "good" if as_wanted else "warning"
    findings.append(Finding("language model", state, sentence.removeprefix("Language model: ").rstrip(".")))
    return findings


def _model_server(settings: Settings) -> Finding:
    """Whether the model's server is there, lets us in, and has the model, as far as it says."""
    from models.remote_chat import RemoteChat  # noqa: PLC0415  (seconds of imports)

    name = settings.llm.partition(":")[2]
    try:
        remote = RemoteChat(model=name, base_url=settings.llm_base_url, api_key=settings.llm_api_key)
        listed = remote.listed()
    except FootnoteError as error:
        remedy = "as it says; until then answers are the documents' own words"
        return Finding("language model", "warning", str(error).rstrip("."), remedy)
    place = remote.server.place
    remote.close()
    if listed and name not in listed:
        remedy = f"set llm to one that it has: {', '.join(f'openai:{one}' for one in sorted(listed)[:8])}"
        return Finding("language model", "warning", f"the model server at {place} does not list {name}", remedy)
    return Finding("language model", "good", f"{name} at {place}, which answers")


def _index(settings: Settings) -> Finding:
    from pipeline import Footnote  # noqa: PLC0415  (only the index needs it)

    try:
        footnote = Footnote(settings)
    except FootnoteError as error:
        return Finding("index", "warning" if not settings.index.exists() else "bad", str(error))
    try:
        verdict, infos, vectors = footnote.store.check(), footnote.sources(), footnote.store.describe()
    finally:
        footnote.close()
    detail = f"{settings.index.absolute()} holds {len(infos)} documents in {sum(info.chunks for info in infos)} chunks"
    if verdict != "ok":
        remedy = "footnote restore FILE --force, from a backup; or move the folder away and index the documents again"
        return Finding("index", "bad", f"{detail}; damaged: {verdict}", remedy)
    read = f"{detail}; every text and vector is as it was written; {vectors.sentence}"
    if badly := [info for info in infos if info.coverage.unreadable or info.coverage.suspicious]:
        worst = max(badly, key=lambda info: info.coverage.unreadable + info.coverage.suspicious)
        also = f"{len(badly)} of them are read badly in places, {worst.source.source_id} most: {worst.coverage.badge}"
        return Finding("index", "warning", f"{read}; {also}", "look at them with: footnote sources")
    return Finding("index", "good", read)


def _offline(settings: Settings) -> Finding:
    """Index and ask in a temporary folder while every attempt to leave the machine raises and is counted."""
    from pipeline import Footnote  # noqa: PLC0415  (only this check needs it)

    attempts: list[str] = []
    sys.addaudithook(lambda event, arguments: _refuse_network(event, arguments, attempts))
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as folder:
            document = Path(folder) / "documents" / "lighthouse.txt"
            document.parent.mkdir()
            document.write_text("The lighthouse of Northby was lit on 3 May 1871.\n", "utf-8")
            footnote = Footnote(settings.model_copy(update={"index": Path(folder) / "index"}), create=True)
            try:
                footnote.index([document.parent])
                answer = footnote.answer("When was the lighthouse of Northby lit?")
            finally:
                footnote.close()
    except FootnoteError as error:
        return Finding("offline", "bad", str(error))
    seconds = time.monotonic() - started
    if attempts or not answer.quotes:
        return Finding(
            "offline", "bad", f"the network was wanted by: {', '.join(attempts) or 'nothing, but no answer came'}"
        )
    detail = f"indexed and answered in {seconds:.1f} s; no Python code tried to leave this machine"
    return Finding("offline", "good", detail)


def _refuse_network(event: str, arguments: tuple[Any, ...], attempts: list[str]) -> None:
    """An audit hook: loopback may be used, everything else is noted and refused."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if not _is_local(host):
        attempts.append(str(host))
        raise PermissionError(f"no network in this check: {host!r}")


def _is_local(host: object) -> bool:
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False
