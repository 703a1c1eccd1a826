"""What a hostile recording tries in each sandbox, of root's and of an ordinary user's: nothing gets out.

Before a test tries what could hurt a machine without walls, `prove` shows from inside that they are there.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shlex
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from hostile import CANARY, Cell, Start, identity
from trajcore.sandbox.base import Resources
from trajcore.sandbox.machines.bubblewrap.syscalls import ABIS, REFUSED
from trajcore.sandbox.machines.host.cgroups import make_group
from worlds import KINDS, NEEDS

ONLY_BUBBLEWRAP = pytest.mark.parametrize("kind", KINDS[1:], indirect=True)
"""How bubblewrap's walls are built; in docker they are the engine's."""


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    NEEDS[request.param]()
    return str(request.param)


@pytest.fixture(scope="module")
def start(start: Start, user: str, kind: str) -> Start:
    """Makes worlds of this kind."""
    return partial(start, kind)


@pytest.fixture(scope="module")
def planted(user: str) -> Iterator[list[str]]:
    """Secrets on this host that the user can read and others cannot."""
    entry = pwd.getpwnam(user)
    places = [Path(entry.pw_dir)] if os.access(entry.pw_dir, os.W_OK) else []
    if os.geteuid() == 0:
        places += [Path(place) for place in ("/etc", "/var/lib/dpkg", "/srv", "/opt") if Path(place).is_dir()]
    made: list[Path] = []
    for place in places:
        # By names that no other test asks for: they run beside this one.
        file, directory = place / f"hostile-{CANARY}.key", place / f"hostile-{CANARY}"
        file.touch(mode=0o600)
        directory.mkdir(mode=0o700)
        (directory / "id_rsa").touch(mode=0o644)
        made += [file, directory, directory / "id_rsa"]
    for path in made:
        if path.is_file():
            path.write_text(CANARY)
        if os.geteuid() == 0:
            os.chown(path, entry.pw_uid, entry.pw_gid)
    yield [str(path) for path in made if path.is_file()]
    for path in made:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def cell(start: Start, planted: list[str]) -> Cell:
    made = start()
    made.prove()
    return made


def looks(path: Path) -> tuple[object, ...]:
    """What only a recording that got out would change: others look at these, and plant files beside them."""
    about = path.stat()
    return about.st_ino, about.st_mode, about.st_uid, path.read_bytes() if path.is_file() else b""


@pytest.mark.sampled(2)
def test_writing_to_the_system_and_to_the_home(cell: Cell) -> None:
    about = {
        path: looks(Path(path)) for path in ("/etc/passwd", "/etc/hosts", "/usr/bin/env", "/etc", "/usr/bin")
    }
    cell.out("echo hostile >> /etc/passwd; rm -f /etc/hosts; echo hostile > /usr/bin/env; chmod 777 /etc")
    cell.out("touch /etc/trajtui-x /usr/bin/trajtui-x /trajtui-x /root/x ~/x /home/x /opt/x /var/x /boot/x")
    cell.out(
        "rm -rf /usr/share/doc /var/lib/dpkg /etc/ssl; ln -s /etc/shadow /workspace/link; chmod 0 /usr/bin"
    )
    assert {path: looks(Path(path)) for path in about} == about
    left = [place for place in ("/etc", "/usr/bin", "/") if Path(place, "trajtui-x").exists()]
    assert left == []
    assert Path("/usr/share").exists()


@pytest.mark.sampled(2)
def test_secret_files_are_empty_or_away(start: Start, planted: list[str]) -> None:
    cell = start()
    cell.prove()
    known = [
        "/etc/shadow",
        "/etc/gshadow",
        "/etc/shadow-",
        "/etc/sudoers",
        "/etc/ssh/ssh_host_*_key",
        "/etc/ssl/private/*",
    ]
    home = pwd.getpwnam(cell.user).pw_dir
    if cell.kind == "docker":
        known = []  # what has these names is the image's
    paths = " ".join([*known, *planted, "~/.ssh/*", "/root/.ssh/*", f"{home}/.ssh/*", f"{home}/*"])
    assert cell.out(f"cat {paths} 2>/dev/null") == ""
    assert CANARY not in cell.out("grep -rsl canary- /etc /srv | xargs -r cat")


def test_a_hidden_secret_stays_hidden_whatever_is_done_in_its_place(start: Start, planted: list[str]) -> None:
    cell = start()
    cell.prove()
    for path in planted:
        parent = Path(path).parent
        cell.out(f"rm -rf {path}; cat {path}; mv {parent} {parent}-moved; rm -rf {parent}; mkdir {parent}")
        moved = f"{parent}-moved/hostile* {parent}-moved/id_rsa {parent}/hostile* {parent}/id_rsa"
        assert cell.out(f"cat {path} {moved} 2>/dev/null") == ""
    cell.out("rm -f /etc/shadow; cp /etc/passwd /etc/shadow-; mv /etc/shadow- /etc/shadow")
    assert "root:*" not in cell.out("cat /etc/shadow /etc/shadow- 2>/dev/null")


@ONLY_BUBBLEWRAP
def test_attributes_of_the_overlay_uncover_nothing(start: Start, planted: list[str]) -> None:
    cell = start()
    cell.prove()
    tries = """
import os
for path in ("/etc", "/etc/ssl", "/var/lib", "/opt", "/srv", "/workspace", "/"):
    for name, value in (("opaque", b"n"), ("redirect", b"/../../root"), ("metacopy", b""), ("origin", b"x")):
        for space in ("user", "trusted"):
            for change in (os.setxattr, lambda p, n, v: os.removexattr(p, n)):
                try:
                    change(path, f"{space}.overlay.{name}", value)
                except OSError:
                    pass
"""
    cell.out(f"cat > /tmp/x.py <<'END'\n{tries}\nEND\npython3 /tmp/x.py")
    assert cell.out(f"cat /etc/shadow {' '.join(planted)} 2>/dev/null") == ""


def test_keys_of_the_environment(cell: Cell) -> None:
    seen = cell.out("env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'")
    assert "PATH=" in seen
    assert CANARY not in seen


SEARCHED = """
import ctypes, sys
session, search = -3, 10
call = ctypes.CDLL(None).syscall
print(call(int(sys.argv[1]), search, session, b"user", sys.argv[2].encode(), 0))
"""


def test_the_keys_of_the_callers_session(start: Start) -> None:
    named = f"hostile-{secrets.token_hex(8)}"
    cell = start(key=[named, CANARY])
    cell.prove()
    keyctl = next(call for call in REFUSED if call.name == "keyctl")
    number = ABIS[os.uname().machine][0].number(keyctl)
    assert cell.out(f"python3 -c {shlex.quote(SEARCHED)} {number} {named}") == "-1"
    assert named not in cell.out("cat /proc/keys /proc/key-users 2>/dev/null")


def test_killing_everything(start: Start) -> None:
    cell = start()
    cell.prove()
    entry = pwd.getpwnam(cell.user)
    bystander = subprocess.Popen(["sleep", "300"], **identity(entry))
    try:
        cell.answer("kill -9 -1")
        assert cell.out("echo lives") == "lives"
        cell.answer(f"kill -9 {bystander.pid}; kill -9 {os.getpid()}; kill -9 1; kill -9 -- -{os.getpgrp()}")
        assert bystander.poll() is None
        assert cell.process.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_bounded_fork_bomb(start: Start) -> None:
    limit = 100
    cell = start(resources={"pids": limit})
    cell.prove()
    if cell.user == "root":
        group = make_group(Resources(), 1 << 30)
        holds = group.counts_processes
        group.remove()
        if not holds:
            pytest.skip("root's processes cannot be counted here: no control groups")
    nap = f"29.{secrets.randbelow(10**9)}"  # no other test's
    bomb = f"""
import os, time
for _ in range(400):
    try:
        if os.fork() == 0:
            os.execvp("sleep", ["sleep", "{nap}"])
    except OSError:
        pass
time.sleep(0.5)
"""
    cell.answer(f"ulimit -u 500 2>/dev/null; python3 -c '{bomb}'")
    here = [path for path in Path("/proc").glob("[0-9]*/cmdline") if read(path) == f"sleep\0{nap}\0".encode()]
    assert 10 < len(here) <= limit
    assert cell.out("echo lives") == "lives"


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_the_network(cell: Cell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert cell.code(f"timeout 5 bash -c 'echo > /dev/tcp/127.0.0.1/{port}'") != 0
    assert cell.out("tail -n +3 /proc/net/dev | cut -d: -f1").split() == ["lo"]
    assert "@" not in cell.out("tail -n +2 /proc/net/unix")


@ONLY_BUBBLEWRAP
def test_filling_the_disk_a_bit(start: Start, user: str) -> None:
    cell = start()
    cell.prove()
    cell.out("for d in /workspace /tmp /etc /dev/shm /root; do head -c 20M /dev/zero > $d/filled; done; sync")
    used = sum(path.stat().st_blocks for path in cell.scratch.rglob("filled")) * 512
    assert used >= 60 << 20
    assert not Path("/dev/shm/filled").exists()
    cell.close()
    assert not list(cell.scratch.rglob("filled"))


ROOM = """
import os
room = {}
for line in open("/proc/mounts"):
    where, kind = line.split()[1:3]
    about = os.statvfs(where)
    if kind == "tmpfs" and not about.f_flag & os.ST_RDONLY:
        room[where] = (about.f_blocks * about.f_frsize, os.access(where, os.W_OK))
print(sum(size for size, _ in room.values()), all(writable for _, writable in room.values()), *sorted(room))
"""


@ONLY_BUBBLEWRAP
def test_what_lies_in_memory_counts_as_memory(start: Start) -> None:
    limit = 256 << 20
    cell = start(resources={"memory": limit})
    cell.prove()
    size, writable, *places = cell.out(f"python3 -c {shlex.quote(ROOM)}").split()
    assert int(size) <= limit
    assert writable == "True"
    assert "/dev/shm" in places
    filled = "f() { head -c 300M /dev/zero > $1 2>/dev/null; stat -c %s $1; rm $1; }; f"
    assert int(cell.out(f"{filled} /dev/shm/filled") or 0) <= limit // 2
    assert cell.code("echo > /dev/filled") != 0
    assert cell.out("echo kept > /dev/shm/x && cat /dev/shm/x; stat -c %a /dev/shm") == "kept\n1777"


def test_a_mounted_directory_is_given_back_harmless(start: Start, user: str) -> None:
    entry = pwd.getpwnam(user)
    top = Path(tempfile.mkdtemp(prefix="mounted-"))
    try:
        os.chown(top, entry.pw_uid, entry.pw_gid)
        cell = start(workspace=str(top), mount=True)
        cell.prove()
        cell.out(
            "cp /bin/true prog; chmod 6755 prog; mkdir closed; cp prog closed/prog; chmod 4755 closed/prog; "
            "chmod 000 closed; mknod hole c 0 0; cp /bin/true unread; chmod 4000 unread; ln -s / root; "
            "(setsid bash -c 'while :; do rm -f raced; cp /bin/true raced; chmod 6755 raced; done' &) "
            ">/dev/null 2>&1; sleep 0.3"
        )
        assert cell.code("mknod disk b 254 0") != 0
        assert top.joinpath("prog").stat().st_mode & 0o6000
        cell.close()
        found = ["find", top, "-type", "c", "-o", "-type", "b", "-o", "-type", "f", "-perm", "/6000"]
        assert subprocess.run(found, check=True, capture_output=True, text=True).stdout == ""
        assert {path.lstat().st_uid for path in top.rglob("*")} == {entry.pw_uid}
        assert top.joinpath("closed").stat().st_mode & 0o777 == 0
    finally:
        shutil.rmtree(top)


def test_the_sockets_of_the_host(cell: Cell) -> None:
    assert (
        cell.out("ls /run/docker.sock /var/run/docker.sock /run/containerd /run/dbus /run/user 2>/dev/null")
        == ""
    )
    assert cell.out("find /run /var /tmp /srv /opt /home /root /mnt -xdev -type s 2>/dev/null") == ""


@pytest.mark.parametrize(
    "path", ["/proc/1/root", "/proc/self/root", "/proc/self/cwd/../..", "/proc/1/cwd/.."]
)
def test_roots_in_proc_are_those_of_the_world(cell: Cell, path: str) -> None:
    assert cell.out(f"ls {path}{cell.scratch} {path}/../../..{cell.scratch} 2>&1 | grep -v 'No such'") == ""
    assert "workspace" in cell.out(f"ls {path}/")


@ONLY_BUBBLEWRAP
def test_nothing_of_the_kernels_is_to_be_written(cell: Cell) -> None:
    writable = "find /proc -path '/proc/[0-9]*' -prune -o -type f -writable -exec test -f {} \\; -print"
    assert cell.out(f"{writable} 2>/dev/null") == ""
    assert cell.out("ls -A /sys 2>/dev/null") == ""


def test_kernel_settings_cannot_be_written(cell: Cell) -> None:
    for name in ("kernel/core_pattern", "kernel/hostname", "kernel/panic", "vm/overcommit_memory"):
        value = cell.out(f"cat /proc/sys/{name}")
        assert cell.code(f"(echo '{value}' > /proc/sys/{name}) 2>/dev/null") != 0, name
    assert cell.code("(echo h > /proc/sysrq-trigger) 2>/dev/null") != 0


def test_mounting_and_new_namespaces(cell: Cell) -> None:
    cell.out("mkdir -p /tmp/m")
    for attempt in (
        "mount -t tmpfs none /tmp/m", "mount --bind / /tmp/m", "mount -o remount,rw /proc/sys",
        "umount /etc/ssl/private", "umount -l /proc", "umount /etc", "mount -t proc proc /tmp/m",
        "mount -t overlay -o lowerdir=/etc,upperdir=/tmp,workdir=/tmp/m none /tmp/m",
        "unshare -U true", "unshare -Ur true", "unshare -Urm true", "unshare -m true", "unshare -n true",
        "unshare -Urpf --mount-proc true", "nsenter -t 1 -m -p true", "nsenter -t 1 -U true",
    ):  # fmt: skip
        assert cell.code(f"{attempt} 2>/dev/null") != 0, attempt


def test_the_hosts_processes_cannot_be_seen_or_traced(cell: Cell) -> None:
    pids = cell.out("cd /proc; echo [0-9]*; cd /workspace").split()
    assert len(pids) < 20
    assert cell.out("cat /proc/1/comm") == "bash"
    assert str(os.getpid()) not in cell.out("cat /proc/[0-9]*/status | grep -i ^pid").split()


def test_devices(cell: Cell) -> None:
    known = {"mqueue"} if cell.kind == "docker" else set()
    known |= {
        "console", "core", "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout",
        "tty", "urandom", "zero",
    }  # fmt: skip
    assert set(cell.out("ls /dev").split()) <= known
    assert cell.code("mknod /tmp/disk b 8 0") != 0
    assert cell.code("mknod /tmp/mem c 1 1") != 0


@ONLY_BUBBLEWRAP
def test_paths_of_the_overlays_on_the_host_lead_nowhere(cell: Cell) -> None:
    named = cell.out("grep -o 'upperdir=[^,]*' /proc/mounts | cut -d= -f2").split()
    named += [str(path) for path in cell.scratch.glob("*/changes/*/upper")]
    assert named
    assert cell.code(f"ls -d {' '.join(named)} 2>/dev/null") != 0


def test_a_link_in_the_world_is_not_followed_when_it_is_removed(start: Start, user: str) -> None:
    kept = Path(tempfile.mkdtemp(prefix="kept-"))
    try:
        (kept / "file").write_text("kept")
        entry = pwd.getpwnam(user)
        for path in (kept, kept / "file"):
            os.chown(path, entry.pw_uid, entry.pw_gid)
        cell = start()
        cell.prove()
        cell.out(
            f"ln -s {kept} link; ln -s {kept}/file /etc/link; mkdir -m 0 closed; mkdir -p a/b; chmod 0 a"
        )
        cell.close()
        assert (kept / "file").read_text() == "kept"
    finally:
        shutil.rmtree(kept)
