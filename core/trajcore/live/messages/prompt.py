"""The messages that a run amounts to, as its recording's dialect has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from trajcore.live.callids import with_short_ids
from trajcore.live.messages.history import messages
from trajcore.live.messages.system import system_prompt
from trajcore.live.messages.transcript import ASSISTANT, BEGIN, GO_ON, SYSTEM, USER, Message
from trajcore.replay.run import History

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
    if own_system or not any(one["role"] == SYSTEM for one in told):
        system = system_prompt((), (), own=True).text
        told = [{"role": SYSTEM, "content": system}, *(one for one in told if one["role"] != SYSTEM)]
    return with_short_ids(_between_users(told))


def _between_users(told: list[Message]) -> list[Message]:
    """Messages that the user begins, and has the last word of: no provider has it otherwise."""
    first = next((at for at, one in enumerate(told) if one["role"] != SYSTEM), len(told))
    if told[first:] and told[first]["role"] != USER:
        told = [*told[:first], {"role": USER, "content": BEGIN}, *told[first:]]
    if told[-1]["role"] == ASSISTANT:
        told = [*told, {"role": USER, "content": GO_ON}]
    return told


def which_system(
    dialect: Dialect, history: Sequence[Event], tools: ToolMap, *, own_system: bool = False
) -> str:
    """Which system prompt that is, in words for the user."""
    if _told_by(dialect, history) is not None and not own_system:
        return _BY_ITSELF
    return system_prompt(history, tools.offered, own=own_system).which


def _told_by(dialect: Dialect, history: Sequence[Event]) -> list[dict[str, Any]] | None:
    if not isinstance(history, History) or dialect.prompt(()) is None:
        return None
    records = history.records
    return None if records is None else dialect.prompt(records)
