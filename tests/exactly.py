"""Going back and forth through recordings full of chance: each place is to be the world that it was.

    python exactly.py KIND IMAGE SEED OPERATIONS

Runs by itself too, as whoever may run the program.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from trajcore.errors import TrajError
from trajcore.replay.checkpoints import Route
from trajcore.sandbox.base import Limits, SandboxSettings
from trajcore.sandbox.shell.quoting import quoted
from trajcore.sandbox.shell.state import read_state, telling
from trajcore.sandbox.tracking.layertracker import LayerTracker
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory
from typist import Typist

COMMANDS = (
    "echo $RANDOM$RANDOM > a",
    "date +%s.%N >> log; tail -n1 log",
    "mktemp -p /workspace; mktemp -d",
    "git init -q g; cd g && git -c user.name=x -c user.email=x@x commit -q --allow-empty -m x; cd ..",
    "cat /proc/sys/kernel/random/uuid > uuid; cp uuid /usr/local/uuid",
    "echo $$ $BASHPID > pid",
    "ls -U /tmp > order; date >> order",
    "mkdir -p d/e/f; echo $RANDOM > d/e/f/g; echo same > d/h",
    "mv d dd || mkdir d",
    "rm -rf dd/e d/e; mv dd d",
    "echo $RANDOM > a; ln -f a b; ln -sfn log$RANDOM l",
    "echo $RANDOM >> b",
    "rm -f a; chmod 000 b; touch -d @$RANDOM.5 log",
    "chmod 4711 log; chmod 1777 d; touch -d 2001-01-01 d",
    "f() { echo $RANDOM; }; y=$(f); export Z=$RANDOM",
    "trap 'echo bye' USR1; set -o pipefail; umask 027; shopt -s extglob",
    "alias q='ls '$RANDOM; cd /tmp; w=(1 $RANDOM)",
    "cd /workspace; unset y; unset -f f; umask 022; unalias -a",
    "echo $RANDOM > /etc/found; mv /etc/hostname /etc/host2; rm -rf /usr/share/zoneinfo/Africa",
    "rm -f /usr/bin/yes; echo 'echo no' > /usr/bin/tac; rm -rf /srv; mkdir -m 700 /srv",
    'python3 -c \'import os; os.setxattr("/workspace/log", "user.k", os.urandom(3))\'',
    "mkfifo pipe$RANDOM; echo $RANDOM >> /etc/hosts",
    "sleep 300 & sleep 301 &",
    "exec 7>>held; echo $RANDOM >&7",
    "head -c 300000 /dev/urandom > large; truncate -s 5M sparse",
    "rm large; echo end >> sparse",
    "python3 -c 'import socket; s = socket.socket(); s.bind((\"\", 0)); print(s.getsockname())' > port",
    "touch $'odd\\n name' $'not \\xff utf' -- -n; ls | wc -l",
    "false",
    "set -u; pushd /etc; popd; set +u",
)
"""What each does is another thing each time, or would be one a second time."""

_DIGEST = r"""
import hashlib, json, os, stat, sys
WHOLE = ("/workspace", "/tmp", "/srv")
FLAT = ("/etc", "/root", "/home", "/usr/local", "/usr/bin", "/usr/share/zoneinfo")
found = {}
def about(path, deeper):
    try:
        s = os.lstat(path)
    except OSError:
        return
    if path.startswith("/tmp/.trajtui-"):
        return
    what = [oct(s.st_mode), s.st_uid, s.st_gid, s.st_mtime_ns]
    if stat.S_ISREG(s.st_mode):
        attributes = [(n, os.getxattr(path, n, follow_symlinks=False).hex())
                      for n in sorted(os.listxattr(path, follow_symlinks=False)) if n.startswith("user.")]
        what += [s.st_size, s.st_nlink, attributes]
        if deeper > 1 or s.st_size < 5000:
            with open(path, "rb") as f:
                what += [hashlib.md5(f.read()).hexdigest()]
    elif stat.S_ISLNK(s.st_mode):
        what += [os.readlink(path)]
    found[repr(os.fsencode(path))] = what
    if stat.S_ISDIR(s.st_mode) and deeper:
        for each in sorted(os.listdir(path)):
            about(path + "/" + each, deeper - 1)
for top in WHOLE:
    about(top, 99)
for top in FLAT:
    about(top, 1)
print(json.dumps(found).encode().hex())
"""


def recording(chance: random.Random, steps: int) -> bytes:
    """So many steps, some of which execute nothing; and edits of a file, some of which are undone."""
    events: list[dict[str, Any]] = [{"source": "user", "action": "message", "args": {"content": "do it"}}]

    def act(action: str, observation: str, **args: Any) -> None:
        events.append({"source": "agent", "action": action, "args": args})
        events.append({"source": "agent", "cause": len(events) - 1, "observation": observation,
                       "content": "", "extras": {}})  # fmt: skip

    act("edit", "edit", command="create", path="/workspace/edited", file_text="one\ntwo\n")
    for number in range(steps):
        kind = chance.random()
        if kind < 0.7:
            act("run", "run", command=chance.choice(COMMANDS))
        elif kind < 0.8:
            act("edit", "edit", command="insert", path="/workspace/edited", insert_line=1,
                new_str=f"line {number}")  # fmt: skip
        elif kind < 0.87:
            act("edit", "edit", command="undo_edit", path="/workspace/edited")
        else:
            events.append({"source": "agent", "action": "message", "args": {"content": "I think."}})
    events.append({"source": "agent", "action": "finish", "args": {}})
    return json.dumps([{"id": id, **event} for id, event in enumerate(events)]).encode()


@dataclass
class Walk:
    """One recording, walked through at random; it raises `AssertionError` where a place is another one."""

    kind: str
    image: str
    seed: int
    seen: dict[tuple[int, int], tuple[str, bytes]] = field(default_factory=dict)
    """What the world was at each moment that stands: its files, its shell."""
    told: list[str] = field(default_factory=list)
    returned: int = 0
    """How many times it was exactly there again."""

    async def go(self, operations: int) -> None:
        chance = random.Random(self.seed)
        world = SandboxSettings(image=self.image, limits=Limits(no_change=20.0, hard=60.0), track_files=True)
        trajectory = Trajectory.from_bytes(recording(chance, 12))
        self.session = Session(trajectory, Settings(self.kind, world, checkpoints=8))
        try:
            await self._do("step", chance)
            for _ in range(operations):
                names = (
                    ["step"] * 7
                    + ["back"] * 4
                    + ["resume"] * 2
                    + ["far", "to", "hand", "edit", "undo", "restart"]
                    + ["mark", "to mark"] * 2
                )
                await self._do(chance.choice(names), chance)
        finally:
            await self.session.close()

    async def _do(self, name: str, chance: random.Random) -> None:
        session = self.session
        self.told.append(f"{name} at {session.position}")
        route: Route | None = None
        try:
            route = self._ask(name, chance)
            if route is not None:
                self._leave_behind(route)
                session.go_back(route)
        except (TrajError, ValueError, IndexError) as refusal:
            self.told[-1] += f": {refusal}"
            return
        await session.idle()
        assert session.failure is None, (self.told, session.failure)
        await self._look(route)

    def _ask(self, name: str, chance: random.Random) -> Route | None:
        """Begin what is to be done; the way back where that is one."""
        session = self.session
        match name:
            case "step":
                session.step()
            case "resume":
                session.run_to(chance.randrange(session.position + 1, len(session.trajectory) + 1))
            case "hand":
                session.visit(Typist("echo $RANDOM > /workspace/hand", "exit"))
            case "edit":
                self._edit(chance)
            case "undo":
                session.editing.undo()
            case "mark":
                session.toggle_breakpoint(chance.randrange(1, len(session.trajectory)))
            case "restart" if chance.random() < 0.2:
                session.restart()
                self.seen.clear()
            case "back" | "to mark" | "far" | "to":
                return self._way_back(name, chance)
        return None

    def _way_back(self, name: str, chance: random.Random) -> Route:
        session = self.session
        match name:
            case "back":
                return session.back_to_step()[0]
            case "to mark":
                return session.back_to_breakpoint()[0]
            case "far":
                return session.back_to(1)[0]
        return session.back_to(chance.randrange(max(1, session.position)))[0]

    def _edit(self, chance: random.Random) -> None:
        session = self.session
        actions = [at for at in range(len(session.trajectory)) if session.trajectory.head(at).kind == "run"]
        at = chance.choice(actions)
        session.editing.set_value(at, ("args", "command"), chance.choice(COMMANDS))
        self.told[-1] += f", {at}"

    def _leave_behind(self, route: Route) -> None:
        """What was behind the place that the route leads to is no place of this run any more."""
        end = (route.entries, route.by_hand)
        if route.stays:
            here = self.seen.get((len(self.session.run), len(self.session.run.by_hand)))
            self.seen = {moment: was for moment, was in self.seen.items() if moment < end}
            if here is not None:
                self.seen[end] = here
        elif route.checkpoint is None:
            self.seen.clear()
        else:
            self.seen = {moment: was for moment, was in self.seen.items() if moment <= end}
        self.told[-1] += f", {route.describe('')}"

    async def _look(self, route: Route | None) -> None:
        executor = self.session._replay.world
        if executor.sandbox is None or not executor._started:
            return
        run = self.session.run
        moment = (len(run), len(run.by_hand))
        now = await files_of(executor.sandbox), await shell_of(executor.sandbox)
        if not isinstance(executor.sandbox._tracker, LayerTracker):  # type: ignore[attr-defined]
            now = without_attributes(now[0]), now[1]
        was = self.seen.setdefault(moment, now)
        if route is not None and not route.steps:
            self.returned += was is not now
        assert now == was, "\n".join([*self.told, *difference(was, now)])


async def files_of(sandbox: Any) -> str:
    """What the files of a world are, each in a line."""
    told = await sandbox.files.output(f"python3 -c {quoted(_DIGEST).decode()}")
    return bytes.fromhex(told).decode()


def without_attributes(files: str) -> str:
    """The same where nobody sees extended attributes, which each way back says."""
    found = json.loads(files)
    for what in found.values():
        what[6:7] = []
    return json.dumps(found)


async def shell_of(sandbox: Any) -> bytes:
    """Commands that would make a shell what this one is."""
    path = f"/dev/shm/.trajtui-{secrets.token_hex(8)}"
    assert await sandbox._shell.quietly(partial(telling, path))
    told = await sandbox.files.read(path)
    await sandbox.files.output(f"rm {path}")
    state = read_state(told)
    assert state is not None
    return state.text


def difference(was: tuple[str, bytes], now: tuple[str, bytes]) -> Sequence[str]:
    """What is not as it was, in words."""
    before, after = json.loads(was[0]), json.loads(now[0])
    paths = [path for path in {**before, **after} if before.get(path) != after.get(path)]
    lines = [f"{path}: {before.get(path)} -> {after.get(path)}" for path in paths[:10]]
    shell = set(was[1].splitlines()) ^ set(now[1].splitlines())
    return [*lines, *(repr(line) for line in list(shell)[:6])]


if __name__ == "__main__":
    walk = Walk(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    asyncio.run(walk.go(int(sys.argv[4])))
    print(walk.returned)
