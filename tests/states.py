"""Every screen of the debugger and every state that it can be in, each brought about by a function.

A recording in which everything occurs is opened; the states come one after the other, in the order in which
they stand here. What takes time or comes from outside is told, not waited for: each shows the same each time.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, chdir
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from textual.app import App

import conversations
from mutations import MUTATIONS
from screens import Shown
from trajcore import Session, Trajectory, notices
from trajcore import State as SessionState
from trajcore.errors import SandboxUnavailable
from trajcore.views import marks
from trajcore.views.blocks import Block, BlockKind
from trajcore.views.chat import ChatTone
from trajcore.views.outcomes import Outcome
from trajcore.views.question import Question
from trajcore.views.rows import RowLine, RowLines, RowTone
from trajtui.actions.sharing import masked_in
from trajtui.actions.table import BY_NAME
from trajtui.notes import Note
from trajtui.screens.beforehand import AskFirst, PickRow
from trajtui.screens.browse import Browse
from trajtui.screens.checks import ChecksScreen
from trajtui.screens.debugger import DebuggerScreen
from trajtui.screens.pages import Pages, Paragraphs
from trajtui.screens.start import StartApp
from trajtui.widgets.bars import EndsBar, StatusBar
from trajtui.widgets.chat import ChatPane
from trajtui.widgets.event import EventPane
from trajtui.widgets.running_row import RunningRow

State = Callable[[Shown, ExitStack], Awaitable[None]]

STATES: Final[dict[str, State]] = {}
"""By name, in the order in which they are gone through.

Each is given the debugger's screen, and a stack for what is to be undone; `home` leaves what it opens.
"""


def state(reach: State) -> State:
    """Another state, called as its function is."""
    STATES[reach.__name__.replace("_", "-")] = reach
    return reach


def recording(path: Path) -> Path:
    """A recording in which everything occurs that looks like something of its own."""
    path.write_text(json.dumps(_EVENTS), encoding="utf-8")
    return path


def _act(id: int, action: str, source: str = "agent", **args: Any) -> dict[str, Any]:
    return {"id": id, "timestamp": _when(id), "source": source, "action": action, "message": "", "args": args}


def _got(id: int, observation: str, content: str, cause: int, **extras: Any) -> dict[str, Any]:
    said = {"observation": observation, "content": content, "cause": cause, "extras": extras, "message": ""}
    return {"id": id, "timestamp": _when(id), "source": "agent", **said}


def _when(id: int) -> str:
    return f"2025-03-01T10:{id // 60:02}:{id % 60:02}.000000"


_MARKDOWN: Final = """# Plan
Fix `count.py`, **then** *test* it. See [the page](https://example.org).

1. read it
2. edit it

> a quotation

```python
def count(words):  # how many
    return len(words) + 1
```
"""
_CODE: Final = (
    "import sys\nclass A:\n    '''doc'''\n    x = 1.5 if None else f'{sys.path}'  # why\n    @property\n"
)
_DIFF: Final = {"old_content": "one\ntwo\nthree\n", "new_content": "one\ntwo and a half\nthree\n"}

_EVENTS: Final = [
    _act(0, "system", content="You are an agent.", tools=[]),
    _act(1, "message", "user", content="Count the words of poem.txt, as count.py should."),
    _act(2, "message", content=_MARKDOWN, wait_for_response=False),
    _act(3, "run", command="cd /workspace && ls -l \\\n  --color=never | grep -v '^total' # look"),
    _got(4, "run", "count.py\npoem.txt", 3, exit_code=0, metadata={"exit_code": 0}),
    _act(5, "run", command="python count.py poem.txt"),
    _got(
        6, "run", "Traceback (most recent call last):\nError: 漢字 👩‍👩‍👧 🏳️‍🌈", 5, metadata={"exit_code": 1}
    ),
    _act(7, "read", path="/workspace/a/long/way/down/to/the/file/that/it/is/about/count.py"),
    _got(8, "read", "1\tone\n2\ttwo", 7, path="/workspace/count.py"),
    _act(
        9, "edit", path="/workspace/count.py", command="str_replace", old_str="two", new_str="two and a half"
    ),
    _got(10, "edit", "edited", 9, path="/workspace/count.py", prev_exist=True, **_DIFF),
    _act(11, "run_ipython", code=_CODE),
    _got(12, "run_ipython", "1.5\n[Jupyter current working directory: /workspace]", 11, code=_CODE),
    _act(13, "delegate", agent="BrowsingAgent", inputs={"task": "look it up"}),
    _act(14, "browse", url="https://example.org"),
    _got(15, "browse", "Example", 14, url="https://example.org", error=False),
    _got(16, "delegate", "done", 13, outputs={}),
    _act(17, "read", path="/nowhere"),
    _got(18, "error", "ERROR: no such file", 17),
    _act(19, "message", content="Shall I go on?", wait_for_response=True),
    _act(20, "message", "user", content="yes, please"),
    _act(21, "finish", final_thought="All is counted.", outputs={}),
]


class Browsing(StartApp):
    """The start screen, where a directory is looked through."""

    def on_mount(self) -> None:
        self.push_screen(Browse(Path("/recordings"), self._fault_of))


FIRST: Final[dict[str, Callable[[], App[Any]]]] = {
    "start": StartApp,
    "browse": Browsing,
    "rows": lambda: PickRow(
        "output.jsonl",
        [
            (0, "django-11099", ""),
            (1, "sympy-20590", "damaged at column 7"),
            (2, "flask", ""),
        ],
    ),
    "question-first": lambda: AskFirst(
        Question(
            "Another trajtui may have this recording open, or it was killed. Restore its edits?",
            {"later": "Decide later", "restore": "Restore", "throw": "Throw away"},
        )
    ),
}
"""What may be shown before the debugger is, by name."""


async def home(shown: Shown) -> None:
    """Leave all dialogs and boxes for the timeline, with both panes in view."""
    while not isinstance(shown.app.screen, DebuggerScreen):
        shown.app.screen.dismiss(None)
        await shown.settle()
    screen = shown.app.screen
    screen.conversation.box.close()
    screen.panes.show_both()
    screen.timeline.focus()
    shown.timeline.pick_none()
    screen.notes.fade()
    await shown.settle()


# At rest, and what a replay leaves


@state
async def at_rest(shown: Shown, undo: ExitStack) -> None:
    """As it opens."""


@state
async def played(shown: Shown, undo: ExitStack) -> None:
    """Everything was played, an edit and a breakpoint are there."""
    await shown.press("g", "j", "j", "w", "b", "c")
    await shown.settle()
    await shown.press("c")
    await shown.settle()
    await shown.press("g", *"jjjj")
    await shown.settle()


# Tabs, each on an event that has much to show there


def _tab(key: str, event: int) -> State:
    async def reach(shown: Shown, undo: ExitStack) -> None:
        shown.timeline.follow(event)
        await shown.press(key)
        await shown.settle()
        await shown.pilot.pause(0.1)

    return reach


_EVENTS_SHOWN: Final = {"markdown": 2, "command": 5, "edit": 9, "code": 11, "error": 17}
STATES.update({f"event-{name}": _tab("2", event) for name, event in _EVENTS_SHOWN.items()})
STATES.update({f"tab-{key}": _tab(key, 9) for key in "1345"})


@state
async def event_of_all_kinds(shown: Shown, undo: ExitStack) -> None:
    """Blocks of each kind that says itself how it looks."""
    kinds = (
        BlockKind.HEADING,
        BlockKind.NOTE,
        BlockKind.GOOD,
        BlockKind.BAD,
        BlockKind.ADDED,
        BlockKind.REMOVED,
    )
    await shown.press("2")
    await shown.settle()
    shown.app.screen.query_one("#event", EventPane).show(tuple(Block(kind, kind.value) for kind in kinds))
    await shown.pilot.pause()


@state
async def side_focused(shown: Shown, undo: ExitStack) -> None:
    """The right-hand pane has the focus."""
    await shown.press("5", "enter")
    await shown.settle()


@state
async def zoomed(shown: Shown, undo: ExitStack) -> None:
    """One pane has all the room."""
    await shown.press("2", "enter", "z")
    await shown.settle()


@state
async def raw(shown: Shown, undo: ExitStack) -> None:
    """Every event of the file."""
    shown.timeline.raw = True
    undo.callback(setattr, shown.timeline, "raw", False)
    await shown.settle()


@state
async def selected(shown: Shown, undo: ExitStack) -> None:
    """Several rows are selected."""
    await shown.press("g", "j", "shift+down", "shift+down")
    await shown.settle()


@state
async def every_mark(shown: Shown, undo: ExitStack) -> None:
    """Rows of each tone, with each mark that a row can have, some of them selected."""
    plain = Outcome("", "exit 0", duration="12ms")
    marked = zip(RowTone, "·=≠✎★", strict=False)
    looks: list[dict[str, Any]] = [{"tone": tone, "mark": mark, "outcome": plain} for tone, mark in marked]
    looks += [
        {"tone": RowTone.BAD, "mark": "≠", "outcome": replace(plain, exit="exit 0→2", diverged=True)},
        {"mark": "≠", "downstream": True},
        {"outcome": replace(plain, exit="exit 1", failed=True, files=2, lines=(1, 12))},
        {"breakpoint": True, "outcome": Outcome("waits")},
        {"foldable": True, "depth": 1},
    ]
    made = RowLines.line

    def varied(rows: RowLines, number: int, **more: Any) -> RowLine:
        return replace(made(rows, number, **more), **looks[number % len(looks)])

    undo.callback(shown.timeline.lines_changed)
    undo.callback(setattr, RowLines, "line", made)
    RowLines.line = varied  # type: ignore[method-assign]
    shown.timeline.lines_changed()
    await shown.press("g", "j", "shift+down", "shift+down", "shift+down")
    await shown.settle()


# What is told: states that take time, and what a model does


def _status(mode: str, state: str, **more: Any) -> State:
    async def reach(shown: Shown, undo: ExitStack) -> None:
        bar = shown.app.screen.query_one(StatusBar)
        undo.callback(setattr, bar, "status", bar.status)
        bar.status = replace(bar.status, mode=mode, state=state, modified=True, **more)
        await shown.pilot.pause()

    return reach


STATES.update(
    {
        "status-replaying": _status("REPLAY", "REPLAYING", note="playing", done=0.4),
        "status-live": _status("LIVE", "THINKING", note="the model writes"),
        "status-waiting": _status("LIVE", "AWAITING INPUT"),
        "status-error": _status("REPLAY", "ERROR", note="no image is here", bad=True, alarm="no walls"),
        "status-finished": _status("REPLAY", "FINISHED", note="9 steps: 9 equal"),
    }
)


@state
async def failed(shown: Shown, undo: ExitStack) -> None:
    """No sandbox could be had: the state, its reason in a box, and the ways out."""
    activity = shown.session._activity
    reason = "The image no/such:image cannot be pulled: " + "the registry does not know it; " * 6
    undo.callback(activity.tell, notices.StateChanged(activity.state, activity.mode))
    undo.callback(setattr, activity, "failure", activity.failure)
    undo.callback(setattr, activity, "state", activity.state)
    activity.state = SessionState.REPLAYING
    activity.fail(SandboxUnavailable(reason.strip("; ")), SessionState.ERROR)
    await shown.wait("Esc closes")
    notes = shown.app.screen_stack[0].notes
    notes.present = _at_noon(notes.present)
    shown.app.screen.dismiss(None)
    await shown.settle()
    shown.app.screen._open_if_cut(notes.present)
    await shown.wait("Esc closes")


@state
async def sandbox(shown: Shown, undo: ExitStack) -> None:
    """Commands with what they print, in the colours that they choose, and how they end."""
    await shown.press("1")
    colours = " ".join(f"\x1b[{n}m{n}\x1b[0m" for n in (*range(30, 38), *range(90, 98), *range(41, 48)))
    for told in (
        notices.Executing("run", "ls -l\npwd", "/workspace", recorded=False),
        notices.Output(f"{colours}\n\x1b[37;41mwhite on red\x1b[0m \x1b[2mdim\x1b[0m\n".encode()),
        notices.Executed(2, 0.0, "a note"),
        notices.Executing("run", "true", "/workspace", recorded=True),
        notices.Output(b"as it was recorded\n"),
        notices.Executed(0, 0.0, ""),
        notices.WentBack(0, "back before 5"),
    ):
        shown.session._tell(told)
    await shown.settle()
    await shown.press("enter", "G")
    await shown.settle()


@state
async def running_row(shown: Shown, undo: ExitStack) -> None:
    """A step is carried out, for 75 seconds by now."""
    undo.callback(setattr, RunningRow, "seconds", RunningRow.seconds)
    RunningRow.seconds = property(lambda row: 75.0)  # type: ignore[method-assign, assignment]
    await shown.press("1", "g")
    uid = shown.session.trajectory.uid(5)
    shown.session._tell(notices.Executing("run", "python count.py poem.txt", "/", recorded=False, uid=uid))
    undo.callback(shown.session._tell, notices.Executed(1, 0.0))
    await shown.wait(marks.RUNNING)
    await shown.settle()


@state
async def alarm(shown: Shown, undo: ExitStack) -> None:
    """The header warns of a world without walls."""
    header = shown.app.screen.query_one("#header", EndsBar)
    undo.callback(setattr, header, "alarm", header.alarm)
    header.alarm = header.right.split(" ")[0]
    await shown.pilot.pause()


@state
async def chat_of_all_kinds(shown: Shown, undo: ExitStack) -> None:
    """What came of what a model did: changes of files, failures, and what is folded."""
    pane = shown.app.screen.query_one(ChatPane)
    for kind, tone, text in (
        (BlockKind.TEXT, ChatTone.ACTION, "run  ls"),
        (BlockKind.OUTPUT, ChatTone.FAILED, "exit 2"),
        (BlockKind.ADDED, ChatTone.ACTION, "+ new"),
        (BlockKind.REMOVED, ChatTone.ACTION, "- old"),
        (BlockKind.TEXT, ChatTone.THOUGHT, "thought\n" * 60),
    ):
        pane._dialogue.add_aside(len(shown.session.run), kind, text, tone, "agent")
    pane._changed()
    await shown.press("5", "enter", "G", "up", "up")
    await shown.settle()
    await shown.pilot.pause(0.2)


@state
async def chat(shown: Shown, undo: ExitStack) -> None:
    """What a model thinks, writes and calls, as it comes."""
    await shown.press("5", "enter", "G")
    for told in (
        notices.ModelThinking("first I look", True),
        notices.ModelText("I look at it.\n", True),
        notices.ModelCall(0, "execute_bash", '{"command": "ls"}', True),
    ):
        shown.session._tell(told)
    await shown.settle()
    await shown.pilot.pause(0.2)


@state
async def question(shown: Shown, undo: ExitStack) -> None:
    """A model asks whether it may."""
    box = shown.app.screen.conversation.question
    box.ask(notices.Asked("run", "rm -f *.tmp", "deletes by wildcard", ("deleting",), "rm -f *.tmp"))
    undo.callback(box.withdraw)
    box.focus()
    await shown.settle()


@state
async def queue(shown: Shown, undo: ExitStack) -> None:
    """Messages wait to be delivered."""
    box = shown.app.screen.conversation.queue
    box.show(("first do this", "then that"), "delivered at the model's next step")
    undo.callback(box.show, (), "")
    box.focus()
    await shown.settle()


@state
async def message(shown: Shown, undo: ExitStack) -> None:
    """A message is typed."""
    await shown.press("m")
    await shown.type("please go on")
    await shown.settle()


@state
async def searched(shown: Shown, undo: ExitStack) -> None:
    """What is searched for while it is typed."""
    await shown.press("slash")
    await shown.type("count")
    await shown.settle()
    await shown.pilot.pause(0.2)


@state
async def found(shown: Shown, undo: ExitStack) -> None:
    """What was searched for is marked in a row, and beside it wherever that says it."""
    screen = shown.app.screen
    undo.callback(screen.show_tab, screen.side.shown)
    undo.callback(shown.timeline.go_to, shown.timeline.selected)
    undo.callback(screen.panes.column.leave)
    await shown.press("2", "g", "slash")
    await shown.type("count")
    await shown.press("enter", "n")
    await shown.settle()
    await shown.pilot.pause(0.2)


# Screens over it


def doing(name: str) -> State:
    """The state that an action leads to."""

    async def reach(shown: Shown, undo: ExitStack) -> None:
        shown.timeline.follow(9)
        shown.app.screen.action_act(name)
        await shown.settle()
        await shown.pilot.pause(0.1)

    return reach


_OPENING: Final = (
    *("help", "breakpoints", "world", "model", "tools", "branches", "again", "bisect", "copy_menu"),
    *(
        "edit_event",
        "insert_before",
        "insert_kind",
        "replace_text",
        "history",
        "save_as",
        "differences",
        "check",
    ),
    *("search", "filter", "go_to", "quit"),
)
"""Actions that open something, as far as they are there."""
STATES.update({name.replace("_", "-"): doing(name) for name in _OPENING if name in BY_NAME})


@state
async def export_as(shown: Shown, undo: ExitStack) -> None:
    """As what it is exported."""
    await doing("export")(shown, undo)
    await shown.wait("Export as")


@state
async def export_rows(shown: Shown, undo: ExitStack) -> None:
    """Which rows are."""
    await export_as(shown, undo)
    await shown.press("enter")
    await shown.wait("Which rows?")
    await shown.settle()


@state
async def export_over(shown: Shown, undo: ExitStack) -> None:
    """A file that is there is overwritten at the second Enter alone."""
    undo.enter_context(chdir(undo.enter_context(TemporaryDirectory())))
    Path("shared.md").touch()
    await export_rows(shown, undo)
    await shown.press("enter")
    await shown.wait("Export to")
    shown.app.focused.value = "shared.md"
    await shown.press("enter")
    await shown.wait("this file exists")
    await shown.settle()


@state
async def export_masked(shown: Shown, undo: ExitStack) -> None:
    """What was masked in it."""
    found = [
        "step 3: a token of GitHub",
        "step 3, recorded: a password in an address (2×)",
        "step 11: a private key",
    ]
    shown.app.push_screen(masked_in(Path("/recordings/shared.md"), found))
    await shown.settle()


@state
async def fault_whole(shown: Shown, undo: ExitStack) -> None:
    """A fault that the status bar has no room for, in a box."""
    shown.app.screen.say("it cannot be done, for reasons that take their time to be told: " * 4, bad=True)
    shown.app.screen.notes.present = _at_noon(shown.app.screen.notes.present)
    shown.app.screen._open_if_cut(shown.app.screen.notes.present)
    await shown.wait("Esc closes")
    await shown.settle()


def _at_noon(note: Note) -> Note:
    return replace(note, at=datetime(2026, 1, 1, 12))


@state
async def messages(shown: Shown, undo: ExitStack) -> None:
    """All that was said, a fault among it."""
    notes = shown.app.screen.notes
    undo.callback(setattr, notes, "log", notes.log)
    said = [
        Note("5 run: exit 0, equal, 26 ms · 1 file changed"),
        Note("nothing to copy", bad=True),
    ]
    notes.log = deque(map(_at_noon, [*said, Note("3 steps: 3 equal")]))
    await shown.press("H")
    await shown.wait("Messages")
    await shown.press("k")
    await shown.settle()


@state
async def replacements(shown: Shown, undo: ExitStack) -> None:
    """What would be replaced."""
    await doing("replace_text")(shown, undo)
    await shown.type("count")
    await shown.settle()
    await shown.pilot.pause(0.3)
    shown.app.screen.query_one("#matches").focus()
    await shown.settle()


@state
async def pages(shown: Shown, undo: ExitStack) -> None:
    """Lines to read, under heads."""
    lines = ["── user", "Count the words.", "── agent", "I look."]
    shown.app.push_screen(Pages("What the model sees", Paragraphs(lines, lambda line: line.startswith("──"))))
    await shown.settle()


@state
async def themes(shown: Shown, undo: ExitStack) -> None:
    """The themes to choose from."""
    shown.app.search_themes()
    await shown.wait("trajtui-light")
    await shown.pilot.pause(0.3)


@state
async def palette(shown: Shown, undo: ExitStack) -> None:
    """Commands that fit what is typed."""
    await shown.press("ctrl+p")
    await shown.type("step")
    await shown.wait("step one action")
    await shown.pilot.pause(0.3)


@state
async def added_to_the_run(shown: Shown, undo: ExitStack) -> None:
    """A message of this run is a row. It stays there: this state is the last."""
    shown.session._replay.enter("thank you")
    await shown.wait("thank you")
    await shown.pilot.pause(0.3)


@state
async def faults_of_files(shown: Shown, undo: ExitStack) -> None:
    """What is wrong with a conversation in files: errors, of which one has two mends, and a warning."""
    directory = Path(undo.enter_context(TemporaryDirectory()))
    place = conversations.directory(directory / "c", conversations.talk(), conversations.state(13))
    for name, number in (("action_alone", 0), ("leaf_behind", 0), ("torn", 2)):
        MUTATIONS[name][1](place, number)
    shown.app.push_screen(ChecksScreen(Session(Trajectory.open(place))))
    await shown.wait("errors")
    await shown.press("down")
    await shown.settle()
