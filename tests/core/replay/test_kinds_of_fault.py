"""What recordings hold that a replay has got wrong, kind by kind: one recording of today's, one of 2024.

Each is replayed in a sandbox; then the run that was saved is, which has to come to the same in every step.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from trajcore import areplay
from trajcore.replay.report import Step
from trajcore.trajectory import Trajectory

_ALONE: Final = "\n[The command has no new output after 10 seconds. You may wait longer.]"


class Kind(NamedTuple):
    """A step: what was carried out, what is recorded of it, and what a replay has to say."""

    given: str
    recorded: str
    verdict: str
    reason: tuple[str, ...] = ()
    exit_code: int = 0
    typed: bool = False
    user: str = "dev"
    refused: bool = False
    unsaid: str = ""


TABS: Final = (
    Kind("printf 'key\\tvalue\\n\\tdeep\\n'", "key     value\n        deep", "equal"),
    Kind("printf '\\tfirst\\n\\tsecond\\n'", "first\n        second", "equal"),
    Kind("printf 'x\\ty\\n'", "x\ty", "equal"),
    Kind("printf 'x\\ty\\n'", "x y", "diverged", ("x·y", "x·······y")),
    Kind("printf 'user\\t0m1.234s\\n'", "user    0m0.004s", "normalised"),
)
PICTURES: Final = (
    Kind("printf '10%%\\r20%%\\rdone\\n'", "done", "equal"),
    Kind("printf '\\033[31mred\\033[0m  \\n'", "red", "equal"),
    Kind("printf 'ab\\b\\bxy\\n\\n\\n'", "xy", "equal"),
)
NAMES: Final = (
    Kind("touch f && ls -l f", "-rw-r--r-- 1 dev dev 0 Mar  3 03:33 f", "normalised"),
    Kind("ls -l f", "-rw-r--r-- 1 nobody nogroup 0 Mar  3 03:33 f", "diverged", ("nobody",)),
    Kind("whoami; id", "dev\nuid=1000(dev) gid=1000(dev) groups=1000(dev),27(sudo)", "normalised"),
    Kind("echo ~", "/home/dev", "normalised"),
    Kind("hostname", "recorder", "normalised"),
    Kind("whoami", "root", "equal", user="root"),
    Kind("echo nobody", "root", "diverged", user="root"),
)
REASONS: Final = (
    Kind(f"echo {'y' * 90} new", f"{'y' * 90} old", "diverged", ("old", "new")),
    Kind("printf 'a\\n      b\\n'", "a\n  b", "diverged", ("··b", "······b")),
    Kind("cat gone.txt", "text", "diverged", ("exit 0 → 1", "gone.txt: No such file")),
    Kind("frobnicate --now", "1", "diverged", ("frobnicate is not in the sandbox",), unsaid="network"),
    Kind("python3 -c 'int(\"x\")'", "", "diverged", ("ValueError: invalid literal",)),
    Kind("git ls-remote https://example.invalid/x", "1 HEAD", "diverged", ("network is off", "--network")),
    Kind("python3 -c 'import socket; socket.create_connection((\"192.0.2.1\", 80), 1)'", "", "diverged",
         ("network is off", "--network")),
    Kind("grep -c x gone.txt", "3", "diverged", ("gone.txt",), unsaid="network"),
)  # fmt: skip
TIMES: Final = (
    Kind("echo 'Done on Tuesday, 5 March 2024 at 17:02:11 CET'",
         "Done on Monday, 4 March 2024 at 01:02:03 UTC", "normalised"),
    Kind("echo 'elapsed: 2 min 3 sec; 12.5 kB/s'", "elapsed: 59 sec; 1.25 MB/s", "normalised"),
    Kind("echo '===== 3 passed, 1 skipped in 61.02s (0:01:01) ====='", "=== 3 passed, 1 skipped in 0.50s ===",
         "normalised"),
    Kind("echo '== 3 passed, 2 skipped in 0.1s =='", "== 3 passed, 1 skipped in 0.1s ==", "diverged"),
    Kind("echo pkg 2.10.1", "pkg 2.10.0", "diverged"),
    Kind("sleep 5 & echo started $!", "[1] 12\nstarted 12", "normalised"),
    Kind("ls -i f", "1234 f", "normalised"),
    Kind("wc -c < f", "1", "diverged"),
    Kind("echo /tmp/report.txt", "/tmp/rapport.txt", "diverged"),
)  # fmt: skip
REFUSED: Final = (
    Kind("touch r1\ntouch r2", "ERROR: Cannot execute multiple commands at once.\nPlease", "recorded",
         ("not carried out when it was recorded",), refused=True),
    Kind("touch r3", "Stop button pressed. The action has not been executed.", "recorded",
         ("not carried out when it was recorded",), refused=True),
    Kind("touch r4", "The action has not been executed due to a runtime error. The runtime system may have",
         "recorded", ("not carried out when it was recorded",), refused=True),
    Kind("ls", "f", "equal"),
)  # fmt: skip
TYPED: Final = (
    Kind('while read line; do echo "$line$line"; done', "", "equal", exit_code=-1),
    Kind("ab", "abab", "equal", exit_code=-1, typed=True),
    Kind("C-d", "", "equal", typed=True),
    Kind("python3 -c 'print(input()); print(\"  in\")'", "", "equal", exit_code=-1),
    Kind("what", "what\n  in", "equal", typed=True),
)
ENDED: Final = (
    Kind("exec 0</dev/null", "", "equal"),
    Kind("touch made; ls", "f  made", "equal"),
)
TODAY: Final = (*TABS, *PICTURES, *NAMES, *REASONS, *TIMES, *REFUSED, *TYPED, *ENDED)

PROMPT: Final = "\r\n\r\nroot@0123456789ab:{} # "
BEFORE: Final = (
    Kind("touch NOTES", "" + PROMPT.format("/workspace"), "equal"),
    Kind("seq 2", "1\r\n2" + PROMPT.format("/workspace"), "equal"),
    Kind("cd /tmp && pwd",
         "/tmp\r\n\r\n[Python Interpreter: /usr/bin/python]\r\nroot@0123456789ab:/tmp # ", "equal"),
    Kind("false", "\r\n\r\nopenhands@host:/tmp $ ", "equal", exit_code=1),
    Kind("echo 'me@here:/x $ '", "me@there:/x $ " + PROMPT.format("/tmp"), "diverged",
         ("me@there", "me@here")),
)  # fmt: skip


def today() -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = [
        {"id": 0, "source": "user", "action": "message", "args": {"content": "go"}}
    ]
    for kind in TODAY:
        at = len(events)
        args = {"command": kind.given, "is_input": kind.typed}
        told = {
            "exit_code": kind.exit_code,
            "username": kind.user,
            "hostname": "recorder",
            "working_dir": "/workspace",
            "suffix": _ALONE if kind.exit_code == -1 else "",
        }
        extras = {"error_id": ""} if kind.refused else {"command": kind.given, "metadata": told}
        answer = {
            "observation": "error" if kind.refused else "run",
            "content": kind.recorded,
            "extras": extras,
        }
        events += [
            {"id": at, "source": "agent", "action": "run", "args": args},
            {"id": at + 1, "source": "agent", "cause": at, **answer},
        ]
    return events


def flattened(kinds: tuple[Kind, ...]) -> list[dict[str, Any]]:
    """As resolvers wrote it in the summer of 2024."""
    events: list[dict[str, Any]] = [{"action": "message", "content": "go", "wait_for_response": False}]
    for kind in kinds:
        events += [
            {"action": "run", "command": kind.given, "thought": "", "keep_prompt": True},
            {"observation": "run", "command": kind.given, "content": kind.recorded, "command_id": -1,
             "exit_code": kind.exit_code},
        ]  # fmt: skip
    return events


def paired(kinds: tuple[Kind, ...]) -> list[list[dict[str, Any]]]:
    """As evaluations wrote it in 2024."""
    pairs = []
    for at, kind in enumerate(kinds):
        action = {"id": 2 * at, "source": "agent", "action": "run",
                  "args": {"command": kind.given, "thought": "", "keep_prompt": True}}  # fmt: skip
        extras = {"command": kind.given, "command_id": -1, "exit_code": kind.exit_code}
        answer = {"id": 2 * at + 1, "source": "agent", "cause": 2 * at, "observation": "run",
                  "content": kind.recorded, "extras": extras}  # fmt: skip
        pairs.append([action, answer])
    return pairs


def verdict(step: Step) -> str:
    return step.match or step.status


RECORDINGS: Final = {
    "today": (TODAY, today()),
    "flattened": (BEFORE, [{"instance_id": "x", "history": flattened(BEFORE)}]),
    "pairs": (BEFORE, [{"instance_id": "x", "history": paired(BEFORE)}]),
}


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=getattr(pytest.mark, kind)) for kind in ("bubblewrap", "docker")]
)
@pytest.mark.parametrize("name", RECORDINGS)
@pytest.mark.sampled(2)
async def test_each_step_comes_to_what_it_must_and_its_saved_run_to_the_same(
    name: str, kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    kinds, events = RECORDINGS[name]
    options = {"image": request.getfixturevalue("docker_image")} if kind == "docker" else {}
    path, saved = tmp_path / "recording.json", tmp_path / "saved.json"
    path.write_text(json.dumps(events if name == "today" else events[0]))
    report = await areplay(path, sandbox=kind, save=saved, **options)
    assert len(report.steps) == len(kinds)
    steps = list(zip(kinds, report.steps, strict=True))
    wrong = [(kind.given, step) for kind, step in steps if verdict(step) != kind.verdict]
    assert wrong == []
    junit = report.junit().decode().replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">")
    for kind_of, step in steps:
        assert all(words in step.reason for words in kind_of.reason), (kind_of.given, step.reason)
        assert not kind_of.unsaid or kind_of.unsaid not in step.reason
        assert step.status != "diverged" or step.reason.replace("&", "&amp;") in junit.replace(
            "&amp;", "&amp;"
        )

    written = Trajectory.open(saved)
    assert written.checking()() == []
    again = await areplay(saved, sandbox=kind, **options)
    assert {step.reason for step in again.steps if step.status == "diverged"} == set()
    assert [step.status == "recorded" for step in again.steps] == [kind.refused for kind in kinds]
    assert path.read_text() == json.dumps(events if name == "today" else events[0])
