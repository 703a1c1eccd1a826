"""Confirmation without a screen: on a terminal it is asked there, and without one the run stops."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
from pathlib import Path

import pytest

from documents import message
from loopback import Answer, Call, Loopback
from program import PROGRAM, trajtui

BUBBLEWRAP = ("--sandbox", "bubblewrap")
RISKY = "echo was run; rm -f *.tmp"
ANSWERS = [Answer(calls=[Call("execute_bash", {"command": RISKY})]), Answer("Bye.")]


def live(server: Loopback) -> dict[str, str]:
    return {"LLM_MODEL": "openai/loopback", "LLM_API_KEY": "sk-loopback-key", "LLM_BASE_URL": server.url}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "recording.json"
    path.write_text(json.dumps([message(0)]))
    return path


def outputs(run: Path) -> list[str]:
    return [event["content"] for event in json.loads(run.read_text()) if event.get("observation") == "run"]


@pytest.mark.bubblewrap
def test_without_a_terminal_the_run_stops_and_says_what_to_type(recording: Path, tmp_path: Path) -> None:
    run = tmp_path / "run.json"
    with Loopback(ANSWERS) as server:
        done = trajtui("replay", recording, *BUBBLEWRAP, "--continue", "--save", run, **live(server))
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if "--confirm never" in line]
    assert RISKY in line
    assert outputs(run) == []


@pytest.mark.bubblewrap
@pytest.mark.parametrize("how", ["option", "own file"])
@pytest.mark.sampled(2)
def test_never_asks_for_nothing(recording: Path, tmp_path: Path, how: str) -> None:
    run, config = tmp_path / "run.json", tmp_path / "config.toml"
    config.write_text("[trajtui]\nconfirm = 'never'\n")
    more = ("--confirm", "never") if how == "option" else ("--config", config)
    with Loopback(ANSWERS) as server:
        done = trajtui("replay", recording, *BUBBLEWRAP, "--continue", "--save", run, *more, **live(server))
    assert done.returncode == 0, done.stderr
    assert outputs(run) == ["was run"]


@pytest.mark.bubblewrap
def test_the_setting_of_openhands_counts_from_the_first_call_on(recording: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[security]\nconfirmation_mode = true\n[trajtui]\nconfirm = 'never'\n")
    harmless = [Answer(calls=[Call("execute_bash", {"command": "ls"})])]
    with Loopback(harmless) as server:
        done = trajtui("replay", recording, *BUBBLEWRAP, "--continue", "--config", config, **live(server))
    assert done.returncode == 1
    assert "every action is asked for" in done.stderr


def test_another_word_than_the_three_is_refused(recording: Path) -> None:
    done = trajtui("replay", recording, "--sandbox", "recorded", "--confirm", "sometimes")
    assert done.returncode == 2
    assert "never, risky, always" in done.stderr


def asked(recording: Path, run: Path, server: Loopback, *words: str) -> tuple[int, str]:
    """The program in a terminal of its own, with a line for each question that ends with `?` or `:`."""
    ours, theirs = pty.openpty()
    command = [PROGRAM, "replay", recording, *BUBBLEWRAP, "--continue", "--save", run]
    program = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, **live(server)},
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    printed, left = "", list(words)
    while True:
        if not select.select([ours], [], [], 60)[0]:
            program.kill()
            raise AssertionError(printed)
        try:
            data = os.read(ours, 4096)
        except OSError:  # the terminal of a program that has ended
            data = b""
        if not data:
            break
        printed += data.decode(errors="replace")
        if left and printed.endswith(("? ", ": ")):
            os.write(ours, left.pop(0).encode())
    os.close(ours)
    return program.wait(60), printed


@pytest.mark.bubblewrap
@pytest.mark.parametrize(
    ("words", "code", "ran"),
    [
        (["what\n", "a\n"], 0, ["was run"]),
        (["approve all\n"], 0, ["was run"]),
        (["e\n", "echo edited\n"], 0, ["edited"]),
        (["r\n", "keep them\n"], 0, []),
        (["r\n", "\n"], 0, []),
        (["\x04"], 1, []),
    ],
    ids=["approve", "approve all", "edit", "refuse", "refuse and wait", "end of input"],
)
@pytest.mark.sampled(3)
def test_on_a_terminal_it_is_asked_there(
    recording: Path, tmp_path: Path, words: list[str], code: int, ran: list[str]
) -> None:
    run = tmp_path / "run.json"
    with Loopback(ANSWERS) as server:
        ended, printed = asked(recording, run, server, *words)
    assert "Approve all: deleting (l)" in printed
    assert (ended, outputs(run)) == (code, ran), printed
