"""Every setting of Footnote in one frozen object, with the origin of each value: default, file, environment or flag.

Settings are data: nothing here loads a model, opens an index or touches the network.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from schema import FootnoteError

ENV_PREFIX = "FOOTNOTE_"
SETTINGS_FILE = "footnote.toml"
REPLACED = {
    "abstain_below": "it is replaced by 'promise', such as \"false refusals at most 20%\", and 'calibration' "
    "(docs/calibration.md)",
}
"""Settings that there were, and what to set instead."""
SECRETS = ("password", "proxy_secret", "oidc_client_secret", "metrics_token", "shared_password", "milvus_token")
"""Settings that footnote.toml may not hold, since it is shared and backed up like any file."""


def _split(value: object) -> object:
    """The addresses of a list written in one line."""
    return tuple(filter(None, re.split(r"[,\s]+", value))) if isinstance(value, str) else value


Addresses = Annotated[tuple[str, ...], BeforeValidator(_split)]


def default_cache() -> Path:
    """The per-user folder that every index and project shares for weights."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "footnote" / "models"


class Settings(BaseModel):
    """What a run of Footnote was asked to do; every field can come from footnote.toml, FOOTNOTE_<NAME> or a flag."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    index: Path = Field(Path("footnote-index"), description="Folder of the index")
    collection: str = Field("default", pattern=r"^[\w.-]{1,64}$", description="Collection that documents belong to")
    milvus: str = Field(
        "",
        description="Milvus that searches the index: FILE.db or https://HOST:PORT; empty: the index itself. footnote "
        "migrate fills it",
    )
    milvus_token: SecretStr = Field(SecretStr(""), description="Token of that Milvus (environment only)")
    cache: Path = Field(default_factory=default_cache, description="Folder of the weights, shared by all projects")
    embedder: str = Field("bge-small-en-v1.5-int8", description="Name of the embedding model in the registry")
    reranker: str = Field("ms-marco-minilm-l12", description="Name of the cross-encoder in the registry, or none")
    reader: Literal["auto", "none"] = Field(
        "auto", description="The reading model that finds answers and checks sentences; none leaves both to rules"
    )
    llm: str = Field(
        "auto",
        description="auto (best one that is there), a name in the registry, none (quotes only), "
        "transformers:FOLDER, or a server's model as openai:MODEL",
    )
    llm_base_url: str = Field("", description="Address of an OpenAI-compatible server, for llm = openai:MODEL")
    llm_api_key: SecretStr = Field(SecretStr(""), description="Key of that server (environment or file only)")
    llm_connect_s: float = Field(5.0, gt=0.0, le=60.0, description="Seconds that connecting to that server may take")
    llm_first_s: float = Field(
        60.0, gt=0.0, le=3600.0, description="Seconds that it may take to the first word of an answer"
    )
    llm_next_s: float = Field(20.0, gt=0.0, le=3600.0, description="Seconds that it may take from word to word")
    llm_most_s: float = Field(300.0, gt=0.0, le=86_400.0, description="Seconds that a whole answer of it may take")
    llm_retries: int = Field(
        2, ge=0, le=5, description="Times that it is asked again where it fails before the first word of an answer"
    )
    threads: int = Field(0, ge=0, le=256, description="Threads for embedding and the language model; 0: every core")
    precision: Literal["auto", "int8", "bf16"] = Field(
        "auto", description="Numbers that embedder and reranker compute in; auto: bf16 where the processor has AMX"
    )
    chunk_tokens: int = Field(224, ge=32, le=480, description="Largest chunk, in tokens of the embedder")
    max_characters: int = Field(10_000_000, ge=1000, description="Longest document, in characters")
    file_seconds: float = Field(
        60.0,
        gt=0.0,
        le=86_400.0,
        description="Seconds that reading one file may take without getting on by a page; it is stopped then",
    )
    file_minutes: float = Field(
        120.0,
        gt=0.0,
        le=10_080.0,
        description="Minutes that reading one file may take in all, such as a long scan; what is not reached is told",
    )
    file_memory_mb: int = Field(1024, ge=128, le=1_048_576, description="Memory that reading one file may take, in MB")
    rerank_tokens: int = Field(
        -1,
        ge=-1,
        le=100_000,
        description="Tokens that the cross-encoder may read to rank a question's passages; 0: none, "
        "-1: what this machine reads in about a quarter of a second",
    )
    top_k: int = Field(8, ge=1, le=100, description="Passages retrieved for a question")
    quotes: int = Field(5, ge=1, le=12, description="Quotes shown as evidence")
    prompt_tokens: int = Field(
        220,
        ge=0,
        le=8000,
        description="Budget for evidence in the prompt, in model tokens; 0: what this machine reads in answer_s, as it "
        "is measured when the model is loaded",
    )
    answer_s: float = Field(
        6.0, gt=0.0, le=600.0, description="Seconds that a typical answer may take, for prompt_tokens = 0"
    )
    answer_tokens: int = Field(120, ge=16, le=2000, description="Longest answer, in model tokens")
    prompt: str = Field(
        "", description="File of what the language model is told (docs/prompts.md); empty: the one that ships"
    )
    calibration: str = Field(
        "", description="File that footnote eval calibrate wrote, for when to refuse; empty: the one that ships"
    )
    promise: str = Field(
        "false refusals at most 5%",
        pattern=r"^(wrong answers|false answers|false refusals) at most (100|\d\d?(\.\d+)?) ?%$",
        description="What refusals are set by, on the calibration's questions: wrong answers (of all answers), false "
        "answers (to unanswerable questions) or false refusals (of answerable ones) at most so many percent",
    )
    runs: Path = Field(Path("footnote-runs"), description="Folder of evaluation runs and question sets")
    host: str = Field("127.0.0.1", description="Address that serve listens on")
    port: int = Field(7860, ge=0, le=65535, description="Port that serve listens on; 0: any free one")
    identity: Literal["none", "password", "proxy", "oidc"] = Field(
        "none",
        description="Who may use the server: none (everybody on this machine), password (one for a team), proxy (a "
        "single sign-on proxy says who it is) or oidc (OpenID Connect)",
    )
    public_url: str = Field(
        "",
        pattern=r"^(https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?)?$",
        description="What browsers call this server, such as https://ask.example.org; no path",
    )
    proxy_addresses: Addresses = Field(
        (), description="For identity = proxy: addresses or networks that the proxy's requests come from"
    )
    proxy_secret: SecretStr = Field(
        SecretStr(""),
        description="For identity = proxy: what the proxy sends as X-Footnote-Proxy, at least 32 characters "
        "(environment or keys file only)",
    )
    oidc_issuer: str = Field("", description="For identity = oidc: the provider's address, as its tokens name it")
    oidc_client_id: str = Field("", description="For identity = oidc: the name that the provider knows Footnote by")
    oidc_client_secret: SecretStr = Field(
        SecretStr(""), description="For identity = oidc: the secret to that name (environment or keys file only)"
    )
    oidc_groups: str = Field("groups", description="For identity = oidc: the claim that lists a person's groups")
    state: Path = Field(
        Path("footnote-state"), description="Folder of what the server keeps: sessions, used tokens, the audit log"
    )
    access_file: Path = Field(
        Path("footnote-access.toml"),
        description="File of groups, embeds and what they may see; its keys are beside it, in footnote-access.keys",
    )
    slots: int = Field(1, ge=1, le=1000, description="Answers that the language model writes at a time, for all people")
    queue: int = Field(50, ge=0, le=1000, description="Questions that may wait for the language model beside those")
    per_minute: int = Field(20, ge=0, le=100_000, description="Questions of one person in a minute; 0: no limit")
    audit: Literal["auto", "full", "pseudonymous", "off"] = Field(
        "auto",
        description="Log of who asked what and which sources were shown; pseudonymous: a keyed hash for the name, and "
        "neither groups nor the question; auto: full where people sign in, off where identity is none",
    )
    retention_days: int = Field(
        90, ge=0, le=36_500, description="Whole days that the audit log and feedback are kept; 0: for ever"
    )
    shutdown_s: float = Field(
        30.0, ge=0.0, le=3600.0, description="Seconds that answers in progress may take when the server is to end"
    )
    metrics_token: SecretStr = Field(
        SecretStr(""), description="What /metrics wants as bearer token, unless identity is none (environment only)"
    )
    shared: str = Field(
        "",
        pattern=r"^(rediss?://([^\s/?#@:]+@)?[^\s/?#@]+(/\d{1,4})?)?$",
        description="Redis that several processes of one server count in together, such as "
        "rediss://redis.example.org:6379/0; on another machine only with rediss:// and a password. Empty: one process",
    )
    shared_password: SecretStr = Field(SecretStr(""), description="Password of that Redis (environment only)")
    lock_wait_s: float = Field(10.0, ge=0.0, le=3600.0, description="Seconds to wait for another writer of the index")


def read_settings_file(path: Path) -> dict[str, Any]:
    """The values in a TOML settings file; an empty dict when there is none.

    Raises:
        FootnoteError: when the file is not readable TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FootnoteError(
            f"The settings file {path} can't be read: {getattr(error, 'strerror', None) or error}"
        ) from error


def load_settings(
    flags: Mapping[str, Any] | None = None,
    *,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[Settings, dict[str, str]]:
    """Merge the sources of settings and say where each value came from.

    Args:
        flags: values from the command line; ``None`` values count as not given.
        file: settings file; by default footnote.toml in the working directory.
        environment: by default the process's own.

    Returns:
        The settings, and for each field ``default``, ``file PATH``, ``environment NAME`` or ``flag``.

    Raises:
        FootnoteError: naming the field, its value's origin and what is allowed.
    """
    file = file or Path(SETTINGS_FILE)
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    origins = dict.fromkeys(Settings.model_fields, "default")
    for name, value in read_settings_file(file).items():
        if name in SECRETS:
            raise FootnoteError(
                f"Setting {name} (from file {file}): secrets belong in the environment, as {ENV_PREFIX}{name.upper()}, "
                "or in the keys file"
            )
        values[name], origins[name] = value, f"file {file}"
    for name in (*Settings.model_fields, *REPLACED):
        variable = ENV_PREFIX + name.upper()
        if environment.get(variable):
            values[name], origins[name] = environment[variable], f"environment {variable}"
    _take_password(values, origins)
    for name, value in (flags or {}).items():
        if value is not None:
            values[name], origins[name] = value, "flag"
    try:
        return Settings(**values), origins
    except ValidationError as error:
        raise FootnoteError(_explain(error, origins)) from error


def _take_password(values: dict[str, Any], origins: dict[str, str]) -> None:
    """Move a password out of the address of the shared Redis, which may only hold one in the environment.

    Raises:
        FootnoteError: when it stands in a file.
    """
    address = str(values.get("shared", ""))
    credentials, _, host = address.rpartition("@")
    user, colon, password = credentials.partition("://")[2].partition(":")
    if not colon:
        return
    if not origins["shared"].startswith("environment"):
        raise FootnoteError(
            f"Setting shared (from {origins['shared']}): a password belongs in the environment, as "
            f"{ENV_PREFIX}SHARED_PASSWORD."
        )
    values["shared"] = f"{urlsplit(address).scheme}://{user}{'@' * bool(user)}{host}"
    values.setdefault("shared_password", unquote(password))


def _explain(error: ValidationError, origins: Mapping[str, str]) -> str:
    """One line for each field that is wrong: its name, its origin and what pydantic says of it."""
    lines = []
    for fault in error.errors():
        name = str(fault["loc"][0])
        known = name in Settings.model_fields
        message = fault["msg"] if known else REPLACED.get(name) or _unknown(name)
        lines.append(f"Setting {name} (from {origins.get(name, 'unknown')}): {message}")
    return "\n".join(lines)


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name.lower(), Settings.model_fields, n=1)
    guess = f" Did you mean {near[0]}?" if near else ""
    return f"there is no such setting.{guess} docs/settings.md lists all, as does 'footnote doctor' without this one."
