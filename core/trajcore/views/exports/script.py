"""The commands as a bash script, for a bug report: what the agent did to a world, in order.

Commands stand in it as they were recorded, between quotes that nothing in them ends; what a shell cannot do
as it was done, and what did nothing to the world, is a comment.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from trajcore.events.kinds import EDIT, READ, RUN, RUN_IPYTHON, WRITE
from trajcore.masking import MASK
from trajcore.text import safe, safe_line
from trajcore.views.blocks import text_of
from trajcore.views.exports.extract import Action, Extract, Step

_HIDDEN: Final = "secret_hidden"
"""What stands for a secret: the brackets around it would be redirections."""
_NEVER_RETURNED: Final = -1

_HEAD: Final = """#!/usr/bin/env bash
# The commands of {name}, in the order in which they were carried out.
# Made by trajtui. Read it before you run it, and run it where nothing can be lost: in a container.
# The first argument is the directory to begin in; without one that is /workspace.

directory=${{1:-/workspace}}
mkdir -p -- "$directory" || exit
cd -- "$directory" || exit
"""

_FUNCTIONS: Final = {
    "say": """
# say LABEL WORDS: say what is carried out next, in this shell.
say() {
  printf '\\n+ [%s] %s\\n' "$1" "$2"
}
""",
    "write_file": """
# write_file FILE TEXT: make a file, with the directories that lead to it.
write_file() {
  mkdir -p -- "$(dirname -- "$1")" && printf '%s' "$2" >"$1"
}
""",
    "replace_in": """
# replace_in FILE OLD NEW: replace a text that is in a file once; otherwise the file stays as it is.
replace_in() {
  local text rest
  IFS= read -r -d '' text <"$1" || [ -n "$text" ] || return 1
  rest=${text#*"$2"}
  if [ "$rest" = "$text" ] || [ "${rest#*"$2"}" != "$rest" ]; then
    printf 'not replaced, for it is not there once: %s\\n' "$1" >&2
    return 1
  fi
  printf '%s' "${text%%"$2"*}$3$rest" >"$1"
}
""",
    "insert_into": """
# insert_into FILE LINE TEXT: put lines behind one of a file; 0 is before the first.
insert_into() {
  local copy
  copy=$(mktemp) || return 1
  { head -n "$2" -- "$1" && printf '%s\\n' "$3" && tail -n "+$(($2 + 1))" -- "$1"; } >"$copy" &&
    cat -- "$copy" >"$1"
  rm -f -- "$copy"
}
""",
}


def script(extract: Extract) -> Iterator[str]:
    """The pieces of the script."""
    name = extract.name
    steps = [_step(step) for step in extract.steps()]
    yield _HEAD.format(name=name)
    yield from (text for called, text in _FUNCTIONS.items() if any(f"\n{called} " in step for step in steps))
    yield from (f"\n{step}" for step in steps)
    yield from (f"\n# masked: {safe_line(masked.words)}" for masked in extract.masked)
    yield "\n"


def _step(step: Step) -> str:
    action = step.action
    title = _comment(f"step {step.label} · {step.line.kind} · {step.line.summary}", step.outcome)
    if action is None:
        return title
    if not action.executed:
        return f"{title}{_comment('it was not carried out')}"
    said = _SAYS.get(action.kind)
    return title + (
        "".join(said(step.label, action)) if said is not None else _comment("a shell cannot do that")
    )


def _comment(*words: str) -> str:
    return f"# {safe_line(' · '.join(filter(None, words)))}\n"


def _run(label: str, action: Action) -> Iterator[str]:
    if action.fields.get("is_input"):
        yield _comment("it was typed into what ran: a script cannot do that")
        return
    command = action.command
    yield _here(label, "step_command", command)
    yield f'say {_quoted(label)} "$step_command"\n'
    if action.exit_code == _NEVER_RETURNED:
        yield _comment("it did not return when it was recorded: here it goes on beside the others")
        yield 'eval "$step_command" &\n'
    else:
        yield 'eval "$step_command"\n'


def _cell(label: str, action: Action) -> Iterator[str]:
    code = text_of(action.fields.get("code"))
    if re.search(r"^\s*[%!]", code, re.MULTILINE):
        yield _comment("a cell with commands of the notebook, which Python alone does not know:")
        yield "".join(_comment(f"  {line}") for line in code.split("\n"))
        return
    yield _comment("a notebook cell, by itself: it knows no variables of the cells before it")
    yield _here(label, "step_code", code)
    yield f'say {_quoted(label)} "$step_code"\n'
    yield 'python3 -c "$step_code"\n'


def _write(label: str, action: Action) -> Iterator[str]:
    first, last = action.fields.get("start", 0), action.fields.get("end", -1)
    if first not in (0, 1, None) or last not in (-1, None):
        yield _comment(f"it wrote a part of the file, from line {first} to line {last}: that is left out")
        return
    yield from _file(label, _path(action), text_of(action.fields.get("content")))


def _file(label: str, path: str, content: str) -> Iterator[str]:
    yield _here(label, "step_text", content)
    yield f"say {_quoted(label)} {_quoted(f'write {path}')}\n"
    yield f'write_file {_quoted(path)} "$step_text"\n'


def _edit(label: str, action: Action) -> Iterator[str]:
    fields, path = action.fields, _path(action)
    match fields.get("command"):
        case "create":
            yield from _file(label, path, text_of(fields.get("file_text")))
        case "str_replace":
            yield _here(label, "step_old", text_of(fields.get("old_str")))
            yield _here(label, "step_new", text_of(fields.get("new_str")))
            yield f"say {_quoted(label)} {_quoted(f'edit {path}')}\n"
            yield f'replace_in {_quoted(path)} "$step_old" "$step_new"\n'
        case "insert" if isinstance(fields.get("insert_line"), int):
            yield _here(label, "step_text", text_of(fields.get("new_str")))
            yield f"say {_quoted(label)} {_quoted(f'insert into {path}')}\n"
            yield f'insert_into {_quoted(path)} {fields["insert_line"]} "$step_text"\n'
        case other:
            yield _comment(f"{text_of(other) or 'this way of editing'} is left out: a shell cannot do that")


def _read(label: str, action: Action) -> Iterator[str]:
    yield _comment("reading changes nothing: it is left out")


_SAYS: Final[Mapping[str, Callable[[str, Action], Iterator[str]]]] = {
    RUN: _run, RUN_IPYTHON: _cell, WRITE: _write, EDIT: _edit, READ: _read,
}  # fmt: skip


def _path(action: Action) -> str:
    return text_of(action.fields.get("path"))


# Texts of the recording, so that they are texts and nothing else


def _here(label: str, name: str, text: str) -> str:
    """Gives a text to a variable, exactly: as lines to read, or spelled where it would act on a terminal."""
    text = text.replace(MASK, _HIDDEN)
    if safe(text) != text or not text:
        return f"{name}={_quoted(text)}\n"
    end = f"END_{re.sub('[^A-Za-z0-9]', '_', label)}"
    lines = text.split("\n")
    while end in lines:
        end += "_"
    return f"IFS= read -r -d '' {name} <<'{end}'\n{text}\n{end}\n{name}=${{{name}%$'\\n'}}\n"


def _quoted(text: str) -> str:
    """A text as one word of the shell."""
    text = text.replace(MASK, _HIDDEN)
    if safe(text) == text and "\n" not in text:
        return shlex.quote(text)
    spelled = "".join(_spelled(character) for character in text)
    return f"$'{spelled}'"


def _spelled(character: str) -> str:
    if character == "\n":
        return "\\n"
    if character in "\\'":
        return f"\\{character}"
    if safe(character) == character:
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "replace"))
