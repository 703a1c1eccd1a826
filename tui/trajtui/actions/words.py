"""Words that people look for in the palette, which what is said of an action does not hold."""

from __future__ import annotations

from typing import Final

ALSO: Final = {
    "step": "next play forward",
    "resume": "run play go",
    "back": "previous rewind undo",
    "run_to": "jump here cursor",
    "breakpoint": "stop break",
    "service": "execute serve skip mock",
    "shell": "terminal bash console",
    "restart": "reset again rerun",
    "world": "sandbox docker image network settings",
    "go_live": "agent llm take over",
    "model": "llm api key",
    "branches": "runs forks open switch",
    "own_branches": "tree leaf switch navigate compare",
    "flip_wait": "wait question",
    "edit_event": "change modify open",
    "insert_behind": "add new append",
    "insert_before": "add new",
    "delete": "remove",
    "duplicate": "copy clone",
    "replace_text": "search substitute",
    "messages": "log errors notifications said",
    "history": "log changes undo",
    "save": "write file",
    "save_as": "write copy open",
    "save_to": "download copy out of the sandbox tar archive image world directory",
    "save_run": "write file",
    "export": "html md asciinema svg bash issue report browser",
    "differences": "diff changes compare",
    "check": "lint validate problems",
    "show_pane": "open focus",
    "raw": "all events view",
    "help": "help keys shortcuts bindings",
    "open_another": "file switch recent samples load close start",
    "quit": "exit close leave",
}
"""By the name of the action."""
