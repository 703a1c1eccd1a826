"""What scripts, notebooks and the headless command call: a recording opened, a recording replayed."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from dataclasses import replace as with_changes
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trajcore import notices
from trajcore.errors import BadInput, TrajError
from trajcore.events.kinds import Service
from trajcore.live.confirming import Verdict
from trajcore.reading import read_bounded, recording_bytes
from trajcore.replay.states import State
from trajcore.session import Session
from trajcore.settings import Settings, returning, settings_of
from trajcore.storage import is_standard_output, refuse_link, write_atomically
from trajcore.trajectory import Trajectory

if TYPE_CHECKING:
    from trajcore.forking import AskStuck, Forked
    from trajcore.replay.report import Report


STANDARD_INPUT: Final = "standard input"
"""What a recording is called that comes from there."""

AskUser = Callable[[notices.Asked], Awaitable[tuple[Verdict, str] | None]]
"""Gives the user's word on an action, and the text for `Session.answer`; None: there is nobody to give it."""


def open(path: str | Path, row: str | int | None = None) -> Trajectory:
    """The recording in a file or a directory of events, or (`-`) on standard input, to read and to edit.

    `row` picks one of a file that holds several, by number or id. Raises `BadInput`, naming the file,
    where it cannot be read or is no trajectory, and `RowNeeded`.
    """
    picked = None if row is None else str(row)
    if str(path) == "-":
        return Trajectory.from_bytes(read_standard_input(), STANDARD_INPUT, picked)
    return Trajectory.open(Path(path), picked)


def read_standard_input() -> bytes:
    """All that is sent to standard input, as long as a recording may be. Raises `BadInput`."""
    return read_bounded(sys.stdin.buffer, STANDARD_INPUT, recording_bytes())


def replay(trajectory: str | Path | Trajectory, **options: Any) -> Report:
    """Replay a recording and wait for its end: `areplay`, with the same arguments, for code without a loop.

    Where a loop is running already, as in a notebook, the replay has a thread and a loop of its own; what
    listens to it is called there. Ctrl-C ends it, and its sandbox is removed first.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(areplay(trajectory, **options))
    return _Beside(trajectory, options).result()


class _Beside:
    """A replay in a thread of its own."""

    def __init__(self, trajectory: str | Path | Trajectory, options: dict[str, Any]) -> None:
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(areplay(trajectory, **options))
        self._thread = threading.Thread(target=self._run, name="trajcore.replay")
        self._thread.start()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(asyncio.wait({self._task}))

    def result(self) -> Report:
        """What it came to. An interrupt ends it, and is raised once its sandbox is gone."""
        try:
            self._thread.join()
        except BaseException:
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join()
            raise
        return self._task.result()


async def areplay(
    trajectory: str | Path | Trajectory,
    *,
    row: str | int | None = None,
    until: str | int | None = None,
    serve: Sequence[str | int] = (),
    skip: Sequence[str | int] = (),
    breaks: Sequence[str] = (),
    carry_on: bool = False,
    messages: Sequence[str] = (),
    save: str | Path | None = None,
    export: str | Path | None = None,
    report: str | Path | None = None,
    junit: str | Path | None = None,
    track_files: bool = False,
    on_notice: Callable[[notices.Notice], None] | None = None,
    on_session: Callable[[Session], None] | None = None,
    on_question: AskUser | None = None,
    on_stuck: AskStuck | None = None,
    settings: Settings | None = None,
    **options: Any,
) -> Report:
    """Replay a recording, without a screen, to its end or to where it is told to stop.

    Events are named as on the command line: by id, or `#index`. `until` stops before one, `breaks` where a
    condition is true; `serve` and `skip` satisfy steps otherwise than by executing them. `carry_on` lets a
    model go on behind the recording, given the `messages` one by one. `save`, `report` and `junit` are
    files to write, also where the replay is cut off. `export` is a new directory, or an archive by its name,
    for the project's files as they are in the sandbox at the end; it is not written where the run failed.
    `track_files` has each step tell what it changed.

    `on_notice` is called with all that the session tells; `on_session` once with the session itself, before
    it begins. `on_question` gives the user's word on an action of the model that is asked for (`confirm`);
    where there is nobody to ask, the run ends there in the error `Unconfirmed`. So does `on_stuck` where the
    agent goes round in circles; without it the run just ends there (`report.live.ending` is `stuck`).

    `settings`, or the other `options` of the command (`sandbox`, `image`, `workspace`, …), say in what world
    it happens; what neither says comes from the environment and config.toml. Of a
    `./config.toml` that is not trusted some is left out, which is told as `Said`; one named with `config=`
    is trusted.

    Raises `BadInput` where something named is not there, and `SandboxUnavailable` or `ModelUnavailable`
    where what is needed cannot be had at the start. What fails later is told by the report. Cancelled, it
    removes its sandbox first.
    """
    name = trajectory.name if isinstance(trajectory, Trajectory) else str(trajectory)
    chosen = settings_of(settings, options, name)
    outputs = _Outputs(_path(save), _path(report), _path(junit), _path(export))
    if track_files or report is not None or any(_watches_files(condition) for condition in breaks):
        chosen = with_changes(chosen, world=with_changes(chosen.world, track_files=True))
    recording = trajectory if isinstance(trajectory, Trajectory) else open(trajectory, row)
    session = Session(recording, chosen)
    stop = None if until is None else recording.resolve(str(until))
    outputs.check(recording)
    if carry_on:
        session.check_live()
        session.expect_live()
    for references, service in ((serve, Service.RECORDED), (skip, Service.SKIP)):
        for reference in references:
            session.serve(recording.resolve(str(reference)), service)
    for condition in breaks:
        session.break_on(condition)
    if carry_on and not breaks:  # where those stop it is not known
        _check_messages(session, stop, messages)
    if on_session is not None:
        on_session(session)
    if on_notice is not None:
        session.subscribe(on_notice)
    answering = _Answering(session, on_question)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    try:
        await session.prepare()
        if carry_on:
            await session.ready_for_live()
        await _play(session, stop)
        if carry_on and session.state is not State.ERROR:
            from trajcore.forking import carry_on as go_on

            await go_on(session, messages, on_stuck)
        await outputs.take_out(session)
    finally:
        await answering.close()
        await session.close()
        told = report_of(session, name, loop.time() - begun, live=carry_on)
        await outputs.write(session, told)
    return told


def _watches_files(condition: str) -> bool:
    from trajcore.replay.conditions import parse  # who opens a recording may never replay it

    return parse(condition).watches_files


class _Answering:
    """Has the user asked about the model's actions, one at a time."""

    def __init__(
        self,
        session: Session,
        ask: AskUser | None,
    ) -> None:
        self._session = session
        self._ask = ask
        self._task: asyncio.Task[None] | None = None
        session.subscribe(self._listen)

    def _listen(self, notice: notices.Notice) -> None:
        if isinstance(notice, notices.Asked):
            self._task = asyncio.create_task(self._answer(notice))

    async def _answer(self, asked: notices.Asked) -> None:
        while self._session.asked is asked:
            said = None if self._ask is None else await self._ask(asked)
            if said is None:
                self._session.give_up_asking()
                return
            try:
                self._session.answer(*said)
            except TrajError as error:
                self._session.say(str(error))

    async def close(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})


async def afork(
    trajectory: str | Path | Trajectory,
    *,
    at: str | int,
    models: Sequence[str] = (),
    messages: Sequence[str] = (),
    command: str | None = None,
    row: str | int | None = None,
    on_notice: Callable[[notices.Notice], None] | None = None,
    on_session: Callable[[Session], None] | None = None,
    on_question: AskUser | None = None,
    on_result: Callable[[Forked], None] | None = None,
    settings: Settings | None = None,
    **options: Any,
) -> list[Forked]:
    """Go on from the same place of a recording with several models, each in a world of its own.

    What comes before the event `at` is carried out once; then each of the `models` (none: the configured one)
    begins, one after the other, in a copy of the world that it led to, and is given all `messages`, in order.
    `command` is run in each one's world at its end, where its shell is; it is no event of the branch. Nothing
    that runs in the world is in a copy of it.

    What each did is kept on disk as a branch that is called after the model, if the recording is a file.
    `on_result` is called with each
    answer as it comes; the other arguments are those of `areplay`.

    Raises `BadInput` where something named is not there, or it is not the agent's turn and there is no
    message; `SandboxUnavailable` also where no copy of the world can be made (recorded, local, `mount`,
    `container`), before anything is carried out; `ModelUnavailable` where no model is named. What goes wrong
    with one model is told by its answer, and the others go on. Cancelled, it removes its sandbox first.
    """
    from trajcore.forking import Forking, models_of  # who opens a recording may never do this

    name = trajectory.name if isinstance(trajectory, Trajectory) else str(trajectory)
    chosen = returning(settings_of(settings, options, name, places=True))
    first = models_of(chosen, models)[0]
    chosen = with_changes(chosen, model=first, keep_branches=True)
    recording = trajectory if isinstance(trajectory, Trajectory) else open(trajectory, row)
    session = Session(recording, chosen)
    fork = Forking(session, recording.resolve(str(at)))
    fork.check(messages)
    session.check_live()
    if on_session is not None:
        on_session(session)
    if on_notice is not None:
        session.subscribe(on_notice)
    answering = _Answering(session, on_question)
    results: list[Forked] = []
    try:
        await session.prepare()
        session.expect_live()
        if recording.path is None:
            session.say("no branch is kept: the recording has no file")
        await fork.begin()
        async for result in fork.go_on(models, messages, command):
            results.append(result)
            if on_result is not None:
                on_result(result)
    finally:
        await answering.close()
        await session.close()
    return results


def report_of(session: Session, name: str, seconds: float, *, live: bool = False) -> Report:
    """The report of a session's run so far. `name` is what the recording is called in it."""
    from trajcore.replay.report import Report, Step, counts  # who opens a recording may never replay it

    recording = session.recording
    results = recording.by_index(session.run.results)
    paused = session.ending == "paused"
    return Report(
        trajectory=name,
        sandbox=session.sandbox_kind,
        mode="live" if live else "replay",
        state=session.ending,
        events=len(recording),
        counts=counts(results.values()),
        seconds=seconds,
        steps=tuple(
            Step.of(index, result, recording.head(index).summary(), recording.label(index))
            for index, result in results.items()
        ),
        summary=session.summary(),
        stopped_before=session.trajectory.label(session.position) if paused else None,
        failure=session.failure,
        world=session.world,
        live=session.live_outcome,
        live_steps=session.run.has_live_steps,
        branch=session.branches.present.name,
        remade_from=None if session.remade is None else _name(session, session.remade[0]),
        evidence=None if session.built is None else session.built.evidence.counts(),
    )


def _name(session: Session, index: int) -> int | str:
    id = session.trajectory.outline.ids[index]
    return session.trajectory.label(index) if id is None else id


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


async def _play(session: Session, stop: int | None) -> None:
    if stop is None:
        session.resume()
    else:
        session.run_to(stop)
    await session.idle()


def _check_messages(session: Session, stop: int | None, messages: Sequence[str]) -> None:
    """What would only be told once the replay is over is told before. Raises `BadInput`."""
    from trajcore.live.readiness import check_messages

    recording = session.trajectory
    played = reversed(range(len(recording) if stop is None else stop))
    heads = (recording.head(index) for index in played if session.service_of(index) is not Service.SKIP)
    check_messages(messages, heads)


@dataclass(frozen=True)
class _Outputs:
    """The files that are written at the end."""

    save: Path | None
    report: Path | None
    junit: Path | None
    export: Path | None

    def check(self, recording: Trajectory) -> None:
        """What would only fail once the replay is over is refused before it begins. Raises `BadInput`."""
        for option in ("save", "report", "junit"):
            path = getattr(self, option)
            if path is not None and not os.path.isdir(path.absolute().parent):
                raise BadInput(f"--{option} {path}: there is no such directory.")
            may_be = option == "save" and path is not None and recording.keeps_run_at(path)
            if path is not None and os.path.isdir(path) and not may_be:
                raise BadInput(f"--{option} {path} is a directory: name a file in it.")
            if path is not None:
                refuse_link(path)
        if self.export is not None:
            from trajcore.sandbox.trees.exporting import (
                refuse_taken,  # who replays may never take anything out
            )

            refuse_taken(self.export, overwrite=False)

    async def take_out(self, session: Session) -> None:
        """The project's files, as long as there is a sandbox."""
        if self.export is not None and session.state is not State.ERROR:
            exported = await session.export(session.workspace, self.export)
            target = "standard output" if is_standard_output(self.export) else self.export
            session.say(" · ".join((f"exported {session.workspace} to {target}", *exported.notes)))

    async def write(self, session: Session, told: Report) -> None:
        """The run first, as it cannot be had again; a fault in writing one does not cost the others."""
        target = self.save or session.settings.save_to
        try:
            if target and len(session.run):
                await session.save_run(target)
        finally:
            try:
                if self.report is not None:
                    text = dumps(told.to_dict(), indent=2, ensure_ascii=False) + "\n"
                    write_atomically(self.report, [text.encode("utf-8", "replace")])
            finally:
                if self.junit is not None:
                    write_atomically(self.junit, [told.junit()])
