"""The user in person in the sandbox: an interactive shell that begins as the replay's shell is now."""

from __future__ import annotations

import asyncio
import secrets
from functools import partial
from typing import Final

from trajcore.errors import Refused, SandboxUnavailable
from trajcore.sandbox.base import Patience, Visitor
from trajcore.sandbox.files import BashFiles
from trajcore.sandbox.machines.machine import COLUMNS, ROWS
from trajcore.sandbox.shell.quoting import quoted
from trajcore.sandbox.shell.shell import Shell
from trajcore.sandbox.shell.state import read_state, telling
from trajcore.text import TerminalFilter

# What a recording set up must not act on the visitor's own typing, nor at the end of the visit.
_BECOMES_INTERACTIVE: Final = rb"""
set +exuv; trap - EXIT ERR DEBUG RETURN; unset PROMPT_COMMAND
PS1='\u@sandbox:\w\$ '; PS2='> '
"""
# What the visitor types ahead of the end is read and dropped, up to the word that says that no more comes.
_VISIT: Final = (
    "__trajtui_v=$? __trajtui_l=; stty sane rows {rows} columns {columns} || :; "
    "bash --noprofile --rcfile {file} -i || :; "
    "stty sane -echo -isig || :; printf '\\033]7718;%s\\a' {word}; "
    "until [[ $__trajtui_l == *{word} ]]; do IFS= read -r __trajtui_l || :; done; "
    "stty sane -echo -onlcr rows {our_rows} columns {our_columns} || :; "
    "rm -f {file}; unset __trajtui_l; (exit $__trajtui_v)"
)
_LEAVE: Final = (b"\x03", b"\x15exit\n")
_LEAVE_PAUSE: Final = 0.2
"""Ctrl-C discards what is typed with it."""


async def visit(shell: Shell, files: BashFiles, visitor: Visitor) -> None:
    """Let the user in until they leave. The replay's own shell keeps its directory and variables.

    Raises `Refused` while a command runs, `SandboxUnavailable`.
    """
    if shell.busy:
        raise Refused("a command still runs in the sandbox's shell: interrupt it first")
    path = f"/tmp/.trajtui-{secrets.token_hex(8)}"
    if not await shell.quietly(partial(telling, path)):
        raise SandboxUnavailable("The sandbox's shell does not answer. Restart it to go on.")
    try:
        state = read_state(await files.read(path))
        if state is None:
            raise SandboxUnavailable("The sandbox's shell does not say how it is. Restart it to go on.")
        shell.owe(state.notices)
        await files.write(path, state.text + _BECOMES_INTERACTIVE)
    except OSError as error:
        raise SandboxUnavailable(f"The sandbox's /tmp cannot be used ({error.strerror}).") from error
    rows, columns = visitor.size
    word = secrets.token_hex(8)
    command = _VISIT.format(
        rows=rows,
        columns=columns,
        file=quoted(path).decode(),
        word=word,
        our_rows=ROWS,
        our_columns=COLUMNS,
    )
    await shell.begin(command)
    await _attended(shell, visitor, word.encode())


async def _attended(shell: Shell, visitor: Visitor, word: bytes) -> None:
    harmless, leaving = TerminalFilter(), asyncio.Event()
    last = b""

    def show(data: bytes) -> None:
        nonlocal last
        last = (last + data)[-len(data) - len(word) :]
        if word in last:
            leaving.set()
        visitor.show(harmless.feed(data))

    typing = asyncio.create_task(_typed(shell, visitor))
    ending = asyncio.create_task(_ended(shell, leaving, typing, word))
    try:
        await shell.follow(Patience(), show)
    finally:
        for task in (typing, ending):
            task.cancel()
        await asyncio.wait({typing, ending})


async def _typed(shell: Shell, visitor: Visitor) -> None:
    while data := await visitor.keys():
        await shell.type(data)
    while True:
        for data in _LEAVE:
            await shell.type(data)
            await asyncio.sleep(_LEAVE_PAUSE)


async def _ended(shell: Shell, leaving: asyncio.Event, typing: asyncio.Task[None], word: bytes) -> None:
    """When the visitor's shell has ended, see to it that nothing they type reaches the replay's shell."""
    await leaving.wait()
    typing.cancel()
    await asyncio.wait({typing})
    await shell.type(b"\x15" + word + b"\n")
