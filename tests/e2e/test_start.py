"""From one recording to the next in a real terminal, without leaving the program."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from documents import message, ran, run
from program import SAMPLES, write
from terminal import PROGRAM, Terminal
from trajcore.views.recent import remember

pytestmark = pytest.mark.terminal

DEMO = SAMPLES / "demo.json"
RECORDED = ("--sandbox", "recorded")


def in_shell(line: str) -> tuple[str, ...]:
    """A command line as a shell takes it; `trajtui` is the program."""
    return ("sh", "-c", f'trajtui() {{ {shlex.join(PROGRAM)} "$@"; }}; {line}')


def another(terminal: Terminal) -> None:
    """Go to the start screen, by the palette."""
    terminal.press("C-p")
    terminal.wait("Search for commands")
    terminal.type("open another")
    terminal.wait("open another recording: back to the start")
    terminal.press("Enter")


@pytest.mark.parametrize("line", ["trajtui {} < {}", "trajtui - {} < {}", "cat {1} | trajtui {0}"])
@pytest.mark.sampled(2)
def test_what_is_sent_to_standard_input_is_opened_and_keys_come_from_the_terminal(
    terminal: Terminal, line: str
):
    terminal.start(program=in_shell(line.format(shlex.join(RECORDED), shlex.quote(str(DEMO)))))
    terminal.wait("REPLAY PAUSED")
    assert "standard input" in terminal.screen().splitlines()[0]
    terminal.press("s")
    terminal.wait("1/7")
    terminal.press("q")
    terminal.wait("[exit 0]")
    assert terminal.modes() == ""


def test_of_several_on_standard_input_one_is_picked(terminal: Terminal, tmp_path: Path):
    events = '[{"id": 0, "source": "user", "action": "message", "args": {"content": "number NAME"}}]'
    rows = [f'{{"instance_id": "task-{n}", "history": {events.replace("NAME", n)}}}\n' for n in "ab"]
    (tmp_path / "output.jsonl").write_text("".join(rows))
    terminal.start(program=in_shell(f"trajtui {shlex.join(RECORDED)} < output.jsonl"))
    terminal.wait("holds 2 trajectories")
    terminal.press("j", "Enter")
    terminal.wait(lambda screen: "REPLAY PAUSED" in screen and "number b" in screen)


def test_what_cannot_be_read_from_standard_input_is_one_line(terminal: Terminal):
    terminal.start(program=in_shell("echo nonsense | trajtui"))
    assert "standard input" in terminal.wait("[exit 2]")


def test_another_recording_is_opened_without_leaving(terminal: Terminal, tmp_path: Path):
    path = write(tmp_path / "mine.json", [message(0, "the task"), run(1, "true"), ran(2, 1, "")])
    terminal.start(path, "--at", "2", "--sandbox", "recorded", width=80, height=24)
    terminal.wait("REPLAY PAUSED")
    another(terminal)
    terminal.wait("open a recording")
    terminal.press("End", "Enter")
    terminal.wait(lambda screen: "REPLAY PAUSED" in screen and "questions.json" in screen)
    terminal.press("q")
    terminal.wait("[exit 0]")
    assert terminal.modes() == ""


@pytest.mark.bubblewrap
def test_the_sandbox_of_the_one_before_is_removed(terminal: Terminal, tmp_path: Path):
    terminal.environ(TMPDIR=str(tmp_path))
    path = write(tmp_path / "mine.json", [message(0, "the task"), run(1, "true"), ran(2, 1, "")])
    terminal.start(path, "--sandbox", "bubblewrap")
    terminal.wait("REPLAY PAUSED")
    terminal.press("s")
    terminal.wait("1/1")
    assert list(tmp_path.glob("trajtui*"))
    another(terminal)
    terminal.wait("open a recording")
    assert not list(tmp_path.glob("trajtui*"))
    terminal.press("q")
    terminal.wait("[exit 0]")


def test_unsaved_work_is_asked_for_before_another_is_opened(terminal: Terminal, tmp_path: Path):
    path = write(tmp_path / "mine.json", [message(0, "the task"), run(1, "true"), ran(2, 1, "")])
    terminal.start(path, "--sandbox", "recorded")
    terminal.wait("REPLAY PAUSED")
    terminal.press("d")
    terminal.wait("u undoes")
    another(terminal)
    terminal.wait("Not saved: ")
    terminal.press("Escape")
    terminal.wait(lambda screen: "Not saved: " not in screen)
    assert "mine.json" in terminal.screen()
    another(terminal)
    terminal.wait("Open another without saving")
    terminal.press("End", "Enter")
    terminal.wait("open a recording")
    terminal.press("q")
    terminal.wait("[exit 0]")


def test_everything_is_opened_from_the_start_screen_alone(terminal: Terminal, tmp_path: Path):
    """What was opened before, a sample, a picked file, a broken one, a typed one, without leaving."""
    for name in ("recent", "picked", "typed"):
        write(tmp_path / f"{name}.json", [message(0, f"the {name} task"), run(1, "true"), ran(2, 1, "")])
    (tmp_path / "broken.json").write_text("not json")
    remember(tmp_path / "gone.json")
    remember(tmp_path / "recent.json")

    def opens(name: str) -> None:
        terminal.wait(lambda screen: "REPLAY PAUSED" in screen and name in screen.splitlines()[0])
        another(terminal)
        terminal.wait("open a recording")

    def pick(name: str) -> None:
        terminal.press("o")
        terminal.wait("the picked task")
        terminal.press("/")
        terminal.wait("part of the name")
        terminal.type(name)
        terminal.wait(lambda screen: f"{name}.json" in screen and "typed.json" not in screen)
        terminal.press("Enter")

    terminal.start(*RECORDED, width=80, height=24)
    terminal.wait("1 step · the recent task")
    terminal.wait("is not there any more")
    terminal.press("Enter")
    opens("recent.json")
    terminal.press("End", "Enter")
    opens("questions.json")
    pick("picked")
    opens("picked.json")
    pick("broken")
    terminal.wait("JSON")
    terminal.press("Escape")
    terminal.wait("● picked.json")
    terminal.press("Escape")
    terminal.wait(lambda screen: "hidden files" not in screen)
    terminal.press("/")
    terminal.wait("Esc leaves the path")
    terminal.type(str(tmp_path / "typed.json"))
    terminal.press("Enter")
    opens("typed.json")
    terminal.press("?")
    terminal.wait("take the recording off this list")
    terminal.press("Escape")
    terminal.wait(lambda screen: "take the recording off" not in screen)
    terminal.press("q")
    terminal.wait("[exit 0]")
    assert terminal.modes() == ""


@pytest.mark.parametrize("dismissed", [False, True])
def test_a_new_user_is_told_what_to_try_once(terminal: Terminal, tmp_path: Path, dismissed: bool):
    terminal.environ(XDG_STATE_HOME=str(tmp_path / "new"))
    terminal.start(DEMO, *RECORDED, width=80, height=24)
    terminal.wait("New here? s steps · 3 recorded and actual · ? all keys · Esc hides this")
    terminal.wait("REPLAY PAUSED")
    if dismissed:
        terminal.press("Escape")
    else:
        terminal.press("s")
        terminal.wait("New here? 3 recorded")
        terminal.press("3")
        terminal.wait("New here? ? all keys")
        terminal.press("?")
        terminal.wait("Keys and marks")
        terminal.press("Escape")
    terminal.wait(lambda screen: "New here?" not in screen and "Keys and marks" not in screen)
    terminal.press("q")
    terminal.wait("[exit 0]")
    terminal.close()
    terminal.start(DEMO, *RECORDED, width=80, height=24)
    terminal.wait("REPLAY PAUSED")
    terminal.wait("plays the first step")
    assert "New here?" not in terminal.screen()
