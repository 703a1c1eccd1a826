"""The laws of a dialect: derive from `DialectLaws`, say which dialect, give samples, run it with pytest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trajcore.dialects import canonical
from trajcore.dialects.base import Dialect, Place, Text, ValuePath
from trajcore.dialects.registry import DIALECTS
from trajcore.dialects.slotted import BaseDialect
from trajcore.errors import BadInput
from trajcore.events.base import Action, Observation
from trajcore.events.kinds import Service
from trajcore.formats.base import Files, Format, Layout
from trajcore.formats.registry import FORMATS, readings
from trajcore.trajectory import Trajectory
from trajcore.worlds.facts import found_in

OPENHANDS = (
    b'[{"id": 0, "source": "user", "action": "message", "args": {"content": "go"}},'
    b' {"id": 1, "source": "agent", "action": "run", "args": {"command": "ls"}},'
    b' {"id": 2, "source": "agent", "observation": "run", "cause": 1, "content": "", "extras": {}}]'
)
CHAT = b'[{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}]'

USER_MESSAGE = {"source": "user", "action": "message", "args": {"content": "one more thing"}}


class DialectLaws:
    """What holds for every dialect. `samples` are files in it, of several events each, by name."""

    dialect: Dialect
    samples: Mapping[str, bytes]
    others: Sequence[bytes] = (OPENHANDS, CHAT)
    """Files of other agents."""
    inserts: Mapping[str, Any] | None = USER_MESSAGE
    """An event that can be put in; None where none can."""
    containers: Sequence[Format] = ()
    """Formats of its own, which its samples are in."""

    @pytest.fixture(autouse=True, scope="class")
    def registered(self) -> Iterator[None]:
        """The dialect and its containers are known while its laws are checked."""
        with ExitStack() as afterwards:
            for registry, item in ((DIALECTS, self.dialect), *((FORMATS, one) for one in self.containers)):
                if item.name not in registry.names():
                    registry.register(item)
                    afterwards.callback(registry.unregister, item.name)
            yield

    def opened(self) -> Iterator[Trajectory]:
        """Each sample, opened anew."""
        for name, data in self.samples.items():
            yield Trajectory.from_bytes(data, name)

    # Which files are its own

    def test_it_claims_its_samples_and_no_others(self) -> None:
        for trajectory in self.opened():
            assert trajectory.dialect.name == self.dialect.name
        for data in self.others:
            for layout in readings(Files("other", None, data), None):
                if isinstance(layout, Layout):
                    assert self.dialect.claims([bytes(raw) for raw in layout.records]) <= 0.5

    def test_no_claim_is_outside_of_its_bounds_or_an_error(self) -> None:
        for head in ([b"{}"], [b'{"a": 1}', b"{}"], [b'{"type": 3, "role": null, "uuid": []}'], [CHAT[1:37]]):
            assert 0 <= self.dialect.claims(head) <= 1

    # Reading

    def test_opened_and_saved_unchanged_a_file_has_the_same_bytes(self) -> None:
        for trajectory, data in zip(self.opened(), self.samples.values(), strict=True):
            assert trajectory.to_bytes() == data

    def test_every_event_has_a_kind_and_reads_as_one(self) -> None:
        for trajectory in self.opened():
            assert len(trajectory) > 1
            for index in range(len(trajectory)):
                head, data = trajectory.head(index), trajectory.modern(index)
                assert head.kind == trajectory.outline.kinds[index]
                assert ("action" in data) == trajectory.outline.is_action[index]
                assert trajectory.parsed(index).problems == ()

    def test_what_is_told_of_its_world_stands_in_it(self) -> None:
        for trajectory, data in zip(self.opened(), self.samples.values(), strict=True):
            for fact in found_in(trajectory).facts:
                assert fact.where
                assert fact.derived or fact.value.encode() in data

    def test_an_answer_stands_behind_its_action(self) -> None:
        for trajectory in self.opened():
            for answer, action in trajectory.outline.answers.items():
                assert action < answer
                assert trajectory.outline.is_action[action] > trajectory.outline.is_action[answer]

    def test_each_place_of_a_field_holds_what_the_event_says(self) -> None:
        if self.dialect.one_to_one:
            pytest.skip("each record is an event, which holds its own fields")
        assert isinstance(self.dialect, BaseDialect)
        for trajectory in self.opened():
            document = trajectory._document
            for index, path, value in fields(trajectory):
                try:
                    places = self.dialect.places(document, index, path)
                except BadInput:
                    continue
                assert places
                for place in places:
                    assert held(place, document.records[place.record], value) == value, (index, path, place)

    # Editing

    def test_what_is_set_is_read_back_and_nothing_else_says_anything_else(self) -> None:
        for trajectory in self.opened():
            original, set_any = trajectory.to_bytes(), False
            for index, path, value in list(fields(trajectory)):
                before = said(trajectory)
                try:
                    trajectory.set_value(index, path, other := another(value))
                except BadInput:
                    assert trajectory.to_bytes() == original
                    continue
                set_any = True
                assert _at(trajectory.data(index), path) == other
                uid = trajectory.uid(index)
                assert {**said(trajectory), uid: ""} == {**before, uid: ""}
                assert index in trajectory.edited
                again = Trajectory.from_bytes(trajectory.to_bytes())
                assert again.data(index) == trajectory.data(index)
                trajectory.undo()
                assert trajectory.to_bytes() == original
                assert not trajectory.edited
            assert set_any

    def test_whole_events_go_and_all_others_stay_what_they_are(self) -> None:
        for trajectory in self.opened():
            original, before = trajectory.to_bytes(), said(trajectory)
            for index in range(len(trajectory)):
                unit = {trajectory.uid(at) for at in trajectory.unit_of(index)}
                if len(unit) == len(trajectory):
                    continue
                trajectory.delete([index])
                assert said(trajectory) == {uid: text for uid, text in before.items() if uid not in unit}
                again = Trajectory.from_bytes(trajectory.to_bytes())
                assert list(said(again).values()) == list(said(trajectory).values())
                trajectory.undo()
                assert trajectory.to_bytes() == original
                assert said(trajectory) == before

    def test_an_event_that_was_put_in_is_there_and_all_others_are_what_they_were(self) -> None:
        if self.inserts is None:
            pytest.skip("nothing can be inserted")
        for trajectory in self.opened():
            original, before = trajectory.to_bytes(), said(trajectory)
            for at in range(len(trajectory) + 1):
                edit = trajectory.insert(at, [self.inserts])
                new = [uid for uid in said(trajectory) if uid not in before]
                assert len(new) == 1
                assert edit.touched == (trajectory.index_of_uid(new[0]),)
                index = trajectory.index_of_uid(new[0])
                assert index is not None
                assert trajectory.head(index).kind == self.inserts["action"]
                assert {uid: text for uid, text in said(trajectory).items() if uid in before} == before
                assert kinds(Trajectory.from_bytes(trajectory.to_bytes())) == kinds(trajectory)
                trajectory.undo()
                assert trajectory.to_bytes() == original
                assert said(trajectory) == before
                trajectory.redo()
                assert [uid for uid in said(trajectory) if uid not in before] == new
                trajectory.undo()

    def test_any_edits_then_undo_all_give_the_original_bytes(self) -> None:
        @settings(max_examples=25, deadline=None)
        @given(st.data())
        def check(data: st.DataObject) -> None:
            self._edit_and_undo(data)

        check()

    def _edit_and_undo(self, data: st.DataObject) -> None:
        sample = data.draw(st.sampled_from(sorted(self.samples)))
        trajectory = Trajectory.from_bytes(self.samples[sample])
        before, again = said(trajectory), Trajectory.from_bytes(self.samples[sample])
        for _ in range(data.draw(st.integers(1, 6))):
            edit = some_edit(data, trajectory, self.inserts)
            if edit is None:
                continue
            again.apply_data(edit.to_data())
            assert again.to_bytes() == trajectory.to_bytes()
            assert said(again) == said(trajectory)
        while trajectory.undo():
            assert trajectory.outline.kinds == kinds(trajectory)
        assert trajectory.to_bytes() == self.samples[sample]
        assert said(trajectory) == before


def some_edit(data: st.DataObject, trajectory: Trajectory, new: Mapping[str, Any] | None) -> Any:
    """One edit of any kind; None where it cannot be made."""
    index = data.draw(st.integers(0, len(trajectory) - 1))
    verb = data.draw(st.sampled_from(["set", "set", "delete", "insert", "move", "duplicate", "undo", "redo"]))
    if verb in ("undo", "redo"):
        # Both are followed by the other, so that a second document can follow the edits alone.
        steps = (trajectory.undo, trajectory.redo)
        if verb == "undo" and steps[0]():
            steps[1]()
        return None
    try:
        if verb == "set":
            found = [(path, value) for at, path, value in fields(trajectory) if at == index]
            if not found:
                return None
            path, value = data.draw(st.sampled_from(found))
            return trajectory.set_value(index, path, another(value))
        if verb == "delete":
            return trajectory.delete([index])
        if verb == "insert":
            return None if new is None else trajectory.insert(index, [new])
        if verb == "move":
            return trajectory.move([index], data.draw(st.sampled_from([-2, -1, 1, 3])))
        return trajectory.duplicate([index])
    except BadInput:
        return None


def held(place: Place, text: Text, value: Any) -> Any:
    """What stands at a place; where nothing does, an event says that nothing is there, or nothing is set."""
    try:
        return place.value(text)
    except LookupError:
        return value if not value else None


def kinds(trajectory: Trajectory) -> list[str]:
    """The kinds of all events."""
    return [trajectory.head(index).kind for index in range(len(trajectory))]


def services(trajectory: Trajectory) -> dict[str, Service]:
    """What a replay does with each command."""
    found = {}
    for index in range(len(trajectory)):
        action = trajectory.parsed(index).event
        if isinstance(action, Action) and action.action == "run":
            answer = trajectory.outline.answer_of.get(index)
            recorded = None if answer is None else trajectory.parsed(answer).event
            assert recorded is None or isinstance(recorded, Observation)
            found[str(action.args.command)] = trajectory.dialect.treatment(action, recorded).service
    return found


def said(trajectory: Trajectory) -> dict[int, str]:
    """What each event says, by uid, in order; copies of the call that it came from are no part of that, nor
    is what its model had come to by then, which other events add to.
    """
    events = ((trajectory.uid(index), trajectory.data(index)) for index in range(len(trajectory)))
    apart = (canonical.CALL, canonical.METRICS)
    return {
        uid: json.dumps({key: value for key, value in event.items() if key not in apart})
        for uid, event in events
    }


def fields(trajectory: Trajectory) -> Iterator[tuple[int, ValuePath, Any]]:
    """The texts, numbers and flags of each event that say what was done and what came back."""
    for index in range(len(trajectory)):
        place, _ = trajectory.own_fields(index)
        data = trajectory.data(index)
        if isinstance(data.get("content"), str) and not trajectory.outline.is_action[index]:
            yield index, ("content",), data["content"]
        if place:
            for path, value in _leaves(_at(data, place)):
                yield index, (*place, *path), value


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, str | bool | int):
        yield path, value


def another(value: Any) -> Any:
    """Another value of the same type, awkward where it is a text."""
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else value + ' ü "\\\n\u2028'


def _at(value: Any, path: ValuePath) -> Any:
    for part in path:
        value = value[part]
    return value
