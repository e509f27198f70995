"""The kernel's own walls, without a library of their own: Landlock for files, seccomp for system calls (Linux; x86-64, ARM64).

Sources: Linux, Documentation/userspace-api/landlock.rst and seccomp_filter.rst; numbers from asm/unistd_64.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import stat
import struct
import sys
from collections.abc import Iterable

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 22, 38
SECCOMP_MODE_FILTER = 2
CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x8000000, 0x10000000, 0x40000000

#: system calls a reader never needs: networks, programs, other processes, mounts, the kernel. name → (x86-64, ARM64)
FORBIDDEN = {
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242), "sendto": (44, 206), "sendmsg": (46, 211), "sendmmsg": (307, 269),
    "execve": (59, 221), "execveat": (322, 281), "fork": (57, None), "vfork": (58, None),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "kill": (62, 129), "tkill": (200, 130), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "unshare": (272, 97), "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104), "reboot": (169, 142),
    "setuid": (105, 146), "setgid": (106, 144), "setresuid": (117, 147), "setresgid": (119, 149),
    "setsid": (112, 157), "setpgid": (109, 154), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "personality": (135, 92),
}  # fmt: skip
#: calls that threads and abort need, allowed for this process alone; see ``_program``
_CLONE, _CLONE3, _TGKILL, _PRLIMIT = (56, 220), (435, 435), (234, 131), (302, 261)
_CLONE_THREAD = 0x10000
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_READ = 1 << 2 | 1 << 3  # read a file, list a folder
_OF_FILES = 1 << 1 | 1 << 2 | 1 << 14  # write, read, truncate: folders have more
#: rights that Landlock's versions know, by version: files 13, +refer, +truncate, (network), +ioctl of devices
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_WRITE = 0xFFFF & ~(1 << 0 | 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11)  # all but running, devices, sockets and pipes


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def on_linux() -> bool:
    """Whether these walls can exist at all."""
    return sys.platform == "linux"


def prctl(option: int, value: int) -> bool:
    """One ``prctl`` with a number; False when the kernel refuses."""
    return on_linux() and _libc().prctl(option, ctypes.c_ulong(value), 0, 0, 0) == 0


def unshare(flags: int) -> bool:
    """Leave the namespaces shared with the parent; False when the kernel refuses."""
    return on_linux() and _libc().unshare(flags) == 0


def restrict_files(readable: Iterable[str], writable: Iterable[str]) -> bool:
    """From now on only these folders can be read, and these written, by this process; False without Landlock.

    Needs no privilege but ``no_new_privs``. It also ends looking into other processes and connecting to abstract sockets.
    """
    if not on_linux():
        return False
    libc = _libc()
    version = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    if version < 1:
        return False
    handled = (1 << _RIGHTS[min(version, 5)]) - 1
    parts = [handled]
    if version >= 4:
        parts.append(0b11)  # TCP: neither bind nor connect
    if version >= 6:
        parts.append(0b11)  # abstract sockets and signals stay inside
    attribute = ctypes.create_string_buffer(struct.pack(f"={len(parts)}Q", *parts))
    size = ctypes.c_size_t(8 * len(parts))
    rules = libc.syscall(_LANDLOCK_CREATE, attribute, size, ctypes.c_uint32(0))
    if rules < 0:
        return False
    try:
        for rights, paths in ((_READ, readable), (_WRITE, writable)):
            for path in paths:
                if not _allow(libc, rules, path, rights & handled):
                    return False
        return bool(libc.syscall(_LANDLOCK_RESTRICT, rules, ctypes.c_uint32(0)) == 0)
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> bool:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # what is not there, or cannot be reached, cannot be read either
        return True
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_FILES
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, place))
        return bool(libc.syscall(_LANDLOCK_ADD, rules, ctypes.c_int(1), rule, ctypes.c_uint32(0)) == 0)
    finally:
        os.close(place)


def forbid_system_calls() -> bool:
    """Answer every call of ``FORBIDDEN`` with EPERM, and any of another machine's numbers; False where not possible.

    New threads are allowed and new processes are not; signals and limits reach this process alone.
    """
    if not on_linux() or platform.machine() not in _MACHINES:
        return False
    column, machine = _MACHINES[platform.machine()]
    lines = b"".join(struct.pack("=HBBI", *line) for line in _assembled(_program(column, machine, os.getpid())))
    held = ctypes.create_string_buffer(lines, len(lines))
    head = struct.pack("@HP", len(lines) // 8, ctypes.addressof(held))
    packed = ctypes.create_string_buffer(head, len(head))
    return bool(_libc().prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), packed, 0, 0) == 0)


_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
#: where the number of the call, the machine and the first argument (its lower half) stand
_NUMBER, _MACHINE, _ARGUMENT = 0, 4, 16
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000

#: name of the line or "", operation, name to jump to when true, when false ("" is the next line), operand
_Line = tuple[str, int, str, str, int]


def _program(column: int, machine: int, process: int) -> list[_Line]:
    numbers = sorted(number for pair in FORBIDDEN.values() if (number := pair[column]) is not None)
    return [
        ("", _LOAD, "", "", _MACHINE),
        ("", _EQUAL, "", "refuse", machine),
        ("", _LOAD, "", "", _NUMBER),
        ("", _AT_LEAST, "refuse", "", 0x40000000),  # the numbers of x32
        ("", _EQUAL, "absent", "", _CLONE3[column]),  # then the C library takes clone, whose flags can be seen
        ("", _EQUAL, "clone", "", _CLONE[column]),
        ("", _EQUAL, "tgkill", "", _TGKILL[column]),
        ("", _EQUAL, "prlimit", "", _PRLIMIT[column]),
        *(("", _EQUAL, "refuse", "", number) for number in numbers),
        ("allow", _RETURN, "", "", _ALLOW),
        ("clone", _LOAD, "", "", _ARGUMENT),
        ("", _ANY_BIT, "allow too", "refuse", _CLONE_THREAD),
        ("tgkill", _LOAD, "", "", _ARGUMENT),
        ("", _EQUAL, "allow too", "refuse", process),
        ("prlimit", _LOAD, "", "", _ARGUMENT),
        ("", _EQUAL, "allow too", "refuse", 0),
        ("absent", _RETURN, "", "", _REFUSE | errno.ENOSYS),
        ("refuse", _RETURN, "", "", _REFUSE | errno.EPERM),
        ("allow too", _RETURN, "", "", _ALLOW),  # jumps lead forward only
    ]


def _assembled(program: list[_Line]) -> list[tuple[int, int, int, int]]:
    places = {name: place for place, (name, *_rest) in enumerate(program) if name}
    return [
        (
            operation,
            places[yes] - place - 1 if yes else 0,
            places[no] - place - 1 if no else 0,
            operand,
        )
        for place, (_name, operation, yes, no, operand) in enumerate(program)
    ]
