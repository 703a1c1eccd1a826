"""What the object around the steps says of how its agent was set up."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from trajcore.dialects.recording import Text
from trajcore.dialects.shapes import object_in, objects_in, word
from trajcore.dialects.swe_agent.wire import read
from trajcore.formats.json.reading import as_object
from trajcore.runtimes.habits import Habits, Shell

TIMEOUT: Final = 30.0
"""Seconds that a command may take where nothing is recorded."""

CALLS: Final = "function_calling"
NO_OUTPUT: Final = "Your command ran successfully and did not produce any output."
_VARIABLE: Final = re.compile(r"\{\{?\s*(observation|open_file|working_dir)\s*\}?\}")


class Setup(Struct, frozen=True):
    """How a trajectory's agent was set up, as far as that is told."""

    config: Mapping[str, Any]
    """What it is called `replay_config`."""
    info: Mapping[str, Any]
    agent: Mapping[str, Any]

    @property
    def parser(self) -> str:
        """How commands are found in replies; empty where that is not told."""
        return word(object_in(object_in(self.agent, "tools"), "parse_function"), "type")

    @property
    def bundles(self) -> tuple[str, ...]:
        """The names of its tools' directories."""
        paths = (word(one, "path") for one in objects_in(object_in(self.agent, "tools"), "bundles"))
        return tuple(path.rstrip("/").rpartition("/")[2] for path in paths if path)

    def worded(self, observation: str, state: Mapping[str, Any]) -> tuple[str, str]:
        """What a model is shown around an output: before and behind it."""
        templates = object_in(self.agent, "templates")
        known = word(templates, "next_step_template") or "{{observation}}"
        if not observation:
            known = word(templates, "next_step_no_output_template") or NO_OUTPUT
        parts: tuple[list[str], list[str]] = ([], [])
        side, at = 0, 0
        for found in _VARIABLE.finditer(known):
            parts[side].append(known[at : found.start()])
            at = found.end()
            if found[1] == "observation":
                side = 1
            else:
                parts[side].append(str(state.get(found[1]) or "n/a"))
        parts[side].append(known[at:])
        return "".join(parts[0]), "".join(parts[1])


def setup_of(records: Sequence[Text]) -> Setup:
    """What the object around some steps says, if there is one."""
    around = as_object(records[0]) if records and read(records[0]).is_around else {}
    return setup_in(around)


def setup_in(around: Mapping[str, Any]) -> Setup:
    """What such an object says."""
    config = config_of(around)
    return Setup(config, object_in(around, "info"), object_in(config, "agent"))


def config_of(around: Mapping[str, Any]) -> Mapping[str, Any]:
    """How the run was set up: an object or, in 1.1, its JSON text. Of a text that is cut nothing is known."""
    told = around.get("replay_config")
    if isinstance(told, str):
        try:
            told = json.loads(told, strict=False)
        except (ValueError, RecursionError):
            return {}
    return told if isinstance(told, dict) else {}


def habits_of(records: Sequence[Text]) -> Habits:
    """How its commands were run: by one shell, with these variables, for so long each."""
    tools = object_in(setup_of(records).agent, "tools")
    given = object_in(tools, "env_variables")
    known = ((name, value) for name, value in given.items() if name.isidentifier())
    variables = tuple((name, str(value)) for name, value in known if isinstance(value, str | int | float))
    seconds = tools.get("execution_timeout")
    is_given = isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0
    timeout = float(seconds) if is_given and seconds is not None else TIMEOUT
    return Habits(Shell.PERSISTENT, environment=variables, timeout=timeout)
