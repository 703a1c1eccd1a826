"""Recordings of other agents are refused by name; OpenHands' own never are."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import others
import swes
from documents import JSON_VALUES, NOT_QUITE_JSON, Text, documents, message, ran, run
from recordings import TRAJECTORIES
from trajcore.dialects import foreign
from trajcore.dialects.openhands_v0 import claim
from trajcore.errors import BadInput
from trajcore.events.actions import ACTIONS
from trajcore.events.observations import OBSERVATIONS
from trajcore.formats.base import RowNeeded
from trajcore.trajectory import Trajectory

OPENHANDS: list[Any] = [message(0, "go"), run(1, "ls"), ran(2, 1, "a")]
FLATTENED: list[Any] = [
    {"content": "go", "images_urls": None, "wait_for_response": False, "action": "message"},
    {"command": "ls", "thought": "look", "action": "run", "is_confirmed": "confirmed"},
    {"content": "a", "command_id": -1, "command": "ls", "exit_code": 0, "observation": "run"},
]


def refused(data: bytes, row: str | None = None) -> str:
    with pytest.raises(BadInput) as caught:
        Trajectory.from_bytes(data, "the file", row)
    assert caught.value.exit_code == 2
    text = str(caught.value)
    assert "\n" not in text
    assert "the file" in text
    return text


def named(agent: str, name: object = "the file") -> str:
    return f"{name}: this looks like {agent}; it cannot be read yet."


@pytest.mark.parametrize(("agent", "data"), others.FILES.values(), ids=others.FILES)
def test_a_recording_of_another_agent_is_refused_by_name(agent: str, data: bytes, tmp_path: Path) -> None:
    for row in (None, "0", "1", "no such row"):
        assert refused(data, row) == named(agent)
    path = tmp_path / "0.json"  # a name says nothing
    path.write_bytes(data)
    with pytest.raises(BadInput) as caught:
        Trajectory.open(path)
    assert str(caught.value) == named(agent, path)
    if not data.startswith(b"PK"):
        assert refused(b"\xef\xbb\xbf \n" + data) == named(agent)
        assert refused(data.replace(b"\n", b"\r\n")) == named(agent)


def test_no_row_stands_without_a_recording() -> None:
    rows = {row.name for row in (*foreign.AGENTS, *foreign.OTHERS)}
    assert rows == {agent for agent, _ in others.FILES.values()}


def test_directories_of_other_agents_are_refused_by_name(tmp_path: Path) -> None:
    for agent, path in others.directories(tmp_path).values():
        for row in (None, "0"):
            with pytest.raises(BadInput) as caught:
                Trajectory.open(path, row)
            assert str(caught.value) == named(agent, path)


def test_a_directory_is_not_searched_without_end(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c" / "d" / "e"
    deep.mkdir(parents=True)
    (deep / "s.jsonl").write_bytes(others.lines(others.CLAUDE_USER))
    (tmp_path / ".hidden.jsonl").write_bytes(others.lines(others.CLAUDE_USER))
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "chat.json").write_bytes(others.pretty(others.MESSAGES))
    with pytest.raises(BadInput, match="is a directory with no events in it"):
        Trajectory.open(tmp_path)


def test_an_event_store_is_openhands_whatever_lies_beside_it(tmp_path: Path) -> None:
    for name, (_, data) in enumerate(others.FILES.values()):
        (tmp_path / f"other {name}").write_bytes(data)
    for number, event in enumerate(OPENHANDS):
        (tmp_path / f"{number}.json").write_text(json.dumps(event))
    assert len(Trajectory.open(tmp_path)) == 3
    (tmp_path / "1.json").write_text('{"action": ')
    assert "1.json is not JSON" in Trajectory.open(tmp_path).damaged[1]


# OpenHands' own


@given(documents(NOT_QUITE_JSON) | documents())
def test_what_openhands_could_have_written_is_nobody_elses(text: Text) -> None:
    assert foreign.agent_of_bytes(text.data) is None
    trajectory = Trajectory.from_bytes(text.data)
    assert foreign.agent_of_records([trajectory.raw(index) for index in range(len(trajectory))]) is None


OTHER_OBJECTS = st.sampled_from(
    [event for group in (others.V1_EVENTS, others.ATIF_RUN["steps"],
                         [others.CLAUDE_USER, others.CODEX_META], others.MESSAGES)
     for event in group]
)  # fmt: skip


@given(st.lists(OTHER_OBJECTS, max_size=5), st.integers(0, 5), st.sampled_from(OPENHANDS))
def test_one_event_of_openhands_among_others_objects_makes_a_recording_of_it(
    objects: list[Any], at: int, event: Any
) -> None:
    events = [*objects[:at], event, *objects[at:]]
    for value in (events, {"history": events}, {"trajectory": events, "messages": others.MESSAGES}):
        assert len(Trajectory.from_bytes(json.dumps(value).encode())) == len(events)


def test_events_without_arguments_of_their_own_are_openhands_beside_any_other_key() -> None:
    for value in (FLATTENED, {"history": FLATTENED}, {"history": FLATTENED, "messages": others.MESSAGES}):
        assert len(Trajectory.from_bytes(json.dumps(value).encode())) == 3


def test_rows_are_judged_each_for_itself() -> None:
    swe = json.loads(swes.SAMPLES["xml"])
    rows = [{"instance_id": "a", "history": OPENHANDS}, {"instance_id": "b", "history": others.V1_EVENTS},
            swe, {"messages": others.MESSAGES}]  # fmt: skip
    for order in itertools.permutations(rows):
        data = others.lines(*order)
        with pytest.raises(RowNeeded):
            Trajectory.from_bytes(data)
        assert len(Trajectory.from_bytes(data, row="a")) == 3
        assert Trajectory.from_bytes(data, row="b").dialect.name == "openhands_v1"
        assert Trajectory.from_bytes(data, row=str(order.index(swe))).dialect.name == "swe_agent"


def test_a_recording_of_which_some_kinds_are_unknown_opens() -> None:
    news = [{"id": 3, "source": "agent", "action": "frobnicate", "args": {}}, {"observation": "frobnicated"}]
    for events in itertools.permutations([*OPENHANDS, *news]):
        assert len(Trajectory.from_bytes(json.dumps(events).encode())) == 5


def test_what_is_known_only_behind_many_events_opens_too() -> None:
    events = [{"action": "frobnicate", "args": {}}] * 500 + OPENHANDS
    assert len(Trajectory.from_bytes(json.dumps(events).encode())) == 503


def test_without_a_source_a_fair_share_of_the_kinds_has_to_be_known() -> None:
    bare = [{key: value for key, value in event.items() if key != "source"} for event in OPENHANDS]
    news = {"action": "frobnicate", "args": {}}
    assert len(Trajectory.from_bytes(json.dumps([*bare, *[news] * 12]).encode())) == 15
    assert "is no OpenHands recording" in refused(json.dumps([*bare, *[news] * 13]).encode())
    command = {"action": "cat README.md"}
    assert len(Trajectory.from_bytes(json.dumps([*bare, *[command] * 2]).encode())) == 5
    assert "is no OpenHands recording" in refused(json.dumps([*bare, *[command] * 3]).encode())


def test_no_edit_leaves_what_could_not_be_opened_again() -> None:
    events = [*OPENHANDS, {"action": "frobnicate"}, {"action": "frobnicate"}]
    trajectory = Trajectory.from_bytes(json.dumps(events).encode())
    with pytest.raises(BadInput, match="this would leave no event by which"):
        trajectory.delete([0, 1, 2])
    trajectory.delete([0])
    trajectory.delete([0, 1, 2, 3][2:])
    assert len(Trajectory.from_bytes(trajectory.to_bytes())) == 2


def test_every_kind_that_has_a_model_is_known() -> None:
    assert {model.model_fields["action"].default for model in ACTIONS} == claim.ACTIONS
    assert {model.model_fields["observation"].default for model in OBSERVATIONS} == claim.OBSERVATIONS


@given(st.dictionaries(st.sampled_from(["action", "observation", "source", "args", "extras"]), JSON_VALUES))
def test_a_text_is_judged_as_what_it_holds(event: dict[str, Any]) -> None:
    assert claim.of_text(json.dumps(event).encode()) == claim.of_event(event)


# Nobody's


@pytest.mark.parametrize(
    "events",
    [
        [{"action": "ls -la"}, {"action": "cat README.md"}],
        [{"action": "ls", "observation": "README.md"}],
        [{"action": "read", "observation": "text"}, {"action": "finish", "observation": ""}],
        [{"action": "click", "args": {"x": 1}}, {"observation": "page", "extras": {}}],
        [{"observation": "the door is open"}],
        [{"action": "stop"}, {"action": "start"}],
        [{"action": "ls"}, {"action": "cat README.md"}, {"action": "finish"}],
        [{"action": "click", "args": {"x": 1}}] * 5 + [{"action": "finish", "args": {"answer": "3"}}],
    ],
    ids=str,
)
def test_events_none_of_which_is_of_openhands_kind_are_no_recording(events: list[Any]) -> None:
    for value in (events, {"trajectory": events}, {"history": events}):
        assert refused(json.dumps(value).encode()).startswith(
            "the file is no OpenHands recording: its events"
        )


def test_steps_of_any_agent_are_not_taken_for_another_agents() -> None:
    steps = [{"thought": "I look", "action": "ls", "observation": "README.md"}]
    assert "is no OpenHands recording" in refused(json.dumps(steps).encode())
    assert "is no OpenHands recording" in refused(json.dumps({"history": steps}).encode())
    assert "is no OpenHands recording" in refused(json.dumps({"trajectory": steps}).encode())


def test_few_kinds_are_named_and_none_at_full_length() -> None:
    text = refused(json.dumps([{"action": f"{'x' * 1000} {n}"} for n in range(100)] * 2).encode())
    assert len(text) < 300
    text = refused(b'[{"action": "ls -l"}, {"action": "ls -l"}, {"observation": "x"}, {"action": "run"}]')
    assert text == "the file is no OpenHands recording: its events ('ls -l', 'x', 'run') are not OpenHands'."


# Hostile and large files


@given(st.recursive(
    JSON_VALUES,
    lambda inner: st.dictionaries(
        st.sampled_from(["role", "content", "type", "kind", "source", "action", "observation", "trajectory",
                         "history", "messages", "steps", "step_id", "info", "payload", "message", "input",
                         "conversations", "attempts", "events", "items", "eval", "session", "extra"]),
        inner | st.lists(inner, max_size=3), max_size=4,
    ) | st.lists(inner, max_size=3),
    max_leaves=12,
))  # fmt: skip
def test_no_shape_makes_it_fail(value: Any) -> None:
    for data in (json.dumps(value).encode(), others.lines(value, value)):
        foreign.agent_of_bytes(data)
        with contextlib.suppress(BadInput):
            Trajectory.from_bytes(data)


@given(st.binary(max_size=200), st.integers(0, 400))
def test_no_damage_to_an_archive_makes_it_fail(junk: bytes, at: int) -> None:
    data = others.archive(**{"run.json": others.pretty(others.ATIF_RUN)})
    for damaged in (data[:at] + junk + data[at + len(junk) :], data[: -at or None], b"PK\x03\x04" + junk):
        foreign.agent_of_bytes(damaged)
        with pytest.raises(BadInput):
            Trajectory.from_bytes(damaged)


def test_an_archive_that_swells_is_not_unpacked() -> None:
    data = others.archive(**{f"{n}.json": b" " * (32 << 20) for n in range(8)})
    started = time.monotonic()
    assert foreign.agent_of_bytes(data) is None
    assert time.monotonic() - started < 5


def test_an_archive_of_openhands_events_is_nobody_elses() -> None:
    data = others.archive(**{f"{n}.json": json.dumps(event).encode() for n, event in enumerate(OPENHANDS)})
    assert len(Trajectory.from_bytes(data)) == len(OPENHANDS)


def test_a_large_recording_is_judged_by_its_first_event(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("only what is not certain is looked at")

    for name in ("agent_of_records", "agent_of_bytes", "agent_of_files"):
        monkeypatch.setattr(foreign, name, never)
    judged = []
    shape_of = claim._shape_of
    monkeypatch.setattr(claim, "_shape_of", lambda raw: judged.append(raw) or shape_of(raw))
    assert len(Trajectory.from_bytes(json.dumps(OPENHANDS * 1000).encode())) == 3000
    assert len(judged) == 1


def test_of_a_large_file_of_another_agent_few_records_are_looked_at() -> None:
    step = {**others.ATIF_RUN["steps"][0], "extra": {"text": "x" * 2000}}
    data = json.dumps({**others.ATIF_RUN, "steps": [step] * 5000}).encode()
    started = time.monotonic()
    json.loads(data)
    whole = time.monotonic() - started
    started = time.monotonic()
    assert foreign.agent_of_bytes(data) == others.ATIF
    assert time.monotonic() - started < whole


def test_a_first_record_of_any_length_is_looked_at() -> None:
    long = {"role": "system", "content": "x" * (3 << 20)}
    assert refused(others.pretty([long, *others.MESSAGES])) == named(others.OPENAI)
    assert refused(others.lines({**others.CODEX_META, "x": "y" * (3 << 20)})) == named(others.CODEX)


# The real ones


def real(agent: str) -> list[Path]:
    if not (TRAJECTORIES / agent).is_dir():
        pytest.skip("no recordings: the directory shared/trajectories is not beside the repository")
    found = sorted((TRAJECTORIES / agent).rglob("*"))
    return [path for path in found if path.suffix in (".json", ".jsonl", ".traj", ".zip")]


@pytest.mark.parametrize(
    ("agent", "words"),
    [("atif", "an ATIF"), ("chat", "a chat recording"), ("claude_code", "Claude Code"), ("codex", "a Codex")],
)
def test_real_recordings_are_refused_by_name(agent: str, words: str) -> None:
    for path in real(agent):
        if path.name == "text_blocks.json":  # what a text model of mini-swe-agent was sent
            continue
        with pytest.raises(BadInput) as caught:
            Trajectory.open(path)
        if path.name == "last_request.json":
            assert "this looks like a chat recording" in str(caught.value)
        elif path.name != "TASKS.json":
            assert str(caught.value).startswith(f"{path}: this looks like "), path
            assert words in str(caught.value)
