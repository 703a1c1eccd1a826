"""Asks on the terminal about an action of the model, where there is no screen."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Final

import click

from trajcore import Verdict, notices
from trajcore.text import safe
from trajcore.views.asking import choices

_TEXTS: Final = {
    Verdict.EDIT: "Run this instead (an empty line: as it is)",
    Verdict.REFUSE: "Why? The model reads it (an empty line: it waits for the next message)",
}


def can_ask() -> bool:
    """Whether there is a terminal to ask on, and to be answered from."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


async def ask_on_terminal(asked: notices.Asked) -> tuple[Verdict, str] | None:
    """The user's word on an action; None where the terminal is gone."""
    offered = choices(asked)
    words = ", ".join(f"{one.word} ({one.letter})" for one in offered)
    click.echo(f"\n{safe(asked.kind)}: {safe(asked.text)}\n{safe(asked.why)}", err=True)
    while True:
        line = await _line(f"{words}? ")
        if line is None:
            return None
        said = line.strip().lower()
        chosen = next((one for one in offered if said in (one.letter, one.verdict.value.lower())), None)
        if chosen is None:
            continue
        if chosen.verdict not in _TEXTS:
            return chosen.verdict, ""
        text = await _line(f"{_TEXTS[chosen.verdict]}: ")
        if text is None:
            return None
        return chosen.verdict, text.strip() or (asked.editable if chosen.verdict is Verdict.EDIT else "")


async def ask_when_stuck() -> str | None:
    """The user's word to an agent that is stuck: empty where it just goes on; None: the run stops there."""
    while True:
        line = await _line("A message for it, go on (g), or stop here (s)? ")
        said = None if line is None else line.strip()
        if said is None or said.lower() in ("s", "stop"):
            return None
        if said:
            return "" if said.lower() in ("g", "go on") else said


async def _line(prompt: str) -> str | None:
    """What is typed up to Enter; None at the end of the input. The event loop goes on meanwhile."""
    click.echo(safe(prompt), nl=False, err=True)
    loop, typed = asyncio.get_running_loop(), bytearray()
    done: asyncio.Future[bool] = loop.create_future()

    def take() -> None:
        data = os.read(sys.stdin.fileno(), 4096)
        typed.extend(data)
        if (not data or data.endswith(b"\n")) and not done.done():
            done.set_result(bool(data))

    loop.add_reader(sys.stdin.fileno(), take)
    try:
        return typed.decode(errors="replace") if await done or typed else None
    finally:
        loop.remove_reader(sys.stdin.fileno())
