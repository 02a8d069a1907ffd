"""The socket guard: any attempt to reach beyond this machine raises, in the tests and in every process they start.

Python imports a module of this name by itself when its folder is on PYTHONPATH; so it gets into child processes.
"""

import ipaddress
import sys

LOCAL_NAMES = {None, "", "localhost", b"localhost", "0.0.0.0", "::"}  # noqa: S104  (an address to connect to here)


class NetworkUsedError(RuntimeError):
    """Something tried to leave the machine."""


def _is_local(host: object) -> bool:
    if host in LOCAL_NAMES:
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text.split("%")[0]).is_loopback
    except ValueError:
        return False


def _guard(event: str, arguments: tuple) -> None:
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if not _is_local(host):
        message = f"the network was used: {event} {host!r}"
        sys.stderr.write(message + "\n")  # for whoever swallows the exception
        raise NetworkUsedError(message)


sys.addaudithook(_guard)
