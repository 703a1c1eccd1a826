"""The patterns in which an agent is stuck, and what is none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.live.events import action, agent, observed, typed, user
from trajcore.live.stuck import Pattern, pattern_of

Events = list[dict[str, Any]]
BELOW = "[Jupyter current working directory: /w]\n[Jupyter Python interpreter: /p]"


def step(command: str, exit_code: int = 0, output: str = "", thought: str = "") -> Events:
    metadata = {"exit_code": exit_code}
    return [
        action("run", command=command, thought=thought),
        observed("run", output, command=command, metadata=metadata),
    ]


def read(path: str, content: str) -> Events:
    return [action("read", path=path), observed("read", content, path=path)]


def failed(command: str, why: str = "no") -> Events:
    return [action("run", command=command), observed("error", why)]


def cell(code: str, content: str) -> Events:
    return [action("run_ipython", code=code), observed("run_ipython", content)]


def unreadable(line: str) -> str:
    return f'  Cell In[1], line 1\n    print("\n    ^\n{line}\n{BELOW}'


COMMA = "SyntaxError: invalid syntax. Perhaps you forgot a comma?"
OPEN = "SyntaxError: unterminated string literal (detected at line 1)"
EDIT = "edit_file_by_replace('a',\n  to_replace='x',\n  new_content='y'"
CONDENSATION: Events = [action("condensation", forgotten_event_ids=[1])]

STUCK: list[tuple[Pattern, Events]] = [
    (Pattern.SAME, step("ls") * 4),
    (Pattern.SAME, [*step("pwd"), *step("ls") * 4]),
    (Pattern.SAME, [event for n in range(4) for event in step("", -1, str(n))]),
    (Pattern.SAME, read("/a", "x") * 4),
    (Pattern.SAME, [event for n in range(4) for event in cell(f"{EDIT}\n#{n}", "no")]),
    (Pattern.SAME, [*step("ls") * 2, observed("null"), *step("ls"), action("null"), *step("ls")]),
    (Pattern.SAME_WITH_ERROR, failed("ls") * 3),
    (Pattern.SAME_WITH_ERROR, [event for n in range(3) for event in failed("ls", str(n))]),
    (Pattern.SAME_WITH_ERROR, cell("print(1 2)", unreadable(COMMA)) * 3),
    (Pattern.SAME_WITH_ERROR, cell("print('", unreadable(OPEN)) * 3),
    (Pattern.SAID, [agent("I see.")] * 3),
    (Pattern.SAID, [*step("ls"), *[agent("I see.")] * 3]),
    (Pattern.TO_AND_FRO, [*step("ls"), *read("/a", "x")] * 3),
    (Pattern.CONDENSED, CONDENSATION * 10),
]

FREE: list[Events] = [
    [],
    step("ls") * 3,
    [*step("ls") * 3, user("go on"), *step("ls")],
    [event for n in range(4) for event in step("ls", n)],
    [event for n in range(4) for event in step("ls", thought=str(n))],
    [event for n in range(4) for event in read("/a", str(n))],
    [event for n in range(4) for event in cell(f"edit_file_by_replace('a{n}')", "no")],
    failed("ls") * 2,
    [*failed("ls"), *failed("pwd"), *failed("ls")],
    [*failed("ls") * 2, *step("ls")],
    cell("1 / 0", f"ZeroDivisionError: division by zero\n{BELOW}") * 3,
    [*cell("x", unreadable(COMMA)) * 2, *cell("x", unreadable(OPEN))],
    [agent("I see.")] * 2,
    [agent("I see."), *step("ls"), agent("I see."), agent("I see.")],
    [agent("I see."), user("yes?"), agent("I see."), agent("I see.")],
    [*step("ls"), *step("pwd")] * 2,
    [*step("ls"), *step("pwd"), *step("ls"), *step("id"), *step("ls"), *step("pwd")],
    CONDENSATION * 9,
    [*CONDENSATION * 5, *step("ls"), *CONDENSATION * 5],
]


@pytest.mark.parametrize(("expected", "events"), STUCK)
def test_each_pattern_is_found(expected: Pattern, events: Events) -> None:
    assert pattern_of(typed(*events)) is expected


@pytest.mark.parametrize("events", FREE)
def test_what_gets_on_is_let_alone(events: Events) -> None:
    assert pattern_of(typed(*events)) is None


STEPS = st.sampled_from([*(events for _, events in STUCK), *FREE])


@given(STEPS, STEPS, st.integers(0, 100))
def test_only_what_is_said_since_the_user_spoke_counts(before: Events, since: Events, begin: int) -> None:
    named = [
        {
            **event,
            "id": begin + place,
            "timestamp": f"2026-01-01T00:00:{place % 60:02}",
            "llm_metrics": {"n": place},
        }
        for place, event in enumerate([*before, user("go on"), *since])
    ]
    assert pattern_of(typed(*named)) is pattern_of(typed(*since))


@given(st.lists(st.integers(), unique=True, max_size=20))
def test_who_never_does_the_same_twice_is_not_stuck(commands: list[int]) -> None:
    assert pattern_of(typed(*(event for command in commands for event in step(str(command))))) is None
