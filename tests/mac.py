"""A Mac, as far as Linux can play one: its name, and without what only Linux has. Run before anything else.

`python mac.py PROGRAM…` runs a command of the program so; `python mac.py` imports every module of it.
The other half, a kernel whose /proc is not there, is for whoever starts it.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import types

ONLY_LINUX = (
    "O_PATH", "O_TMPFILE", "O_DIRECT", "O_NOATIME", "O_LARGEFILE", "copy_file_range", "memfd_create",
    "MFD_CLOEXEC", "listxattr", "getxattr", "setxattr", "removexattr", "XATTR_CREATE", "XATTR_REPLACE",
    "sched_getaffinity", "sched_setaffinity", "pidfd_open", "eventfd", "splice", "posix_fadvise",
    "posix_fallocate", "setresuid", "getresuid", "setresgid", "getresgid", "unshare", "setns", "getrandom",
    "pipe2", "fdatasync",
)  # fmt: skip
"""Names of `os` that Python has on Linux alone."""

NOT_FOR_HERE = ("trajcore.sandbox.notebook.kernel.", "trajcore.runtimes.openhands.skills")
"""What runs in a sandbox, which is Linux wherever its engine is."""


def play() -> None:
    """Become one."""
    import sysconfig
    import tempfile
    import urllib.request  # noqa: F401 - asks macOS for its proxies where it is imported there

    sysconfig.get_config_vars()  # kept, read from a file that a Mac's Python names otherwise
    for name in ONLY_LINUX:
        if hasattr(os, name):
            delattr(os, name)
    tempfile._O_TMPFILE_WORKS = False
    sys.platform = "darwin"


def import_everything() -> list[str]:
    """What cannot be imported, and why."""
    faults = []
    for name in ("trajcore", "trajtui"):
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}.", faults.append):
            if module.name.endswith("__main__") or module.name.startswith(NOT_FOR_HERE):
                continue
            faults += _imported(module.name)
    return faults


def _imported(name: str) -> list[str]:
    try:
        assert isinstance(importlib.import_module(name), types.ModuleType)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        return [f"{name}: {type(error).__name__}: {error}"]
    return []


if __name__ == "__main__":
    play()
    if sys.argv[1:]:
        from trajtui.cli import main

        main()
    print("\n".join(import_everything()))
