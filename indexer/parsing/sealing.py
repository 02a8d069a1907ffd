"""A parser has no business outside: the Linux kernel refuses it the network, other processes, and files to write.

Two fences, both for good, for every thread and child from then on, and both without privileges: a seccomp filter
(seccomp(2)) by system call, and a Landlock domain (landlock(7)) by file and process. They are belts: on a kernel
without them parsing works as before, and `seal` says what holds. Reading is not restricted, and local sockets are not,
as programs that a parser may start need both. Who asks whether it may write (access(2)) is told no: Landlock does not
tell, and LibreOffice would put its socket where it can't.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Collection
from contextlib import suppress

_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_KILL, _REFUSE, _ALLOW = 0x80000000, 0x00050001, 0x7FFF0000  # refused with EPERM
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data, little endian
_OTHER_NUMBERS = 0x40000000  # of x86-64's second interface, x32
_LOCAL = 1  # AF_UNIX
_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_CALLS = {  # system calls by number on x86-64 and aarch64
    "socket": (41, 198),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "access": (21, 48),  # access, and faccessat where there is no such call
}
_REFUSED = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "chroot": (161, 51),
    "pivot_root": (155, 41),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "reboot": (169, 142),
}

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_WRITE, _REMOVE, _MAKE, _MOVE, _TRUNCATE = 1 << 1, 0b11 << 4, 0b1111111 << 6, 1 << 13, 1 << 14
_NO_SIGNALS_OUT, _NO_NAMED_SOCKETS_OUT = 1 << 1, 1 << 0


def seal(folder: str, protected: Collection[int]) -> tuple[str, ...]:
    """Seal this process.

    Args:
        folder: where alone it may write from now on.
        protected: process ids that it must not signal, whatever the kernel knows of domains.

    Returns:
        The fences that hold: ``seccomp``, ``landlock``.
    """
    if sys.platform != "linux":
        return ()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return ()
    holds = []
    with suppress(OSError):
        _confine(libc, folder)
        holds.append("landlock")
    if platform.machine() in _ARCHITECTURES and sys.byteorder == "little":
        program = _assembled(platform.machine(), protected)
        memory = ctypes.create_string_buffer(program)
        header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(memory)))
        if not libc.prctl(_SECCOMP, _FILTER, header, 0, 0):
            holds.append("seccomp")
    return tuple(holds)


def _assembled(machine: str, protected: Collection[int]) -> bytes:
    """The filter as the kernel reads it: eight bytes a line, labels turned into numbers of lines to skip."""
    lines = _lines(machine, protected)
    places = {label: place for place, (label, *_) in enumerate(lines) if label}
    code = b""
    for place, (_, operation, operand, if_so, if_not) in enumerate(lines):
        skips = [places[label] - place - 1 if label else 0 for label in (if_so, if_not)]
        code += struct.pack("HBBI", operation, *skips, operand)
    return code


def _lines(machine: str, protected: Collection[int]) -> list[tuple[str, int, int, str, str]]:
    """Label, operation, operand, where to go on if it holds, and if not; an empty label is the next line."""
    architecture, column = _ARCHITECTURES[machine]
    number = {name: numbers[column] for name, numbers in _CALLS.items()}
    spared = {1, *protected}  # also as groups; kill(-1) is everybody
    marks = sorted({mark & 0xFFFFFFFF for pid in spared for mark in (pid, -pid)})
    return [
        ("", _LOAD, _ARCHITECTURE, "", ""),
        ("", _EQUAL, architecture, "", "kill"),
        ("", _LOAD, _NUMBER, "", ""),
        ("", _AT_LEAST, _OTHER_NUMBERS, "refuse", ""),
        *(("", _EQUAL, numbers[column], "refuse", "") for numbers in _REFUSED.values()),
        ("", _EQUAL, number["socket"], "socket", ""),
        ("", _EQUAL, number["access"], "access", ""),
        ("", _EQUAL, number["kill"], "signal", ""),
        ("", _EQUAL, number["tgkill"], "signal", "allow"),
        ("socket", _LOAD, _FIRST_ARGUMENT, "", ""),
        ("", _EQUAL, _LOCAL, "allow", "refuse"),
        ("access", _LOAD, _FIRST_ARGUMENT + 8 * (1 + column), "", ""),
        ("", _EQUAL, os.W_OK, "refuse", "allow"),
        ("signal", _LOAD, _FIRST_ARGUMENT, "", ""),
        *(("", _EQUAL, mark, "refuse", "") for mark in marks),
        ("allow", _RETURN, _ALLOW, "", ""),
        ("refuse", _RETURN, _REFUSE, "", ""),
        ("kill", _RETURN, _KILL, "", ""),
    ]


def _confine(libc: ctypes.CDLL, folder: str) -> None:
    """Enter a domain that writes below the folder alone, and signals nobody outside.

    Raises:
        OSError: where the kernel has no Landlock.
    """
    version = _checked(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1))
    files = _WRITE | _REMOVE | _MAKE | (_MOVE if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0)
    wanted = struct.pack("QQQ", files, 0, _NO_SIGNALS_OUT | _NO_NAMED_SOCKETS_OUT)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _checked(libc.syscall(_CREATE_RULESET, wanted, ctypes.c_size_t(size), 0))
    try:
        _allow(libc, ruleset, folder, files)
        _allow(libc, ruleset, os.devnull, _WRITE)
        _checked(libc.syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, access: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _checked(libc.syscall(_ADD_RULE, ruleset, 1, struct.pack("=Qi", access, place), 0))
    finally:
        os.close(place)


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), "the kernel refused")
    return result
