"""The world that a run begins in: what was run before its first step, and what each choice comes to."""

from __future__ import annotations

import json
import platform
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from evaluations import INSTANCE, SOLUTION, WORK, events, git, lines, row
from needs import IMAGE
from shelf import registry, saved
from trajcore import areplay, notices
from trajcore.api import report_of
from trajcore.errors import BadInput, SandboxUnavailable
from trajcore.replay.states import State
from trajcore.sandbox.base import Limits, SandboxSettings
from trajcore.sandbox.shellsandbox import ShellSandbox
from trajcore.session import Session
from trajcore.settings import Settings
from trajcore.trajectory import Trajectory
from trajcore.views.worlds import offer
from trajcore.worlds.choice import Choice, choice_of
from trajcore.worlds.plan import with_machine

NAME = f"swebench/sweb.eval.x86_64.{INSTANCE.replace('__', '_1776_')}"
_REPOSITORY = """set -e; mkdir /testbed; cd /testbed; git init -q -b main
printf 'a - b\\n' > calc.py; printf 'x\\n' > README.md; git add .
git -c user.name=a -c user.email=a@b commit -qm one
git remote add origin https://example.com/x.git; echo not committed >> README.md"""


@pytest.fixture(scope="module")
def evaluation_image(docker_image: str) -> Iterator[str]:
    """An image called as SWE-bench calls that of the instance, with a repository at /testbed."""
    import docker

    client = docker.from_env()
    made = client.containers.run(docker_image, ["bash", "-c", _REPOSITORY], detach=True)
    assert made.wait()["StatusCode"] == 0, made.logs()
    made.commit(NAME, tag="latest")
    made.remove()
    yield f"{NAME}:latest"
    client.images.remove(f"{NAME}:latest", force=True)
    client.close()


def recording(*steps: tuple[str, str], **changes: Any) -> Trajectory:
    return Trajectory.from_bytes(lines(row(events(*steps), **changes)), "output.jsonl")


@asynccontextmanager
async def opened(
    trajectory: Trajectory,
    sandbox: str = "auto",
    choice: Choice | None = None,
    checkpoints: int = 8,
    **world: Any,
) -> AsyncIterator[tuple[Session, list[notices.Notice]]]:
    settings = SandboxSettings(**{"image": IMAGE, "limits": Limits(no_change=1.5, hard=20.0), **world})
    session = Session(
        trajectory, Settings(sandbox, settings, checkpoints=checkpoints, beginning=choice or Choice())
    )
    told: list[notices.Notice] = []
    session.subscribe(told.append)
    try:
        yield session, told
    finally:
        await session.close()


async def played(session: Session) -> list[tuple[str | None, str]]:
    session.resume()
    await session.idle()
    assert session.state is not State.ERROR, session.failure
    return [(result.match and result.match.value, result.reason) for result in session.results.values()]


STATUS = ("git status", "On branch main\nnothing to commit, working tree clean")
LISTED = ("ls", "README.md  calc.py")


@pytest.mark.docker
async def test_it_begins_in_the_image_behind_what_its_harness_ran(evaluation_image: str) -> None:
    steps = [
        STATUS,
        LISTED,
        (
            f"pwd; git remote; echo $SWE_INSTANCE_ID $USER; ls {WORK}/..",
            f"{WORK}\n{INSTANCE} root\nacme__calc__1.0",
        ),
    ]
    solved = (
        "grep -rl lines-that-solve /workspace /swe_util /testbed ~ 2>/dev/null; env | grep solve",
        "",
    )
    async with opened(recording(*steps, solved)) as (session, told):
        await session.prepare()
        assert session.sandbox_kind == "docker"
        assert [match for match, _ in await played(session)][:3] == ["equal"] * 3
        assert session.results[7].actual.content == ""
        world = report_of(session, "x", 1.0).to_dict()["world"]
        assert world == {
            "kind": "image",
            "image": evaluation_image,
            "repo": "acme/calc",
            "commit": "a" * 40,
            "evidence": {"whole": 0, "partial": 0, "named": 0},
        }
        # It is shown, and is no part of the run.
        before = [
            notice.text for notice in told if isinstance(notice, notices.Executing) and notice.is_prelude
        ]
        assert before[-2:] == [
            "git reset --hard",
            'for remote in $(git remote); do git remote remove "$remote"; done',
        ]
        assert b"HEAD is now at" in b"".join(
            notice.data for notice in told if isinstance(notice, notices.Output)
        )
        assert len(session.run) == len(session.trajectory)
        assert SOLUTION not in repr(told)


@pytest.mark.docker
async def test_going_back_and_restarting_lead_behind_it(evaluation_image: str) -> None:
    steps = [("rm README.md; cd /; unset SWE_INSTANCE_ID", ""), ("pwd", "/")]
    async with opened(recording(*steps)) as (session, _):
        await session.prepare()
        for again in ("step back", "from a fresh sandbox", "restart"):
            session.step()
            await session.idle()
            session.step()
            await session.idle()
            assert session.run.results[session.trajectory.uid(3)].match is not None, again
            if again == "restart":
                session.restart()
            else:
                session.go_back(session.back_to(1)[0 if again == "step back" else -1])
            await session.idle()
            assert session.state is State.PAUSED, session.failure
        sandbox = await session._replay.world.ready()
        assert await sandbox.files.output(f"cat {WORK}/README.md") == "x"


@pytest.mark.docker
async def test_a_container_that_is_gone_comes_back_with_what_ran_before(evaluation_image: str) -> None:
    async with opened(recording(("rm README.md; cd /", ""), ("true", ""))) as (session, _):
        await session.prepare()
        for _step in range(2):
            session.step()
            await session.idle()
        sandbox = await session._replay.world.ready()
        assert isinstance(sandbox, ShellSandbox)
        sandbox.machine._container.kill()
        session.go_back(session.back_to(1)[0])
        await session.idle()
        assert session.state is State.PAUSED, session.failure
        looked = (
            f"cat {WORK}/README.md; git -C {WORK} status --short; git -C {WORK} remote; tail -1 ~/.bashrc"
        )
        assert await sandbox.files.output(looked) == "x alias git='git --no-pager'"


@pytest.mark.docker
async def test_a_failure_of_it_says_which_command_and_why(evaluation_image: str) -> None:
    async with opened(recording(STATUS, data_set="bytedance__Multi-SWE"), choice=choice_of("image")) as (
        session,
        _,
    ):
        session._replay.worlds._own = (
            True  # another image than the recording names: this one has no /home/calc
        )
        session.resume()
        await session.idle()
        assert isinstance(session.failure, SandboxUnavailable)
        said = str(session.failure)
        assert (
            "before the first step failed: `mkdir -p /workspace && rm -rf /workspace/* && cp -r /home/calc"
            in said
        )
        assert "ended with exit code 1: cp: " in said
        assert session.results == {}


@pytest.mark.docker
async def test_without_the_image_it_says_which_it_wants_and_goes_on_bare(docker_image: str) -> None:
    trajectory = recording(("echo on", "on"), instance_id="acme__calc-404")
    wanted = "swebench/sweb.eval.x86_64.acme_1776_calc-404:latest"
    async with opened(trajectory) as (session, told):
        await session.prepare()
        (chosen,) = [notice for notice in told if isinstance(notice, notices.WorldChosen)]
        assert (chosen.kind, chosen.missing) == ("none", wanted)
        said = offer(session)
        assert wanted in said
        assert "--pull fetches it" in said
        assert "--world evidence" in said
        assert "O offers another world: " in offer(session, screen=True)
        assert await played(session) == [("equal", "")]
    async with opened(trajectory, choice=choice_of("image")) as (session, _):
        with pytest.raises(SandboxUnavailable, match=f"{wanted} is not here: --pull fetches it"):
            await session.prepare()


@pytest.mark.bubblewrap
async def test_the_user_may_pick_another_world_and_the_run_begins_there(tmp_path: Path) -> None:
    (tmp_path / "calc.py").write_text("a - b\n")
    trajectory = recording(("cat calc.py", "a - b"), instance_id="acme__calc-404")
    async with opened(trajectory, "bubblewrap") as (session, told):
        await session.prepare()
        assert [match for match, _ in await played(session)] == [None]
        assert [notice for notice in told if isinstance(notice, notices.WorldLacks)]
        session.choose_world(choice_of(repo=str(tmp_path)))
        await session.idle()
        assert session.position == 0
        session.step()
        await session.idle()
        assert "a - b" in (await session._replay.world.sandbox.files.read(f"{WORK}/calc.py")).decode()


@pytest.mark.bubblewrap
async def test_a_repository_and_a_harness_begin_where_the_harness_did(tmp_path: Path) -> None:
    (tmp_path / "calc.py").write_text("a - b\n")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    steps = [("pwd", WORK), ("ls", "calc.py"), STATUS]
    choice = choice_of(repo=str(tmp_path))
    async with opened(
        recording(*steps, base_commit=git(tmp_path, "rev-parse", "HEAD")), "bubblewrap", choice
    ) as (session, _):
        await session.prepare()
        assert [match for match, _ in await played(session)] == ["equal"] * 3
        assert session.world is not None
        assert (session.world.kind, session.world.commit) == ("repo", git(tmp_path, "rev-parse", "HEAD"))


@pytest.mark.docker
async def test_an_image_is_built_from_a_dockerfile(docker_image: str, tmp_path: Path) -> None:
    import docker

    (tmp_path / "Dockerfile").write_text(f"FROM {docker_image}\nRUN mkdir /built && echo yes > /built/f\n")
    trajectory = Trajectory.from_bytes(
        json.dumps([message(0), run(1, "cat /built/f"), ran(2, 1, "yes")]).encode()
    )
    async with opened(trajectory, choice=choice_of(dockerfile=tmp_path)) as (session, _):
        await session.prepare()
        assert await played(session) == [("equal", "")]
        assert session.world is not None
        assert session.world.kind == "dockerfile"
    with closing(docker.from_env()) as client:
        client.images.remove(session.world.image, force=True)
    (tmp_path / "Dockerfile").write_text(f"FROM {docker_image}\nRUN exit 7\n")
    async with opened(trajectory, choice=choice_of(dockerfile=tmp_path)) as (session, _):
        with pytest.raises(SandboxUnavailable, match="cannot be built"):
            await session.prepare()


@pytest.mark.parametrize("brings", ["workspace", "mount", "own", "local"])
async def test_what_the_user_brings_is_left_alone(
    evaluation_image: str, tmp_path: Path, brings: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prelude would remove all that is in /workspace."""
    (tmp_path / "kept").touch()
    sandbox = "local" if brings == "local" else "auto"
    world = {"workspace": tmp_path, "mount": brings == "mount"} if brings in ("workspace", "mount") else {}
    async with opened(recording(STATUS), sandbox, **world) as (session, _):
        session._replay.worlds._own = brings == "own"
        await session.prepare()
        assert session.world is not None
        assert (session.world.kind, session.world.steps, session.world.missing) == ("none", (), None)
        for choice in (choice_of("image"), choice_of(repo=str(tmp_path))) * (brings != "own"):
            session._replay.worlds.choice = choice
            with pytest.raises(BadInput):
                await session._replay.worlds.decide(session._replay.world._settings, lambda _: None)
    assert (tmp_path / "kept").exists()


@pytest.mark.bubblewrap
async def test_another_name_for_a_directory_is_used_and_never_recorded(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "f").write_text("here\n")
    steps = [
        ("cat /testbed/f", "here"),
        ("cd /testbed && pwd", "/testbed"),
        ("ls /testbed/gone", "ls: cannot access '/testbed/gone': No such file or directory"),
    ]
    data = json.dumps(events(*steps)).encode()
    trajectory = Trajectory.from_bytes(data)
    settings = Settings(
        "bubblewrap",
        SandboxSettings(workspace=tmp_path),
        beginning=choice_of("none", maps=["/testbed=/workspace/x"]),
    )
    saved = tmp_path / "run.json"
    report = await areplay(trajectory, settings=settings, save=saved)
    assert [step.match for step in report.steps][:2] == ["equal", "normalised"]
    assert report.steps[2].reason.startswith("exit 0 → 2")
    assert trajectory.to_bytes() == data
    commands = [
        event["args"]["command"] for event in json.loads(saved.read_bytes()) if event.get("action") == "run"
    ]
    answered = [
        event["extras"]["command"]
        for event in json.loads(saved.read_bytes())
        if event.get("observation") == "run"
    ]
    assert commands == answered == [command for command, _ in steps]


@pytest.mark.docker
async def test_an_image_is_fetched_where_that_is_asked_for(docker_image: str) -> None:
    import docker

    with closing(docker.from_env()) as client, registry(client.version()["Arch"]) as address:
        name = f"{address}/acme/calc:latest"
        try:
            for choice in (choice_of("image"), choice_of("image", pull=True), choice_of("image")):
                async with opened(recording(STATUS), choice=choice, image=name) as (session, told):
                    session._replay.worlds._own = True
                    if not choice.pull and not client.images.list(name):
                        with pytest.raises(SandboxUnavailable, match="is not here: --pull fetches it"):
                            await session.prepare()
                        continue
                    await session.prepare()
                    assert session.world is not None
                    assert (session.world.kind, session.world.image) == ("image", name)
                    said = {notice.text for notice in told if isinstance(notice, notices.Progress)}
                    assert (f"pulling {name}" in said) is choice.pull
        finally:
            client.images.remove(name, force=True)


@pytest.mark.docker
async def test_an_image_for_another_machine_is_named_so_and_not_begun_in(docker_image: str) -> None:
    import docker

    other = "arm64" if platform.machine() in ("x86_64", "amd64") else "amd64"
    name = "swebench/sweb.eval.x86_64.acme_1776_calc-9:latest"
    with closing(docker.from_env()) as client:
        client.images.load(saved(name, other))
        try:
            async with opened(recording(STATUS, instance_id="acme__calc-9")) as (session, _):
                await session.prepare()
                assert session.world is not None
                assert session.world.missing is not None
                assert session.world.missing.why.startswith(f"it is for {other}, and the engine runs ")
                assert "--pull" not in offer(session)
        finally:
            client.images.remove(name, force=True)


@pytest.mark.parametrize(
    ("machine", "image", "said"),
    [
        ("aarch64", "a/sweb.eval.x86_64.b", "away, and is for x86_64 where this is arm64"),
        ("x86_64", "a/sweb.eval.x86_64.b", "away"),
        ("aarch64", "a/sweb.eval.arm64.b", "away"),
        ("riscv64", "a/sweb.eval.x86_64.b", "away"),
        ("x86_64", "python:3.12", "away"),
    ],
)
def test_an_image_that_is_not_here_says_by_its_name_for_which_machine_it_is(
    machine: str, image: str, said: str
) -> None:
    assert with_machine("away", image, lambda: machine) == said
