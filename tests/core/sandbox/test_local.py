"""The bare host as a sandbox: where it works, what it passes on, and that nothing stays."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from acting import execute
from trajcore.events.actions import RunAction, RunArgs
from trajcore.sandbox.base import SandboxSettings
from trajcore.sandbox.choose import choose
from trajcore.sandbox.machines.host.machine import clean_environment

pytestmark = pytest.mark.asyncio


async def started(**settings):
    sandbox = (await choose("local", SandboxSettings(**settings))).sandbox
    await sandbox.start(lambda _: None)
    return sandbox


async def answer(sandbox, command: str):
    return await execute(sandbox, RunAction(args=RunArgs(command=command)), None, lambda _: None)


async def output(sandbox, command: str) -> str:
    return (await answer(sandbox, command)).content


async def test_it_is_this_machine_and_works_on_a_copy(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "file").write_text("mine")
    sandbox = await started(workspace=tmp_path / "here")
    try:
        assert sandbox.kind == "local"
        directory = Path(await output(sandbox, "pwd"))
        assert directory.name == "workspace"
        assert directory.is_dir()
        assert await output(sandbox, "cat file; echo changed > file; echo $PPID > new") == "mine"
        assert Path(f"/proc/{(directory / 'new').read_text().strip()}").exists()
        assert (tmp_path / "here" / "file").read_text() == "mine"
    finally:
        await sandbox.close()
    assert not directory.parent.exists()


@pytest.mark.parametrize("kind", ["local", pytest.param("bubblewrap", marks=pytest.mark.bubblewrap)])
async def test_commands_heed_ctrl_c_where_this_program_was_told_to_ignore_it(kind: str) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    sandbox = (await choose(kind, SandboxSettings())).sandbox
    try:
        await sandbox.start(lambda _: None)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        still = RunAction(args=RunArgs(command="sleep 60"), timeout=0.5)
        await execute(sandbox, still, None, lambda _: None)
        keys = RunAction(args=RunArgs(command="C-c", is_input=True))
        assert (await execute(sandbox, keys, None, lambda _: None)).extras.metadata.exit_code == 130
    finally:
        signal.signal(signal.SIGINT, before)
        await sandbox.close()


async def test_a_shell_that_ends_is_replaced_in_the_same_directory() -> None:
    sandbox = await started()
    try:
        directory = await output(sandbox, "pwd")
        ended = await answer(sandbox, "cd /; exit 3")
        assert ended.extras.metadata.exit_code == 3
        assert directory in ended.extras.metadata.suffix
        assert await output(sandbox, "pwd") == directory
    finally:
        await sandbox.close()


async def test_what_the_steps_started_ends_with_it(tmp_path: Path) -> None:
    sandbox = await started()
    pids = tmp_path / "pids"
    await output(
        sandbox,
        f"sleep 300 & echo $! >> {pids}; setsid sleep 300 & echo $! >> {pids}; "
        f"(trap '' HUP TERM INT; echo $BASHPID >> {pids}; while :; do sleep 1; done) & disown -a; "
        f"until [ $(wc -l < {pids}) = 3 ]; do sleep 0.01; done",
    )
    started_pids = [int(line) for line in pids.read_text().split()]
    assert len(started_pids) == 3
    await sandbox.close()
    assert [pid for pid in started_pids if is_running(pid)] == []


def is_running(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return state.strip() not in ("",) and not state.startswith("Z")


async def test_other_sessions_of_this_user_live_on() -> None:
    bystander = subprocess.Popen(["sleep", "300"], start_new_session=True)
    try:
        sandbox = await started()
        await sandbox.close()
        time.sleep(0.1)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


async def test_keys_stay_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LLM_API_KEY", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "DOCKER_HOST"):
        monkeypatch.setenv(name, "hidden-value")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/tmp/hidden-value")
    monkeypatch.setenv("DATABASE_URL", "postgres://me:hidden-value@db/x")
    monkeypatch.setenv("KEYBOARD", "shown-value")
    sandbox = await started()
    try:
        inside = await output(sandbox, "env; echo home:$HOME; cat /proc/$$/environ | tr '\\0' '\\n'")
    finally:
        await sandbox.close()
    assert "hidden-value" not in inside
    assert "KEYBOARD=shown-value" in inside
    assert f"home:{os.environ['HOME']}" in inside


async def test_what_is_kept_of_an_environment() -> None:
    kept = clean_environment(
        {"PATH": "/x", "TERM": "dumb", "COLUMNS": "7", "HTTP_PROXY": "http://proxy:3128"}
    )
    assert kept["PATH"] == "/x"
    assert kept["HTTP_PROXY"] == "http://proxy:3128"
    assert kept["TERM"] == "xterm-256color"
    assert "COLUMNS" not in kept


async def test_nothing_is_said_of_processes_on_standard_error(caplog: pytest.LogCaptureFixture) -> None:
    sandbox = await started()
    await answer(sandbox, "echo hi")
    await sandbox.close()
    await sandbox.close()
    assert caplog.text == ""
