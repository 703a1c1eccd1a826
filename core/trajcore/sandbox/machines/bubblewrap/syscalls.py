"""Which system calls a bubblewrap world is refused, and their numbers on each processor.

The measure is Docker's default profile, as of 2026, for a container without further capabilities. That is a
list of what is allowed; this is the rest of it, which comes to the same because the numbers end: a call that
is newer than `LAST`, or lies in a gap between the numbers, is answered as by a kernel that lacks it.
Three things differ. Turning off the randomness of addresses is allowed, which debuggers do for the program
they start. Sockets of 32-bit programs through the one call for all of them are answered as missing, because
no filter can see their family. Calls that only the first 32-bit programs used are left to the kernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple


class Call(NamedTuple):
    """A system call and its number on each processor; None where there is none."""

    name: str
    x86_64: int | None
    i386: int | None
    aarch64: int | None


REFUSED: Final = (
    # Keys, which no namespace keeps apart.
    Call("add_key", 248, 286, 217),
    Call("request_key", 249, 287, 218),
    Call("keyctl", 250, 288, 219),
    # Programs and memory for the kernel itself.
    Call("bpf", 321, 357, 280),
    Call("userfaultfd", 323, 374, 282),
    Call("perf_event_open", 298, 336, 241),
    Call("io_uring_setup", 425, 425, 425),
    Call("io_uring_enter", 426, 426, 426),
    Call("io_uring_register", 427, 427, 427),
    # Mounts and namespaces.
    Call("mount", 165, 21, 40),
    Call("umount", None, 22, None),
    Call("umount2", 166, 52, 39),
    Call("pivot_root", 155, 217, 41),
    Call("move_mount", 429, 429, 429),
    Call("open_tree", 428, 428, 428),
    Call("open_tree_attr", 467, 467, 467),
    Call("fsopen", 430, 430, 430),
    Call("fsconfig", 431, 431, 431),
    Call("fsmount", 432, 432, 432),
    Call("fspick", 433, 433, 433),
    Call("mount_setattr", 442, 442, 442),
    Call("setns", 308, 346, 268),
    Call("unshare", 272, 310, 97),
    Call("quotactl", 179, 131, 60),
    Call("quotactl_fd", 443, 443, 443),
    Call("sethostname", 170, 74, 161),
    Call("setdomainname", 171, 121, 162),
    # Files by handle, which know no root directory; watching whole file systems.
    Call("open_by_handle_at", 304, 342, 265),
    Call("fanotify_init", 300, 338, 262),
    Call("lookup_dcookie", 212, 253, 18),
    # Other processes: their descriptors, and what they share.
    Call("kcmp", 312, 349, 272),
    Call("pidfd_getfd", 438, 438, 438),
    Call("process_madvise", 440, 440, 440),
    # Memory nodes: of the whole machine.
    Call("get_mempolicy", 239, 275, 236),
    Call("mbind", 237, 274, 235),
    Call("migrate_pages", 256, 294, 238),
    Call("move_pages", 279, 317, 239),
    Call("set_mempolicy", 238, 276, 237),
    Call("set_mempolicy_home_node", 450, 450, 450),
    # The machine: its kernel, modules, clock, swap, ports, log.
    Call("kexec_load", 246, 283, 104),
    Call("kexec_file_load", 320, None, 294),
    Call("reboot", 169, 88, 142),
    Call("create_module", 174, 127, None),
    Call("init_module", 175, 128, 105),
    Call("finit_module", 313, 350, 273),
    Call("delete_module", 176, 129, 106),
    Call("get_kernel_syms", 177, 130, None),
    Call("query_module", 178, 167, None),
    Call("settimeofday", 164, 79, 170),
    Call("stime", None, 25, None),
    Call("clock_settime", 227, 264, 112),
    Call("clock_settime64", None, 404, None),
    Call("swapon", 167, 87, 224),
    Call("swapoff", 168, 115, 225),
    Call("acct", 163, 51, 89),
    Call("iopl", 172, 110, None),
    Call("ioperm", 173, 101, None),
    Call("syslog", 103, 103, 116),
    Call("vhangup", 153, 111, 58),
    Call("vm86", None, 166, None),
    Call("vm86old", None, 113, None),
    Call("lsm_get_self_attr", 459, 459, 459),
    Call("lsm_set_self_attr", 460, 460, 460),
    Call("lsm_list_modules", 461, 461, 461),
    # Long out of use.
    Call("_sysctl", 156, 149, None),
    Call("afs_syscall", 183, 137, None),
    Call("bdflush", None, 134, None),
    Call("getpmsg", 181, 188, None),
    Call("putpmsg", 182, 189, None),
    Call("nfsservctl", 180, 169, 42),
    Call("security", 185, None, None),
    Call("sysfs", 139, 135, None),
    Call("tuxcall", 184, None, None),
    Call("uselib", 134, 86, None),
    Call("ustat", 136, 62, None),
    Call("vserver", 236, 273, None),
)
"""Answered with EPERM, whatever their arguments."""

ABSENT: Final = (
    # A library falls back to `clone`, whose flags a filter can see.
    Call("clone3", 435, 435, 435),
    Call("socketcall", None, 102, None),
)
"""Answered with ENOSYS, whatever their arguments."""

CLONE: Final = Call("clone", 56, 120, 220)
NAMESPACES: Final = 0x7E02_0000
"""Its flags that make namespaces: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET."""

SOCKET: Final = Call("socket", 41, 359, 198)
FAMILIES: Final = frozenset(range(46)) - {12, 19, 20, 23, 25, 34, 37, 38, 40}
"""Without those long out of use, and AF_ALG and AF_VSOCK, which no network namespace keeps apart."""

PERSONALITY: Final = Call("personality", 135, 136, 92)
PERSONALITIES: Final = 0x0006_0008
"""The flags that may be set: PER_LINUX32, UNAME26, ADDR_NO_RANDOMIZE."""
PERSONALITY_ASKED: Final = 0xFFFF_FFFF
"""Asks which it is and sets none."""

LAST: Final = 467
"""The newest call that was looked at. From 424 on numbers are the same everywhere."""


@dataclass(frozen=True)
class Abi:
    """One way in which programs call the kernel: what the kernel names it, its column, and its gaps."""

    audit: int
    column: str
    gaps: tuple[range, ...]

    def number(self, call: Call) -> int | None:
        """The number of a call; None where it has none."""
        found: int | None = getattr(call, self.column)
        return found


X86_64: Final = Abi(0xC000_003E, "x86_64", (range(336, 424),))
I386: Final = Abi(0x4000_0003, "i386", (range(387, 393),))
AARCH64: Final = Abi(0xC000_00B7, "aarch64", (range(244, 260), range(295, 424)))

ABIS: Final = {"x86_64": (X86_64, I386), "aarch64": (AARCH64,)}
"""By the machine's name, as `uname` says it. Other ways that one has (x32, 32-bit ARM) are all missing."""
