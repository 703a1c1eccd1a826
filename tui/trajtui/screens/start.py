"""What opens when no file is named: lists to pick from, a path to type."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.containers import Vertical
from textual.content import Content
from textual.suggester import Suggester
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option, OptionDoesNotExist

from trajcore import BadInput, RowNeeded, Trajectory
from trajcore import open as open_trajectory
from trajcore.text import safe_line
from trajcore.views.glances import ENDINGS, GONE, Glances
from trajcore.views.recent import forget, recent_files, short
from trajcore.views.sessions import newest_of_all
from trajtui.glancing import Glanced, Glancing
from trajtui.picking import pick
from trajtui.screens.dialog import Dialog, tell
from trajtui.styles import START
from trajtui.themed import ThemedApp
from trajtui.widgets.inputs import Choices, SafeInput


class _Paths(Suggester):
    """Completes the path of a directory, or of a file that may be a recording."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        return await asyncio.to_thread(_completed, value) if value else None


def _completed(value: str) -> str | None:
    """The first path that begins as `value` does."""
    typed = Path(os.path.expanduser(value))
    directory, start = (typed, "") if value.endswith("/") else (typed.parent, typed.name)
    try:
        names = sorted(
            path.name + ("/" if os.path.isdir(path) else "")
            for path in directory.iterdir()
            if path.name.startswith(start) and (os.path.isdir(path) or path.suffix in ENDINGS)
        )
    except OSError:
        return None
    return value[: len(value) - len(start)] + names[0] if names else None


_SHOWS: Final = {
    "demo.json": "a program is written, found wrong and fixed",
    "diverges.json": "its world is not there: steps diverge",
    "questions.json": "the agent asks, and the user answers",
}
"""What a sample is for."""
_LIST_KEYS: Final = "Enter opens · / types a path · o browses · ? keys · q quits"
_PATH_KEYS: Final = "Enter opens what is typed · → completes it · Esc leaves the path"
_READING: Final = "…"
_SESSIONS: Final = 5
"""So many sessions are offered that were not opened yet."""


class _Command(NamedTuple):
    """Something to do on the start screen: bindings, help and palette are made of the table below."""

    action: str
    keys: str
    shown: str
    what: str


_COMMANDS: Final = (
    _Command("open_selected", "", "Enter", "open what the cursor is on"),
    _Command("type_path", "slash", "/", "type a path"),
    _Command("browse_files", "o", "o", "browse: pick a recording, directory by directory"),
    _Command("forget", "d,delete", "d", "take the recording off this list; the file stays"),
    _Command("help", "question_mark,f1", "? F1", "help: the keys of this screen"),
    _Command("quit", "q,ctrl+q", "q", "quit"),
)


class StartCommands(Provider):
    """The command palette of the start screen."""

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for command in _COMMANDS:
            yield DiscoveryHit(command.what, self._run(command), help=command.shown)

    async def search(self, query: str) -> Hits:
        """Those that fit what is typed."""
        matcher = self.matcher(query)
        for command in _COMMANDS:
            score = matcher.match(command.what)
            if score > 0:
                yield Hit(score, matcher.highlight(command.what), self._run(command), help=command.shown)

    def _run(self, command: _Command) -> Callable[[], Coroutine[Any, Any, object]]:
        return partial(self.app.run_action, command.action)


class StartApp(ThemedApp[Path]):
    """Asks for a recording; its answer is the path of one that can be opened, or None."""

    TITLE = "trajtui"
    CSS_PATH = START
    ENABLE_COMMAND_PALETTE = True
    COMMANDS = {StartCommands}  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave"),
        Binding("ctrl+p", "command_palette", show=False, priority=True),
        *(Binding(one.keys, one.action, one.what) for one in _COMMANDS if one.keys),
    ]

    def __init__(self, row: str | None = None, theme: str = "", fault: str = "") -> None:
        """`fault` is why what was picked before could not be opened."""
        super().__init__(theme)
        self._row = row
        self._fault = fault
        """What is said until the user goes elsewhere; empty: what the keys do."""
        self._told_at = 0
        """Where the cursor was when it was said."""
        self._recent = recent_files()
        self._glancing: Glancing | None = None
        self._also_glancing: Glancing | None = None
        self._sessions: dict[Path, str] = {}
        """Where agents keep them: the newest ones that were not opened yet, each with its agent."""
        self._place = _here()
        """Where recordings are picked."""
        self.opened: Trajectory | None = None
        """The recording that was picked; None where one of several in its file is still to be picked."""

    def compose(self) -> ComposeResult:
        """Recent recordings and samples above a path to type."""
        recent, bundled = self._recent, _samples()
        options: list[Option | None] = [Option(_shown(path, _READING), id=str(path)) for path in recent]
        if recent and bundled:
            options.append(None)
        taken = {str(path) for path in recent}
        options += [
            Option(f"sample  {path.name:<16}{_SHOWS.get(path.name, '')}".rstrip(), id=str(path))
            for path in bundled
            if str(path) not in taken
        ]
        with Vertical(id="start"):
            yield Static("trajtui: open a recording", markup=False, classes="question")
            yield Choices(*options, markup=False, id="start-list")
            yield SafeInput(
                placeholder="or type a path (→ completes it)", suggester=_Paths(), id="start-path"
            )
            yield Static(_LIST_KEYS, markup=False, id="start-note")

    def on_mount(self) -> None:
        """Say what went wrong before, and look at the recent recordings behind the first frame."""
        if self._fault:
            self._say(self._fault, bad=True)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self._glancing = Glancing(self, tuple(self._recent), Glances())
        self.run_worker(self._look_for_sessions(), group="sessions")

    async def _look_for_sessions(self) -> None:
        """Offer the newest sessions of agents where they keep them, below all else, as they are found."""
        new = await asyncio.to_thread(newest_of_all, _SESSIONS, but=tuple(self._recent))
        if not new:
            return
        options: list[Option | None] = [
            None,
            *(Option(_shown(path, _READING, agent=agent), id=str(path)) for agent, path in new),
        ]
        self._sessions = {path: agent for agent, path in new}
        self._list.add_options(options)
        self._also_glancing = Glancing(self, tuple(self._sessions), Glances())

    def on_unmount(self) -> None:
        """Nobody wants to know any more."""
        for glancing in (self._glancing, self._also_glancing):
            if glancing is not None:
                glancing.stop()

    @on(Glanced)
    def _show_glance(self, event: Glanced) -> None:
        with suppress(OptionDoesNotExist):  # it was taken off the list meanwhile
            agent = self._sessions.get(event.path, "")
            prompt = _shown(event.path, event.facts, event.glance.task, agent)
            self._list.replace_option_prompt(str(event.path), prompt)

    @property
    def _list(self) -> Choices:
        return self.screen_stack[0].query_one(Choices)

    def on_descendant_focus(self) -> None:
        """Say what the keys do where the focus is."""
        if not self._fault and len(self.screen_stack) == 1:
            self._say_keys()

    def _say_keys(self) -> None:
        typing = isinstance(self.focused, Input)
        self._note(_PATH_KEYS if typing else _LIST_KEYS)

    @on(OptionList.OptionHighlighted, "#start-list")
    def _moved(self) -> None:
        """What was wrong with another one is out of date."""
        if self._fault and (self._list.highlighted or 0) != self._told_at:
            self._fault = ""
            self._say_keys()

    @on(Input.Changed, "#start-path")
    def _typed(self) -> None:
        if self._fault:
            self._fault = ""
            self._say_keys()

    def action_leave(self) -> None:
        """Leave the path for the list, where there is something to pick; else quit."""
        self._fault = ""
        if isinstance(self.focused, Input) and self._list.option_count:
            self._list.focus()
            self._say_keys()
        else:
            self.exit()

    def action_type_path(self) -> None:
        """Go to the path, at once: what is typed next belongs to it."""
        self._fault = ""
        self.screen.set_focus(self.query_one(Input))

    def action_open_selected(self) -> None:
        """Open the selected file."""
        self._list.action_select()

    def action_browse_files(self) -> None:
        """Pick a recording, directory by directory."""
        from trajtui.screens.browse import Browse

        if isinstance(self.screen, Dialog):
            return
        self.push_screen(Browse(self._place, self._fault_of), self._picked)

    def _picked(self, path: Path | None) -> None:
        if path is not None:
            self.exit(path)

    def action_forget(self) -> None:
        """Take the selected recording off the list; samples stay."""
        at = self._list.highlighted
        path = None if at is None else Path(self._list.get_option_at_index(at).id or "")
        if path not in self._recent:
            self._say("only what was opened before can be taken off the list")
            return
        self._recent.remove(path)
        self._list.remove_option(str(path))
        forget(path)
        self._say(f"{short(path)} is off the list; the file stays as it is")

    def action_help(self) -> None:
        """Show the keys of this screen."""
        from trajtui.screens.help import Help

        keys = [(one.shown, one.what) for one in _COMMANDS]
        more = [("j k", "down, up"), ("Ctrl+P", "every command by name"), ("Esc", "leave the path, or quit")]
        if not isinstance(self.screen, Dialog):
            self.push_screen(Help("Keys", [("Start screen", [*keys, *more])]))

    def action_command_palette(self) -> None:
        """Show every command by what it does."""
        from trajtui.screens.palette import Palette

        if len(self.screen_stack) == 1:
            self.push_screen(Palette(id="--command-palette"))

    @on(OptionList.OptionSelected, "#start-list")
    def open_option(self, event: OptionList.OptionSelected) -> None:
        """Open the selected file."""
        if event.option.id is not None:
            self._open(Path(event.option.id))

    @on(Input.Submitted, "#start-path")
    def open_path(self, event: Input.Submitted) -> None:
        """Open the typed path, if there is such a file or directory."""
        typed = event.value.strip()
        if typed:
            self._open(Path(os.path.expanduser(typed)))

    def _open(self, path: Path) -> None:
        """End with what can be opened, else ask on."""
        self.run_worker(pick(path, self._fault_of, self._say, self.exit), exclusive=True)

    async def _fault_of(self, path: Path) -> str:
        """Open a recording; why that cannot be done, or nothing."""
        if not await asyncio.to_thread(os.path.exists, path):
            return f"there is no file {path}"
        try:
            self.opened = await asyncio.to_thread(open_trajectory, path, self._row)
        except RowNeeded:
            self.opened = None
        except BadInput as error:
            return str(error)
        return ""

    def _say(self, text: str, *, bad: bool = False) -> None:
        """Say it until the user goes elsewhere."""
        self._fault = text
        self._told_at = self._list.highlighted or 0
        self._note(text, bad=bad)

    def _note(self, text: str, *, bad: bool = False) -> None:
        tell(self.screen_stack[0].query_one("#start-note", Static), text, bad=bad)


def _here() -> Path:
    """The directory that the user is in, if it is still there."""
    try:
        return Path.cwd()
    except OSError:
        return Path.home()


def _shown(path: Path, facts: str, task: str = "", agent: str = "") -> Content:
    """A recording; below its path what is known of it, and its task. `agent`: whose session it is."""
    gone = "$text-disabled" if facts == GONE else ""
    name = f"sample  {path.name}" if path in _samples() else short(path)
    lines = Content.assemble(
        (f"{agent}  " if agent else "", "$text-muted"),
        (safe_line(name), gone),
        "\n  ",
        (safe_line(facts), gone or "$text-muted"),
    )
    return lines.append_text(f" · {safe_line(task)}", "$text-muted") if task else lines


def _samples() -> list[Path]:
    """The bundled recordings: inside an installed package, or beside the sources."""
    here = Path(__file__).resolve()
    for directory in (here.parents[1] / "samples", here.parents[3] / "sample_trajectories"):
        if os.path.isdir(directory):
            return sorted(directory.glob("*.json"))
    return []
