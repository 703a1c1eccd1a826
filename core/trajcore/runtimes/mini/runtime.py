"""What mini-swe-agent's environments answer to a command: each is a new process, of which nothing is left."""

from __future__ import annotations

from typing import Any, Final

from trajcore.events.actions import RunAction, RunIpythonAction
from trajcore.events.base import Action, Observation
from trajcore.events.observations import CommandMetadata, RunExtras, RunObservation
from trajcore.runtimes.base import Answered, cannot
from trajcore.runtimes.habits import Habits
from trajcore.runtimes.mini.wording import NOT_EXECUTED, cut
from trajcore.sandbox.base import Emit, Limits, Outcome, Patience, Sandbox
from trajcore.sandbox.shell.quoting import quoted

FINISH_MARKS: Final = ("COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "MINI_SWE_AGENT_FINAL_OUTPUT")
_TIMED_OUT: Final = "An error occurred while executing the command: Command {!r} timed out after {:g} seconds"


class MiniRuntime:
    """A `Runtime` with one tool, bash. It remembers where its commands begin."""

    kinds = frozenset({"run", "run_ipython"})

    def __init__(self, habits: Habits) -> None:
        """`habits` are those of the trajectory's own agent."""
        self._habits = habits
        self._home = ""

    async def carry_out(
        self, action: Action, recorded: Observation | None, sandbox: Sandbox, limits: Limits, emit: Emit
    ) -> Answered:
        """See `Runtime.carry_out`."""
        if isinstance(action, RunIpythonAction):  # it has no notebook; what is put in may
            from trajcore.runtimes.openhands.cell import run_cell

            return await run_cell(action, recorded, sandbox, limits, emit)
        if not isinstance(action, RunAction):
            return cannot(action)
        self._home = self._home or sandbox.directory
        seconds = action.timeout or self._habits.timeout or limits.hard
        outcome = await sandbox.run(self._line(action), Patience(hard=seconds), emit)
        exception = ""
        if outcome.still_running is not None or outcome.interrupted:
            exception = _TIMED_OUT.format(action.args.command, seconds)
        if outcome.still_running is not None:
            await sandbox.new_shell()  # what the command runs in ends
        return _answered(action, recorded, outcome, exception)

    def _line(self, action: RunAction) -> str:
        """What is typed into the sandbox's shell, so that a command finds what it found then.

        Its output goes into a pipe, which is closed once all that the command has started is done with it:
        that is what it was waited for.
        """
        habits = self._habits
        variables = [f"{name}={value}" for name, value in habits.environment]
        words = [*(("env", *variables) if variables else ()), *habits.argv, action.args.command]
        line = " ".join(quoted(text).decode() for text in words)
        directory = quoted(action.args.cwd or habits.directory or self._home).decode()
        return f"(cd -- {directory} && exec {line}) </dev/null 2>&1 | cat; (exit ${{PIPESTATUS[0]}})"

    def memory(self) -> object:
        """See `Runtime.memory`."""
        return self._home

    def recall(self, memory: object) -> None:
        """See `Runtime.recall`."""
        self._home = memory if isinstance(memory, str) else ""


def _answered(action: RunAction, recorded: Observation | None, outcome: Outcome, exception: str) -> Answered:
    text = outcome.output.decode("utf-8", "replace")
    code = -1 if exception or outcome.exit_code is None else outcome.exit_code
    told = "" if recorded is None else getattr(recorded.extras, "exception_info", "")
    if told == NOT_EXECUTED and code == 0 and _submits(text):
        # What it wrote became the submission, and its result was this.
        return Answered(_observation(action, "", -1, NOT_EXECUTED), outcome)
    if getattr(getattr(recorded, "extras", None), "is_cut", False) is True:
        text = cut(text)
    return Answered(_observation(action, text, code, exception), outcome)


def _submits(text: str) -> bool:
    lines = text.lstrip().splitlines()
    return bool(lines) and lines[0].strip() in FINISH_MARKS


def _observation(action: RunAction, text: str, code: int, exception: str) -> RunObservation:
    metadata = CommandMetadata(exit_code=code, suffix=f"\n[{exception}]" if exception else "")
    fields: dict[str, Any] = {"command": action.args.command, "metadata": metadata}
    if exception:
        fields["exception_info"] = exception
    return RunObservation(
        source=action.source,
        content=text,
        extras=RunExtras.model_validate(fields),
        success=code == 0,
    )
