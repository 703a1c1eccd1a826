"""`run` actions: what OpenHands' terminal would have answered (reference: OpenHands 0.62)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

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
    "or use the timeout parameter in {} for future commands."
)
_NO_LOGS: Final = "ERROR: No previous running command to retrieve logs from."
_NO_PROGRAM: Final = "ERROR: No previous running command to interact with."
PREVIOUS: Final = "[Below is the output of the previous command.]\n"
_COMPARED: Final = 1 << 18
NOT_EXECUTED: Final = "NOT executed"
_ECHOED_KEYS: Final = {"C-c": b"^C", "C-z": b"^Z", "C-\\": b"^\\"}


@dataclass(frozen=True, slots=True)
class Command:
    """One `run` action on its way. A later terminal has other words, and does most of it alike."""

    tool: ClassVar[str] = "execute_bash"
    """What a model calls the terminal."""
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
                return Answered(self.refused(_NO_LOGS))
            if args.is_input:
                return Answered(self.refused(_NO_PROGRAM))
            return await self.start(command)
        if command and not args.is_input:
            previous = await self.previous()
            if previous.still_running is not None:
                return await self.not_executed(command, previous)
            return await self.start(command)
        echoed = bool(command) and await self.type(command)
        outcome = await self.sandbox.follow(until_quiet(self.patience(), self.recorded), self.emit)
        return await self.worded(await self.as_recorded(outcome), PREVIOUS, command if echoed else "")

    @property
    def advice(self) -> str:
        """What to do about a command that still runs."""
        return _ADVICE.format(self.tool)

    async def start(self, command: str) -> Answered:
        """Type a command into an idle shell."""
        args = self.action.args
        line = in_throwaway_shell(command, args.cwd) if args.is_static else command
        outcome = await self.sandbox.run(line, until_quiet(self.patience(), self.recorded), self.emit)
        return await self.worded(await self.as_recorded(outcome))

    async def as_recorded(self, outcome: Outcome) -> Outcome:
        """What came of the command; the user's input and interruption are as they were then."""
        outcome = await type_as_then(outcome, self.recorded, self.sandbox, self.patience(), self.emit)
        if outcome.still_running is None or not was_interrupted(self.recorded):
            return outcome
        await self.sandbox.interrupt()
        after = await self.sandbox.follow(Patience(hard=self.hard()), self.emit)
        return replace(after, output=outcome.output + after.output)

    async def type(self, command: str) -> bool:
        """Type a line, or a key; whether the line comes back as a part of the output."""
        if is_key(command):
            key = bytes([ord(command[-1].upper()) & 0x1F])
            await self.sandbox.type(key, self.emit, _ECHOED_KEYS.get(command, b""))
            return False
        return await self.sandbox.type(encoded(command) + b"\n", self.emit)

    async def previous(self) -> Outcome:
        """What becomes of the running command: does it end in time for another one to be carried out?

        If the recording shows that the other one was carried out, the running one gets its time.
        """
        hard = self.limits.previous if was_executed(self.recorded) else 0.0
        return await self.sandbox.follow(Patience(hard=hard), self.emit)

    async def worded(self, outcome: Outcome, prefix: str = "", echoed: str = "") -> Answered:
        """The observation of an outcome, without the typed text that came back in it (`echoed`)."""
        if outcome.still_running is None:
            metadata = self.metadata(outcome)
        else:
            metadata = CommandMetadata(suffix=self.still_running(outcome.still_running))
        metadata.prefix = prefix
        observation = await self.observed(outcome.output, metadata, echoed)
        return Answered(observation, outcome)

    def patience(self) -> Patience:
        """A command that ended when it was recorded is given the time to end, however silent it is."""
        recorded = self.recorded
        interrupted = was_interrupted(recorded)
        patient = not interrupted and (self.action.args.blocking or was_executed(recorded))
        satisfied = None
        if isinstance(recorded, RunObservation) and (interrupted or recorded.extras.metadata.exit_code == -1):
            expected = as_recorded(recorded.content).strip().removesuffix("^C" * interrupted).rstrip()

            def satisfied(output: bytes) -> bool:
                return len(output) <= _COMPARED and expected in shown(output)

        return Patience(None if patient else self.limits.no_change, self.hard(), satisfied)

    def hard(self) -> float:
        """How long it may take, in seconds."""
        return self.limits.hard if self.action.timeout is None else self.action.timeout

    def metadata(self, outcome: Outcome) -> CommandMetadata:
        """How it ended."""
        args = self.action.args
        code = -1 if outcome.exit_code is None else outcome.exit_code
        words = f"The command completed with exit code {code}."
        if args.is_input and is_key(args.command.strip()):
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

    def still_running(self, pause: Pause) -> str:
        """The words for a command that is not waited for any longer."""
        soft, hard = _seconds(self.limits.no_change), _seconds(self.hard())
        words = {
            Pause.NO_CHANGE: f"The command has no new output after {soft} seconds. {self.advice}",
            Pause.AS_RECORDED: "The command has no new output after 1 seconds, "
            f"and has written what it had written when it was recorded. {self.advice}",
            Pause.HARD: f"The command timed out after {hard} seconds. {self.advice}",
            Pause.INTERRUPTED: f"The command was interrupted, and is still running. {self.advice}",
        }
        return f"\n[{words[pause]}]"

    async def not_executed(self, command: str, previous: Outcome) -> Answered:
        """The command is not typed, as another one still runs."""
        suffix = (
            f'\n[Your command "{command}" is {NOT_EXECUTED}. The previous command is still running - '
            "You CANNOT send new commands until the previous command is completed. "
            "By setting `is_input` to `true`, you can interact with the current process: "
            f"{self.advice}]"
        )
        metadata = CommandMetadata(prefix=PREVIOUS, suffix=suffix)
        return Answered(await self.observed(previous.output, metadata), previous)

    async def observed(self, data: bytes, metadata: CommandMetadata, echoed: str = "") -> RunObservation:
        """The observation of what was written, without the typed text that came back in it (`echoed`)."""
        text, note = last_lines(await text_of(data, echoed))
        metadata.prefix = note + metadata.prefix
        action = self.action
        return RunObservation(
            source=action.source,
            message=f"Command `{action.args.command}` executed with exit code {metadata.exit_code}.",
            content=text if action.args.hidden else shortened(text),
            extras=RunExtras(
                command=action.args.command.strip(), metadata=metadata, hidden=action.args.hidden
            ),
            success=metadata.exit_code == 0,
        )

    def refused(self, content: str) -> RunObservation:
        """The observation where nothing was done."""
        return RunObservation(
            source=self.action.source,
            message="Command `` executed with exit code -1.",
            content=content,
            extras=RunExtras(command="", metadata=CommandMetadata()),
            success=False,
        )


async def text_of(data: bytes, echoed: str = "") -> str:
    """What a terminal shows, without the typed text that came back in it."""
    text = await screen_text(data)
    return text.removeprefix(echoed).lstrip() if echoed else text


def in_throwaway_shell(command: str, directory: str | None) -> str:
    """A command line that runs `command` in a new shell, in `directory`, and leaves nothing behind."""
    move = f"cd -- {quoted(directory).decode()} && " if directory else ""
    return f"({move}exec bash --noprofile --norc -c {quoted(command).decode()})"


def was_executed(recorded: Observation | None) -> bool:
    """Whether a command had ended when it was recorded."""
    if not isinstance(recorded, RunObservation):
        return False
    metadata = recorded.extras.metadata
    return metadata.exit_code != -1 and NOT_EXECUTED not in metadata.suffix


def is_key(command: str) -> bool:
    """Whether what is typed is a key, such as `C-c`."""
    return len(command) == 3 and command.startswith("C-")


def _seconds(value: float) -> str:
    return f"{value:g}"
