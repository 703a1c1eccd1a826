"""Everything a user can do on the debugger's screen: bindings, palette, footer and help are read from here.

A row names the function that carries it out, which is given the screen. It returns what is to be said of
it, if anything, and raises `TrajError` where it cannot be done; a coroutine is run beside the screen.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider

from trajcore.views.copying import PARTS, Part
from trajtui.actions.words import ALSO
from trajtui.widgets.side import TABS, PaneTab

if TYPE_CHECKING:
    from trajtui.actions import (
        bisecting,
        branching,
        comparing,
        copying,
        editing,
        filing,
        finding,
        looking,
        models,
        replay,
        saving,
        sharing,
        telling,
    )
    from trajtui.screens.debugger import DebuggerScreen


class Where(Enum):
    """Where the user is, as far as the footer has other keys there."""

    REST = "at rest"
    BUSY = "something runs"
    THINKING = "a model is asked"
    LIVE = "a live session is at rest"
    PANE = "in a right-hand pane"
    BOX = "in the message box"
    LINE = "in another line that is typed into"
    QUESTION = "in the question about an action"


Handler = Callable[["DebuggerScreen"], "str | Coroutine[Any, Any, str | None] | None"]


class Later:
    """A function of a module beside this one, which is loaded when the function is first called.

    With these modules come all dialogs, their text boxes and what they show; the first frame waits for none.
    """

    def __init__(self, module: str, name: str) -> None:
        self.__name__ = name
        self._module = module

    @property
    def function(self) -> Handler:
        """The function itself."""
        module = importlib.import_module(f"trajtui.actions.{self._module}")
        function: Handler = getattr(module, self.__name__)
        return function

    def __call__(self, screen: DebuggerScreen, **given: Any) -> str | Coroutine[Any, Any, str | None] | None:
        """Load the function, and carry it out."""
        return self.function(screen, **given)


class _Module:
    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Later:
        return Later(self._name, name)


if not TYPE_CHECKING:
    bisecting, branching, comparing, copying, editing, filing, finding = map(
        _Module, ("bisecting", "branching", "comparing", "copying", "editing", "filing", "finding")
    )
    looking, models, replay, saving, sharing, telling = map(
        _Module, ("looking", "models", "replay", "saving", "sharing", "telling")
    )


@dataclass(frozen=True)
class UserAction:
    """One thing to do, called by the name of its function.

    `bound` are its keys in Textual's names, with spaces between them, and `shown` in people's; `footer` is
    its word in the footer, if it is there, and `at` are the places where it is.
    """

    handler: Handler
    bound: str
    what: str
    group: str
    shown: str
    footer: str = ""
    name: str = ""
    at: tuple[Where, ...] = (Where.REST,)

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.handler.__name__)

    @property
    def keys(self) -> tuple[str, ...]:
        """Its keys, in Textual's names."""
        return tuple(self.bound.split())

    def binding(self) -> Binding:
        """As Textual binds it; the id lets the user's keymap rebind it."""
        return Binding(
            ",".join(self.keys),
            f"act({self.name!r})",
            self.footer or self.what,
            show=bool(self.footer),
            id=self.name,
            key_display=self.shown.split(" ")[0],
        )


_ALT_B: Final = "ctrl+left"
"""What Textual takes Alt+B of most terminals for: they send for it what others send for that key."""
_LESS: Final = 0.5
"""What a word that is only meant counts in the palette, beside one that is said: it comes behind."""
_AT_REST: Final = (Where.REST, Where.LIVE)
_ANY_PANE: Final = (Where.REST, Where.PANE)
_AT_WORK: Final = (Where.BUSY, Where.THINKING)
_REPLAY: Final = "Replay"
_LIVE: Final = "Messages and the model"
_EDIT: Final = "Editing and saving"
_VIEW: Final = "Looking around"


def _of_tab(tab: PaneTab) -> UserAction:
    handler = partial(looking.show_tab, tab=tab)
    return UserAction(handler, str(tab.key), tab.what, _VIEW, str(tab.key), name=f"tab_{tab.id}")


def _of_part(part: Part) -> UserAction:
    handler = partial(copying.copy_part, part=part)
    return UserAction(handler, "", f"copy {part.what}", _VIEW, f"y {part.key}", name=f"copy_{part.name}")


def _of_scope(name: str, what: str) -> UserAction:
    handler = partial(filing.show_scope, scope=name)
    return UserAction(handler, "", f"files: {what}", _VIEW, "F", name=f"files_{name.lower()}")


ACTIONS: Final = (
    UserAction(replay.step, "s f10", "step one action", _REPLAY, "s F10", "step", at=_ANY_PANE),
    UserAction(replay.step_over, "f8", "step over a delegation", _REPLAY, "F8"),
    UserAction(
        replay.resume,
        "c f5",
        "continue to a breakpoint or the end; go on when stuck",
        _REPLAY,
        "c F5",
        "continue",
        at=_ANY_PANE,
    ),
    UserAction(replay.back, "S", "step back one action", _REPLAY, "S", "back", at=_AT_REST),
    UserAction(replay.back_to_breakpoint, "C", "back to the previous breakpoint", _REPLAY, "C"),
    UserAction(replay.run_to, "t", "run to the selected event, or back to it", _REPLAY, "t", "to here"),
    UserAction(replay.breakpoint, "b f9", "breakpoint on the selected event", _REPLAY, "b F9", "break"),
    UserAction(replay.breakpoints, "B", "breakpoints: list, conditions", _REPLAY, "B"),
    UserAction(replay.service, "x", "execute → recorded → skip, for the selected step", _REPLAY, "x", "skip"),
    UserAction(replay.pause, "p", "pause, interrupt", _REPLAY, "p"),
    UserAction(
        replay.type_into,
        "T",
        "type into the command that runs",
        _REPLAY,
        "T",
        "types into it",
        at=(Where.BUSY,),
    ),
    UserAction(replay.shell, "exclamation_mark", "a shell inside the sandbox, as it is now", _REPLAY, "!"),
    UserAction(
        replay.restart, "R", "restart from the first event in a fresh sandbox", _REPLAY, "R", "restart"
    ),
    UserAction(bisecting.bisect, "", "bisect: the step that changed what a command comes to", _REPLAY, ""),
    UserAction(replay.world, "O", "sandbox and world: what names it, another one", _REPLAY, "O"),
    UserAction(replay.message, "m", "type a message", _LIVE, "m", "message", at=(*_AT_REST, *_AT_WORK)),
    UserAction(replay.go_live, "L", "go live: hand the run and its sandbox to the model", _LIVE, "L", "live"),
    UserAction(models.go_on, "", "let the model go on where its budget is spent", _LIVE, ""),
    UserAction(models.model, "M", "model: another one, its key, base URL, effort", _LIVE, "M"),
    UserAction(replay.compact, "", "compact: have the model sum up the oldest part", _LIVE, "/compact"),
    UserAction(branching.new_branch, "ctrl+n", "a new live branch from the selected event", _LIVE, "Ctrl+N"),
    UserAction(branching.again, "", "again from here: other models, another message", _LIVE, ""),
    UserAction(
        branching.branches,
        f"alt+b {_ALT_B}",
        "branches: go to one, compare, name, save, delete it",
        _LIVE,
        "Alt+B",
    ),
    UserAction(branching.own_branches, "", "branches of the recording itself: go on with one", _EDIT, ""),
    UserAction(replay.tools, "", "tools of the live agent: switch them on and off", _LIVE, ""),
    UserAction(looking.what_the_model_sees, "", "what the model sees", _LIVE, ""),
    UserAction(editing.flip_wait, "w", "flip wait_for_response of the selected message", _EDIT, "w", "wait"),
    UserAction(editing.flip, "space", "flip a flag of the event / fold a delegation", _EDIT, "Space"),
    UserAction(editing.edit_event, "e", "edit the event: a form, or its raw JSON", _EDIT, "e", "edit"),
    UserAction(editing.edit_outside, "E", "edit the event in $VISUAL or $EDITOR", _EDIT, "E"),
    UserAction(editing.insert_before, "i", "insert a user message before the event", _EDIT, "i"),
    UserAction(editing.insert_behind, "o", "insert a user message after the event", _EDIT, "o"),
    UserAction(editing.insert_kind, "I", "insert an event of any kind after the event", _EDIT, "I"),
    UserAction(editing.delete, "d", "delete the event with what belongs to it", _EDIT, "d"),
    UserAction(editing.duplicate, "Y", "duplicate the event", _EDIT, "Y"),
    UserAction(editing.move_down, "J", "move the event down", _EDIT, "J"),
    UserAction(editing.move_up, "K", "move the event up", _EDIT, "K"),
    UserAction(
        editing.select_down,
        "shift+down",
        "select several rows, for d J K Y x Ctrl+F; Esc: one",
        _EDIT,
        "Shift+↓",
    ),
    UserAction(editing.select_up, "shift+up", "select several rows, upwards", _EDIT, "Shift+↑"),
    UserAction(editing.replace_text, "ctrl+f", "find and replace", _EDIT, "Ctrl+F"),
    UserAction(editing.undo, "u", "undo the last edit", _EDIT, "u", "undo"),
    UserAction(editing.redo, "ctrl+r", "redo the edit that was undone", _EDIT, "Ctrl+R"),
    UserAction(editing.history, "U", "the edits: read them, go to any point", _EDIT, "U"),
    UserAction(saving.save, "ctrl+s", "save the edited recording", _EDIT, "Ctrl+S", "save"),
    UserAction(saving.save_as, "W", "save the edited recording as another file", _EDIT, "W"),
    UserAction(saving.differences, "", "show what a save would change", _EDIT, ""),
    UserAction(editing.check, "", "check the recording, with repairs", _EDIT, ""),
    UserAction(
        saving.save_run,
        "ctrl+o",
        "save the run: what happened now",
        _EDIT,
        "Ctrl+O",
        "save run",
        at=_AT_REST,
    ),
    UserAction(sharing.export, "", "export: a page, Markdown, a cast, a script or a picture", _EDIT, ""),
    UserAction(looking.down, "j down", "next event", _VIEW, "j ↓"),
    UserAction(looking.up, "k up", "previous event", _VIEW, "k ↑"),
    UserAction(looking.first, "g home", "first event", _VIEW, "g Home"),
    UserAction(
        looking.last,
        "G end",
        "last event; while something runs: follow it",
        _VIEW,
        "G End",
        "follows",
        at=_AT_WORK,
    ),
    UserAction(
        finding.search, "slash", "search what rows say, then all that they hold", _VIEW, "/", "search"
    ),
    UserAction(finding.next_found, "n", "next row that was found", _VIEW, "n"),
    UserAction(finding.previous_found, "N", "previous row that was found", _VIEW, "N"),
    UserAction(finding.go_to, "colon", "go to a row: 12, +10, 50%, @1h30m, @14:03, $", _VIEW, ":"),
    UserAction(
        finding.filter, "f", "filter: diverged, errors, yours, … or a condition", _VIEW, "f", "filter"
    ),
    UserAction(finding.bookmark, "", "bookmark on the selected event, or none", _VIEW, ""),
    UserAction(finding.bookmarks, "", "bookmarks: go to one, remove it", _VIEW, ""),
    *(_of_tab(tab) for tab in TABS),
    UserAction(
        filing.next_scope,
        "F",
        "files: of this step, since the start, by hand",
        _VIEW,
        "F",
        "other files",
        at=(Where.PANE,),
    ),
    _of_scope("STEP", "what this step changed"),
    _of_scope("START", "what is otherwise since the start"),
    _of_scope("HAND", "what you changed by hand"),
    UserAction(filing.save_to, "", "save a file or the whole sandbox to …", _EDIT, ""),
    UserAction(
        filing.who_wrote,
        "a",
        "who wrote this line of the Files tab",
        _VIEW,
        "a",
        "who wrote it",
        at=(Where.PANE,),
    ),
    UserAction(comparing.compare, "D", "recorded and actual over the whole width", _VIEW, "D", "compare"),
    UserAction(
        comparing.next_difference,
        "right_square_bracket",
        "next difference, and on to the next step that diverged",
        _VIEW,
        "]",
        "next difference",
        at=(Where.PANE,),
    ),
    UserAction(
        comparing.previous_difference,
        "left_square_bracket",
        "previous difference",
        _VIEW,
        "[",
        "previous",
        at=(Where.PANE,),
    ),
    UserAction(looking.escape, "escape", "back, out, or stop: the footer says what", _VIEW, "Esc"),
    UserAction(
        looking.show_pane, "enter", "the right-hand pane alone; in the Chat: unfold, fold", _VIEW, "Enter"
    ),
    UserAction(
        looking.zoom, "z", "zoom: give the focused pane all the room", _VIEW, "z", "zoom", at=(Where.PANE,)
    ),
    UserAction(looking.narrower, "less_than_sign", "make the timeline narrower", _VIEW, "<"),
    UserAction(
        looking.wider,
        "greater_than_sign",
        "make the timeline wider; the mouse moves the line too",
        _VIEW,
        ">",
    ),
    UserAction(looking.wrap, "alt+z", "wrap wide lines of a pane, or scroll them: ← →", _VIEW, "Alt+Z"),
    UserAction(
        looking.line_end,
        "dollar_sign",
        "the end of a line that goes on at the right",
        _VIEW,
        "$",
        "end of the line",
        at=(Where.PANE,),
    ),
    UserAction(
        looking.line_begin,
        "0",
        "the beginning of a line that is shown from further on",
        _VIEW,
        "0",
        "its beginning",
        at=(Where.PANE,),
    ),
    UserAction(looking.open_picture, "", "open picture: that of the selected event, outside", _VIEW, ""),
    UserAction(looking.raw, "v", "steps, or every event of the file", _VIEW, "v"),
    UserAction(
        looking.help,
        "question_mark f1",
        "help: all keys and marks",
        _VIEW,
        "? F1",
        "keys",
        at=(*_AT_REST, *_AT_WORK, Where.PANE),
    ),
    UserAction(looking.command_palette, "ctrl+p", "every command by name", _VIEW, "Ctrl+P"),
    UserAction(looking.next_pane, "tab", "next pane", _VIEW, "Tab"),
    UserAction(looking.previous_pane, "shift+tab", "the pane before", _VIEW, "Shift+Tab"),
    UserAction(telling.messages, "H", "messages: all that was said", _VIEW, "H"),
    UserAction(telling.whole_message, "", "the message of the status bar, whole", _VIEW, ""),
    UserAction(copying.copy, "y", "copy: a menu of what there is", _VIEW, "y", "copy", at=_ANY_PANE),
    *(_of_part(part) for part in PARTS),
    UserAction(copying.picture, "", "save a picture of the screen, as SVG (screenshot)", _VIEW, ""),
    UserAction(copying.copy_or_interrupt, "ctrl+c", "copy what is selected, else interrupt", _VIEW, "Ctrl+C"),
    UserAction(
        looking.suspend, "ctrl+z", "suspend: back to the shell, whose fg goes on here", _VIEW, "Ctrl+Z"
    ),
    UserAction(saving.open_another, "", "open another recording: back to the start screen", _VIEW, ""),
    UserAction(saving.quit, "q ctrl+q", "quit", _VIEW, "q"),
)
"""In the order of the help."""

BY_NAME: Final = {action.name: action for action in ACTIONS}

HARMLESS: Final = frozenset(action.name for action in ACTIONS if action.group == _VIEW)
"""What may be done before the user has agreed to where commands run."""

ON_ROWS: Final = frozenset(
    {
        "flip_wait", "flip", "edit_event", "edit_outside", "insert_before", "insert_behind", "insert_kind",
        "delete", "duplicate", "move_down", "move_up", "select_down", "select_up",
    }
)  # fmt: skip
"""What changes the selected rows: letters that are pressed in another pane do not."""


def bindings() -> list[Binding]:
    """The bindings of the debugger's screen."""
    return [action.binding() for action in ACTIONS if action.keys]


class ActionProvider(Provider):
    """The command palette: every action, by what it does."""

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for action in self._actions:
            yield DiscoveryHit(action.what, self._run(action), help=action.shown or None)

    async def search(self, query: str) -> Hits:
        """Those that fit what is typed."""
        matcher = self.matcher(query)
        for action in self._actions:
            also = _LESS * matcher.match(ALSO.get(action.name, ""))
            score = max(matcher.match(action.what), also)
            if score > 0:
                shown = matcher.highlight(action.what)
                yield Hit(score, shown, self._run(action), help=action.shown or None)

    @property
    def _actions(self) -> Sequence[UserAction]:
        """With the keys that they have here."""
        actions: Sequence[UserAction] = getattr(self.screen, "actions", ACTIONS)
        return actions

    def _run(self, action: UserAction) -> Callable[[], Coroutine[Any, Any, object]]:
        return partial(self.screen.run_action, f"act({action.name!r})")
