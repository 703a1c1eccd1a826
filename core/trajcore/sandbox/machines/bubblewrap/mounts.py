"""How a bubblewrap world is put together: its private directories, and what bwrap is told to show where."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from trajcore.sandbox.base import SandboxSettings
from trajcore.sandbox.machines.bubblewrap.masks import Secrets, is_secret, make_layer, secrets_below
from trajcore.sandbox.machines.bubblewrap.overlays import (
    HIDDEN,
    Copied,
    Directory,
    Entry,
    Link,
    Overlay,
    mount_points,
    plan,
)
from trajcore.sandbox.machines.host.confine import memory_of
from trajcore.sandbox.machines.machine import ENVIRONMENT, Layer

_SEARCHED: Final = ("/etc", "/opt", "/srv", "/usr/local", "/var")
"""Where files are looked for that others may not read; the rest of the system is the same everywhere."""

_EMPTIED: Final = "in-place-of-"
"""How what holds the changes of a directory that is emptied is called, before the directory's path."""

_PRIVATE: Final = ("workspace", "root", "home", "run", "mnt", "media", "boot")
_OF_KEYS: Final = ("keys", "key-users")
"""Files of /proc that name the keys which the kernel keeps for this user."""

_CAPABILITIES: Final = (
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
    "CAP_SETFCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
)  # fmt: skip
_NOT_ON_THE_HOST: Final = ("CAP_SETFCAP",)
"""What is not allowed where files of this machine are worked on."""


def planned(directory: Path) -> list[Entry]:
    """What of this host is seen inside; never `directory`, which holds the world. Raises `OSError`.

    An overlay cannot keep its changes in what it shows: what `directory` lies in is split, as if another
    file system were mounted there.
    """
    mounts = mount_points(Path("/proc/self/mountinfo").read_text())
    return plan([*mounts, os.path.realpath(directory)])


def prepare(
    directory: Path, entries: list[Entry], settings: SandboxSettings, *, hide_secrets: bool = True
) -> list[str]:
    """Make the private directories below `directory`; the answer is bwrap's arguments but the command.

    They can be used again while the directory is there. Raises `OSError`.
    """
    root = directory / "root"
    for name in _PRIVATE:
        (root / name).mkdir(parents=True)
    (root / "tmp").mkdir(mode=0o1777)
    (root / "tmp").chmod(0o1777)
    arguments = [*_isolation(settings), "--bind", str(root), "/"]
    for number, entry in enumerate(entries):
        with suppress(FileNotFoundError):  # it went since it was planned
            arguments += _shown(entry, directory, number, hide_secrets)
    for path in HIDDEN:
        if os.path.isdir(path) and os.access(path, os.X_OK):
            arguments += _emptied(path, directory)
    arguments += ["--proc", "/proc", *seal(), *_devices(memory_of(settings.resources))]
    if settings.mount and settings.workspace is not None:
        arguments += ["--bind", str(settings.workspace), "/workspace"]
    if settings.network:
        _keep_name_servers(root)
    for name, value in {**ENVIRONMENT, "USER": "root"}.items():
        arguments += ["--setenv", name, value]
    return [*arguments, "--chdir", "/workspace", "--"]


def _isolation(settings: SandboxSettings) -> list[str]:
    arguments = [
        "--unshare-user",
        "--disable-userns",
        "--uid",
        "0",
        "--gid",
        "0",
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-uts",
    ]
    arguments += [
        "--unshare-cgroup-try",
        "--die-with-parent",
        "--new-session",
        "--as-pid-1",
        "--hostname",
        "sandbox",
        "--clearenv",
    ]
    arguments += [] if settings.network else ["--unshare-net"]
    arguments += ["--cap-drop", "ALL"]
    for capability in _CAPABILITIES:
        if not (settings.mount and capability in _NOT_ON_THE_HOST):
            arguments += ["--cap-add", capability]
    return arguments


def _devices(memory: int) -> list[str]:
    """A /dev with no room for files but in /dev/shm, which has half of the memory as on any system."""
    shared = ["--perms", "1777", "--size", str(memory // 2), "--tmpfs", "/dev/shm"]
    return ["--dev", "/dev", *shared, "--remount-ro", "/dev"]


def _shown(entry: Entry, directory: Path, number: int, hide_secrets: bool) -> list[str]:
    """The arguments for an entry; what it needs is made below `directory`."""
    if isinstance(entry, Link):
        return ["--symlink", entry.target, entry.path]
    inside = directory / "root" / entry.path.lstrip("/")
    if isinstance(entry, Directory) or (isinstance(entry, Overlay) and is_secret(entry.path)):
        inside.mkdir(parents=True, exist_ok=True)
    elif isinstance(entry, Copied):
        inside.touch() if is_secret(entry.path) else shutil.copy2(entry.path, inside)
    else:
        return _overlaid(entry.path, directory, number, hide_secrets)
    return []


def layers(directory: Path, entries: list[Entry], settings: SandboxSettings) -> tuple[Layer, ...]:
    """Where the files of the world made by `prepare` lie on this host."""
    found = [Layer("/", directory / "root")]
    if settings.mount and settings.workspace is not None:
        found.append(Layer("/workspace", settings.workspace, kept=False))
    for number, entry in enumerate(entries):
        upper = _changes(directory, number) / "upper"
        if isinstance(entry, Overlay) and os.path.isdir(upper):
            masks = _masks(directory, number)
            lowers = (masks, Path(entry.path)) if os.path.isdir(masks) else (Path(entry.path),)
            found.append(Layer(entry.path, upper, lowers))
    for changes in (directory / "changes").glob(f"{_EMPTIED}*"):
        found.append(Layer(unquote(changes.name.removeprefix(_EMPTIED)), changes / "upper"))
    return tuple(found)


def _changes(directory: Path, number: int) -> Path:
    return directory / "changes" / str(number)


def _masks(directory: Path, number: int) -> Path:
    return directory / "masks" / str(number)


def _overlaid(path: str, directory: Path, number: int, hide_secrets: bool) -> list[str]:
    """The host's files, above them what hides its secrets, above that the world's own changes."""
    mode = Path(path).stat().st_mode & 0o7777
    upper, work = (_changes(directory, number) / kind for kind in ("upper", "work"))
    for private in (upper, work):
        private.mkdir(parents=True)
    upper.chmod(mode)
    searched = hide_secrets and path.startswith(_SEARCHED)
    secrets = secrets_below(path, HIDDEN) if searched else Secrets()
    shown, rest = ["--overlay-src", path], []
    if secrets.files or secrets.directories:
        rest = make_layer(path, secrets, _masks(directory, number))
        shown += ["--overlay-src", str(_masks(directory, number))]
    shown += ["--overlay", str(upper), str(work), path]
    for hidden in rest:
        shown += _emptied(hidden, directory)
    return shown


def _emptied(path: str, directory: Path) -> list[str]:
    """An empty directory of the world's own in the place of the host's; what is put there is kept as any."""
    upper = directory / "changes" / f"{_EMPTIED}{quote(path, safe='')}" / "upper"
    upper.mkdir(parents=True)
    upper.chmod(0o755)
    return ["--bind", str(upper), path]


def _keep_name_servers(root: Path) -> None:
    """Where /etc/resolv.conf is a link out of what is shown, put the file at its end."""
    target = Path("/etc/resolv.conf").resolve()
    if os.path.isfile(target) and target.parts[1] not in ("etc", "usr", "opt", "srv", "var"):
        inside = root.joinpath(*target.parts[1:])
        inside.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(target, inside)


def seal(proc: Path = Path("/proc")) -> list[str]:
    """What bwrap is to mount over a world's new /proc: read-only; empty what only root may read, and keys.

    The kernel's own files below /proc are the host's in every world: read, never written. Where the world
    is root's, the kernel takes a write from inside for one of root's, whatever walls there are.
    """
    arguments: list[str] = []
    for entry in sorted(os.scandir(proc), key=lambda entry: entry.name):
        if entry.name.isdigit() or entry.is_symlink():
            continue
        mode = entry.stat(follow_symlinks=False).st_mode
        kept = entry.name in _OF_KEYS or not (stat.S_ISDIR(mode) or mode & stat.S_IROTH)
        shown = "/dev/null" if kept else entry.path
        arguments += ["--ro-bind", shown, entry.path]
    return arguments
