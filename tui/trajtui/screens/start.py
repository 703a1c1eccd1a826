"""What opens when no file is named, or a file with several recordings: lists to pick from, a path to type."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final

from rich.filesize import decimal
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.suggester import Suggester
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from trajcore import BadInput, RowNeeded, Trajectory
from trajcore import open as open_trajectory
from trajcore.text import safe_line
from trajcore.views.question import Question
from trajcore.views.recent import age, recent_files, short
from trajtui.screens.dialogs import Choose
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
            if path.name.startswith(start) and (os.path.isdir(path) or path.suffix in _ENDINGS)
        )
    except OSError:
        return None
    return value[: len(value) - len(start)] + names[0] if names else None


_ENDINGS = (".json", ".jsonl", ".gz", ".zip")
_SHOWS: Final = {
    "demo.json": "a program is written, found wrong and fixed",
    "diverges.json": "its world is not there: steps diverge",
    "questions.json": "the agent asks, and the user answers",
}
"""What a sample is for."""
_LIST_KEYS = "Enter opens · / types a path · q quits"
_PATH_KEYS = "Enter opens what is typed · → completes it · Esc leaves the path"


class StartApp(ThemedApp[Path]):
    """Asks for a recording; its answer is the path of one that can be opened, or None."""

    TITLE = "trajtui"
    CSS_PATH = START
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave"),
        Binding("q,ctrl+q", "quit", "quit"),
        Binding("slash", "type_path", "type a path"),
    ]

    def __init__(self, row: str | None = None, theme: str = "", fault: str = "") -> None:
        """`fault` is why what was picked before could not be opened."""
        super().__init__(theme)
        self._row = row
        self._fault = fault
        self.opened: Trajectory | None = None
        """The recording that was picked; None where one of several in its file is still to be picked."""

    def compose(self) -> ComposeResult:
        """Recent files and samples above a path to type."""
        recent, bundled = recent_files(), _samples()
        options: list[Option | None] = [Option(_shown(path), id=str(path)) for path in recent]
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
            yield Choices(*options, markup=False)
            yield SafeInput(placeholder="or type a path (→ completes it)", suggester=_Paths())
            yield Static(safe_line(self._fault) or _LIST_KEYS, markup=False, id="start-note")

    def on_descendant_focus(self) -> None:
        """Say what the keys do where the focus is."""
        typing = isinstance(self.focused, Input)
        self.query_one("#start-note", Static).update(_PATH_KEYS if typing else _LIST_KEYS)

    def action_leave(self) -> None:
        """Leave the path for the list, where there is something to pick; else quit."""
        options = self.query_one(Choices)
        if isinstance(self.focused, Input) and options.option_count:
            options.focus()
        else:
            self.exit()

    def action_type_path(self) -> None:
        """Go to the path, at once: what is typed next belongs to it."""
        self.screen.set_focus(self.query_one(Input))

    @on(OptionList.OptionSelected)
    def open_option(self, event: OptionList.OptionSelected) -> None:
        """Open the selected file."""
        if event.option.id is not None:
            self._open(Path(event.option.id))

    @on(Input.Submitted)
    def open_path(self, event: Input.Submitted) -> None:
        """Open the typed path, if there is such a file or directory."""
        typed = event.value.strip()
        path = Path(os.path.expanduser(typed))
        if typed and os.path.exists(path):
            self._open(path)
        elif typed:
            self._say(f"there is no file {path}")

    def _open(self, path: Path) -> None:
        self.run_worker(self._opening(path), exclusive=True)

    async def _opening(self, path: Path) -> None:
        """End with a path that can be opened; else say why not, and ask on."""
        self._say("opening …")
        try:
            self.opened = await asyncio.to_thread(open_trajectory, path, self._row)
        except RowNeeded:
            self.opened = None
        except BadInput as error:
            self._say(str(error))
            return
        self.exit(path)

    def _say(self, text: str) -> None:
        self.query_one("#start-note", Static).update(safe_line(text))


class PickRow(ThemedApp[str]):
    """Asks for a row; its answer is the number of the row, or None."""

    TITLE = "trajtui"
    CSS_PATH = START
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,ctrl+q", "quit", "quit")]

    def __init__(self, file: str, rows: Sequence[tuple[int, str, str]], theme: str = "") -> None:
        """`rows` are the rows of the file: number, id, and why one cannot be opened."""
        super().__init__(theme)
        self._file = file
        self._rows = rows

    def compose(self) -> ComposeResult:
        """The rows by number and id; those that cannot be opened say why."""
        options = [
            Option(safe_line(f"{number:>5}  {id}  {fault}".rstrip()), id=str(number), disabled=bool(fault))
            for number, id, fault in self._rows
        ]
        with Vertical(id="start"):
            whole = sum(not fault for _, _, fault in self._rows)
            title = f"{self._file} holds {whole} trajectories: which one?"
            yield Static(safe_line(title), markup=False, classes="question")
            yield Choices(*options, markup=False)
            yield Static("Enter opens · q quits", markup=False, id="start-note")

    @on(OptionList.OptionSelected)
    def open_row(self, event: OptionList.OptionSelected) -> None:
        """Open the selected row."""
        self.exit(event.option.id)


class AskFirst(ThemedApp[str]):
    """Asks what is to be known before a recording is shown; its answer is None where the user quits."""

    TITLE = "trajtui"
    CSS_PATH = START
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,ctrl+q", "quit", "quit", priority=True)]

    def __init__(self, question: Question, theme: str = "") -> None:
        super().__init__(theme)
        self._question = question

    def on_mount(self) -> None:
        """Ask; Esc is the harmless answer."""
        harmless = next(iter(self._question.answers))
        self.push_screen(Choose.of(self._question), lambda answer: self.exit(answer or harmless))


def _shown(path: Path) -> str:
    """A recent file, with its size and its age where it has any."""
    try:
        size = decimal(path.stat().st_size)
    except (OSError, ValueError):
        size = ""
    return safe_line("  ".join(filter(None, (short(path), size, age(path)))))


def _samples() -> list[Path]:
    """The bundled recordings: inside an installed package, or beside the sources."""
    here = Path(__file__).resolve()
    for directory in (here.parents[1] / "samples", here.parents[3] / "sample_trajectories"):
        if os.path.isdir(directory):
            return sorted(directory.glob("*.json"))
    return []
