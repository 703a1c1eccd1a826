"""`trajtui show --check`: what it prints, its exit code, and that `trajtui edit` takes what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from program import SAMPLES, trajtui, write

FAULTY: list[dict[str, Any]] = [
    {**message(0), "args": {"content": "x", "wait_for_response": "perhaps"}},
    run(1, "ls"),
    ran(2, 1),
    run(1, "pwd"),
    ran(4, 1),
    ran(5, 99),
    run(6, "x"),
    message(7),
]


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.name)
def test_nothing_is_wrong_with_the_samples(path: Path) -> None:
    done = trajtui("show", "--check", path)
    assert done.returncode == 0
    assert done.stdout.startswith("nothing wrong was found in ")


def test_each_finding_is_a_line_with_what_would_mend_it(tmp_path: Path) -> None:
    done = trajtui("show", "--check", write(tmp_path / "t.json", FAULTY))
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[1] == (
        "#3 (id 1)  error: duplicate id: event #1 has the id 1 too  → mend: --set '#3:id=3' --set 4:cause=3"
    )
    assert lines[2].endswith("→ mend: --delete 5")
    assert lines[-1] == "4 errors in 8 events"


def test_warnings_alone_are_no_failure(tmp_path: Path) -> None:
    done = trajtui("show", "--check", write(tmp_path / "t.json", [message(0), run(1)]))
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "1 warning in 2 events"


def test_edit_takes_what_json_says_until_nothing_is_wrong(tmp_path: Path) -> None:
    path = write(tmp_path / "t.json", FAULTY)
    for _ in FAULTY:
        done = trajtui("show", "--check", "--json", path)
        findings = json.loads(done.stdout)["findings"]
        if done.returncode == 0:
            break
        assert list(findings[0]) == ["index", "id", "severity", "code", "text", "repair"]
        offered = next(finding["repair"]["edit"] for finding in findings if finding["repair"])
        edited = trajtui("edit", path, "--in-place", *offered)
        assert edited.returncode == 0, edited.stderr
    assert done.returncode == 0, done.stdout


def test_texts_of_the_recording_cannot_act_on_the_terminal(tmp_path: Path) -> None:
    path = write(tmp_path / "t.json", [message(0), {"id": 1, "action": "\x1b]0;x\x07\u202e", "args": {}}])
    for options in ((), ("--json",)):
        done = trajtui("show", "--check", *options, path)
        assert not set(done.stdout) & set("\x1b\x07\u202e")
