"""The filter of system calls in a bubblewrap world: a program for the kernel, put together here.

The kernel runs it at each call that it has not found to be always allowed. It is a tree of comparisons over
the number of the call, so that also an older kernel, which runs it each time, needs ten of them and not a
hundred. Filters come with every process that a world starts, and nothing inside can take one off.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from trajcore.sandbox.machines.bubblewrap.syscalls import (
    ABIS,
    ABSENT,
    CLONE,
    FAMILIES,
    LAST,
    NAMESPACES,
    PERSONALITIES,
    PERSONALITY,
    PERSONALITY_ASKED,
    REFUSED,
    SOCKET,
    Abi,
)

# Words of the kernel's <linux/bpf_common.h>; all three compare what was loaded with a constant.
_LOAD: Final = 0x20
_JUMP: Final = 0x05
_IF_EQUAL: Final = 0x15
_IF_AT_LEAST: Final = 0x35
_IF_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06

# Where things stand in the kernel's `struct seccomp_data`: of the first argument, the lower half.
_NUMBER: Final = 0
_ARCHITECTURE: Final = 4
_FIRST_ARGUMENT: Final = 16

_ALLOWED: Final = 0x7FFF_0000
_ERRNO: Final = 0x0005_0000
_FARTHEST: Final = 255
_ACTIONS: Final = Path("/proc/sys/kernel/seccomp/actions_avail")


class Instruction(NamedTuple):
    """`then` and `otherwise` are how many instructions are skipped where a comparison holds or does not."""

    code: int
    value: int
    then: int = 0
    otherwise: int = 0


Code = tuple[Instruction, ...]

ALLOW: Final[Code] = (Instruction(_RETURN, _ALLOWED),)
REFUSE: Final[Code] = (Instruction(_RETURN, _ERRNO | errno.EPERM),)
MISSING: Final[Code] = (Instruction(_RETURN, _ERRNO | errno.ENOSYS),)


def obstacle() -> str | None:
    """Why there is no filter on this machine, in words; None: there is one."""
    machine = os.uname().machine
    if machine not in ABIS:
        return f"the numbers of calls on {machine} are not known here"
    try:
        actions = _ACTIONS.read_text().split()
    except OSError:
        actions = []
    return None if "errno" in actions else "this kernel has none"


@contextmanager
def filtering() -> Iterator[tuple[list[str], list[int]]]:
    """The arguments that make one bwrap filter, and the descriptors it needs; none where there is no filter.

    Raises `OSError`.
    """
    if obstacle() is not None:
        yield [], []
        return
    with os.fdopen(os.memfd_create("filter"), "r+b", buffering=0) as file:
        file.write(compiled(os.uname().machine))
        file.seek(0)
        yield ["--seccomp", str(file.fileno())], [file.fileno()]


@lru_cache(2)
def compiled(machine: str) -> bytes:
    """The program for a machine, as the kernel reads it. Raises `KeyError` where its calls are not known."""
    code: Code = (Instruction(_LOAD, _ARCHITECTURE),)
    for abi in ABIS[machine]:
        section = (Instruction(_LOAD, _NUMBER), *_tree(_starts(abi)))
        code += (Instruction(_IF_EQUAL, abi.audit, 1), Instruction(_JUMP, len(section)), *section)
    code += MISSING
    return b"".join(struct.pack("=HBBI", *_packed(one)) for one in code)


def _packed(one: Instruction) -> tuple[int, int, int, int]:
    return one.code, one.then, one.otherwise, one.value


def _starts(abi: Abi) -> list[tuple[int, Code]]:
    """From each number on, what becomes of a call, up to the next number."""
    answers = _answers(abi)
    runs = groupby(range(LAST + 2), lambda number: answers.get(number, ALLOW))
    return [(next(numbers), code) for code, numbers in runs]


def _answers(abi: Abi) -> dict[int, Code]:
    """What becomes of the calls that are not simply allowed."""
    answers = {number: MISSING for gap in abi.gaps for number in gap}
    for calls, code in (
        (REFUSED, REFUSE),
        (ABSENT, MISSING),
        ((CLONE,), _no_namespaces()),
        ((SOCKET,), _known_families()),
        ((PERSONALITY,), _harmless_personality()),
    ):
        answers.update({number: code for call in calls if (number := abi.number(call)) is not None})
    return {**answers, LAST + 1: MISSING}


def _tree(starts: list[tuple[int, Code]]) -> Code:
    """Find the number that was loaded among the starts, by halves."""
    if len(starts) == 1:
        return starts[0][1]
    middle = len(starts) // 2
    below, above = _tree(starts[:middle]), _tree(starts[middle:])
    return (*_beyond(starts[middle][0], len(below)), *below, *above)


def _beyond(number: int, distance: int) -> Code:
    """Skip `distance` instructions where a number is at least this one; a comparison alone skips few."""
    if distance <= _FARTHEST:
        return (Instruction(_IF_AT_LEAST, number, distance),)
    return (Instruction(_IF_AT_LEAST, number, 0, 1), Instruction(_JUMP, distance))


def _no_namespaces() -> Code:
    return (*_first(), Instruction(_IF_ANY_BIT, NAMESPACES, 0, 1), *REFUSE, *ALLOW)


def _known_families() -> Code:
    runs = groupby(range(max(FAMILIES) + 2), lambda family: ALLOW if family in FAMILIES else REFUSE)
    return (*_first(), *_tree([(next(families), code) for code, families in runs]))


def _harmless_personality() -> Code:
    asked = Instruction(_IF_EQUAL, PERSONALITY_ASKED, 2)
    return (*_first(), asked, Instruction(_IF_ANY_BIT, 0xFFFF_FFFF & ~PERSONALITIES, 0, 1), *REFUSE, *ALLOW)


def _first() -> Code:
    """The first argument, of which the kernel itself takes the lower half alone in the calls looked into."""
    return (Instruction(_LOAD, _FIRST_ARGUMENT),)
