"""The files in deploy/ name the same services, ports, secrets and settings, and only what there is."""

import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import get_args
from urllib.parse import urlsplit

import pytest
import yaml
from click.exceptions import NoSuchOption, UsageError
from cryptography import x509
from typer.main import get_command

from access.audit import Outcome
from access.waiting import Line
from cli import app
from schema import ModelHealth
from settings import ENV_PREFIX, SECRETS, load_settings
from web.metrics import Metrics

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES = COMPOSE["services"]
NGINX = re.sub(r"#.*", "", (DEPLOY / "nginx.conf").read_text("utf-8"))
PROMETHEUS = yaml.safe_load((DEPLOY / "prometheus.yml").read_text("utf-8"))
ALERTS = yaml.safe_load((DEPLOY / "alerts.yml").read_text("utf-8"))
README = (DEPLOY / "README.md").read_text("utf-8")
WEB = ("web-1", "web-2")


@pytest.fixture(scope="module")
def settings():
    """What footnote.toml sets, and nothing else."""
    return load_settings(file=DEPLOY / "footnote.toml", environment={})[0]


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    """What secrets.sh makes."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("deploy") / "secrets"
    subprocess.run(["sh", DEPLOY / "secrets.sh", folder], check=True)
    return folder


def _variables(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text("utf-8").splitlines())


def test_every_image_is_pinned():
    """A tag with a version, or Footnote's own."""
    for service in SERVICES.values():
        assert re.fullmatch(r"\S+:\S*\d+[.\d-]+\S*", service["image"]), service["image"]


def test_only_the_proxy_listens_on_the_host_and_few_reach_out():
    """Ports of the host, and networks with a way out."""
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert [name for name, network in COMPOSE["networks"].items() if not (network or {}).get("internal")] == ["edge"]
    assert {name for name, service in SERVICES.items() if "edge" in service["networks"]} == {"proxy", "tools", *WEB}
    assert not any("network_mode" in service or "privileged" in service for service in SERVICES.values())


def test_what_runs_for_long_is_checked_limited_and_started_again():
    """Everything but the tools."""
    for name, service in SERVICES.items():
        assert {"cpus", "memory"} <= set(service["deploy"]["resources"]["limits"]), name
        if name != "tools":
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"][0].startswith("CMD"), name


def test_our_own_containers_have_no_rights():
    """Read-only, without capabilities, and not as root."""
    for name in (*WEB, "tools", "proxy", "redis", "prometheus"):
        assert SERVICES[name]["read_only"] is True
        assert SERVICES[name]["cap_drop"] == ["ALL"]
        assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]
    assert "\nUSER 10001:10001\n" in (DEPLOY / "Dockerfile").read_text("utf-8")


def test_what_services_refer_to_is_there():
    """Other services, networks, volumes, secrets, and files beside."""
    for name, service in SERVICES.items():
        assert set(service.get("depends_on", {})) <= set(SERVICES), name
        assert set(service["networks"]) <= set(COMPOSE["networks"]), name
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"]), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (DEPLOY / source).exists(), volume
            elif not source.startswith("${"):
                assert source in COMPOSE["volumes"], volume


def test_secrets_are_all_made_and_agree(secrets):
    """Every file that a service is given, and the same password on both sides; a second run changes nothing."""
    named = [secret["file"] for secret in COMPOSE["secrets"].values()]
    named += [service["env_file"] for service in SERVICES.values() if "env_file" in service]
    assert {Path(name).name for name in named} | {"ca.key", "ca.srl"} == {path.name for path in secrets.iterdir()}
    before = {path.name: path.read_bytes() for path in secrets.iterdir()}
    ours, milvus = _variables(secrets / "footnote.env"), _variables(secrets / "milvus.env")
    minio, model = _variables(secrets / "minio.env"), _variables(secrets / "model.env")
    assert ours["FOOTNOTE_MILVUS_TOKEN"] == "root:" + milvus["COMMON_SECURITY_DEFAULTROOTPASSWORD"]
    assert ours["FOOTNOTE_LLM_API_KEY"] == model["VLLM_API_KEY"]
    assert ours["FOOTNOTE_METRICS_TOKEN"] == (secrets / "metrics-token").read_text("utf-8")
    assert f"\nrequirepass {ours['FOOTNOTE_SHARED_PASSWORD']}\n" in (secrets / "redis.conf").read_text("utf-8")
    assert milvus["MINIO_ACCESS_KEY_ID"] == minio["MINIO_ROOT_USER"]
    assert milvus["MINIO_SECRET_ACCESS_KEY"] == minio["MINIO_ROOT_PASSWORD"]
    secret = {ENV_PREFIX + name.upper() for name in SECRETS} | {"FOOTNOTE_LLM_API_KEY"}
    assert set(ours) <= secret
    subprocess.run(["sh", DEPLOY / "secrets.sh", secrets], check=True)
    assert {path.name: path.read_bytes() for path in secrets.iterdir()} == before


def test_secrets_are_closed_and_certificates_name_their_service(secrets):
    """The folder and the passwords are their owner's; what containers read as other users is readable inside."""
    closed = {path.name for path in secrets.iterdir() if path.stat().st_mode & 0o077 == 0}
    assert secrets.stat().st_mode & 0o077 == 0
    assert closed == {"ca.key", "ca.srl", "footnote.env", "milvus.env", "minio.env", "model.env"}
    authority = x509.load_pem_x509_certificate((secrets / "ca.pem").read_bytes())
    for name in ("milvus", "redis"):
        certificate = x509.load_pem_x509_certificate((secrets / f"{name}.pem").read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        certificate.verify_directly_issued_by(authority)
        assert names.get_values_for_type(x509.DNSName) == [name]


def test_redis_reads_the_secrets_that_it_is_given(secrets):
    """The paths of its configuration are those that Compose mounts."""
    paths = re.findall(r"/run/secrets/(\S+)", (secrets / "redis.conf").read_text("utf-8"))
    assert set(paths) | {"redis_configuration"} == set(SERVICES["redis"]["secrets"])
    used = re.findall(r"/run/secrets/(\w+)", str(SERVICES["milvus"]["environment"]))
    assert set(used) == set(SERVICES["milvus"]["secrets"])


def test_footnotes_settings_lead_to_the_services(settings):
    """Addresses, ports, names and folders; an unknown setting would not have been loaded."""
    engines = {urlsplit(address).hostname for address in (settings.milvus, settings.shared, settings.llm_base_url)}
    assert engines == {"milvus", "redis", "model"}
    assert all("data" in SERVICES[name]["networks"] for name in (*engines, *WEB))
    command = SERVICES["model"]["command"]
    assert settings.llm == "openai:" + command[command.index("--served-model-name") + 1]
    kept = {settings.index, settings.state, settings.runs, settings.access_file}
    assert all(path.is_relative_to("/var/lib/footnote") for path in kept)
    for name in (*WEB, "tools"):
        mounted = [volume.split(":")[1] for volume in SERVICES[name]["volumes"]]
        assert mounted[:3] == ["/etc/footnote/footnote.toml", "/var/lib/footnote", str(settings.cache)]
    grace = SERVICES["web-1"]["stop_grace_period"]
    assert float(grace.removesuffix("s")) > settings.shutdown_s


def test_the_settings_file_holds_no_secret():
    """They are in the environment."""
    assert not set(tomllib.loads((DEPLOY / "footnote.toml").read_text("utf-8"))) & {*SECRETS, "llm_api_key"}


def test_nginx_serves_our_name_and_leads_to_the_web_processes(settings):
    """Its name, its upstream, its secrets and the ports that Compose publishes."""
    assert re.findall(r"server_name (\S+);", NGINX) == [urlsplit(settings.public_url).hostname]
    assert re.findall(r"server (\S+) resolve", NGINX) == [f"{name}:{settings.port}" for name in WEB]
    assert set(re.findall(r"/run/secrets/(\w+);", NGINX)) == set(SERVICES["proxy"]["secrets"])
    published = [port.split(":")[1] for port in SERVICES["proxy"]["ports"]]
    assert set(re.findall(r"listen (\d+)[ ;]", NGINX)) == set(published)
    assert NGINX.count("{") == NGINX.count("}")
    for header in ("X-Footnote-User", "X-Footnote-Groups", "X-Footnote-Proxy"):
        assert f'proxy_set_header {header} "";' in NGINX


def test_prometheus_asks_services_that_answer_to_their_names(settings):
    """Its targets, the token, and the rules beside it."""
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in PROMETHEUS["scrape_configs"]}
    assert targets["footnote"] == [f"{name}:{settings.port}" for name in WEB]
    assert [SERVICES[name]["hostname"] for name in WEB] == list(WEB)
    assert {target[0].split(":")[0] for job, target in targets.items() if job != "footnote"} == {
        "milvus", "model", "localhost"
    }  # fmt: skip
    assert "metrics_token" in SERVICES["prometheus"]["secrets"]
    assert all((DEPLOY / name).exists() for name in PROMETHEUS["rule_files"])


def test_alerts_are_of_figures_that_there_are():
    """Names of figures, jobs and outcomes."""
    expressions = " ".join(rule["expr"] for group in ALERTS["groups"] for rule in group["rules"])
    redis = SimpleNamespace(check=lambda: True, failures=0)
    metrics = Metrics(Line(), lambda: ("", 0), redis, lambda: ModelHealth("model", True, "closed", 0, 0))
    known = re.findall(r"^# TYPE (\w+)", metrics.text().decode(), re.MULTILINE)
    used = set(re.findall(r"footnote_\w+", expressions))
    assert {name.removesuffix("_bucket") for name in used} <= set(known)
    assert set(re.findall(r'outcome="(\w+)"', expressions)) <= set(get_args(Outcome))
    jobs = {job["job_name"] for job in PROMETHEUS["scrape_configs"]}
    assert set(re.findall(r'job=~?"([\w|]+)"', expressions)) == {"footnote", "milvus|model"}
    assert {"footnote", "milvus", "model"} <= jobs


def test_the_image_is_made_of_the_project_and_its_lock_files():
    """Every package of pyproject.toml is copied, and let through to the builder; versions come from the locks."""
    dockerfile, ignored = ((DEPLOY / name).read_text("utf-8") for name in ("Dockerfile", "Dockerfile.dockerignore"))
    everything = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text("utf-8"))
    packages = {name.removesuffix("*") for name in everything["tool"]["setuptools"]["packages"]["find"]["include"]}
    copied = {word for line in re.findall(r"^COPY (?!--from)(.*) \S+$", dockerfile, re.MULTILINE)
              for word in line.split() if not word.startswith("--")}  # fmt: skip
    assert packages <= copied
    assert copied == set(re.findall(r"^!(.*)$", ignored, re.MULTILINE))
    assert dockerfile.count("--constraint requirements.lock --constraint requirements-scale.lock") == 1
    extras = re.findall(r'"\.\[([\w,]+)\]"', dockerfile)[0].split(",")
    assert set(extras) <= set(everything["project"]["optional-dependencies"])


def test_the_guide_names_every_service():
    """In its first table."""
    first = "".join(re.findall(r"^\| (`[^|]*) \|.*\| .* \|$", README.partition("## Start")[0], re.MULTILINE))
    assert re.findall(r"`([\w-]+)`", first) == sorted(SERVICES, key=first.index)
    assert set(re.findall(r"`([\w-]+)`", first)) == set(SERVICES)


def test_links_of_the_guides_lead_somewhere():
    """Those that are no address exist in the project."""
    for page in sorted(DEPLOY.glob("*.md")):
        targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        assert [one for one in targets if "://" not in one and not (page.parent / one).exists()] == []


@pytest.mark.parametrize("line", sorted(set(re.findall(r"^docker compose run --rm tools (.*)$", README, re.MULTILINE))))
def test_commands_of_the_guide_exist(line):
    """Each is one that the command line accepts."""
    command, arguments = get_command(app), shlex.split(line)
    try:
        while hasattr(command, "commands"):
            command = command.commands[arguments.pop(0)]
        command.make_context(line, arguments)
    except (NoSuchOption, UsageError) as error:
        pytest.fail(f"{line}: {error.format_message()}")
