"""Any sequence of edits made on any trajectory, and what has to hold after each of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from documents import JSON_VALUES, message, ran, run, same_json
from trajcore.document.edits import Edit
from trajcore.errors import BadInput
from trajcore.trajectory import Trajectory

NEW_EVENTS: list[list[dict[str, Any]]] = [
    [message(None, "hé 🙂")],
    [run(None, "ls")],
    [run(900000, "ls"), ran(900001, 900000)],
    [{"observation": "null", "content": "", "extras": {}}],
    [message(0), message(1), run(2)],
]


class Edited:
    """A trajectory, and a model of it on Python objects that is edited in the same way."""

    def __init__(self, data: bytes, row: str | None = None) -> None:
        self.original = data
        self.row = row
        self.trajectory = Trajectory.from_bytes(data, row=row)
        self.states = [(self.trajectory.to_bytes(), self.events())]
        self.at = 0

    def events(self) -> list[Any]:
        return [self.trajectory.data(index) for index in range(len(self.trajectory))]

    def raws(self) -> list[bytes]:
        return [self.trajectory.raw(index) for index in range(len(self.trajectory))]

    def edit(self, make: Callable[[Trajectory], Edit], on_model: Callable[[list[Any]], None] | None) -> None:
        """Make an edit. `on_model` does the same to the model, None for an edit of the sequence."""
        before, model = self.raws(), copy.deepcopy(self.states[self.at][1])
        uids = self.trajectory.uids
        whole = self.trajectory.to_bytes()
        try:
            edit = make(self.trajectory)
        except BadInput:
            assert self.trajectory.to_bytes() == whole
            return
        assert edit.label
        after = self.raws()
        moved = [self.trajectory.index_of_uid(uid) for uid in uids]
        self._follows(edit, before, after, moved)
        assert sorted(uids) == sorted(set(uids))
        if on_model is not None:
            on_model(model)
        else:
            model = self._moved(moved, model)
        assert len(model) == len(after)
        assert same_json(self.events(), model)
        del self.states[self.at + 1 :]
        self.states.append((self.trajectory.to_bytes(), model))
        self.at += 1
        self._reopens()

    def _follows(self, edit: Edit, before: list[bytes], after: list[bytes], moved: list[int | None]) -> None:
        """Events that were not touched are byte-identical, and found by their uids, where they `moved`."""
        new = set(range(len(after)))
        for raw, now in zip(before, moved, strict=True):
            if now is not None:
                assert now in new
                new.discard(now)
                assert raw == after[now] or now in edit.touched
                assert raw == after[now] or not edit.structural
        assert new <= set(edit.touched)
        assert all(0 <= index < len(after) for index in edit.touched)
        assert all(0 <= index < len(before) for index in edit.touched_before)

    def _moved(self, places: list[int | None], model: list[Any]) -> list[Any]:
        """The events of the model in their new order, new ones as the trajectory has them."""
        moved = self.events()
        for now, event in zip(places, model, strict=True):
            if now is not None:
                moved[now] = event
        return moved

    def _reopens(self) -> None:
        again = Trajectory.from_bytes(self.trajectory.to_bytes(), row=self.row)
        assert [again.raw(index) for index in range(len(again))] == self.raws()
        assert skeleton(again) == skeleton(self.trajectory)

    def step(self, undo: bool) -> None:
        """Undo or redo one edit."""
        if undo:
            assert (self.trajectory.undo() is None) == (self.at == 0)
            self.at = max(0, self.at - 1)
        else:
            assert (self.trajectory.redo() is None) == (self.at == len(self.states) - 1)
            self.at = min(len(self.states) - 1, self.at + 1)
        assert self.trajectory.to_bytes() == self.states[self.at][0]
        assert same_json(self.events(), self.states[self.at][1])

    def finish(self) -> None:
        """Undo all, redo all, and make all again from plain data."""
        while self.trajectory.redo():
            self.at += 1
        assert self.trajectory.to_bytes() == self.states[-1][0]
        steps = [json.loads(json.dumps(edit.to_data())) for edit in self.trajectory.history]
        while self.trajectory.undo():
            pass
        assert self.trajectory.to_bytes() == self.original
        assert self.trajectory.edited == frozenset()
        assert skeleton(self.trajectory) == skeleton(Trajectory.from_bytes(self.original, row=self.row))
        while self.trajectory.redo():
            pass
        assert self.trajectory.to_bytes() == self.states[-1][0]
        again = Trajectory.from_bytes(self.original, row=self.row)
        for step in steps:
            again.apply_data(step)
        assert again.to_bytes() == self.states[-1][0]
        assert again.edited == self.trajectory.edited


def edit_at_random(edited: Edited, data: st.DataObject) -> None:
    """One edit, undo or redo of any kind."""
    count = len(edited.trajectory)
    index = data.draw(st.integers(0, count - 1))
    indices = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=3))
    match data.draw(st.sampled_from(KINDS)):
        case "set":
            key, value = data.draw(st.sampled_from(["x", "content", "id", "é"])), data.draw(JSON_VALUES)
            edited.edit(
                lambda it: it.set_value(index, (key,), value), lambda model: _put(model[index], key, value)
            )
        case "unset":
            keys = list(edited.states[edited.at][1][index])
            key = data.draw(st.sampled_from([*keys, "nothing"]))
            edited.edit(lambda it: it.unset(index, (key,)), lambda model: model[index].pop(key))
        case "replace":
            event = {**edited.states[edited.at][1][index], **data.draw(NEW_MEMBERS)}
            text = json.dumps(event, indent=data.draw(st.sampled_from([None, 3]))).encode()
            edited.edit(lambda it: it.replace_event(index, text), lambda model: _become(model, index, event))
        case "insert":
            place, events = data.draw(st.integers(0, count)), data.draw(st.sampled_from(NEW_EVENTS))
            edited.edit(lambda it: it.insert(place, events), None)
        case "delete":
            edited.edit(lambda it: it.delete(indices), None)
        case "duplicate":
            edited.edit(lambda it: it.duplicate(indices), None)
        case "move":
            by = data.draw(st.sampled_from([-2, -1, 1, 3]))
            edited.edit(lambda it: it.move(indices, by), None)
        case "move_to":
            place = data.draw(st.integers(0, count))
            edited.edit(lambda it: it.move_to(indices, place), None)
        case "undo":
            edited.step(undo=True)
        case "redo":
            edited.step(undo=False)


KINDS = [
    "set",
    "unset",
    "replace",
    "insert",
    "delete",
    "duplicate",
    "move",
    "move_to",
    "undo",
    "undo",
    "redo",
]
NEW_MEMBERS = st.dictionaries(st.sampled_from(["x", "y", "content", "é"]), JSON_VALUES, max_size=3)


def _put(event: dict[str, Any], key: str, value: Any) -> None:
    event[key] = value


def _become(model: list[Any], index: int, event: Any) -> None:
    model[index] = event


def skeleton(trajectory: Trajectory) -> dict[str, Any]:
    """All that an outline says."""
    outline = trajectory.outline
    names = (
        "ids",
        "kinds",
        "sources",
        "is_action",
        "by_id",
        "last_id",
        "answers",
        "answer_of",
        "delegations",
    )
    depths = [outline.depth(index) for index in range(len(trajectory))]
    return {name: getattr(outline, name) for name in names} | {"depths": depths}
