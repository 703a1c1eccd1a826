"""System calls that a bubblewrap world is refused, and the keys of its caller, which it does not see."""

from __future__ import annotations

import errno
import json
import os
import shlex
import struct
from pathlib import Path
from types import SimpleNamespace

import pytest

from hostile import Cell, Start
from trajcore.sandbox.base import SandboxSettings
from trajcore.sandbox.machines.bubblewrap import seccomp
from trajcore.sandbox.machines.bubblewrap.syscalls import (
    AARCH64,
    ABIS,
    ABSENT,
    CLONE,
    I386,
    LAST,
    PERSONALITY,
    REFUSED,
    SOCKET,
    X86_64,
    Abi,
    Call,
)
from trajcore.sandbox.registry import sandbox_kind

ALLOWED = "allowed"
MACHINES = {"x86_64": (X86_64, I386), "aarch64": (AARCH64,)}
COLUMNS = [(machine, abi) for machine, abis in MACHINES.items() for abi in abis]
HERE = ABIS.get(os.uname().machine, (X86_64,))[0]
SECRET = "the key of the caller"


# The program itself, run here as the kernel runs it


def answer(machine: str, audit: int, number: int, argument: int = 0) -> str | int:
    """What the filter says to a call: an error's number, or that it is allowed."""
    data = struct.pack("=iIQ6Q", number, audit, 0, argument, *[0] * 5)
    program = list(struct.iter_unpack("=HBBI", seccomp.compiled(machine)))
    loaded, at = 0, 0
    while True:
        code, then, otherwise, value = program[at]
        at += 1
        if code == 0x20:
            (loaded,) = struct.unpack_from("=I", data, value)
        elif code == 0x05:
            at += value
        elif code == 0x06:
            return ALLOWED if value == 0x7FFF0000 else value - 0x50000
        else:
            holds = {0x15: loaded == value, 0x35: loaded >= value, 0x45: bool(loaded & value)}[code]
            at += then if holds else otherwise


@pytest.mark.parametrize(("machine", "abi"), COLUMNS)
def test_each_number_gets_the_answer_that_the_table_says(machine: str, abi: Abi) -> None:
    expected = {abi.number(call): errno.EPERM for call in REFUSED}
    expected |= {abi.number(call): errno.ENOSYS for call in ABSENT}
    expected |= {number: errno.ENOSYS for gap in abi.gaps for number in gap}
    for number in range(LAST + 1):
        assert answer(machine, abi.audit, number) == expected.get(number, ALLOWED), number


@pytest.mark.parametrize(("machine", "abi"), COLUMNS)
@pytest.mark.parametrize("number", [LAST + 1, 500, 0x3FFFFFFF, 0x40000000, 0x40000000 | 250, -1])
def test_a_number_that_is_not_known_is_answered_as_missing(machine: str, abi: Abi, number: int) -> None:
    assert answer(machine, abi.audit, number) == errno.ENOSYS


@pytest.mark.parametrize(("machine", "audit"), [("x86_64", AARCH64.audit), ("aarch64", 0x40000028)])
def test_another_way_of_calling_the_kernel_is_answered_as_missing(machine: str, audit: int) -> None:
    assert {answer(machine, audit, number) for number in range(LAST + 2)} == {errno.ENOSYS}


ARGUMENTS = [
    (CLONE, 0x01200011, ALLOWED),  # fork
    (CLONE, 0x003D0F00, ALLOWED),  # a thread
    *((CLONE, 1 << bit | 17, errno.EPERM) for bit in (17, 25, 26, 27, 28, 29, 30)),
    *((SOCKET, family, ALLOWED) for family in (1, 2, 10, 16, 17, 45)),
    *((SOCKET, family, errno.EPERM) for family in (12, 34, 38, 40, 46, 1 << 31)),
    *((SOCKET, 1 << 32 | family, errno.EPERM) for family in (38, 40)),
    *((PERSONALITY, value, ALLOWED) for value in (0, 8, 0x20000, 0x20008, 0xFFFFFFFF, 0x40000)),
    *((PERSONALITY, value, errno.EPERM) for value in (4, 0x400000, 0x100000, 0xFFFFFFFE)),
]


@pytest.mark.parametrize(("machine", "abi"), COLUMNS)
@pytest.mark.parametrize(("call", "argument", "expected"), ARGUMENTS)
def test_some_calls_are_answered_by_their_argument(
    machine: str, abi: Abi, call: Call, argument: int, expected: str | int
) -> None:
    number = abi.number(call)
    assert number is not None
    assert answer(machine, abi.audit, number, argument) == expected


def headers() -> dict[str, dict[str, int]]:
    """The numbers of calls as this system's headers say them, by column."""
    found = {}
    for column, path in (
        ("x86_64", "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        ("i386", "/usr/include/x86_64-linux-gnu/asm/unistd_32.h"),
        ("aarch64", "/usr/include/asm-generic/unistd.h"),
    ):
        if Path(path).is_file():
            words = [
                line.split()
                for line in Path(path).read_text().splitlines()
                if line.startswith("#define __NR")
            ]
            found[column] = {
                w[1].removeprefix("__NR_"): int(w[2]) for w in words if len(w) == 3 and w[2].isdigit()
            }
    return found


def test_the_numbers_are_those_of_the_systems_headers() -> None:
    found = headers()
    if not found:
        pytest.skip("this system has no headers of the kernel")
    for call in (*REFUSED, *ABSENT, CLONE, SOCKET, PERSONALITY):
        for column, numbers in found.items():
            number = getattr(call, column)
            if call.name in numbers and not (column == "aarch64" and number is None):
                assert number == numbers[call.name], (call.name, column)


# Where there is none


async def told() -> list[tuple[bool, str, str]]:
    facts = await sandbox_kind("bubblewrap").describe(SandboxSettings())
    return [(fact.good, fact.what, fact.text) for fact in facts]


@pytest.mark.bubblewrap
async def test_doctor_says_whether_the_filter_is_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    works = (True, "bubblewrap", "works")
    assert await told() == [
        works,
        (True, "filter", "on: bubblewrap refuses the system calls that Docker does"),
    ]
    monkeypatch.setattr(seccomp, "_ACTIONS", tmp_path / "none")
    assert await told() == [works, (False, "filter", "no filter of system calls: this kernel has none")]
    other = SimpleNamespace(machine="pdp11")
    monkeypatch.setattr(seccomp.os, "uname", lambda: other)
    lacking = "no filter of system calls: the numbers of calls on pdp11 are not known here"
    assert await told() == [works, (False, "filter", lacking)]


# In a world


PROBE = """
import ctypes, json, os, sys
calls = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
told = {}
for name, number, arguments in calls:
    ctypes.set_errno(0)
    value = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    if name.startswith("clone") and value == 0:
        os._exit(0)
    told[name] = ctypes.get_errno() if value == -1 else "allowed"
print(json.dumps(told))
"""


def probed(cell: Cell, calls: list[tuple[str, int, list[int]]]) -> dict[str, int | str]:
    told: dict[str, int | str] = json.loads(
        cell.out(f"python3 -I -c {shlex.quote(PROBE)} {shlex.quote(json.dumps(calls))}")
    )
    return told


@pytest.fixture(scope="module")
def cell(start: Start) -> Cell:
    made = start()
    made.prove()
    return made


@pytest.mark.bubblewrap
def test_refused_and_absent_calls_inside(cell: Cell) -> None:
    calls = [(call.name, HERE.number(call), [0] * 6) for call in (*REFUSED, *ABSENT)]
    told = probed(cell, [call for call in calls if call[1] is not None])
    expected = {call.name: errno.EPERM for call in REFUSED} | {call.name: errno.ENOSYS for call in ABSENT}
    assert told == {name: expected[name] for name in told}
    assert len(told) > 50
    assert cell.out("sed -n 's/^Seccomp:\t//p' /proc/self/status /proc/1/status") == "2\n2"


@pytest.mark.bubblewrap
def test_calls_answered_by_their_argument_inside(cell: Cell) -> None:
    clone, socket, personality = (HERE.number(call) for call in (CLONE, SOCKET, PERSONALITY))
    assert clone is not None
    assert socket is not None
    assert personality is not None
    told = probed(
        cell,
        [
            ("clone user", clone, [0x10000011, 0, 0, 0, 0]),
            ("clone pid", clone, [0x20000011, 0, 0, 0, 0]),
            ("alg", socket, [38, 5, 0]),
            ("vsock", socket, [40, 1, 0]),
            ("unix", socket, [1, 1, 0]),
            ("inet", socket, [2, 1, 0]),
            ("executable data", personality, [0x400000]),
            ("same addresses", personality, [0x40000]),
        ],
    )
    refused = dict.fromkeys(("clone user", "clone pid", "alg", "vsock", "executable data"), errno.EPERM)
    assert told == {**refused, **dict.fromkeys(("unix", "inet", "same addresses"), "allowed")}


# `mov eax, NUMBER; xor ebx, ebx; …; int 0x80; ret`, called from a 64-bit program
OLD_CALL = """
import ctypes, json, mmap, sys
told = {}
for name, number in json.loads(sys.argv[1]):
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    zero = bytes.fromhex("31db31c931d231f631ff")
    page.write(b"\\x53\\xb8" + number.to_bytes(4, "little") + zero + b"\\xcd\\x80\\x5b\\xc3")
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    told[name] = ctypes.CFUNCTYPE(ctypes.c_int)(address)()
print(json.dumps(told))
"""


@pytest.mark.bubblewrap
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="32-bit calls of x86 alone")
def test_calls_of_32_bit_programs(cell: Cell) -> None:
    calls = [(call.name, number) for call in (*REFUSED, *ABSENT) if (number := I386.number(call)) is not None]
    answered = cell.out(
        f"python3 -I -c {shlex.quote(OLD_CALL)} {shlex.quote(json.dumps([*calls, ('getppid', 64)]))}"
    )
    if not answered.startswith("{"):
        pytest.skip("this kernel runs no 32-bit programs")
    told = json.loads(answered)
    assert told.pop("getppid") > 0
    expected = {call.name: -errno.EPERM for call in REFUSED} | {call.name: -errno.ENOSYS for call in ABSENT}
    assert told == {name: expected[name] for name in told}


# Keys


KEYRING = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
number, description = int(sys.argv[1]), sys.argv[2].encode()
found = libc.syscall(number, 10, -3, b"user", description, 0)
text = ctypes.create_string_buffer(100)
length = libc.syscall(number, 11, found, text, 100)
print("read" if length > 0 else "none", text.value.decode())
"""


def look_for(cell: Cell, description: str) -> str:
    keyctl = HERE.number(REFUSED[2])
    return cell.out(f"python3 -I -c {shlex.quote(KEYRING)} {keyctl} {shlex.quote(description)}")


@pytest.mark.bubblewrap
@pytest.mark.parametrize("filtered", [True, False])
def test_a_key_of_the_callers_session_is_not_seen(start: Start, filtered: bool) -> None:
    description = f"trajtui-test-{os.getpid()}"
    cell = start(key=[description, SECRET], filtered=filtered)
    cell.prove()
    assert cell.out("cat /proc/keys /proc/key-users 2>/dev/null") == ""
    assert look_for(cell, description).strip() == "none"
    assert cell.out("grep -c Seccomp:.2 /proc/self/status") == ("1" if filtered else "0")
