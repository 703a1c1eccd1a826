"""What the debugger's keys do to the run: forward and back, breakpoints, messages, visits by hand."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SuspendNotSupported

from trajcore import BadInput, Refused
from trajcore.views.timeline import Row
from trajtui import leaving
from trajtui.actions.places import go_back, hand_over
from trajtui.flows import Flow
from trajtui.host_terminal import HostTerminal
from trajtui.screens.breakpoints import BreakpointList
from trajtui.screens.dialogs import Ask, Choose
from trajtui.screens.tools import ToolList
from trajtui.screens.world import WorldSettings

if TYPE_CHECKING:
    from trajtui.screens.debugger import DebuggerScreen


def step(screen: DebuggerScreen) -> None:
    """Step one action."""
    screen.ahead.do(screen.session.step)


def step_over(screen: DebuggerScreen) -> None:
    """Step one action; a delegation counts as one."""
    screen.ahead.do(screen.session.step_over)


def resume(screen: DebuggerScreen) -> Flow | None:
    """Continue to a breakpoint or the end; an agent that is stuck goes on."""
    going: Flow | None = screen.ahead.do(partial(_resume, screen))
    return going


def _resume(screen: DebuggerScreen) -> Flow | None:
    if screen.session.is_stuck:
        return go_live(screen)
    screen.session.resume()
    return None


def back(screen: DebuggerScreen) -> Flow | None:
    """Step back one action."""
    going: Flow | None = screen.ahead.do(partial(_back, screen, screen.session.back_to_step))
    return going


def back_to_breakpoint(screen: DebuggerScreen) -> Flow | None:
    """Go back to the previous breakpoint."""
    going: Flow | None = screen.ahead.do(partial(_back, screen, screen.session.back_to_breakpoint))
    return going


async def _back(screen: DebuggerScreen, ways: Callable[[], Sequence[Any]]) -> None:
    await go_back(screen.session, screen.ask, ways())


def run_to(screen: DebuggerScreen) -> Flow | None:
    """Run to the selected event; back to it, where it was played."""
    row = screen.timeline.selected
    going: Flow | None = None if row is None else screen.ahead.do(partial(_run_to, screen, row))
    return going


async def _run_to(screen: DebuggerScreen, row: Row) -> None:
    index = row.index(screen.session.trajectory)
    if index is not None:
        await go_to(index, screen)


async def go_to(index: int, screen: DebuggerScreen) -> None:
    """Begin the way to before an event: on to it, or back by the way that the user agrees to."""
    if index < screen.session.position:
        await go_back(screen.session, screen.ask, screen.session.back_to(index))
    else:
        screen.session.run_to(index)


def breakpoint(screen: DebuggerScreen) -> str:
    """Set or remove a breakpoint on the selected event."""
    index = screen.timeline.selected_index
    if index is None:
        raise BadInput("breakpoints are set on recorded events")
    there = screen.session.toggle_breakpoint(index)
    label = screen.session.trajectory.label(index)
    return f"{label}: {'breakpoint, a replay stops before it' if there else 'no breakpoint any more'}"


def breakpoints(screen: DebuggerScreen) -> None:
    """List the breakpoints, with their conditions."""
    screen.app.push_screen(BreakpointList(screen.session))


def service(screen: DebuggerScreen) -> str:
    """Choose how the selected steps are satisfied: execute, recorded, skip."""
    session, picked = screen.session, sorted(screen.timeline.picked)
    if not picked:
        index = screen.timeline.selected_index
        if index is None:
            raise BadInput("only steps of the recording can be edited here")
        return f"event {session.trajectory.label(index)}: {session.next_service(index).value}"
    steps = [index for index in picked if session.is_step(index)]
    if not steps:
        raise BadInput("none of the selected events asks anything of the sandbox.")
    chosen = session.next_service(steps[0])
    for index in steps[1:]:
        session.serve(index, chosen)
    return f"{len(steps)} step{'s' * (len(steps) != 1)}: {chosen.value}"


def pause(screen: DebuggerScreen) -> None:
    """Interrupt what runs."""
    leaving.interrupt(screen)


async def type_into(screen: DebuggerScreen) -> None:
    """Type into the command that runs."""
    await screen.session.send_input("")
    screen.conversation.running.open()


async def shell(screen: DebuggerScreen) -> None:
    """Leave the screen for a shell inside the sandbox, until it ends."""
    try:
        with screen.app.suspend(), HostTerminal() as visitor:
            screen.session.visit(visitor)
            await screen.session.idle()
    except SuspendNotSupported:
        raise Refused("a shell needs a terminal, which a browser has not: trajtui FILE in one") from None


async def restart(screen: DebuggerScreen) -> None:
    """Restart in a fresh sandbox; a run that holds unsaved work is asked for first."""
    if await _may_go(screen):
        screen.session.restart()


async def world(screen: DebuggerScreen) -> None:
    """See in which world the run began, and restart it in another one."""
    session = screen.session
    wanted = await screen.ask(WorldSettings(session))
    if wanted is None or not await _may_go(screen):
        return
    if session.settings.in_sandbox(wanted.sandbox).walled or await may_run_on_host(screen.ask):
        session.choose_world(wanted.world, wanted.sandbox)


async def _may_go(screen: DebuggerScreen) -> bool:
    """Whether the run may be given up: it is asked where it holds unsaved work."""
    question = "This run has messages that are not saved. Restart all the same?"
    answers = {"no": "Keep the run", "yes": "Restart"}
    return not screen.unsaved_run or await screen.ask(Choose(question, answers)) == "yes"


def message(screen: DebuggerScreen) -> None:
    """Open the message box."""
    screen.session.expect_live()
    screen.conversation.open_box()


def go_live(screen: DebuggerScreen) -> Coroutine[Any, Any, str | None] | None:
    """Hand over to the model; where the agent spoke last, the user's word is asked for first."""
    if screen.session.needs_message and not screen.session.busy:
        message(screen)
        return None
    return hand_over(screen.session, screen.ask, screen.session.go_live)


def tools(screen: DebuggerScreen) -> None:
    """List the tools of the live agent, to switch them on and off."""
    screen.app.push_screen(ToolList(screen.session))


def compact(screen: DebuggerScreen) -> None:
    """Have the model summarise the oldest part of the conversation."""
    screen.session.compact()


async def may_run_on_host(ask: Ask) -> bool:
    """Whether recorded commands may run on this machine itself, which was asked for by `local`."""
    question = "`local` has no walls: the recorded commands run on this machine, as you, on your files."
    return bool(await ask(Choose(question, {"no": "Do not run them", "yes": "Run them here"})) == "yes")
