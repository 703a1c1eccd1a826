"""What each step changed in the files of a real sandbox, however it did so."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from acting import execute
from patching import patched
from trajcore.events.actions import EditAction, EditArgs, RunAction, RunArgs
from trajcore.sandbox.base import FileChange, FileChanges
from trajcore.sandbox.machines.docker.machine import DockerMachine
from trajcore.sandbox.machines.host.machine import LocalMachine
from trajcore.sandbox.shellsandbox import ShellSandbox
from trajcore.sandbox.tracking.filechanges import LISTED, TEXT_LIMIT
from trajcore.sandbox.tracking.findtracker import FindTracker
from worlds import NEEDS, made, settings

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.in_turns]

WAYS = [
    pytest.param("docker", marks=pytest.mark.docker),
    pytest.param("docker, from inside", marks=pytest.mark.docker),
    pytest.param("docker, from inside, plain", marks=pytest.mark.docker),
    pytest.param("bubblewrap", marks=pytest.mark.bubblewrap),
]
"""The kinds of sandbox; a container's files can be looked at from this machine or from inside."""


class FarMachine(DockerMachine):
    """A container of an engine that is not on this machine."""

    async def layers(self) -> None:
        return None


class PlainSandbox(ShellSandbox):
    """A sandbox whose `find` is not GNU's."""

    async def forget_changes(self) -> None:
        self._tracker = FindTracker(self.files, self._machine.directory, plain=True)
        await self._tracker.start()


@dataclass
class Tracked:
    """A sandbox that tells what its commands changed."""

    sandbox: ShellSandbox
    way: str

    async def changes(self, command: str) -> FileChanges:
        action = RunAction(args=RunArgs(command=command, blocking=True), timeout=60)
        observation = await execute(self.sandbox, action, None, lambda _: None)
        assert observation is not None
        assert observation.extras.metadata.exit_code == 0, observation.content
        changes = await self.sandbox.changed_files()
        assert changes is not None
        return changes

    async def files(self, command: str) -> dict[str, FileChange]:
        changes = await self.changes(command)
        assert (changes.more, changes.note) == (0, "")
        assert len({change.path for change in changes.files}) == len(changes.files)
        return {change.path: change for change in changes.files}

    async def one(self, command: str) -> FileChange:
        (change,) = (await self.files(command)).values()
        return change


def _made(way: str, workspace: Path | None) -> ShellSandbox:
    chosen = settings(track_files=True, workspace=workspace)
    if way == "docker, from inside":
        return ShellSandbox(FarMachine(chosen), chosen)
    if way == "docker, from inside, plain":
        return PlainSandbox(FarMachine(chosen), chosen)
    return made(way, chosen)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=WAYS)
async def tracked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Tracked]:
    """One sandbox for all tests of this module; each test works in a directory of its own."""
    NEEDS[request.param.split(",")[0]]()
    workspace = tmp_path_factory.mktemp("workspace")
    (workspace / "there.txt").write_text("one\ntwo\nthree\n")
    sandbox = _made(request.param, workspace)
    await sandbox.start(lambda _: None)
    yield Tracked(sandbox, request.param)
    await sandbox.close()


async def test_nothing_changed(tracked: Tracked) -> None:
    assert await tracked.files("true") == {}
    assert await tracked.files("cat there.txt; ls / >/dev/null") == {}


async def test_a_file_of_the_workspace_is_changed_by_a_command(tracked: Tracked) -> None:
    assert await tracked.one("sed -i s/two/2/ there.txt") == FileChange(
        "/workspace/there.txt", "changed", 14, 12,
        "--- a/workspace/there.txt\n+++ b/workspace/there.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n",
    )  # fmt: skip
    assert (await tracked.one("echo four >> there.txt")).diff.endswith(" three\n+four\n")
    assert (await tracked.one("truncate -s 3 there.txt")).after == 3
    assert await tracked.files("touch there.txt; cp there.txt x; mv x there.txt") == {}
    assert (await tracked.one("chmod 600 there.txt")).note == "mode 644 → 600"


async def test_the_same_size_at_the_same_moment(tracked: Tracked) -> None:
    await tracked.files("echo 0 > same")
    for number in range(1, 10):
        assert f"-{number - 1}\n+{number}\n" in (await tracked.one(f"echo {number} > same")).diff


async def test_files_come_and_go(tracked: Tracked) -> None:
    found = await tracked.files(
        "mkdir -p come/deep; echo hi > come/deep/a; : > come/empty; ln -s deep/a come/l"
    )
    assert {path: (change.kind, change.after, change.note) for path, change in found.items()} == {
        "/workspace/come/": ("added", None, "directory"),
        "/workspace/come/deep/": ("added", None, "directory"),
        "/workspace/come/deep/a": ("added", 3, ""),
        "/workspace/come/empty": ("added", 0, ""),
        "/workspace/come/l": ("added", 6, "link to deep/a"),
    }
    assert found["/workspace/come/deep/a"].diff == (
        "--- /dev/null\n+++ b/workspace/come/deep/a\n@@ -0,0 +1 @@\n+hi\n"
    )
    moved = await tracked.files("mv come gone; ln -sfn /etc gone/l")
    assert moved["/workspace/come/deep/a"].kind == "deleted"
    assert moved["/workspace/come/deep/a"].diff.endswith("\n-hi\n")
    assert moved["/workspace/gone/deep/a"].kind == "added"
    assert moved["/workspace/gone/l"].note == "link to /etc"
    assert (await tracked.one("ln -sfn b gone/l")).note == "link to /etc → b"
    assert (await tracked.one("chmod 700 gone")).note == "directory, mode 755 → 700"
    removed = await tracked.files("rm -r gone")
    assert {change.kind for change in removed.values()} == {"deleted"}
    assert len(removed) == 5


async def test_another_type(tracked: Tracked) -> None:
    await tracked.files("mkdir type; echo x > type/a; mkdir type/b; echo y > type/b/c")
    found = await tracked.files("cd type; rm a; mkdir a; rm -r b; echo now > b; cd ..")
    assert {path: change.kind for path, change in found.items()} == {
        "/workspace/type/a": "deleted",
        "/workspace/type/a/": "added",
        "/workspace/type/b": "added",
        "/workspace/type/b/": "deleted",
        "/workspace/type/b/c": "deleted",
    }
    assert (await tracked.one("ln -sf nowhere type/b")).note == "file → link to nowhere"
    assert (await tracked.one("mkfifo type/p")).note == "fifo"
    assert await tracked.files("(cat type/p & echo x > type/p; wait)") == {}
    await tracked.files("rm -r type")


async def test_what_is_no_text(tracked: Tracked) -> None:
    change = await tracked.one(r"printf 'a\0b' > binary")
    assert (change.after, change.diff, change.note) == (3, "", "binary")
    change = await tracked.one(r"printf '\377\376' > binary")
    assert (change.before, change.after, change.diff, change.note) == (3, 2, "", "binary")
    change = await tracked.one("truncate -s 3G huge")
    assert (change.after, change.diff, change.note) == (3 << 30, "", "too large to be shown as a diff")
    change = await tracked.one(f"truncate -s {TEXT_LIMIT + 1} huge")
    assert (change.before, change.after) == (3 << 30, TEXT_LIMIT + 1)
    await tracked.files("rm huge")


async def test_any_name(tracked: Tracked) -> None:
    found = await tracked.files(
        r"""mkdir n; cd n; touch 'a b' ünï $'new\nline' $'\e]0;title\a' $'\xff' -- -n; cd .."""
    )
    assert set(found) == {
        f"/workspace/n/{name}" for name in ("", "a b", "ünï", "new\nline", "\x1b]0;title\x07", "\udcff", "-n")
    }
    change = await tracked.one(r"echo x > n/$'new\nline'")
    assert change.diff.startswith("--- a/workspace/n/new\\012line\n+++ b/workspace/n/new\\012line\n@@ ")


async def test_files_of_the_system(tracked: Tracked) -> None:
    from_inside = "inside" in tracked.way
    change = await tracked.one("echo '# here' >> /etc/profile")
    assert (change.path, change.kind) == ("/etc/profile", "changed")
    assert change.note == ("content before is not known" if from_inside else "")
    assert from_inside or change.diff.endswith("\n+# here\n")
    assert (await tracked.one("echo '# there' >> /etc/profile")).diff.endswith("\n # here\n+# there\n")
    change = await tracked.one("rm /etc/debian_version")
    assert (change.path, change.kind, change.after) == ("/etc/debian_version", "deleted", None)
    assert from_inside or change.diff.startswith("--- a/etc/debian_version\n+++ /dev/null\n@@ -1")
    assert from_inside or await tracked.files("touch /etc/issue") == {}
    assert (await tracked.one("chmod 600 /etc/issue")).note == "mode 644 → 600"
    found = await tracked.files("mkdir -p /usr/local/lib/x /opt/y; echo 1 > /opt/y/z")
    assert set(found) == {"/usr/local/lib/x/", "/opt/y/", "/opt/y/z"}


async def test_a_directory_of_the_system_is_removed_and_made_again(tracked: Tracked) -> None:
    observation = await execute(
        tracked.sandbox,
        RunAction(args=RunArgs(command="cd /etc; find apt dpkg | sort; cd /workspace")),
        None,
        lambda _: None,
    )
    names = {f"/etc/{name}" for name in observation.content.split()}
    removed = await tracked.files("rm -r /etc/apt /etc/dpkg")
    assert {path.rstrip("/") for path in removed} == names
    assert {change.kind for change in removed.values()} == {"deleted"}
    found = await tracked.files("mkdir /etc/apt; echo new > /etc/apt/sources.list")
    assert {path: change.kind for path, change in found.items()} == {
        "/etc/apt/": "added",
        "/etc/apt/sources.list": "added",
    }


async def test_a_directory_made_again_in_the_same_step(tracked: Tracked) -> None:
    found = await tracked.files(
        "cp -r /etc/skel /tmp/; rm -r /etc/skel; mkdir /etc/skel; cp /tmp/skel/.bashrc /etc/skel"
    )
    below = {path: change.kind for path, change in found.items() if path.startswith("/etc/")}
    assert below.pop("/etc/skel/.profile") == "deleted"
    # What was in a file that is there again is not known, when it can only be looked at from inside.
    assert "inside" in tracked.way or "/etc/skel/.bashrc" not in below


async def test_files_that_are_not_ours_to_tell(tracked: Tracked) -> None:
    assert await tracked.files("echo 2 > /dev/shm/z; echo 3 > /tmp/.trajtui-x") == {}
    assert set(await tracked.files("echo 4 > /tmp/mine")) == {"/tmp/mine"}


@pytest.mark.sampled(2)
async def test_very_many_files(tracked: Tracked) -> None:
    changes = await tracked.changes("mkdir many; (cd many; seq 5000 | xargs touch); echo x > /tmp/aside")
    assert len(changes.files) == LISTED
    assert changes.more == 5002 - LISTED
    assert all(change.path.startswith("/workspace/many/") for change in changes.files)
    changes = await tracked.changes("rm -r many")
    assert len(changes.files) + changes.more == 5001


async def test_the_editor_and_what_went_on_in_the_background(tracked: Tracked) -> None:
    action = EditAction(args=EditArgs(command="create", path="/workspace/made.py", file_text="x = 1\n"))
    await execute(tracked.sandbox, action, None, lambda _: None)
    changes = await tracked.sandbox.changed_files()
    assert [(change.path, change.kind) for change in changes.files] == [("/workspace/made.py", "added")]
    await tracked.files("(sleep 1; echo late > late) &")
    change = await tracked.one("until [ -s late ]; do sleep 0.1; done")
    assert (change.path, change.kind) == ("/workspace/late", "added")


async def test_changes_are_told_from_how_things_are_now(tracked: Tracked) -> None:
    action = RunAction(args=RunArgs(command="echo before > forgotten"))
    await execute(tracked.sandbox, action, None, lambda _: None)
    await tracked.sandbox.forget_changes()
    assert await tracked.files("true") == {}
    assert (await tracked.one("echo after > forgotten")).diff.endswith("\n-before\n+after\n")


_MODEL = r"""
import json, os, stat, sys
found = {}
for root in sys.argv[1:]:
    about = [(os.path.dirname(root), [os.path.basename(root)], [])] if os.path.lexists(root) else []
    for folder, directories, files in [*about, *os.walk(root)]:
        for name in directories + files:
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            if stat.S_ISDIR(mode):
                found[path + "/"] = [mode, ""]
            elif stat.S_ISLNK(mode):
                found[path] = [mode, os.readlink(path)]
            elif stat.S_ISREG(mode):
                found[path] = [mode, open(path, "rb").read().decode("latin-1")]
print(json.dumps(found))
"""
_ROOTS = "/etc/apt /etc/dpkg /etc/skel /workspace"


def _random_commands(chance: random.Random, paths: list[str]) -> str:
    """Commands that change files of the system and new ones; those that fail change nothing."""
    commands = []
    for number in range(chance.randint(1, 6)):
        path = chance.choice([*paths, *_ROOTS.split()]).rstrip("/")
        other = f"{chance.choice(_ROOTS.split())}/n{chance.randint(0, 9)}"
        if path == "/workspace":
            path = "/workspace/x"
        kind = chance.choice(
            ["append", "write", "rm", "rm", "mkdir", "mv", "cp", "ln", "chmod", "touch", "again"]
        )
        commands.append({
            "append": f"echo {number} >> {path}",
            "write": f"echo {number} > {other}",
            "rm": f"rm -rf {path}",
            "mkdir": f"mkdir -p {path}/sub",
            "mv": f"mv -T {path} {other}",
            "cp": f"cp -r {path} {other}",
            "ln": f"ln -sfT {path} {other}",
            "chmod": f"chmod 7{chance.randint(0, 7)}5 {path}",
            "touch": f"touch {path}",
            "again": f"rm -rf {path}; mkdir {path}; echo again > {path}/again",
        }[kind])  # fmt: skip
    return f"{{ {'; '.join(commands)}; }} 2>/dev/null; true"


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.sampled(2)
async def test_what_is_told_is_the_difference_of_the_trees(tracked: Tracked, seed: int) -> None:
    """Where what a file held before is not known, it may be told of though it is the same, without a diff."""
    chance = random.Random(seed)
    await tracked.sandbox.files.write("/tmp/model.py", _MODEL.encode())

    async def model() -> dict[str, list]:
        said = await tracked.sandbox.files.output(f"python3 /tmp/model.py {_ROOTS} | base64 -w0")
        return json.loads(base64.b64decode(said))

    await tracked.changes("rm -rf /workspace/*; echo made > /workspace/a")
    before = await model()
    for _ in range(4):
        changes = await tracked.changes(_random_commands(chance, sorted(before)))
        after = await model()
        kinds = dict.fromkeys(before.keys() - after.keys(), "deleted")
        kinds |= dict.fromkeys(after.keys() - before.keys(), "added")
        kinds |= {path: "changed" for path in before.keys() & after.keys() if before[path] != after[path]}
        told = {
            change.path: change.kind
            for change in changes.files
            if change.path in kinds or "not known" not in change.note
        }
        assert told == kinds
        for change in changes.files:
            if change.diff:
                old, new = before.get(change.path, [0, ""]), after.get(change.path, [0, ""])
                assert patched(_text(old[1]), change.diff) == _text(new[1])
        before = after


def _text(latin: str) -> str:
    return latin.encode("latin-1").decode()


@pytest.mark.docker
async def test_files_that_the_engine_makes(docker_image: str) -> None:
    for way in ("docker", "docker, from inside"):
        sandbox = Tracked(_made(way, None), way)
        try:
            await sandbox.sandbox.start(lambda _: None)
            assert (await sandbox.one("echo 127.0.0.1 x >> /etc/hosts")).path == "/etc/hosts"
        finally:
            await sandbox.sandbox.close()


async def test_only_the_workspace_is_watched_on_the_bare_host(tmp_path: Path) -> None:
    chosen = settings(track_files=True)
    sandbox = Tracked(ShellSandbox(LocalMachine(chosen), chosen), "local")
    try:
        await sandbox.sandbox.start(lambda _: None)
        changes = await sandbox.changes(f"echo 1 > a; echo 2 > {tmp_path}/b")
        directory = sandbox.sandbox._machine.directory
        assert [change.path for change in changes.files] == [f"{directory}/a"]
        assert changes.note == f"only {directory} is watched"
    finally:
        await sandbox.sandbox.close()


async def test_a_mounted_workspace(build, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1\n")
    sandbox = Tracked(build(track_files=True, mount=True, workspace=tmp_path), "")
    await sandbox.sandbox.start(lambda _: None)
    found = await sandbox.files("echo 2 >> a; echo x > /etc/made")
    assert {path: change.kind for path, change in found.items()} == {
        "/workspace/a": "changed",
        "/etc/made": "added",
    }
    assert (tmp_path / "a").read_text() == "1\n2\n"


async def test_nothing_is_looked_at_unless_asked_for(build) -> None:
    sandbox = build()
    await sandbox.start(lambda _: None)
    assert await sandbox.changed_files() is None
