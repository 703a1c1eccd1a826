"""Every key is pressed and what it does is read from the screen; what has none is chosen from the palette."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from loopback import Answer, Call, Loopback
from pictures import png, url
from pressing import ACTION_OF, Stage, at_rest, choose
from program import finish, say, write
from screens import Shown, opened
from trajcore.live.modelsettings import ModelSettings
from trajcore.views.copying import PARTS
from trajtui.actions.table import ACTIONS
from trajtui.screens.debugger import DebuggerScreen

PICTURE = url(png(4, 2))
LONG = f"one\ntwo\n{'x' * 300} the very end"

EVENTS: list[dict[str, Any]] = [
    message(0, "count the words", image_urls=[PICTURE]),
    say(1, "I count them."),
    run(2, "echo needle"),
    ran(3, 2, "needle"),
    {"id": 4, "source": "agent", "action": "delegate", "args": {"agent": "B", "inputs": {"task": "look"}}},
    run(5, "grep needle /dev/null"),
    ran(6, 5, "", 1),
    {"id": 7, "source": "agent", "observation": "delegate", "content": "done", "cause": 4, "extras": {}},
    {"id": 8, "source": "agent", "action": "read", "args": {"path": "/nowhere/at/all.txt"}},
    {"id": 9, "source": "agent", "observation": "read", "content": LONG, "cause": 8, "extras": {}},
    say(10, "Shall I go on?", wait=True),
    message(11, "yes, please"),
    run(12, "read line"),
    ran(13, 12, ""),
    finish(14, "counted"),
]  # fmt: skip

RECORDED = Stage()
"""Served from the recording: what is looked at and edited."""
WORLD = Stage()
"""In a sandbox: what runs."""
MODEL = Stage()
"""With a model that answers."""
STAGES = (RECORDED, WORLD, MODEL)


def label(screen: Shown, index: int) -> str:
    """The row of the timeline that shows an event of this label."""
    width = screen.timeline.outer_size.width
    return next(
        (row[:width] for row in screen.rows[2:-2] if row[3:width].lstrip().startswith(f"{index} ")), ""
    )


async def at(screen: Shown, index: int) -> None:
    """Put the cursor there."""
    screen.timeline.follow(index)
    await screen.settle()


async def selects(screen: Shown, index: int) -> None:
    """The cursor comes to stand there."""
    await screen.wait(lambda: screen.selected == index, seconds=3)


async def edited(screen: Shown, *keys: str) -> None:
    """Press keys that edit the recording."""
    await screen.press(*keys)
    await screen.wait(lambda: "modified" in screen.status)


# Moving


@RECORDED.row("arrow keys and j k g G, Home, End move", "j", "k", "g", "G", "down", "up", "home", "end")
async def _(screen: Shown) -> None:
    for key, index in (
        ("j", 1),
        ("down", 2),
        ("k", 1),
        ("up", 0),
        ("G", 14),
        ("g", 0),
        ("end", 14),
        ("home", 0),
    ):
        await screen.press(key)
        await selects(screen, index)


@RECORDED.row("PgUp and PgDn move", "pagedown", "pageup")
async def _(screen: Shown) -> None:
    await screen.press("pagedown")
    await selects(screen, 14)
    await screen.press("pageup")
    await selects(screen, 0)


@RECORDED.row(":12 jumps to event 12", "colon")
async def _(screen: Shown) -> None:
    await screen.press("colon")
    await screen.type("12")
    await screen.press("enter")
    await selects(screen, 12)
    assert screen.app.focused is screen.timeline


@RECORDED.row("every command is in the palette (Ctrl+P)", "ctrl+p", commands=("command_palette",))
async def _(screen: Shown) -> None:
    await screen.press("ctrl+p")
    await screen.wait("Search for commands")
    await screen.press("escape")
    await choose(screen, "command_palette")
    await screen.wait("Search for commands")


@RECORDED.row("? or F1 shows the keys of where you are", "question_mark", "f1")
async def _(screen: Shown) -> None:
    for key in ("question_mark", "f1"):
        await screen.press(key)
        await screen.wait("Keys and marks")
        await screen.press("escape")
        await screen.wait(lambda: "Keys and marks" not in screen.text)


@RECORDED.row(
    "letters are commands only while no text box has the focus; Esc leaves a text box", "m", "escape"
)
async def _(screen: Shown) -> None:
    await screen.press("m")
    await screen.wait("Enter: insert here")
    await screen.type("sdq")
    await screen.wait("sdq")
    assert screen.session.position == 0
    await screen.press("escape")
    await screen.wait(lambda: screen.app.focused is screen.timeline)
    await screen.press("m", "backspace", "backspace", "backspace", "escape")


# The run


@RECORDED.row("b or F9: breakpoint on the selected event; B: list, conditions", "b", "f9", "B")
async def _(screen: Shown) -> None:
    for key in ("b", "f9"):
        await at(screen, 2)
        await screen.press(key)
        await screen.wait(lambda: "●" in label(screen, 2))
        assert "2: breakpoint, a replay stops before it" in screen.status
        await screen.press(key)
        await screen.wait(lambda: "●" not in label(screen, 2))
        assert "2: no breakpoint any more" in screen.status
    await screen.press("b", "B")
    await screen.wait("● at event 2  echo needle")
    await screen.press("d", "escape")
    await screen.wait(lambda: "●" not in label(screen, 2))


@RECORDED.row("x: execute → recorded → skip, for the selected step", "x")
async def _(screen: Shown) -> None:
    await at(screen, 2)
    for mark in "r⊘":
        await screen.press("x")
        await screen.wait(lambda mark=mark: mark in label(screen, 2)[:4])
    await screen.press("x")
    await screen.wait("event 2: execute")
    assert not {"r", "⊘"} & set(label(screen, 2)[:4])


@RECORDED.row("O: world and sandbox", "O")
async def _(screen: Shown) -> None:
    await screen.press("O")
    await screen.wait("Sandbox and world")


@RECORDED.row("L: go live from here; first the user's word is asked for", "L")
async def _(screen: Shown) -> None:
    await screen.press("L")
    await screen.wait("Ctrl+L: go live from here")


@RECORDED.row("M: model", "M")
async def _(screen: Shown) -> None:
    await screen.press("M")
    await screen.wait("base URL")


@RECORDED.row("p pauses; at rest it says why not", "p")
async def _(screen: Shown) -> None:
    await screen.press("p")
    await screen.wait("nothing is running")


@RECORDED.row("! in a terminal that cannot be left says so", "exclamation_mark")
async def _(screen: Shown) -> None:
    await screen.press("exclamation_mark")
    await screen.wait("a shell needs a terminal, which a browser has not")


@RECORDED.row("T where nothing runs says so", "T")
async def _(screen: Shown) -> None:
    await screen.press("T")
    await screen.wait("nothing runs that could be")


# Editing


@RECORDED.row("w: flip wait_for_response of the selected event", "w")
async def _(screen: Shown) -> None:
    await at(screen, 10)
    await edited(screen, "w")
    assert "✎" in label(screen, 10)
    assert "wait_for_response" in screen.status


@RECORDED.row("Space: flip the flag under the cursor / fold a delegation", "space")
async def _(screen: Shown) -> None:
    await at(screen, 4)
    await screen.press("space")
    await screen.wait(lambda: not label(screen, 5))
    await screen.press("space")
    await screen.wait(lambda: label(screen, 5))
    await at(screen, 2)
    await screen.press("space")
    await screen.wait("Flip a flag of run 2")
    await screen.press("enter")
    await screen.wait(lambda: "✎" in label(screen, 2))


@RECORDED.row("e: edit here", "e")
async def _(screen: Shown) -> None:
    await at(screen, 2)
    await screen.press("e")
    await screen.wait("command")
    assert "echo needle" in screen.text


@RECORDED.row("E: edit in $EDITOR; in a terminal that cannot be left it says so", "E")
async def _(screen: Shown) -> None:
    await screen.press("E")
    await screen.wait("an editor needs a terminal, which a browser has not: e edits here")


@RECORDED.row("i / o: insert a user message before / after", "i", "o")
async def _(screen: Shown) -> None:
    for key, place in (("i", 2), ("o", 4)):
        await at_rest(screen)
        await at(screen, 2)
        await screen.press(key)
        await screen.wait("A user message")
        await screen.type("wait")
        await screen.press("enter")
        await selects(screen, place)
        assert "wait" in screen.text
        assert "modified" in screen.status


@RECORDED.row("I: insert any kind of event", "I")
async def _(screen: Shown) -> None:
    await screen.press("I")
    await screen.wait("Insert which kind of event?")
    await screen.press("enter")
    await screen.wait("New ")


@RECORDED.row("d: delete the selected event; u / Ctrl+R: undo / redo; U: history", "d", "u", "ctrl+r", "U")
async def _(screen: Shown) -> None:
    await at(screen, 2)
    await edited(screen, "d")
    await screen.wait("u undoes")
    assert not label(screen, 2)
    await screen.press("u")
    await screen.wait(lambda: "echo needle" in label(screen, 2))
    await screen.press("ctrl+r")
    await screen.wait("redone: delete")
    assert not label(screen, 2)
    await screen.press("U")
    await screen.wait("delete run 2")


@RECORDED.row("J / K: move the event down / up", "J", "K")
async def _(screen: Shown) -> None:
    await at(screen, 1)
    await edited(screen, "J")
    await selects(screen, 3)
    await screen.press("K")
    await selects(screen, 1)


@RECORDED.row("Y: duplicate", "Y")
async def _(screen: Shown) -> None:
    await at(screen, 2)
    await edited(screen, "Y")
    assert sum("echo needle" in row for row in screen.rows) > 1


@RECORDED.row("Shift+↑↓: select several", "shift+down", "shift+up")
async def _(screen: Shown) -> None:
    await screen.press("shift+down", "shift+down", "shift+up")
    await screen.wait(lambda: len(screen.timeline.picked) == 2)
    assert "Esc selects one" in screen.rows[-1]


@RECORDED.row("Ctrl+F: find and replace", "ctrl+f")
async def _(screen: Shown) -> None:
    await screen.press("ctrl+f")
    await screen.wait("eplace")
    await screen.type("needle")
    await screen.wait("2 matches in 2 events")


@RECORDED.row("Ctrl+S / W: save / save as", "ctrl+s", "W")
async def _(screen: Shown) -> None:
    await at(screen, 10)
    await edited(screen, "w")
    await screen.press("ctrl+s")
    await screen.wait("saved ")
    assert "modified" not in screen.status
    await edited(screen, "u")
    await screen.press("W")
    await screen.wait("Save the recording as")
    await screen.press("escape", "ctrl+s")
    await screen.wait(lambda: "modified" not in screen.status)


@RECORDED.row("Ctrl+O: save run", "ctrl+o")
async def _(screen: Shown) -> None:
    await screen.press("ctrl+o")
    await screen.wait("nothing has happened in this run yet")


@RECORDED.row("show what a save would change; check the recording", commands=("differences", "check"))
async def _(screen: Shown) -> None:
    await choose(screen, "differences")
    await screen.wait("a save would change nothing")
    await at(screen, 10)
    await edited(screen, "w")
    await choose(screen, "differences")
    await screen.wait("What a save would change")
    await at_rest(screen)
    await choose(screen, "check")
    await screen.wait(lambda: not isinstance(screen.app.screen, DebuggerScreen))


# Looking


@RECORDED.row("/ n N: search, next, previous", "slash", "n", "N")
async def _(screen: Shown) -> None:
    await screen.press("slash")
    await screen.type("needle")
    await screen.press("enter")
    await screen.wait("/needle  1/")
    assert "n next  N previous  Esc ends the search" in screen.rows[-1]
    await selects(screen, 2)
    await screen.press("n")
    await selects(screen, 5)
    await screen.press("N")
    await selects(screen, 2)


@RECORDED.row("f: filter", "f")
async def _(screen: Shown) -> None:
    await screen.press("f", "w")
    await screen.wait("Filter ")
    await screen.wait(lambda: label(screen, 10) and not label(screen, 8))


@RECORDED.row("bookmarks: set one, go to one", commands=("bookmark", "bookmarks"))
async def _(screen: Shown) -> None:
    await at(screen, 8)
    await choose(screen, "bookmark")
    await screen.wait("8: bookmark")
    await screen.wait(lambda: "⚑" in label(screen, 8))
    await screen.press("g")
    await choose(screen, "bookmarks")
    await screen.wait("Enter goes there")
    await screen.press("enter")
    await selects(screen, 8)
    await choose(screen, "bookmark")
    await screen.wait("no bookmark any more")


@RECORDED.row("1…5: right-hand tabs", "1", "2", "3", "4", "5")
async def _(screen: Shown) -> None:
    for key, name in zip("12345", ("sandbox", "event", "compare", "files", "chat"), strict=True):
        await screen.press(key)
        await screen.wait(lambda name=name: screen.app.screen.query_one(f"#{name}").display)


@RECORDED.row(
    "Files: this step, since the start, by hand; who wrote a line; Save to…",
    "F",
    "a",
    commands=("files_step", "files_start", "files_hand", "save_to"),
)
async def _(screen: Shown) -> None:
    for name, said in (("hand", "by hand"), ("start", "since the start"), ("step", "this step")):
        await choose(screen, f"files_{name}")
        await screen.wait(f"files: {said}")
    for said in ("since the start", "by hand", "this step"):
        await screen.press("F")
        await screen.wait(f"files: {said}")
    await screen.press("a")
    await screen.wait("on a line of a diff")
    await choose(screen, "save_to")
    await screen.wait("has not been started yet")


@RECORDED.row(
    "D: recorded and actual side by side, ] [ next, previous difference",
    "D",
    "right_square_bracket",
    "left_square_bracket",
)
async def _(screen: Shown) -> None:
    await at(screen, 2)
    await screen.press("D")
    await screen.wait("not played yet")
    assert "Timeline" not in screen.rows[1]
    for key in ("right_square_bracket", "left_square_bracket"):
        await screen.press(key)
        await screen.wait("no step has diverged")
        screen.app.screen.notes.fade()
    await screen.press("D")
    await screen.wait("Timeline")


@RECORDED.row("v: steps / raw events", "v")
async def _(screen: Shown) -> None:
    await screen.press("v")
    await screen.wait(lambda: label(screen, 3))
    assert "every event of the file" in screen.status
    await screen.press("v")
    await screen.wait(lambda: not label(screen, 3))


@RECORDED.row("z: maximise the focused pane", "z")
async def _(screen: Shown) -> None:
    await screen.press("z")
    await screen.wait(lambda: screen.timeline.outer_size.width > 150)
    await screen.press("z")
    await screen.wait(lambda: screen.timeline.outer_size.width < 120)


@RECORDED.row(
    "Tab: next pane; Enter: the right-hand one; Esc returns from where Enter went",
    *("tab", "shift+tab", "enter", "escape"),
)
async def _(screen: Shown) -> None:
    await screen.press("2", "tab")
    await screen.wait(lambda: screen.app.focused.id == "event")
    await screen.press("shift+tab")
    await screen.wait(lambda: screen.app.focused is screen.timeline)
    await screen.press("enter")
    await screen.wait(lambda: screen.app.focused.id == "event")
    await screen.press("escape")
    await screen.wait(lambda: screen.app.focused is screen.timeline)


@RECORDED.row("< >: divider", "less_than_sign", "greater_than_sign")
async def _(screen: Shown) -> None:
    width = screen.timeline.outer_size.width
    await screen.press("less_than_sign")
    await screen.wait(lambda: screen.timeline.outer_size.width < width)
    await screen.press("greater_than_sign")
    await screen.wait(lambda: screen.timeline.outer_size.width == width)


@RECORDED.row("a wrap toggle", "alt+z")
async def _(screen: Shown) -> None:
    await screen.press("2", "alt+z")
    await screen.wait(lambda: "scroll" in screen.status or "wrap" in screen.status)
    await screen.press("alt+z")


@RECORDED.row("the end of a line that goes on at the right, and back", "dollar_sign", "0")
async def _(screen: Shown) -> None:
    await at(screen, 8)
    await screen.press("2", "tab", "alt+z")
    await screen.wait("$ end of the line")
    assert "its beginning" not in screen.text
    await screen.press("dollar_sign")
    await screen.wait("the very end")
    await screen.wait("0 its beginning")
    assert "end of the line" not in screen.text
    await screen.press("0")
    await screen.wait("$ end of the line")
    assert "the very end" not in screen.text
    await screen.press("alt+z")


@RECORDED.row("y: copy", "y")
async def _(screen: Shown) -> None:
    await at(screen, 2)
    await screen.press("y")
    await screen.wait("Copy")
    await screen.press("c")
    await screen.wait("copied.txt")
    assert screen.app.clipboard == "echo needle"


@RECORDED.row("Ctrl+C copies a selection, else interrupts; at rest it says how to quit", "ctrl+c")
async def _(screen: Shown) -> None:
    await screen.press("ctrl+c")
    await screen.wait("q quits")


@RECORDED.row("Ctrl+Z suspends; where there is no shell it says so", "ctrl+z")
async def _(screen: Shown) -> None:
    await screen.press("ctrl+z")
    await screen.wait("there is no shell here")


@RECORDED.row("each thing that can be copied is a command", commands=[f"copy_{part.name}" for part in PARTS])
async def _(screen: Shown) -> None:
    await at(screen, 2)
    for part in PARTS:
        await choose(screen, f"copy_{part.name}")
        await screen.wait(lambda: "copied" in screen.status or "nothing to copy" in screen.status)
        screen.app.screen.notes.fade()


@RECORDED.row("a picture of the screen is saved", commands=("picture",))
async def _(screen: Shown) -> None:
    await choose(screen, "picture")
    await screen.wait(".svg")


@RECORDED.row("what is shared is exported to a file that the user agrees to", commands=("export",))
async def _(screen: Shown) -> None:
    await choose(screen, "export")
    await screen.wait("Export as")
    await screen.press("enter")
    await screen.wait("Which rows?")
    await screen.press("enter")
    await screen.wait("Export to")
    await screen.press("enter")
    await screen.wait("exported: ")


@RECORDED.row("Open picture says the path where nothing can open it", commands=("open_picture",))
async def _(screen: Shown) -> None:
    await choose(screen, "open_picture")
    await screen.wait(".png")
    await at(screen, 2)
    await choose(screen, "open_picture")
    await screen.wait("the selected event has no picture")


@RECORDED.row("Alt+B: branches; Ctrl+N: new live session from here", "alt+b", "ctrl+left", "ctrl+n")
async def _(screen: Shown) -> None:
    for key in ("alt+b", "ctrl+left"):
        await screen.press(key)
        await screen.wait("Branches")
        await screen.press("escape")
        await screen.wait(lambda: "Branches" not in screen.text)
    await screen.press("ctrl+n")
    await screen.wait("LLM_MODEL")


@RECORDED.row("messages are kept in a log; a long one opens in a box", "H", commands=("whole_message",))
async def _(screen: Shown) -> None:
    await screen.press("p")
    await screen.wait("nothing is running")
    await choose(screen, "whole_message")
    await screen.wait(lambda: not isinstance(screen.app.screen, DebuggerScreen))
    assert "nothing is running" in screen.text
    await at_rest(screen)
    await screen.press("H")
    await screen.wait(lambda: not isinstance(screen.app.screen, DebuggerScreen))
    assert "nothing is running" in screen.text


@RECORDED.row("q asks when there is unsaved work", "q", "ctrl+q")
async def _(screen: Shown) -> None:
    await at(screen, 10)
    await edited(screen, "w")
    for key in ("q", "ctrl+q"):
        await screen.press(key)
        await screen.wait("Quit without saving")
        await screen.press("escape")
        await screen.wait(lambda: "Quit without saving" not in screen.text)


@RECORDED.row("open another recording: asks when there is unsaved work", commands=("open_another",))
async def _(screen: Shown) -> None:
    await at(screen, 10)
    await edited(screen, "w")
    await choose(screen, "open_another")
    await screen.wait("Open another without saving")
    await screen.press("escape")
    await screen.wait(lambda: "Open another without saving" not in screen.text)


# In a sandbox


async def begins_again(screen: Shown) -> None:
    """Before the first event, in a fresh sandbox, without breakpoints."""
    for point in list(screen.session.breakpoints):
        screen.session.breakpoints.remove(point)
    await screen.press("R")
    await screen.settle()
    await screen.wait(lambda: screen.stands_at(0))


@WORLD.row("s or F10: step one action; S: step back one action", "s", "f10", "S")
async def _(screen: Shown) -> None:
    await screen.press("s")
    await screen.wait("1 say: I count them.")
    await screen.press("f10")
    await screen.wait("2 run: exit 0, equal")
    await selects(screen, 2)
    assert "=" in label(screen, 2)[:4]
    assert "▶" in label(screen, 4)
    assert "1/4" in screen.status
    await screen.press("S")
    await screen.wait("back before event 2")
    assert screen.stands_at(2)


@WORLD.row("bisect: the step that changed what a command comes to", commands=("bisect",))
async def _(screen: Shown) -> None:
    await choose(screen, "bisect")
    await screen.wait("comes to something else")


@WORLD.row("the branches that a recording has itself", commands=("own_branches",))
async def _(screen: Shown) -> None:
    await choose(screen, "own_branches")
    await screen.wait("this recording has one branch of its own")


@WORLD.row("R: restart from the first event, fresh sandbox", "R")
async def _(screen: Shown) -> None:
    await begins_again(screen)
    assert "a new run, before its first event" in screen.text


@WORLD.row("F8 steps over a delegation", "f8")
async def _(screen: Shown) -> None:
    await begins_again(screen)
    await screen.press("s", "s", "f8")
    await screen.wait(lambda: screen.stands_at(8))


@WORLD.row("t: run to the selected event, or back to it", "t")
async def _(screen: Shown) -> None:
    await begins_again(screen)
    await at(screen, 10)
    await screen.press("t")
    await screen.wait(lambda: screen.stands_at(10))
    assert "▶" in label(screen, 10)
    await at(screen, 2)
    await screen.press("t")
    await screen.wait(lambda: screen.stands_at(2))


@WORLD.row("c or F5: continue (to a breakpoint or the end); C: back to the breakpoint", "c", "f5", "C")
async def _(screen: Shown) -> None:
    await begins_again(screen)
    await at(screen, 8)
    await screen.press("b", "c")
    await screen.wait(lambda: screen.stands_at(8))
    assert "breakpoint at 8 read" in screen.status
    await at(screen, 12)
    await screen.press("b", "f5")
    await screen.wait("breakpoint at 12 run")
    await screen.press("C")
    await screen.wait(lambda: screen.stands_at(8))


@WORLD.row("] [: on to the next diverged step", "right_square_bracket", "left_square_bracket")
async def _(screen: Shown) -> None:
    await screen.press("f5")
    await screen.wait(lambda: screen.stands_at(12))
    await screen.press("right_square_bracket")
    await screen.wait("8 diverged")
    await screen.press("left_square_bracket")
    await selects(screen, 8)


@WORLD.row("p or Esc: pause, interrupt; T: type into it; G follows again", "p", "escape", "T", "G", "ctrl+c")
async def _(screen: Shown) -> None:
    for key in ("p", "escape", "ctrl+c"):
        await begins_again(screen)
        await at(screen, 12)
        await screen.press("t")
        await screen.wait(lambda: screen.stands_at(12))
        await screen.press("s")
        await screen.wait(lambda: screen.session._replay.world.executing)
        assert "REPLAY REPLAYING" in screen.status
        await screen.press("g")
        await selects(screen, 0)
        await screen.press("G")
        await selects(screen, 11)  # what was done last
        await screen.press("T")
        await screen.wait("Ctrl+D")
        await screen.press("escape")
        await screen.wait(lambda: "Ctrl+D" not in screen.text)
        await screen.press(key)
        await screen.wait("interrupted: 12 run")
        await screen.settle()


@WORLD.row("m: type a message, which is inserted", "m")
async def _(screen: Shown) -> None:
    await begins_again(screen)
    await screen.press("m")
    await screen.wait("Enter: insert here")
    await screen.type("hello")
    await screen.press("enter")
    await screen.wait("★")


# With a model


@MODEL.row("what the model sees", commands=("what_the_model_sees",))
async def _(screen: Shown) -> None:
    await choose(screen, "what_the_model_sees")
    await screen.wait("What the model sees: ", seconds=60)
    assert "openai/loopback" in screen.text
    await screen.press("escape")
    await screen.wait("nothing was sent")


@MODEL.row("tools of the live agent: switch them on and off", commands=("tools",))
async def _(screen: Shown) -> None:
    await choose(screen, "tools")
    await screen.wait("execute_bash")


@MODEL.row("again from here: other models, another message", commands=("again",))
async def _(screen: Shown) -> None:
    await choose(screen, "again")
    await screen.wait("openai/loopback")


@MODEL.row(
    "go on where the budget is spent, compact: only where there is something to",
    commands=("go_on", "compact"),
)
async def _(screen: Shown) -> None:
    await choose(screen, "go_on")
    await screen.wait("nothing of the model's budget is spent")
    await choose(screen, "compact")
    await screen.wait("compact")


@MODEL.row("m, L: the message goes live; a ★ row a live event; Esc interrupts a model call", "m", "escape")
async def _(screen: Shown) -> None:
    await screen.press("s", "s")
    await screen.wait(lambda: screen.stands_at(4))
    await screen.press("m")
    await screen.wait("Ctrl+L: go live from here")
    await screen.type("look")
    await screen.press("ctrl+l")
    await screen.wait("LIVE AWAITING INPUT", seconds=60)
    await screen.wait("I have looked.")
    assert "from the model" in screen.text
    assert sum("★" in row for row in screen.rows) >= 2
    await screen.press("m")
    await screen.wait("Enter: send")
    await screen.type("more")
    await screen.press("enter")
    await screen.wait("LIVE THINKING")
    await screen.wait("Esc interrupts")
    await screen.press("escape")
    await screen.wait("LIVE AWAITING INPUT")


@MODEL.row("Alt+B: branches, the recorded tail among them", "alt+b")
async def _(screen: Shown) -> None:
    await screen.press("alt+b")
    await screen.wait("live-1")
    assert "recorded  " in screen.text


def test_nothing_is_left_out() -> None:
    rows = [row for stage in STAGES for row in stage.rows]
    keys = {key for row in rows for key in row.keys}
    assert not set(ACTION_OF) - keys
    chosen = {name for row in rows for name in row.commands}
    left = {action.name for action in ACTIONS if not action.keys} - chosen
    assert not left, left


async def test_what_is_looked_at_and_edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    path = write(tmp_path / "x.json", EVENTS)
    async with opened(path) as screen:
        await RECORDED.play(screen, monkeypatch)


@pytest.mark.bubblewrap
async def test_what_runs_in_a_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "x.json", EVENTS)
    async with opened(path, sandbox="bubblewrap", checkpoints=20) as screen:
        await WORLD.play(screen, monkeypatch)


@pytest.mark.bubblewrap
async def test_what_is_done_with_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await _with_a_model(tmp_path, monkeypatch)


async def _with_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, by_name: bool = False) -> None:
    path = write(tmp_path / "x.json", EVENTS)
    call = Call("execute_bash", {"command": "echo from the model"})
    with Loopback(
        [Answer("I look.", calls=[call]), Answer("I have looked."), Answer("", hang=True)]
    ) as server:
        model = ModelSettings("openai/loopback", "sk-never-shown", server.url)
        async with opened(path, sandbox="bubblewrap", model=model) as screen:
            await MODEL.play(screen, monkeypatch, by_name=by_name)
            assert "sk-never-shown" not in screen.text


@pytest.mark.long
async def test_each_key_has_its_command_in_the_palette(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    path = write(tmp_path / "x.json", EVENTS)
    async with opened(path) as screen:
        await RECORDED.play(screen, monkeypatch, by_name=True)


@pytest.mark.long
@pytest.mark.bubblewrap
async def test_what_runs_is_in_the_palette_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "x.json", EVENTS)
    async with opened(path, sandbox="bubblewrap", checkpoints=20) as screen:
        await WORLD.play(screen, monkeypatch, by_name=True)


@pytest.mark.long
@pytest.mark.bubblewrap
async def test_what_is_done_with_a_model_is_in_the_palette_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _with_a_model(tmp_path, monkeypatch, by_name=True)
