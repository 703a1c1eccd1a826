"""A runtime that adds no words: a command's output and exit code, a cell's output, a file's text."""

from __future__ import annotations

from pathlib import PurePosixPath

from trajcore.events.actions import ReadAction, RunAction, RunIpythonAction, WriteAction
from trajcore.events.base import Action, Observation
from trajcore.events.observations import (
    CommandMetadata,
    ErrorExtras,
    ErrorObservation,
    ReadExtras,
    ReadObservation,
    RunExtras,
    RunIpythonExtras,
    RunIpythonObservation,
    RunObservation,
    WriteExtras,
    WriteObservation,
)
from trajcore.runtimes.base import Answered, cannot
from trajcore.runtimes.habits import PERSISTENT, Habits, Shell
from trajcore.runtimes.typed import type_as_then, until_quiet
from trajcore.sandbox.base import Emit, Limits, Outcome, Patience, Sandbox
from trajcore.sandbox.shell.quoting import quoted


class PlainRuntime:
    """A `Runtime` for agents that show a model what a command wrote, and no more."""

    kinds = frozenset({"run", "run_ipython", "read", "write"})

    def __init__(self, habits: Habits = PERSISTENT) -> None:
        """`habits` are those of the agent: commands find of each other's shells what they found then."""
        self._habits = habits

    async def carry_out(
        self, action: Action, recorded: Observation | None, sandbox: Sandbox, limits: Limits, emit: Emit
    ) -> Answered:
        """See `Runtime.carry_out`."""
        try:
            match action:
                case RunAction():
                    return await self._run(action, recorded, sandbox, limits, emit)
                case RunIpythonAction():
                    return await _cell(action, sandbox, limits, emit)
                case ReadAction():
                    return await _read(action, sandbox)
                case WriteAction():
                    return await _write(action, sandbox)
        except OSError as error:
            said = f"{error.strerror}: {error.filename}"
            return Answered(ErrorObservation(source=action.source, content=said, extras=ErrorExtras()))
        return cannot(action)

    def line(self, action: RunAction) -> str:
        """What is typed into the shell for a command."""
        return _line(self._habits, action.args.command)

    def memory(self) -> None:
        """Nothing."""

    def recall(self, memory: object) -> None:
        """Nothing to recall."""

    async def _run(
        self, action: RunAction, recorded: Observation | None, sandbox: Sandbox, limits: Limits, emit: Emit
    ) -> Answered:
        """A command that still runs is given what the action holds as its input."""
        patience = _patience(action, recorded, limits)
        first = until_quiet(patience, recorded)
        if not sandbox.busy:
            outcome = await sandbox.run(self.line(action), first, emit)
        else:
            if action.args.command:
                await sandbox.type(f"{action.args.command}\n".encode("utf-8", "surrogateescape"), emit)
            outcome = await sandbox.follow(first, emit)
        outcome = await type_as_then(outcome, recorded, sandbox, patience, emit)
        return Answered(_observation(action, outcome, sandbox), outcome)


# The process tells its directory through a descriptor that nothing it starts gets: what runs on in the
# background would hold it open. One that exits of itself tells none, and the directory stays what it was.
_TELLING_DIRECTORY = "eval %s 3>&-; __s=$?; pwd >&3; exit $__s"
_KEEPING_DIRECTORY = '{ __d=$(%s 3>&1 >&4 4>&-); __s=$?; } 4>&1; [ -z "$__d" ] || cd -- "$__d"; (exit $__s)'


def _line(habits: Habits, command: str) -> str:
    """What is typed into the sandbox's shell, which persists, so that a command runs as it did then."""
    match habits.shell:
        case Shell.PERSISTENT:
            return command
        case Shell.FRESH:
            return f"(exec {_words(*habits.argv, command)})"
        case Shell.DIRECTORY:
            return _KEEPING_DIRECTORY % _words(*habits.argv, _TELLING_DIRECTORY % _words(command))


def _words(*texts: str) -> str:
    return " ".join(quoted(text).decode() for text in texts)


def _patience(action: RunAction, recorded: Observation | None, limits: Limits) -> Patience:
    """A command that ended when it was recorded is given the time to end, however silent it is."""
    metadata = recorded.extras.metadata if isinstance(recorded, RunObservation) else None
    ended = metadata is not None and metadata.exit_code != -1
    hard = limits.hard if action.timeout is None else action.timeout
    return Patience(None if ended or action.args.blocking else limits.no_change, hard)


def _observation(action: RunAction, outcome: Outcome, sandbox: Sandbox) -> RunObservation:
    code = -1 if outcome.exit_code is None else outcome.exit_code
    metadata = CommandMetadata(
        exit_code=code,
        pid=outcome.background,
        username=sandbox.user,
        hostname=sandbox.host,
        working_dir=outcome.directory,
    )
    return RunObservation(
        source=action.source,
        content=_text(outcome.output),
        extras=RunExtras(command=action.args.command, metadata=metadata, hidden=action.args.hidden),
        success=code == 0,
    )


async def _cell(action: RunIpythonAction, sandbox: Sandbox, limits: Limits, emit: Emit) -> Answered:
    limit = limits.hard if action.timeout is None else action.timeout
    outcome = await sandbox.run_cell(action.args.code, limit, emit)
    if outcome is None:
        return Answered(None, None, "the sandbox has no python3")
    extras = RunIpythonExtras(code=action.args.code, image_urls=list(outcome.images) or None)
    text = "\n".join(part for part in (_text(outcome.output or b""), outcome.ending) if part)
    return Answered(RunIpythonObservation(source=action.source, content=text, extras=extras), outcome)


async def _read(action: ReadAction, sandbox: Sandbox) -> Answered:
    path = _resolved(action.args.path, sandbox)
    lines = _text(await sandbox.files.read(path)).splitlines(keepends=True)
    end = None if action.args.end == -1 else action.args.end
    extras = ReadExtras(path=path)
    return Answered(
        ReadObservation(source=action.source, content="".join(lines[action.args.start : end]), extras=extras)
    )


async def _write(action: WriteAction, sandbox: Sandbox) -> Answered:
    """The whole file is replaced."""
    path = _resolved(action.args.path, sandbox)
    await sandbox.files.write(path, action.args.content.encode("utf-8", "surrogateescape"))
    return Answered(WriteObservation(source=action.source, extras=WriteExtras(path=path)))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _resolved(path: str, sandbox: Sandbox) -> str:
    return str(PurePosixPath(sandbox.directory, path))
