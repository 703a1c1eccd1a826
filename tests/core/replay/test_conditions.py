"""The language of breakpoint conditions."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import message, ran, run
from trajcore import notices
from trajcore.errors import BadInput
from trajcore.events.head import head_of
from trajcore.patterns import LONGEST
from trajcore.replay.conditions import TERMS, Moment, Term, parse
from trajcore.replay.run import Status, StepResult
from trajcore.replay.verdict import Comparison
from trajcore.sandbox.base import FileChange, FileChanges
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory


def moment(
    data: dict[str, Any],
    *,
    exit_code: int | None = None,
    diverged: bool = False,
    unknown: bool = False,
    files: FileChanges | None = None,
) -> Moment:
    status = Status.DIVERGED if diverged else Status.UNKNOWN if unknown else Status.MATCHED
    result = StepResult(
        0, 0, data.get("action", "?"), status, Comparison(None), exit_code, 0, 0.0, "", None, None, files
    )
    return Moment(head_of(data), data, result if exit_code is not None or diverged else None)


RUN = {"id": 7, "source": "agent", "action": "run", "args": {"command": "git push origin", "thought": "now"}}
EDIT = {"id": 8, "source": "agent", "action": "edit", "args": {"path": "/w/a.py", "command": "create"}}
ASK = {"id": 9, "source": "agent", "action": "message", "args": {"content": "ok?", "wait_for_response": True}}
DEAR = {**RUN, "llm_metrics": {"accumulated_cost": 0.75}}


@pytest.mark.parametrize(
    ("text", "data", "holds"),
    [
        ("kind=run", RUN, True),
        ("kind=run", EDIT, False),
        ("kind!=run", EDIT, True),
        ("source=agent and kind=run", RUN, True),
        ("id=7", RUN, True),
        ("command~push", RUN, True),
        ('command~"git (push|pull)"', RUN, True),
        ("command=push", RUN, False),
        ("command~\\bpu\\b", RUN, False),
        ("text~now", RUN, True),
        ("waits", ASK, True),
        ("waits", RUN, False),
        ("cost>0.5", DEAR, True),
        ("cost>0.5", RUN, False),
        ("cost <= 0.75", DEAR, True),
    ],
)
def test_what_an_event_is(text: str, data: dict[str, Any], holds: bool) -> None:
    condition = parse(text)
    assert condition.holds(moment(data)) is holds
    assert not condition.on_result


@pytest.mark.parametrize(
    ("text", "exit_code", "diverged", "holds"),
    [
        ("exit=1", 1, False, True),
        ("exit!=0", 0, False, False),
        ("exit>100", 127, False, True),
        ("diverged", None, True, True),
        ("diverged", 0, False, False),
        ("diverged and exit=1", 1, True, True),
        ("kind=run and exit!=0", 2, False, True),
    ],
)
def test_what_came_back(text: str, exit_code: int | None, diverged: bool, holds: bool) -> None:
    condition = parse(text)
    assert condition.on_result
    assert condition.holds(moment(RUN, exit_code=exit_code, diverged=diverged)) is holds


FILES = FileChanges(
    (
        FileChange("/w/a.py", "changed", 1, 2),
        FileChange("/w/new/", "added", None, None),
        FileChange("/w/new/b", "added", None, 3),
    )
)


@pytest.mark.parametrize(
    ("text", "data", "files", "holds"),
    [
        ("file~\\.py$", EDIT, None, True),
        ("file=/w/a.py", EDIT, None, True),
        ("file=/w/a.py", RUN, None, False),
        ("file=/w/a.py", RUN, FILES, True),
        ("file=/w/new", RUN, FILES, True),
        ("file=/w/new/", RUN, FILES, True),
        ("file=/w", RUN, FILES, False),
        ("file~^/w/new/", RUN, FILES, True),
        ("file~/etc", RUN, FILES, False),
        ("file!=/w/a.py", RUN, FILES, False),
        ("file!=/w/c", RUN, FILES, True),
        ("file!=/w/c", RUN, None, True),
        ("kind=run and file=/w/a.py", RUN, FILES, True),
        ("kind=edit and file=/w/a.py", RUN, FILES, False),
    ],
)
def test_which_files_a_step_touched(
    text: str, data: dict[str, Any], files: FileChanges | None, holds: bool
) -> None:
    condition = parse(text)
    assert condition.on_result
    assert condition.watches_files
    assert condition.holds(moment(data, exit_code=0, files=files)) is holds


def test_only_the_term_file_asks_for_changes() -> None:
    assert not parse("kind=run and text~file and exit!=0").watches_files
    assert parse("exit=0 and file~x").watches_files


@pytest.mark.parametrize(
    "text",
    [
        *("", "and", "nonsense", "exit~1", "exit=x", "kind>1", "command~("),
        *('text~"open', "color=red", "file>1", "file~("),
    ],
)
def test_what_is_wrong_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("kind=run or exit=1", "or"),
        ("exit!=0 || waits", "||"),
        ("not diverged", "not"),
        ("text=a OR b", "OR"),
    ],
)
def test_a_word_that_joins_nothing_is_named(text: str, word: str) -> None:
    with pytest.raises(BadInput, match=rf"^{re.escape(repr(word))} joins nothing"):
        parse(text)


def test_in_quotes_it_is_a_text_as_any_other() -> None:
    assert parse('text="this or that"').holds(moment({"action": "run", "args": {"command": "this or that"}}))


@given(st.text(max_size=40))
def test_any_text_is_a_condition_or_bad_input(text: str) -> None:
    try:
        condition = parse(text)
    except BadInput:
        return
    condition.holds(moment(RUN, exit_code=1))


EXAMPLES = {
    "diverged": ("diverged", moment(RUN, exit_code=1, diverged=True)),
    "unknown": ("unknown", moment(RUN, exit_code=1, unknown=True)),
    "failed": ("failed", moment(RUN, exit_code=1)),
    "changed": ("changed", Moment(head_of(EDIT), EDIT)),
    "waits": ("waits", moment(ASK)),
    "kind": ("kind=run", moment(RUN)),
    "source": ("source=agent", moment(RUN)),
    "id": ("id=7", moment(RUN)),
    "command": ("command~push", moment(RUN)),
    "text": ("text~now", moment(RUN)),
    "output": ("output=''", moment(RUN, exit_code=0)),
    "exit": ("exit=3", moment(RUN, exit_code=3)),
    "cost": ("cost>0.5", moment(DEAR)),
    "file": (r"file~\.py$", moment(EDIT)),
}


@pytest.mark.parametrize("row", TERMS, ids=lambda row: row.name)
def test_every_term_has_an_example_that_holds(row: Term) -> None:
    text, example = EXAMPLES[row.name]
    condition = parse(text)
    assert condition.holds(example)
    assert (condition.on_result, condition.watches_files) == (row.on_result, row.watches_files)


NEVER_ENDS = "(?:a|aa)+(?:a|aa)+c"
LONG = {**RUN, "args": {"command": "a" * 60 + "b"}}


def test_an_expression_that_never_ends_is_given_up_in_its_time() -> None:
    began = time.monotonic()
    with pytest.raises(BadInput, match="takes too long"):
        parse(f"command~{NEVER_ENDS}").holds(moment(LONG))
    assert time.monotonic() - began < 20 * LONGEST


async def test_a_breakpoint_that_never_ends_is_switched_off_and_said() -> None:
    events = [message(0, "go"), run(1, "a" * 60 + "b"), ran(2, 1, ""), run(3, "true"), ran(4, 3, "")]
    session = Session(Trajectory.from_bytes(json.dumps(events).encode()), Settings(sandbox="recorded"))
    said: list[str] = []
    session.subscribe(lambda one: said.append(one.text) if isinstance(one, notices.Said) else None)
    session.break_on(f"command~{NEVER_ENDS}")
    session.resume()
    await session.idle()
    assert session.at_end
    assert [one for one in said if "takes too long" in one and "switched off" in one]
    assert [point.enabled for point in session.breakpoints] == [False]
    await session.close()
