"""`run` actions: what OpenHands' terminal would have answered (reference: OpenHands 0.62)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from trajcore.events.actions import RunAction
from trajcore.events.base import Observation
from trajcore.events.observations import CommandMetadata, RunExtras, RunObservation
from trajcore.events.satisfied import was_interrupted
from trajcore.runtimes.base import Answered
from trajcore.runtimes.openhands.screen import last_lines, screen_text, shortened, shown
from trajcore.runtimes.typed import type_as_then, until_quiet
from trajcore.sandbox.base import Emit, Limits, Outcome, Patience, Pause, Sandbox
from trajcore.sandbox.shell.quoting import encoded, quoted
from trajcore.text import as_recorded

_ADVICE: Final = (
    "You may wait longer to see additional output by sending empty command '', "
    "send other commands to interact with the current process, "
    'send keys ("C-c", "C-z", "C-d") to interrupt/kill the previous command before sending your new command, '
    "or use the timeout parameter in execute_bash for future commands."
)
_NO_LOGS: Final = "ERROR: No previous running command to retrieve logs from."
_NO_PROGRAM: Final = "ERROR: No previous running command to interact with."
_PREVIOUS: Final = "[Below is the output of the previous command.]\n"
_COMPARED: Final = 1 << 18
_NOT_EXECUTED: Final = "NOT executed"
_ECHOED_KEYS: Final = {"C-c": b"^C", "C-z": b"^Z", "C-\\": b"^\\"}


@dataclass(frozen=True, slots=True)
class Command:
    """One `run` action on its way."""

    action: RunAction
    recorded: Observation | None
    sandbox: Sandbox
    limits: Limits
    emit: Emit

    async def answer(self) -> Answered:
        """Carry it out. Raises `SandboxUnavailable`."""
        args = self.action.args
        command = args.command.strip()
        if not self.sandbox.busy:
            if not command:
                return Answered(_refusal(self.action, _NO_LOGS))
            if args.is_input:
                return Answered(_refusal(self.action, _NO_PROGRAM))
            return await self._start(command)
        if command and not args.is_input:
            previous = await self._previous()
            if previous.still_running is not None:
                return await self._not_executed(command, previous)
            return await self._start(command)
        echoed = bool(command) and await self._type(command)
        outcome = await self.sandbox.follow(until_quiet(self._patience(), self.recorded), self.emit)
        return await self._worded(await self._as_recorded(outcome), _PREVIOUS, command if echoed else "")

    async def _start(self, command: str) -> Answered:
        args = self.action.args
        line = in_throwaway_shell(command, args.cwd) if args.is_static else command
        outcome = await self.sandbox.run(line, until_quiet(self._patience(), self.recorded), self.emit)
        return await self._worded(await self._as_recorded(outcome))

    async def _as_recorded(self, outcome: Outcome) -> Outcome:
        """What came of the command; the user's input and interruption are as they were then."""
        outcome = await type_as_then(outcome, self.recorded, self.sandbox, self._patience(), self.emit)
        if outcome.still_running is None or not was_interrupted(self.recorded):
            return outcome
        await self.sandbox.interrupt()
        after = await self.sandbox.follow(Patience(hard=self._hard()), self.emit)
        return replace(after, output=outcome.output + after.output)

    async def _type(self, command: str) -> bool:
        """Type a line, or a key; whether the line comes back as a part of the output."""
        if _is_key(command):
            key = bytes([ord(command[-1].upper()) & 0x1F])
            await self.sandbox.type(key, self.emit, _ECHOED_KEYS.get(command, b""))
            return False
        return await self.sandbox.type(encoded(command) + b"\n", self.emit)

    async def _previous(self) -> Outcome:
        """What becomes of the running command: does it end in time for another one to be carried out?

        If the recording shows that the other one was carried out, the running one gets its time.
        """
        hard = self.limits.previous if _was_executed(self.recorded) else 0.0
        return await self.sandbox.follow(Patience(hard=hard), self.emit)

    async def _worded(self, outcome: Outcome, prefix: str = "", echoed: str = "") -> Answered:
        """The observation of an outcome, without the typed text that came back in it (`echoed`)."""
        if outcome.still_running is None:
            metadata = self._metadata(outcome)
        else:
            metadata = CommandMetadata(suffix=self._still_running(outcome.still_running))
        metadata.prefix = prefix
        observation = await _observation(self.action, outcome.output, metadata, echoed)
        return Answered(observation, outcome)

    def _patience(self) -> Patience:
        """A command that ended when it was recorded is given the time to end, however silent it is."""
        recorded = self.recorded
        interrupted = was_interrupted(recorded)
        patient = not interrupted and (self.action.args.blocking or _was_executed(recorded))
        satisfied = None
        if isinstance(recorded, RunObservation) and (interrupted or recorded.extras.metadata.exit_code == -1):
            expected = as_recorded(recorded.content).strip().removesuffix("^C" * interrupted).rstrip()

            def satisfied(output: bytes) -> bool:
                return len(output) <= _COMPARED and expected in shown(output)

        return Patience(None if patient else self.limits.no_change, self._hard(), satisfied)

    def _hard(self) -> float:
        return self.limits.hard if self.action.timeout is None else self.action.timeout

    def _metadata(self, outcome: Outcome) -> CommandMetadata:
        args = self.action.args
        code = -1 if outcome.exit_code is None else outcome.exit_code
        words = f"The command completed with exit code {code}."
        if args.is_input and _is_key(args.command.strip()):
            words += f" CTRL+{args.command.strip()[-1].upper()} was sent."
        if outcome.restarted:
            where = outcome.directory
            words += f" It ended the shell: a new one was started in {where}, without its variables."
        if outcome.in_new_shell:
            words += " The shell had ended before it: it ran in a new one, without the variables of that."
        return CommandMetadata(
            exit_code=code,
            pid=outcome.background,
            username=self.sandbox.user,
            hostname=self.sandbox.host,
            working_dir=outcome.directory,
            suffix=f"\n[{words}]",
        )

    def _still_running(self, pause: Pause) -> str:
        soft, hard = _seconds(self.limits.no_change), _seconds(self._hard())
        words = {
            Pause.NO_CHANGE: f"The command has no new output after {soft} seconds. {_ADVICE}",
            Pause.AS_RECORDED: "The command has no new output after 1 seconds, "
            f"and has written what it had written when it was recorded. {_ADVICE}",
            Pause.HARD: f"The command timed out after {hard} seconds. {_ADVICE}",
            Pause.INTERRUPTED: f"The command was interrupted, and is still running. {_ADVICE}",
        }
        return f"\n[{words[pause]}]"

    async def _not_executed(self, command: str, previous: Outcome) -> Answered:
        suffix = (
            f'\n[Your command "{command}" is {_NOT_EXECUTED}. The previous command is still running - '
            "You CANNOT send new commands until the previous command is completed. "
            "By setting `is_input` to `true`, you can interact with the current process: "
            f"{_ADVICE}]"
        )
        metadata = CommandMetadata(prefix=_PREVIOUS, suffix=suffix)
        return Answered(await _observation(self.action, previous.output, metadata), previous)


def in_throwaway_shell(command: str, directory: str | None) -> str:
    """A command line that runs `command` in a new shell, in `directory`, and leaves nothing behind."""
    move = f"cd -- {quoted(directory).decode()} && " if directory else ""
    return f"({move}exec bash --noprofile --norc -c {quoted(command).decode()})"


def _was_executed(recorded: Observation | None) -> bool:
    if not isinstance(recorded, RunObservation):
        return False
    metadata = recorded.extras.metadata
    return metadata.exit_code != -1 and _NOT_EXECUTED not in metadata.suffix


def _is_key(command: str) -> bool:
    return len(command) == 3 and command.startswith("C-")


def _seconds(value: float) -> str:
    return f"{value:g}"


def _refusal(action: RunAction, content: str) -> RunObservation:
    return RunObservation(
        source=action.source,
        message="Command `` executed with exit code -1.",
        content=content,
        extras=RunExtras(command="", metadata=CommandMetadata()),
        success=False,
    )


async def _observation(
    action: RunAction, data: bytes, metadata: CommandMetadata, echoed: str = ""
) -> RunObservation:
    command = action.args.command.strip()
    text = await screen_text(data)
    if echoed:
        text = text.removeprefix(echoed).lstrip()
    text, note = last_lines(text)
    metadata.prefix = note + metadata.prefix
    return RunObservation(
        source=action.source,
        message=f"Command `{action.args.command}` executed with exit code {metadata.exit_code}.",
        content=text if action.args.hidden else shortened(text),
        extras=RunExtras(command=command, metadata=metadata, hidden=action.args.hidden),
        success=metadata.exit_code == 0,
    )
