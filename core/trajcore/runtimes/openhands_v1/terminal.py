"""`run` actions: what V1's terminal would have answered.

There are three terminals. A pool of tmux windows, the usual one since 1.17: what still runs is interrupted by
the next command, and can be neither looked at nor typed into. One tmux window, up to 1.16, and a bare
terminal where there is no tmux: what still runs is kept, as in V0. Only its answers say which it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from trajcore.events.base import Observation
from trajcore.events.observations import (
    CommandMetadata,
    ErrorExtras,
    ErrorObservation,
    RunExtras,
    RunObservation,
)
from trajcore.events.satisfied import was_interrupted
from trajcore.runtimes.base import Answered
from trajcore.runtimes.openhands.run import (
    NOT_EXECUTED,
    PREVIOUS,
    Command,
    is_key,
    text_of,
    was_executed,
)
from trajcore.runtimes.openhands.screen import last_lines
from trajcore.runtimes.openhands_v1.typed import REFUSALS, escaped, refusal
from trajcore.runtimes.typed import until_quiet
from trajcore.sandbox.base import Outcome, Patience, Pause
from trajcore.sandbox.shell.quoting import encoded, quoted

_NO_LOGS: Final = "No previous running command to retrieve logs from."
_NO_PROGRAM: Final = "No previous running command to interact with."
_RESET: Final = (
    "Terminal session has been reset. All previous environment variables and session state have been cleared."
)
_RESET_AND_INPUT: Final = "Error executing tool 'terminal': Cannot use reset=True with is_input=True"
_ENDED: Final = (
    "The terminal session was reset because the underlying tmux server/session disappeared while running "
    "the previous command. This often happens when a command terminates the persistent shell, for example "
    "by ending with a top-level `exit` such as `exit $code`, or otherwise kills tmux. OpenHands rebuilt the "
    "terminal pool, but the interrupted command's result is not reliable and was not retried. Avoid "
    "top-level `exit` in future terminal commands; use a non-shell-exiting status check like "
    '`test "$code" -eq 0` or conditional shell logic instead. Please rerun any needed command.'
    "\n\nOriginal tmux error: "
)
_NO_SERVER: Final = "no server running"
_RAW: Final = "\x1b[?2004"
"""What a bash writes on a bare terminal, which a window of tmux does not show."""
_LONGEST: Final = 30_000
_CLIPPED: Final = (
    "<response clipped><NOTE>Due to the max output limit, "
    "only part of the full response has been shown to you.</NOTE>"
)
_SECONDS: Final = re.compile(r"no new output after ([\d.]+) seconds")
_NO_CHANGE: Final = "30"
"""Seconds without output after which V1 answers, unless it was set up otherwise."""
_MAKING_WAY: Final = Patience(hard=1.0)
"""How long what still runs is given to end after an interrupt, and before one."""
_QUICK: Final = Patience(hard=10.0)


@dataclass(slots=True)
class Terminal:
    """What is known of a conversation's terminal, and of what became of it."""

    home: str = ""
    """Where each of its shells begins."""
    is_pool: bool | None = None
    """Whether it is a pool; None where no answer has told yet."""
    is_raw: bool = False
    """Whether it is a bare terminal."""
    is_gone: bool = False
    """Whether its shell has ended, and no other took its place."""

    def learn(self, recorded: Observation | None, *, busy: bool) -> None:
        """See what a recorded answer tells of it."""
        if not isinstance(recorded, RunObservation):
            return
        if _RAW in recorded.content:
            self.is_raw, self.is_pool = True, False
        elif NOT_EXECUTED in recorded.extras.metadata.suffix or recorded.extras.metadata.prefix == PREVIOUS:
            self.is_pool = False
        elif recorded.content.startswith(_ENDED[:60]) or (
            busy and recorded.content in (_NO_LOGS, _NO_PROGRAM)
        ):
            self.is_pool = True


@dataclass(frozen=True, slots=True)
class Call(Command):
    """One call of the terminal on its way."""

    terminal: Terminal

    tool: ClassVar[str] = "terminal"

    async def answer(self) -> Answered:
        """Carry it out. Raises `SandboxUnavailable`."""
        args, command, terminal = self.action.args, self.action.args.command.strip(), self.terminal
        if getattr(args, "reset", False) is True:
            return await self._reset(command)
        busy = self.sandbox.busy or terminal.is_gone
        terminal.learn(self.recorded, busy=busy)
        if not command or args.is_input:
            if not busy or (terminal.is_pool and not was_executed(self.recorded)):
                return Answered(self.refused(_NO_PROGRAM if command else _NO_LOGS))
            if terminal.is_gone:
                return Answered(self._waiting(PREVIOUS))
            if was_executed(self.recorded):
                terminal.is_pool = False
            return await Command.answer(self)
        if terminal.is_gone:
            return Answered(self._waiting("", self._told_to_wait(command)))
        if not busy or terminal.is_pool is not False:
            told = self._refusal(command)
            if told:
                return Answered(self.refused(told))
        if busy and terminal.is_pool is not False and self._ran:
            return await self._make_way(command)
        return await Command.answer(self) if busy else await self.start(command)

    @property
    def _ran(self) -> bool:
        """Whether the command was not refused when it was recorded, as far as that is known."""
        recorded = self.recorded
        return not (isinstance(recorded, RunObservation) and NOT_EXECUTED in recorded.extras.metadata.suffix)

    def _refusal(self, command: str) -> str:
        """Why it is not typed. What was typed when it was recorded is, whatever it looks like here."""
        recorded = self.recorded
        if isinstance(recorded, RunObservation):
            told = recorded.content
            if not told.startswith(REFUSALS):
                return "" if getattr(recorded.extras, "is_error", None) is not True else refusal(command)
            listed = re.findall(r"^\(\d+\) (.*)$", told, re.MULTILINE)
            if listed and all(line in command for line in listed):
                return told
        return refusal(command)

    async def start(self, command: str) -> Answered:
        """Type a command into an idle shell."""
        line = escaped(command, raw=self.terminal.is_raw)
        outcome = await self.sandbox.run(line, until_quiet(self.patience(), self.recorded), self.emit)
        outcome = await self.as_recorded(outcome)
        if outcome.restarted:
            return await self._ended(outcome)
        if line != command and self._echoes(line):
            outcome = replace(outcome, output=encoded(line) + b"\n" + outcome.output)
        return await self.worded(outcome)

    def _echoes(self, line: str) -> bool:
        """Whether a line that is not the command is left in the output: it always is since some version."""
        if isinstance(self.recorded, RunObservation):
            return self.recorded.content.startswith(line.split("\n")[0])
        return True

    async def _make_way(self, command: str) -> Answered:
        """What still runs is interrupted, unless it has ended by now; what ignores that is typed into."""
        before = await self.sandbox.follow(
            _MAKING_WAY if self.terminal.is_pool is None else Patience(hard=0.0), _unheard
        )
        if before.still_running is not None:
            self.terminal.is_pool = True
            await self.sandbox.interrupt()
            before = await self.sandbox.follow(_MAKING_WAY, _unheard)
        if before.still_running is None:
            return await self.start(command)
        await self.sandbox.type(b"clear\n" + encoded(command) + b"\n", self.emit)
        outcome = await self.sandbox.follow(until_quiet(self.patience(), self.recorded), self.emit)
        return await self.worded(await self.as_recorded(outcome))

    async def _ended(self, outcome: Outcome) -> Answered:
        """The command has ended the shell."""
        terminal, told = self.terminal, self.recorded.content if self.recorded is not None else ""
        await self._go_home()
        if terminal.is_pool is None:
            terminal.is_pool = not isinstance(self.recorded, RunObservation) or bool(told)
        if terminal.is_pool is False:
            terminal.is_gone = True
            return Answered(self._waiting(""), outcome)
        # What tmux said, with a name of its own making in it, is told by nothing here.
        said = told if told.startswith(_ENDED) else _ENDED + _NO_SERVER
        observation = self._made(said, CommandMetadata(), is_error=True, exit_code=-1)
        return Answered(observation, replace(outcome, exit_code=None))

    async def _reset(self, command: str) -> Answered:
        """A new shell in the place of the old one, and all that runs in it; then perhaps a command."""
        if self.action.args.is_input:
            return Answered(
                ErrorObservation(source=self.action.source, content=_RESET_AND_INPUT, extras=ErrorExtras())
            )
        terminal = self.terminal
        await self.sandbox.new_shell()
        terminal.is_gone = terminal.is_raw = False
        await self._go_home()
        if not command:
            return Answered(self._made(_RESET, CommandMetadata(), command="[RESET]", exit_code=0))
        told = self._refusal(command)
        answered = Answered(self.refused(told)) if told else await self.start(command)
        observation = answered.observation
        assert isinstance(observation, RunObservation)
        observation.content = f"{_RESET}\n\n{observation.content}"
        observation.extras.command = f"[RESET] {command}"
        return answered

    async def _go_home(self) -> None:
        if self.sandbox.directory != self.terminal.home:
            await self.sandbox.run(f"cd -- {quoted(self.terminal.home).decode()}", _QUICK, _unheard)

    async def worded(self, outcome: Outcome, prefix: str = "", echoed: str = "") -> Answered:
        """The observation of an outcome. Only of what still runs it is said that it is the previous one's."""
        if outcome.still_running is None:
            prefix = ""
        return await Command.worded(self, outcome, prefix, echoed)

    def metadata(self, outcome: Outcome) -> CommandMetadata:
        """How the command ended; a Python that was found is not looked for."""
        metadata = Command.metadata(self, outcome)
        if self.action.args.is_input and not is_key(self.action.args.command.strip()):
            metadata.suffix = f"\n[The command completed with exit code {metadata.exit_code}.]"
        return metadata

    def still_running(self, pause: Pause) -> str:
        """The words for a command that is not waited for any longer, with the seconds of the recording."""
        if pause in (Pause.NO_CHANGE, Pause.AS_RECORDED):
            suffix = self.recorded.extras.metadata.suffix if isinstance(self.recorded, RunObservation) else ""
            seconds = found[1] if (found := _SECONDS.search(suffix)) else _NO_CHANGE
            return f"\n[The command has no new output after {seconds} seconds. {self.advice}]"
        return Command.still_running(self, pause)

    def patience(self) -> Patience:
        """A limit of its own takes the place of that on silence."""
        patience = Command.patience(self)
        if self.action.timeout and not was_interrupted(self.recorded):
            return replace(patience, no_change=None)
        return patience

    async def not_executed(self, command: str, previous: Outcome) -> Answered:
        """The command is not typed, as another one still runs."""
        observation = await self.observed(
            previous.output, CommandMetadata(prefix=PREVIOUS, suffix=self._told_to_wait(command))
        )
        setattr(observation.extras, "is_error", True)  # noqa: B010
        return Answered(observation, previous)

    def _told_to_wait(self, command: str) -> str:
        return (
            f'\n[Your command "{command}" is {NOT_EXECUTED}. The previous command is still running - '
            "You CANNOT send new commands until the previous command is completed. "
            f"By setting `is_input` to `true`, you can interact with the current process: {self.advice}]"
        )

    def _waiting(self, prefix: str, suffix: str = "") -> RunObservation:
        """What a terminal without a shell answers."""
        words = suffix or self.still_running(Pause.NO_CHANGE)
        metadata = CommandMetadata(prefix=prefix, suffix=words)
        return self._made("", metadata, is_error=bool(suffix), exit_code=-1)

    async def observed(self, data: bytes, metadata: CommandMetadata, echoed: str = "") -> RunObservation:
        """The observation of what was written."""
        text, note = last_lines(await text_of(data, echoed))
        metadata.prefix = note + metadata.prefix
        return self._made(clipped(text), metadata, exit_code=metadata.exit_code)

    def refused(self, content: str) -> RunObservation:
        """The observation where nothing was done."""
        return self._made(content, CommandMetadata(), is_error=True)

    def _made(
        self, content: str, metadata: CommandMetadata, *, is_error: bool = False, **more: Any
    ) -> RunObservation:
        fields = {"command": self.action.args.command.strip(), "timeout": False, "is_error": is_error, **more}
        return RunObservation(
            source=self.action.source,
            content=content,
            extras=RunExtras.model_validate({**fields, "metadata": metadata}),
            success=metadata.exit_code == 0,
        )


def clipped(text: str) -> str:
    """`text` without its middle when it is longer than an observation may be (30,000 characters)."""
    if len(text) <= _LONGEST:
        return text
    half = (_LONGEST - len(_CLIPPED)) // 2
    return text[: _LONGEST - len(_CLIPPED) - half] + _CLIPPED + text[-half:]


def _unheard(data: bytes) -> None:
    """What our own commands write is of no interest."""
