"""The messages that a run amounts to, as its recording's dialect has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from trajcore.live.callids import with_short_ids
from trajcore.live.messages.history import messages
from trajcore.live.messages.system import system_prompt
from trajcore.live.messages.transcript import SYSTEM, Message
from trajcore.replay.run import History, Written

if TYPE_CHECKING:
    from trajcore.dialects.base import Dialect
    from trajcore.dialects.toolmap import ToolMap
    from trajcore.events.base import Event

_BY_ITSELF: Final = "as recordings of this kind have it"


def prompt_of(
    dialect: Dialect, history: Sequence[Event], tools: ToolMap | None = None, *, own_system: bool = False
) -> list[Message]:
    """The messages for the events of a run, for a model that is offered `tools`, by default all there are.

    `own_system`: with our system prompt, whatever was recorded.
    """
    tools = tools or dialect.tools
    told = _told_by(dialect, history)
    if told is None:
        system = system_prompt(history, tools.offered, own=own_system).text
        return messages(history, system=system, tools=tools)
    if own_system:
        system = system_prompt((), (), own=True).text
        told = [{"role": SYSTEM, "content": system}, *(one for one in told if one["role"] != SYSTEM)]
    return with_short_ids(told)


def which_system(
    dialect: Dialect, history: Sequence[Event], tools: ToolMap, *, own_system: bool = False
) -> str:
    """Which system prompt that is, in words for the user."""
    if _told_by(dialect, history) is not None and not own_system:
        return _BY_ITSELF
    return system_prompt(history, tools.offered, own=own_system).which


def _told_by(dialect: Dialect, history: Sequence[Event]) -> list[dict[str, Any]] | None:
    return dialect.prompt(Written(history)) if isinstance(history, History) else None
