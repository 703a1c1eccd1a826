"""What happens to conversations of OpenHands V1: crashes and careless hands, each as it was seen to do harm.

A mutation is given a directory and a number that picks the place, and changes the files. Where there is no
such place it raises `NotThere`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final


class NotThere(Exception):
    """The conversation has nothing that the mutation could be made on."""


Mutation = Callable[[Path, int], None]
MUTATIONS: Final[dict[str, tuple[str, Mutation]]] = {}
"""By name, with the code of the finding that names it."""


def _mutation(code: str) -> Callable[[Mutation], Mutation]:
    def register(function: Mutation) -> Mutation:
        MUTATIONS[function.__name__.removeprefix("_")] = code, function
        return function

    return register


def event_files(place: Path) -> list[Path]:
    """The files of the events, in order."""
    return sorted((place / "events").glob("event-*.json"))


def read(path: Path) -> dict[str, Any]:
    """What is in a file."""
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def write(path: Path, record: dict[str, Any]) -> None:
    """A record, as V1 writes it."""
    path.write_bytes(json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode())


def _of(place: Path, number: int, kind: str | None = None, **fields: Any) -> tuple[Path, dict[str, Any]]:
    """One of the events of a kind that have some fields."""
    found = []
    for path in event_files(place):
        event = read(path)
        if kind in (None, event["kind"]) and all(event.get(key) for key in fields):
            found.append((path, event))
    if not found:
        raise NotThere
    return found[number % len(found)]


def _inner(number: int) -> int:
    return number + 1


def _renamed(path: Path, index: int) -> Path:
    new = path.with_name(f"event-{index:05d}-{path.name.split('-', 2)[2]}")
    path.rename(new)
    return new


def _state(place: Path) -> tuple[Path, dict[str, Any]]:
    path = place / "base_state.json"
    if not path.exists():
        raise NotThere
    return path, read(path)


def _taken_out(place: Path, path: Path) -> None:
    """An event goes, and all else follows as it should."""
    files = event_files(place)
    at, gone = files.index(path), read(path)
    path.unlink()
    for index, file in enumerate(files[at + 1 :], at):
        event = read(file)
        if event.get("parent_id") == gone["id"]:
            write(file, {**event, "parent_id": gone.get("parent_id", "__root__")})
        _renamed(file, index)
    state, told = _state(place)
    if told.get("leaf_event_id") == gone["id"]:
        write(state, {**told, "leaf_event_id": gone["parent_id"]})


def _middle(place: Path, number: int) -> Path:
    files = event_files(place)
    return files[2 + number % (len(files) - 3)]


@_mutation("damaged")
def _torn(place: Path, number: int) -> None:
    path = _middle(place, number)
    path.write_bytes(path.read_bytes()[: 40 + number % 50])


@_mutation("damaged")
def _empty(place: Path, number: int) -> None:
    _middle(place, number).write_bytes(b"")


@_mutation("damaged")
def _torn_leaf(place: Path, number: int) -> None:
    path = event_files(place)[-1]
    path.write_bytes(path.read_bytes()[:60])


@_mutation("gap")
def _missing(place: Path, number: int) -> None:
    _middle(place, number).unlink()


@_mutation("gap")
def _gap(place: Path, number: int) -> None:
    files = event_files(place)
    at = 2 + number % (len(files) - 2)
    for index, path in reversed(list(enumerate(files))[at:]):
        _renamed(path, index + 1 + number % 3)


@_mutation("file-name")
def _padding(place: Path, number: int) -> None:
    path = _middle(place, number)
    path.rename(path.with_name(path.name.replace("event-", "event-0", 1)))


@_mutation("id-form")
def _no_hex(place: Path, number: int) -> None:
    path = _middle(place, number)
    old = read(path)["id"]
    for file in (*event_files(place), place / "base_state.json"):
        file.write_bytes(file.read_bytes().replace(old.encode(), b"x" + old[1:].encode()))
    path.rename(path.with_name(path.name.replace(old, "x" + old[1:])))


@_mutation("other-id")
def _other_id(place: Path, number: int) -> None:
    path = _middle(place, number)
    path.rename(path.with_name(f"{path.name[:12]}0badcafe-0000-4000-8000-{number:012d}.json"))


@_mutation("second-file")
def _one_index(place: Path, number: int) -> None:
    files = event_files(place)
    at = 2 + number % (len(files) - 3)
    for index, path in enumerate(files[at + 1 :], at):
        _renamed(path, index)


@_mutation("same-id")
def _broken_off_rename(place: Path, number: int) -> None:
    """As a save leaves it that was broken off before the files were removed that have new names."""
    path = _middle(place, number)
    copy = path.read_bytes()
    index = int(path.name[6:11])
    (path.with_name(f"event-{index + 1:05d}-{path.name[12:]}")).write_bytes(copy)


@_mutation("same-id")
def _one_id(place: Path, number: int) -> None:
    path, event = _of(place, number, "MessageEvent")
    files = event_files(place)
    event["llm_message"]["content"] = [{"type": "text", "text": "Another."}]
    write(path.with_name(f"event-{len(files):05d}-{path.name[12:]}"), event)


@_mutation("unknown-key")
def _event_key(place: Path, number: int) -> None:
    path = _middle(place, number)
    write(path, {**read(path), "colour": "red"})


@_mutation("unknown-key")
def _action_key(place: Path, number: int) -> None:
    path, event = _of(place, number, "ActionEvent", action=True)
    write(path, {**event, "action": {**event["action"], "colour": "red"}})


@_mutation("unknown-key")
def _observation_key(place: Path, number: int) -> None:
    path, event = _of(place, number, "ObservationEvent")
    write(path, {**event, "observation": {**event["observation"], "colour": "red"}})


@_mutation("unknown-block-key")
def _block_key(place: Path, number: int) -> None:
    path, event = _of(place, number, "ObservationEvent")
    blocks = event["observation"]["content"]
    if not blocks:
        raise NotThere
    blocks[0]["colour"] = "red"
    write(path, event)


@_mutation("unknown-kind")
def _event_kind(place: Path, number: int) -> None:
    path = _middle(place, number)
    write(path, {**read(path), "kind": "ColourEvent"})


@_mutation("unknown-action")
def _action_kind(place: Path, number: int) -> None:
    path, event = _of(place, number, "ActionEvent", action=True)
    write(path, {**event, "action": {**event["action"], "kind": "ColourAction"}})


@_mutation("unknown-observation")
def _observation_kind(place: Path, number: int) -> None:
    path, event = _of(place, number, "ObservationEvent")
    write(path, {**event, "observation": {**event["observation"], "kind": "ColourObservation"}})


@_mutation("unknown-tool")
def _tool_kind(place: Path, number: int) -> None:
    path, event = _of(place, 0, "SystemPromptEvent")
    tool = {
        "description": "Colours.", "action_type": "ThinkAction", "observation_type": "ThinkObservation",
        "kind": "ColourTool",
    }  # fmt: skip
    write(path, {**event, "tools": [*event["tools"], tool]})


@_mutation("unknown-tool")
def _action_type(place: Path, number: int) -> None:
    path, event = _of(place, 0, "SystemPromptEvent")
    tool = {
        "description": "Colours.", "action_type": "ColourAction", "observation_type": "ThinkObservation",
        "kind": "ThinkTool",
    }  # fmt: skip
    write(path, {**event, "tools": [tool, *event["tools"]]})


@_mutation("missing-field")
def _no_call_id(place: Path, number: int) -> None:
    path, event = _of(place, number, "ActionEvent")
    write(path, {key: value for key, value in event.items() if key != "tool_call_id"})


@_mutation("source")
def _source(place: Path, number: int) -> None:
    path = _middle(place, number)
    write(path, {**read(path), "source": "nobody"})


@_mutation("state-id")
def _state_id(place: Path, number: int) -> None:
    path, state = _state(place)
    write(path, {**state, "id": "0badcafe-0000-4000-8000-000000000000"})


@_mutation("status")
def _status(place: Path, number: int) -> None:
    path, state = _state(place)
    write(path, {**state, "execution_status": "dancing"})


@_mutation("no-state")
def _torn_state(place: Path, number: int) -> None:
    path, _ = _state(place)
    path.write_bytes(path.read_bytes()[: 30 + number])


@_mutation("no-state")
def _bare_state(place: Path, number: int) -> None:
    path, state = _state(place)
    write(path, {"id": state["id"], "execution_status": "idle"})


@_mutation("leaf")
def _leaf(place: Path, number: int) -> None:
    path, state = _state(place)
    write(path, {**state, "leaf_event_id": "0badcafe-0000-4000-8000-000000000000"})


@_mutation("circle")
def _circle(place: Path, number: int) -> None:
    path = _middle(place, number)
    last = read(event_files(place)[-1])
    write(path, {**read(path), "parent_id": last["id"]})


@_mutation("circle")
def _own_parent(place: Path, number: int) -> None:
    path = _middle(place, number)
    event = read(path)
    write(path, {**event, "parent_id": event["id"]})


@_mutation("parent")
def _parent(place: Path, number: int) -> None:
    path = _middle(place, number)
    write(path, {**read(path), "parent_id": "0badcafe-0000-4000-8000-000000000000"})


@_mutation("no-prompt")
def _no_prompt(place: Path, number: int) -> None:
    _taken_out(place, event_files(place)[0])
    first = event_files(place)[0]
    write(first, {key: value for key, value in read(first).items() if key != "parent_id"})


def _batches(place: Path) -> Iterator[list[Path]]:
    """The calls of each reply that stand next to each other, of replies with several."""
    last: str | None = None
    found: list[Path] = []
    for path in event_files(place):
        event = read(path)
        reply = event.get("llm_response_id") if event["kind"] == "ActionEvent" else None
        if reply is None or reply != last:
            if len(found) > 1:
                yield found
            found = []
        last = reply
        if reply is not None:
            found.append(path)


def _batch(place: Path, number: int) -> list[Path]:
    found = list(_batches(place))
    if not found:
        raise NotThere
    return found[number % len(found)]


@_mutation("second-thought")
def _second_thought(place: Path, number: int) -> None:
    path = _batch(place, number)[1]
    write(path, {**read(path), "thought": [{"type": "text", "text": "And this."}]})


@_mutation("no-result")
def _no_result(place: Path, number: int) -> None:
    _taken_out(place, _of(place, number, "ObservationEvent")[0])


@_mutation("no-result")
def _no_result_in_batch(place: Path, number: int) -> None:
    calls = {read(path)["id"] for path in _batch(place, number)}
    found = [path for path in event_files(place) if read(path).get("action_id") in calls]
    if not found:
        raise NotThere
    _taken_out(place, found[number % len(found)])


@_mutation("no-result")
def _cut(place: Path, number: int) -> None:
    """All behind a call is gone, and the conversation goes on from that."""
    path, event = _of(place, number, "ActionEvent", action=True)
    files = event_files(place)
    for file in files[files.index(path) + 1 :]:
        file.unlink()
    state, told = _state(place)
    write(state, {**told, "leaf_event_id": event["id"], "execution_status": "running"})


@_mutation("arguments")
def _arguments(place: Path, number: int) -> None:
    path, event = _of(place, number, "ActionEvent", action=True)
    event["tool_call"]["arguments"] = event["tool_call"]["arguments"][:-1]
    write(path, event)


@_mutation("call-ids")
def _call_ids(place: Path, number: int) -> None:
    path, event = _of(place, number, "ActionEvent", action=True)
    event["tool_call"]["id"] = "call_of_another"
    write(path, event)


@_mutation("copies-differ")
def _action_alone(place: Path, number: int) -> None:
    found = [
        path for path in event_files(place) if "command" in (read(path).get("action") or {})
        and read(path)["action"]["kind"] == "TerminalAction"
    ]  # fmt: skip
    if not found:
        raise NotThere
    path = found[number % len(found)]
    event = read(path)
    event["action"]["command"] = "true"
    write(path, event)


@_mutation("copies-differ")
def _arguments_alone(place: Path, number: int) -> None:
    path, event = _of(place, number, "ActionEvent", action=True)
    given = json.loads(event["tool_call"]["arguments"])
    texts = [key for key in given if key in event["action"] and isinstance(given[key], str)]
    if not texts:
        raise NotThere
    given[texts[0]] = "another"
    event["tool_call"]["arguments"] = json.dumps(given)
    write(path, event)


@_mutation("save-dir")
def _save_dir(place: Path, number: int) -> None:
    found = [path for path in event_files(place) if "TerminalObservation" in path.read_text()]
    if not found:
        raise NotThere
    path = found[number % len(found)]
    event = read(path)
    event["observation"]["content"] = [{"type": "text", "text": "x" * 40_000}]
    event["observation"]["full_output_save_dir"] = "/proc/nobody/observations"
    write(path, event)


@_mutation("leaf-behind")
def _leaf_behind(place: Path, number: int) -> None:
    path, state = _state(place)
    files = event_files(place)
    write(path, {**state, "leaf_event_id": read(files[-2 - number % 2])["id"]})


@_mutation("passed-over")
def _passed_over(place: Path, number: int) -> None:
    """A message was put in, and what is behind it still hangs on what is before it."""
    files = event_files(place)
    at, event = next(
        (at, read(path)) for at, path in enumerate(files) if read(path)["kind"] == "MessageEvent"
    )
    if at + 1 >= len(files):
        raise NotThere
    for index, path in reversed(list(enumerate(files))[at + 1 :]):
        _renamed(path, index + 1)
    new = {**event, "id": f"0badcafe-0000-4000-8000-{number:012d}", "parent_id": event["id"]}
    write(place / "events" / f"event-{at + 1:05d}-{new['id']}.json", new)


HARMLESS: Final = frozenset({"leaf_behind", "passed_over"})
"""What a user may have wanted so: warnings, which are mended where the user asks for it."""
