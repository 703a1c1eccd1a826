"""What a front end can read of a debugging session: the parts that it owns, and how it stands."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from trajcore import notices
from trajcore.activity import Activity
from trajcore.branches import Branches, Growth
from trajcore.document.edits import Edit
from trajcore.editing import Editing
from trajcore.errors import TrajError
from trajcore.events.kinds import MESSAGE, Service
from trajcore.journal.keeping import Keeping
from trajcore.live.budget import Budget, Limit
from trajcore.live.confirming import Confirmation
from trajcore.live.host import AgentHost
from trajcore.live.toolchoice import LiveTools
from trajcore.masking import hide
from trajcore.queued import Queued
from trajcore.replay.bookmarks import Bookmarks
from trajcore.replay.breakpoints import Breakpoints
from trajcore.replay.handover import Handover, differs_in_waiting_alone, handover
from trajcore.replay.loop import Replay
from trajcore.replay.policy import asks_the_world, steps_of
from trajcore.replay.run import Run, StepResult
from trajcore.replay.states import Mode, Standing, State
from trajcore.settings import Settings
from trajcore.trajectory import Trajectory

if TYPE_CHECKING:
    from trajcore.live.context import Context
    from trajcore.live.outcome import LiveOutcome
    from trajcore.live.usage import Usage
    from trajcore.replay.compare import Texts
    from trajcore.worlds.choice import Choice
    from trajcore.worlds.evidence.building import Built
    from trajcore.worlds.facts import Found
    from trajcore.worlds.plan import World


class SessionState:
    """A session as it is. Its commands are in `Session`."""

    def __init__(self, trajectory: Trajectory, settings: Settings | None = None) -> None:
        self.trajectory = trajectory
        self.settings = settings or Settings()
        hide(*self.settings.model.secrets)
        self._activity = Activity()
        self._tell = self._activity.tell
        self._say = self._activity.say
        self._sandbox_kind: str | None = None
        self._queue = Queued(self._tell)
        self._replay = Replay(trajectory, self.settings, self._activity, self._queue)
        if self.settings.keep_breakpoints:
            self.breakpoints.load()
        self.branches = Branches(trajectory, self._tell, keep=self.settings.keep_branches)
        """The ways in which the recording goes on: as recorded, and each that a model has taken."""
        self.subscribe(self.branches.listen)
        self.editing = Editing(trajectory, self._tell, self._follow, lambda: self.busy)
        """The commands that change the recording."""
        self.keeping: Keeping | None = None
        """What is kept on disk of the unsaved work, if anything is."""
        if self.settings.keep_journal:
            self.keeping = Keeping(trajectory, lambda: self.run)
            self.subscribe(self.keeping.listen)
        self.world_before: Choice | None = None
        """What was chosen for this recording's world in an earlier session, where nothing is chosen now."""
        self._steps: tuple[int, list[int]] | None = None
        """Which steps so many events have."""
        self.spent: Limit | None = None
        """What of the budget was spent, where that ended the model's last turn."""
        self.live_tools = LiveTools(trajectory.tools, self.settings.tools)
        """The tools of a live model, and which of them it has."""
        self._confirmation = Confirmation(self.settings.confirmation)
        self._live = self._live_host()

    def _follow(self, edit: Edit, *, undone: bool = False) -> None:
        """The recording was edited, or an edit was taken back."""
        self._steps = None
        self._replay.follow(edit, undone=undone)

    def _live_host(self) -> AgentHost:
        replay, become = self._replay, self._activity.become
        growth = Growth(replay, self.branches)
        return AgentHost(
            self.run, replay.world, become, self._tell, self.trajectory.dialect, self._confirmation,
            self._queue, growth, self.settings.budget, self.live_tools,
        )  # fmt: skip

    @property
    def recording(self) -> Trajectory:
        """The recorded branch, whichever is the present one."""
        return self.branches.trajectory_of(self.branches.recorded) or self.trajectory

    def unkept(self, *, run_saved: bool = False) -> Sequence[str]:
        """What would be lost if the program ended now, in words. `run_saved`: the run is in a file."""
        edits = ["edits of the recording"] * self.recording.modified
        messages = ["messages of this run"] * (self.run.has_added and not run_saved)
        live = [branch.name for branch in self.branches if not (branch.is_recorded or branch.is_on_disk)]
        unsent = ["messages that were not sent"] * bool(self.unsent)
        return [*edits, *messages, *([f"live branches ({', '.join(live)})"] if live else []), *unsent]

    @property
    def run(self) -> Run:
        """What happened in this run."""
        return self._replay.run

    @property
    def breakpoints(self) -> Breakpoints:
        """Where the replay stops."""
        return self._replay.breakpoints

    @property
    def bookmarks(self) -> Bookmarks:
        """Events that the user wants to find again."""
        return self._replay.breakpoints.bookmarks

    @property
    def services(self) -> Mapping[int, Service]:
        """How the user wants a step to be satisfied, by its index; executed where nothing is said."""
        return self.trajectory.by_index(self._replay.services)

    def service_of(self, index: int) -> Service:
        """How the user wants a step to be satisfied; executed where nothing is said."""
        return self._replay.services.get(self.trajectory.uid(index), Service.EXECUTE)

    def is_carried_out(self, index: int) -> bool:
        """Whether a replay carries a step out: as the user wants it, else as its recording does by itself."""
        return self._replay.player.service_of(index) is Service.EXECUTE

    @property
    def results(self) -> Mapping[int, StepResult]:
        """What came of the steps that are in the recording, by the index of each, in order of the run."""
        return self._replay.results

    def result_of(self, index: int) -> StepResult | None:
        """What came of a step; None where it was not played, or is to be played once more."""
        return self._replay.result_of(index)

    def texts_of(self, result: StepResult) -> Texts | None:
        """The texts of a step as they were compared; None where they were not. It may be in a thread."""
        return self._replay.player.texts_of(result)

    @property
    def stale(self) -> frozenset[int]:
        """Played events that were edited since, and events before the position that were never played."""
        return self._replay.stale

    @property
    def first_stale(self) -> int | None:
        """Where the run begins to differ from what the recording says now; None where it does not."""
        return self._replay.first_stale

    @property
    def departure(self) -> int | None:
        """The first played event that would be carried out otherwise now; what follows is of another world.

        None where there is none.
        """
        return self._replay.departure

    @property
    def handover(self) -> Handover:
        """What is to be known before a model takes over here."""
        stale = self.stale
        played = {entry.origin: entry for entry in self.run.entries} if stale else {}
        differing = {
            index
            for index in stale
            if (entry := played.get(self.trajectory.uid(index))) is None
            or not differs_in_waiting_alone(entry.data(), self.trajectory.data(index))
        }
        return handover(self.trajectory, self.position, differing, self.results)

    @property
    def remade(self) -> tuple[int, str] | None:
        """The first step (its index) that came out otherwise when a way back executed it again, and in what.

        The world from there on is not the one of the first time. None where there is none.
        """
        remade = self._replay.remade
        index = None if remade is None else self.trajectory.index_of_uid(remade.uid)
        return None if remade is None or index is None else (index, remade.what)

    @property
    def state(self) -> State:
        """What the session is doing."""
        return self._activity.state

    @property
    def mode(self) -> Mode:
        """Whether events come from the recording or from a model."""
        return self._activity.mode

    @property
    def queued(self) -> tuple[str, ...]:
        """What the user typed while something was under way, in the order in which it will be delivered."""
        return self._queue.waiting

    @property
    def unsent(self) -> tuple[str, ...]:
        """The user's words that nobody has been given: taken back since the last message, or queued."""
        return (*self._queue.returned, *self._queue.waiting)

    @property
    def failure(self) -> TrajError | None:
        """What went wrong with what was begun last: it led to ERROR, or the model did not answer."""
        return self._activity.failure

    @property
    def asked(self) -> notices.Asked | None:
        """The action of the model that waits for the user's word, if one does."""
        return self._live.asking.asked

    @property
    def position(self) -> int:
        """The index of the recorded event that comes next; the length of the recording at its end."""
        return self._replay.player.position

    @property
    def at_end(self) -> bool:
        """Whether every recorded event has been played."""
        return self._replay.player.at_end

    @property
    def sandbox_kind(self) -> str | None:
        """The kind of this run's sandbox, once it is chosen."""
        return self._sandbox_kind

    @property
    def workspace(self) -> str:
        """Where in the sandbox the project is: the directory in which its shell began."""
        return self._replay.world.workspace

    @property
    def sandbox_why(self) -> str:
        """Why this run's sandbox is the one that it is, in words, once it is chosen."""
        return self._replay.world.why

    @property
    def world(self) -> World | None:
        """The world that this run begins in, once that is known."""
        return self._replay.world.world

    @property
    def world_choice(self) -> Choice:
        """What the user wants of the world that runs begin in."""
        return self._replay.worlds.choice

    @property
    def world_facts(self) -> Found:
        """What names the world of the recording."""
        return self._replay.worlds.found

    @property
    def built(self) -> Built | None:
        """What was made of what the recording tells of its files; None where, or while, nothing was."""
        reconstruction = self._replay.world.reconstruction
        return None if reconstruction is None else reconstruction.built

    @property
    def usage(self) -> Usage | None:
        """Tokens and cost of the live session; None before a model was asked."""
        return self._live.usage

    @property
    def budget(self) -> Budget:
        """What the model may come to in this session."""
        return self._live.budget

    @property
    def context(self) -> Context | None:
        """How full the model's context is, as far as that is known; None where nothing is."""
        return self._live.context

    @property
    def live_outcome(self) -> LiveOutcome | None:
        """What the model's turns in this run came to; None where it was not asked."""
        return self._live.outcome

    @property
    def is_stuck(self) -> bool:
        """Whether the agent went round in circles, and waits for the user's word: a message, or `go_live`."""
        return self.state is State.AWAITING_INPUT and self._live.is_stuck

    @property
    def step_count(self) -> int:
        """How many recorded actions ask something of the world."""
        return len(self._step_indices)

    @property
    def steps_done(self) -> int:
        """How many of them lie before the position."""
        return bisect_left(self._step_indices, self.position)

    @property
    def _step_indices(self) -> Sequence[int]:
        events = len(self.trajectory)
        if self._steps is None or self._steps[0] != events:
            self._steps = events, steps_of(self.trajectory.outline)
        return self._steps[1]

    @property
    def busy(self) -> bool:
        """Whether a task of this session is under way."""
        return self._activity.busy

    @property
    def next_user_message(self) -> int | None:
        """The next recorded user message that a typed one could replace."""
        outline = self.trajectory.outline
        for index in range(self.position, len(self.trajectory)):
            if outline.kinds[index] == MESSAGE and outline.sources[index] == "user":
                return index
        return None

    def replacement_of(self, index: int) -> str | None:
        """What the user typed in place of a recorded message; None where it stands as it was recorded."""
        return self._replay.player.replacements.get(self.trajectory.uid(index))

    @property
    def needs_message(self) -> bool:
        """Whether a live session could only begin with the user's word."""
        return self.run.agent_spoke_last and not self.queued

    @property
    def ending(self) -> str:
        """How the run stands, in the words of the report: a value of `Standing`."""
        stands = Standing.END_OF_RECORDING if self.at_end else Standing.PAUSED
        if self.failure is not None or self.state is State.ERROR:
            stands = Standing.ERROR
        elif self.state is State.FINISHED:
            stands = Standing.FINISHED
        elif self.state is State.AWAITING_INPUT:
            stands = Standing.AWAITING_INPUT
        return str(stands.value)

    def summary(self) -> str:
        """What the replay came to, in one sentence; it says so where the recording was edited under it."""
        from trajcore.replay.report import sentence  # of what nothing is needed before a run ends

        said = sentence(self.results.items(), self.trajectory.label, whole=self.at_end)
        departure = self.departure
        if departure is None:
            return said
        return f"{said} · played before an edit: from event {self.trajectory.label(departure)} on it is stale"

    def subscribe(self, listener: notices.Listener) -> Callable[[], None]:
        """Have `listener` called with every change from now on; the answer ends that."""
        return self._activity.subscribe(listener)

    def is_step(self, index: int) -> bool:
        """Whether a recorded event asks something of the world, so that it can be served or skipped."""
        return asks_the_world(self.trajectory.head(index))
