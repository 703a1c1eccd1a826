"""What the object around the messages says of how its agent was set up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from trajcore.dialects.mini.wire import read
from trajcore.dialects.recording import Text
from trajcore.dialects.shapes import object_in, word
from trajcore.formats.json.reading import as_object
from trajcore.runtimes.habits import Habits, Shell
from trajcore.runtimes.mini.wording import Shape

TIMEOUT: Final = 30.0
"""Seconds that a command may take where nothing is recorded."""

_BARE: Final = frozenset({"local", "bubblewrap"})
"""Environments in which a command is given to `sh`, as Python's `shell=True` does."""


class Setup(Struct, frozen=True):
    """How a trajectory's agent was set up, as far as that is told."""

    version: int = 1
    """Of the format: 1, in which results are texts alone, or 2."""
    pattern: str = ""
    """The expression by which its commands are found in texts."""
    shape: Shape | None = None
    """How results are worded."""
    exit_status: str | None = None
    submission: str | None = None
    is_known: bool = False
    """Whether there is such an object at all."""
    model: str = ""


def setup_of(records: Sequence[Text]) -> Setup:
    """What the object around some messages says, if there is one."""
    around = _around(records)
    if around is None:
        return Setup()
    info = object_in(around, "info")
    config = object_in(info, "config")
    model, agent = object_in(config, "model"), object_in(config, "agent")
    template = word(model, "observation_template") or word(agent, "action_observation_template")
    named = word(around, "trajectory_format")
    status, submission = info.get("exit_status"), info.get("submission")
    return Setup(
        version=1 if not named or named == "mini-swe-agent-1" else 2,
        pattern=word(model, "action_regex") or word(agent, "action_regex"),
        shape=_shape(template),
        exit_status=status if isinstance(status, str) and status else None,
        submission=submission if isinstance(submission, str) else None,
        is_known=True,
        model=word(model, "model_name"),
    )


def _around(records: Sequence[Text]) -> dict[str, Any] | None:
    if not records or not read(records[0]).is_around:
        return None
    return as_object(records[0])


def _shape(template: str) -> Shape | None:
    if '"returncode"' in template:
        return Shape.JSON
    return Shape.TAGS if "<returncode>" in template else None


def habits_of(records: Sequence[Text]) -> Habits:
    """How its commands were run: each by a new process, in one directory, for so long."""
    around = _around(records) or {}
    config = object_in(object_in(around, "info"), "config")
    told = object_in(config, "environment")
    return Habits(
        Shell.FRESH,
        argv=_argv(told, word(config, "environment_type")),
        directory=word(told, "cwd"),
        environment=_environment(object_in(told, "env")),
        timeout=_seconds(told.get("timeout")),
    )


def _argv(told: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    """What a command is given to. The class says it where nothing else does."""
    given = told.get("interpreter")
    if isinstance(given, list) and given and all(isinstance(part, str) for part in given):
        return tuple(given)
    module = kind.rsplit(".", 2)[-2] if kind.count(".") > 1 else kind
    if not kind or module in _BARE or "LocalEnvironment" in kind:
        return ("sh", "-c")
    return ("bash", "-lc")


def _environment(told: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    named = ((name, value) for name, value in told.items() if name.isidentifier())
    return tuple((name, str(value)) for name, value in named if isinstance(value, str | int | float))


def _seconds(told: object) -> float:
    is_number = isinstance(told, int | float) and not isinstance(told, bool)
    return float(told) if is_number and told > 0 else TIMEOUT  # type: ignore[operator, arg-type]
