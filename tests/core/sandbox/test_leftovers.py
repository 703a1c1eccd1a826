"""What a killed program leaves behind goes at the next start; what belongs to a living one stays."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts import Account, account
from documents import message, ran, run
from needs import IMAGE
from program import ROOT, start, trajtui, write
from trajcore.sandbox.machines.leftovers import Leftover, sentence
from trajcore.sandbox.machines.owner import Owner, read_labels, read_word, this_program
from worlds import KINDS

__all__ = ["account"]

ENDLESS = [message(0, "go"), run(1, "echo begun; (setsid sleep 301 &); sleep 300"), ran(2, 1, "")]


def wait_for(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s"
        time.sleep(0.05)


# Owners


def test_this_program_lives_and_its_word_and_labels_name_it() -> None:
    me = this_program()
    assert me.pid == os.getpid()
    assert not me.is_dead
    assert read_word(me.word) == me
    assert read_labels(me.labels) == me


def test_a_process_that_ended_is_dead_also_when_its_id_is_given_out_again() -> None:
    me = this_program()
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert Owner(ended.pid, me.scope, me.birth).is_dead
    assert Owner(me.pid, me.scope, "01234567").is_dead


def test_what_ran_elsewhere_is_never_dead() -> None:
    me = this_program()
    assert not Owner(me.pid, "01234567", "01234567").is_dead


@pytest.mark.parametrize("word", ["", "12", "12-abc-def", "x-01234567-01234567", "1-01234567-01234567-"])
def test_no_owner(word: str) -> None:
    assert read_word(word) is None


def test_counting() -> None:
    def some(*kinds: str) -> list[Leftover]:
        return [Leftover(kind, "x", lambda: None) for kind in kinds]

    assert sentence([]) == ""
    assert sentence(some("image")) == "1 image"
    assert sentence(some("directory", "process", "directory", "container")) == (
        "1 process, 1 container and 2 directories"
    )


# Killed programs


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    directory = tmp_path / "scratch"
    directory.mkdir()
    return directory


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write(tmp_path / "endless.json", ENDLESS)


def killed(recording: Path, ready: Callable[[int], object], *options: str, **environment: str) -> int:
    """The process id of a replay that was killed while its command ran."""
    running = start("replay", recording, *options, **environment)
    try:
        wait_for(lambda: ready(running.pid))
    finally:
        running.kill()
        running.communicate()
    return running.pid


def alive(command: str, mark: str) -> list[int]:
    """The processes that run `command`, having `mark` in their environment or in their root's name."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            line = (path / "cmdline").read_text(errors="replace").replace("\0", " ").strip()
            about = "".join((path / name).read_text(errors="replace") for name in ("environ", "mountinfo"))
        except OSError:
            continue
        if line == command and mark in about:
            found.append(int(path.name))
    return found


def names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


@pytest.mark.bubblewrap
def test_after_kill_9_in_bubblewrap(recording: Path, scratch: Path) -> None:
    options, place = ("--sandbox", "bubblewrap"), {"TMPDIR": str(scratch)}
    pid = killed(recording, lambda pid: alive("sleep 300", f"trajtui-{pid}-"), *options, **place)
    wait_for(lambda: not alive("sleep 301", f"trajtui-{pid}-"))
    [left] = names(scratch)
    assert left.startswith(f"trajtui-{pid}-")
    foreign = scratch / "trajtui-1-01234567-01234567-xxxx"
    foreign.mkdir()
    living = start("replay", recording, *options, **place)
    try:
        wait_for(lambda: left not in names(scratch))
        wait_for(lambda: alive("sleep 300", f"trajtui-{living.pid}-"))
        said = trajtui("doctor", "--clean", **place)
        assert (said.returncode, said.stderr) == (0, "")
        assert f"trajtui-{living.pid}-" not in said.stdout
        assert alive("sleep 300", f"trajtui-{living.pid}-")
        living.send_signal(signal.SIGTERM)
        living.communicate(timeout=30)
    finally:
        living.kill()
    assert names(scratch) == [foreign.name]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_of_what_is_kept_to_go_back_to(kind: str, scratch: Path) -> None:
    """Killed anywhere, while files are kept and put back all the time."""
    walking = [sys.executable, str(ROOT / "tests" / "exactly.py"), kind, IMAGE, "6", "999"]
    for seconds in (0.5, 1.4):
        walk = subprocess.Popen(walking, env={**os.environ, "TMPDIR": str(scratch)}, stderr=subprocess.PIPE)
        try:
            wait_for(lambda: kind == "docker" or names(scratch))
            time.sleep(seconds)  # it may be anywhere
        finally:
            walk.kill()
            walk.communicate()
    trajtui("doctor", "--clean", TMPDIR=str(scratch))
    assert names(scratch) == []


@pytest.mark.bubblewrap
def test_the_doctor_tells_and_removes(recording: Path, scratch: Path) -> None:
    place = {"TMPDIR": str(scratch), "DOCKER_HOST": "unix:///no/such/socket"}
    options = ("--sandbox", "bubblewrap")
    pid = killed(recording, lambda pid: alive("sleep 300", f"trajtui-{pid}-"), *options, **place)
    [left] = names(scratch)
    (scratch / left / "root" / "workspace").chmod(0)
    told = trajtui("doctor", **place).stdout
    assert re.search(r"^--  left behind .*1 directory.*trajtui doctor --clean$", told, re.MULTILINE), told
    removed = trajtui("doctor", "--clean", **place)
    assert f"removed directory {scratch}/trajtui-{pid}-" in removed.stdout
    assert names(scratch) == []
    assert re.search(r"^ok  left behind +nothing$", trajtui("doctor", **place).stdout, re.MULTILINE)
    assert trajtui("doctor", "--clean", **place).stdout == "nothing was left behind\n"


def test_after_kill_9_on_the_bare_host(recording: Path, scratch: Path) -> None:
    place = {"TMPDIR": str(scratch), "DOCKER_HOST": "unix:///no/such/socket"}
    pid = killed(recording, lambda pid: alive("sleep 301", f"={pid}-"), "--sandbox", "local", **place)
    assert names(scratch)
    removed = trajtui("doctor", "--clean", **place).stdout
    assert "removed directory" in removed
    wait_for(lambda: not alive("sleep 301", f"={pid}-"))
    assert names(scratch) == []


@pytest.fixture
def engine(docker_image: str) -> Iterator[Any]:
    import docker

    client = docker.from_env()
    yield client
    client.close()


def containers(engine: Any, pid: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = engine.api.containers(all=True, filters={"label": f"trajtui.pid={pid}"})
    return found


@pytest.mark.docker
def test_after_kill_9_in_docker(recording: Path, engine: Any) -> None:
    options = ("--sandbox", "docker", "--image", IMAGE)
    first = start("replay", recording, *options)
    pid = first.pid
    try:
        wait_for(lambda: processes_in(engine, pid, "sleep 300"))
        # While it lives: whatever program starts, another test's too, removes what a dead one left.
        [left] = containers(engine, pid)
        image = engine.containers.get(left["Id"]).commit()
    finally:
        first.kill()
        first.communicate()
    foreign = engine.api.create_container(
        IMAGE, "true", labels={**left["Labels"], "trajtui.scope": "01234567"}
    )
    living = start("replay", recording, *options)
    try:
        wait_for(lambda: processes_in(engine, living.pid, "sleep 300"))
        wait_for(lambda: left["Id"] not in [one["Id"] for one in containers(engine, pid)])
        wait_for(lambda: image.id not in [one["Id"] for one in engine.api.images()])
        assert [one["Id"] for one in containers(engine, pid)] == [foreign["Id"]]
        trajtui("doctor", "--clean")
        assert processes_in(engine, living.pid, "sleep 300")
        living.send_signal(signal.SIGTERM)
        living.communicate(timeout=30)
        assert containers(engine, living.pid) == []
    finally:
        living.kill()
        engine.api.remove_container(foreign["Id"])


def processes_in(engine: Any, pid: int, command: str) -> bool:
    """Whether the container of program `pid` runs `command`."""
    import docker

    for one in containers(engine, pid):
        try:
            top = engine.api.top(one["Id"])
        except docker.errors.APIError:
            continue
        if command in json.dumps(top["Processes"]):
            return True
    return False


# Killed at any moment


RESTLESS = Path(__file__).with_name("restless.py")
STEPS = [
    message(0, "go"),
    run(1, "(setsid sleep 301 &); head -c 300K /dev/urandom > one"), ran(2, 1, ""),
    run(3, "cp one two; mkdir -m 0 closed"), ran(4, 3, ""),
    run(5, "rm one; sleep 0.2"), ran(6, 5, ""),
]  # fmt: skip
LONGEST = 4.0
"""Seconds in which a session has done everything at least once."""


def killed_at(
    moment: float, kind: str, recording: Path, account: Account, restless: Path, *, begun: bool
) -> int:
    """The process id of a session that was killed so many seconds after it was started, or had `begun`."""
    session = subprocess.Popen(
        [*account.python, restless, kind, IMAGE, recording],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert session.stdout is not None
    assert session.stderr is not None
    try:
        if begun:
            assert session.stdout.readline() == "begun\n", session.stderr.read()
        time.sleep(moment)
        assert session.poll() is None, session.stderr.read()
    finally:
        session.kill()
        session.stdout.close()
        session.stderr.close()
        session.wait()
    return session.pid


def traces(pids: list[int], scratch: Path) -> list[str]:
    """What is left on this machine of programs that ended: directories, control groups, processes."""
    begin = tuple(f"trajtui-{pid}-" for pid in pids)
    found = [name for name in names(scratch) if name.startswith(begin)]
    # Others' groups come and go meanwhile, which a walk passes over.
    for place, groups, _ in os.walk("/sys/fs/cgroup"):
        found += [f"{place}/{group}" for group in groups if group.startswith(begin)]
    for path in Path("/proc").glob("[0-9]*/mountinfo"):
        try:
            found += [str(path) for mark in begin if mark in path.read_text(errors="replace")]
        except OSError:
            continue
    return found


def traces_in(engine: Any, pids: list[int]) -> list[str]:
    """The same of an engine: containers, images."""
    labels = [{"label": f"trajtui.pid={pid}"} for pid in pids]
    found = [one["Id"] for label in labels for one in engine.api.containers(all=True, filters=label)]
    return found + [one["Id"] for label in labels for one in engine.api.images(all=True, filters=label)]


def at_rest(engine: Any, pids: list[int]) -> bool:
    """Whether an engine has ended what it was asked for before its client was killed."""
    before = traces_in(engine, pids)
    states = [one["State"] for pid in pids for one in containers(engine, pid)]
    time.sleep(0.5)
    return "paused" not in states and traces_in(engine, pids) == before


@pytest.mark.parametrize(
    "times",
    [
        pytest.param(2, id="some"),
        pytest.param(50, id="many", marks=[pytest.mark.long, pytest.mark.timeout(900)]),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.sampled(2)
def test_after_kill_9_at_any_moment_the_next_start_leaves_nothing(
    kind: str, times: int, account: Account, request: pytest.FixtureRequest
) -> None:
    engine = request.getfixturevalue("engine") if kind == "docker" else None
    moments = random.Random(times)
    restless, steps, endless = account.home / RESTLESS.name, account.home / "a.json", account.home / "b.json"
    shutil.copy(RESTLESS, restless)
    write(steps, STEPS)
    write(endless, ENDLESS)
    account.own(account.home)
    pids: list[int] = []
    left: list[str] = []
    for count in range(times):  # each start removes what those before it left
        begun = count % 2 == 0
        moment = moments.uniform(0, LONGEST) if count else 0
        pids.append(killed_at(moment, kind, steps, account, restless, begun=begun))
        left += traces(pids, account.scratch) + (traces_in(engine, pids) if engine else [])
    assert left, "none was killed in time"
    if engine is not None:
        wait_for(lambda: at_rest(engine, pids), 60)
    options = ("--sandbox", kind, "--image", IMAGE)
    living = start("replay", endless, *options, program=account.program)
    try:
        wait_for(lambda: not traces(pids, account.scratch), 60)
        wait_for(lambda: engine is None or not traces_in(engine, pids), 60)
        assert living.poll() is None
        living.send_signal(signal.SIGTERM)
        living.communicate(timeout=30)
    finally:
        living.kill()
    assert traces([living.pid], account.scratch) == []
    assert names(account.scratch) == []
    if engine is not None:
        assert traces_in(engine, [living.pid]) == []
