"""What the user typed into a running program, typed once more where a saved run is replayed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from trajcore.events.satisfied import typed_into

if TYPE_CHECKING:
    from trajcore.events.base import Observation
    from trajcore.sandbox.base import Emit, Outcome, Patience, Sandbox

_SECRET: Final = re.compile(
    rb"pass(?:word|wort|wd|phrase|code)|secret|token|api.?key|\b(?:pin|otp|2fa)\b|verification code",
    re.IGNORECASE,
)


def until_quiet(patience: Patience, recorded: Observation | None) -> Patience:
    """The patience with a command into which something is to be typed: it is, once the command is quiet."""
    return replace(patience, satisfied=_is_quiet) if typed_into(recorded) else patience


async def type_as_then(
    outcome: Outcome, recorded: Observation | None, sandbox: Sandbox, patience: Patience, emit: Emit
) -> Outcome:
    """Type what was typed then, each time that the command is quiet; what came of it all together.

    Raises `SandboxUnavailable`.
    """
    waiting = [*typed_into(recorded)]
    while waiting and outcome.still_running is not None:
        text = waiting.pop(0)
        shown = await sandbox.type(text.encode("utf-8", "surrogateescape"), emit)
        echo = b"" if shown else echo_of(text)
        emit(echo)
        wait = replace(patience, satisfied=_is_quiet) if waiting else patience
        after = await sandbox.follow(wait, emit)
        outcome = replace(after, output=outcome.output + echo + after.output)
    return outcome


def echo_of(text: str) -> bytes:
    """What a terminal shows of a text that is typed: no control character but the end of a line."""
    shown = "".join(letter for letter in text if letter == "\n" or letter.isprintable())
    return shown.encode("utf-8", "surrogateescape")


def asks_in_secret(written: bytes) -> bool:
    """Whether what a command has written last asks for what no terminal shows, and no file is to keep.

    The terminal does not tell: it gives back nothing of what is typed, so that a shell does not repeat what
    is typed for it here.
    """
    return _SECRET.search(written[written.rfind(b"\n") + 1 :]) is not None


def _is_quiet(output: bytes) -> bool:
    """Asked once there was no output for a while."""
    return True
