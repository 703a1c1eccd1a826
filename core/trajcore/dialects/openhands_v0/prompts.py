"""What OpenHands' terminals have left in recorded output: prompts, which no command has written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from trajcore.dialects.base import Unwrapped

if TYPE_CHECKING:
    from trajcore.events.observations import CommandMetadata

_BEGIN: Final = "###PS1JSON###"
_END: Final = "###PS1END###"
_EITHER: Final = "###PS1"
_TOLD_IN_2024: Final = frozenset({"exit_code", "pid"})

_PROMPT: Final = re.compile(r"(?:(?P<user>[\w.-]+)@(?P<host>[\w.-]+):(?P<directory>[^\r\n]+) )?[#$] ?")
_INTERPRETER: Final = re.compile(r"\[Python Interpreter: [^\r\n\]]*\]")


def without_prompts(text: str, told: CommandMetadata | None) -> Unwrapped:
    """The output of a command without the prompts in it; `told` is what was recorded of how it ended.

    Since 2025 a prompt is a block of JSON that is taken out, but for one that was broken. Until then the next
    one stands behind the output: the last line, where it is one, and the interpreter named above it.
    """
    if _EITHER in text:
        text = _without_blocks(text)
    code = None if told is None else told.exit_code
    if told is None or not told.model_fields_set >= _TOLD_IN_2024 or told.hostname is not None:
        return Unwrapped(text, code)
    before, _, last = text.rpartition("\n")
    prompt = _PROMPT.fullmatch(last)
    if prompt is None:
        return Unwrapped(text, code)
    before, newline, last = before.rstrip().rpartition("\n")
    output = before if _INTERPRETER.fullmatch(last) else f"{before}{newline}{last}"
    return Unwrapped(output.strip(), code, **prompt.groupdict())


def _without_blocks(text: str) -> str:
    """Without each prompt, the end of one at the beginning, and the beginning of one at the end."""
    *parts, rest = text.split(_END)
    kept = [part.partition(_BEGIN)[0] for part in parts]
    if parts and _BEGIN not in parts[0] and parts[0].rstrip().endswith("}"):
        kept[0] = ""
    return "".join([*kept, rest.partition(_BEGIN)[0]])
