"""A monkey at the keyboard: whatever it presses, and however early, the program goes on.

A stroke is a key by Textual's name, or one of `click X Y`, `twice X Y`, `drag X Y X Y`, `wheel X Y N`,
`resize W H`, `paste TEXT`, `away`, `back`, `cursor INDEX` (on an event) and `do ACTION`: a list of them can
be played again.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import random
import shlex
import string
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, Final

import pytest
from textual import events
from textual.app import App, ScreenStackError
from textual.binding import Binding
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Size
from textual.keys import _character_to_key
from textual.message import Message
from textual.screen import Screen
from textual.worker import Worker, WorkerState

import trajtui.actions.looking
import trajtui.actions.replay
import trajtui.patient
from pictures import png
from trajcore import Session, Settings, Trajectory, notices
from trajcore.dialects.newevents import new_action
from trajcore.events.actions import ACTIONS as MODELS
from trajcore.events.kinds import ACTION_KINDS, OBSERVATION_KINDS, ActionKind
from trajcore.journal.branches import BranchLog, Origin, kept_branches, new_path
from trajcore.sandbox.base import SandboxSettings
from trajtui.actions.table import ACTIONS, BY_NAME
from trajtui.app import TrajApp
from trajtui.screens.debugger import DebuggerScreen, SessionChanged
from trajtui.screens.dialogs import AskPath
from trajtui.widgets.message_box import MessageBox

LONGEST: Final = 1.0
"""So many seconds of the program's own processor time a stroke may take."""

_REMEMBERED: Final = 20
"""So many strokes are shown where something goes wrong."""

_SIZES: Final = ((120, 40), (80, 24), (200, 60), (40, 10), (20, 5), (3, 3), (1, 1))

# The recording

_TEXTS: Final = (
    "ls -la [bold]x[/bold] [/] [link=x]",
    "a line\nand another\twith a tab\r\nand the end",
    "漢字 é 🙂 \x1b[31mred\x1b[0m \u202e backwards",
    "# heading\n\n- one\n- two\n\n```python\nprint('x')\n```",
    "x" * 3000,
    "",
)


def recording() -> list[dict[str, Any]]:
    """An event of each kind, and such as no version knows; what they say is as awkward as a recording's."""
    made: list[dict[str, Any]] = []

    def add(event: dict[str, Any]) -> int:
        made.append({"id": len(made), "timestamp": f"2025-01-01T00:00:{len(made) % 60:02}", **event})
        return len(made) - 1

    answered = set()
    for number, kind in enumerate(ACTION_KINDS):
        cause = add(dict(new_action(kind.name, **_said(kind, _TEXTS[number % len(_TEXTS)]))))
        if kind.answered_by is not None:
            answered.add(kind.answered_by)
            add(_answer(kind.answered_by, cause, _TEXTS[(number + 1) % len(_TEXTS)]))
    for observation in OBSERVATION_KINDS:
        if observation.name not in answered:
            add(_answer(observation.name, 0, "something"))
    add({"source": "agent", "action": "dance", "args": {"step": [1, {"two": None}]}})
    add({"source": "moon", "observation": "?", "content": 7, "extras": []})
    add({"source": "user", "action": "message", "message": 1, "args": "no fields"})
    add(dict(new_action("message", content="the end", image_urls=[_PICTURE])))
    return made


def _said(kind: ActionKind, text: str) -> dict[str, Any]:
    model: Any = next(one for one in MODELS if one.model_fields["action"].default == kind.name)
    fields = model.model_fields["args"].annotation.model_fields
    return {name: text for name in kind.main if name in fields and fields[name].annotation is str}


def _answer(kind: str, cause: int, text: str) -> dict[str, Any]:
    extras = {"command": "x", "path": "/a.py", "metadata": {"exit_code": 1}, "agent_state": "running"}
    told = {"content": text, "extras": extras, "cause": cause, "message": text}
    return {"source": "agent", "observation": kind, **told}


_PICTURE: Final = f"data:image/png;base64,{base64.b64encode(png(2, 2)).decode()}"

# The keys

_USUAL: Final = (
    *("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete", "backspace"),
    *("tab", "shift+tab", "enter", "escape", "space", "ctrl+enter", "shift+enter", "ctrl+space", "ctrl+@"),
    *(
        f"{held}+{key}"
        for held in ("shift", "ctrl", "ctrl+shift", "alt")
        for key in ("up", "down", "left", "right")
    ),
    *(
        f"{held}+{key}"
        for held in ("shift", "ctrl")
        for key in ("home", "end", "pageup", "pagedown", "delete")
    ),
    *("ctrl+backspace", "alt+backspace", "alt+r", "alt+enter"),
    *(f"f{number}" for number in range(1, 21)),
    *(f"ctrl+{letter}" for letter in string.ascii_lowercase),
    *("ctrl+backslash", "ctrl+right_square_bracket", "ctrl+circumflex_accent", "ctrl+underscore"),
    *map(_character_to_key, string.ascii_letters + string.digits + string.punctuation + "é漢🙂"),
)


def keys() -> tuple[str, ...]:
    """Every key that the product binds, and all that a terminal has."""
    bound = {key for action in ACTIONS for key in action.keys}
    for screen in screens():
        bound |= {key for binding in _bindings(screen) for key in binding.key.split(",")}
    return tuple(dict.fromkeys((*_USUAL, *sorted(bound))))


def _bindings(screen: type[Any]) -> Iterator[Binding]:
    for one in screen.BINDINGS:
        yield one if isinstance(one, Binding) else Binding(*one)


def screens() -> set[type[Any]]:
    """Every screen and every program that the product shows: those that nothing else of it is made from.

    Pages is shown by itself, and something else is made from it.
    """
    found: set[type[Any]] = set()
    waiting: list[type[Any]] = [Screen, App]
    while waiting:
        below = waiting.pop().__subclasses__()
        waiting += below
        found |= {one for one in below if one.__module__.startswith("trajtui.")}
    return {one for one in found if one.__name__ == "Pages" or not found & set(one.__subclasses__())}


_CHARACTERS: Final = {
    _character_to_key(character): character for character in string.printable[:95] + "é漢🙂"
} | {"enter": "\r", "tab": "\t", "space": " "}


def _events(stroke: str) -> list[Message]:
    """What the driver would tell of a stroke."""
    word, *rest = stroke.split(" ")
    match word:
        case "click" | "twice":
            return pressed(*map(int, rest)) * (1 + (word == "twice"))
        case "drag":
            x, y, to_x, to_y = map(int, rest)
            moved = _mouse(events.MouseMove, to_x, to_y, delta_x=to_x - x, delta_y=to_y - y)
            return [_mouse(events.MouseDown, x, y), moved, _mouse(events.MouseUp, to_x, to_y)]
        case "wheel":
            x, y, by = map(int, rest)
            turned = events.MouseScrollDown if by > 0 else events.MouseScrollUp
            return [_mouse(turned, x, y, button=0) for _ in range(abs(by))]
        case "resize":
            size = Size(*map(int, rest))
            return [events.Resize(size, size)]
        case "paste":
            return [events.Paste(stroke.removeprefix("paste "))]
        case "away":
            return [events.AppBlur()]
        case "back":
            return [events.AppFocus()]
    return [events.Key(stroke, _CHARACTERS.get(stroke))]


def pressed(x: int, y: int) -> list[Message]:
    """What the driver tells of a click."""
    return [_mouse(kind, x, y) for kind in (events.MouseMove, events.MouseDown, events.MouseUp)]


def _mouse(
    kind: type[events.MouseEvent], x: int, y: int, *, delta_x: int = 0, delta_y: int = 0, button: int = 1
) -> events.MouseEvent:
    return kind(None, x, y, delta_x, delta_y, button, False, False, False, x, y)


# The program


@pytest.fixture
def harmless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Whatever is pressed: no file outside of the test's directory, no stopped process, a quick editor."""
    taken = AskPath.dismiss

    def inside(self: AskPath, path: Path | None = None) -> object:
        there = path is not None and path.resolve().is_relative_to(tmp_path)
        return taken(self, path if there else None)

    monkeypatch.setattr(AskPath, "dismiss", inside)
    for module in (
        trajtui.actions.looking,
        trajtui.patient,
    ):  # it would stop the tests, and whoever runs them
        monkeypatch.setattr(module, "stop_for_the_shell", lambda app: True)
    monkeypatch.setattr(HeadlessDriver, "can_suspend", property(lambda self: True))
    monkeypatch.setattr(trajtui.actions.replay, "HostTerminal", _NoTerminal)
    monkeypatch.setenv("VISUAL", f"sh -c {shlex.quote(_EDITOR)}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


_EDITOR: Final = 'grep -q ^x "$0" && sed -i /^x/d "$0" || echo x >>"$0"'
"""Spoils a text, and mends it the next time."""


class _NoTerminal:
    """Stands for the user's terminal, which a test has none of."""

    def __enter__(self) -> _NoTerminal:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Monkey:
    """Runs a program, presses what it is told to, and keeps what went wrong."""

    def __init__(self, make: Callable[[], App[Any]]) -> None:
        """`make` makes the program anew, each time it is started."""
        self._make = make
        self.fault = ""
        """What went wrong first, with the strokes before it."""
        self.played: deque[str] = deque(maxlen=_REMEMBERED)
        self.seen: set[type[Any]] = set()
        """The screens and programs that were shown."""
        self._exits = AsyncExitStack()
        self._early: tuple[int, str] | None = None
        """A stroke, and how many messages the program is told before it."""

    async def start(self) -> None:
        """Begin."""
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self._went_wrong(context))
        gc.collect()
        gc.freeze()  # what tests before this one have left is not walked through at the cost of a stroke
        self.app = self._make()
        self.played.append("(start)")
        self.seen.add(type(self.app))
        running = self.app.run_test(size=_SIZES[0], message_hook=self._hear)
        self._pilot = await self._exits.enter_async_context(running)

    async def stop(self) -> None:
        """End."""
        try:
            await self._exits.aclose()
        except Exception as error:  # noqa: BLE001
            self._went_wrong(error)
        if isinstance(self.app, TrajApp):
            await self.app.session.close()

    @property
    def lives(self) -> bool:
        """Whether the program has not ended, by a fault or as it was told to."""
        if self.app._exception is not None:
            self._went_wrong(self.app._exception)
        return not self.app._exit and self.app._exception is None

    def _went_wrong(self, what: object) -> None:
        if not self.fault:
            shown = (
                "".join(traceback.format_exception(what)[-10:]) if isinstance(what, Exception) else repr(what)
            )
            self.fault = f"{shown}\nthe last strokes: {list(self.played)}"

    def _hear(self, message: Message) -> None:
        """What any part of the program is told; faults of what runs beside it are told in no other way."""
        match message:
            case Worker.StateChanged(state=WorkerState.ERROR):
                self._went_wrong(message.worker.error)
            case SessionChanged(change=notices.Said(text)) if "internal error" in text:
                self._went_wrong(text)
        if self._early is not None:
            left, stroke = self._early
            self._early = (left - 1, stroke) if left else None
            if not left:
                self.press(stroke)

    def press(self, stroke: str) -> None:
        """Press it, and wait for nothing."""
        self.played.append(stroke)
        word, _, rest = stroke.partition(" ")
        screen = next(reversed(self.app._screen_stack), None)
        if word == "do" and rest in BY_NAME:
            if isinstance(screen, DebuggerScreen):
                screen.action_act(rest)
        elif word == "do":
            getattr(self.app, f"action_{rest}")()
        elif word == "cursor":
            if isinstance(screen, DebuggerScreen):
                screen.timeline.raw = True
                screen.timeline.follow(int(rest))
        else:
            for event in _events(stroke):
                if isinstance(event, events.Resize):
                    self.app._driver._size = event.size
                self.app.post_message(event)

    def press_behind(self, messages: int, stroke: str) -> None:
        """Press it as soon as the program has been told so many messages."""
        self._early = (messages, stroke)

    async def settle(self) -> None:
        """Wait until the program rests."""
        with suppress(ScreenStackError):  # it has ended
            await self._pilot.pause()
            if self._early is not None:
                (_, stroke), self._early = self._early, None
                self.press(stroke)
                await self._pilot.pause()
            self.seen.update(map(type, self.app.screen_stack))

    async def play(self, strokes: Iterable[str]) -> None:
        """Press one after the other."""
        for stroke in strokes:
            self.press(stroke)
            await self.settle()

    async def timed(self, stroke: str, *, settle: bool) -> None:
        """Press it, and see that it does not take long."""
        before = time.process_time()
        self.press(stroke)
        await (self.settle() if settle else asyncio.sleep(0))
        took = time.process_time() - before
        if took > LONGEST:
            self._went_wrong(f"{took:.1f} s of processor time")

    async def go_home(self) -> None:
        """Leave all dialogs for the debugger, those also that come of leaving one."""
        while self.lives and not isinstance(self.app.screen, DebuggerScreen):
            while not isinstance(self.app.screen, DebuggerScreen):
                self.app.screen.dismiss(None)
            await self.settle()
        if self.lives:
            self.app.screen.query_one(MessageBox).display = False
            self.app.screen.panes.show_both()
            self.app.screen.timeline.focus()


def debugger(path: Path) -> TrajApp:
    """The debugger on a file, as the program opens it, with a branch of an earlier session."""
    if not kept_branches(path):
        _keep_branch(path)
    world = SandboxSettings(track_files=True)
    kept = Settings(
        "recorded", world, keep_breakpoints=True, keep_journal=True, keep_branches=True, checkpoints=24
    )
    return TrajApp(Session(Trajectory.open(path), kept))


def _keep_branch(path: Path) -> None:
    trajectory = Trajectory.open(path)
    log = BranchLog(new_path(path), print)
    dialect = trajectory.dialect.name
    log.begin(Origin.now(path, None, "live-1", "recorded", "1", "openai/x", dialect), [trajectory.to_bytes()])
    log.event({"id": len(trajectory), **new_action("message", content=_TEXTS[0]), "source": "agent"})
    log.close("awaiting_input")


# What is pressed


async def walk(monkey: Monkey, seed: int, count: int) -> None:
    """Press so many strokes at random, most of them such as do something where the program is."""
    chance = random.Random(seed)
    await monkey.start()
    for _ in range(count):
        if not monkey.lives:
            await monkey.stop()
            if not monkey.fault:
                await monkey.start()
        if monkey.fault:
            break
        await monkey.timed(_stroke(chance, monkey.app), settle=chance.random() < 0.7)
    await monkey.stop()


def _stroke(chance: random.Random, app: App[Any]) -> str:
    width, height = app.size
    x, y = chance.randrange(max(1, width)), chance.randrange(max(1, height))
    match chance.choices(_WHAT, _OFTEN)[0]:
        case "bound":
            return chance.choice([*app.screen.active_bindings, "escape"])
        case "key":
            return chance.choice(keys())
        case "do":
            return chance.choice(list(STAGES.values()))[-1]
        case "mouse":
            to_x, to_y = chance.randrange(max(1, width)), chance.randrange(max(1, height))
            wheel = f"wheel {x} {y} {chance.choice((-3, -1, 1, 3))}"
            return chance.choice((f"click {x} {y}", f"twice {x} {y}", f"drag {x} {y} {to_x} {to_y}", wheel))
        case "resize":
            return "resize {} {}".format(*chance.choice(_SIZES))
    return chance.choice(("away", "back", *(f"paste {text}" for text in _TEXTS)))


_WHAT: Final = ("bound", "key", "do", "mouse", "resize", "other")
_OFTEN: Final = (45, 35, 8, 7, 3, 2)

BEFORE: Final = ("cursor 1", "do flip", "cursor 0", "do flip_wait", "do step", "do breakpoint")
"""What is done before a stage is gone to: something was played and edited, so there is something to ask."""

STAGES: Final[dict[str, tuple[str, ...]]] = {
    **{action.name: (f"do {action.name}",) for action in ACTIONS},
    "palette": ("do command_palette",),
    "themes": ("do change_theme",),
    "compare": ("back", "do branches", "j", "c", "j"),
    "leave an edit": ("do edit_event", "a", "escape"),
    "a picture": (f"cursor {len(recording()) - 1}", "do tab_event", "do show_pane", "j", "j", "j", "enter"),
}
"""Where keys can be pressed, and what leads there: each thing to do on the debugger's screen, and more."""

FORMS: Final[dict[str, tuple[str, ...]]] = {
    f"edit {number}": (f"cursor {number}", "do edit_event") for number in range(len(recording()))
}
"""The form of each event."""
