"""A live session without a screen: what is printed while it happens, and what it says at its end."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from loopback import Answer, Call, Loopback
from program import PROGRAM, say, start, trajtui, write
from trajcore.views.runobjects import KINDS

BUBBLEWRAP = ("--sandbox", "bubblewrap")
FINISH = Answer(calls=[Call("finish", {"message": "All done."})])
LOOK = Answer("I look.", calls=[Call("execute_bash", {"command": "echo one\nfalse"})])

pytestmark = pytest.mark.bubblewrap


def bash(command: str) -> Call:
    return Call("execute_bash", {"command": command})


def live(server: Loopback, model: str = "openai/loopback") -> dict[str, str]:
    return {"LLM_MODEL": model, "LLM_API_KEY": "sk-loopback-key", "LLM_BASE_URL": server.url}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """One step, after which it is the agent's turn."""
    return write(tmp_path / "x.json", [message(0, "go"), run(1, "true"), ran(2, 1)])


def carried_on(
    recording: Path, answers: list[Answer], *options: str, model: str = "openai/loopback"
) -> subprocess.CompletedProcess[str]:
    with Loopback(answers) as server:
        return trajtui("replay", recording, *BUBBLEWRAP, "--continue", *options, **live(server, model))


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def starts(text: str) -> list[str]:
    """The first words of each line that begins as one of the program's own."""
    own = [line.split() for line in text.splitlines() if not line.startswith(" ")]
    return [" ".join(words[:3]) for words in own]


def test_what_the_model_says_and_does_is_printed_in_order(recording: Path) -> None:
    done = carried_on(recording, [LOOK, FINISH], "--message", "now act", model="openai/gpt-4o")
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    assert starts(done.stdout) == [
        "= 1 run", "★ 3 user", "★ agent I", "★ 4 run", "★ 6 finish", "live: 2 steps", "1 step: 1",
    ]  # fmt: skip
    began = printed.index("★     4  run          echo one")
    call, result = printed[began - 1], printed[began + 2]
    assert printed[began + 1].strip() == "false"
    assert call.strip().startswith("100 tokens in, 20 out · $0.000")
    assert result.strip().startswith("exit 1 · ")
    assert printed[began + 3].strip() == "│ one"
    (total,) = [line for line in printed if line.startswith("live: ")]
    assert " · 200 tokens in, 40 out · $0.000" in total
    assert total.endswith(" · finished")


def test_a_long_result_shows_its_first_lines(recording: Path) -> None:
    done = carried_on(recording, [Answer(calls=[bash("seq 100; printf '%0500d' 7")]), FINISH])
    shown = [line.strip() for line in done.stdout.splitlines() if "│" in line]
    assert shown == ["│ 1", "│ 2", "│ 3", "│ 4", "│ 5", "│ …"]


def test_as_json_the_same_is_told_in_objects(recording: Path) -> None:
    done = carried_on(recording, [LOOK, FINISH], "--json", "--message", "now act")
    assert done.returncode == 0, done.stderr
    told = objects(done.stdout)
    pieces = [one for one in told if one["kind"] == "text"]
    assert "".join(one["text"] for one in pieces) == "I look."
    assert [one["fresh"] for one in pieces] == [True] + [False] * (len(pieces) - 1)
    others = [one for one in told if one["kind"] != "text"]
    assert [one["kind"] for one in others] == [
        "step", "action", "reply", "action", "observation", "reply", "action", "live", "end",
    ]  # fmt: skip
    assert {one["kind"] for one in told} == {kind for kind, _ in KINDS}
    step, user, reply, action, observation, _, finish, outcome, end = others
    assert (step["step"]["id"], step["step"]["status"], step["summary"]) == (1, "matched", "true")
    assert (user["source"], user["args"]["content"]) == ("user", "now act")
    assert reply["tokens"] == {"prompt": 100, "completion": 20, "cache_read": 0, "cache_write": 0}
    assert (action["action"], action["args"]["command"]) == ("run", "echo one\nfalse")
    assert (observation["cause"], observation["exit_code"], observation["content"]) == (4, 1, "one")
    assert observation["seconds"] > 0
    assert (finish["action"], finish["args"]["final_thought"]) == ("finish", "All done.")
    assert (outcome["steps"], outcome["ending"], outcome["last_message"]) == (2, "finished", "All done.")
    assert (end["mode"], end["state"], end["counts"]["matched"]) == ("live", "finished", 1)
    assert end["live"] == {key: value for key, value in outcome.items() if key != "kind"}


def test_a_replay_alone_can_be_told_in_objects(recording: Path) -> None:
    done = trajtui("replay", recording, *BUBBLEWRAP, "--json")
    step, end = objects(done.stdout)
    assert (step["kind"], step["step"]["match"]) == ("step", "equal")
    assert (end["kind"], end["live"], end["failure"]) == ("end", None, None)
    assert end["summary"] == "1 step: 1 equal"


def test_quiet_prints_what_it_came_to_alone(recording: Path) -> None:
    done = carried_on(recording, [LOOK, FINISH], "--quiet")
    assert starts(done.stdout) == ["live: 2 steps", "1 step: 1"]
    assert done.stderr == ""
    told = objects(carried_on(recording, [LOOK, FINISH], "--quiet", "--json").stdout)
    assert [one["kind"] for one in told] == ["live", "end"]


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_an_error_is_one_plain_line(recording: Path, options: tuple[str, ...]) -> None:
    done = carried_on(recording, [LOOK, Answer(status=400, error="no more")], "--quiet", *options)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("trajtui: ")
    assert "no more" in line
    if options:
        outcome, end = objects(done.stdout)
        assert (outcome["ending"], end["state"]) == ("error", "error")
        assert "no more" in end["failure"]
    else:
        assert done.stdout.splitlines()[0].endswith(" · error")


def test_a_text_that_breaks_off_has_its_line_ended_first(recording: Path) -> None:
    hangs_up = Answer("I begin to", drop=True)
    done = carried_on(recording, [hangs_up, Answer("I say it.", calls=FINISH.calls)])
    printed = [line.strip() for line in done.stdout.splitlines()]
    assert printed[1] == "★        agent        I begin to"
    assert printed[2] == "★        agent        I say it."
    assert "broke off" in done.stderr


def test_a_limit_of_steps_is_said(recording: Path) -> None:
    done = carried_on(recording, [LOOK, LOOK, LOOK], "--max-steps", "2")
    assert done.returncode == 0
    (total,) = [line for line in done.stdout.splitlines() if line.startswith("live: ")]
    assert total.startswith("live: 2 steps")
    assert total.endswith(" · steps spent")


def test_a_model_that_goes_round_in_circles_stops_there(recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    said = ("--message", "now act", "--message", "and this", "--report", out)
    done = carried_on(recording, [Answer(calls=[bash("echo again")])] * 9, *said)
    assert done.returncode == 1
    assert [line for line in done.stderr.splitlines() if line.startswith("trajtui: ")] == [
        "trajtui: the agent is stuck: it did the same 4 times in a row, and the same came of it: "
        "say what it is to do instead, or let it go on",
        "trajtui: 1 message not given to the model any more",
    ]
    report = json.loads(out.read_text())
    assert (report["state"], report["live"]["ending"], report["live"]["steps"]) == (
        "awaiting_input",
        "stuck",
        4,
    )


def test_nothing_the_model_says_can_pass_for_something_else(recording: Path) -> None:
    forged = "\x1b[2J\r=     9  run          forged\n★     9  run          forged\nlive: 9 steps\u2028live: 8"
    calls = [bash(f"cat <<'E'\n{forged}\nE"), bash("printf '\\033]0;x\\007\\nlive: 9'")]
    done = carried_on(
        recording, [Answer(forged, calls), Answer(forged)], "--message", forged, "--confirm", "never"
    )
    assert done.returncode == 0, done.stderr
    assert not set(done.stdout + done.stderr) & set("\x1b\r\x07\u2028")
    own = starts(done.stdout)
    assert [one for one in own if one[0] in "=l"] == ["= 1 run", "live: 2 steps"]
    assert [one.split()[1] for one in own if one[0] == "★"] == ["3", "agent", "4", "6", "agent"]


# While it happens


def read_until(file: int, wanted: bytes) -> bytes:
    """What a program writes, up to where it has written this."""
    received, deadline = b"", time.monotonic() + 60
    while wanted not in received:
        assert time.monotonic() < deadline, received
        if select.select([file], [], [], 0.1)[0]:
            piece = os.read(file, 4096)
            assert piece, received
            received += piece
    return received


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_text_appears_while_the_reply_still_comes(recording: Path, options: tuple[str, ...]) -> None:
    """A whole line at least; and where it is interrupted then, it is said how far it came."""
    answers = [LOOK, Answer("I think.\nAnd then", hang=True)]
    with Loopback(answers) as server:
        running = start("replay", recording, *BUBBLEWRAP, "--continue", *options, **live(server))
        try:
            assert running.stdout is not None
            received = read_until(running.stdout.fileno(), b"I think" if options else b"I think.\n")
            assert b"one" in received
            assert server.hanging.wait(20)
            running.send_signal(signal.SIGINT)
            rest, errors = running.communicate(timeout=30)
        finally:
            running.kill()
    assert running.returncode == 130
    assert errors.splitlines()[-1] == "interrupted"
    last = rest.splitlines()[-1]
    if options:
        assert (json.loads(last)["kind"], json.loads(last)["ending"]) == ("live", "interrupted")
    else:
        assert last.startswith("live: 1 step · ")
        assert last.endswith(" · interrupted")
        # However much of it has come from the process of the model by then.
        assert "And then".startswith(rest.splitlines()[-2].strip() or "nothing")


def test_on_a_terminal_it_is_asked_what_becomes_of_it(recording: Path) -> None:
    with Loopback([Answer(calls=[bash("echo again")])] * 8 + [FINISH]) as server:
        own, theirs = pty.openpty()
        running = subprocess.Popen(
            [PROGRAM, "replay", recording, *BUBBLEWRAP, "--continue", "--message", "now act"],
            stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs, env={**os.environ, **live(server)},
        )  # fmt: skip
        os.close(theirs)
        told = b""
        for word in ("g", "do something else"):
            told += read_until(own, b"(s)? ")
            os.write(own, f"{word}\n".encode())
        assert running.wait(30) == 0
        os.close(own)
        requests = [body["messages"] for body in server.bodies]
    assert told.count(b"the agent is stuck") == 2
    assert len(requests) == 9
    assert requests[8][-1]["content"] == "do something else"


def test_on_a_terminal_text_appears_before_its_line_is_whole(recording: Path) -> None:
    ours, theirs = pty.openpty()
    with Loopback([Answer("I think and", hang=True)]) as server:
        running = subprocess.Popen(
            [PROGRAM, "replay", recording, *BUBBLEWRAP, "--continue"],
            stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE,
            env={**os.environ, **live(server)},
        )  # fmt: skip
        os.close(theirs)
        try:
            read_until(ours, b"I think")
            running.send_signal(signal.SIGINT)
            rest = read_until(ours, b"interrupted")
            running.communicate(timeout=30)
        finally:
            running.kill()
            os.close(ours)
    assert running.returncode == 130
    assert b"\r\nlive: 0 steps" in rest


def test_what_ends_before_a_model_is_asked_says_nothing_of_one(tmp_path: Path) -> None:
    spoken = write(tmp_path / "x.json", [message(0, "go"), say(1, "What next?")])
    done = carried_on(spoken, [])
    assert done.returncode == 2
    assert "live:" not in done.stdout
