"""The script as a file: small, whole, and without the ways in which text becomes a program."""

import gzip
import re

import pytest
from widget_payloads import PAYLOADS
from widget_server import DEMO, DEMO_SERVER, SCRIPT

SOURCE = SCRIPT.read_text("utf-8")
CODE = re.sub(r"(?s:/\*.*?\*/)|^\s*//.*$", "", SOURCE, flags=re.MULTILINE)


def test_it_is_smaller_than_twenty_thousand_bytes_on_the_way():
    assert len(gzip.compress(SCRIPT.read_bytes(), mtime=0)) < 20_000


FORBIDDEN = """
    innerHTML outerHTML insertAdjacentHTML document.write eval( Function( DOMParser createContextualFragment <img
    @import url( "style" .src= .href= import( localStorage sessionStorage indexedDB .cookie postMessage "message"
    WebSocket XMLHttpRequest setTimeout setInterval window.open
"""


@pytest.mark.parametrize("word", FORBIDDEN.split())
def test_it_does_without(word):
    assert word not in CODE.replace(" = ", "=")


def test_it_names_no_address_but_that_of_svg():
    assert set(re.findall(r"https?://[^\s\"'`)]+", CODE)) == {"http://www.w3.org/2000/svg"}


def test_no_method_of_the_page_is_looked_up_after_the_first_section():
    """Methods of the page's own values that old libraries replace."""
    rest = CODE.split("const push", 1)[1]
    methods = """
        map filter forEach push pop shift join slice splice concat indexOf split trim replace startsWith includes then
        catch finally json text getReader append appendChild setAttribute getAttribute addEventListener replaceChildren
        querySelector querySelectorAll createElement call apply bind focus remove
    """.split()
    assert [found for found in re.findall(r"\.(\w+)\(", rest) if found in methods] == []
    assert re.findall(r"(?:for \(const|\[\.\.\.)", rest) == []


def test_every_text_is_used_and_every_used_text_is_there():
    table = SOURCE.split("const TEXTS = {", 1)[1].split("\n  };", 1)[0]
    keys = set(re.findall(r"^    (\w+): ", table, flags=re.MULTILINE))
    used = set(re.findall(r'"([a-z_]+)"', SOURCE.split("\n  };", 1)[1]))
    assert keys - used - {"lang", "supported", "partly", "unsupported"} == set()
    called = set(re.findall(r"\bt\(\"(\w+)\"", SOURCE)) | set(re.findall(r"key: \"(\w+)\"", SOURCE))
    assert called <= keys
    assert all(re.fullmatch("[a-z][a-z0-9_-]{0,39}", key) for key in keys)  # what an embed's settings may name


def test_its_source_can_be_read():
    lines = SOURCE.splitlines()
    styles = SOURCE.split("const STYLES = `", 1)[1].split("`;", 1)[0].splitlines()
    assert max(len(line) for line in lines if line not in styles) < 170
    assert SOURCE.startswith("/**")
    assert "\t" not in SOURCE


def test_the_demo_pages_name_the_server_in_one_way_only():
    pages = [path.read_text("utf-8") for path in sorted(DEMO.glob("*.html"))]
    assert len(pages) == 2
    assert all(page.count(f'src="{DEMO_SERVER}/widget.js"') == 1 for page in pages)
    assert all(set(re.findall(r"https?://[^/\"]+", page)) == {DEMO_SERVER} for page in pages)


def test_there_are_fifty_payloads_and_each_is_another():
    assert len(PAYLOADS) == len(set(PAYLOADS)) == 50
