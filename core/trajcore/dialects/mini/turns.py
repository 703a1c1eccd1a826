"""Which events the messages of a trajectory are, and what answers what.

A message of the model's holds an event for each of its commands, or one for its text where it has none. What
a command came to is a message behind it. Of some commands the agent wrote that they were not executed, or
nothing: what stands behind their turn says which of them ran.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from trajcore.dialects.mini.blocks import command_in, pattern_of
from trajcore.dialects.mini.setup import Setup, setup_of
from trajcore.dialects.mini.spending import Spending
from trajcore.dialects.mini.wire import Message, read
from trajcore.dialects.recording import Slot, Text
from trajcore.events.kinds import ERROR, FINISH, MESSAGE, RUN, SYSTEM, USER_REJECTED
from trajcore.runtimes.mini.wording import NOT_EXECUTED, said_in

SUBMITTED: Final = "Submitted"
FINISH_MARKS: Final = ("COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "MINI_SWE_AGENT_FINAL_OUTPUT")
"""First lines of an output with which the agent submits what stands behind them."""

TOOL: Final = "tool"
TEXT: Final = "text"
RESPONSES: Final = "responses"
HUMAN: Final = "human"
"""How a command is said: by a call, in a block, by an item of the Responses interface, by the user."""

_REFUSED: Final = re.compile(r"Commands? not executed\.")
_INTERRUPTED: Final = re.compile(r"(?:Temporary interruption caught|Interrupted by user|Interruption)\b")
_UNPARSED: Final = re.compile(r"Please always provide EXACTLY ONE|Format error\b")
_TYPED: Final = "User command:"


class MiniSlot(Slot, gc=False):
    """An event: how its command is said and where, what it answers, what is known of its end."""

    form: str = TEXT
    part: int = 0
    """Which of the commands of its message it is."""
    call: int | None = None
    """Where among the message's calls, or items, it stands."""
    pattern: str = ""
    """The expression by which the command is found in the text."""
    is_first: bool = True
    spent: dict[str, Any] | None = None
    of: MiniSlot | None = None
    """The command that it is what came of."""
    unanswered: bool = False
    """Nothing is recorded of it, and nothing says that it was executed."""
    is_last: bool = False
    """It is how the trajectory ends."""


class _Turn:
    """The commands of one message that wait for their results, and those results."""

    def __init__(self, slots: Sequence[MiniSlot], messages: Sequence[Message]) -> None:
        self.slots = slots
        self.is_ours = bool(slots) and messages[slots[0].records[0]].noted.trajtui is not None
        self.results: dict[int, MiniSlot] = {}

    @property
    def waiting(self) -> MiniSlot | None:
        """The first command without a result."""
        return next((slot for slot in self.slots if slot.part not in self.results), None)

    def answered_by(self, call: Any) -> MiniSlot | None:
        """The command that the result of a call belongs to."""
        named = [slot for slot in self.slots if slot.tool_call_id == call and slot.part not in self.results]
        return named[0] if named and call is not None else None


class Turns:
    """Goes through the messages once."""

    def __init__(self, records: Sequence[Text]) -> None:
        self._setup: Setup = setup_of(records)
        self._messages = [read(record) for record in records]
        self._spending = Spending(self._setup.model)
        self._turn = _Turn((), ())
        self._commands: dict[int, list[str]] = {}
        self.slots: list[MiniSlot] = []

    def found(self) -> list[MiniSlot]:
        """All events, in order."""
        for at, message in enumerate(self._messages):
            if message.is_around:
                continue
            self._see(at, message)
        self._close(None)
        return self.slots

    def _see(self, at: int, message: Message) -> None:
        if self._is_end_of_v1(message):
            status = self._setup.exit_status
            self._exits(at, message, SUBMITTED if status is None else status)
        elif message.is_reply:
            self._close(message)
            self._said(at, message)
        elif message.role in ("system", "developer"):
            self._close(message)
            self._add(MiniSlot("system", (at,), SYSTEM, source="agent"))
        elif message.role == "exit":
            self._exits(at, message, message.noted.exit_status)
        elif not self._is_result(at, message):
            self._heard(at, message, self._close(message))

    def _add(self, slot: MiniSlot) -> MiniSlot:
        self.slots.append(slot)
        return slot

    # What a model says

    def _said(self, at: int, message: Message) -> None:
        spent = self._spending.add(message)
        slots = self._commands_of(at, message)
        if not slots:
            reply = f"reply {at}"
            self._add(MiniSlot("text", (at,), MESSAGE, source="agent", spent=spent, response=reply))
            return
        slots[0].spent = spent
        for slot in slots:
            slot.response = f"reply {at}"
            self._add(slot)
        self._turn = _Turn(slots, self._messages)

    def _commands_of(self, at: int, message: Message) -> list[MiniSlot]:
        actions = _actions(message)
        calls = _calls(message)
        if not actions and calls:
            actions = [{"command": command, "tool_call_id": call} for _, call, command in calls if command]
        form = RESPONSES if message.role is None else TOOL if calls else TEXT
        text = message.text
        pattern = pattern_of(text, self._setup.pattern) if form == TEXT else ""
        if not actions and form == TEXT and pattern:
            actions = [{"command": command_in(text, pattern)}]
        self._commands[at] = [str(action["command"]) for action in actions]
        places = {call: place for place, call, _ in reversed(calls)}
        return [
            MiniSlot(
                f"command {part}", (at,), RUN, source="agent",
                tool_call_id=_name(action.get("tool_call_id")),
                form=form, part=part, call=places.get(action.get("tool_call_id")), pattern=pattern,
                is_first=not part,
            )
            for part, action in enumerate(actions)
        ]  # fmt: skip

    # What comes back

    def _is_result(self, at: int, message: Message) -> bool:
        """Whether a message that no model said is what a command came to; it is added then."""
        noted = message.noted
        told = noted.returncode is not None or noted.raw_output is not None
        call = message.tool_call_id if message.role == "tool" else message.call_id
        if message.role == "tool" or message.type == "function_call_output":
            of = self._turn.answered_by(call) or (self._turn.waiting if call is None else None)
            self._result(at, message, of)
            return True
        if told and noted.interrupt_type is None:
            self._result(at, message, self._turn.waiting)
            return True
        of = self._turn.waiting
        if of is None or of.form not in (TEXT, HUMAN) or self._is_v2 or noted.interrupt_type is not None:
            return False
        return self._is_text_result(at, message, of)

    @property
    def _is_v2(self) -> bool:
        return self._setup.version > 1

    def _is_text_result(self, at: int, message: Message, of: MiniSlot) -> bool:
        """Version 1 says nothing of a message but its text: behind a command it is mostly a result."""
        text = message.text
        if _REFUSED.match(text) or _INTERRUPTED.match(text):
            kind = USER_REJECTED if _REFUSED.match(text) else ERROR
            self._answer(MiniSlot("result", (at,), observation=kind, source="agent", form=of.form), of)
            return True
        if message.noted.actions is not None or message.noted.trajtui is not None or text.startswith(_TYPED):
            return False
        self._result(at, message, of)
        return True

    def _is_end_of_v1(self, message: Message) -> bool:
        """Whether a message of version 1 says how it ended: in the submission's words, or in none."""
        if message.role != "user" or self._is_v2 or message.extra is not None or not self._turn.slots:
            return False
        text, status = message.text, self._setup.exit_status
        if said_in(text) is not None:
            return False
        if status not in (None, SUBMITTED):
            return text in ("", status)
        if not self._submits(self._turn.slots[-1]):
            return False
        return text == self._setup.submission if self._setup.is_known else not _REFUSED.match(text)

    def _result(self, at: int, message: Message, of: MiniSlot | None) -> None:
        slot = MiniSlot("result", (at,), observation=RUN, source="agent", form=of.form if of else TEXT)
        call = message.tool_call_id if message.tool_call_id is not None else message.call_id
        slot.tool_call_id = _name(call)
        if of is None:
            self._add(slot)
        else:
            self._answer(slot, of)

    def _answer(self, slot: MiniSlot, of: MiniSlot) -> None:
        slot.of = of
        slot.source = of.source
        slot.response = of.response
        self._turn.results[of.part] = slot
        self._add(slot)

    # What the user and the program say

    def _heard(self, at: int, message: Message, ended: str | None) -> None:
        """`ended` is the reply of the turn that it says the end of."""
        noted = message.noted
        if noted.interrupt_type == "FormatError" or self._is_format_error(message):
            spent = self._spending.add(message) if noted.response is not None else None
            error = MiniSlot("error", (at,), observation=ERROR, source="environment", spent=spent)
            before = self.slots[-1] if self.slots else None
            if noted.interrupt_type is None and before is not None and before.action == MESSAGE:
                error.response = before.response  # the reply that it is about is a message of its own
            self._add(error)
            return
        typed = self._typed(at, message)
        if typed is not None:
            self._add(typed)
            self._turn = _Turn((typed,), self._messages)
            return
        heard = self._add(MiniSlot("heard", (at,), MESSAGE, source="user"))
        heard.response = ended

    def _is_format_error(self, message: Message) -> bool:
        """Version 1: the answer to a text in which no command, or several, were found."""
        return not self._is_v2 and bool(_UNPARSED.match(message.text))

    def _typed(self, at: int, message: Message) -> MiniSlot | None:
        actions, text = _actions(message), message.text
        pattern = pattern_of(text, "")
        if not actions and text.startswith(_TYPED) and pattern:
            actions = [{"command": command_in(text, pattern)}]
        if len(actions) != 1:
            return None
        self._commands[at] = [str(actions[0]["command"])]
        return MiniSlot(
            "command 0", (at,), RUN, source="user", form=HUMAN, pattern=pattern, response=f"reply {at}"
        )

    def _exits(self, at: int, message: Message, status: Any) -> None:
        ended = self._close(message, submitted=status == SUBMITTED)
        if status == SUBMITTED or status is None:
            slot = MiniSlot("exit", (at,), FINISH, source="agent", is_last=True)
        else:
            slot = MiniSlot("exit", (at,), observation=ERROR, source="environment", is_last=True)
        slot.response = ended
        self._add(slot)

    # What became of a turn

    def _close(self, behind: Message | None, *, submitted: bool = False) -> str | None:
        """A turn is over: what stands behind it says what was executed of it, and then belongs to it.

        The answer is its reply, where that is so.
        """
        turn, self._turn = self._turn, _Turn((), ())
        interrupt = behind.noted.interrupt_type if behind is not None else None
        submitted = submitted or interrupt == "UserNewTask"
        submitting = next((slot for slot in turn.slots if self._submits(slot)), None) if submitted else None
        belongs = submitting is not None
        for slot in turn.slots:
            result = turn.results.get(slot.part)
            ran = submitting is not None and slot.part <= submitting.part
            if result is None:
                slot.unanswered = not ran and not turn.is_ours
            elif result.observation == RUN and self._was_not_executed(result):
                if slot is submitting:  # it was executed: its output is the submission
                    continue
                belongs = belongs or interrupt is not None
                result.observation = USER_REJECTED if interrupt == "UserRejection" else ERROR
        return turn.slots[0].response if belongs else None

    def _was_not_executed(self, result: MiniSlot) -> bool:
        noted = self._messages[result.records[0]].noted
        return bool(noted.returncode == -1 and noted.exception_info == NOT_EXECUTED)

    def _submits(self, slot: MiniSlot) -> bool:
        commands = self._commands.get(slot.records[0], ())
        command = commands[slot.part] if slot.part < len(commands) else ""
        return any(mark in command for mark in FINISH_MARKS)


def _name(call: Any) -> str | None:
    return call if isinstance(call, str) else None


def _actions(message: Message) -> list[dict[str, Any]]:
    """What was parsed of a message and executed."""
    listed = message.noted.actions
    found = listed if isinstance(listed, list) else []
    return [one for one in found if isinstance(one, dict) and isinstance(one.get("command"), str)]


def _calls(message: Message) -> list[tuple[int, Any, str | None]]:
    """The calls of a message: where each stands, its id, the command that it asks for."""
    if message.role is None and isinstance(message.output, list):
        items = ((at, item) for at, item in enumerate(message.output) if isinstance(item, dict))
        calls = ((at, item) for at, item in items if item.get("type") == "function_call")
        return [(at, item.get("call_id"), _command(item.get("arguments"))) for at, item in calls]
    found = []
    listed = message.tool_calls if isinstance(message.tool_calls, list) else []
    for at, call in enumerate(listed):
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            found.append((at, call.get("id"), _command(function.get("arguments"))))
    return found


def _command(arguments: Any) -> str | None:
    try:
        given = json.loads(arguments) if isinstance(arguments, str) else arguments
    except (ValueError, RecursionError):
        return None
    command = given.get("command") if isinstance(given, dict) else None
    return command if isinstance(command, str) else None
