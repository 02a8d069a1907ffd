"""An origin (scheme, host, port) in the one spelling that browsers send, so that origins can be compared as texts.

What this module does not do: say which origins are let in.
"""

from __future__ import annotations

import ipaddress
import re

LONGEST = 300
_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[^/?#@:\[\]\\]+)(?::([0-9]{1,5}))?", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORTS = {"http": 80, "https": 443}


def canonical_origin(text: str) -> str:
    """The origin as browsers send it: lower case, international names in ASCII, no port where it is the usual one.

    The spelling is that of https://url.spec.whatwg.org/#concept-url-origin and RFC 6454, section 6.2.

    >>> canonical_origin("HTTPS://Bücher.Example:443")
    'https://xn--bcher-kva.example'

    Raises:
        ValueError: in words for whoever wrote it: for anything that is more, or less, than scheme, host and port.
    """
    match = _ORIGIN.fullmatch(text) if len(text) <= LONGEST else None
    host = _host(match[2]) if match else ""
    port = int(match[3] or 0) if match else -1
    if not match or not host or port > 65535 or (match[3] and not port):
        raise ValueError(
            f"{text[:LONGEST]!r} is no origin: write http:// or https://, one host's whole name, and the port where it "
            "is not the usual one, such as https://portal.example or http://localhost:8080; no path (not even '/'), "
            "no user, no '*', no dot at the end"
        )
    scheme = match[1].lower()
    return f"{scheme}://{host}" + (f":{port}" if port and port != _PORTS[scheme] else "")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches this address or name.

    >>> is_loopback("[::1]"), is_loopback("localhost"), is_loopback("10.0.0.1")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _host(text: str) -> str:
    """The host in the spelling of browsers; empty when it is none."""
    try:
        if text.startswith("["):
            return f"[{ipaddress.IPv6Address(text[1:-1]).compressed}]"
        host = text.lower() if text.isascii() else _in_ascii(text)
        labels = host.split(".")
        if _NUMERIC.fullmatch(labels[-1]):  # browsers take it for an address, whatever stands before
            return str(ipaddress.IPv4Address(host))
    except ValueError:
        return ""
    return host if len(host) <= 253 and all(map(_LABEL.fullmatch, labels)) else ""


def _in_ascii(text: str) -> str:
    import idna  # noqa: PLC0415  (its tables are large, and most hosts are ASCII)

    return idna.encode(text, uts46=True, transitional=False).decode("ascii")
