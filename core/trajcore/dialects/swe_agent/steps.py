"""Which events the steps of a trajectory are, and what answers what.

A step holds a command and what came of it; or a reply that could not be used, and why. Before the steps
stands what the model was told, in the history.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trajcore.dialects.recording import Slot, Text
from trajcore.dialects.shapes import object_in, objects_in, word
from trajcore.dialects.swe_agent.aligning import Aligned, aligned, is_demo, prompt_of
from trajcore.dialects.swe_agent.setup import CALLS, Setup, setup_in
from trajcore.dialects.swe_agent.wire import Record, calls_of, read
from trajcore.events.kinds import ERROR, FINISH, MESSAGE, RUN, SYSTEM
from trajcore.formats.json.reading import as_object

BASH: Final = "bash"
_ENDED: Final = ("Exited (", "Exit due to")
"""How what the program says in place of an output begins where it has ended the run."""


class SweSlot(Slot, gc=False):
    """An event: which entries of the history are its step's, and what is known of its command."""

    entry: int | None = None
    """The entry that is its reply; of what stands in the history alone, its own."""
    answer: int | None = None
    upto: int = 0
    """So many entries stand before those of its step."""
    is_call: bool = False
    """Whether its command is said by a call."""
    tool: str = ""
    """The agent's own tool that it calls; empty: a command for any shell."""
    was_run: bool = True
    of: SweSlot | None = None
    """The command that it is what came of."""
    spent: dict[str, Any] | None = None


class Steps:
    """Goes through the steps once."""

    def __init__(self, records: Sequence[Text]) -> None:
        found = [read(record) for record in records]
        self.has_around = bool(found) and found[0].is_around
        self.first = int(self.has_around)
        """The record that is the first step."""
        self.around: Mapping[str, Any] = as_object(records[0]) if self.has_around else {}
        self.steps: list[Record] = found[self.first :]
        self.is_history = not self.has_around and bool(found) and found[0].is_entry
        """Whether the records are the entries of a history that stands alone."""
        told = map(as_object, records) if self.is_history else objects_in(self.around, "history")
        self.history: list[Mapping[str, Any]] = list(told)
        self.setup: Setup = setup_in(self.around)
        self.slots: list[SweSlot] = []

    def found(self) -> list[SweSlot]:
        """All events, in order."""
        if self.is_history:
            self._entries()
        else:
            for at in prompt_of(self.history):
                self._told(f"entry {at}", at, 0, self.history[at])
            pairs = zip(self.steps, aligned(self.history, self.steps), strict=True)
            for at, (step, places) in enumerate(pairs, self.first):
                self._step(at, step, places)
        kinds = (RUN, FINISH, MESSAGE)
        said = [slot for slot in self.slots if slot.action in kinds and slot.source == "agent"]
        if said:
            said[-1].spent = _spent(self.setup.info)
        return self.slots

    def _add(self, slot: SweSlot, places: Aligned | None = None) -> SweSlot:
        if places is not None:
            slot.entry, slot.answer, slot.upto = places.entry, places.answer, places.upto
        self.slots.append(slot)
        return slot

    def _told(self, key: str, entry: int, record: int, of: Mapping[str, Any]) -> None:
        kind, source = (SYSTEM, "agent") if of.get("role") == "system" else (MESSAGE, "user")
        self._add(SweSlot(key, (record,), kind, source=source, entry=entry))

    def _step(self, at: int, step: Record, places: Aligned) -> None:
        reply = f"step {at}"
        said = step.ours.get("message")
        if said == "error":
            self._add(SweSlot("result", (at,), observation=ERROR, source="environment"), places)
        elif said is not None:
            self._add(SweSlot("said", (at,), MESSAGE, source=str(said)), places)
        elif not step.action and str(step.observation).startswith(_ENDED):
            self._add(SweSlot("result", (at,), observation=ERROR, source="environment"), places)
        elif not step.action:
            of = self._add(SweSlot("said", (at,), MESSAGE, source="agent", response=reply), places)
            error = SweSlot("result", (at,), observation=ERROR, source="environment", response=reply)
            self._add(error, places).was_run = of.was_run = False
        elif self._is_submission(step):
            self._add(SweSlot("command", (at,), FINISH, source="agent"), places)
        else:
            self._command(at, step, places, reply)

    def _is_submission(self, step: Record) -> bool:
        """Whether a step gave what the run has come to."""
        submission = self.setup.info.get("submission")
        submits = str(step.action).strip().split(" ")[0] == "submit"
        return submits and isinstance(submission, str) and step.observation == submission

    def _command(self, at: int, step: Record, places: Aligned, reply: str) -> None:
        entry = self.history[places.entry] if places.entry is not None else {}
        calls = calls_of(entry)
        named = word(object_in(calls[0], "function"), "name") if calls else ""
        is_call = bool(calls) or (places.entry is None and self.setup.parser == CALLS)
        slot = SweSlot(
            "command", (at,), RUN, source="agent", response=reply, is_call=is_call,
            tool_call_id=word(calls[0], "id") or None if calls else None,
            tool=tool_of(str(step.action), named),
            was_run=not step.was_not_run or bool(step.ours),
        )  # fmt: skip
        self._add(slot, places)
        if step.ours.get("unanswered") is True:
            return
        result = SweSlot("result", (at,), observation=RUN if slot.was_run else ERROR, source="agent",
                         response=reply, of=slot, tool_call_id=slot.tool_call_id)  # fmt: skip
        result.tool, result.was_run = slot.tool, slot.was_run
        self._add(result, places)

    # A history that stands alone

    def _entries(self) -> None:
        prompt = frozenset(prompt_of(self.history))
        before: SweSlot | None = None
        for at, (entry, record) in enumerate(zip(self.history, self.steps, strict=True)):
            if record.role == "assistant" and record.action and not is_demo(entry):
                calls = calls_of(entry)
                named = word(object_in(calls[0], "function"), "name") if calls else ""
                before = self._add(SweSlot(
                    "entry", (at,), RUN, source="agent", entry=at, response=f"entry {at}",
                    is_call=bool(calls), tool=tool_of(str(record.action), named),
                    tool_call_id=word(calls[0], "id") or None if calls else None,
                ))  # fmt: skip
            elif before is not None and record.role in ("tool", "user") and record.trajtui is None:
                self._add(SweSlot("entry", (at,), observation=RUN, source="agent", entry=at, of=before,
                                  response=before.response, tool_call_id=before.tool_call_id))  # fmt: skip
                before = None
            elif record.role == "assistant":
                before = None
                self._add(SweSlot("entry", (at,), MESSAGE, source="agent", entry=at))
            elif at in prompt or record.role in ("system", "user", "tool"):
                before = None
                self._told("entry", at, at, entry)


OWN: Final = (
    "open", "goto", "scroll_down", "scroll_up", "create", "edit", "insert", "find_file", "search_dir",
    "search_file", "filemap", "submit", "exit_forfeit", "view_image", "str_replace_editor",
    "connect_start", "connect_sendline", "connect_exec", "connect_stop", "debug_start",
    "debug_add_breakpoint", "debug_continue", "debug_step", "debug_exec", "debug_stop", "decompile",
    "disassemble", "open_site", "close_site", "click_mouse", "type_text", "scroll_on_page",
)  # fmt: skip
"""What the tools of its bundles are called."""


_CALLED: Final = re.compile(rf"(?:^|&&|\|\||[;|])\s*({'|'.join(OWN)})(?=\s|$)")


def tool_of(action: str, named: str) -> str:
    """The agent's own tool that an action calls; `named` is what its call names."""
    if named and named != BASH:
        return named
    found = _CALLED.search(action.partition("<<")[0])
    return found[1] if found else ""


def _spent(info: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the whole run has come to."""
    told = object_in(info, "model_stats")
    cost, sent, received = (told.get(key) for key in ("instance_cost", "tokens_sent", "tokens_received"))
    if not isinstance(cost, int | float):
        return None
    tokens = {"prompt_tokens": sent, "completion_tokens": received}
    usage = {key: value for key, value in tokens.items() if isinstance(value, int)}
    return {"accumulated_cost": float(cost), "accumulated_token_usage": usage}
