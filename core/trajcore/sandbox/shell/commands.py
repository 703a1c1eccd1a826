"""`run` actions: what OpenHands' terminal would have answered (reference: OpenHands 0.62)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trajcore.events.actions import RunAction
from trajcore.events.base import Observation
from trajcore.events.observations import CommandMetadata, RunExtras, RunObservation
from trajcore.sandbox.base import Emit, Limits
from trajcore.sandbox.shell.capture import last_lines, screen_text, shortened, shown
from trajcore.sandbox.shell.quoting import encoded
from trajcore.sandbox.shell.scripts import in_throwaway_shell
from trajcore.sandbox.shell.shell import Shell
from trajcore.sandbox.shell.waiting import Finished, Patience, Pause

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


@dataclass(frozen=True)
class Identity:
    """Who and where the sandbox's shell is."""

    username: str = "root"
    hostname: str = ""


class Commands:
    """Answers `run` actions by means of one shell."""

    def __init__(self, shell: Shell, limits: Limits) -> None:
        self._shell = shell
        self._limits = limits
        self._background = -1
        self.identity = Identity()
        self.directory = "/workspace"

    async def run(self, action: RunAction, recorded: Observation | None, emit: Emit) -> RunObservation:
        """Carry out one `run` action. Raises `SandboxUnavailable`."""
        command = action.args.command.strip()
        if not self._shell.busy:
            if not command:
                return _refusal(action, _NO_LOGS)
            if action.args.is_input:
                return _refusal(action, _NO_PROGRAM)
            return await self._start(action, command, recorded, emit)
        if command and not action.args.is_input:
            if not await self._previous_ends(action, recorded, emit):
                return await self._not_executed(action, command)
            return await self._start(action, command, recorded, emit)
        if command:
            await self._type(command, emit)
        return await self._follow(action, recorded, emit, prefix=_PREVIOUS)

    def move(self, directory: str) -> None:
        """The shell is another one now, in `directory`, without background processes."""
        self.directory = directory
        self._background = -1

    async def _start(
        self, action: RunAction, command: str, recorded: Observation | None, emit: Emit
    ) -> RunObservation:
        static = action.args.is_static
        await self._shell.begin(in_throwaway_shell(command, action.args.cwd) if static else command)
        return await self._follow(action, recorded, emit)

    async def _type(self, command: str, emit: Emit) -> None:
        if _is_key(command):
            echo = _ECHOED_KEYS.get(command, b"")
            if echo:
                emit(echo)
                self._shell.output.add(echo)
            await self._shell.type(bytes([ord(command[-1].upper()) & 0x1F]))
        else:
            await self._shell.type(encoded(command) + b"\n")

    async def _previous_ends(self, action: RunAction, recorded: Observation | None, emit: Emit) -> bool:
        """Whether the running command ends in time for another one to be carried out.

        If the recording shows that the other one was carried out, the running one gets its time.
        """
        hard = self._limits.previous if _was_executed(recorded) else 0.0
        ended = await self._shell.follow(Patience(hard=hard), emit)
        if isinstance(ended, Finished):
            self._remember(ended)
        return isinstance(ended, Finished)

    async def _follow(
        self, action: RunAction, recorded: Observation | None, emit: Emit, prefix: str = ""
    ) -> RunObservation:
        output = self._shell.output
        ended = await self._shell.follow(self._patience(action, recorded), emit)
        data = output.take()
        if isinstance(ended, Finished):
            self._remember(ended)
            metadata = self._metadata(ended, action)
        else:
            metadata = CommandMetadata(suffix=self._still_running(ended, action))
        metadata.prefix = prefix
        return await _observation(action, data, metadata)

    def _remember(self, ended: Finished) -> None:
        self.directory = ended.directory or self.directory
        self._background = -1 if ended.restarted else ended.background

    def _patience(self, action: RunAction, recorded: Observation | None) -> Patience:
        """A command that ended when it was recorded is given the time to end, however silent it is."""
        soft = None if action.args.blocking or _was_executed(recorded) else self._limits.no_change
        satisfied = None
        if isinstance(recorded, RunObservation) and recorded.extras.metadata.exit_code == -1:
            expected = recorded.content.strip()

            def satisfied(output: bytes) -> bool:
                return len(output) <= _COMPARED and expected in shown(output)

        return Patience(soft, self._hard(action), satisfied)

    def _hard(self, action: RunAction) -> float:
        return self._limits.hard if action.timeout is None else action.timeout

    def _metadata(self, ended: Finished, action: RunAction) -> CommandMetadata:
        words = f"The command completed with exit code {ended.exit_code}."
        if action.args.is_input and _is_key(action.args.command.strip()):
            words += f" CTRL+{action.args.command.strip()[-1].upper()} was sent."
        if ended.restarted:
            words += f" It ended the shell: a new one was started in {self.directory}, without its variables."
        return CommandMetadata(
            exit_code=ended.exit_code,
            pid=self._background,
            username=self.identity.username,
            hostname=self.identity.hostname,
            working_dir=self.directory,
            suffix=f"\n[{words}]",
        )

    def _still_running(self, pause: Pause, action: RunAction) -> str:
        soft, hard = _seconds(self._limits.no_change), _seconds(self._hard(action))
        words = {
            Pause.NO_CHANGE: f"The command has no new output after {soft} seconds. {_ADVICE}",
            Pause.AS_RECORDED: "The command has no new output after 1 seconds, "
            f"and has written what it had written when it was recorded. {_ADVICE}",
            Pause.HARD: f"The command timed out after {hard} seconds. {_ADVICE}",
            Pause.INTERRUPTED: f"The command was interrupted, and is still running. {_ADVICE}",
        }
        return f"\n[{words[pause]}]"

    async def _not_executed(self, action: RunAction, command: str) -> RunObservation:
        suffix = (
            f'\n[Your command "{command}" is {_NOT_EXECUTED}. The previous command is still running - '
            "You CANNOT send new commands until the previous command is completed. "
            "By setting `is_input` to `true`, you can interact with the current process: "
            f"{_ADVICE}]"
        )
        metadata = CommandMetadata(prefix=_PREVIOUS, suffix=suffix)
        return await _observation(action, self._shell.output.take(), metadata)


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


async def _observation(action: RunAction, data: bytes, metadata: CommandMetadata) -> RunObservation:
    command = action.args.command.strip()
    text = await screen_text(data)
    if action.args.is_input:  # a terminal shows what is typed; the answer leaves it out
        text = text.removeprefix(command).lstrip()
    text, note = last_lines(text)
    metadata.prefix = note + metadata.prefix
    return RunObservation(
        source=action.source,
        message=f"Command `{action.args.command}` executed with exit code {metadata.exit_code}.",
        content=text if action.args.hidden else shortened(text),
        extras=RunExtras(command=command, metadata=metadata, hidden=action.args.hidden),
        success=metadata.exit_code == 0,
    )
