"""`run_ipython` actions: what OpenHands' notebook would have answered (reference: OpenHands 0.62)."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources
from typing import Final

from trajcore.events.actions import RunIpythonAction
from trajcore.events.base import Observation
from trajcore.events.observations import RunIpythonExtras, RunIpythonObservation
from trajcore.runtimes.base import Answered
from trajcore.runtimes.openhands.skills import MORE
from trajcore.sandbox.base import OUTPUT_HEAD, OUTPUT_TAIL, CellOutcome, Emit, Limits, Sandbox

_COLOURS: Final = re.compile(r"\x1b\[\d+(;\d+){0,2}m")
_CUT: Final = "\n[... Observation truncated due to length ...]\n"
_NO_OUTPUT: Final = "[Code executed successfully with no output]"
_MESSAGE: Final = "Code executed in IPython cell."


async def run_cell(
    action: RunIpythonAction, recorded: Observation | None, sandbox: Sandbox, limits: Limits, emit: Emit
) -> Answered:
    """Run one cell. Raises `SandboxUnavailable`."""
    limit = limits.hard if action.timeout is None else action.timeout
    outcome = await sandbox.run_cell(action.args.code, limit, emit, _preloaded())
    if outcome is None:
        return Answered(None, None, "the sandbox has no python3")
    text = "" if outcome.ending and outcome.output is None else _text(outcome)
    if outcome.timed_out:
        text = f"[Execution timed out ({limit:g} seconds).]"
        emit(text.encode() + b"\n")
    if outcome.ending:
        emit(f"[{outcome.ending}]\n".encode("utf-8", "replace"))
        text = f"{text.rstrip()}\n[{outcome.ending}]".lstrip("\n")
    text = text.rstrip()
    if recorded is not None and MORE not in recorded.content:
        text = text.replace(f"\n{MORE}", "")
    if action.args.include_extra:
        text += f"\n[Jupyter current working directory: {sandbox.directory}]"
        text += f"\n[Jupyter Python interpreter: {outcome.python}]"
    observation = RunIpythonObservation(
        source=action.source,
        message=_MESSAGE,
        content=text,
        extras=RunIpythonExtras(code=action.args.code, image_urls=list(outcome.images) or None),
        success=True,
    )
    return Answered(observation, outcome)


@lru_cache(1)
def _preloaded() -> str:
    """Code that gives a kernel what OpenHands' own offers its cells."""
    source = (resources.files("trajcore.runtimes.openhands") / "skills.py").read_text("utf-8")
    return (
        "import types as _types\n"
        "_skills = _types.ModuleType('agentskills')\n"
        f"exec(compile({source!r}, '<agentskills>', 'exec'), _skills.__dict__)\n"
        "globals().update((name, getattr(_skills, name)) for name in _skills.__all__)\n"
        "del _types, _skills\n"
    )


def _text(outcome: CellOutcome) -> str:
    """What OpenHands makes of it: no colours, and words where there was no output."""
    data = outcome.output
    if data is None:
        return _NO_OUTPUT
    if outcome.cut:
        head, tail = (part.decode("utf-8", "replace") for part in (data[:OUTPUT_HEAD], data[-OUTPUT_TAIL:]))
        return _COLOURS.sub("", head + _CUT + tail)
    return _COLOURS.sub("", data.decode("utf-8", "replace"))
