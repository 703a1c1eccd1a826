"""What an action says, as blocks: a row a kind where the table of kinds does not tell how it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from trajcore.dialects.replies import json_object
from trajcore.events.kinds import (
    BROWSE,
    BROWSE_INTERACTIVE,
    CALL_TOOL_MCP,
    CHANGE_AGENT_STATE,
    CONDENSATION,
    DELEGATE,
    EDIT,
    LOOP_RECOVERY,
    READ,
    TASK_TRACKING,
    WRITE,
    ActionKind,
)
from trajcore.live.messages.pictures import addresses
from trajcore.pictures import Picture
from trajcore.text import safe_line
from trajcore.views.blocks import (
    BLANK,
    Block,
    BlockKind,
    code,
    note,
    picture_block,
    prose,
    text_of,
)
from trajcore.views.editdiff import edit_blocks
from trajcore.views.folding import Fold
from trajcore.views.values import value_blocks

Args = Mapping[str, Any]
Body = Callable[[Args], "list[Block]"]

_SYSTEM_PROMPT: Final = Fold(12)
_ASIDE: Final = frozenset({
    "thought", "security_risk", "confirmation_state", "is_static", "impl_source", "include_extra",
    "kernel_init_code", "translated_ipython_code", "wait_for_response", "return_axtree",
    "browsergym_send_msg_to_user",
})  # fmt: skip
"""What is said elsewhere, or says nothing to who reads an event; its form has all of it."""


def action_body(kind: ActionKind, args: Args, changed: str = "") -> list[Block]:
    """What an action of a kind says, with the pictures that come with it.

    `changed` is a diff of what an edit has changed, where that is known.
    """
    if kind.name == EDIT:
        blocks = edit_blocks(args, changed)
    elif kind.name in _BODIES:
        blocks = _BODIES[kind.name](args)
    elif kind.body is not None:
        blocks = _main(kind, *kind.body, args)
    else:
        blocks = _rest(args, {"image_urls"})
    blocks += [picture_block(Picture.at(url)) for url in addresses(args.get("image_urls"))]
    return blocks[1:] if blocks[:1] == [BLANK] else blocks


def _main(kind: ActionKind, field: str, language: str, args: Args) -> list[Block]:
    """The field that is shown at full length, what is beside it, and the flags that are set."""
    text = text_of(args.get(field))
    fold = _SYSTEM_PROMPT if kind.system_prompt else None
    blocks = [prose(text, fold) if language == "markdown" else code(text, language)] if text else []
    return blocks + _rest(args, {field, "image_urls", *kind.flags}) + _flags(args, reversed(kind.flags))


def _flags(args: Args, names: Iterator[str]) -> list[Block]:
    """Those that are set: most never are."""
    shown = [f"{name}: true" for name in names if args.get(name) is True]
    return [BLANK, note("   ".join(shown))] if shown else []


def _rest(args: Args, shown: set[str]) -> list[Block]:
    """All that is left, as JSON; what is empty says nothing."""
    left = {name: value for name, value in args.items() if name not in _ASIDE | shown and _says(name, value)}
    return [BLANK, *value_blocks(left)] if left else []


def _says(name: str, value: Any) -> bool:
    return value not in (None, "", [], {}) and (name, value) not in (("start", 0), ("end", -1))


def _read(args: Args) -> list[Block]:
    return [_place(args), *_rest(args, {"path", "start", "end", "view_range"})]


def _write(args: Args) -> list[Block]:
    path = text_of(args.get("path"))
    content = code(text_of(args.get("content")), language_of(path))
    return [_place(args), BLANK, content, *_rest(args, {"path", "start", "end", "content"})]


def language_of(path: str) -> str:
    """What the text of a file is written in, for a block: a name behind a slash is that of a file."""
    return "/" + path.rpartition("/")[2]


def _place(args: Args) -> Block:
    """The file, and which of its lines."""
    path = safe_line(text_of(args.get("path")))
    lines = _lines(args)
    return Block(BlockKind.TEXT, f"{path}  {lines}" if lines else path)


def _lines(args: Args) -> str:
    """The editor counts from 1; the older way of saying it from 0, with an end that is not among them."""
    match args.get("view_range"):
        case [int(first), int(last)]:
            return _from_to(first, last)
    match args.get("start"), args.get("end"):
        case int(first), int(last) if (first, last) not in ((0, -1), (1, -1)):
            return _from_to(first + 1, last)
    return ""


def _from_to(first: int, last: int) -> str:
    return f"from line {first}" if last == -1 else f"lines {first}–{last}"


def _browse(args: Args) -> list[Block]:
    return [Block(BlockKind.TEXT, safe_line(text_of(args.get("url")))), *_rest(args, {"url"})]


def _browse_interactive(args: Args) -> list[Block]:
    return [code(text_of(args.get("browser_actions")), "python"), *_rest(args, {"browser_actions"})]


def _mcp(args: Args) -> list[Block]:
    given = args.get("arguments")
    arguments = json_object(given) if isinstance(given, str) else given
    name = Block(BlockKind.TEXT, safe_line(text_of(args.get("name"))))
    shown = value_blocks(given if arguments is None else arguments) if given else ()
    return [name, *shown, *_rest(args, {"name", "arguments"})]


def _delegate(args: Args) -> list[Block]:
    given = args.get("inputs")
    inputs = dict(given) if isinstance(given, dict) else {}
    task = inputs.pop("task", None)
    blocks = [Block(BlockKind.TEXT, f"to {safe_line(text_of(args.get('agent')) or '?')}")]
    blocks += [BLANK, prose(text_of(task))] if task else []
    return blocks + _rest(
        {**args, "inputs": inputs or (None if isinstance(given, dict) else given)}, {"agent"}
    )


def _condensation(args: Args) -> list[Block]:
    """Which events a model is no longer shown, and what it is told of them."""
    first, last = args.get("forgotten_events_start_id"), args.get("forgotten_events_end_id")
    listed = args.get("forgotten_event_ids")
    ids = listed if isinstance(listed, list) else []
    what = f"{first} to {last}" if first is not None else ", ".join(map(str, ids)) or "none"
    blocks = [note(f"forgotten events: {what}")]
    if args.get("summary"):
        blocks += [BLANK, prose(text_of(args["summary"]))]
    told = {"forgotten_events_start_id", "forgotten_events_end_id", "forgotten_event_ids", "summary"}
    return blocks + _rest(args, {*told, "summary_offset"})


def _tasks(args: Args) -> list[Block]:
    listed = task_list(args.get("task_list"))
    return [
        note(text_of(args.get("command"))),
        *listed,
        *_rest(args, {"command"} | ({"task_list"} if listed else set())),
    ]


_DONE: Final = {"done": "[x]", "in_progress": "[~]"}


def task_list(tasks: object) -> list[Block]:
    """A list of tasks, a line each behind a box; nothing where it is none."""
    if not isinstance(tasks, list) or not all(isinstance(task, dict) and "title" in task for task in tasks):
        return []
    return [Block(BlockKind.TEXT, "\n".join(map(_task, tasks)))] if tasks else []


def _task(task: Mapping[str, Any]) -> str:
    box = _DONE.get(str(task.get("status")), "[ ]")
    notes = safe_line(text_of(task.get("notes")))
    return f"{box} {safe_line(text_of(task['title']))}" + (f"\n      {notes}" if notes else "")


def _of_field(name: str) -> Body:
    def blocks(args: Args) -> list[Block]:
        return [Block(BlockKind.TEXT, safe_line(text_of(args.get(name)))), *_rest(args, {name})]

    return blocks


_BODIES: Final[Mapping[str, Body]] = {
    READ: _read,
    WRITE: _write,
    BROWSE: _browse,
    BROWSE_INTERACTIVE: _browse_interactive,
    CALL_TOOL_MCP: _mcp,
    DELEGATE: _delegate,
    CONDENSATION: _condensation,
    TASK_TRACKING: _tasks,
    CHANGE_AGENT_STATE: _of_field("agent_state"),
    LOOP_RECOVERY: _of_field("option"),
}
