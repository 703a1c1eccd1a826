"""Kinds of events are named in the table of kinds, in the models and in dialects; elsewhere it is asked."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from program import ROOT
from trajcore.events.kinds import ACTION_KINDS, OBSERVATION_KINDS

NAMES = {row.name for row in (*ACTION_KINDS, *OBSERVATION_KINDS)}
AT_HOME = (
    "core/trajcore/events/kinds.py",
    "core/trajcore/events/actions.py",
    "core/trajcore/events/observations.py",
    "core/trajcore/dialects/",
    "core/trajcore/runtimes/",
)
SOMETHING_ELSE = {
    # A severity, a state of the report, the end of a live session, a colour of a theme.
    "error": [
        *("core/trajcore/activity.py", "core/trajcore/notices.py", "core/trajcore/replay/states.py"),
        *("core/trajcore/live/failures.py", "core/trajcore/live/outcome.py"),
        *(
            "core/trajcore/sandbox/machines/docker/engine.py",
            "core/trajcore/sandbox/notebook/kernel/jupyter.py",
        ),
        *("core/trajcore/views/outcomes.py", "tui/trajtui/themes.py"),
    ],
    # A colour of a theme.
    "success": ["tui/trajtui/themes.py"],
    # A directory, a subcommand of package managers.
    "run": [
        "core/trajcore/live/risks/wrapped.py",
        "core/trajcore/sandbox/machines/bubblewrap/mounts.py",
        "core/trajcore/sandbox/machines/docker/address.py",
    ],
    # A key of JSON that others write, an option, a box to type in.
    "message": [
        *("core/trajcore/events/parse.py", "core/trajcore/views/form.py"),
        *(
            f"core/trajcore/live/{name}.py"
            for name in ("arguments", "assembly", "failures", "model", "prompted")
        ),
        "core/trajcore/sandbox/machines/docker/engine.py",
        *(
            "tui/trajtui/actions/table.py",
            "tui/trajtui/commands/edit.py",
            "tui/trajtui/widgets/conversation.py",
        ),
    ],
    # Who speaks in a chat, a function of Python.
    "system": [
        *("core/trajcore/live/messages/transcript.py", "core/trajcore/live/arguments.py"),
        *("core/trajcore/live/summary.py", "core/trajcore/sandbox/notebook/kernel/transform.py"),
    ],
    # Why a reply of a model has ended.
    "finish": ["core/trajcore/live/assembly.py", "core/trajcore/live/serving.py"],
    # What is done to an event: a command, a word.
    "edit": [
        *("core/trajcore/views/checks.py", "core/trajcore/views/recovery.py"),
        *("tui/trajtui/actions/table.py", "tui/trajtui/cli.py", "tui/trajtui/commands/edit.py"),
        "tui/trajtui/commands/shapes.py",
    ],
    # The value of JSON.
    "null": [
        "core/trajcore/formats/json/text.py",
        "core/trajcore/formats/lists.py",
        "tui/trajtui/widgets/fields.py",
    ],
}
"""Words that are also kinds, and the files in which they mean something else."""


def files() -> list[str]:
    found = (path.relative_to(ROOT) for top in ("core", "tui") for path in (ROOT / top).rglob("*.py"))
    return sorted(str(path) for path in found)


def texts(path: Path) -> list[str]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


@pytest.mark.parametrize("name", [file for file in files() if not file.startswith(AT_HOME)])
def test_no_kind_is_named_outside_the_table(name: str) -> None:
    allowed = {word for word, elsewhere in SOMETHING_ELSE.items() if name in elsewhere}
    assert not (NAMES & set(texts(ROOT / name))) - allowed


def test_the_table_names_each_kind_once() -> None:
    found = Counter(text for text in texts(ROOT / "core/trajcore/events/kinds.py") if text in NAMES)
    # What was done to a file that was read is a word of its own.
    assert {name for name in NAMES if found[name] != 1} == {"read"}


@pytest.mark.parametrize("word", SOMETHING_ELSE)
def test_no_exception_is_out_of_date(word: str) -> None:
    for name in SOMETHING_ELSE[word]:
        assert word in texts(ROOT / name), (word, name)
