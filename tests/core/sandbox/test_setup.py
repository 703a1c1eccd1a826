"""How a world is set up: workspace, limits, a container of the user's, engines elsewhere."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from acting import execute
from needs import IMAGE
from trajcore.errors import BadInput, SandboxUnavailable
from trajcore.events.actions import RunAction, RunArgs
from trajcore.sandbox.base import Resources, SandboxSettings
from trajcore.sandbox.choose import choose
from trajcore.sandbox.machines.docker.engine import connect, engine_answers
from trajcore.sandbox.machines.owner import this_program
from trajcore.sandbox.shellsandbox import ShellSandbox

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.in_turns]


async def answer(sandbox: Any, command: str) -> Any:
    return await execute(sandbox, RunAction(args=RunArgs(command=command)), None, lambda _: None)


async def output(sandbox: Any, command: str) -> str:
    content: str = (await answer(sandbox, command)).content
    return content


# The workspace


@pytest_asyncio.fixture(
    loop_scope="module",
    params=[
        pytest.param("docker", marks=pytest.mark.docker),
        pytest.param("bubblewrap", marks=pytest.mark.bubblewrap),
        "local",
    ],
)
async def make(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """Starts sandboxes of a kind, and closes them after the test; the second answer is what they said."""
    made = []

    async def one(**settings: Any) -> tuple[Any, list[str]]:
        sandbox = (await choose(request.param, SandboxSettings(**{"image": IMAGE, **settings}))).sandbox
        made.append(sandbox)
        said: list[str] = []
        await sandbox.start(said.append)
        return sandbox, said

    yield one
    for sandbox in made:
        await sandbox.close()


async def test_a_copied_workspace_keeps_what_git_and_modes_say(make: Any, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@x"]
    subprocess.run([*git, "init", "-q", "-b", "main"], cwd=source, check=True)
    (source / "run.sh").write_text("echo ran\n")
    (source / "run.sh").chmod(0o755)
    (source / "link").symlink_to("run.sh")
    (source / "away").symlink_to("/etc/passwd")
    (source / "twin").hardlink_to(source / "run.sh")
    (source / "empty").mkdir()
    (source / "ünï 'x'\n").write_text("odd")
    subprocess.run([*git, "add", "-A"], cwd=source, check=True)
    subprocess.run([*git, "commit", "-qm", "first"], cwd=source, check=True)
    sandbox, _ = await make(workspace=source)
    assert await output(sandbox, "git -c safe.directory='*' status --short; bash link") == "ran"
    assert await output(
        sandbox, "stat -c %a run.sh; readlink link away; [ run.sh -ef twin ] && echo same"
    ) == ("755\nrun.sh\n/etc/passwd\nsame")
    await output(sandbox, "rm -rf .git run.sh; echo new > empty/new")
    assert (source / "run.sh").exists()
    assert (source / ".git").exists()
    assert not (source / "empty" / "new").exists()


async def test_what_cannot_be_copied_is_named(make: Any, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "kept").write_text("x")
    os.mkfifo(source / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(source / "socket"))
    sandbox, said = await make(workspace=source)
    assert await output(sandbox, "ls -A") == "kept"
    assert "not copied: 2 sockets, pipes and devices (pipe, socket)" in said


@pytest.mark.sampled(3)
async def test_five_thousand_files_arrive(make: Any, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for number in range(50):
        (source / str(number)).mkdir(parents=True)
        for name in range(100):
            (source / str(number) / f"{name}.txt").write_bytes(b"x" * name)
    sandbox, _ = await make(workspace=source)
    assert await output(sandbox, "find . -type f | wc -l; cat */99.txt | wc -c") == "5000\n4950"


async def test_holes_of_a_workspace_take_no_room(make: Any, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    with (source / "sparse").open("wb") as sparse:
        sparse.write(b"begin")
        sparse.seek(24 << 20)
        sparse.write(b"middle")
        sparse.truncate(60 << 20)
    os.utime(source / "sparse", (1e9, 1e9))
    (source / "twin").hardlink_to(source / "sparse")
    digest = hashlib.sha256((source / "sparse").read_bytes()).hexdigest()
    sandbox, _ = await make(workspace=source)
    assert await output(sandbox, "sha256sum < twin | cut -d' ' -f1") == digest
    assert await output(sandbox, "stat -c '%s %Y %a %h' sparse twin") == "\n".join(
        [f"{60 << 20} 1000000000 {(source / 'sparse').stat().st_mode & 0o777:o} 2"] * 2
    )
    assert int(await output(sandbox, "du -k sparse | cut -f1")) < 1024


@pytest.mark.parametrize("kind", ["docker", "bubblewrap", "local"])
async def test_a_workspace_without_room_is_one_line_before_anything_is_copied(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "large").write_bytes(bytes(2 << 20))
    real = os.statvfs(tmp_path)
    tight = os.statvfs_result((*real[:3], 0, 256, *real[5:]))
    monkeypatch.setattr(os, "statvfs", lambda _: tight)
    sandbox = (await choose(kind, SandboxSettings(image=IMAGE, workspace=source))).sandbox
    with pytest.raises(
        SandboxUnavailable, match=r"^[^\n]*No space left on device: it takes 2 MB, and [^\n]*$"
    ):
        await sandbox.start(lambda _: None)


async def test_a_mounted_workspace_is_worked_on_itself(make: Any, tmp_path: Path) -> None:
    source = tmp_path / "source with: odd name"
    source.mkdir()
    (source / "file").write_text("before\n")
    sandbox, _ = await make(workspace=source, mount=True)
    assert await output(sandbox, "cat file; echo after > file; mkdir new; echo made > new/file") == "before"
    assert (source / "file").read_text() == "after\n"
    assert (source / "new" / "file").read_text() == "made\n"
    await sandbox.close()
    assert (source / "new" / "file").read_text() == "made\n"
    assert (source / "new" / "file").stat().st_uid == os.geteuid()


ARMED = """
cp /bin/true prog; chmod 4755 prog; cp /bin/true deep-group; chmod 2755 deep-group; mkdir -m 2775 shared
mkdir -p closed/inner; cp /bin/true closed/inner/prog; chmod 6755 closed/inner/prog; chmod 000 closed
d=.; for i in $(seq 300); do d=$d/n; done; mkdir -p $d; cp /bin/true $d/prog; chmod 4711 $d/prog
cp /bin/true powerful; python3 -c 'import os
os.setxattr("powerful", "security.capability", bytes.fromhex("0100000280000000000000000000000000000000"))'
mknod disk b 254 0 && chmod 666 disk; mknod memory c 1 1; mknod hole c 0 0; mkfifo pipe
ln -s /etc/passwd link; ln -s / root
(setsid bash -c 'while :; do rm -f raced; cp /bin/true raced; chmod 6755 raced; done' &) >/dev/null 2>&1
sleep 0.3
"""


def armed(top: Path) -> list[str]:
    """What in a directory could act with another's rights: programs, devices."""
    found = subprocess.run(
        ["find", top, "-type", "b", "-o", "-type", "c", "-o", "-type", "f", "-perm", "/6000"],
        check=False,  # a file that is raced for goes while it is looked at
        capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    powers = [path for path in top.glob("powerful*") if "security.capability" in os.listxattr(path)]
    return [*found, *map(str, powers)]


@pytest.mark.parametrize("as_root", [True, False], ids=["root", "ordinary"])
@pytest.mark.parametrize(
    ("kind", "owner"),
    [
        pytest.param("docker", 0, marks=pytest.mark.docker),
        pytest.param("docker", 12345, marks=pytest.mark.docker),
        pytest.param("bubblewrap", 0, marks=pytest.mark.bubblewrap),
    ],
)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
async def test_a_mounted_directory_is_given_back_harmless(
    kind: str, owner: int, as_root: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "bubblewrap" and not as_root:
        pytest.skip("tried as another user by the hostile tests")
    work, outside = tmp_path / "work", tmp_path / "outside"
    for directory in (work, outside):
        directory.mkdir()
        (directory / "kept").write_bytes(b"kept")
        (directory / "kept").chmod(0o6755)
    os.chown(work, owner, owner)
    (work / "away").symlink_to(outside)
    await asyncio.sleep(0.2)  # what was there before is left as it was
    settings = SandboxSettings(image=IMAGE, workspace=work, mount=True)
    sandbox = (await choose(kind, settings)).sandbox
    try:
        await sandbox.start(lambda _: None)
        await output(sandbox, ARMED)
        assert len(armed(work)) > 4
        if not as_root:  # as one who may use the engine
            monkeypatch.setattr(os, "geteuid", lambda: 1000)
    finally:
        await sandbox.close()
        monkeypatch.undo()
    assert armed(work) == [str(work / "kept")]
    assert (outside / "kept").stat().st_mode & 0o7777 == 0o6755
    assert (outside / "kept").stat().st_uid == 0
    assert (work / "closed").stat().st_mode & 0o777 == 0
    assert (work / "shared").stat().st_mode & 0o2000
    assert {path.lstat().st_uid for path in work.iterdir() if path.name not in ("away", "kept")} == {owner}
    assert Path("/etc/passwd").stat().st_uid == 0


@pytest.mark.docker
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
async def test_what_a_container_makes_in_a_mounted_directory_belongs_to_its_owner(
    docker_image: str, tmp_path: Path
) -> None:
    (tmp_path / "roots").write_text("x")
    os.chown(tmp_path, 12345, 12345)
    sandbox = (
        await choose("docker", SandboxSettings(image=docker_image, workspace=tmp_path, mount=True))
    ).sandbox
    try:
        await sandbox.start(lambda _: None)
        await output(sandbox, "mkdir new; echo made > new/file; ln -s /etc/passwd new/link")
    finally:
        await sandbox.close()
    made = [tmp_path / "new", tmp_path / "new" / "file", tmp_path / "new" / "link"]
    assert {path.lstat().st_uid for path in made} == {12345}
    assert (tmp_path / "roots").stat().st_uid == 0


@pytest.mark.bubblewrap
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has others' directories to mount")
async def test_bubblewrap_cannot_write_for_another_user(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    sandbox = (await choose("bubblewrap", SandboxSettings(workspace=tmp_path, mount=True))).sandbox
    with pytest.raises(SandboxUnavailable, match="belongs to another user: "):
        await sandbox.start(lambda _: None)


# Limits


async def test_the_number_of_processes_is_limited(make: Any) -> None:
    sandbox, _ = await make(resources=Resources(pids=60))
    if sandbox.kind == "docker":
        assert (
            await output(sandbox, "cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null")
            == "60"
        )
    else:
        assert await output(sandbox, "ulimit -u") == "60"


async def test_memory_is_limited(make: Any) -> None:
    sandbox, _ = await make(resources=Resources(memory=200 << 20))
    ended = await answer(sandbox, "python3 -c 'print(len(bytearray(400 << 20)))'")
    assert ended.extras.metadata.exit_code != 0
    assert await output(sandbox, "python3 -c 'print(len(bytearray(20 << 20)))'") == str(20 << 20)


@pytest.mark.docker
async def test_a_share_of_the_processors(docker_image: str) -> None:
    settings = SandboxSettings(image=docker_image, resources=Resources(cpus=0.5))
    sandbox = (await choose("docker", settings)).sandbox
    try:
        await sandbox.start(lambda _: None)
        shares = "cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null"
        assert (await output(sandbox, shares)).split()[0] == "50000"
    finally:
        await sandbox.close()


# A container of the user's


@pytest.fixture
def container(docker_image: str) -> Iterator[Any]:
    """A running container that is not ours."""
    import docker

    client = docker.from_env()
    made = client.containers.run(docker_image, ["sleep", "600"], detach=True, working_dir="/srv")
    try:
        yield made
    finally:
        made.remove(force=True)
        client.close()


async def in_container(name: str, **settings: Any) -> Any:
    sandbox = (await choose("auto", SandboxSettings(container=name, **settings))).sandbox
    await sandbox.start(lambda _: None)
    return sandbox


@pytest.mark.docker
async def test_a_container_of_the_users_is_entered_and_left_as_it_is(container: Any) -> None:
    container.exec_run(["bash", "-c", "echo mine > /srv/mine"])
    sandbox = await in_container(container.name)
    try:
        assert (sandbox.kind, sandbox.detail) == ("docker", container.name)
        assert await output(sandbox, "pwd; cat mine; (setsid sleep 302 &); echo ours > ours") == "/srv\nmine"
        assert "sleep 302" in json.dumps(container.top()["Processes"])
    finally:
        await sandbox.close()
    container.reload()
    assert container.status == "running"
    running = json.dumps(container.top()["Processes"])
    assert "sleep 600" in running
    assert "302" not in running
    assert "bash" not in running
    assert container.exec_run(["cat", "/srv/ours"]).output == b"ours\n"


@pytest.mark.docker
async def test_a_workspace_is_copied_into_a_container_of_the_users(container: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("copied")
    sandbox = await in_container(container.id, workspace=tmp_path)
    try:
        assert await output(sandbox, "pwd; cat file") == "/workspace\ncopied"
    finally:
        await sandbox.close()


@pytest.mark.docker
async def test_what_a_killed_program_left_running_in_it_is_ended(container: Any) -> None:
    word = f"1-{this_program().scope}-01234567"
    container.exec_run(["sleep", "303"], detach=True, environment={"TRAJTUI_OWNER": word})
    container.exec_run(["sleep", "304"], detach=True, environment={"TRAJTUI_OWNER": "1-01234567-01234567"})
    sandbox = await in_container(container.name)
    try:
        running = json.dumps(container.top()["Processes"])
        assert "sleep 303" not in running
        assert "sleep 304" in running
    finally:
        await sandbox.close()


@pytest.mark.docker
async def test_containers_that_cannot_be_entered(container: Any) -> None:
    with pytest.raises(SandboxUnavailable, match=r"There is no container 'nope': see `docker ps`\."):
        await in_container("nope")
    container.stop(timeout=0)
    with pytest.raises(SandboxUnavailable, match="does not run: `docker start "):
        await in_container(container.name)
    with pytest.raises(BadInput, match="leave --sandbox bubblewrap out"):
        await choose("bubblewrap", SandboxSettings(container="x"))


# Engines elsewhere

SOCKET = "/var/run/docker.sock"


def join(near: socket.socket) -> None:
    """Carry a connection to the engine and back, until both sides have ended."""

    def carry(source: socket.socket, target: socket.socket) -> None:
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)

    with near, socket.socket(socket.AF_UNIX) as engine:
        engine.connect(SOCKET)
        back = threading.Thread(target=carry, args=(engine, near))
        back.start()
        carry(near, engine)
        back.join()


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """A directory with ca.pem, cert.pem and key.pem, good for localhost."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    shutil.copy(tmp_path / "cert.pem", tmp_path / "ca.pem")
    return tmp_path


@pytest.fixture
def tls_engine(certificates: Path) -> Iterator[str]:
    """The address of this machine's engine behind TLS, which asks for the client's certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    server = socket.create_server(("localhost", 0))

    def serve() -> None:
        while True:
            try:
                plain, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=relay, args=(plain,), daemon=True).start()

    def relay(plain: socket.socket) -> None:
        try:
            with (
                context.wrap_socket(plain, server_side=True) as near,
                socket.socket(socket.AF_UNIX) as engine,
            ):
                engine.connect(SOCKET)
                pump(near, engine)
        except OSError:
            pass

    def pump(near: ssl.SSLSocket, engine: socket.socket) -> None:
        import select

        near.setblocking(False)
        while True:
            ready, _, _ = select.select([near, engine], [], [])
            if near in ready:
                try:
                    while data := near.recv(1 << 16):
                        engine.sendall(data)
                    return
                except ssl.SSLWantReadError:
                    pass
            if engine in ready:
                data = engine.recv(1 << 14)
                if not data:
                    return
                near.setblocking(True)
                near.sendall(data)
                near.setblocking(False)

    threading.Thread(target=serve, daemon=True).start()
    yield f"tcp://localhost:{server.getsockname()[1]}"
    server.close()


async def works_in(settings: SandboxSettings) -> None:
    sandbox = (await choose("docker", settings)).sandbox
    assert isinstance(sandbox, ShellSandbox)
    try:
        await sandbox.start(lambda _: None)
        assert await output(sandbox, "echo here; seq 200000 | tail -1") == "here\n200000"
        await sandbox.files.write("/tmp/x", b"\0x" * 300_000)
        assert await sandbox.files.read("/tmp/x") == b"\0x" * 300_000
        assert len((await answer(sandbox, "seq 200000")).content) > 10_000
    finally:
        await sandbox.close()


@pytest.mark.docker
async def test_an_engine_behind_tls(
    tls_engine: str, certificates: Path, docker_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", tls_engine)
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(certificates))
    await works_in(SandboxSettings(image=docker_image))


@pytest.mark.docker
async def test_an_engine_whose_certificate_is_not_known(
    tls_engine: str,
    certificates: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = tmp_path_factory.mktemp("other")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other",
         "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=other, check=True, capture_output=True,
    )  # fmt: skip
    shutil.copy(other / "cert.pem", other / "ca.pem")
    monkeypatch.setenv("DOCKER_HOST", tls_engine.replace("localhost", "LOCALHOST"))
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(other))
    reason = await engine_answers()
    assert reason is not None
    assert reason.startswith("No Docker engine answers (")


@pytest.mark.docker
async def test_an_engine_over_ssh(docker_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dial = (
        f"#!{sys.executable}\n"
        "import os, socket, sys, threading\n"
        f"open({str(tmp_path / 'asked')!r}, 'a').write(repr(sys.argv[1:]) + '\\n')\n"
        f"engine = socket.socket(socket.AF_UNIX); engine.connect({SOCKET!r})\n"
        "def up():\n"
        "    while data := os.read(0, 65536): engine.sendall(data)\n"
        "    engine.shutdown(socket.SHUT_WR)\n"
        "threading.Thread(target=up, daemon=True).start()\n"
        "while data := engine.recv(65536): os.write(1, data)\n"
    )
    (tmp_path / "ssh").write_text(dial)
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_HOST", f"ssh://me@machine{os.getpid()}:2222")
    await works_in(SandboxSettings(image=docker_image))
    asked = (tmp_path / "asked").read_text()
    expected = ["-l", "me", "-p", "2222", "--", f"machine{os.getpid()}", "docker system dial-stdio"]
    assert repr(expected)[1:-1] in asked
    with pytest.raises(BadInput, match="--mount needs an engine on this machine"):
        await works_in(SandboxSettings(image=docker_image, workspace=tmp_path, mount=True))


def context(home: Path, name: str, host: str) -> None:
    about = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
    directory = home / ".docker" / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    directory.mkdir(parents=True)
    (directory / "meta.json").write_text(json.dumps(about))


@pytest.mark.docker
async def test_docker_contexts_are_followed(
    docker_image: str, user_without_settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    context(user_without_settings, "here", f"unix://{SOCKET}")
    context(user_without_settings, "away", "unix:///no/such/engine")
    config = user_without_settings / ".docker" / "config.json"
    config.write_text(json.dumps({"currentContext": "away"}))
    assert "No Docker engine answers" in (await engine_answers() or "")
    config.write_text(json.dumps({"currentContext": "here"}))
    assert await engine_answers() is None
    monkeypatch.setenv("DOCKER_CONTEXT", "away")
    assert "No Docker engine answers" in (await engine_answers() or "")
    monkeypatch.setenv("DOCKER_CONTEXT", "gone")
    assert "The docker context 'gone' names no engine" in (await engine_answers() or "")


@pytest.mark.docker
async def test_a_socket_of_podmans_is_found_where_docker_has_none(
    docker_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trajcore.sandbox.machines.docker import address

    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(address, "_DEFAULT", "unix:///no/such/engine")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "podman").mkdir()
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "podman" / "podman.sock"))
    server.listen()

    def serve() -> None:
        while True:
            try:
                near, _ = server.accept()
            except OSError:
                return
            joined.append(threading.Thread(target=join, args=(near,)))
            joined[-1].start()

    joined: list[threading.Thread] = []
    serving = threading.Thread(target=serve)
    serving.start()
    client = connect()
    assert client.ping()
    client.close()
    server.shutdown(socket.SHUT_RDWR)
    serving.join()
    server.close()
    for thread in joined:
        thread.join()


# Disk and container lost


@pytest.mark.docker
async def test_a_container_killed_behind_our_back_is_one_plain_line(docker_image: str) -> None:
    sandbox = (await choose("docker", SandboxSettings(image=docker_image))).sandbox
    assert isinstance(sandbox, ShellSandbox)
    try:
        await sandbox.start(lambda _: None)
        sandbox._machine._container.remove(force=True)  # type: ignore[attr-defined]
        with pytest.raises(SandboxUnavailable, match=r"^[^\n]*[Rr]estart[^\n]*$"):
            await answer(sandbox, "echo hi")
    finally:
        await sandbox.close()
