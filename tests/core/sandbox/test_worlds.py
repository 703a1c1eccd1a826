"""How worlds are made: workspace, setup, network, what of the host is seen, and which one is chosen."""

import tempfile
from pathlib import Path

import pytest

from acting import execute
from trajcore.errors import BadInput, SandboxUnavailable
from trajcore.events.actions import RunAction, RunArgs
from trajcore.sandbox.base import SandboxSettings
from trajcore.sandbox.choose import choose
from trajcore.sandbox.machines.bubblewrap import machine as bubblewrap
from trajcore.sandbox.machines.bubblewrap import mounts
from trajcore.sandbox.machines.bubblewrap.overlays import Copied, Overlay
from trajcore.sandbox.machines.docker import machine as docker
from worlds import made, settings

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def output(sandbox, command: str) -> str:
    observation = await execute(sandbox, RunAction(args=RunArgs(command=command)), None, lambda _: None)
    return observation.content


async def test_the_workspace_is_copied_and_never_written_back(build, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "run.sh").write_text("echo ran")
    (tmp_path / "sub" / "run.sh").chmod(0o755)
    (tmp_path / "link").symlink_to("sub/run.sh")
    sandbox = build(workspace=tmp_path)
    await sandbox.start(lambda _: None)
    assert await output(sandbox, "pwd; bash link; stat -c '%a %U' sub/run.sh") == "/workspace\nran\n755 root"
    await output(sandbox, "echo changed > sub/run.sh; touch new")
    assert (tmp_path / "sub" / "run.sh").read_text() == "echo ran"
    assert not (tmp_path / "new").exists()


async def test_a_setup_script(build, tmp_path: Path) -> None:
    script = tmp_path / "setup.sh"
    script.write_text("echo made > /workspace/made")
    sandbox = build(setup=script)
    lines: list[str] = []
    await sandbox.start(lines.append)
    assert await output(sandbox, "cat made; ls -A /tmp") == "made"
    assert "running the setup script" in lines


async def test_a_setup_script_that_fails(build, tmp_path: Path) -> None:
    script = tmp_path / "setup.sh"
    script.write_text("echo working; echo no such thing >&2; exit 9")
    with pytest.raises(SandboxUnavailable, match=r"exit code 9: working \| no such thing"):
        await build(setup=script).start(lambda _: None)
    with pytest.raises(BadInput, match="no such file"):
        await build(setup=tmp_path / "none").start(lambda _: None)


async def test_network_when_asked_for(build) -> None:
    sandbox = build(network=True)
    await sandbox.start(lambda _: None)
    assert len((await output(sandbox, "cut -d: -f1 /proc/net/dev | tail -n +3")).split()) > 1
    assert "nameserver" in await output(sandbox, "cat /etc/resolv.conf")


@pytest.mark.bubblewrap
async def test_the_host_is_untouched_and_its_homes_are_hidden(tmp_path: Path) -> None:
    settings = SandboxSettings()
    sandbox = (await choose("bubblewrap", settings)).sandbox
    try:
        await sandbox.start(lambda _: None)
        assert await output(sandbox, "touch /etc/trajtui-x /usr/trajtui-y /root/z && echo done") == "done"
        assert not Path("/etc/trajtui-x").exists()
        assert not Path("/usr/trajtui-y").exists()
        assert (
            await output(sandbox, "ls -A /home /mnt /media /run /root | grep -v ':$' | grep -v '^z$'") == ""
        )
        assert await output(sandbox, "ls -d ~/.ssh /var/run/docker.sock /run/docker.sock 2>/dev/null") == ""
        assert "No such file" in await output(sandbox, f"ls {tmp_path}")
        assert "LLM" not in await output(sandbox, "env")
        assert await output(sandbox, "mount 2>/dev/null -t tmpfs none /mnt && echo mounted") == ""
        assert "No such file" in await output(sandbox, f"ls /proc/1/root{tmp_path}")
    finally:
        await sandbox.close()


@pytest.mark.bubblewrap
async def test_the_worlds_own_directory_may_lie_in_what_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        monkeypatch.setattr(tempfile, "tempdir", directory)
        sandbox = (await choose("bubblewrap", SandboxSettings())).sandbox
        try:
            await sandbox.start(lambda _: None)
            assert await output(sandbox, "touch /var/made /etc/made && echo done") == "done"
            assert not Path("/var/made").exists()
            assert await output(sandbox, f"ls -A {directory}") == ""
        finally:
            await sandbox.close()


@pytest.mark.docker
async def test_a_container_is_confined(docker_image: str) -> None:
    sandbox = (await choose("docker", SandboxSettings(image=docker_image))).sandbox
    try:
        await sandbox.start(lambda _: None)
        told = await output(sandbox, "grep NoNewPrivs /proc/self/status")
        assert told.split() == ["NoNewPrivs:", "1"]
        assert sandbox.detail == docker_image
    finally:
        await sandbox.close()


async def test_choosing(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = SandboxSettings(image="no/such/image:ever")
    assert (await choose("recorded", settings)).sandbox.kind == "recorded"
    assert (await choose("docker", settings)).sandbox.kind == "docker"
    assert (await choose("local", settings)).sandbox.kind == "local"
    with pytest.raises(BadInput, match="no sandbox 'vm'"):
        await choose("vm", settings)
    if await bubblewrap.works() is None:
        chosen = await choose("auto", settings)
        assert chosen.sandbox.kind == "bubblewrap"
        assert "and bubblewrap works" in chosen.why


@pytest.mark.docker
async def test_auto_prefers_docker_that_has_the_image(docker_image: str) -> None:
    chosen = await choose("auto", SandboxSettings(image=docker_image))
    assert (chosen.sandbox.kind, chosen.sandbox.detail) == ("docker", docker_image)


async def test_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such/socket")
    reason = await docker.engine_answers()
    assert reason is not None
    assert reason.startswith("No Docker engine answers (")
    assert reason.endswith(
        "DOCKER_HOST names it (unix:///no/such/socket): correct it, or unset it; or use --sandbox bubblewrap."
    )
    assert await docker.has_image("x") is False
    sandbox = (await choose("docker", SandboxSettings())).sandbox
    with pytest.raises(SandboxUnavailable, match="No Docker engine answers"):
        await sandbox.start(lambda _: None)
    assert (await choose("auto", SandboxSettings())).sandbox.kind in ("bubblewrap", "recorded")


@pytest.mark.docker
async def test_an_image_that_cannot_be_pulled(docker_image: str) -> None:
    lines: list[str] = []
    sandbox = (await choose("docker", SandboxSettings(image="localhost:9/no/such:image"))).sandbox
    with pytest.raises(SandboxUnavailable, match="is not here and cannot be pulled"):
        await sandbox.start(lines.append)
    assert lines == ["pulling localhost:9/no/such:image"]


@pytest.mark.bubblewrap
async def test_what_goes_while_a_world_is_made_is_not_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of this machine's directories any may go at any time: between the look at them and the mount, too."""
    gone = [Overlay("/var/lib/gone-since"), Copied("/etc/gone-since")]
    monkeypatch.setattr(bubblewrap, "planned", lambda directory: [*mounts.planned(directory), *gone])
    sandbox = made("bubblewrap", settings())
    try:
        await sandbox.start(lambda _: None)
        assert await output(sandbox, "ls -d /var/lib/gone-since 2>&1 | wc -l; echo begun") == "1\nbegun"
    finally:
        await sandbox.close()
