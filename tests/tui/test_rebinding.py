"""Keys of the user's own: how they are written, what is refused, and that the screen goes by them."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.keys import _character_to_key

from documents import message, ran, run
from program import trajtui, write
from screens import opened
from trajcore import BadInput
from trajcore.config import config_directory, load
from trajtui import keynames
from trajtui.actions.rebinding import rebound
from trajtui.actions.table import ACTIONS

EVENTS = [message(0, "go"), run(1, "true"), ran(2, 1, "")]


@pytest.mark.parametrize(
    ("word", "name", "shown"),
    [
        ("s", "s", "s"),
        ("S", "S", "S"),
        ("Shift+s", "S", "S"),
        ("F10", "f10", "F10"),
        ("Ctrl+R", "ctrl+r", "Ctrl+R"),
        ("shift+ctrl+up", "ctrl+shift+up", "Ctrl+Shift+↑"),
        ("alt+pgdn", "alt+pagedown", "Alt+PgDn"),
        ("Esc", "escape", "Esc"),
        ("?", "question_mark", "?"),
        ("exclamation_mark", "exclamation_mark", "!"),
        ("+", "plus", "+"),
        ("ctrl++", "ctrl+plus", "Ctrl++"),
        ("é", "é", "é"),
    ],
)
def test_keys_are_written_as_people_do_or_as_textual_does(word: str, name: str, shown: str) -> None:
    assert keynames.named(word) == name
    assert keynames.shown(name) == shown
    assert keynames.named(shown) == name


def test_every_key_of_the_table_can_be_written() -> None:
    for action in ACTIONS:
        for key in action.keys:
            assert keynames.named(key) == keynames.named(keynames.shown(key)) == key
    assert _character_to_key("+") == "plus"


@pytest.mark.parametrize(
    "word", ["", "foo", "ctrl+", "ctrl+ctrl+x", "hyper+x", "shift+?", "ctrl+shift+x", "ss"]
)
def test_what_is_no_key_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        keynames.named(word)


def test_each_fault_has_a_line_and_a_conflict_names_both() -> None:
    with pytest.raises(BadInput) as refused:
        rebound({"stpe": "n", "step": "foo", "resume": "x f5", "back": 3, "undo": "ctrl+p", "redo": "ctrl+r"})
    assert str(refused.value).split("\n") == [
        "[trajtui.keys] stpe: there is no such action; is step meant?",
        "[trajtui.keys] step: 'foo' is no key.",
        '[trajtui.keys] back: expected keys as a text, such as "s f10".',
        "[trajtui.keys]: x is a key of resume and of service.",
        "[trajtui.keys]: Ctrl+P is a key of undo and of command_palette.",
    ]


async def test_the_screen_goes_by_the_users_keys(tmp_path: Path) -> None:
    actions = rebound({"step": "Ctrl+G F7", "resume": "s", "delete": "", "insert_behind": "c"})
    assert next(action.shown for action in actions if action.name == "delete") == ""
    async with opened(write(tmp_path / "x.json", EVENTS), actions=actions) as screen:
        assert " Ctrl+G step  s continue " in screen.rows[-1]
        await screen.press("d", "f10")
        await screen.settle()
        assert "0/1" in screen.status
        assert "modified" not in screen.status
        await screen.press("f7")
        await screen.settle()
        assert "0/1" not in screen.status
        await screen.press("question_mark")
        await screen.wait("  Ctrl+G F7  step one action")
        await screen.press("escape", "ctrl+p")
        await screen.type("step one")
        await screen.wait("Ctrl+G F7")


async def test_the_palette_and_the_way_between_panes_have_the_users_keys_too(tmp_path: Path) -> None:
    actions = rebound({"command_palette": "Ctrl+T", "next_pane": "Ctrl+W", "undo": "ctrl+p", "redo": "tab"})
    async with opened(write(tmp_path / "x.json", EVENTS), actions=actions) as screen:
        await screen.press("2", "w", "tab")
        assert screen.app.focused is screen.timeline
        await screen.press("ctrl+w")
        await screen.wait(lambda: screen.app.focused.id == "event")
        await screen.press("shift+tab", "ctrl+p")
        await screen.wait(lambda: screen.app.focused is screen.timeline)
        assert "Search for commands" not in screen.text
        await screen.press("m", "ctrl+t")  # from a text box as well
        await screen.wait("Search for commands")
        await screen.type("check the rec")
        await screen.wait("check the recording")
        await screen.press("escape", "escape", "question_mark")
        await screen.wait("Ctrl+T     let the model go on")
        await screen.press(*["j"] * 20)
        await screen.wait("Ctrl+W     next pane")


def test_the_keys_are_the_users_own_wherever_they_work() -> None:
    here = Path("config.toml")
    own = config_directory() / "config.toml"
    said = trajtui("config", "set", "trajtui.keys.step", "F7")
    assert (said.returncode, said.stdout) == (0, f"set in {own}\n")
    here.write_text("[trajtui.keys]\nquit = 'j'\n")
    assert load(environment={}).get("keys") == {"step": "F7"}
    assert trajtui("config", "set", "keys.back", "Ctrl+B").returncode == 0
    shown = trajtui("config").stdout
    for line in ("trajtui.keys.step                F7", "trajtui.keys.back                Ctrl+B"):
        assert line in shown
    refused = trajtui("config", "set", "keys.resume", "ctrl+b")
    assert (refused.returncode, refused.stderr) == (
        2,
        "trajtui: [trajtui.keys]: Ctrl+B is a key of resume and of back.\n",
    )
    own.unlink()
    assert load(environment={}).get("keys") == {}
    here.write_text("[sandbox]\ntimeout = 5\n")
    assert "keys" not in str(load(environment={}).left_out)


def test_at_the_start_each_fault_is_a_line(tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text("[trajtui.keys]\nstpe = 'n'\nstep = 'foo'\n")
    path = write(tmp_path / "x.json", EVENTS)
    refused = trajtui(path, "--config", config)
    assert refused.returncode == 2
    assert refused.stderr == (
        f"trajtui: {config}, [trajtui.keys] stpe: there is no such action; is step meant?\n"
        f"{config}, [trajtui.keys] step: 'foo' is no key.\n"
    )
