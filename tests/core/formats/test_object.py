"""An object around a list of records is the first of them, and edits leave the rest of it as it was."""

from __future__ import annotations

import json

import pytest

from trajcore.dialects.base import Inserted, Moved, Removed, Rewritten
from trajcore.document.body import Body
from trajcore.document.composing import composing
from trajcore.errors import BadInput
from trajcore.formats.base import Files, Layout
from trajcore.formats.object import Enclosed

SHAPES = {
    "indented": json.dumps({"info": {"n": 1}, "messages": [{"a": 1}, {"b": 2}], "z": "ü"}, indent=2).encode(),
    "minified": b'{"messages":[{"a":1},{"b":2}],"info":{"messages":[1]}}',
    "spaced": b'\n { "x" : [ { } ] , "messages" : [ {"a": 1} , {"b": 2} ] , "y" : null } \n',
    "alone": b'{"messages": [{"a": "]}"}]}\n',
    "what only Python reads": b'{"messages": [{"a": NaN}, {"b": 2}], "n": Infinity}',
    "a key twice": b'{"n": 1, "messages": [{"a": 1}], "n": 2}',
}


def read(data: bytes) -> Layout:
    (found,) = Enclosed().records(Files("name", None, data), None)
    return found


@pytest.mark.parametrize("shape", SHAPES)
def test_the_object_comes_first_with_its_list_empty(shape: str) -> None:
    data = SHAPES[shape]
    found, whole = read(data), json.loads(data)
    assert repr(json.loads(bytes(found.records[0]))) == repr({**whole, "messages": []})
    assert [repr(json.loads(bytes(raw))) for raw in found.records[1:]] == [*map(repr, whole["messages"])]
    assert b"".join(Body(found).pieces()) == data
    assert not found.missing
    assert not found.damaged


@pytest.mark.parametrize("shape", SHAPES)
def test_records_come_and_go_and_the_object_is_edited(shape: str) -> None:
    data = SHAPES[shape]
    body = Body(read(data))
    before = json.loads(data)
    with composing(body, body.apply, body.revert) as composer:
        composer.carry_out(Rewritten(0, body.raw(0).replace(b"{", b'{"new": "]", ', 1)))
        composer.carry_out(Inserted(1, (b'{"first": 0}',)))
        composer.carry_out(Inserted(len(body), (b'{"last": 9}',)))
        assert repr(json.loads(b"".join(body.pieces()))) == repr({
            "new": "]", **before, "messages": [{"first": 0}, *before["messages"], {"last": 9}]
        })  # fmt: skip
        composer.carry_out(Moved((1,), len(body) - 1))
        composer.carry_out(Removed((2,)))
        left = [*before["messages"], {"last": 9}, {"first": 0}]
        del left[1]
        assert repr(json.loads(b"".join(body.pieces()))["messages"]) == repr(left)
    for change in reversed(composer.changes):
        body.revert(change)
    assert b"".join(body.pieces()) == data


def test_all_records_may_go_but_the_object() -> None:
    body = Body(read(SHAPES["indented"]))
    with composing(body, body.apply, body.revert) as composer:
        composer.carry_out(Removed((1, 2)))
    assert json.loads(b"".join(body.pieces()))["messages"] == []


def test_what_was_cut_off_keeps_its_end() -> None:
    whole = SHAPES["indented"]
    data = whole[: whole.index(b'"b"') + 4]
    found = read(data)
    assert found.missing
    assert json.loads(bytes(found.records[0])) == {"info": {"n": 1}, "messages": []}
    body = Body(found)
    body.apply(next(iter(_rewritten(body))))
    assert b"".join(body.pieces()) == data.replace(b'"n": 1', b'"n": 5')


def _rewritten(body: Body) -> list:  # type: ignore[type-arg]
    with composing(body, lambda change: None, lambda change: None) as composer:
        composer.carry_out(Rewritten(0, body.raw(0).replace(b'"n": 1', b'"n": 5')))
    return composer.changes


def test_other_objects_are_none() -> None:
    for data in (b'{"trajectory": [{"a": 1}]}', b'{"messages": "x"}', b'[{"messages": []}]', b"{}", b'{"a"'):
        assert not list(Enclosed().records(Files("name", None, data), None))


def test_an_empty_list_is_said_to_be_one() -> None:
    with pytest.raises(BadInput, match="its list is empty"):
        list(Enclosed().records(Files("name", None, b'{"info": {}, "messages": []}'), None))


def test_a_new_file_has_the_object_around_the_others() -> None:
    records = [bytes(raw) for raw in read(SHAPES["indented"]).records]
    assert json.loads(b"".join(Enclosed().write(records))) == json.loads(SHAPES["indented"])
