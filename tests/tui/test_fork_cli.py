"""`trajtui fork`: table, objects, exit codes; what it keeps is what `branches` lists and saves."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from documents import message, ran, run
from loopback import Answer, Call, Loopback
from program import start, trajtui, write

pytestmark = pytest.mark.bubblewrap

EVENTS = [message(0, "go"), run(1, "echo one > file; cat file"), ran(2, 1, "one"), run(3, "true"), ran(4, 3)]
KEYS = {
    "model", "branch", "state", "run_exit", "steps", "tokens", "cost", "seconds", "files", "last_message"
}  # fmt: skip


def works(name: str) -> list[Answer]:
    return [
        Answer(calls=[Call("execute_bash", {"command": f"echo {name} > {name}"})]),
        Answer(calls=[Call("finish", {"message": f"\x1b[31m{name} is done.\nReally."})]),
    ]


def forked(path: Path, answers: Sequence[Answer], *more: str | Path) -> subprocess.CompletedProcess[str]:
    with Loopback(answers) as server:
        model = {"LLM_BASE_URL": server.url, "LLM_API_KEY": "sk-loopback-key"}
        options = ("--sandbox", "bubblewrap", "--model", "openai/a", "--model", "openai/b")
        return trajtui("fork", path, "--at", "3", *options, *more, **model)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write(tmp_path / "x.json", EVENTS)


def test_the_table_has_a_row_a_model(recording: Path, tmp_path: Path) -> None:
    done = forked(recording, [*works("a"), *works("b")], "--run", "ls; test -e a")
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    one, other, parts = printed[-3:]
    for row, name, code in ((one, "a", "exit 0"), (other, "b", "exit 1")):
        said = f"{name} is done. Really."
        for word in (f"openai/{name} ", "finished", code, "1 file changed", "2 steps", "200 tokens in", said):
            assert word in row, (word, row)
    assert parts.startswith("openai/b parts from openai/a at event ")
    assert "run echo b > b; there: run echo a > a" in parts
    assert [line for line in printed if line.startswith("⎇")] == ["⎇ openai/a", "⎇ openai/b"]
    assert sum(line.startswith("=     1") for line in printed) == 1
    assert not set(done.stdout + done.stderr) & set("\x1b\r\x07")
    listed = trajtui("branches", recording, "--json").stdout.splitlines()
    kept = [json.loads(line) for line in listed]
    assert [(one["name"], one["model"], one["state"]) for one in kept[1:]] == [
        ("openai/a", "openai/a", "finished"),
        ("openai/b", "openai/b", "finished"),
    ]
    out = tmp_path / "out.json"
    assert trajtui("branches", recording, "--save", "openai/b", out).returncode == 0
    replayed = trajtui("replay", out, "--sandbox", "bubblewrap", "--strict")
    assert replayed.returncode == 0, replayed.stdout


def test_as_json_it_is_an_object_a_model_and_nothing_else(recording: Path) -> None:
    refused = Answer(status=400, error="no more")
    done = forked(recording, [*works("a"), refused], "--json")
    assert done.returncode == 1
    one, other = map(json.loads, done.stdout.splitlines())
    assert one.keys() >= KEYS
    assert (one["model"], one["branch"], one["state"]) == ("openai/a", "openai/a", "finished")
    assert (one["run_exit"], one["steps"], one["cost"]) == (None, 2, 0.0)
    assert one["tokens"] == {"prompt": 200, "completion": 40, "cache_read": 0, "cache_write": 0}
    assert one["files"] == [{"path": "/workspace/a", "change": "added"}]
    assert (other["branch"], other["state"], other["steps"]) == (None, "error", 0)
    assert "no more" in other["failure"]
    assert next(line for line in done.stderr.splitlines() if "no more" in line).startswith("trajtui: ")


@pytest.mark.long
def test_quiet_prints_the_table_alone(recording: Path) -> None:
    refused = Answer(status=400, error="no more")
    done = forked(recording, [refused, refused], "--quiet")
    assert done.returncode == 3
    rows = done.stdout.splitlines()
    assert [row.split()[:2] for row in rows] == [["openai/a", "error"], ["openai/b", "error"]]
    assert all("no more" in row for row in rows)


@pytest.mark.long
def test_interrupted_it_says_what_the_others_came_to(recording: Path) -> None:
    with Loopback([*works("a"), Answer("I", hang=True)]) as server:
        model = {"LLM_BASE_URL": server.url, "LLM_API_KEY": "sk-loopback-key"}
        options = ("--sandbox", "bubblewrap", "--model", "openai/a", "--model", "openai/b")
        running = start("fork", recording, "--at", "3", *options, **model)
        try:
            assert server.hanging.wait(60)
            running.send_signal(signal.SIGINT)
            printed, errors = running.communicate(timeout=30)
        finally:
            running.kill()
    assert running.returncode == 130
    assert errors.splitlines()[-1] == "interrupted"
    assert printed.splitlines()[-1].startswith("openai/a  finished")
    listed = trajtui("branches", recording, "--json").stdout.splitlines()
    assert [json.loads(line)["name"] for line in listed] == ["recorded", "openai/a", "openai/b"]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--at", "99", "--model", "openai/a"), 2, "no event 99"),
        (("--model", "openai/a"), 2, "--at ID"),
        (("--at", "3"), 3, "no model is configured"),
        (("--at", "#3", "--model", "openai/a", "--sandbox", "recorded"), 3, "the recorded sandbox"),
    ],
)
def test_what_cannot_be_is_one_plain_line(
    recording: Path, options: tuple[str, ...], code: int, words: str
) -> None:
    done = trajtui("fork", recording, *options)
    assert (done.returncode, done.stdout) == (code, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("trajtui: ")
    assert words in line
