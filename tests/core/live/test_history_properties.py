"""Whatever the events are, what the model is sent is legal."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.live.events import response, typed
from trajcore.live.context import size_of
from trajcore.live.messages.history import messages
from trajcore.live.messages.pairing import pair
from trajcore.live.messages.shortening import long_results, shortened
from trajcore.live.messages.spans import spans_of
from trajcore.live.messages.view import visible

WORDS = st.text(max_size=12)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 30) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
IDS = st.none() | st.integers(0, 12)
SOURCES = st.sampled_from(["agent"] * 8 + ["user", "environment", None, "someone"])
ACTIONS = {
    "system": {"content": WORDS},
    "message": {
        "content": WORDS,
        "wait_for_response": st.booleans(),
        "image_urls": st.none() | st.lists(WORDS),
    },
    "run": {
        "command": WORDS,
        "thought": WORDS,
        "hidden": st.sampled_from([False] * 7 + [True]),
        "is_input": st.booleans(),
    },
    "run_ipython": {"code": WORDS},
    "read": {"path": WORDS, "view_range": st.none() | st.just([1, 5])},
    "write": {"path": WORDS, "content": WORDS},
    "edit": {
        "path": WORDS,
        "command": st.sampled_from(["", "create", "insert"]),
        "new_str": st.none() | WORDS,
    },
    "browse": {"url": WORDS},
    "call_tool_mcp": {"name": WORDS, "arguments": st.just({"a": 1}) | WORDS},
    "think": {"thought": WORDS},
    "finish": {"final_thought": WORDS, "thought": WORDS},
    "reject": {},
    "delegate": {"agent": WORDS, "inputs": st.just({"task": "t"}) | st.just({})},
    "recall": {"query": WORDS},
    "change_agent_state": {"agent_state": WORDS},
    "condensation": {
        "forgotten_event_ids": st.none() | st.lists(st.integers(0, 12), max_size=5),
        "forgotten_events_start_id": IDS,
        "forgotten_events_end_id": IDS,
        "summary": st.none() | WORDS,
        "summary_offset": st.none() | st.integers(-2, 20),
    },
    "condensation_request": {},
    "task_tracking": {},
    "null": {},
    "teleport": {"to": ODD},
}
COMMON = ["run", "run", "think", "read", "finish", "message"]
OBSERVATIONS = [
    *(
        "run",
        "run_ipython",
        "read",
        "write",
        "edit",
        "browse",
        "mcp",
        "think",
        *("error",) * 4,
        "user_rejected",
        "delegate",
    ),
    *(
        "recall",
        "null",
        "agent_state_changed",
        "condense",
        "success",
        "download",
        "loop_detection",
        "teleported",
    ),
]


@st.composite
def replies(draw: st.DrawFn) -> dict[str, Any]:
    calls = [
        (f"c{number}", draw(st.sampled_from(["execute_bash", "finish", "think", ""])), draw(ODD))
        for number in draw(st.lists(st.integers(0, 4), min_size=1, max_size=5))
    ]
    reply = response(draw(st.sampled_from(["r1", "r2", ""])), draw(st.none() | WORDS), *calls)
    return draw(st.sampled_from([reply] * 6 + [{}, {"choices": [None]}]))


@st.composite
def metadata(draw: st.DrawFn, pool: list[dict[str, Any]]) -> dict[str, Any]:
    reply = draw(st.sampled_from(pool))
    choice = (reply.get("choices") or [None])[0]
    ids = [call["id"] for call in choice["message"]["tool_calls"]] if choice else []
    call_id = draw(st.sampled_from([*ids, *ids, "c0", "c7"]))
    name = draw(st.sampled_from(["execute_bash", ""]))
    return {"function_name": name, "tool_call_id": call_id, "model_response": reply}


@st.composite
def events(draw: st.DrawFn) -> list[dict[str, Any]]:
    pool = draw(st.lists(replies(), min_size=1, max_size=3))
    made = []
    for number in range(draw(st.integers(4, 16) | st.integers(0, 3))):
        event: dict[str, Any] = {"id": draw(st.just(number) | IDS), "source": draw(SOURCES)}
        if draw(st.booleans()):
            kind = draw(st.sampled_from(COMMON * 6 + sorted(ACTIONS)))
            whole = st.fixed_dictionaries(ACTIONS[kind])
            event |= {"action": kind, "args": draw(whole | whole | whole | st.dictionaries(WORDS, ODD))}
        else:
            kind = draw(st.sampled_from(OBSERVATIONS))
            extras = draw(st.just({}) | st.dictionaries(WORDS, ODD, max_size=2))
            event |= {"observation": kind, "content": draw(WORDS), "extras": extras, "cause": draw(IDS)}
        if draw(st.booleans()):
            event["tool_call_metadata"] = draw(metadata(pool))
        made.append(event)
    return made


@settings(max_examples=150, deadline=None)
@given(events())
def test_every_call_is_answered_once_and_roles_are_legal(made: list[dict[str, Any]]):
    check(messages(typed(*made), system=None))


@settings(max_examples=100, deadline=None)
@given(events(), st.data())
def test_so_it_is_where_a_part_is_summarised_and_results_are_shortened(
    made: list[dict[str, Any]], data: st.DataObject
) -> None:
    numbered = [{**event, "id": number} for number, event in enumerate(made)]
    spans = spans_of(typed(*numbered))
    if spans.cuts:
        cut = data.draw(st.sampled_from(spans.cuts))
        forgotten = {event.id for event in spans.events(cut)}
        later = {*range(len(made))} - {seen.event.id for seen in spans.seen[:cut]}
        assert not [one for one in answers(numbered) if one["cause"] in forgotten and one["id"] in later]
        numbered.append({"id": len(made), **spans.condensation(cut, "All that was.")})
    told = messages(typed(*numbered), system=None)
    check(told)
    assert not spans.cuts or "All that was." in str(told)
    long = long_results(told)
    short = shortened(told, {result.call for result in long})
    check(short)
    assert size_of(told) - size_of(short) == sum(result.saved for result in long)


def answers(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first answer to each action, by their causes, as far as a model is told of both."""
    events = typed(*made)
    seen = {one.position for one in visible(events)}
    firsts = pair(events).answer
    return [
        {"id": made[answer]["id"], "cause": made[action]["id"]}
        for action, answer in firsts.items()
        if {action, answer} <= seen
    ]


def check(told: list[dict[str, Any]]) -> None:
    json.dumps(told, ensure_ascii=False).encode()
    assert told[0]["role"] == "system"
    assert all(message["role"] != "system" for message in told[1:])
    assert len(told) == 1 or told[1]["role"] == "user"
    assert told[-1]["role"] != "assistant"
    used: set[str] = set()
    waiting: list[str] = []
    for before, message in pairwise(told):
        if message["role"] == "tool":
            assert waiting.pop(0) == message["tool_call_id"]
            assert message["content"]
            continue
        assert not waiting
        assert message["role"] != before["role"]
        assert message["content"] or message.get("tool_calls")
        waiting = [call["id"] for call in message.get("tool_calls", ())]
        assert not used & set(waiting)
        assert len(set(waiting)) == len(waiting)
        used |= set(waiting)
        assert not waiting or message["role"] == "assistant"
        for call in message.get("tool_calls", ()):
            assert isinstance(json.loads(call["function"]["arguments"]), dict)
    assert not waiting
