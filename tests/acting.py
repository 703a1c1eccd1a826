"""Actions in a sandbox without a session: what OpenHands' runtime answers, one runtime a sandbox."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from trajcore.events.base import Action, Observation
from trajcore.runtimes.base import Runtime
from trajcore.runtimes.openhands.runtime import OpenHandsRuntime
from trajcore.sandbox.base import Emit, Limits, Sandbox

_runtimes: WeakKeyDictionary[Sandbox, Runtime] = WeakKeyDictionary()


def runtime_in(sandbox: Sandbox) -> Runtime:
    """The runtime of a sandbox."""
    return _runtimes.setdefault(sandbox, OpenHandsRuntime())


async def execute(
    sandbox: Sandbox, action: Action, recorded: Observation | None, emit: Emit
) -> Observation | None:
    """What comes back; None where there is no answer."""
    settings = getattr(sandbox, "_settings", None)
    limits = Limits() if settings is None else settings.limits
    return (await runtime_in(sandbox).carry_out(action, recorded, sandbox, limits, emit)).observation
