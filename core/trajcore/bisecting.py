"""Bisect: the first step of a recording after which a command's verdict is the other one.

The recording is played once, to the later of two places; from there the session goes back for real, each time
to the middle of what is still in doubt. The command is run in the world as it is there, which is then again
what it was before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trajcore import notices
from trajcore.api import open as open_recording
from trajcore.errors import BadInput
from trajcore.forking import be_before, check_copies
from trajcore.patterns import Expression
from trajcore.replay.policy import steps_of
from trajcore.session import Session
from trajcore.settings import Settings, returning, settings_of
from trajcore.text import safe_line
from trajcore.trajectory import Trajectory

if TYPE_CHECKING:
    from trajcore.replay.aside import Tried
    from trajcore.replay.run import StepResult

SKIP: Final = 125
"""The exit code with which a command says that it can't tell, as for `git bisect run`."""


@dataclass(frozen=True)
class Place:
    """Where a command can be run: behind a step, or before the first that is in question."""

    step: int
    """How many steps of the recording lie before it."""
    after: int | None
    """The index of the last of them; None where there is none."""
    before: int
    """The index of the event that comes next; the recording's length at its end."""


@dataclass(frozen=True)
class Visit:
    """What the command came to in one place."""

    place: Place
    tried: Tried
    passes: bool | None
    """The verdict; None where it gave none: it said so by its exit code, or did not end."""
    words: str
    """What it came to, or why it gave no verdict."""


@dataclass(frozen=True)
class Bisected:
    """What a search came to."""

    visits: tuple[Visit, ...]
    """Each place that was looked at, in that order: the earlier end, the later one, then between."""
    first: Place | None = None
    """Behind the first step after which the verdict is the other one; None where that was not found."""
    changes: tuple[Place, ...] = ()
    """With all places looked at: behind each step after which the verdict is another than before it."""
    doubtful: tuple[Place, ...] = ()
    """Where the command gave no verdict, and what was looked for may be behind any of these."""
    result: StepResult | None = None
    """What the first step came to when it was played the first time; None where nothing was found."""
    fault: str = ""
    """Why nothing was found."""


class Bisecting:
    """Looks for the step in a session of its own, which has not begun."""

    def __init__(
        self,
        session: Session,
        command: str,
        *,
        good: int | None = None,
        bad: int | None = None,
        expect: str | None = None,
    ) -> None:
        """The places in question are those behind the events `good` and `bad` (indices) and all between.

        Without them it is the whole recording. `expect` is a regular expression: where what the command
        writes has it, it passes. Raises `BadInput` where no step lies between, or that is none.
        """
        if not command.strip():
            raise BadInput("name the command whose verdict is looked for: --run COMMAND.")
        self._session = session
        self._command = command
        self._expect = None if expect is None else Expression(expect, lines=True)
        self._places = places(session.trajectory, -1 if good is None else good, bad, session.is_carried_out)
        self._visits: list[Visit] = []
        self._results: Mapping[int, StepResult] = {}

    @property
    def steps(self) -> int:
        """How many steps are in question."""
        return len(self._places) - 1

    async def search(self, told: Callable[[Visit], object] = lambda visit: None) -> Bisected:
        """Halve what is in doubt until one step is left. Raises what goes wrong in the sandbox.

        `told` is given each verdict as it comes.
        """
        low, high = 0, self.steps
        begin, end = await self._look(low, told), await self._look(high, told)
        self._results = dict(self._session.results)
        fault = self._no_difference(begin, end)
        if fault:
            return Bisected(tuple(self._visits), fault=fault)
        silent: list[int] = []
        while (middle := _middle(low, high, silent)) is not None:
            found = await self._look(middle, told)
            if found.passes is None:
                silent.append(middle)
            elif found.passes == begin.passes:
                low = middle
            else:
                high = middle
        return self._found(low, high)

    async def look_everywhere(self, told: Callable[[Visit], object] = lambda visit: None) -> Bisected:
        """The verdict in every place, and where it changes. Otherwise as `search`."""
        verdict: bool | None = None
        changes: list[Place] = []
        for number, place in enumerate(self._places):
            passes = (await self._look(number, told)).passes
            if passes is not None:
                if verdict not in (None, passes):
                    changes.append(place)
                verdict = passes
        self._results = dict(self._session.results)
        if not changes:
            fault = "it gave no verdict anywhere" if verdict is None else "its verdict is the same everywhere"
            return Bisected(tuple(self._visits), fault=fault)
        return Bisected(tuple(self._visits), changes[0], tuple(changes), result=self._result(changes[0]))

    def _no_difference(self, begin: Visit, end: Visit) -> str:
        """Why there is nothing to look for; empty where there is."""
        for visit, where in ((begin, "at the beginning"), (end, "at the end")):
            if visit.passes is None:
                return f"no verdict {where}: {visit.words}"
        if begin.passes == end.passes:
            how = "passes" if begin.passes else "fails"
            return f"it {how} at both ends: {begin.words} at the beginning, {end.words} at the end"
        return ""

    def _found(self, low: int, high: int) -> Bisected:
        visits = tuple(self._visits)
        if high - low > 1:
            between = tuple(self._places[low + 1 : high + 1])
            fault = f"it gave no verdict behind {high - low - 1} of the {high - low} steps that are left"
            return Bisected(visits, doubtful=between, fault=fault)
        first = self._places[high]
        return Bisected(visits, first, result=self._result(first))

    def _result(self, place: Place) -> StepResult | None:
        return None if place.after is None else self._results.get(place.after)

    # Being somewhere, and looking

    async def _look(self, number: int, told: Callable[[Visit], object]) -> Visit:
        place = self._places[number]
        await self._be_before(place.before)
        visit = self._judged(place, await self._session.try_out(self._command))
        self._visits.append(visit)
        told(visit)
        return visit

    async def _be_before(self, index: int) -> None:
        route = await be_before(self._session, index)
        if route is not None and route.lost:
            lost = ", ".join(map(safe_line, route.lost))
            self._session.say(f"went back: from here on the world is a copy, without {lost}")

    def _judged(self, place: Place, tried: Tried) -> Visit:
        if tried.exit_code is None:
            return Visit(place, tried, None, tried.fault)
        if tried.exit_code == SKIP:
            return Visit(place, tried, None, f"exit {SKIP}: it can't tell")
        if self._expect is None:
            return Visit(place, tried, tried.exit_code == 0, f"exit {tried.exit_code}")
        found = self._expect.is_in(tried.output)
        return Visit(place, tried, found, f"exit {tried.exit_code}, {'found' if found else 'not found'}")


def _middle(low: int, high: int, silent: Sequence[int]) -> int | None:
    """The place nearest to the middle that lies between two and was not silent; None where none is left."""
    left = [number for number in range(low + 1, high) if number not in silent]
    return min(left, key=lambda number: abs(2 * number - low - high), default=None)


def places(
    trajectory: Trajectory, good: int, bad: int | None, is_carried_out: Callable[[int], bool]
) -> list[Place]:
    """Where to look: before what is carried out behind event `good`, and behind each up to event `bad`.

    Raises `BadInput` where nothing is carried out between the two.
    """
    steps = steps_of(trajectory.outline)
    last = len(trajectory) - 1 if bad is None else bad
    asked = [at for at, index in enumerate(steps) if good < index <= last and is_carried_out(index)]
    if not asked:
        raise BadInput("no step is carried out between the two ends.")
    found = [Place(asked[0], steps[asked[0] - 1] if asked[0] else None, steps[asked[0]])]
    for at in asked:
        behind = steps[at + 1] if at + 1 < len(steps) else len(trajectory)
        found.append(Place(at + 1, steps[at], behind))
    return found


async def abisect(
    trajectory: str | Path | Trajectory,
    *,
    command: str,
    good: str | int | None = None,
    bad: str | int | None = None,
    expect: str | None = None,
    everywhere: bool = False,
    row: str | int | None = None,
    on_notice: Callable[[notices.Notice], None] | None = None,
    on_session: Callable[[Session], None] | None = None,
    on_search: Callable[[Bisecting], None] | None = None,
    on_visit: Callable[[Visit], None] | None = None,
    settings: Settings | None = None,
    **options: Any,
) -> Bisected:
    """Find the first step of a recording after which a command's verdict is the other one.

    The `command` is run where the shell is, with its variables, in the world behind the event `good` (without
    one: before the first step), behind `bad` (the end) and, log2 of the steps times, between; what it does is
    taken back. It passes with exit code 0, or with `expect`, a regular expression, where what it writes has
    that; exit code 125 is no verdict. With `everywhere` it is run behind each step, and each change found.

    `on_search` is called once what is in question is known, `on_visit` with each verdict as it comes; the
    other arguments are those of `areplay`.

    Raises `BadInput` where something named is not there or no step is in question, and `SandboxUnavailable`
    also where no copy of the world can be made (recorded, local, `mount`, `container`). Cancelled, it removes
    its sandbox first.
    """
    name = trajectory.name if isinstance(trajectory, Trajectory) else str(trajectory)
    chosen = returning(settings_of(settings, options, name, places=True))
    recording = trajectory if isinstance(trajectory, Trajectory) else open_recording(trajectory, row)
    ends = [None if end is None else recording.resolve(str(end)) for end in (good, bad)]
    session = Session(recording, chosen)
    if on_session is not None:
        on_session(session)
    search = Bisecting(session, command, good=ends[0], bad=ends[1], expect=expect)
    if on_notice is not None:
        session.subscribe(on_notice)
    told = on_visit or (lambda visit: None)
    try:
        await session.prepare()
        check_copies(session, "each verdict")
        if on_search is not None:
            on_search(search)
        return await (search.look_everywhere(told) if everywhere else search.search(told))
    finally:
        await session.close()


async def bisect_beside(
    session: Session,
    command: str,
    expect: str | None = None,
    *,
    on_search: Callable[[Bisecting], None] | None = None,
    on_visit: Callable[[Visit], None] | None = None,
) -> Bisected:
    """`abisect` in what a session is at, which is not disturbed: a sandbox of its own, and nothing kept.

    The events are those of its present branch as they are edited; its world, and what is served and skipped,
    are the same. What the user did by hand is not there. Raises as `abisect`.
    """
    here = session.settings
    settings = Settings(
        here.sandbox, here.world, normalisers=here.normalisers, checkpoints=here.checkpoints,
        checkpoint_bytes=here.checkpoint_bytes, checkpoint_files=here.checkpoint_files,
        beginning=session.world_choice, own_image=here.own_image,
    )  # fmt: skip

    def serve(other: Session) -> None:
        for index, service in session.services.items():
            other.serve(index, service)

    return await abisect(
        copy(session.trajectory), command=command, expect=expect, settings=settings,
        on_session=serve, on_search=on_search, on_visit=on_visit,
    )  # fmt: skip
