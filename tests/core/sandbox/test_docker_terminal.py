"""The terminal of a container, held by this program itself where it can be, and by the engine where not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acting import execute
from trajcore.events.actions import RunAction, RunArgs
from trajcore.sandbox.base import SandboxSettings
from trajcore.sandbox.choose import choose
from trajcore.sandbox.machines.docker import entering
from trajcore.sandbox.machines.docker.terminal import open_terminal

pytestmark = [pytest.mark.asyncio, pytest.mark.docker]

LOOK = "tty; stty size; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo three; id -un"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root reaches the terminals of a container")


def refused(pid: int, container: str) -> tuple[int, str]:
    raise OSError("nobody here reaches it")


def untaken(pid: int, container: str) -> tuple[int, str]:
    """A terminal that nobody in the container can open."""
    master, name = open_terminal(pid, container)
    return master, f"{name}-missing"


async def told(image: str, *commands: str) -> list[str]:
    sandbox = (await choose("docker", SandboxSettings(image=image))).sandbox
    answers = []
    try:
        await sandbox.start(lambda _: None)
        for command in commands:
            answer: Any = await execute(
                sandbox, RunAction(args=RunArgs(command=command)), None, lambda _: None
            )
            answers.append(answer.content.split("\n[")[0])
    finally:
        await sandbox.close()
    return answers


@pytest.fixture
def image_of_nobody(docker_image: str) -> Iterator[str]:
    """The test image, whose commands are `nobody`'s."""
    import docker as library

    client = library.from_env()
    container = client.containers.create(docker_image, ["true"])
    made = container.commit("trajtui-test", "of-nobody", changes=["USER nobody"])
    container.remove()
    yield "trajtui-test:of-nobody"
    client.images.remove(made.id, force=True)
    client.close()


@pytest.mark.parametrize("way", ["held here", "the engine's", "refused inside"])
async def test_it_is_the_same_terminal_whoever_holds_it(
    docker_image: str, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way != "held here":
        if way == "refused inside" and os.geteuid() != 0:
            pytest.skip("only root reaches the terminals of a container")
        monkeypatch.setattr(entering, "open_terminal", refused if way == "the engine's" else untaken)
    look, killed, after = await told(docker_image, LOOK, "kill -9 $$", "echo back")
    assert look.splitlines()[1:] == ["1000 1000", "three", "root"]
    assert look.startswith("/dev/pts/")
    assert "137" in killed or killed == ""
    assert after == "back"


async def test_it_belongs_to_the_user_of_the_image(image_of_nobody: str) -> None:
    look, wrote = await told(image_of_nobody, LOOK, "echo to it >/dev/tty; stat -c %U $(tty)")
    assert look.splitlines()[1:] == ["1000 1000", "three", "nobody"]
    assert wrote.splitlines() == ["to it", "nobody"]


@needs_root
async def test_nothing_is_opened_in_a_world_that_is_not_the_containers() -> None:
    with pytest.raises(OSError, match="is not the container's"):
        open_terminal(os.getpid(), "f" * 64)


@needs_root
async def test_a_terminal_is_one_or_is_not_opened(tmp_path: Path) -> None:
    """What stands in the place of terminals in a container may be anything."""
    from trajcore.sandbox.machines.docker import terminal

    (tmp_path / "ptmx").write_text("not one")
    directory = os.open(tmp_path, os.O_PATH)
    try:
        with pytest.raises(OSError, match="no terminal"):
            terminal._opened(directory)
    finally:
        os.close(directory)
