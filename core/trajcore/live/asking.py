"""Asks the user about an action of the model, and waits for their word."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from trajcore import notices
from trajcore.errors import BadInput, Refused
from trajcore.events.kinds import RUN, RUN_IPYTHON, Treatment, action_kind
from trajcore.live.confirming import Confirm, Confirmation, Verdict
from trajcore.masking import known
from trajcore.replay.states import State

if TYPE_CHECKING:
    from trajcore.dialects.replies import Call
    from trajcore.dialects.toolmap import ToolMap
    from trajcore.live.risks.commands import Place

_WHOLE: Final = {RUN: "command", RUN_IPYTHON: "code"}
"""The field that is all of an action of these kinds; of others, all arguments are shown and edited."""
_ALL_ASKED: Final = "every action is asked for"


@dataclass(frozen=True)
class Settled:
    """What is to become of an action: its call, edited perhaps, and whether it is carried out.

    `refused` by the user, or `stopped`: what ends the agent's turn once the action is in the run.
    """

    call: Call
    refused: bool = False
    stopped: Exception | None = None


class Asking:
    """The question of a session that is open, if one is: there is one at a time."""

    def __init__(
        self,
        confirmation: Confirmation,
        tools: ToolMap,
        place: Callable[[], Place],
        set_state: Callable[[State], None],
        tell: notices.Listener,
    ) -> None:
        """`place` tells where an action would run, `confirmation` what is asked for."""
        self._confirmation = confirmation
        self._tools = tools
        self._place = place
        self._set_state = set_state
        self._tell = tell
        self._call: Call | None = None
        self._settled: asyncio.Future[Settled] | None = None
        self.asked: notices.Asked | None = None
        """What waits for the user's word."""
        self.reasons: list[str] = []
        """Why actions were refused: the next messages of the user."""

    async def about(self, action: dict[str, Any], call: Call) -> Settled:
        """Ask about an action, if it is one that is asked for. Cancelled, the question is withdrawn."""
        asked = await self._question(action, call)
        if asked is None:
            return Settled(call)
        self._settled = asyncio.get_running_loop().create_future()
        self._call, self.asked = call, asked
        self._set_state(State.AWAITING_CONFIRMATION)
        self._tell(asked)
        try:
            return await self._settled
        finally:
            self._call = self._settled = self.asked = None

    def answer(self, verdict: Verdict, text: str = "") -> None:
        """Give the user's word; `text` is what to carry out instead, or why it is refused.

        Raises `Refused` where nothing is asked, `BadInput` where the text is no such action.
        """
        asked, call = self.asked, self._call
        if asked is None or call is None:
            raise Refused("no action waits for an answer")
        match verdict:
            case Verdict.APPROVE_ALL:
                self._confirmation.approved.update(asked.sorts)
            case Verdict.EDIT:
                call = self._edited(asked.kind, call, text)
            case Verdict.REFUSE if text.strip():
                self.reasons.append(text.strip())
        self._settle(Settled(call, refused=verdict is Verdict.REFUSE))

    def stop(self, error: Exception) -> None:
        """Nobody answers: the action is not carried out, and `error` ends the turn."""
        if self._call is not None:
            self._settle(Settled(self._call, stopped=error))

    def _settle(self, settled: Settled) -> None:
        """The question has its answer: another comes too late."""
        if self._settled is not None and not self._settled.done():
            self._settled.set_result(settled)
        self._call = self.asked = None

    async def _question(self, action: dict[str, Any], call: Call) -> notices.Asked | None:
        kind = action["action"]
        reaches = action_kind(kind).treatment in (Treatment.EXECUTE, Treatment.SERVE)
        if self._confirmation.policy is Confirm.NEVER or not reaches:
            return None
        rules = await asyncio.to_thread(_risks, action, self._place())
        sorts = self._confirmation.sorts(kind, rules)
        if not sorts:
            return None
        why = "; ".join(f"{name}: {what}" for name, what in rules.items()) or _ALL_ASKED
        text, editable = self._texts(kind, call)
        return notices.Asked(kind, text, why, sorts, editable)

    def _texts(self, kind: str, call: Call) -> tuple[str, str]:
        """All that an action would do, and the text that is edited."""
        arguments = call.parsed() or {}
        if kind in _WHOLE:
            text = str(arguments.get(self._parameter(kind), ""))
            return text, text
        lines = (f"{name}: {value}" for name, value in arguments.items())
        return "\n".join(lines), json.dumps(arguments, indent=2, ensure_ascii=False)

    def _parameter(self, kind: str) -> str:
        parameter = self._tools.parameter_of(kind, _WHOLE[kind])
        return _WHOLE[kind] if parameter is None else parameter.name

    def _edited(self, kind: str, call: Call, text: str) -> Call:
        from trajcore.live.tools import BadToolCall, to_action

        if kind in _WHOLE:
            if not text.strip():
                raise BadInput("there is nothing to run: refuse it, if it is not to be run")
            edited = call.with_arguments({**(call.parsed() or {}), self._parameter(kind): text})
        else:
            edited = replace(call, arguments=text)
        edited = replace(edited, arguments=known().text(edited.arguments))  # as the run will have it
        try:
            to_action(self._tools, edited.name, edited.arguments)
        except BadToolCall as error:
            raise BadInput(str(error)) from None
        return edited


def _risks(action: dict[str, Any], place: Place) -> dict[str, str]:
    """What is risky about an action: the names of the rules, with their words."""
    from trajcore.events.parse import parse
    from trajcore.live.risks.rules import risks

    event: Any = parse({"source": "agent", **action}).event
    return {rule.name: rule.what for rule in risks(action["action"], event.args, place)}
