"""The world that a run begins in, on the screen: what names it, what it is, and another one."""

from __future__ import annotations

import gc
import re
from pathlib import Path

import pytest
from textual.widgets import Input, OptionList

from documents import message, ran, run
from evaluations import SOLUTION, WORK, events, lines, row
from program import trajtui, write
from screens import Shown, opened
from trajcore.worlds.choice import Choice, choice_of, remember, remembered
from trajtui.widgets.inputs import Tick

WANTED = "swebench/sweb.eval.x86_64.acme_1776_calc-404:latest"


def words(screen: Shown) -> str:
    """What stands on the screen, without borders and line breaks."""
    return " ".join(screen.text.replace("│", " ").split())


@pytest.fixture
def evaluation(tmp_path: Path) -> Path:
    """A row whose image is not here."""
    path = tmp_path / "output.jsonl"
    path.write_bytes(
        lines(row(events(("cat calc.py", "a - b"), ("pwd", WORK)), instance_id="acme__calc-404"))
    )
    return path


@pytest.mark.parametrize("action", ["world", "edit_event", "replace_text"])
async def test_what_was_asked_for_as_the_screen_went_leaves_nothing_behind(
    evaluation: Path, action: str
) -> None:
    async with opened(evaluation, (80, 24), "recorded") as screen:
        await screen.settle()
        screen.app.screen.action_act(action)
        screen.app.workers.cancel_all()
    gc.collect()  # a coroutine that nobody has waited for would say so now


@pytest.mark.bubblewrap
@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
@pytest.mark.sampled(2)
async def test_what_is_found_is_shown_and_another_world_is_picked(
    evaluation: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    (tmp_path / "calc").mkdir()
    (tmp_path / "calc" / "calc.py").write_text("a - b\n")
    async with opened(evaluation, size, "bubblewrap", beginning=Choice(), keep_choices=True) as screen:
        await screen.settle()
        assert "world: bare" in screen.rows[0]
        assert WANTED[:40] in screen.text
        assert "O offers another world" in screen.text
        await screen.press("s", "s")
        await screen.settle()
        assert "a step found other files than" in words(screen)
        await screen.press("O")
        text = await screen.wait("Sandbox and world")
        assert f"image       {WANTED}" in text
        assert "evidence: files built" in text
        assert "Enter restarts the run so" in text
        assert SOLUTION not in text
        await screen.press("tab")
        await screen.type(str(tmp_path / "nowhere"))
        await screen.press("enter")
        await screen.wait(lambda: "there is no such directory" in words(screen))
        screen.app.screen.query_one("#world-repo", Input).value = str(tmp_path / "calc")
        await screen.press("enter")
        await screen.wait("world: repo")
        await screen.settle()
        assert screen.session.position == 0
        await screen.press("c")
        await screen.settle()
        assert [result.match and result.match.value for result in screen.session.results.values()] == [
            "equal"
        ] * 2
        assert "(before the first step)" in screen.text or size[1] < 48
    assert remembered(evaluation) == choice_of("auto", repo=str(tmp_path / "calc"))


@pytest.mark.bubblewrap
async def test_the_last_choice_is_offered_again_and_not_taken_unasked(
    evaluation: Path, tmp_path: Path
) -> None:
    remember(evaluation, None, choice_of("auto", repo=str(tmp_path)))
    async with opened(evaluation, sandbox="bubblewrap", beginning=Choice(), keep_choices=True) as screen:
        await screen.settle()
        assert "the last time this recording began in --repo" in screen.status
        assert "world: bare" in screen.rows[0]
        await screen.press("O")
        await screen.wait("as the last time: --repo")
        await screen.press("enter")
        await screen.wait("world: repo")
        await screen.settle()
        assert "the last time" not in screen.status


@pytest.mark.bubblewrap
@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_where_a_sandbox_cannot_be_had_another_one_can(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody")
    path = write(tmp_path / "t.json", [message(0), run(1, "echo ran"), ran(2, 1, "ran")])
    async with opened(path, size, "docker") as screen:
        await screen.press("s")
        await screen.wait("ERROR")
        await screen.press("O")
        await screen.wait(lambda: "bubblewrap works here" in words(screen))
        assert "No Docker engine answers" in words(screen)
        await screen.press("down", "enter")
        await screen.wait(lambda: "bubblewrap" in screen.rows[0])
        await screen.settle()
        await screen.press("s")
        await screen.settle()
        assert [result.status.value for result in screen.session.results.values()] == ["matched"]


@pytest.mark.bubblewrap
async def test_the_sandbox_is_set_up_as_typed_and_why_it_is_this_one_is_said(tmp_path: Path) -> None:
    script = tmp_path / "set-up.sh"
    script.write_text("echo made > /workspace/made\n")
    path = write(tmp_path / "t.json", [message(0), run(1, "cat made"), ran(2, 1, "made")])
    async with opened(path, sandbox="bubblewrap") as screen:
        await screen.settle()
        await screen.press("O")
        await screen.wait("now: bubblewrap, because it was asked for")
        assert re.search(r"│ image +nikolaik/", screen.text)  # what is filled in says what it is
        dialog = screen.app.screen
        dialog.query_one("#world-setup", Input).value = str(tmp_path / "nothing.sh")
        await screen.press("enter")
        await screen.wait("no such setup script")
        await screen.press("O")
        await screen.wait("Sandbox and world")
        dialog = screen.app.screen
        dialog.query_one("#world-setup", Input).value = str(script)
        dialog.query_one(Tick).value = True
        await screen.press("enter")
        await screen.wait(lambda: "net on" in screen.rows[0])
        await screen.settle()
        await screen.press("s")
        await screen.settle()
        assert [result.match and result.match.value for result in screen.session.results.values()] == [
            "equal"
        ]


async def test_the_bare_host_is_asked_for_once_more(tmp_path: Path) -> None:
    path = write(tmp_path / "t.json", [message(0), run(1, "true"), ran(2, 1)])
    async with opened(path) as screen:
        await screen.settle()
        await screen.press("O")
        await screen.wait("Sandbox and world")
        kinds = screen.app.screen.query_one("#world-kinds", OptionList)
        kinds.highlighted = kinds.get_option_index("local")
        await screen.press("enter")
        await screen.wait("no walls")
        await screen.wait("Do not run them")
        await screen.press("escape")
        await screen.settle()
        assert screen.session.settings.sandbox == "recorded"


async def test_a_hostile_name_does_nothing_to_the_screen(tmp_path: Path) -> None:
    path = tmp_path / "output.jsonl"
    path.write_bytes(
        lines(row(repo="a\x1b[2J\x07/b\n[bold]c", instance_id="\x1b]0;x\x07", version="\u202e1"))
    )
    async with opened(path, beginning=Choice()) as screen:
        await screen.press("O")
        text = await screen.wait("Sandbox and world")
        assert not {"\x1b", "\x07", "\u202e"} & set(text)
        assert "[bold]c" in text
        await screen.press("escape")
        await screen.wait(lambda: "Sandbox and world" not in screen.text)


def test_it_is_shown_and_offered_without_a_screen(evaluation: Path, tmp_path: Path) -> None:
    shown = trajtui("show", "--world", evaluation)
    assert f"image       {WANTED}" in shown.stdout
    assert (shown.returncode, shown.stderr) == (0, "")
    found = trajtui("replay", evaluation, "--world", "none", "--sandbox", "recorded")
    assert (found.returncode, found.stderr) == (0, "")
    refused = trajtui("replay", evaluation, "--world", "image", DOCKER_HOST="unix:///nowhere")
    assert refused.returncode == 3
    assert refused.stderr.startswith("trajtui: ")
    assert refused.stderr.count("\n") == 1


@pytest.mark.bubblewrap
def test_without_a_screen_one_line_says_what_could_be_had(evaluation: Path, tmp_path: Path) -> None:
    told = trajtui("replay", evaluation, "--sandbox", "bubblewrap", "--quiet")
    assert told.returncode == 0
    assert told.stderr.count("\n") == 1
    assert WANTED in told.stderr
    assert "--world evidence" in told.stderr
    plain = write(tmp_path / "plain.json", events(("cat gone", "x"), work="/workspace")[1:])
    told = trajtui("replay", plain, "--sandbox", "bubblewrap", "--quiet")
    assert told.stderr.count("\n") == 1
    assert "a step found other files than when it was recorded" in told.stderr
