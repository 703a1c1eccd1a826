"""A reply put together from its pieces: the same however it is cut, whatever its provider leaves out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajcore.live.assembly import Assembly, Cut, Piece
from trajcore.live.callids import LONGEST_ID, short_id, with_short_ids

HEAD = {"id": "r1", "model": "m", "created": 7}
USAGE = {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}
TEXTS = st.text(max_size=40)
ARGUMENTS = st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=20) | st.integers(), max_size=3)
CALLS = st.lists(st.tuples(st.sampled_from(["execute_bash", "think", "finish"]), ARGUMENTS), max_size=4)


def assembled(pieces: Sequence[Piece]) -> Assembly:
    made = Assembly()
    for piece in pieces:
        made.add(piece)
    return made


def response(*pieces: Piece, taken: Sequence[str] = ()) -> dict[str, Any]:
    return assembled(pieces).response(taken)


def message(*pieces: Piece) -> dict[str, Any]:
    return response(*pieces)["choices"][0]["message"]


def calls(*pieces: Piece, taken: Sequence[str] = ()) -> list[tuple[str, str, str]]:
    """The calls as they are stored: id, name, arguments."""
    found = response(*pieces, taken=taken)["choices"][0]["message"]["tool_calls"] or []
    return [(call["id"], call["function"]["name"], call["function"]["arguments"]) for call in found]


def call(
    index: int | None = 0, id: str | None = None, name: str | None = None, arguments: str | None = None
) -> Piece:
    return {"calls": [{"index": index, "id": id, "name": name, "arguments": arguments}]}


@st.composite
def cut(draw: st.DrawFn, text: str) -> list[str]:
    """A text in pieces."""
    places = sorted(draw(st.sets(st.integers(0, len(text)), max_size=5)))
    return [text[begin:end] for begin, end in zip([0, *places], [*places, len(text)], strict=True)]


@st.composite
def replies(draw: st.DrawFn) -> tuple[dict[str, Any], list[Piece]]:
    """What was said, thought and called, and the pieces in which it came, the calls perhaps interleaved."""
    text, thinking, made = draw(TEXTS), draw(TEXTS), draw(CALLS)
    pieces: list[Piece] = [{"head": HEAD}]
    pieces += [{"thinking": piece} for piece in draw(cut(thinking))]
    pieces += [{"text": piece} for piece in draw(cut(text))]
    waiting = []
    for index, (name, arguments) in enumerate(made):
        cuts = draw(cut(json.dumps(arguments)))
        opening = {"index": index, "id": f"c{index}", "name": name, "arguments": cuts[0]}
        waiting.append([opening, *({"index": index, "arguments": piece} for piece in cuts[1:])])
    for opened in waiting:
        pieces.append({"calls": [opened.pop(0)]})
    while any(waiting):
        turn = draw(st.sampled_from([fragments for fragments in waiting if fragments]))
        pieces.append({"calls": [turn.pop(0)]})
    pieces += [{"finish": "stop"}, {"usage": USAGE, "cost": 0.5, "window": 100}, {"ended": "stop"}]
    return {"text": text, "thinking": thinking, "calls": made}, pieces


@given(replies())
def test_any_cutting_of_a_reply_comes_to_the_same(reply: tuple[dict[str, Any], list[Piece]]) -> None:
    whole, pieces = reply
    made = assembled(pieces)
    said = made.response()["choices"][0]["message"]
    assert said["content"] == whole["text"] == made.text
    assert said.get("reasoning_content", "") == whole["thinking"]
    found = [
        (one["function"]["name"], json.loads(one["function"]["arguments"]))
        for one in said["tool_calls"] or ()
    ]
    assert found == whole["calls"]
    assert made.cut is None
    assert (made.usage, made.cost, made.window) == (USAGE, 0.5, 100)


@given(replies())
def test_what_is_told_of_calls_while_they_come_is_what_they_are(
    reply: tuple[dict[str, Any], list[Piece]],
) -> None:
    whole, pieces = reply
    made, told = Assembly(), dict[int, list[str]]()
    names = dict[int, str]()
    for piece in pieces:
        for more in made.add(piece):
            told.setdefault(more.place, []).append(more.text)
            names[more.place] = more.name
    assert [(names[place], json.loads("".join(told[place]))) for place in sorted(told)] == whole["calls"]


def test_it_has_the_shape_that_is_stored() -> None:
    made = response({"head": HEAD, "text": "He"}, {"text": "llo"}, call(0, "a", "f", "{}"),
                    {"usage": USAGE}, {"ended": "tool_calls"})  # fmt: skip
    assert made == {
        "id": "r1",
        "created": 7,
        "model": "m",
        "object": "chat.completion",
        "system_fingerprint": None,
        "choices": [
            {
                "finish_reason": "tool_calls",
                "index": 0,
                "message": {
                    "content": "Hello",
                    "role": "assistant",
                    "tool_calls": [
                        {"function": {"arguments": "{}", "name": "f"}, "id": "a", "type": "function"}
                    ],
                    "function_call": None,
                },
            }
        ],
        "usage": USAGE,
    }


def test_thoughts_are_kept_with_their_signatures() -> None:
    said = message(
        {"thinking": "I ", "blocks": [{"type": "thinking", "thinking": "I "}]},
        {"thinking": "see", "blocks": [{"type": "thinking", "thinking": "see"}]},
        {"blocks": [{"type": "thinking", "thinking": "", "signature": "S1"}]},
        {"blocks": [{"type": "redacted_thinking", "data": "D"}]},
        {"text": "ok"},
    )
    assert said["reasoning_content"] == "I see"
    assert said["thinking_blocks"] == [
        {"type": "thinking", "thinking": "I see", "signature": "S1"},
        {"type": "redacted_thinking", "data": "D"},
    ]
    assert "thinking_blocks" not in message(
        {"thinking": "hm", "blocks": [{"type": "thinking", "thinking": "hm"}]}
    )


@pytest.mark.parametrize("id", [None, ""])
def test_calls_without_ids_get_some_of_their_own(id: str | None) -> None:
    made = calls(call(0, id, "f", '{"a": 1}'), call(1, id, "f", '{"a"'), call(1, None, None, ": 2}"))
    assert [one[1:] for one in made] == [("f", '{"a": 1}'), ("f", '{"a": 2}')]
    assert len({one[0] for one in made} - {""}) == 2


def test_calls_at_one_index_are_told_apart_by_their_ids() -> None:
    made = calls(
        call(0, "a", "f", ""),
        call(0, None, None, '{"x": 1}'),
        call(0, "b", "g", '{"y"'),
        call(0, "b", "g", ": 2}"),
    )
    assert made == [("a", "f", '{"x": 1}'), ("b", "g", '{"y": 2}')]


def test_calls_at_one_index_without_ids_are_told_apart_where_one_is_complete() -> None:
    made = calls(
        call(0, None, "f", '{"x":'),
        call(0, None, "f", " 1}"),
        call(None, None, "f", '{"x": 2}'),
        call(0, None, "g", "{}"),
    )
    assert [one[1:] for one in made] == [("f", '{"x": 1}'), ("f", '{"x": 2}'), ("g", "{}")]


def test_ids_that_are_made_up_for_each_piece_begin_no_calls() -> None:
    made = calls(
        call(0, "a", "f", '{"x"'), call(0, "b", None, ": 1"), call(0, "c", None, "}"), call(0, "d", None, "")
    )
    assert made == [("a", "f", '{"x": 1}')]


def test_a_name_in_pieces_is_one_name() -> None:
    assert calls(call(0, "a", "execute_"), call(0, None, "bash"), call(0, None, None, "{}")) == [
        ("a", "execute_bash", "{}")
    ]


def test_a_call_without_arguments_has_none() -> None:
    assert calls(call(0, "a", "f")) == [("a", "f", "{}")]


def test_no_id_is_one_of_an_earlier_call_or_of_another_of_the_reply() -> None:
    made = calls(call(0, "a", "f", "{}"), call(1, "b", "f", "{}"), call(2, "b", "f", "{}"), taken=["a"])
    ids = [one[0] for one in made]
    assert ids[1] == "b"
    assert len({*ids, "a"}) == 4


def test_a_long_id_is_made_short() -> None:
    long = "call_" + "x" * 60
    (made,) = calls(call(0, long, "f", "{}"))
    assert made[0] == short_id(long)
    assert len(made[0]) <= LONGEST_ID
    signed = f"call_{'a' * 30}__thought__{'s' * 100}"
    assert short_id(signed) == signed


def test_long_ids_of_calls_and_results_are_renamed_alike() -> None:
    long = "x" * 41
    asked = [
        {"role": "assistant", "content": None, "tool_calls": [{"id": long}, {"id": "b"}]},
        {"role": "tool", "tool_call_id": long, "content": "r"},
        {"role": "tool", "tool_call_id": "b", "content": "r"},
        {"role": "user", "content": "go"},
    ]
    sent = with_short_ids(asked)
    assert [one["id"] for one in sent[0]["tool_calls"]] == [sent[1]["tool_call_id"], "b"]
    assert len(sent[1]["tool_call_id"]) <= LONGEST_ID
    assert sent[2:] == asked[2:]
    assert asked[0]["tool_calls"][0]["id"] == long


@pytest.mark.parametrize(
    ("ended", "why"),
    [
        ("stop", None),
        ("tool_calls", None),
        ("length", Cut.LENGTH),
        ("content_filter", Cut.FILTERED),
        (None, Cut.BROKEN),
    ],
)
def test_it_says_why_it_is_not_whole(ended: str | None, why: Cut | None) -> None:
    made = assembled([{"text": "so"}, {"finish": "stop"}, {"ended": ended}])
    assert made.cut is why
    assert made.response()["choices"][0]["finish_reason"] == ended


def test_a_character_of_two_halves_is_put_together() -> None:
    assert message({"text": "\ud83d"}, {"text": "\ude00!"})["content"] == "😀!"
    assert message({"text": "\ud83d"})["content"] == "\ufffd"


def test_it_is_empty_until_something_comes() -> None:
    assert assembled([{"head": HEAD}, {"text": " \n"}, {"ended": "stop"}]).is_empty
    assert not assembled([{"thinking": "hm"}]).is_empty
    assert not assembled([call(0, "a", "f")]).is_empty


@given(st.sampled_from(["", "x" * 41]), st.lists(st.sampled_from(["a", "", "x" * 41]), max_size=4))
def test_ids_are_always_short_and_each_its_own(first: str, others: list[str]) -> None:
    made = calls(*(call(index, id, "f", "{}") for index, id in enumerate([first, *others])), taken=["a"])
    ids = [one[0] for one in made]
    assert len({*ids, "a"}) == len(ids) + 1
    assert all(0 < len(id) <= LONGEST_ID for id in ids)
