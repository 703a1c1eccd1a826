"""The messages that a run amounts to, as its recording's dialect has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trajcore.live.callids import with_short_ids
from trajcore.live.messages.history import messages
from trajcore.live.messages.transcript import Message
from trajcore.replay.run import History, Written

if TYPE_CHECKING:
    from trajcore.dialects.base import Dialect
    from trajcore.events.base import Event


def prompt_of(dialect: Dialect, history: Sequence[Event]) -> list[Message]:
    """The messages that the events of a run amount to, as the recording's dialect has them."""
    own = dialect.prompt(Written(history)) if isinstance(history, History) else None
    return messages(history, system=None, tools=dialect.tools) if own is None else with_short_ids(own)
