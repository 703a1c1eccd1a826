"""`trajtui bisect`: lines, the object, exit codes, and what it leaves behind."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from documents import message, ran, run
from program import start, trajtui, write
from trajcore.sandbox.machines import leftovers

pytestmark = pytest.mark.bubblewrap

EVENTS = [
    message(0, "go"),
    run(1, "echo fine > state"), ran(2, 1),
    run(3, "true"), ran(4, 3),
    run(5, "echo '\x1b[31mbroken' > state"), ran(6, 5),
    run(7, "echo more >> state"), ran(8, 7),
]  # fmt: skip
EVENTS[5]["args"]["thought"] = "\x1b]0;title\x07Now I break it."
IN = ("--sandbox", "bubblewrap")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write(tmp_path / "a recording.json", EVENTS)


def test_verdicts_come_as_lines_and_the_step_with_its_message_and_diff(recording: Path) -> None:
    done = trajtui("bisect", recording, "--run", "cat state; ! grep -q broken state", *IN)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    assert printed[0].startswith("✓ before the first step: exit 0")
    assert printed[1] == "✗ after step 4/4, event 7: exit 1 · more"
    answer = printed[printed.index(next(line for line in printed if line.startswith("first after"))) :]
    assert answer[0].startswith("first after step 3/4, event 5: ")
    assert answer[1].startswith("  │ ")
    assert answer[1].endswith("Now I break it.")
    assert "  changed /workspace/state" in answer
    assert "  -fine" in answer
    assert answer[-1] == f"  trajtui '{recording}' --at 7"
    assert "4 steps in question" in done.stderr
    assert not set(done.stdout + done.stderr) & set("\x1b\x07\r")


def test_quiet_it_says_what_was_found_alone(recording: Path) -> None:
    done = trajtui("--quiet", "bisect", recording, "--run", "! grep -q broken state", *IN)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("first after step 3/4, event 5: ")


def test_as_json_it_is_one_object(recording: Path) -> None:
    done = trajtui("bisect", recording, "--run", "! grep -q broken state", "--json", *IN)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["first"]["id"], found["first"]["step"], found["first"]["next"]) == (5, 3, 7)
    assert [file["path"] for file in found["first"]["files"]] == ["/workspace/state"]
    assert found["worlds"] == len(found["verdicts"]) == 4
    assert found["verdicts"][0] == {
        "after": None, "step": 0, "passes": True, "exit_code": 0, "words": "exit 0",
        "last_line": "grep: state: No such file or directory", "seconds": found["verdicts"][0]["seconds"],
    }  # fmt: skip


def test_where_no_step_made_a_difference_the_exit_code_is_1(recording: Path) -> None:
    done = trajtui("bisect", recording, "--run", "nothing-of-that-name", *IN)
    assert done.returncode == 1
    assert "exit 127 at the beginning, exit 127 at the end" in done.stdout
    object = trajtui("bisect", recording, "--run", "true", "--json", *IN)
    assert object.returncode == 1
    assert json.loads(object.stdout)["first"] is None


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ((), 2, "--run COMMAND"),
        (("--run", " "), 2, "--run COMMAND"),
        (("--run", "true", "--good", "77"), 2, "77"),
        (("--run", "true", "--good", "7"), 2, "no step"),
        (("--run", "true", "--expect", "("), 2, "no regular expression"),
        (("--run", "true", "--sandbox", "recorded"), 3, "none can be made of the recorded sandbox"),
    ],
)
def test_what_cannot_be_looked_for_is_one_line(
    recording: Path, options: tuple[str, ...], code: int, said: str
) -> None:
    done = trajtui("bisect", recording, *IN, *options)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_interrupted_it_leaves_nothing_behind(recording: Path) -> None:
    with start("bisect", recording, "--run", "sleep 60", *IN) as running:
        assert running.stderr is not None
        while "in question" not in running.stderr.readline():
            pass
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
    assert running.returncode == 130
    with leftovers.found(docker=False) as left:
        assert left == []
