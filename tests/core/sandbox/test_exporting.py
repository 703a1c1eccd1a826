"""What comes out of a world is hostile: it is written where the user said, as a whole or not at all."""

import asyncio
import io
import os
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from needs import IMAGE
from trajcore.errors import BadInput, Refused, SandboxUnavailable
from trajcore.sandbox.base import Patience, SandboxSettings
from trajcore.sandbox.machines.docker.machine import LABEL
from trajcore.sandbox.machines.owner import this_program
from trajcore.sandbox.registry import sandbox_kind
from trajcore.sandbox.trees.copying import remove_tree
from trajcore.sandbox.trees.exporting import LEFT, Taken, Tally, Unreadable, write
from trajcore.sandbox.trees.io import Stopped
from trajcore.sandbox.trees.members import Member, members_below, members_of_tar
from trajcore.sandbox.trees.walking import LeftOut

FORMS = ("out", "out.tar", "out.tar.gz")


def written(members: Iterator[Member], target: Path, stop: threading.Event | None = None) -> Taken:
    taken = Taken()
    write(
        members,
        target,
        "top",
        taken,
        Tally(stop or threading.Event(), lambda _: None),
        overwrite=False,
        writer="me",
    )
    return taken


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", content: bytes = b"") -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mode = kind, target, len(content), 0o755
    return info.tobuf(tarfile.PAX_FORMAT) + content + bytes(-len(content) % 512)


def tar(*entries: bytes) -> list[bytes]:
    whole = b"".join((entry("top", tarfile.DIRTYPE), *entries, bytes(1024)))
    return [whole[at : at + 100] for at in range(0, len(whole), 100)]


HOSTILE = (
    entry("top/../../outside", content=b"x"),
    entry("/top/../outside", content=b"x"),
    entry("top/up", tarfile.SYMTYPE, "../outside-directory"),
    entry("top/up/through", content=b"x"),
    entry("top/up/below", tarfile.DIRTYPE),
    entry("top/twin", tarfile.LNKTYPE, "top/up/canary"),
    entry("top/twin2", tarfile.LNKTYPE, "top/../../outside-directory/canary"),
    entry("top/twin3", tarfile.LNKTYPE, "top/up"),
    entry("top/device", tarfile.CHRTYPE),
    entry("top/disk", tarfile.BLKTYPE),
    entry("top/pipe", tarfile.FIFOTYPE),
    entry("top/no/parent", content=b"x"),
    entry("top/twice", content=b"first"),
    entry("top/twice", content=b"second"),
    entry("top/twice/below", content=b"x"),
    entry("top/" + "n" * 300, content=b"x"),
    entry("top/good", content=b"good"),
)


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_written_outside_of_the_target_whatever_an_archive_says(tmp_path: Path, form: str) -> None:
    outside = tmp_path / "outside-directory"
    outside.mkdir()
    (outside / "canary").write_text("canary")
    before = sorted(os.walk(outside))
    left_out = LeftOut()
    taken = written(members_of_tar(tar(*HOSTILE), left_out), tmp_path / form)
    assert sorted(os.listdir(tmp_path)) == sorted([form, "outside-directory"])  # noqa: PTH208
    assert sorted(os.walk(outside)) == before
    assert (outside / "canary").stat().st_nlink == 1
    assert sorted(left_out.special) == ["device", "disk", "pipe"]
    if form != "out":
        with tarfile.open(tmp_path / form) as archive:
            assert not [name for name in archive.getnames() if ".." in name or name.startswith("/")]
        return
    assert sorted(os.listdir(tmp_path / "out")) == ["good", "twice", "up"]  # noqa: PTH208
    assert (tmp_path / "out" / "twice").read_text() == "first"
    assert taken.leading_out == ["up"]
    assert "up/through" in taken.refused
    assert "twice" in taken.refused


@pytest.mark.parametrize("form", FORMS)
def test_an_archive_that_ends_early_leaves_nothing(tmp_path: Path, form: str) -> None:
    whole = b"".join(tar(entry("top/a", content=b"a" * 5000), entry("top/b")))
    for length in (len(whole) - 1024, 3000, 1024):
        with pytest.raises(SandboxUnavailable):
            written(members_of_tar([whole[:length]], LeftOut()), tmp_path / form)
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", FORMS)
def test_stopped_in_the_middle_of_a_file_it_leaves_nothing(tmp_path: Path, form: str) -> None:
    stop = threading.Event()
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / "large").write_bytes(os.urandom(4 << 20))
    (tmp_path / "to").mkdir()

    def stopped(taken: Taken) -> None:
        if taken.size:
            stop.set()

    members = members_below(tmp_path, "/in", LeftOut())
    with pytest.raises(Stopped):
        write(
            members, tmp_path / "to" / form, "in", Taken(), Tally(stop, stopped), overwrite=False, writer="me"
        )
    assert not list((tmp_path / "to").iterdir())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=200", "none", disk],
        check=False,
        capture_output=True,
    )
    if made.returncode:
        pytest.skip("no disk can be mounted here")
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("form", FORMS)
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path, small_disk: Path, form: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "small").write_text("x")
    (tmp_path / "in" / "zlarge").write_bytes(os.urandom(3 << 20))
    with pytest.raises(BadInput, match=r"no space is left on the disk\.$") as caught:
        written(members_below(tmp_path, "/in", LeftOut()), small_disk / form)
    assert "\n" not in str(caught.value)
    assert not list(small_disk.iterdir())


def test_a_disk_without_room_for_more_files_leaves_nothing(tmp_path: Path, small_disk: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(300):
        (tmp_path / "in" / str(number)).touch()
    with pytest.raises(BadInput, match="no space is left"):
        written(members_below(tmp_path, "/in", LeftOut()), small_disk / "out")
    assert not list(small_disk.iterdir())


def test_1200_directories_in_each_other(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    os.mkdir("in", dir_fd=here)
    for name in ("in", *["d" * 8] * 1200):
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
        os.mkdir("d" * 8, dir_fd=here)
    os.close(here)
    try:
        taken = written(members_below(tmp_path, "/in", LeftOut()), tmp_path / "out.tar")
        assert (taken.entries, taken.refused) == (1202, [])
        with (tmp_path / "out.tar").open("rb") as file:
            pieces = iter(lambda: file.read(1000), b"")
            again = written(members_of_tar(pieces, LeftOut()), tmp_path / "out")
        assert (again.entries, again.refused) == (1202, [])
    finally:
        for name in ("in", "out"):
            remove_tree(tmp_path / name)
    assert not (tmp_path / "out").exists()


def test_holes_stay_holes(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    content = b"begin" + bytes(64 << 20) + b"middle" + bytes(100)
    with (tmp_path / "in" / "holes").open("wb") as file:
        file.write(b"begin")
        file.seek(64 << 20, os.SEEK_CUR)
        file.write(b"middle" + bytes(100))
    for form in FORMS:
        written(members_below(tmp_path, "/in", LeftOut()), tmp_path / form)
    out = (tmp_path / "out" / "holes").stat()
    assert out.st_blocks * 512 < 1 << 20
    assert (tmp_path / "out" / "holes").read_bytes() == content
    assert (tmp_path / "out.tar").stat().st_size < 1 << 20
    with tarfile.open(tmp_path / "out.tar") as archive:
        file = archive.extractfile("top/holes")
        assert file is not None
        assert file.read() == content
    if shutil.which("tar"):
        subprocess.run(["tar", "-C", tmp_path, "-xf", tmp_path / "out.tar"], check=True)
        assert (tmp_path / "top" / "holes").read_bytes() == content
    with tarfile.open(tmp_path / "again.tar", "w", format=tarfile.PAX_FORMAT) as plain:
        plain.add(tmp_path / "in", "top")
    written(members_of_tar([(tmp_path / "again.tar").read_bytes()], LeftOut()), tmp_path / "again")
    assert (tmp_path / "again" / "holes").stat().st_blocks * 512 < 4 << 20


def test_nothing_runs_with_its_owners_rights(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for mode in (0o4755, 0o2755, 0o6711):
        file = tmp_path / "in" / f"{mode:o}"
        file.touch()
        file.chmod(mode)
    for form in FORMS:
        taken = written(members_below(tmp_path, "/in", LeftOut()), tmp_path / form)
        assert sorted(taken.disarmed) == ["2755", "4755", "6711"]
    rights = stat.S_ISUID | stat.S_ISGID
    assert not [one for one in (tmp_path / "out").iterdir() if one.stat().st_mode & rights]
    with tarfile.open(tmp_path / "out.tar") as archive:
        assert not [one for one in archive if one.mode & rights]


def test_the_way_to_what_is_asked_for_leads_through_no_link_and_nowhere_up(tmp_path: Path) -> None:
    (tmp_path / "root" / "d").mkdir(parents=True)
    (tmp_path / "secret").write_text("x")
    (tmp_path / "root" / "link").symlink_to(tmp_path)
    for path in ("/link/secret", "/../secret", "/d/../../secret", "/link"):
        with pytest.raises(Unreadable):
            written(members_below(tmp_path / "root", path, LeftOut()), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_names_of_any_bytes_come_through_an_archive(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    names = [b"new\nline", b"\xff\xfe", b"\x01 \x1b[31m", "é".encode(), b"-rf", b"a\\b", b"l" * 255]
    for name in names:
        (tmp_path / "in" / os.fsdecode(name)).write_bytes(name)
    written(members_below(tmp_path, "/in", LeftOut()), tmp_path / "out.tar")
    chunks = [(tmp_path / "out.tar").read_bytes()]
    written(members_of_tar(chunks, LeftOut()), tmp_path / "out")
    found = {os.fsencode(one.name): one.read_bytes() for one in (tmp_path / "out").iterdir()}
    assert found == {name: name for name in names}


def test_random_bytes_are_no_archive(tmp_path: Path) -> None:
    for data in (b"", os.urandom(5000), bytes(600)):
        with pytest.raises((SandboxUnavailable, BadInput)):
            written(members_of_tar(io.BytesIO(data), LeftOut()), tmp_path / "out")
        assert not list(tmp_path.iterdir())


async def said(sandbox, command: str) -> str:
    outcome = await sandbox.run(command, Patience(hard=60.0), lambda _: None)
    assert outcome.exit_code == 0, outcome
    return outcome.output.decode().strip()


@pytest.mark.long
@pytest.mark.bubblewrap
async def test_the_whole_world_of_bubblewrap_has_what_was_written_and_no_kernel(tmp_path: Path) -> None:
    sandbox = sandbox_kind("bubblewrap").make(SandboxSettings())
    try:
        await sandbox.start(lambda _: None)
        await said(sandbox, "mkdir -p /mnt/new; echo mine > /mnt/new/file; echo changed > /etc/motd-of-mine")
        stop = threading.Event()
        members = sandbox.machine.members("/", LeftOut())
        wanted = {"mnt/new/file", "etc/motd-of-mine", "proc", "dev"}
        seen = {}
        for member in members:
            if member.path in wanted or member.path.startswith("proc/"):
                seen[member.path] = b"".join(member.content)
        assert seen == {"mnt/new/file": b"mine\n", "etc/motd-of-mine": b"changed\n", "proc": b"", "dev": b""}
        assert not stop.is_set()
    finally:
        await sandbox.close()


@pytest.mark.docker
async def test_a_world_of_docker_is_kept_as_an_image_of_the_users_own() -> None:
    name = f"trajtui-test-{secrets.token_hex(4)}:kept"
    sandbox = sandbox_kind("docker").make(SandboxSettings(image=IMAGE))
    try:
        await sandbox.start(lambda _: None)
        await said(sandbox, "echo mine > /workspace/file; echo also > /opt/other")
        checkpoint = await sandbox.checkpoint()
        assert checkpoint is not None
        await sandbox.restore(checkpoint, lambda _: None)
        assert (await sandbox.export_image(name, lambda _: None)).notes == ()
        with pytest.raises(Refused, match="already"):
            await sandbox.export_image(name, lambda _: None)
        with pytest.raises(Refused, match="cannot be called"):
            await sandbox.export_image("Not A Name", lambda _: None)
        await sandbox.close()
        shown = ["docker", "run", "--rm", "--network", "none", name, "cat", "/workspace/file", "/opt/other"]
        assert subprocess.run(shown, check=True, capture_output=True).stdout == b"mine\nalso\n"
        labelled = ["docker", "images", "-q", "--filter", f"label={LABEL}=1", name]
        assert subprocess.run(labelled, check=True, capture_output=True).stdout == b""
    finally:
        await sandbox.close()
        subprocess.run(["docker", "rmi", "-f", name], check=False, capture_output=True)


async def test_only_docker_makes_images() -> None:
    sandbox = sandbox_kind("local").make(SandboxSettings())
    try:
        await sandbox.start(lambda _: None)
        with pytest.raises(Refused, match="only a docker sandbox"):
            await sandbox.export_image("name:tag", lambda _: None)
        with pytest.raises(Refused, match="is this machine"):
            await sandbox.export("/", Path("/nowhere-at-all/x").parent.parent / "never-made", lambda _: None)
    finally:
        await sandbox.close()
    with pytest.raises(Refused):
        await sandbox_kind("recorded").make(SandboxSettings()).export("/", Path("x"), lambda _: None)


KILLED = """
import asyncio, os, pathlib, signal, sys
from trajcore.sandbox.base import SandboxSettings
from trajcore.sandbox.machines.owner import this_program
from trajcore.sandbox.registry import sandbox_kind

async def main():
    sandbox = sandbox_kind("bubblewrap").make(SandboxSettings())
    await sandbox.start(lambda _: None)
    def told(text):
        there = any(pathlib.Path(sys.argv[1]).parent.iterdir())  # it is begun in a thread
        if text.startswith("saving") and there:
            os.kill(os.getpid(), signal.SIGKILL)
    await sandbox.export("/usr", pathlib.Path(sys.argv[1]), told, overwrite=False)

asyncio.run(main())
"""


@pytest.mark.bubblewrap
async def test_what_a_killed_export_leaves_is_removed_by_the_next_one_there(tmp_path: Path) -> None:
    killed = [sys.executable, "-c", KILLED, str(tmp_path / "out")]
    assert subprocess.run(killed, check=False).returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert LEFT.fullmatch(left.name)
    living = tmp_path / f".other.trajtui-{this_program().word}-{'0' * 12}"
    somebodys = tmp_path / f".other.trajtui-{'0' * 12}"
    link = tmp_path / left.name.replace(".out.", ".link.")
    for one in (living, somebodys, tmp_path / "canary"):
        one.mkdir()
    link.symlink_to(tmp_path / "canary")
    sandbox = sandbox_kind("bubblewrap").make(SandboxSettings())
    try:
        await sandbox.start(lambda _: None)
        await said(sandbox, "mkdir -p /workspace/d; echo mine > /workspace/d/file")
        await sandbox.export("/workspace/d", tmp_path / "again", lambda _: None, overwrite=False)
    finally:
        await sandbox.close()
    assert (tmp_path / "again" / "file").read_text() == "mine\n"
    assert not left.exists()
    assert all(os.path.lexists(one) for one in (living, somebodys, link, tmp_path / "canary"))


@pytest.mark.docker
async def test_an_archive_of_docker_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    sandbox = sandbox_kind("docker").make(SandboxSettings(image=IMAGE))
    begun = asyncio.Event()
    try:
        await sandbox.start(lambda _: None)
        exporting = asyncio.create_task(
            sandbox.export("/usr", tmp_path / "usr.tar", lambda _: begun.set(), overwrite=False)
        )
        async with asyncio.timeout(60):
            await begun.wait()
            while not any(tmp_path.iterdir()):  # it is begun in a thread
                await asyncio.sleep(0.001)
        assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".usr.tar.")]
        exporting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await exporting
        assert not list(tmp_path.iterdir())
        assert await said(sandbox, "echo still here") == "still here"
    finally:
        await sandbox.close()
