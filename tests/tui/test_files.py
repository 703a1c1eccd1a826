"""What each step changed: in the Files tab, in the report, and as a reason to stop."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, OptionList

from documents import message, ran, run
from loopback import Answer, Call, Loopback
from program import finish, trajtui, write
from screens import Shown, opened
from trajcore import State
from trajcore.live.modelsettings import ModelSettings
from trajcore.sandbox.base import FileChange, FileChanges
from trajtui.widgets.side import FILES_TAB

pytestmark = pytest.mark.bubblewrap

WORK: list[dict[str, Any]] = [
    message(0, "go"),
    run(1, r"printf 'one\ntwo\n' > a; mkdir d; printf '\0' > d/b; ln -s a l"),
    ran(2, 1, ""),
    run(3, "sed -i s/two/2/ a && rm -r d && echo \"127.0.0.1 x\" > $'\\e[2Jname' && chmod +x a"),
    ran(4, 3, ""),
    run(5, "cat a"),
    ran(6, 5, "one\n2"),
    run(7, "echo late >> /etc/profile"),
    ran(8, 7, ""),
    finish(9),
]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write(tmp_path / "work.json", WORK)


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_the_tab_shows_what_the_selected_step_changed(recording: Path, size: tuple[int, int]):
    async with opened(recording, size, "bubblewrap") as screen:
        await screen.press("4")
        await screen.wait("does nothing to the files")
        await screen.press("j")
        await screen.wait("Not executed yet")
        await screen.press("c")
        await screen.settle()
        await screen.press("g", "j")
        await screen.wait("4 changes")
        text = screen.text
        assert "4 changes: 4 + added" in text
        assert "▾ /workspace/" in text
        assert "▾ + a  +2 −0 · 8 B" in text
        assert "▾ + d/" in text
        assert "▾ + b  1 B · binary" in text
        assert size[0] < 100 or "▾ + l  1 B · link to a" in text
        await screen.press("j")
        await screen.wait("▾ − b  1 B")
        assert "▾ ~ a  +1 −1 · 8 B → 6 B · mode 644 → 755" in screen.text
        assert "\x1b" not in screen.text
        assert "␛[2Jname" in screen.text
        if size[0] < 100:
            await screen.press("enter")
        await screen.wait("+ 2")
        assert "- two" in screen.text
        assert "1   one" in screen.text


async def test_sentences_where_there_is_nothing_to_show(recording: Path):
    async with opened(recording, sandbox="bubblewrap") as screen:
        await screen.press("4", "j", "j", "x", "x", "c")
        await screen.settle()
        await screen.wait("skipped")
        await screen.press("g", "j", "j")
        await screen.wait("Not executed, so nothing was changed: you asked for it: skipped.")
        await screen.press("j")
        await screen.wait("No files changed.")
    async with opened(recording) as screen:
        await screen.press("4", "j", "c")
        await screen.settle()
        await screen.press("g", "j")
        await screen.wait("Not executed, so nothing was changed: served from the recording.")


async def test_added_and_removed_lines_are_coloured(recording: Path):
    async with opened(recording, sandbox="bubblewrap") as screen:
        await screen.press("4", "c")
        await screen.settle()
        await screen.press("g", "j", "j")
        await screen.wait("- two")
        rows = screen.app.screen._compositor.render_strips()
        colours = {
            segment.text.strip(): segment.style.color for row in rows for segment in row if segment.style
        }
        assert len({colours["two"], colours["2"], colours["one"]}) == 3


async def test_what_was_changed_by_hand_stands_behind_the_step_it_followed(recording: Path):
    async with opened(recording, sandbox="bubblewrap") as screen:
        await screen.press("4", "s")
        await screen.settle()
        await screen.press("s")
        await screen.settle()
        by_hand = FileChanges(
            (FileChange("/workspace/mine", "added", None, 2, "--- /dev/null\n+++ b/m\n@@ -0,0 +1 @@\n+x\n"),)
        )
        screen.session.run.add_by_hand(by_hand)
        screen.session.run.add_by_hand(FileChanges())
        await screen.press("g", "j")
        await screen.wait("4 changes")
        after_first = screen.text
        await screen.press("j")
        await screen.wait("1 change, made by hand after it")
        assert "+ mine" in screen.text
        assert "made by hand" not in after_first


async def test_a_step_taken_again_changes_what_it_changed_the_first_time(recording: Path):
    async with opened(recording, sandbox="bubblewrap") as screen:
        await screen.press("c")
        await screen.settle()
        first = {index: result.files for index, result in screen.session.run.results.items()}
        assert all(files is not None for files in first.values())
        screen.session.go_back(screen.session.back_to(3)[0])
        await screen.session.idle()
        assert set(screen.session.run.results) == {1}
        await screen.press("c")
        await screen.settle()
        assert {index: result.files for index, result in screen.session.run.results.items()} == first


async def test_what_a_live_step_changed(tmp_path: Path):
    path = write(tmp_path / "x.json", [message(0, "go"), run(1, "true"), ran(2, 1, "")])
    answers = [
        Answer(calls=[Call("execute_bash", {"command": "echo live > made"})]),
        Answer(calls=[Call("finish", {"message": "Done."})]),
    ]
    with Loopback(answers) as server:
        model = ModelSettings("openai/loopback", "sk-never-shown", server.url)
        async with opened(path, sandbox="bubblewrap", model=model) as screen:
            await screen.press("c")
            await screen.settle()
            await screen.press("L")
            await screen.wait("LIVE FINISHED", seconds=60)
            await screen.press("4", "G", "k")
            await screen.wait("+ made  +1 −0 · 5 B")


def test_the_report_has_the_files_of_each_step(recording: Path, tmp_path: Path):
    report = tmp_path / "report.json"
    done = trajtui("replay", recording, "--sandbox", "bubblewrap", "--report", report, "--quiet")
    assert done.returncode == 0, done.stderr
    steps = json.loads(report.read_text())["steps"]
    assert [[change["path"] for change in step["files"]] for step in steps] == [
        ["/workspace/a", "/workspace/d/", "/workspace/d/b", "/workspace/l"],
        ["/workspace/\x1b[2Jname", "/workspace/a", "/workspace/d/", "/workspace/d/b"],
        [],
        ["/etc/profile"],
    ]
    assert steps[1]["files"][1] == {
        "path": "/workspace/a",
        "change": "changed",
        "before": 8,
        "after": 6,
        "diff": "--- a/workspace/a\n+++ b/workspace/a\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n",
        "note": "mode 644 → 755",
    }
    assert steps[3]["files"][0]["diff"].endswith("\n+late\n")
    assert not Path("/workspace/a").exists()


def test_the_report_of_a_run_that_executed_nothing_has_none(recording: Path, tmp_path: Path):
    report = tmp_path / "report.json"
    trajtui("replay", recording, "--sandbox", "recorded", "--report", report, "--quiet")
    assert all("files" not in step for step in json.loads(report.read_text())["steps"])


def test_a_replay_stops_behind_the_step_that_touches_a_file(recording: Path):
    done = trajtui("replay", recording, "--sandbox", "bubblewrap", "--break", "file=/etc/profile and exit=0")
    assert "paused before event 9: breakpoint file=/etc/profile and exit=0, true of 7" in done.stdout
    done = trajtui("replay", recording, "--sandbox", "bubblewrap", "--break", "file~/d/b$ and command~sed")
    assert "paused before event 5" in done.stdout


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_what_all_steps_changed_and_who_changed_it(recording: Path, size: tuple[int, int]):
    async with opened(recording, size, "bubblewrap") as screen:
        await screen.press("c")
        await screen.settle()
        screen.session.run.add_by_hand(
            FileChanges(
                (
                    FileChange(
                        "/workspace/mine", "added", None, 2, "--- /dev/null\n+++ b/m\n@@ -0,0 +1 @@\n+x\n"
                    ),
                )
            )
        )
        await screen.press("F", "F")
        text = await screen.wait("changes, by now")
        assert "5 changes, by now: 4 + added, 1 ~ changed" in text
        assert "since the start" in text
        assert "▸ + a  +2 −0 · 6 B" in text
        assert "▸ ~ profile" in text
        assert "+ mine" in text
        assert "− " not in text.replace("+2 −0", "").replace("+1 −0", "")
        pane = screen.app.screen.side.pane(FILES_TAB)
        pane.focus()
        await screen.press(*"jjj")
        await screen.wait(lambda: pane.path == "/workspace/")
        await screen.press("enter")
        await screen.wait("▸ /workspace/  +4 −0 · 4 changes")
        await screen.press("enter", *"jj", "enter")
        await screen.wait("last written by 3 ")
        await screen.press(*"jj", "a")
        await screen.wait("line 1 of /workspace/a was written by 1 ")
        await screen.press("j", "a")
        await screen.wait("line 2 of /workspace/a was written by 3 ")
        await screen.press("k", "k", "enter")
        await screen.wait(lambda: screen.selected == 3)
        await screen.press("F")
        await screen.wait("1 change, by hand, behind ")
        await screen.press("F")
        await screen.wait("4 changes: 4 + added") if screen.selected == 1 else await screen.wait("− d/")


async def test_lines_are_not_looked_for_where_none_is(recording: Path):
    async with opened(recording) as screen:
        await screen.press("a")
        await screen.wait("on a line of a diff")
        await screen.press("F", "F")
        await screen.wait("The files are what they were at the start.")
        await screen.press("F")
        await screen.wait("You have changed no file by hand")


async def asked(screen: Shown, answer: str) -> None:
    """Choose what is saved out of the sandbox."""
    screen.app.screen.action_act("save_to")
    await screen.wait("Save what out of the sandbox?")
    choices = screen.app.screen.query_one(OptionList)
    choices.highlighted = choices.get_option_index(answer)
    await screen.press("enter")


async def test_a_file_of_the_sandbox_is_saved_on_this_machine(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").write_text("mine")
    async with opened(recording, sandbox="bubblewrap") as screen:
        screen.app.screen.action_act("save_to")
        await screen.wait("has not been started yet")
        await screen.press("c")
        await screen.settle()
        for path, said in (("d", "No such file"), ("/dev/zero", "neither a file nor")):
            await asked(screen, "other")
            await screen.wait("Which file or directory")
            await screen.type(path)
            await screen.press("enter")
            await screen.wait(f"Save {path} in")
            await screen.press("enter")
            await screen.wait(said)
        await screen.press("F", "F")
        pane = screen.app.screen.side.pane(FILES_TAB)
        pane.focus()
        await screen.wait("▸ + a ")
        await screen.press(*"jjjjj")
        await screen.wait(lambda: pane.path == "/workspace/a")
        await asked(screen, "under")
        await screen.wait("Save /workspace/a as")
        await screen.press("enter")
        await screen.wait("6 B")
        state = screen.app.session.state
    assert (tmp_path / "a").read_text() == "mine"
    assert (tmp_path / "a.2").read_text() == "one\n2\n"
    assert state is State.FINISHED
    assert sorted(one.name for one in tmp_path.iterdir() if one.name[0] == "a") == ["a", "a.2"]


async def test_a_directory_of_the_sandbox_becomes_a_new_one_or_an_archive(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "mine").write_text("mine")
    async with opened(recording, sandbox="bubblewrap") as screen:
        await screen.press("c")
        await screen.settle()
        await asked(screen, "project")
        await screen.wait("Save /workspace in")
        assert "workspace.2" in screen.text
        path = screen.app.screen.query_one(Input)
        path.value = str(tmp_path / "workspace")
        await screen.press("enter")
        await screen.wait("that is there already")
        path.value = str(tmp_path / "out")
        await screen.press("enter")
        await screen.wait("saved")
        await asked(screen, "project")
        await screen.wait("Save /workspace in")
        screen.app.screen.query_one(Input).value = str(tmp_path / "out.tar.gz")
        await screen.press("enter")
        await screen.wait("out.tar.gz: ")
        await asked(screen, "image")
        await screen.wait("only a docker sandbox")
    assert (tmp_path / "workspace" / "mine").read_text() == "mine"
    assert (tmp_path / "out" / "a").read_text() == "one\n2\n"
    with tarfile.open(tmp_path / "out.tar.gz") as archive:
        file = archive.extractfile("workspace/a")
        assert file is not None
        assert file.read() == b"one\n2\n"


async def test_esc_ends_what_is_saved_and_nothing_of_it_is_left(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "to").mkdir()
    monkeypatch.chdir(tmp_path / "to")
    async with opened(recording, sandbox="bubblewrap") as screen:
        await screen.press("c")
        await screen.settle()
        await asked(screen, "world")
        await screen.wait("world.tar")
        screen.app.screen.query_one(Input).value = str(tmp_path / "to" / "world")
        await screen.press("enter")
        await screen.wait("saving /: ")
        assert screen.app.session.busy
        await screen.press("escape")
        await screen.wait("nothing was saved")
        assert (screen.app.session.state, screen.app.session.failure) == (State.FINISHED, None)
    assert not list((tmp_path / "to").iterdir())


async def test_no_file_is_saved_where_nothing_is_executed(recording: Path):
    async with opened(recording) as screen:
        await screen.press("c")
        await screen.settle()
        screen.app.screen.action_act("save_to")
        await screen.wait("nothing is executed in a recorded sandbox")


def test_a_replay_without_a_screen_takes_the_project_out(recording: Path, tmp_path: Path) -> None:
    replay = ("replay", recording, "--sandbox", "bubblewrap", "--until", "3", "--export")
    for name in ("out", "out.tar"):
        done = trajtui(*replay, tmp_path / name)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "a").read_text() == "one\ntwo\n"
    assert (tmp_path / "out" / "l").readlink() == Path("a")
    with tarfile.open(tmp_path / "out.tar") as archive:
        assert {"workspace/a", "workspace/d/b", "workspace/l"} < set(archive.getnames())
    again = trajtui(*replay, tmp_path / "out")
    assert (again.returncode, "not empty" in again.stderr) == (2, True)
    served = trajtui("replay", recording, "--sandbox", "recorded", "--export", tmp_path / "new")
    assert "nothing is executed in a recorded sandbox" in served.stderr
    assert served.returncode != 0
    assert not (tmp_path / "new").exists()
