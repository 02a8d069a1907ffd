"""Origins in the one spelling of browsers; everything that is more or less than an origin is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.origins import canonical_origin


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("https://portal.example", "https://portal.example"),
        ("HTTPS://Portal.EXAMPLE", "https://portal.example"),
        ("https://portal.example:443", "https://portal.example"),
        ("http://portal.example:80", "http://portal.example"),
        ("http://portal.example:443", "http://portal.example:443"),
        ("https://portal.example:08443", "https://portal.example:8443"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://intranet", "http://intranet"),
        ("http://my_server", "http://my_server"),
        ("http://10.0.0.5:3000", "http://10.0.0.5:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("http://[2001:DB8:0:0::1]", "http://[2001:db8::1]"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://BÜCHER.example", "https://xn--bcher-kva.example"),
        ("https://straße.example", "https://xn--strae-oqa.example"),
        ("https://例え.テスト", "https://xn--r8jz45g.xn--zckzah"),
        ("https://a.b-c.d9", "https://a.b-c.d9"),
    ],
)
def test_an_origin_is_spelt_as_browsers_send_it(written, sent):
    assert canonical_origin(written) == sent
    assert canonical_origin(sent) == sent


@pytest.mark.parametrize(
    "written",
    [
        *("", "*", "null", "https://", "https://*", "https://*.example", "portal.example", "//portal.example"),
        *(
            "https://portal.example/",
            "https://portal.example/x",
            "https://portal.example?x",
            "https://portal.example#x",
        ),
        *("https://anna@portal.example", "https://anna:x@portal.example", "https://portal.example\\@evil.example"),
        *("https://portal.example.", "https://.example", "https://a..b", "https://-a.example", "https://a-.example"),
        *("ftp://portal.example", "file://x", "javascript://x", "https:portal.example", "https:///portal.example"),
        *("https://portal.example:", "https://portal.example:0", "https://portal.example:65536", "https://x:１"),
        *("https://portal.example:x", "https://portal.example:443:443", "https://portal.example:-1"),
        *(" https://portal.example", "https://portal.example ", "https://portal.example\n", "https://por tal.example"),
        *(
            "https://portal.example\0",
            "https://portal%2eexample",
            "https://portal,example",
            "https://a;b",
            "https://a'b",
        ),
        *("http://1.2.3", "http://1.2.3.4.5", "http://256.1.1.1", "http://0x7f000001", "http://2130706433"),
        *("http://127.1", "http://example.0x1", "http://01.2.3.4", "http://[::1", "http://::1", "http://[::1%25eth0]"),
        *(
            "http://[1.2.3.4]",
            "https://" + "a" * 64 + ".example",
            "https://" + "a." * 130 + "b",
            "https://" + "a" * 5000,
        ),
        *("https://portal.example,https://evil.example", "https://portal.example https://evil.example"),
    ],
)
def test_what_is_no_origin_is_refused(written):
    with pytest.raises(ValueError, match="is no origin: write http:// or https://"):
        canonical_origin(written)


@given(st.text(max_size=60) | st.from_regex(r"https?://[^/]{0,20}", fullmatch=True))
def test_any_text_is_an_origin_in_its_one_spelling_or_refused(written):
    try:
        origin = canonical_origin(written)
    except ValueError:
        return
    assert canonical_origin(origin) == origin
    assert origin.isascii()
    assert origin == origin.lower()
    assert not set(origin.split("://", 1)[1]) & set("/?#@*\\% ,;'\"\n\t")
