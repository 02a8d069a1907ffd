"""A seal on a process: the kernel kills it when it, or any library in it, reaches for an internet address.

The socket guard sees what Python does; this sees C and C++ too (llama.cpp, ONNX Runtime, SQLite, the resolver). It is a
seccomp filter, which needs no privileges and holds for every thread and child from then on. It ends the process, with
SIGSYS, on the system calls that begin all traffic:

    connect, sendto   with an address as long as an IPv4 or an IPv6 address is (Unix sockets' are of other lengths)
    socket            for IPv4 or IPv6 datagrams, which asking a name server begins with
"""

import ctypes
import platform
import signal
import struct

KILLED = -signal.SIGSYS
_SYSTEMS = {"x86_64": (0xC000003E, 41, 42, 44), "aarch64": (0xC00000B7, 198, 203, 206)}
_LOAD, _EQUAL, _AND, _RETURN = 0x20, 0x15, 0x54, 0x06
_KILL, _ALLOW = 0x80000000, 0x7FFF0000
_NUMBER, _ARCHITECTURE = 0, 4
_IPV4_LENGTH, _IPV6_LENGTH, _IPV4, _IPV6, _DATAGRAM = 16, 28, 2, 10, 2
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2


def seal() -> None:
    """Seal this process for good; raises OSError where the kernel can't."""
    program = ctypes.create_string_buffer(_assembled())
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(_lines()), ctypes.addressof(program)))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or prctl(_SECCOMP, _FILTER, header, 0, 0):
        raise OSError(ctypes.get_errno(), "this process can't be sealed")


def _argument(place: int) -> int:
    """Where the low half of a system call's argument stands."""
    return 16 + 8 * place


def _lines() -> list[tuple[str, int, int, str, str]]:
    """The filter: label, operation, operand, where to go on if equal, and if not; an empty label is the next line."""
    architecture, socket, connect, sendto = _SYSTEMS[platform.machine()]
    return [
        ("", _LOAD, _ARCHITECTURE, "", ""),
        ("", _EQUAL, architecture, "", "kill"),
        ("", _LOAD, _NUMBER, "", ""),
        ("", _EQUAL, connect, "connect", ""),
        ("", _EQUAL, sendto, "sendto", ""),
        ("", _EQUAL, socket, "socket", "allow"),
        ("connect", _LOAD, _argument(2), "", ""),
        ("", _EQUAL, _IPV4_LENGTH, "kill", ""),
        ("", _EQUAL, _IPV6_LENGTH, "kill", "allow"),
        ("sendto", _LOAD, _argument(5), "", ""),
        ("", _EQUAL, _IPV4_LENGTH, "kill", ""),
        ("", _EQUAL, _IPV6_LENGTH, "kill", "allow"),
        ("socket", _LOAD, _argument(0), "", ""),
        ("", _EQUAL, _IPV4, "kind", ""),
        ("", _EQUAL, _IPV6, "kind", "allow"),
        ("kind", _LOAD, _argument(1), "", ""),
        ("", _AND, 0xF, "", ""),
        ("", _EQUAL, _DATAGRAM, "kill", "allow"),
        ("allow", _RETURN, _ALLOW, "", ""),
        ("kill", _RETURN, _KILL, "", ""),
    ]


def _assembled() -> bytes:
    """The filter as the kernel reads it: labels become numbers of lines to skip."""
    lines = _lines()
    places = {label: place for place, (label, *_) in enumerate(lines) if label}
    code = b""
    for place, (_, operation, operand, if_equal, if_not) in enumerate(lines):
        skips = [places[label] - place - 1 if label else 0 for label in (if_equal, if_not)]
        code += struct.pack("HBBI", operation, *skips, operand)
    return code
