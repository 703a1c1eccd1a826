"""Playing a recording forward, one event at a time, into a run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

from trajcore import notices
from trajcore.dialects.base import Satisfied
from trajcore.dialects.canonical import exit_code
from trajcore.dialects.newevents import observation_event, user_message
from trajcore.events.head import Head
from trajcore.events.kinds import RUN, Service, Treatment, action_kind
from trajcore.events.satisfied import (
    How,
    Kept,
    can_be_done_again,
    kept_in,
    kept_of,
    typed_into,
    was_interrupted,
)
from trajcore.formats.json.reading import as_object
from trajcore.masking import known
from trajcore.replay.asrecorded import keep_as_is
from trajcore.replay.executor import Answer, Executor
from trajcore.replay.policy import ends_a_step, treatment
from trajcore.replay.positions import Position
from trajcore.replay.run import EXECUTED, Run, Status, StepResult
from trajcore.replay.verdict import Cause
from trajcore.tasks import finished_in_thread
from trajcore.trajectory import Trajectory

if TYPE_CHECKING:
    from trajcore.document.edits import Edit
    from trajcore.events.base import Action, Observation
    from trajcore.replay.compare import Texts
    from trajcore.replay.comparing import Comparer
    from trajcore.replay.normalise import Normaliser
    from trajcore.replay.verdict import Comparison
    from trajcore.sandbox.base import FileChanges

_LOOK_AHEAD = 4
_MOST_NAMED = 3


_SERVED = "served from the recording"
_CHOSEN = {
    Service.EXECUTE: "",
    Service.RECORDED: f"you asked for it: {_SERVED}",
    Service.SKIP: "you asked for it: skipped",
}


@dataclass(slots=True)
class _PutOff:
    """What an action (its uid) brought, to be taken in while the next one is carried out; then `then`."""

    uid: int
    take_in: Callable[[], None]
    then: Callable[[], None] | None = None


class Player:
    """Where a replay is, and how it takes the next event."""

    def __init__(
        self,
        trajectory: Trajectory,
        run: Run,
        world: Executor,
        services: Mapping[int, Service],
        normalisers: Sequence[Normaliser] | None,
        tell: notices.Listener,
    ) -> None:
        self.position = 0
        """The index of the event that comes next; the length of the recording at its end."""
        self._followed = Position()
        """Where the last edit left the position, for as long as it is there."""
        self._playing = False
        self.pipelined = False
        """Whether what comes back may be taken in while the next action is carried out."""
        self._put_off: _PutOff | None = None
        self.replacements: dict[int, str] = {}
        """Texts typed in place of recorded user messages, by the uid of the message."""
        self._trajectory = trajectory
        self._unwrap = trajectory.dialect.unwrap
        self._run = run
        self._world = world
        self._tell = tell
        self._services = services
        self._normalisers = normalisers
        self.answered: set[int] = set()
        """Recorded observations (their uids) in whose place this run has its own."""

    @property
    def behind(self) -> int:
        """What stands before this index was played; the event at the position is while it is taken in."""
        return self.position + self._playing

    @property
    def at_end(self) -> bool:
        """Whether every recorded event has been played."""
        return self.position >= len(self._trajectory)

    async def play(self) -> bool:
        """Play the next event; whether a step ends with it. Raises `SandboxUnavailable`.

        Cancelled or failed, the event has not been played and the position is where it was.
        """
        index = self.position
        head = self._trajectory.head(index)
        self._playing = True
        try:
            match treatment(head):
                case Treatment.EXECUTE:
                    await self._execute(index, head)
                case Treatment.SERVE:
                    self.flush_result()
                    self._serve_or_skip(index, head)
                case _:
                    self._keep(index, head)
        finally:
            self._playing = False
        self._advance()
        return ends_a_step(head)

    def skip_bookkeeping(self) -> None:
        """Step over what needs nothing: answers already given, and bookkeeping."""
        while not self.at_end and self._is_passive(self.position):
            self._keep(self.position, self._trajectory.head(self.position))
            self._advance()

    def rewind(self, position: int) -> None:
        """Be where the run is that was rewound to this position."""
        here, results = self._trajectory.index_of_uid, self._run.results
        for uid in [uid for uid in results if (index := here(uid)) is not None and index >= position]:
            del results[uid]  # it was moved behind the position, and comes once more
        self.answered = {answer for uid in results if (answer := self._answer_in_run(uid)) is not None}
        self.put(position)

    def put(self, position: int) -> None:
        """Be at a position: what is before it has happened in the run."""
        self.position = position
        self._followed.put(position)
        self._tell(notices.PositionChanged(position))

    def be_at(self, position: int, answered: Iterable[int], replacements: Mapping[int, str]) -> None:
        """Be where another run is."""
        self.answered, self.replacements = set(answered), dict(replacements)
        self.put(position)

    def follow(self, edit: Edit, *, undone: bool = False) -> None:
        """Events came, went or moved under the replay: be at the same place of the recording."""
        if self._followed.index != self.position:
            self._followed.put(self.position)
        self._followed.follow(edit, self._trajectory.index_of_uid, undone=undone)
        self.position = self._followed.index
        self._tell(notices.PositionChanged(self.position))

    def _answer_in_run(self, uid: int) -> int | None:
        """The recorded answer of a step (both by uid), where the run has an answer in its place."""
        skipped = self._run.results[uid].status is Status.SKIPPED
        index = None if skipped else self._trajectory.index_of_uid(uid)
        return None if index is None else self._uid_of_answer(index)

    def _uid_of_answer(self, index: int) -> int | None:
        answer = self._trajectory.outline.answer_of.get(index)
        return None if answer is None else self._trajectory.uid(answer)

    def _is_passive(self, index: int) -> bool:
        return treatment(self._trajectory.head(index)) is Treatment.PASS

    def _advance(self) -> None:
        self.position += 1
        self._tell(notices.PositionChanged(self.position))

    def _keep(self, index: int, head: Head) -> None:
        """The event enters the run as it is, unless this run has its own answer in its place."""
        uid = self._trajectory.uid(index)
        if uid in self.answered:
            return
        self.flush_result()
        if uid in self.replacements:
            self._run.add(user_message(self.replacements[uid]), origin=uid, id=head.id)
            self._tell(notices.RunChanged())
            return
        self._keep_as_is(index)

    def _keep_as_is(self, index: int, *, skipped: bool = False, kept: Kept | None = None) -> None:
        keep_as_is(self._run, self._trajectory, index, skipped=skipped, kept=kept)

    async def _execute(self, index: int, head: Head) -> None:
        parsed = self._trajectory.parsed(index)
        action = cast("Action", parsed.event)
        recorded = self._recorded(index)
        by_itself, chosen = self._by_itself(index, recorded), self._chosen(index)
        how = by_itself if chosen is None or parsed.problems else Satisfied(chosen, _CHOSEN[chosen])
        if how.service is not Service.EXECUTE:
            self.flush_result()
        if how.service is Service.SKIP:
            self._skip(index, head, how.reason)
            return
        if how.service is Service.RECORDED:
            self._serve(index, head, how.reason)
            return
        asyncio.get_running_loop().call_soon(self._use_the_time, index + 1)
        # What says that the action was not carried out tells nothing of how it ended.
        guide = recorded if by_itself.service is Service.EXECUTE else None
        answer = await self._world.execute(action, guide, uid=self._trajectory.uid(index))
        self.flush_result()
        came = answer.observation if answer.observation is not recorded else None
        if came is not None and self._comparer.takes_long(recorded, came):
            comparison = await finished_in_thread(partial(self._comparer.compare, recorded, came))
            self._take_in(index, head, answer, recorded, comparison)
            return
        if self.pipelined and came is not None:
            take_in = partial(self._take_in, index, head, answer, recorded)
            self._put_off = _PutOff(self._trajectory.uid(index), take_in)
            self._note_answered(index)
            return
        self._take_in(index, head, answer, recorded)

    @cached_property
    def _comparer(self) -> Comparer:
        from trajcore.replay.comparing import Comparer  # what it knows takes a while to load

        return Comparer(self._run, self._world, self._unwrap, self._normalisers)

    def texts_of(self, result: StepResult) -> Texts | None:
        """The texts of a step as they were compared; None where they were not. It may be in a thread."""
        return self._comparer.texts(result)

    def _tell_slow(self) -> None:
        """Say once which patterns were set aside."""
        while self._comparer.slow:
            self._tell(notices.Said(self._comparer.slow.pop(0), "warning"))

    def _take_in(
        self,
        index: int,
        head: Head,
        answer: Answer,
        recorded: Observation | None,
        comparison: Comparison | None = None,
    ) -> None:
        """The action and what came back enter the run, compared here unless that has been done."""
        if answer.observation is None:
            self._serve(index, head, f"{answer.reason}: {_SERVED}")
            return
        earlier = self._run.results.get(self._trajectory.uid(index))
        again = earlier is not None and earlier.status in EXECUTED
        self._keep_as_is(index)
        if answer.observation is recorded:
            self._finish(index, head, Status.RECORDED, _SERVED, answer.seconds, recorded)
            return
        comparison = comparison or self._comparer.compare(recorded, answer.observation)
        self._tell_slow()
        status = _status(comparison, answer)
        interrupted, typed = answer.interrupted or was_interrupted(recorded), _typed(answer, recorded)
        kept = kept_of(interrupted=interrupted, typed=typed)
        circumstances = ["executed in this world a second time"] * again + ["interrupted"] * interrupted
        circumstances += ["with what you typed into it"] * (typed is not None)
        if comparison.diverged and (interrupted or typed is not None):
            comparison = replace(comparison, cause=Cause.OTHER)  # what the user did, and nothing of the world
        why = _rests_on(answer.made_up) if status is Status.UNKNOWN else ""
        reason = ", ".join([*circumstances, *filter(None, [comparison.reason, why])])
        seconds, actual = answer.seconds, answer.observation
        self._finish(index, head, status, reason, seconds, actual, comparison, answer.files, kept)

    def has_put_off(self, uid: int) -> bool:
        """Whether what this action brought is yet to be taken in."""
        return self._put_off is not None and self._put_off.uid == uid

    def once_taken_in(self, then: Callable[[], None]) -> None:
        """Have `then` called when what was put off has been taken in; at once where nothing is."""
        if self._put_off is None:
            then()
        else:
            self._put_off.then = then

    def flush_result(self, *, ends: bool = False) -> None:
        """Take in what the last action brought, if that was put off.

        A fault comes again, as it may come where nobody sees it, until play `ends` with it.
        """
        put_off, self._put_off = self._put_off, None
        if put_off is None:
            return
        try:
            put_off.take_in()
        except BaseException:
            self._put_off = None if ends else put_off
            raise
        if put_off.then is not None:
            put_off.then()

    def _note_answered(self, index: int) -> None:
        answer = self._uid_of_answer(index)
        if answer is not None:
            self.answered.add(answer)

    def _use_the_time(self, start: int) -> None:
        """While the sandbox is at work: flush the last result, and look ahead."""
        self.flush_result()
        self._look_ahead(start)

    def _look_ahead(self, start: int) -> None:
        """Read the next action, and what was recorded for it."""
        if self.position != start - 1:
            return
        for index in range(start, min(start + _LOOK_AHEAD, len(self._trajectory))):
            if treatment(self._trajectory.head(index)) is Treatment.EXECUTE:
                self._trajectory.parsed(index)
                self._recorded(index)
                return

    def service_of(self, index: int) -> Service:
        """How a step is satisfied: as the user wants it, else as its recording does by itself."""
        return self._chosen(index) or self._by_itself(index, self._recorded(index)).service

    def _by_itself(self, index: int, recorded: Observation | None) -> Satisfied:
        """How a step is satisfied where the user wants nothing else, and why where it is not executed."""
        head = self._trajectory.head(index)
        if treatment(head) is Treatment.SERVE:
            return Satisfied(Service.RECORDED, _served(head.kind))
        parsed = self._trajectory.parsed(index)
        if parsed.problems:
            return Satisfied(Service.SKIP, f"not executed: {parsed.problems[0]}")
        satisfied = self._trajectory.dialect.treatment(cast("Action", parsed.event), recorded)
        kept = kept_in(recorded) if satisfied.service is Service.EXECUTE else None
        # What else than a command was interrupted cannot be interrupted at the same place.
        if kept is None or (can_be_done_again(kept) and head.kind == RUN):
            return satisfied
        return Satisfied(Service.RECORDED, f"as in the run that was saved ({kept.reason}): {_SERVED}")

    def _chosen(self, index: int) -> Service | None:
        """How the user wants a step to be satisfied; None where they have chosen nothing."""
        return self._services.get(self._trajectory.uid(index))

    def _recorded(self, index: int) -> Observation | None:
        answer = self._trajectory.outline.answer_of.get(index)
        if answer is None:
            return None
        from trajcore.events.base import Observation

        event = self._trajectory.parsed(answer).event
        # What answers may be neither an action nor an observation: then it says nothing to compare with.
        return event if isinstance(event, Observation) else None

    def _recorded_code(self, recorded: Observation | None) -> int | None:
        """The exit code that a recorded observation tells; None where it tells none."""
        return None if recorded is None else self._unwrap(recorded).exit_code

    def _serve_or_skip(self, index: int, head: Head) -> None:
        if self._chosen(index) is Service.SKIP:
            self._skip(index, head, _CHOSEN[Service.SKIP])
        else:
            self._serve(index, head, _served(head.kind))

    def _serve(self, index: int, head: Head, reason: str) -> None:
        recorded = self._recorded(index)
        if recorded is None:
            self._skip(index, head, reason.split(":")[0] + ", and nothing was recorded to serve")
            return
        self._tell(notices.Executing(head.kind, head.summary(), "", True, uid=self._trajectory.uid(index)))
        shown = known().text(recorded.content)
        self._tell(notices.Output(shown.encode("utf-8", "replace") + b"\n"))
        self._tell(notices.Executed(self._recorded_code(recorded), 0.0, reason))
        self._keep_as_is(index)
        kept = kept_in(recorded) or Kept(How.SERVED, reason.removesuffix(f": {_SERVED}"))
        service = self.service_of(index)
        self._finish(index, head, Status.RECORDED, reason, 0.0, recorded, kept=kept, service=service)

    def _skip(self, index: int, head: Head, reason: str) -> None:
        self._keep_as_is(index, skipped=self._chosen(index) is Service.SKIP)
        self._add_result(StepResult(
            self._trajectory.uid(index), head.id, head.kind, Status.SKIPPED, None, None,
            self._recorded_code(self._recorded(index)), 0.0, reason, None, self._recorded(index),
            service=self.service_of(index),
        ))  # fmt: skip

    def _finish(
        self,
        index: int,
        head: Head,
        status: Status,
        reason: str,
        seconds: float,
        actual: Observation | None,
        comparison: Comparison | None = None,
        files: FileChanges | None = None,
        kept: Kept | None = None,
        service: Service = Service.EXECUTE,
    ) -> None:
        """The action's answer enters the run behind it, in the place of the recorded one."""
        uid, answer = self._trajectory.uid(index), self._trajectory.outline.answer_of.get(index)
        if actual is not None:
            if status is Status.RECORDED and answer is not None:
                self._keep_as_is(answer, kept=kept)
            else:
                event = partial(_answer, actual, self._run.entries[-1].raw)
                origin, id = self._uid_of_answer(index), self._id_of(answer)
                self._run.add(event, origin=origin, id=id, answers=uid, kept=kept)
            self._note_answered(index)
        recorded = self._recorded(index)
        before = self._recorded_code(recorded)
        after = before if actual is recorded else exit_code(actual)
        self._add_result(StepResult(
            uid, head.id, head.kind, status, comparison, after, before,
            seconds, reason, actual, recorded, files, service,
        ))  # fmt: skip

    def _id_of(self, index: int | None) -> int | None:
        return None if index is None else self._trajectory.outline.ids[index]

    def _add_result(self, result: StepResult) -> None:
        self._run.results[result.uid] = result
        self._tell(notices.StepDone(result))


def _answer(actual: Observation, action: bytes) -> dict[str, Any]:
    return observation_event(actual, as_object(action))


def _typed(answer: Answer, recorded: Observation | None) -> tuple[str, ...] | None:
    """What was typed into a step: as in the run that was saved, and by the user now; None: nothing."""
    before = typed_into(recorded)
    return (*before, *(answer.typed or ())) if before or answer.typed is not None else None


def _status(comparison: Comparison, answer: Answer) -> Status:
    if not comparison.diverged:
        return Status.MATCHED
    return Status.UNKNOWN if answer.made_up else Status.DIVERGED


def _rests_on(made_up: Sequence[str]) -> str:
    """What a step has read that is made up, in words."""
    named = ", ".join(made_up[:_MOST_NAMED])
    more = f" and {len(made_up) - _MOST_NAMED} more" if len(made_up) > _MOST_NAMED else ""
    return f"the recording does not tell enough of {named}{more}"


def _served(kind: str) -> str:
    return f"{action_kind(kind).needs} would be needed: {_SERVED}"
