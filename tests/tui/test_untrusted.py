"""Recordings, file names, commands' output and models' text cannot speak to the terminal."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from loopback import Answer, Call, Loopback
from needs import IMAGE
from program import finish, trajtui, write
from terminal import Terminal
from worlds import KINDS

SEQUENCES = "\x1b]52;c;cHduZWQ=\x07\x1b]0;pwned\x07\x1b[5n\x1b[2J\x1b[31;5mred\x07\x08\x7f"
C1 = "\x9b5n\x9d0;pwned\x9c\x90q\x9c\x85"
BIDI = "\u202epwned\u202c\u2066pwned\u2069\u200f"
MARKUP = "[bold]b[/bold] [@click=app.quit]x[/] [link=http://x.example]l[/link] [/] [[ ]] [/no"
LINKS = "\x1b]8;;http://x.example\x1b\\link\x1b]8;;\x1b\\ [a](http://x.example) ![b](http://x.example)"
ODD = "漢字 e\u0301\u0301\u0301 👩‍👩‍👧 \ud800 \x00 \u2028 \ufeff \t \r"
HOSTILE = f"{SEQUENCES}{C1}{BIDI}{MARKUP}{LINKS}{ODD}"
LONG = HOSTILE + "x" * 50_000 + HOSTILE
NAME = "\x1b]0;pwned\x07\x9b2J\u202e[bold][@click=app.quit]x[no].json"

FORBIDDEN = {
    "an OSC sequence": rb"\x1b\]",
    "a device query": rb"\x1b\[5n",
    "a bell": rb"\x07",
    "a NUL": rb"\x00",
    "a clearing of the screen": rb"\x1b\[2J",
    "a blink": rb"\x1b\[[0-9;]*(?<![0-9])5(?:;[0-9;]*)?m",
    "a C1 control": rb"\xc2[\x80-\x9f]",
    "a bidirectional override": "(?:\u202a|\u202b|\u202c|\u202d|\u202e|\u2066|\u2067|\u2068|\u2069)".encode(),
}


def events() -> list[dict[str, Any]]:
    """One event of many kinds, every string of it hostile."""
    args = {
        "command": HOSTILE, "code": LONG, "content": LONG, "thought": HOSTILE, "path": HOSTILE,
        "file_text": HOSTILE, "old_str": HOSTILE, "new_str": HOSTILE, "final_thought": HOSTILE,
        "agent": HOSTILE, "inputs": {HOSTILE: HOSTILE}, "arguments": {HOSTILE: HOSTILE}, "query": HOSTILE,
        "url": HOSTILE, "name": HOSTILE,
        "outputs": {HOSTILE: HOSTILE}, "agent_state": HOSTILE, "browser_actions": HOSTILE, "reason": HOSTILE,
        "wait_for_response": False,
    }  # fmt: skip
    made: list[dict[str, Any]] = []
    kinds = ("message", "run", "run_ipython", "read", "write", "edit", "browse", "call_tool_mcp", "think",
             "delegate", "system", "recall", "change_agent_state", "no_such_kind", HOSTILE)  # fmt: skip
    for kind in kinds:
        id = len(made)
        base = {"timestamp": HOSTILE, "message": HOSTILE, "source": "agent"}
        if kind == "edit":
            edit = {**args, "command": "str_replace", HOSTILE: HOSTILE}
            made.append({**base, "id": id, "action": kind, "args": edit})
        else:
            made.append({**base, "id": id, "action": kind, "args": {**args, HOSTILE: HOSTILE}})
        extras = {"command": HOSTILE, "path": HOSTILE, "content": HOSTILE, "outputs": {HOSTILE: HOSTILE},
                  "diff": HOSTILE, "metadata": {"exit_code": 0, "working_dir": HOSTILE}}  # fmt: skip
        made.append(
            {**base, "id": id + 1, "observation": kind, "cause": id, "content": LONG, "extras": extras}
        )
    base = {"timestamp": HOSTILE, "message": HOSTILE}
    made.append({**base, "id": len(made), "source": "user", "action": "message", "args": args})
    made.append({**base, "id": len(made), "source": HOSTILE, "action": "message", "args": args})
    made.append(
        {**base, "id": len(made), "source": "agent", "observation": "error", "content": HOSTILE, "extras": {}}
    )
    made.append({"id": len(made), "source": "agent", "action": "message", "args": {"content": 7}})
    return [*made, finish(len(made), HOSTILE)]


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    return write(tmp_path / NAME, events())


def assert_harmless(data: bytes) -> None:
    assert data
    data = re.sub(rb"\x1b\]22;[a-z]+\x07", b"", data)  # the shape of the pointer, which Textual sets
    for what, pattern in FORBIDDEN.items():
        found = re.search(pattern, data)
        assert found is None, f"{what}: {data[max(0, found.start() - 80) : found.end() + 40]!r}"
    data.decode("utf-8")


# Without a screen


@pytest.mark.parametrize(
    "command",
    [
        ("show",),
        ("show", "--json"),
        ("replay", "--sandbox", "recorded"),
        ("replay", "--sandbox", "no\x1b[5n\x9b"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_what_is_printed_of_a_hostile_recording_is_harmless(hostile: Path, command: tuple[str, ...]):
    done = trajtui(*command, hostile)
    assert done.returncode in (0, 2), done.stderr
    printed = (done.stdout + done.stderr).encode("utf-8", "surrogateescape")
    assert_harmless(printed)
    assert b"\x1b" not in printed
    assert b"Traceback" not in printed


@pytest.mark.bubblewrap
def test_what_is_printed_of_a_hostile_command_is_harmless(hostile: Path):
    done = trajtui("replay", hostile, "--sandbox", "bubblewrap")
    assert done.returncode == 0, done.stderr
    assert_harmless((done.stdout + done.stderr).encode("utf-8", "surrogateescape"))


def test_show_json_stays_one_object_a_line(hostile: Path):
    done = trajtui("show", "--json", hostile)
    assert [json.loads(line)["index"] for line in done.stdout.split("\n") if line] == list(
        range(len(events()))
    )


@pytest.mark.parametrize("sandbox", ["recorded", pytest.param("bubblewrap", marks=pytest.mark.bubblewrap)])
def test_a_lone_surrogate_costs_neither_the_replay_nor_the_saved_run(tmp_path: Path, sandbox: str):
    recorded = [
        run(0, "echo \ud800"),
        ran(1, 0, "\ud800"),
        {"id": 2, "source": "agent", "action": "edit",
         "args": {"command": "create", "path": "/workspace/a", "file_text": "\ud800"}},
        {"id": 3, "source": "agent", "observation": "edit", "cause": 2, "content": "\ud800",
         "extras": {"path": "/workspace/a"}},
        {"id": 4, "source": "agent", "action": "read", "args": {"path": "/workspace/\ud800"}},
        finish(5, "\ud800"),
    ]  # fmt: skip
    path, saved = write(tmp_path / "x.json", recorded), tmp_path / "saved.json"
    done = trajtui("replay", path, "--sandbox", sandbox, "--save", saved)
    assert done.returncode == 0, done.stderr
    assert json.loads(saved.read_text())[0]["args"]["command"] == "echo \ud800"


# On the screen


@pytest.mark.terminal
@pytest.mark.parametrize("size", [(160, 48), (80, 24)], ids=["wide", "narrow"])
@pytest.mark.sampled(2)
def test_every_view_of_a_hostile_recording_is_harmless(
    terminal: Terminal, hostile: Path, tmp_path: Path, size: tuple[int, int]
):
    raw = tmp_path / "raw"
    terminal.start(hostile, "--sandbox", "recorded", width=size[0], height=size[1], raw=raw)
    terminal.wait("REPLAY PAUSED")
    terminal.press("m")
    terminal.wait("Alt+R: in place of")
    terminal.press("Escape")
    terminal.wait(lambda screen: "Alt+R" not in screen)
    for tab in "251":
        terminal.press(tab)
        for _ in range(19):
            terminal.press("j")
        terminal.press("g")
    terminal.press("2", "v")
    terminal.wait("every event of the file")
    for _ in range(len(events())):
        terminal.press("j")
    terminal.press("G")
    terminal.wait("finish")
    terminal.press("k", "b", "w", "b", "c")
    terminal.wait("REPLAY FINISHED")
    for key in (
        "1",
        "Enter",
        "End",
        "Home",
        "PageDown",
        "Escape",
        "5",
        "Enter",
        "End",
        "Home",
        "Escape",
        "2",
        "z",
        "z",
    ):
        terminal.press(key)
    terminal.press("?")
    terminal.wait("step one action")
    terminal.press("Escape")
    terminal.wait(lambda screen: "step one action" not in screen)
    terminal.press("C-o")
    terminal.wait("Save this run as")
    terminal.press("Escape")
    terminal.wait(lambda screen: "Save this run as" not in screen)
    terminal.press("q")
    terminal.wait(lambda screen: "[exit 0]" in screen or "Quit without saving" in screen)
    if "[exit 0]" not in terminal.screen():
        terminal.press("End", "Enter")
        terminal.wait("[exit 0]")
    assert_harmless(raw.read_bytes())


@pytest.mark.terminal
def test_markup_is_shown_as_the_text_it_is(terminal: Terminal, hostile: Path):
    terminal.start(hostile, "--sandbox", "recorded")
    terminal.wait("REPLAY PAUSED")
    assert "[bold][@click=app.quit]x[no].json" in terminal.screen().splitlines()[0]


@pytest.mark.terminal
def test_a_hostile_name_among_the_recent_files_is_harmless(terminal: Terminal, hostile: Path, tmp_path: Path):
    terminal.start(hostile, "--sandbox", "recorded")
    terminal.wait("REPLAY PAUSED")
    terminal.press("q")
    terminal.wait("[exit 0]")
    terminal.close()
    raw = tmp_path / "raw"
    terminal.start(raw=raw)
    terminal.wait("[bold][@click=app.quit]x[no].json")
    terminal.press("/")
    terminal.wait("Esc leaves the path")
    terminal.type("/nowhere/[bold]x[/no")
    terminal.press("Enter")
    terminal.wait("there is no file /nowhere/[bold]x[/no")
    terminal.press("Escape")
    terminal.wait("/ types a path")
    terminal.press("q")
    terminal.wait("[exit 0]")
    assert_harmless(raw.read_bytes())


@pytest.mark.terminal
def test_what_is_pasted_or_completed_is_harmless(terminal: Terminal, tmp_path: Path):
    directory = tmp_path / "dir"
    directory.mkdir()
    write(directory / f"a{NAME}", [])
    raw = tmp_path / "raw"
    path = write(tmp_path / "x.json", [message(0, "hello")])
    terminal.start(raw=raw)
    terminal.wait("open a recording")
    terminal.press("/")
    terminal.wait("Esc leaves the path")
    terminal.type(f"{directory}/a")
    terminal.wait("[bold][@click=app.quit]")
    terminal.press("C-u")
    terminal.wait("or type a path")
    terminal.paste(str(path))
    terminal.wait(path.name)
    terminal.press("Enter")
    terminal.wait("REPLAY PAUSED")
    terminal.press("m")
    terminal.wait("Enter: insert here")
    terminal.paste(f"{C1}{BIDI} pasted")
    terminal.wait("pasted")
    terminal.press("Escape", "q")
    assert_harmless(raw.read_bytes())


# From the sandbox and from the model

SPOKEN = (
    r"printf '\033]52;c;cHduZWQ=\007\033]0;pwned\007\033[5n\033[2J\033[32mgreen\033[0m \007'; "
    r"printf '\302\2335n\302\2350;x\302\234\342\200\256end\000\n\233\235\377\n'; "
    r"echo spoken | tr a-z A-Z"
)


@pytest.mark.terminal
@pytest.mark.bubblewrap
def test_the_output_of_commands_keeps_its_colours_and_nothing_else(terminal: Terminal, tmp_path: Path):
    path = write(
        tmp_path / "x.json", [{"id": 0, "source": "agent", "action": "run", "args": {"command": SPOKEN}}]
    )
    raw = tmp_path / "raw"
    terminal.start(path, "--sandbox", "bubblewrap", raw=raw)
    terminal.wait("REPLAY PAUSED")
    terminal.press("s")
    terminal.wait("SPOKEN")
    terminal.wait("1 step:")
    assert "green" in terminal.screen()
    terminal.press("2", "k")
    terminal.wait("── actual")
    terminal.press("q")
    terminal.wait("[exit 0]")
    assert_harmless(raw.read_bytes())


@pytest.mark.terminal
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.sampled(2)
def test_the_name_of_a_process_cannot_speak_out_of_a_question(terminal: Terminal, tmp_path: Path, kind: str):
    name = r"$'p\e]52;c;cHduZWQ=\a\e]0;pwned\e\\\e[5n\xc2\x9b5n\u202e'"
    path = write(tmp_path / "x.json", [run(0), run(1, f"(exec -a {name} sleep 100) & sleep 0.2"), run(2)])
    raw = tmp_path / "raw"
    terminal.start(path, "--sandbox", kind, "--image", IMAGE, raw=raw)
    terminal.wait("REPLAY PAUSED")
    for played in "12":
        terminal.press("s")
        terminal.wait(f"PAUSED   {played}/3")
    time.sleep(2)  # a run that is left alone is checkpointed, with the process in it
    terminal.press("s")
    terminal.wait("end of the recording")
    terminal.press("S")
    terminal.wait(lambda screen: "Go back" in screen and "52;c" in screen)
    terminal.press("Escape")
    terminal.wait(lambda screen: "Go back" not in screen)
    terminal.press("q")
    terminal.wait("[exit 0]")
    assert_harmless(raw.read_bytes())


@pytest.mark.terminal
@pytest.mark.bubblewrap
def test_the_text_of_a_model_is_harmless(terminal: Terminal, tmp_path: Path):
    text = HOSTILE.replace("\ud800", "")
    answers = [
        Answer(text, calls=[Call("execute_bash", {"command": SPOKEN})]),
        Answer(calls=[Call(text, {"command": text})]),
        Answer("half " + text, status=500, error=text),
        *[Answer(text + " the end")] * 3,
    ]
    path = write(tmp_path / "x.json", [message(0, "go")])
    raw = tmp_path / "raw"
    with Loopback(answers) as server:
        terminal.environ(LLM_MODEL="openai/loopback", LLM_BASE_URL=server.url, LLM_API_KEY="sk-x")
        terminal.start(path, "--sandbox", "bubblewrap", raw=raw)
        terminal.wait("REPLAY PAUSED")
        terminal.press("c")
        terminal.wait("end of the recording")
        terminal.press("L")
        terminal.wait("LIVE AWAITING INPUT", seconds=60)
    for key in ("1", "2", "5", "g", "j", "j", "j", "G"):
        terminal.press(key)
    terminal.press("M-b")
    terminal.wait("Branches")
    terminal.press("q")
    terminal.wait(lambda screen: "Enter go there" not in screen)
    terminal.press("q")
    terminal.wait("[exit 0]")
    assert_harmless(raw.read_bytes())
