"""What every sandbox keeps to. Import it in the tests of a sandbox of your own, with pytest-asyncio:

    from conformance.machine import SandboxLaws

    class TestMine(SandboxLaws):
        kind = MY_KIND  # the row that you register

        async def lose(self, sandbox):  # end the world behind the sandbox's back
            ...

A law of what your sandbox does not claim (`rewinds`) is skipped. Steps run in `sandbox.directory` alone.
"""

from __future__ import annotations

import asyncio
import base64
import errno
import hashlib
import os
import secrets
import stat
import tarfile
import time
from collections.abc import AsyncIterator, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import pytest
import pytest_asyncio

from trajcore.errors import BadInput, Refused, SandboxUnavailable
from trajcore.sandbox.base import Checkpoint, FileChanges, Outcome, Patience, Pause, Sandbox, SandboxSettings
from trajcore.sandbox.registry import SandboxKind

PATIENT = Patience(hard=60.0)
PROMPT = 1.5
"""Seconds in which an interrupted command is back: one, and what a loaded machine adds."""


@dataclass
class Tried:
    """A sandbox, and what it emitted."""

    sandbox: Sandbox
    emitted: bytearray = field(default_factory=bytearray)

    async def run(self, command: str, patience: Patience = PATIENT) -> Outcome:
        self.emitted.clear()
        return await self.sandbox.run(command, patience, self.emitted.extend)

    async def follow(self, patience: Patience = PATIENT) -> Outcome:
        return await self.sandbox.follow(patience, self.emitted.extend)

    async def says(self, command: str) -> str:
        outcome = await self.run(command)
        assert outcome.exit_code == 0, outcome
        return outcome.output.decode().strip()

    async def path(self, name: str) -> str:
        return f"{await self.says('pwd')}/{name}"


@pytest.mark.asyncio(loop_scope="class")
class SandboxLaws:
    """The laws, one test each. `world` is shared by those that leave it usable, `fresh` is not."""

    kind: ClassVar[SandboxKind]
    settings: ClassVar[SandboxSettings] = SandboxSettings()

    async def lose(self, sandbox: Sandbox) -> None:
        """End the world of a started sandbox without its knowledge."""
        pytest.skip("nothing is said of how this sandbox is lost")

    def traces(self) -> Set[str]:
        """What there is on this machine of sandboxes of this kind: containers, directories, …"""
        return set()

    @pytest_asyncio.fixture(scope="class", loop_scope="class")
    async def world(self, request: pytest.FixtureRequest) -> AsyncIterator[Tried]:
        """A started sandbox for the laws that leave it usable."""
        cls = request.cls
        sandbox = cls.kind.make(cls.settings)
        await sandbox.start(lambda _: None)
        yield Tried(sandbox)
        await sandbox.close()

    @pytest_asyncio.fixture(loop_scope="class")
    async def fresh(self) -> AsyncIterator[Tried]:
        """A started sandbox for one law."""
        sandbox = self.kind.make(self.settings)
        await sandbox.start(lambda _: None)
        yield Tried(sandbox)
        await sandbox.close()

    async def test_it_is_called_as_its_row_and_works_here(self, world: Tried) -> None:
        assert world.sandbox.kind == self.kind.name
        assert world.sandbox.executes is self.kind.executes
        assert await self.kind.works(self.settings) is None
        assert all(fact.what and fact.text for fact in await self.kind.describe(self.settings))

    async def test_the_shell_keeps_directory_variables_and_functions(self, world: Tried) -> None:
        start = await world.says("pwd")
        outcome = await world.run("mkdir -p below && cd below && export A='x y'; f() { echo \"f $1\"; }")
        assert (outcome.exit_code, outcome.directory) == (0, f"{start}/below")
        assert await world.says('pwd; echo "$A"; f 1') == f"{start}/below\nx y\nf 1"
        assert world.sandbox.directory == f"{start}/below"
        await world.says(f"cd '{start}'; unset A; unset -f f")

    @pytest.mark.parametrize("code", [0, 1, 7, 130, 255])
    async def test_exit_codes_are_those_of_the_command(self, world: Tried, code: int) -> None:
        assert (await world.run(f"(exit {code})")).exit_code == code
        assert await world.says("echo $?") == str(code)

    async def test_output_is_the_bytes_that_were_written(self, world: Tried) -> None:
        data = bytes(set(range(256)) - {0x1B}) + b"\r\n\n\ttext\r" + os.urandom(4096).replace(b"\x1b", b"")
        path = await world.path("bytes")
        await world.sandbox.files.write(path, data)
        outcome = await world.run("cat bytes")
        assert outcome.output == data
        assert bytes(world.emitted) == data

    async def test_much_output_is_all_emitted_and_its_ends_are_kept(self, world: Tried) -> None:
        outcome = await world.run("seq 1 1200000")
        whole = b"".join(b"%d\n" % number for number in range(1, 1_200_001))
        assert hashlib.sha256(world.emitted).digest() == hashlib.sha256(whole).digest()
        assert len(outcome.output) < 4 << 20
        assert outcome.output.startswith(whole[:1000])
        assert outcome.output.endswith(whole[-1000:])

    async def test_a_command_is_left_running_typed_into_and_followed_to_its_end(self, world: Tried) -> None:
        outcome = await world.run("read -r word; echo got $word", Patience(no_change=0.3))
        assert (outcome.exit_code, outcome.still_running) == (None, Pause.NO_CHANGE)
        assert world.sandbox.busy
        with pytest.raises(Refused):
            await world.run("echo another")
        await world.sandbox.type(b"it\n", world.emitted.extend)
        outcome = await world.follow()
        assert (outcome.exit_code, outcome.still_running) == (0, None)
        assert outcome.output.decode().strip().endswith("got it")
        with pytest.raises(Refused):
            await world.follow()

    async def test_a_hard_limit_holds_however_much_is_written(self, world: Tried) -> None:
        outcome = await world.run(
            "(trap 'exit 130' INT; while :; do echo x; sleep 0.05; done)", Patience(hard=0.5)
        )
        assert outcome.still_running is Pause.HARD
        await world.sandbox.type(b"\x03", world.emitted.extend)
        assert (await world.follow()).exit_code == 130

    async def test_an_interrupt_brings_a_command_back_within_a_second(self, world: Tried) -> None:
        running = asyncio.ensure_future(world.run("echo begun; sleep 60"))
        while b"begun" not in world.emitted:
            await asyncio.sleep(0.02)
        asked = time.monotonic()
        await world.sandbox.interrupt()
        outcome = await running
        assert time.monotonic() - asked < PROMPT
        assert (outcome.exit_code, outcome.interrupted) == (130, True)
        assert await world.says("echo usable") == "usable"

    async def test_what_ignores_the_interrupt_is_left_running_within_a_second(self, world: Tried) -> None:
        running = asyncio.ensure_future(world.run("(trap '' INT; echo begun; sleep 3)"))
        while b"begun" not in world.emitted:
            await asyncio.sleep(0.02)
        asked = time.monotonic()
        await world.sandbox.interrupt()
        outcome = await running
        assert time.monotonic() - asked < PROMPT
        assert outcome.still_running is Pause.INTERRUPTED
        assert (await world.follow()).still_running is None

    async def test_a_command_that_ends_the_shell_leaves_another_one(self, world: Tried) -> None:
        start = await world.says("pwd")
        outcome = await world.run("cd /; exit 3")
        assert (outcome.exit_code, outcome.restarted, outcome.directory) == (3, True, start)
        assert await world.says("pwd") == start

    @pytest.mark.parametrize("running", ["", "sleep 30"])
    async def test_a_new_shell_knows_nothing_of_the_former_and_nothing_runs_in_it(
        self, world: Tried, running: str
    ) -> None:
        start = await world.says("pwd")
        await world.says("mkdir -p below && cd below && export KNOWN=1; sleep 300 & echo")
        if running:
            assert (await world.run(running, Patience(hard=0.3))).still_running is Pause.HARD
        await world.sandbox.new_shell()
        assert world.sandbox.directory == start
        assert not world.sandbox.busy
        assert await world.says("pwd; echo ${KNOWN-unknown}; jobs") == f"{start}\nunknown"

    async def test_files_come_back_as_they_went(self, world: Tried) -> None:
        files = world.sandbox.files
        path = await world.path("a b/c'd/é")
        for content in (b"", os.urandom(100_000)):
            await files.write(path, content)
            assert await files.read(path) == content
        assert await files.kind(path) == await files.kind(path)
        assert [entry.name for entry in await files.list(await world.path("a b"))] == ["c'd"]
        assert (await world.says('sha256sum "a b/c\'d/é"')).startswith(hashlib.sha256(content).hexdigest())

    async def test_failures_of_files_have_the_errno_of_local_ones(self, world: Tried) -> None:
        files = world.sandbox.files
        directory = await world.says("pwd")
        assert (await files.kind(f"{directory}/missing")).name == "missing"
        for path, code in ((f"{directory}/missing", errno.ENOENT), (directory, errno.EISDIR)):
            with pytest.raises(OSError, match=r".") as failed:
                await files.read(path)
            assert failed.value.errno == code

    async def test_files_are_read_while_a_command_runs(self, world: Tried) -> None:
        path = await world.path("beside")
        await world.run("sleep 2", Patience(hard=0.1))
        await world.sandbox.files.write(path, b"written")
        assert await world.sandbox.files.read(path) == b"written"
        assert (await world.follow()).exit_code == 0

    async def test_a_workspace_is_copied_and_never_written_back(self, tmp_path: Path) -> None:
        (tmp_path / "given").write_text("as it was")
        sandbox = self.kind.make(replace(self.settings, workspace=tmp_path))
        try:
            await sandbox.start(lambda _: None)
            assert await Tried(sandbox).says("cat given; echo other > given") == "as it was"
        finally:
            await sandbox.close()
        assert (tmp_path / "given").read_text() == "as it was"

    async def test_changed_files_are_told(self) -> None:
        sandbox = self.kind.make(replace(self.settings, track_files=True))
        try:
            await sandbox.start(lambda _: None)
            world = Tried(sandbox)
            await world.run("echo one > made")
            changes = await sandbox.changed_files()
            assert isinstance(changes, FileChanges)
            made = [change for change in changes.files if change.path == f"{sandbox.directory}/made"]
            assert [(change.kind, change.after) for change in made] == [("added", 4)]
            await world.run("true")
            assert await sandbox.changed_files() == replace(changes, files=())
        finally:
            await sandbox.close()

    @pytest.mark.parametrize("name", ["out", "out.tar", "out.tar.gz"])
    async def test_what_is_exported_is_what_was_in_the_world(
        self, world: Tried, tmp_path: Path, name: str
    ) -> None:
        await world.says(_TREE)
        told = (await world.says(_TOLD)).split("\0")[:-1]
        inside = {path: tuple(rest) for path, *rest in (one.split("\t") for one in told)}
        sandbox, target = world.sandbox, tmp_path / name
        try:
            exported = await sandbox.export(f"{sandbox.directory}/tree", target, lambda _: None)
        except Refused as refused:
            pytest.skip(str(refused))
        assert os.listdir(tmp_path) == [name]  # noqa: PTH208
        assert _outside(target) == inside
        assert exported.entries == len(inside)
        assert "without" in exported.notes[0]

    async def test_an_export_takes_the_place_of_nothing_and_leaves_nothing_half_done(
        self, world: Tried, tmp_path: Path
    ) -> None:
        await world.says("mkdir -p some && echo new > some/file")
        sandbox, taken, link = world.sandbox, tmp_path / "taken", tmp_path / "link"
        taken.mkdir()
        (taken / "mine").write_text("mine")
        link.symlink_to(taken)
        (tmp_path / "file").write_text("mine")
        (tmp_path / "a.tar").write_text("mine")
        before = sorted(os.walk(tmp_path))
        for name in ("taken", "link", "file", "a.tar", "missing/there"):
            with pytest.raises((BadInput, Refused)):
                await sandbox.export(f"{sandbox.directory}/some", tmp_path / name, lambda _: None)
        for path in ("missing", "some/file/below"):
            with pytest.raises((BadInput, Refused)):
                await sandbox.export(f"{sandbox.directory}/{path}", tmp_path / "new", lambda _: None)
        assert sorted(os.walk(tmp_path)) == before
        assert {path.read_text() for path in (taken / "mine", tmp_path / "file", tmp_path / "a.tar")} == {
            "mine"
        }

    async def kept(self, sandbox: Sandbox) -> Checkpoint:
        """A checkpoint, where there can be one."""
        if not self.kind.rewinds:
            pytest.skip("it does not claim to rewind")
        checkpoint = await sandbox.checkpoint()
        assert checkpoint is not None
        return checkpoint

    async def test_a_checkpoint_gives_the_same_files_and_the_same_shell_again_and_again(
        self, fresh: Tried
    ) -> None:
        await fresh.run("mkdir d; echo old > d/f; chmod 640 d/f; ln -s f d/l; cd d; export A=1")
        before = await fresh.says("pwd; echo $A; stat -c '%F %a %s %N' *; cat f l")
        checkpoint = await self.kept(fresh.sandbox)
        for damage in ("echo new > f; rm l; touch more; cd ..; A=2", "rm -rf ../d; cd /; unset A"):
            await fresh.run(damage)
            await fresh.sandbox.restore(checkpoint, lambda _: None)
            assert await fresh.says("pwd; echo $A; stat -c '%F %a %s %N' *; cat f l") == before
            assert fresh.sandbox.directory == before.splitlines()[0]
        await fresh.sandbox.forget(checkpoint)

    async def test_no_checkpoint_is_taken_while_a_command_runs(self, fresh: Tried) -> None:
        await fresh.run("sleep 60", Patience(hard=0.1))
        assert await fresh.sandbox.checkpoint() is None

    async def test_a_lost_world_says_so_and_comes_back_with_a_checkpoint(self, fresh: Tried) -> None:
        await fresh.run("echo kept > f")
        checkpoint = await fresh.sandbox.checkpoint() if self.kind.rewinds else None
        await self.lose(fresh.sandbox)
        with pytest.raises(SandboxUnavailable):
            await self.run_on(fresh)
        if checkpoint is not None:
            await fresh.sandbox.restore(checkpoint, lambda _: None)
            assert await fresh.says("cat f") == "kept"

    async def run_on(self, world: Tried) -> None:
        """What was killed may take a moment to end."""
        for _ in range(50):
            await world.run("sleep 0.1")

    async def test_closing_leaves_nothing_and_may_be_done_twice_and_before_the_start(self) -> None:
        before = self.traces()
        mark = f"1000000.{secrets.randbelow(10**9):09d}"
        sandbox = self.kind.make(self.settings)
        await sandbox.start(lambda _: None)
        await Tried(sandbox).run(
            f"sleep {mark} & (setsid sleep {mark} &); echo x > left; (cd /tmp && sleep {mark} &)"
        )
        await sandbox.close()
        await sandbox.close()
        assert not [argv for argv in _command_lines() if mark.encode() in argv]
        assert self.traces() == before
        await self.kind.make(self.settings).close()


_TREE = r"""
rm -rf tree && mkdir -p tree/sub/empty $'tree/new\nline' && cd tree && printf x > $'new\nline/\001 \xff' &&
echo text > sub/file && ln sub/file sub/twin && ln -s file sub/link && ln -s /etc/passwd absolute &&
ln -s ../../.. above && mkfifo sub/fifo && cp sub/file rights && chmod 6755 rights && chmod 640 sub/file &&
truncate -s 20M holes && echo end >> holes && : > nothing &&
chmod 750 sub && chmod 755 . $'new\nline' sub/empty &&
cd ..
"""
"""What is hostile to whoever copies it, and what is not."""

_TOLD = r"""
(cd tree; find . ! -type p -print0 | LC_ALL=C sort -z | while IFS= read -r -d '' path; do
  printf '%s\t%s\t%s\t%s\0' "$(printf %s "$path" | base64 -w0)" "$(stat -c '%f' -- "$path")" \
    "$(readlink -- "$path")" "$([[ -f $path && ! -L $path ]] && sha256sum < "$path" | cut -c-64)"
done)
"""


def _outside(target: Path) -> dict[str, tuple[str, str, str]]:
    """What `_TOLD` says of a tree, of what was made of it here."""
    found: dict[str, tuple[str, str, str]] = {}
    if target.is_dir():
        for path in (target, *target.rglob("*")):
            about = path.lstat()
            link = str(path.readlink()) if path.is_symlink() else ""
            content = path.read_bytes() if stat.S_ISREG(about.st_mode) else None
            found[_called(path.relative_to(target))] = _as_told(about.st_mode, link, content)
        return found
    with tarfile.open(target) as archive:
        for member in archive:
            path = Path(member.name).relative_to("tree")
            kind = stat.S_IFLNK if member.issym() else stat.S_IFDIR if member.isdir() else stat.S_IFREG
            file = None if member.issym() or member.isdir() else archive.extractfile(member)
            link = member.linkname if member.issym() else ""
            mode = (
                0o777
                if member.issym()
                else archive.getmember(member.linkname).mode
                if member.islnk()
                else member.mode
            )
            found[_called(path)] = _as_told(kind | mode, link, None if file is None else file.read())
    return found


def _called(path: Path) -> str:
    return base64.b64encode(os.fsencode("." if path == Path() else f"./{path}")).decode()


def _as_told(mode: int, link: str, content: bytes | None) -> tuple[str, str, str]:
    rights = stat.S_ISUID | stat.S_ISGID
    mode |= rights if content is not None and mode & 0o777 == 0o755 else 0  # they were taken from it
    return f"{mode:x}", link, "" if content is None else hashlib.sha256(content).hexdigest()


def _command_lines() -> list[bytes]:
    """Of all processes that can be seen from here; empty where there is no /proc."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes())
        except OSError:
            continue  # it has ended
    return found
