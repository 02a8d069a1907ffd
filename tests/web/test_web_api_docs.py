"""docs/api.md, whose examples are run as they stand there, and whose tables are held against the code."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from browsing import serving
from fake_service import EXAMPLES, FakeService
from small_app import small_app

from web.openai_request import ChatRequest, Only
from web.problem_kinds import KINDS
from web.problem_layers import MOST_BYTES

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
BLOCKS = re.findall(r"<!-- answers: (\d+) -->\n```sh\n(.*?)```", PAGE, re.DOTALL)
STATUS = 'curl() { command curl -s -o /dev/null -w "%{http_code}" --max-time 60 "$@"; }\n'


@pytest.fixture(scope="module")
def address():
    with serving(FakeService(), examples=EXAMPLES) as address:
        yield address.rstrip("/")


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
@pytest.mark.parametrize(("status", "block"), BLOCKS, ids=[str(number) for number in range(len(BLOCKS))])
def test_an_example_answers_as_the_page_says(address, status, block):
    environment = {"PATH": os.environ["PATH"], "FOOTNOTE": address, "HOME": "/nonexistent", "no_proxy": "*"}
    told = subprocess.run(["bash", "-c", STATUS + block], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout == status


def test_every_block_with_a_request_is_run():
    assert len(BLOCKS) == PAGE.count("\ncurl ") == PAGE.count("```sh")


def test_every_route_has_an_example():
    asked = "\n".join(block for _, block in BLOCKS)
    for path in [*small_app(FakeService()).openapi()["paths"], "/livez", "/readyz", "/api/openapi.json"]:
        parts = {"{source_id}": "default/briefing.pdf", "{number}": r"\d", "{model}": "footnote%2Fdefault"}
        for name, value in parts.items():
            path = path.replace(name, value)  # noqa: PLW2901
        assert re.search(rf"\$FOOTNOTE{path}[\"?]", asked), path


def test_every_kind_of_problem_is_in_the_table():
    rows = re.findall(r"^\| `(/problems/[\w-]+)` \| (\w+) \|", PAGE, re.MULTILINE)
    expected = {kind.type: "4xx" if kind.slug == "refused" else str(kind.status) for kind in KINDS}
    assert dict(rows) == expected
    assert len(rows) == len(expected)
    assert f"{MOST_BYTES:,} bytes" in PAGE


def test_every_parameter_of_openai_is_accepted_or_refused_on_the_page():
    told = {"model", "messages", "stream", "stream_options", "footnote"}
    ignored = re.search(r"\*\*Accepted and ignored\*\*:(.*?)\. How", PAGE, re.DOTALL).group(1)
    refused = re.search(r"\*\*Refused with a sentence\*\*.*?:(.*?);", PAGE, re.DOTALL).group(1)
    only = {
        name for name, field in ChatRequest.model_fields.items() if any(isinstance(one, Only) for one in field.metadata)
    }
    assert set(re.findall(r"`(\w+)`", refused)) == only
    assert set(re.findall(r"`(\w+)`", ignored)) == set(ChatRequest.model_fields) - only - told


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonl", None])
@pytest.mark.parametrize("path", ["/api/v1/ask", "/api/v1/search", "/v1/chat/completions"])
def test_a_body_that_is_not_sent_as_json_is_told_so(address, path, kind):
    body = b'{"question": "When?"}'
    response = httpx.post(address + path, content=body, headers={"content-type": kind} if kind else {})
    told = response.json()
    sentence = "Send the request as JSON, with the content type application/json."
    assert (response.status_code, told.get("detail") or told["error"]["message"]) == (415, sentence)


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8", "application/problem+json"])
def test_json_that_is_no_object_is_not_as_described(address, kind):
    response = httpx.post(address + "/api/v1/ask", content=b"[1]", headers={"content-type": kind})
    assert (response.status_code, response.json()["type"]) == (422, "/problems/not-as-described")
