"""The command line: what it prints, what it writes, and with which code it exits."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from loopback import Answer, Call, Loopback
from needs import IMAGE
from program import PROGRAM, SAMPLES, finish, say, start, trajtui, write

DEMO = SAMPLES / "demo.json"
RECORDED = ("--sandbox", "recorded")
BUBBLEWRAP = ("--sandbox", "bubblewrap")

EXECUTING = [
    pytest.param(BUBBLEWRAP, marks=pytest.mark.bubblewrap, id="bubblewrap"),
    pytest.param(("--sandbox", "docker", "--image", IMAGE), marks=pytest.mark.docker, id="docker"),
]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Two commands, one of which came back otherwise than it will here, and a finish."""
    return write(
        tmp_path / "recording.json",
        [
            message(0, "look around"),
            run(1, "echo one"),
            ran(2, 1, "one"),
            run(3, "false"),
            ran(4, 3, "", exit_code=0),
            finish(5),
        ],
    )


def lines(text: str) -> list[str]:
    return text.splitlines()


# Help and version


def test_help_names_every_command_and_costs_no_screen():
    done = trajtui("--help")
    assert done.returncode == 0
    for command in ("open", "replay", "show", "doctor", "config"):
        assert re.search(rf"^  {command} +\w", done.stdout, re.MULTILINE), command


@pytest.mark.parametrize("command", ["open", "replay", "show", "doctor", "config"])
def test_every_command_has_its_own_help(command: str):
    done = trajtui(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"trajtui {command}" in done.stdout


def test_version_is_one_line():
    done = trajtui("--version")
    assert done.returncode == 0
    assert re.fullmatch(r"trajtui, version \d+\.\d+\.\d+\n", done.stdout)


# Bad input

BAD_FILES: dict[str, bytes | None] = {
    "no such file": None,
    "empty file": b"",
    "only white space": b" \n\n",
    "not JSON": b'[\n\n  {"action": oops}\n]\n',
    "JSON that is no trajectory": b'{"hello": "world"}',
    "a list of no events": b'[{"hello": "world"}]',
    "an empty list": b"[]",
    "a number": b"42",
    "binary": bytes(range(256)) * 8,
    "a picture": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "not UTF-8": b'[{"action": "message", "args": {"content": "caf\xe9"}}]',
    "a list of what is no object": b"[7, null]",
    "cut off in the first event": DEMO.read_bytes()[:100],
    "nested too deep": b"[" * 100_000,
}


@pytest.mark.parametrize("command", [("show",), ("replay", *RECORDED), ()], ids=["show", "replay", "open"])
@pytest.mark.parametrize("fault", BAD_FILES)
@pytest.mark.sampled(3)
def test_a_bad_file_is_named_in_plain_words(tmp_path: Path, fault: str, command: tuple[str, ...]):
    path = tmp_path / "given.json"
    data = BAD_FILES[fault]
    if data is not None:
        path.write_bytes(data)
    assert_plain_refusal(trajtui(*command, path), "given.json")


@pytest.mark.parametrize("command", ["show", "replay", "open"])
def test_a_directory_is_refused_in_plain_words(tmp_path: Path, command: str):
    empty, filled = tmp_path / "empty", tmp_path / "filled"
    empty.mkdir()
    filled.mkdir()
    (filled / "x.txt").write_text("x")
    for directory in (empty, filled):
        assert_plain_refusal(trajtui(command, directory), directory.name)


@pytest.mark.parametrize("command", ["show", "replay", "open"])
def test_the_place_of_a_mistake_in_the_json_is_named(tmp_path: Path, command: str):
    path = tmp_path / "given.json"
    path.write_bytes(BAD_FILES["not JSON"])
    error = trajtui(command, path).stderr
    assert "line 3" in error
    assert "column" in error


@pytest.mark.parametrize("command", ["show", "replay", "open"])
def test_a_file_name_cannot_speak_to_the_terminal(tmp_path: Path, command: str):
    done = trajtui(command, tmp_path / "\x1b]0;title\x07\x9b2J.json")
    assert done.returncode == 2
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", done.stderr)


def test_reading_a_file_that_may_not_be_read_is_refused_in_plain_words():
    assert_plain_refusal(trajtui("show", "/proc/self/mem"), "/proc/self/mem")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("replay", DEMO, "--sandbox", "nowhere"), "nowhere"),
        (("replay", DEMO, *RECORDED, "--until", "999"), "999"),
        (("replay", DEMO, *RECORDED, "--until", "#999"), "#999"),
        (("replay", DEMO, *RECORDED, "--until", "soon"), "soon"),
        (("replay", DEMO, *RECORDED, "--until", ""), "no event without a name"),
        (("replay", DEMO, *RECORDED, "--break", "kind=run or waits"), "'or' joins nothing"),
        (("replay", DEMO, "--no-such-option"), "--no-such-option"),
        (("replay", DEMO, "--max-steps", "0"), "--max-steps"),
        (("replay", DEMO, *RECORDED, "--workspace", "missing"), "missing"),
        (("replay", DEMO, *RECORDED, "--setup", "missing.sh"), "missing.sh"),
        (("replay", DEMO, *RECORDED, "--config", "missing.toml"), "missing.toml"),
        (("replay",), "replay_trajectory_path"),
        (("show",), "FILE"),
        (("show", DEMO, "another"), "another"),
        (("open", DEMO, "--at", "999"), "999"),
        (("--no-such-option",), "--no-such-option"),
        (("config", "set", "no.such", "1"), "no.such"),
        (("config", "set", "max_iterations", "many"), "many"),
    ],
    ids=lambda value: " ".join(map(str, value[:1] + value[2:])) if isinstance(value, tuple) else None,
)
def test_bad_usage_is_two_lines_at_most(arguments: tuple[str, ...], named: str):
    assert_plain_refusal(trajtui(*arguments), named)


def test_the_screen_refuses_to_open_where_there_is_no_terminal():
    assert_plain_refusal(trajtui(DEMO), "terminal")


def test_the_place_of_an_output_that_cannot_be_written_is_named(recording: Path, tmp_path: Path):
    for option in ("--save", "--report"):
        done = trajtui("replay", recording, *RECORDED, option, tmp_path / "missing" / "out.json")
        assert_plain_refusal(done, "out.json")


def test_debug_shows_the_traceback():
    assert "Traceback" in trajtui("show", "missing.json", "--debug").stderr
    told = trajtui("replay", DEMO, "--sandbox", "docker", "--debug", DOCKER_HOST="unix:///nowhere.sock")
    assert told.returncode == 3
    assert "Traceback" in told.stderr
    assert (
        "Traceback"
        not in trajtui("replay", DEMO, "--sandbox", "docker", DOCKER_HOST="unix:///nowhere.sock").stderr
    )


def assert_plain_refusal(done: subprocess.CompletedProcess[str], named: str, code: int = 2) -> None:
    assert done.returncode == code, done.stderr
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert 1 <= len(lines(done.stderr)) <= 2, done.stderr
    assert done.stdout == ""


# What cannot be had


def test_a_docker_engine_that_does_not_answer_is_exit_code_3(recording: Path):
    done = trajtui("replay", recording, "--sandbox", "docker", DOCKER_HOST="unix:///nonexistent.sock")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    last = lines(done.stderr)[-1]
    assert "Docker" in last
    assert "--sandbox" in last


def test_without_an_engine_auto_goes_on_with_something_else(recording: Path):
    done = trajtui("replay", recording, DOCKER_HOST="unix:///nonexistent.sock")
    assert done.returncode == 0
    assert "2 steps" in done.stdout


@pytest.mark.bubblewrap
def test_going_live_without_a_model_is_exit_code_3_before_anything_runs(recording: Path):
    done = trajtui("replay", recording, *BUBBLEWRAP, "--continue", "--message", "go on")
    assert done.returncode == 3
    assert "--model" in done.stderr
    assert "Traceback" not in done.stderr


# show


@pytest.mark.bubblewrap
def test_what_a_replay_waits_for_is_named(tmp_path: Path):
    asked = {"id": 1, "source": "agent", "action": "run", "args": {"command": "sleep 3.4"}, "timeout": 9}
    path = tmp_path / "slow.json"
    path.write_text(json.dumps([asked]))
    done = trajtui("replay", path, "--sandbox", "bubblewrap")
    assert "waiting for sleep 3.4, for 9 s at most" in done.stderr.splitlines()
    assert "waiting" not in trajtui("replay", path, "--sandbox", "recorded").stderr


def test_show_prints_one_line_an_event():
    done = trajtui("show", DEMO)
    events = json.loads(DEMO.read_text())
    assert (done.returncode, done.stderr) == (0, "")
    assert len(lines(done.stdout)) == len(events)
    assert [int(line.split()[0]) for line in lines(done.stdout)] == [event["id"] for event in events]


def test_show_json_has_the_keys_of_the_contract_in_their_order(tmp_path: Path):
    path = write(
        tmp_path / "x.json", [message(10, "hi"), run(11, "ls"), ran(12, 11, "a"), say(13, "?", wait=True)]
    )
    shown = [json.loads(line) for line in lines(trajtui("show", path, "--json").stdout)]
    assert [list(one) for one in shown] == [
        ["index", "id", "source", "kind", "type", "summary", "wait_for_response", "cause"],
        ["index", "id", "source", "kind", "type", "summary", "cause"],
        ["index", "id", "source", "kind", "type", "summary", "cause"],
        ["index", "id", "source", "kind", "type", "summary", "wait_for_response", "cause"],
    ]
    assert shown[0] == {
        "index": 0, "id": 10, "source": "user", "kind": "message", "type": "action", "summary": "hi",
        "wait_for_response": False, "cause": None,
    }  # fmt: skip
    assert (shown[2]["type"], shown[2]["cause"], shown[3]["wait_for_response"]) == ("observation", 11, True)


def test_depth_is_there_only_inside_a_delegation(tmp_path: Path):
    delegate = {"id": 1, "source": "agent", "action": "delegate",
                "args": {"agent": "BrowsingAgent", "inputs": {"task": "look"}}}  # fmt: skip
    answer = {"id": 3, "source": "agent", "observation": "delegate", "cause": 1, "content": "seen",
              "extras": {"outputs": {}}}  # fmt: skip
    path = write(tmp_path / "x.json", [message(0, "go"), delegate, run(2, "ls"), answer, finish(4)])
    shown = [json.loads(line) for line in lines(trajtui("show", path, "--json").stdout)]
    assert [one.get("depth") for one in shown] == [None, None, 1, None, None]


def test_events_without_ids_are_shown_by_their_index(tmp_path: Path):
    path = write(tmp_path / "x.json", [message(None, "hi"), run(None, "ls")])
    shown = [json.loads(line) for line in lines(trajtui("show", path, "--json").stdout)]
    assert [(one["index"], one["id"]) for one in shown] == [(0, None), (1, None)]
    assert "#1" in lines(trajtui("show", path).stdout)[1]


def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path):
    path = write(tmp_path / "long.json", [message(id, "x" * 80) for id in range(20_000)])
    command = f"'{PROGRAM}' show '{path}' | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert len(lines(done.stdout)) == 1


# replay


def test_replay_prints_a_line_a_step_and_a_sentence(recording: Path):
    done = trajtui("replay", recording, *RECORDED)
    assert done.returncode == 0
    *steps, last = lines(done.stdout)
    assert [line.split()[:3] for line in steps] == [["r", "1", "run"], ["r", "3", "run"]]
    assert last == "2 steps: 2 served from the recording"


@pytest.mark.parametrize("sandbox", EXECUTING)
def test_a_divergence_is_told_and_fails_only_where_that_is_asked_for(
    recording: Path, sandbox: tuple[str, ...]
):
    done = trajtui("replay", recording, *sandbox)
    assert done.returncode == 0, done.stderr
    *steps, last = lines(done.stdout)
    assert [line[0] for line in steps] == ["=", "≠"]
    assert last == "2 steps: 1 equal, 1 diverged (step 3: exit 0 → 1)"
    assert trajtui("replay", recording, *sandbox, "--strict").returncode == 1


@pytest.mark.bubblewrap
def test_strict_is_content_where_nothing_diverged():
    assert trajtui("replay", DEMO, *BUBBLEWRAP, "--strict").returncode == 0


@pytest.mark.bubblewrap
def test_what_cannot_be_known_has_a_mark_of_its_own_and_fails_only_strict_all(tmp_path: Path):
    recording = tmp_path / "recording.json"
    events = []
    for id, command, output in ((1, "wc -c f", "9 f"), (3, "md5sum f", "0123  f")):
        args = {"command": command}
        extras = {**args, "metadata": {"exit_code": 0, "working_dir": "/workspace"}}
        events += [
            {"id": id, "source": "agent", "action": "run", "args": args},
            {
                "id": id + 1,
                "source": "agent",
                "cause": id,
                "observation": "run",
                "content": output,
                "extras": extras,
            },
        ]
    recording.write_text(json.dumps(events))
    done = trajtui("replay", "--strict", recording, *BUBBLEWRAP, "--world", "evidence")
    assert done.returncode == 0, done.stderr
    *steps, last = lines(done.stdout)
    assert [line[0] for line in steps] == ["=", "?"]
    assert last == "2 steps: 1 equal, 1 unknown"
    assert trajtui("replay", "--strict=all", recording, *BUBBLEWRAP, "--world", "evidence").returncode == 1
    assert trajtui("replay", "--strict=some", recording).returncode == 2
    assert trajtui("replay", recording, "--world", "there").returncode == 2


def test_quiet_prints_the_sentence_alone(recording: Path):
    done = trajtui("replay", recording, *RECORDED, "--quiet")
    assert (lines(done.stdout), done.stderr) == (["2 steps: 2 served from the recording"], "")


def test_a_recording_can_come_from_standard_input(recording: Path):
    piped = trajtui("replay", "-", *RECORDED, stdin=recording.read_text())
    assert piped.returncode == 0
    assert lines(piped.stdout)[-1] == "2 steps: 2 served from the recording"
    assert_plain_refusal(trajtui("replay", "-", *RECORDED, stdin="nonsense"), "standard input")
    assert_plain_refusal(trajtui("show", "-", stdin=""), "standard input")


def report_of(path: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(path.read_text())
    return report


@pytest.mark.bubblewrap
def test_the_report_has_the_shape_of_the_contract(recording: Path, tmp_path: Path):
    out = tmp_path / "report.json"
    assert trajtui("replay", recording, *BUBBLEWRAP, "--report", out).returncode == 0
    report = report_of(out)
    assert list(report) == [
        "trajectory", "sandbox", "mode", "state", "events", "counts", "seconds", "remade_from", "world",
        "live", "branch", "steps",
    ]  # fmt: skip
    assert report["remade_from"] is None
    assert report["live"] is None
    evidence = {"whole": 0, "partial": 0, "named": 0}
    named = {"image": None, "repo": None, "commit": None}
    assert report["world"] == {"kind": "none", **named, "evidence": evidence}
    assert report["trajectory"] == str(recording)
    assert (report["sandbox"], report["mode"], report["state"]) == ("bubblewrap", "replay", "finished")
    assert report["events"] == 6
    assert report["counts"] == {
        "actions": 2, "executed": 2, "matched": 1, "diverged": 1, "skipped": 0, "recorded": 0,
        "unknown": 0,
    }  # fmt: skip
    assert report["seconds"] > 0
    keys = ["index", "id", "kind", "status", "match", "exit_code", "recorded_exit_code", "seconds", "reason"]
    first, second = report["steps"]
    assert list(first) == list(second) == [*keys, "cause", "files"]
    assert (first["cause"], second["cause"]) == (None, "other")
    assert first["files"] == second["files"] == []
    assert {key: first[key] for key in keys if key not in ("seconds", "reason")} == {
        "index": 1, "id": 1, "kind": "run", "status": "matched", "match": "equal", "exit_code": 0,
        "recorded_exit_code": 0,
    }  # fmt: skip
    assert (second["status"], second["match"], second["reason"]) == ("diverged", None, "exit 0 → 1")


@pytest.mark.bubblewrap
def test_an_action_with_nothing_recorded_has_matched_nothing(tmp_path: Path):
    path = write(tmp_path / "x.json", [message(0, "go"), run(1, "true")])
    out = tmp_path / "report.json"
    assert trajtui("replay", path, *BUBBLEWRAP, "--report", out, "--strict").returncode == 0
    report = report_of(out)
    assert [(step["status"], step["match"]) for step in report["steps"]] == [("matched", None)]
    assert report["state"] == "end_of_recording"


@pytest.mark.parametrize(
    ("last", "options", "state"),
    [
        (finish(3), (), "finished"),
        ({"id": 3, "source": "agent", "action": "reject", "args": {}}, (), "finished"),
        (say(3, "ready"), (), "end_of_recording"),
        (say(3, "shall I?", wait=True), (), "awaiting_input"),
        (finish(3), ("--until", "3"), "paused"),
        (message(3, "thanks"), (), "end_of_recording"),
    ],
)
@pytest.mark.sampled(3)
def test_the_report_says_how_the_run_ended(
    tmp_path: Path, last: dict[str, Any], options: tuple[str, ...], state: str
):
    path = write(tmp_path / "x.json", [message(0, "go"), run(1, "true"), ran(2, 1), last])
    out = tmp_path / "report.json"
    assert trajtui("replay", path, *RECORDED, "--report", out, *options).returncode == 0
    assert report_of(out)["state"] == state


def test_what_reaches_out_of_the_world_is_reported_as_recorded(tmp_path: Path):
    browse = {"id": 1, "source": "agent", "action": "browse", "args": {"url": "http://example.com"}}
    seen = {"id": 2, "source": "agent", "observation": "browse", "cause": 1, "content": "page",
            "extras": {"url": "http://example.com"}}  # fmt: skip
    path = write(tmp_path / "x.json", [message(0, "go"), browse, seen, finish(3)])
    out = tmp_path / "report.json"
    trajtui("replay", path, *RECORDED, "--report", out)
    (step,) = report_of(out)["steps"]
    assert (step["kind"], step["status"], step["match"]) == ("browse", "recorded", None)
    assert step["reason"]


def test_until_stops_before_that_event(recording: Path, tmp_path: Path):
    saved = tmp_path / "saved.json"
    done = trajtui("replay", recording, *RECORDED, "--until", "3", "--save", saved)
    assert done.returncode == 0
    assert [event["id"] for event in json.loads(saved.read_text())] == [0, 1, 2]


@pytest.mark.bubblewrap
def test_a_saved_run_holds_what_happened_and_replays(recording: Path, tmp_path: Path):
    saved = tmp_path / "saved.json"
    trajtui("replay", recording, *BUBBLEWRAP, "--save", saved)
    events = json.loads(saved.read_text())
    assert [event["id"] for event in events] == [0, 1, 2, 3, 4, 5]
    assert events[4]["extras"]["metadata"]["exit_code"] == 1
    again = trajtui("replay", saved, *BUBBLEWRAP, "--strict")
    assert again.returncode == 0, again.stdout
    assert lines(again.stdout)[-1] == "2 steps: 2 equal"


@pytest.mark.bubblewrap
def test_a_setup_script_and_a_workspace_prepare_the_sandbox(tmp_path: Path):
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "given.txt").write_text("given\n")
    setup = tmp_path / "setup.sh"
    setup.write_text("echo made > /workspace/made.txt\n")
    path = write(
        tmp_path / "x.json",
        [run(0, "cat given.txt made.txt; echo changed > given.txt"), ran(1, 0, "given\nmade"), finish(2)],
    )
    done = trajtui("replay", path, *BUBBLEWRAP, "--workspace", workspace, "--setup", setup, "--strict")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (workspace / "given.txt").read_text() == "given\n"


# Live

KEY = "sk-secret-0123456789abcdef"
TAIL = [message(0, "make a file"), run(1, "mkdir -p here && cd here"), ran(2, 1), say(3, "What next?")]


def live(server: Loopback) -> dict[str, str]:
    return {"LLM_MODEL": "openai/loopback", "LLM_API_KEY": KEY, "LLM_BASE_URL": server.url}


@pytest.mark.bubblewrap
def test_a_live_model_carries_on_and_what_it_did_replays_without_it(tmp_path: Path):
    path = write(tmp_path / "x.json", TAIL)
    saved, report = tmp_path / "saved.json", tmp_path / "report.json"
    answers = [
        Answer("I look.", calls=[Call("execute_bash", {"command": "pwd; echo kept > kept.txt"})]),
        Answer("Done so far."),
        Answer("And again.", calls=[Call("execute_bash", {"command": "cat kept.txt"})]),
        Answer(calls=[Call("finish", {"message": "All done."})]),
    ]
    with Loopback(answers) as server:
        done = trajtui(
            "replay", path, *BUBBLEWRAP, "--continue", "--message", "go on", "--message", "and more",
            "--save", saved, "--report", report, **live(server),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert len(server.bodies) == 4
    everything = done.stdout + done.stderr + saved.read_text() + report.read_text()
    assert KEY not in everything
    assert report_of(report)["mode"] == "live"
    assert report_of(report)["state"] == "finished"
    events = json.loads(saved.read_text())
    users = [event["args"]["content"] for event in events if event["source"] == "user"]
    assert users == ["make a file", "go on", "and more"]
    assert [event["content"] for event in events if event.get("observation") == "run"][1:] == [
        "/workspace/here", "kept",
    ]  # fmt: skip
    assert events[-1]["action"] == "finish" or events[-1].get("observation")

    for sandbox in (RECORDED, BUBBLEWRAP):
        again = trajtui("replay", saved, *sandbox, "--strict")
        assert again.returncode == 0, again.stdout + again.stderr
        assert "3 steps" in again.stdout


@pytest.mark.bubblewrap
def test_without_a_message_the_model_simply_goes_on_where_the_user_spoke_last(tmp_path: Path):
    path = write(tmp_path / "x.json", [*TAIL, message(4, "count to three")])
    with Loopback([Answer("One, two, three.")]) as server:
        done = trajtui("replay", path, *BUBBLEWRAP, "--continue", **live(server))
        assert done.returncode == 0, done.stderr
        assert server.bodies[0]["messages"][-1]["role"] == "user"


@pytest.mark.bubblewrap
def test_without_a_message_where_the_agent_spoke_last_one_is_asked_for(tmp_path: Path):
    path = write(tmp_path / "x.json", TAIL)
    with Loopback() as server:
        done = trajtui("replay", path, *BUBBLEWRAP, "--continue", **live(server))
        assert done.returncode == 2
        assert "--message" in done.stderr
        assert server.bodies == []


@pytest.mark.bubblewrap
def test_a_key_that_is_refused_is_one_line_without_the_key(tmp_path: Path):
    path = write(tmp_path / "x.json", TAIL)
    saved = tmp_path / "saved.json"
    refused = Answer(status=401, error=f"Incorrect API key provided: {KEY}")
    with Loopback([refused] * 5) as server:
        done = trajtui("replay", path, *BUBBLEWRAP, "--quiet", "--continue", "--message", "go on",
                       "--save", saved, **live(server))  # fmt: skip
    assert done.returncode == 3
    assert len(lines(done.stderr)) == 1, done.stderr
    assert KEY not in done.stdout + done.stderr
    assert [event.get("id") for event in json.loads(saved.read_text())][:4] == [0, 1, 2, 3]


@pytest.mark.bubblewrap
def test_a_server_that_is_not_there_is_exit_code_3(tmp_path: Path):
    path = write(tmp_path / "x.json", [*TAIL, message(4, "go on")])
    with Loopback() as server:
        environment = live(server)
    done = trajtui("replay", path, *BUBBLEWRAP, "--continue", **environment)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.bubblewrap
def test_a_model_that_fails_in_the_middle_of_its_work_is_exit_code_1_and_loses_nothing(tmp_path: Path):
    path = write(tmp_path / "x.json", [*TAIL, message(4, "go on")])
    saved = tmp_path / "saved.json"
    answers = [Answer(calls=[Call("execute_bash", {"command": "echo worked"})]), *[Answer(status=400)] * 5]
    with Loopback(answers) as server:
        done = trajtui("replay", path, *BUBBLEWRAP, "--continue", "--save", saved, **live(server))
    assert done.returncode == 1, done.stderr
    assert "worked" in [event.get("content") for event in json.loads(saved.read_text())]


@pytest.mark.bubblewrap
def test_a_limit_of_live_steps_is_kept(tmp_path: Path):
    path = write(tmp_path / "x.json", [*TAIL, message(4, "go on")])
    endless = [Answer(calls=[Call("execute_bash", {"command": f"echo {number}"})]) for number in range(20)]
    with Loopback(endless) as server:
        done = trajtui("replay", path, *BUBBLEWRAP, "--continue", "--max-steps", "2", **live(server))
        assert len(server.bodies) <= 3
    assert done.returncode == 0, done.stderr
    assert "2 live steps" in done.stderr


def test_a_replay_never_imports_what_speaks_to_models(tmp_path: Path, recording: Path):
    program = (
        "import sys\n"
        f"sys.argv = ['trajtui', 'replay', {str(recording)!r}, '--sandbox', 'recorded']\n"
        "from trajtui.cli import main\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert stop.code == 0\n"
        "heavy = {'litellm', 'openai', 'textual', 'docker'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [PROGRAM.with_name("python"), "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


# Interrupted

LONG = [message(0, "go"), run(1, "echo begun > marker; echo $$; sleep 300"), ran(2, 1, "")]


@pytest.mark.bubblewrap
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_replay_leaves_nothing_behind_and_saves_what_it_has(
    tmp_path: Path, number: signal.Signals
):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    saved = tmp_path / "saved.json"
    path = write(
        tmp_path / "x.json", [message(0, "a"), run(1, "echo one"), ran(2, 1, "one"), *renumbered(LONG)]
    )
    running = start("replay", path, *BUBBLEWRAP, "--save", saved, TMPDIR=str(scratch))
    try:
        assert running.stdout is not None
        assert "echo one" in running.stdout.readline()
        time.sleep(0.3)
        running.send_signal(number)
        _, errors = running.communicate(timeout=20)
    finally:
        running.kill()
    assert running.returncode == 130
    assert "Traceback" not in errors
    assert list(scratch.iterdir()) == []
    assert [event["id"] for event in json.loads(saved.read_text())][:3] == [0, 1, 2]


@pytest.mark.parametrize("at", ["reply", "command"])
def test_what_a_model_has_done_by_an_interrupt_is_saved_and_reported(tmp_path: Path, at: str):
    path = write(tmp_path / "x.json", [message(0, "go on")])
    saved, report, marker = tmp_path / "saved.json", tmp_path / "report.json", tmp_path / "marker"
    long = Call("execute_bash", {"command": f"touch {marker}; sleep 300"})
    answers = [
        Answer("I look.", calls=[Call("execute_bash", {"command": "echo worked"})]),
        Answer("I think and", hang=True) if at == "reply" else Answer("I wait.", calls=[long]),
    ]
    with Loopback(answers) as server:
        running = start("replay", path, "--sandbox", "local", "--confirm", "never", "--continue",
                        "--save", saved, "--report", report, **live(server))  # fmt: skip
        try:
            wait_for(lambda: server.hanging.is_set() or marker.exists())
            running.send_signal(signal.SIGINT)
            _, errors = running.communicate(timeout=20)
        finally:
            running.kill()
    assert running.returncode == 130
    assert "Traceback" not in errors
    assert "worked" in [event.get("content") for event in json.loads(saved.read_text())]
    told = report_of(report)["live"]
    assert told["ending"] == "interrupted"
    assert told["steps"] == {"reply": 1, "command": 2}[at]
    # What had come of the reply by then is kept.
    assert told["last_message"].startswith({"reply": "I ", "command": "I wait."}[at])


@pytest.mark.docker
def test_an_interrupted_replay_removes_its_container(tmp_path: Path):
    import docker

    path = write(tmp_path / "x.json", LONG)
    client = docker.from_env()
    try:
        running = start("replay", path, "--sandbox", "docker", "--image", IMAGE)
        mine = {"label": f"trajtui.pid={running.pid}"}
        try:
            wait_for(lambda: client.containers.list(filters=mine))
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=30)
        finally:
            running.kill()
        assert running.returncode == 130
        wait_for(lambda: not client.containers.list(all=True, filters=mine))
    finally:
        client.close()


def renumbered(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same events, to stand behind three others."""
    return [
        {**event, "id": event["id"] + 3, **({"cause": event["cause"] + 3} if "cause" in event else {})}
        for event in events
    ]


def wait_for(condition: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s"
        time.sleep(0.05)


# Settings


def test_the_config_of_openhands_works_as_it_is(tmp_path: Path, recording: Path):
    saves = tmp_path / "saves"
    saves.mkdir()
    (tmp_path / "config.toml").write_text(
        f"""
        # as OpenHands reads it
        [core]
        replay_trajectory_path = "{recording}"
        save_trajectory_path = "{saves}"
        enable_browser = false

        [llm]
        model = "openai/from-the-file"
        api_key = "{KEY}"

        [llm.draft]
        model = "other"
        api_key = "{KEY}-too"

        [sandbox]
        kind = "recorded"
        timeout = 7
        """
    )
    done = trajtui("replay", directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert lines(done.stdout)[-1] == "2 steps: 2 served from the recording"
    assert [path.name for path in saves.iterdir()] == ["recording.json"]
    shown = trajtui("config", directory=tmp_path)
    assert shown.returncode == 0
    assert re.search(r"llm\.model +openai/from-the-file +config\.toml", shown.stdout)
    assert re.search(r"sandbox\.timeout +7 +config\.toml", shown.stdout)
    assert re.search(r"llm\.draft\.model +other +config\.toml, \[llm\.draft\]", shown.stdout)
    assert re.search(r"llm\.draft\.api_key +\*+ +config\.toml", shown.stdout)
    assert KEY not in shown.stdout + shown.stderr


def test_the_environment_overrides_the_file_and_an_option_both(tmp_path: Path, recording: Path):
    config = tmp_path / "mine.toml"
    config.write_text('[llm]\nmodel = "from-file"\n[sandbox]\nkind = "docker"\n')
    shown = trajtui("config", "--config", config, LLM_MODEL="from-env").stdout
    assert re.search(r"llm\.model +from-env +LLM_MODEL", shown)
    assert re.search(rf"sandbox\.kind +docker +{re.escape(str(config))}", shown)
    out = tmp_path / "report.json"
    trajtui("replay", recording, "--config", config, *RECORDED, "--report", out, TRAJTUI_SANDBOX="docker")
    assert report_of(out)["sandbox"] == "recorded"


@pytest.mark.parametrize(
    ("text", "named"),
    [("[core", "config.toml"), ('[sandbox]\ntimeout = "soon"', "timeout"), ("\x00", "config.toml")],
)
def test_a_broken_config_is_refused_in_plain_words(tmp_path: Path, recording: Path, text: str, named: str):
    (tmp_path / "config.toml").write_text(text)
    for command in (("replay", recording, *RECORDED), ("config",), ("doctor",)):
        assert_plain_refusal(trajtui(*command, directory=tmp_path), named)


def test_setting_a_value_keeps_the_comments_of_the_file(tmp_path: Path):
    config = tmp_path / "config.toml"
    config.write_text('# mine\n[llm]\nmodel = "old" # the cheap one\n')
    done = trajtui("config", "set", "llm.model", "new", directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert config.read_text() == '# mine\n[llm]\nmodel = "new" # the cheap one\n'
    assert str(config.name) in done.stdout


def test_setting_a_value_without_a_file_makes_the_users_own(tmp_path: Path, user_without_settings: Path):
    done = trajtui("config", "set", "max_iterations", "5")
    assert done.returncode == 0, done.stderr
    assert re.search(r"core\.max_iterations +5 ", trajtui("config").stdout)


# doctor


@pytest.mark.bubblewrap
def test_the_doctor_says_what_works_and_what_to_do():
    done = trajtui("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^ok  bubblewrap +works$", done.stdout, re.MULTILINE)
    assert "LLM_MODEL" in done.stdout
    assert "LLM_API_KEY" in done.stdout


def test_the_doctor_never_shows_the_key():
    done = trajtui("doctor", LLM_API_KEY=KEY, LLM_MODEL="openai/x")
    assert KEY not in done.stdout + done.stderr
    assert "openai/x" in done.stdout


def test_the_doctor_is_content_only_where_actions_can_be_executed():
    done = trajtui("doctor", DOCKER_HOST="unix:///nonexistent.sock", TRAJTUI_SANDBOX="recorded")
    assert done.returncode == 3
    assert re.search(r"^--  docker +\S", done.stdout, re.MULTILINE)


# Where and how actions run


def test_the_bare_host_is_used_where_it_is_named(tmp_path: Path, recording: Path):
    out = tmp_path / "report.json"
    done = trajtui("replay", recording, "--sandbox", "local", "--report", out)
    assert done.returncode == 0, done.stderr
    assert report_of(out)["sandbox"] == "local"


@pytest.mark.parametrize(("line", "option"), [("kind = 'local'", "--sandbox local"), ("", "--mount")])
def test_a_config_that_lies_around_does_not_reach_for_this_machine(
    tmp_path: Path, recording: Path, line: str, option: str
):
    """More of it in `test_foreign_config.py`."""
    (tmp_path / "config.toml").write_text(
        f"[core]\nworkspace_base = '.'\n[sandbox]\n{line}\n[trajtui]\nmount = {str(not line).lower()}\n"
    )
    skipped = ("--skip", "1", "--skip", "3", "--report", tmp_path / "report.json")
    done = trajtui("replay", recording, *skipped, directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "left out" in done.stderr
    assert option in done.stderr
    assert report_of(tmp_path / "report.json")["sandbox"] != "local"
    named = ("--config", tmp_path / "config.toml")
    assert (
        trajtui("replay", recording, *named, "--skip", "1", "--skip", "3", directory=tmp_path).returncode == 0
    )


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--mount",), "--workspace"),
        (("--mount", "--workspace", ".", "--container", "x"), "--container"),
        (("--container", "x", "--sandbox", "bubblewrap"), "--container"),
        (("--memory", "much"), "memory"),
        (("--memory", "1m"), "memory"),
        (("--cpus", "0"), "cpus"),
        (("--pids", "1"), "pids"),
        (("--pids", "x"), "--pids"),
    ],
)
@pytest.mark.sampled(3)
def test_what_does_not_fit_together_is_refused(recording: Path, options: tuple[str, ...], named: str):
    assert_plain_refusal(trajtui("replay", recording, *options), named)


@pytest.mark.parametrize("size", ["512m", "1G", "0.5 gib", "536870912"])
@pytest.mark.bubblewrap
@pytest.mark.sampled(2)
def test_limits_are_taken(recording: Path, size: str):
    limits = ("--memory", size, "--cpus", "1.5", "--pids", "100")
    done = trajtui("replay", recording, *BUBBLEWRAP, *limits)
    assert done.returncode == 0, done.stderr


@pytest.mark.bubblewrap
def test_a_mounted_workspace_keeps_what_the_run_did(tmp_path: Path):
    (tmp_path / "work").mkdir()
    path = write(tmp_path / "x.json", [message(0, "go"), run(1, "pwd > made"), ran(2, 1, "")])
    options = ("--workspace", tmp_path / "work")
    assert trajtui("replay", path, *BUBBLEWRAP, *options).returncode == 0
    assert list((tmp_path / "work").iterdir()) == []
    assert trajtui("replay", path, *BUBBLEWRAP, *options, "--mount").returncode == 0
    assert (tmp_path / "work" / "made").read_text() == "/workspace\n"


def test_the_settings_of_the_sandbox_are_shown(tmp_path: Path):
    config = tmp_path / "mine.toml"
    config.write_text("[trajtui]\nmemory = '2g'\npids = 50\ncpus = 2\ncontainer = 'mine'\n")
    shown = trajtui("config", "--config", config).stdout
    for line in (
        r"trajtui\.memory +2g",
        r"trajtui\.pids +50",
        r"trajtui\.cpus +2",
        r"trajtui\.container +mine",
    ):
        assert re.search(line, shown), shown


def test_a_container_that_is_not_there_is_exit_code_3(recording: Path):
    done = trajtui("replay", recording, "--container", "no-such-container", DOCKER_HOST="unix:///no/such")
    assert done.returncode == 3
    assert len(lines(done.stderr)) <= 2


def test_the_doctor_tells_of_this_machine_and_of_limits():
    done = trajtui("doctor", DOCKER_HOST="unix:///nonexistent.sock")
    assert re.search(r"^ok  local +\S", done.stdout, re.MULTILINE)
    assert re.search(r"^ok  limits +\S", done.stdout, re.MULTILINE)
    assert re.search(r"^(ok|--)  left behind \S", done.stdout, re.MULTILINE)
