"""The engine of trajtui: trajectories, sandboxes, replay and live sessions, without any screen.

    import trajcore

    report = trajcore.replay("demo.json", sandbox="bubblewrap")
    print(report.summary)

Each name below is loaded when it is first asked for: importing `trajcore` itself loads nothing else.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

_PUBLIC: Final = {
    "open": "api:open",
    "read_standard_input": "api:read_standard_input",
    "STANDARD_INPUT": "api:STANDARD_INPUT",
    "replay": "replay",
    "areplay": "api:areplay",
    "afork": "api:afork",
    "abisect": "bisecting:abisect",
    "bisect_beside": "bisecting:bisect_beside",
    "Bisected": "bisecting:Bisected",
    "Bisecting": "bisecting:Bisecting",
    "Visit": "bisecting:Visit",
    "Forked": "forking:Forked",
    "Forking": "forking:Forking",
    "Session": "session:Session",
    "Settings": "settings:Settings",
    "Trajectory": "trajectory:Trajectory",
    "Report": "replay.report:Report",
    "Edit": "document.edits:Edit",
    "new_action": "dialects.newevents:new_action",
    "new_command": "dialects.newevents:new_command",
    "user_message": "dialects.newevents:user_message",
    "Delivery": "settings:Delivery",
    "State": "replay.states:State",
    "Stop": "replay.states:Stop",
    "Mode": "replay.states:Mode",
    "load_config": "settings:load_config",
    "set_config": "settings:set_config",
    "settings_from": "settings:settings_from",
    "keeping_places": "settings:keeping_places",
    "trust_config": "config:trust_config",
    "untrust_config": "config:untrust_config",
    "TrajError": "errors:TrajError",
    "BadInput": "errors:BadInput",
    "FileChanged": "errors:FileChanged",
    "RowNeeded": "formats.base:RowNeeded",
    "Refused": "errors:Refused",
    "SandboxUnavailable": "errors:SandboxUnavailable",
    "ModelUnavailable": "errors:ModelUnavailable",
    "Unconfirmed": "errors:Unconfirmed",
    "Confirm": "live.confirming:Confirm",
    "Verdict": "live.confirming:Verdict",
    "register_dialect": "dialects.registry:register_dialect",
    "register_format": "formats.registry:register_format",
    "register_runtime": "runtimes.registry:register_runtime",
    "register_sandbox": "sandbox.registry:register_sandbox",
    "sandbox_names": "sandbox.registry:sandbox_names",
    "errors": "errors",
    "notices": "notices",
    "options": "options",
    "search": "search",
}
"""Every public name: the module below this one where it is, and what it is called there."""

__all__ = [*_PUBLIC]

if TYPE_CHECKING:
    from trajcore import errors as errors
    from trajcore import notices as notices
    from trajcore import options as options
    from trajcore import search as search
    from trajcore.api import STANDARD_INPUT as STANDARD_INPUT
    from trajcore.api import afork as afork
    from trajcore.api import areplay as areplay
    from trajcore.api import open as open
    from trajcore.api import read_standard_input as read_standard_input
    from trajcore.api import replay as replay
    from trajcore.bisecting import Bisected as Bisected
    from trajcore.bisecting import Bisecting as Bisecting
    from trajcore.bisecting import Visit as Visit
    from trajcore.bisecting import abisect as abisect
    from trajcore.bisecting import bisect_beside as bisect_beside
    from trajcore.config import trust_config as trust_config
    from trajcore.config import untrust_config as untrust_config
    from trajcore.dialects.newevents import new_action as new_action
    from trajcore.dialects.newevents import new_command as new_command
    from trajcore.dialects.newevents import user_message as user_message
    from trajcore.dialects.registry import register_dialect as register_dialect
    from trajcore.document.edits import Edit as Edit
    from trajcore.errors import BadInput as BadInput
    from trajcore.errors import FileChanged as FileChanged
    from trajcore.errors import ModelUnavailable as ModelUnavailable
    from trajcore.errors import Refused as Refused
    from trajcore.errors import SandboxUnavailable as SandboxUnavailable
    from trajcore.errors import TrajError as TrajError
    from trajcore.errors import Unconfirmed as Unconfirmed
    from trajcore.forking import Forked as Forked
    from trajcore.forking import Forking as Forking
    from trajcore.formats.base import RowNeeded as RowNeeded
    from trajcore.formats.registry import register_format as register_format
    from trajcore.live.confirming import Confirm as Confirm
    from trajcore.live.confirming import Verdict as Verdict
    from trajcore.replay.report import Report as Report
    from trajcore.replay.states import Mode as Mode
    from trajcore.replay.states import State as State
    from trajcore.replay.states import Stop as Stop
    from trajcore.runtimes.registry import register_runtime as register_runtime
    from trajcore.sandbox.registry import register_sandbox as register_sandbox
    from trajcore.sandbox.registry import sandbox_names as sandbox_names
    from trajcore.session import Session as Session
    from trajcore.settings import Delivery as Delivery
    from trajcore.settings import Settings as Settings
    from trajcore.settings import keeping_places as keeping_places
    from trajcore.settings import load_config as load_config
    from trajcore.settings import set_config as set_config
    from trajcore.settings import settings_from as settings_from
    from trajcore.trajectory import Trajectory as Trajectory


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _PUBLIC[name].partition(":")
    found = importlib.import_module(f"{__name__}.{module}")
    value = getattr(found, attribute) if attribute else found
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
