"""Everything a user can do on the debugger's screen: bindings, palette and help derive from this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from textual.binding import Binding


@dataclass(frozen=True)
class Action:
    """One thing to do. `keys` are Textual's names; `footer` is its word in the footer, if it is there."""

    name: str
    keys: tuple[str, ...]
    what: str
    group: str
    shown: str
    footer: str = ""

    def binding(self) -> Binding:
        """As Textual binds it; the id lets the user's keymap rebind it."""
        return Binding(
            ",".join(self.keys),
            self.name,
            self.footer or self.what,
            show=bool(self.footer),
            id=self.name,
            key_display=self.shown.split(" ")[0],
        )


_REPLAY: Final = "Replay"
_LIVE: Final = "Messages and the model"
_EDIT: Final = "Editing and saving"
_VIEW: Final = "Looking around"

ACTIONS: Final = (
    Action("step", ("s", "f10"), "step one action", _REPLAY, "s F10", "step"),
    Action("step_over", ("f8",), "step over a delegation", _REPLAY, "F8"),
    Action("continue", ("c", "f5"), "continue to a breakpoint or the end", _REPLAY, "c F5", "continue"),
    Action("back", ("S",), "step back one action", _REPLAY, "S", "back"),
    Action("back_to_breakpoint", ("C",), "back to the previous breakpoint", _REPLAY, "C"),
    Action("run_to", ("t",), "run to the selected event, or back to it", _REPLAY, "t", "to here"),
    Action("breakpoint", ("b", "f9"), "breakpoint on the selected event", _REPLAY, "b F9", "break"),
    Action("breakpoints", ("B",), "breakpoints: list, conditions", _REPLAY, "B"),
    Action("service", ("x",), "execute → recorded → skip, for the selected step", _REPLAY, "x", "skip"),
    Action("pause", ("p", "escape"), "pause, interrupt", _REPLAY, "p Esc"),
    Action("shell", ("exclamation_mark",), "a shell inside the sandbox, as it is now", _REPLAY, "!"),
    Action("restart", ("R",), "restart from the first event in a fresh sandbox", _REPLAY, "R", "restart"),
    Action("message", ("m",), "type a message", _LIVE, "m", "message"),
    Action("go_live", ("L",), "go live: hand the run and its sandbox to the model", _LIVE, "L", "live"),
    Action("flip_wait", ("w",), "flip wait_for_response of the selected message", _EDIT, "w", "wait"),
    Action("space", ("space",), "flip a flag of the event / fold a delegation", _EDIT, "Space"),
    Action("edit_event", ("e",), "edit the event: a form, or its raw JSON", _EDIT, "e", "edit"),
    Action("edit_outside", ("E",), "edit it in $VISUAL or $EDITOR", _EDIT, "E"),
    Action("insert_before", ("i",), "insert a user message before the event", _EDIT, "i"),
    Action("insert_behind", ("o",), "insert a user message after it", _EDIT, "o"),
    Action("insert_kind", ("I",), "insert an event of any kind after it", _EDIT, "I"),
    Action("delete", ("d",), "delete the event with what belongs to it", _EDIT, "d"),
    Action("duplicate", ("Y",), "duplicate it", _EDIT, "Y"),
    Action("move_down", ("J",), "move it down", _EDIT, "J"),
    Action("move_up", ("K",), "move it up", _EDIT, "K"),
    Action("extend(1)", ("shift+down",), "select several for d J K Y x Ctrl+F; Esc: one", _EDIT, "Shift+↓"),
    Action("extend(-1)", ("shift+up",), "the same, upwards", _EDIT, "Shift+↑"),
    Action("replace_text", ("ctrl+f",), "find and replace", _EDIT, "Ctrl+F"),
    Action("undo", ("u",), "undo the last edit", _EDIT, "u"),
    Action("redo", ("ctrl+r",), "redo it", _EDIT, "Ctrl+R"),
    Action("history", ("U",), "the edits: read them, go to any point", _EDIT, "U"),
    Action("save", ("ctrl+s",), "save the edited recording", _EDIT, "Ctrl+S"),
    Action("save_as", ("W",), "save it as another file", _EDIT, "W"),
    Action("differences", (), "show what a save would change", _EDIT, "Ctrl+P"),
    Action("check", (), "check the recording, with repairs", _EDIT, "Ctrl+P"),
    Action("save_run", ("ctrl+o",), "save the run: what happened now", _EDIT, "Ctrl+O"),
    Action("down", ("j", "down"), "next event", _VIEW, "j ↓"),
    Action("up", ("k", "up"), "previous event", _VIEW, "k ↑"),
    Action("first", ("g", "home"), "first event", _VIEW, "g Home"),
    Action("last", ("G", "end"), "last event", _VIEW, "G End"),
    Action("show_tab(1)", ("1",), "the sandbox's output", _VIEW, "1"),
    Action("show_tab(2)", ("2",), "the selected event, recorded and actual", _VIEW, "2"),
    Action("show_tab(4)", ("4",), "what the selected step changed in the sandbox's files", _VIEW, "4"),
    Action("show_tab(5)", ("5",), "the dialogue with the model", _VIEW, "5"),
    Action("show_pane", ("enter",), "the right-hand pane alone", _VIEW, "Enter"),
    Action("zoom", ("z",), "maximise the focused pane", _VIEW, "z"),
    Action("raw", ("v",), "steps, or every event of the file", _VIEW, "v"),
    Action("help", ("question_mark", "f1"), "all keys", _VIEW, "? F1", "keys"),
    Action("quit", ("q", "ctrl+q"), "quit", _VIEW, "q"),
)
"""In the order of the help."""

GROUPS: Final = (_REPLAY, _LIVE, _EDIT, _VIEW)


def bindings() -> list[Binding]:
    """The bindings of the debugger's screen."""
    return [action.binding() for action in ACTIONS if action.keys]
