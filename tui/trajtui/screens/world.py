"""The sandbox and the world that a run begins in: what they are and why, and what else they could be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from trajcore import BadInput, Session
from trajcore.views import sandboxes, worlds
from trajtui.screens.dialog import Dialog, tell
from trajtui.widgets.inputs import Choices, LabelledInput, Tick

_HINT: Final = "Enter restarts the run so · Tab: the next field · Esc leaves"
_REPOSITORY: Final = "a directory or an address, @ and a commit behind it"
_MAPS: Final = "other names of directories: /testbed=/workspace/x"
_IMAGE: Final = "what docker begins with; empty: as configured"
_SETUP: Final = "a shell script that is run before the first step"


@dataclass(frozen=True)
class Beginning:
    """How the run is to begin."""

    world: worlds.Choice
    sandbox: sandboxes.SandboxChoice


class WorldSettings(Dialog[Beginning | None]):
    """Asks in which sandbox and world the run is to begin; its answer is for a restart."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "cancel")]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._form = worlds.form(session)
        self._sandbox = sandboxes.sandbox_form(session)

    def compose(self) -> ComposeResult:
        """What there is now, the choices, what the user can bring, and what the keys do.

        The sandbox comes first where something has failed, else the world.
        """
        fault = self._sandbox.fault
        parts = (self._sandbox_part, self._world_part)
        with Vertical(classes="dialog wide", id="world"):
            yield Static("Sandbox and world", markup=False, classes="question")
            with VerticalScroll(can_focus=False, id="world-parts"):
                yield Static(fault, markup=False, classes="fault")
                yield Static(self._sandbox.now, markup=False, id="world-now")
                for part in parts if fault else reversed(parts):
                    yield from part()
            yield Static(_HINT, markup=False, classes="note")

    def _sandbox_part(self) -> ComposeResult:
        sandbox = self._sandbox
        yield Static("The sandbox", markup=False, classes="heading")
        yield Choices(*map(_option, sandbox.kinds), markup=False, id="world-kinds")
        yield LabelledInput("image", sandbox.chosen.image, id="world-image", what=_IMAGE)
        yield LabelledInput("set-up", str(sandbox.chosen.setup or ""), id="world-setup", what=_SETUP)
        yield Tick("the sandbox reaches the network", sandbox.chosen.network, compact=True)

    def _world_part(self) -> ComposeResult:
        form = self._form
        yield Static("The world that the run begins in", markup=False, classes="heading")
        with VerticalScroll(can_focus=False, id="world-facts"):
            yield Static("\n".join(form.facts), markup=False)
        yield Choices(*map(_choice, form.choices), markup=False, id="world-choices")
        yield LabelledInput("repository", form.repository, id="world-repo", what=_REPOSITORY)
        yield LabelledInput("paths", form.maps, id="world-maps", what=_MAPS)

    def on_mount(self) -> None:
        """Point at what is chosen now: at the kind of sandbox, where there is none; and see which work."""
        _point(self._kinds, [name for name, _ in self._sandbox.kinds], self._sandbox.chosen.kind)
        _point(self._worlds, [name for name, _ in self._form.choices], self._form.chosen)
        self.query_one(".fault").display = bool(self._sandbox.fault)
        (self._kinds if self._sandbox.fault else self._worlds).focus()
        parts = self.query_one("#world-parts", VerticalScroll)
        self.call_after_refresh(parts.scroll_home, animate=False)  # what there is is read before it is chosen
        self._see_which_work()

    @property
    def _kinds(self) -> Choices:
        return self.query_one("#world-kinds", Choices)

    @property
    def _worlds(self) -> Choices:
        return self.query_one("#world-choices", Choices)

    @work(exit_on_error=False)
    async def _see_which_work(self) -> None:
        async for name, works in sandboxes.kinds_here(self._session):
            self._kinds.replace_option_prompt(name, _line(name, works))

    @on(OptionList.OptionSelected)
    @on(Input.Submitted)
    def take(self) -> None:
        """Answer with what is chosen, or say what is wrong with it."""
        kind = self._sandbox.kinds[self._kinds.highlighted or 0][0]
        world = self._form.choices[self._worlds.highlighted or 0][0]
        image, setup, repository, maps = (
            self.query_one(f"#world-{name}", Input).value for name in ("image", "setup", "repo", "maps")
        )
        network = self.query_one(Tick).value
        try:
            choice = worlds.chosen(self._session, world, repository, maps)
            sandbox = sandboxes.chosen_sandbox(self._session, kind, image, setup, network=network)
        except BadInput as error:
            tell(self.query_one(".note", Static), str(error), bad=True)
            return
        self.dismiss(Beginning(choice, sandbox))

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss(None)


def _point(choices: Choices, names: list[str], name: str) -> None:
    choices.highlighted = names.index(name) if name in names else 0


def _option(kind: tuple[str, str]) -> Option:
    return Option(_line(*kind), id=kind[0])


def _choice(world: tuple[str, str]) -> Option:
    return Option(world[1], id=world[0])


def _line(name: str, works: str) -> str:
    return f"{name:<11} {works}".rstrip()
