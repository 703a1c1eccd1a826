"""Again from here: the same place of a recording, gone on from by several models, each in a world of its own.

One session does it, a model after the other: what comes before the place is carried out once, and each model
begins in a copy of the world that it led to, the same for all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from trajcore.errors import BadInput, Refused, SandboxUnavailable, TrajError
from trajcore.live.outcome import ERROR, INTERRUPTED, Spent, last_words
from trajcore.replay.policy import agent_spoke_last
from trajcore.sandbox.registry import sandbox_kind
from trajcore.settings import Delivery, Settings

if TYPE_CHECKING:
    from trajcore.branches import Branch
    from trajcore.live.modelsettings import ModelSettings
    from trajcore.replay.aside import Tried
    from trajcore.replay.checkpoints import Route
    from trajcore.session import Session
    from trajcore.trajectory import Trajectory

AskStuck = Callable[[], Awaitable[str | None]]
"""Asks the user for their word to an agent that is stuck: empty: it is to go on; None: nobody answers."""


@dataclass(frozen=True)
class Forked:
    """What one model came to."""

    model: str
    branch: str | None
    """The branch that holds what it did; None where it never answered."""
    state: str
    """How its branch stands, in the words of the report: `finished`, `awaiting_input`, `error`, …"""
    spent: Spent
    last_message: str
    tried: Tried | None = None
    """What the command came to that was run at its end; None where none was."""
    failure: TrajError | None = None
    """What went wrong where `state` is `error`."""
    trajectory: Trajectory | None = field(default=None, repr=False, compare=False)
    """The events of its branch, with what came before it."""

    @property
    def ending(self) -> str:
        """How its last turn ended: as in the report, `steps_spent` too; `error` where it had none."""
        return ERROR if self.failure is not None else self.spent.ending

    @property
    def run_exit(self) -> int | None:
        """The exit code of the command; None where none was run, or it did not end by itself."""
        return None if self.tried is None else self.tried.exit_code

    def to_dict(self) -> dict[str, Any]:
        """As `trajtui fork --json` prints it. `files` is null where it was not told what was changed."""
        files = self.spent.files
        return {
            "model": self.model,
            "branch": self.branch,
            "state": self.state,
            "ending": self.ending,
            "run_exit": self.run_exit,
            "run_fault": self.tried.fault or None if self.tried else None,
            "steps": self.spent.replies,
            "tokens": dict(self.spent.tokens),
            "cost": self.spent.cost,
            "seconds": round(self.spent.seconds, 3),
            "files": None if files is None else [_change(*one) for one in files.items()],
            "more_files": self.spent.more,
            "last_message": self.last_message,
            "failure": None if self.failure is None else str(self.failure),
        }


def _change(path: str, kind: str) -> Mapping[str, str]:
    return {"path": path, "change": kind}


def needs_message(trajectory: Trajectory, at: int) -> bool:
    """Whether no model can go on from before the event at index `at` without a word of the user's."""
    return agent_spoke_last(trajectory.head(index) for index in range(at - 1, -1, -1))


def check_copies(session: Session, what: str) -> None:
    """Refuse a session of whose world no copy can be made, which `what` needs, once its sandbox is chosen.

    Raises `SandboxUnavailable`.
    """
    world, kind = session.settings.world, sandbox_kind(session.sandbox_kind or session.settings.sandbox)
    lacking = {
        "a running container of yours (--container)": world.container is not None,
        "a mounted workspace (--mount)": world.mount and world.workspace is not None,
        f"the {kind.name} sandbox": not (kind.executes and kind.rewinds),
    }
    found = next((what for what, is_so in lacking.items() if is_so), None)
    if found is not None:
        raise SandboxUnavailable(
            f"{what} needs copies of it, and none can be made of {found}: "
            "use --sandbox docker or bubblewrap, with a workspace that is copied."
        )


async def be_before(session: Session, index: int) -> Route | None:
    """Go to before an event, played or not; the way back that was taken, if one was: the cheapest.

    Raises what goes wrong with that.
    """
    route = session.back_to(index)[0] if index < session.position else None
    if route is not None:
        session.go_back(route)
    elif index > session.position:
        session.run_to(index)
    await done(session)
    return route


async def done(session: Session) -> None:
    """Wait for what is under way. Raises what went wrong with it."""
    await session.idle()
    if session.failure is not None:
        raise session.failure


class Forking:
    """Goes on from one place of a session with one model after the other."""

    def __init__(self, session: Session, at: int) -> None:
        """`at` is the index of the event, in the present branch, before which each of them begins."""
        self._session = session
        self._at = at
        self._origin: Branch = session.branches.present

    def check(self, messages: Sequence[str]) -> None:
        """Refuse, before anything is carried out, what no model could go on from. Raises `BadInput`."""
        trajectory = self._session.trajectory
        if not messages and needs_message(trajectory, self._at):
            raise BadInput(
                f"before event {trajectory.label(self._at)} it is not the agent's turn: "
                "give the model a message with --message TEXT."
            )
        if not all(text.strip() for text in messages):
            raise BadInput("a message is empty: --message TEXT needs words.")

    async def begin(self, *, copied: bool = True) -> None:
        """Be at the place. Raises what went wrong on the way, and `Refused` while something is under way.

        `copied`: in a copy of its world, as every further model has one; else the first has it as it stands.
        """
        session = self._session
        if session.busy:
            raise Refused("something is still under way: Esc stops it")
        if copied:
            check_copies(session, "each model in a world of its own")
        await be_before(session, self._at)
        if copied:
            session.renew_world()
            await done(session)
            await session.live_ready()  # or the first one's time would hold what it takes to load that

    async def go_on(
        self, names: Sequence[str], messages: Sequence[str] = (), command: str | None = None
    ) -> AsyncIterator[Forked]:
        """What each model comes to that is given the messages, one by one; without any, it simply goes on.

        Without names it is the one that the session has. `command` is run in each one's world at its end.
        What goes wrong is told by the answer. Where the user interrupts one, no other begins.
        """
        for model in models_of(self._session.settings, names):
            if self._session.queued:
                self._session.take_back()  # what nobody heard is not the next model's to hear
            result = await self._with(model, messages, command)
            yield result
            if result.ending == INTERRUPTED:
                break

    async def _with(self, model: ModelSettings, messages: Sequence[str], command: str | None) -> Forked:
        session, tried = self._session, None
        failure: TrajError | None = None
        try:
            await self._come_back()
            session.use_model(model, branch=model.model or "")
            await carry_on(session, messages)
            failure = session.failure
            if command is not None and session.branches.present is not self._origin:
                tried = await session.try_out(command)
        except TrajError as error:
            failure = failure or error
        return self._came_to(model, tried, failure)

    async def _come_back(self) -> None:
        session = self._session
        if session.branches.present is not self._origin:
            session.switch(self._origin, (await session.ways_to(self._origin))[0])
            await done(session)

    def _came_to(self, model: ModelSettings, tried: Tried | None, failure: TrajError | None) -> Forked:
        session, branch = self._session, self._session.branches.present
        name = str(model.model)
        if branch is self._origin:
            return Forked(name, None, ERROR, Spent(ending=ERROR), "", failure=failure)
        return Forked(
            name,
            branch.name,
            ERROR if failure is not None else session.ending,
            branch.spent,
            last_words(session.run.entries),
            tried,
            failure,
            copy(session.trajectory),
        )


def models_of(settings: Settings, names: Sequence[str]) -> list[ModelSettings]:
    """The settings of each model that is named, perhaps by its `[llm.NAME]`; without names, those there are.

    Raises `BadInput` where those of a name cannot be used.
    """
    return [_named(settings, name) for name in names] or [settings.model]


def _named(settings: Settings, name: str) -> ModelSettings:
    found = settings.models.get(name)
    if found is None:
        return replace(settings.model, model=name)
    if found.fault:
        raise BadInput(found.fault)
    return found.settings


async def carry_on(session: Session, messages: Sequence[str], ask: AskStuck | None = None) -> None:
    """Give the messages to the model one by one, each when it waits; without any, let it simply go on.

    `ask` is asked for the user's word while the agent is stuck, for which the next message was not meant.
    Raises `BadInput` where it is not its turn, and as `Session.message` does.
    """
    if not messages:
        if session.needs_message:
            raise BadInput(
                "the recording ends with the agent's word: give the model one with --message TEXT."
            )
        session.go_live()
        await session.idle()
        await _get_unstuck(session, ask)
    for number, text in enumerate(messages, 1):
        session.message(text, Delivery.LIVE)
        await session.idle()
        await _get_unstuck(session, ask)
        if session.failure is not None or session.is_stuck or session.spent is not None:
            left = len(messages) - number
            if left and session.failure is None:
                session.say(f"{left} message{'s' * (left != 1)} not given to the model any more")
            break


async def _get_unstuck(session: Session, ask: AskStuck | None) -> None:
    """Have the user asked for their word while the agent is stuck."""
    while session.is_stuck and ask is not None:
        said = await ask()
        if said is None:
            return
        try:
            if said.strip():
                session.message(said, Delivery.LIVE)
            else:
                session.go_live()
        except TrajError as error:
            session.say(str(error))
        await session.idle()
