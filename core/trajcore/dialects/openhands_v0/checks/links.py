"""Ids, causes, condensations and delegations that do not hold together."""

from __future__ import annotations

from collections.abc import Iterator

from trajcore.dialects.findings import Delete, Finding, Repair, RepairStep, Set, Severity, Unset
from trajcore.dialects.openhands_v0.checks.skeleton import Key, Skeleton
from trajcore.events.kinds import CONDENSATION, DELEGATE, NULL, RESULTS, result_of


def check_links(skeleton: Skeleton) -> Iterator[Finding]:
    """Faults in how events name each other."""
    if skeleton.places:
        yield from _missing_ids(skeleton)
        yield from _repeated_ids(skeleton)
        yield from _order_of_ids(skeleton)
    yield from _causes(skeleton)
    yield from _missing_causes(skeleton)
    yield from _condensations(skeleton)
    yield from _delegations(skeleton)


def _missing_ids(skeleton: Skeleton) -> Iterator[Finding]:
    for index, key in enumerate(skeleton.keys):
        # The pairs of 2024 fill an empty side with a null that never had an id.
        if key.id is None and key.kind not in (NULL, "?") and "id" not in skeleton.data(index):
            number = skeleton.fresh_id(index)
            repair = skeleton.repair(f"give it the id {number}", Set(index, ("id",), number))
            text = "no id, where other events have one"
            yield Finding(index, skeleton.name(index), "missing-id", text, Severity.WARNING, repair)


def _repeated_ids(skeleton: Skeleton) -> Iterator[Finding]:
    for number, places in skeleton.places.items():
        for index in places[1:]:
            text = f"duplicate id: event #{places[0]} has the id {number} too"
            yield Finding(index, skeleton.name(index), "duplicate-id", text, repair=_new_id(skeleton, index))


def _new_id(skeleton: Skeleton, index: int) -> Repair:
    """A fresh id for an event, and for whoever names it."""
    number, old = skeleton.fresh_id(index), skeleton.keys[index].id
    steps: list[RepairStep] = [Set(index, ("id",), number)]
    for observation, action in skeleton.links.answers.items():
        if action == index and skeleton.keys[observation].cause == old:
            steps.append(Set(observation, ("cause",), number))
    whom = " and let its result name it" if len(steps) > 1 else ""
    return skeleton.repair(f"give it the id {number}{whom}", *steps)


def _order_of_ids(skeleton: Skeleton) -> Iterator[Finding]:
    """Ids that go back where nothing else tells the order.

    Events with times have those. Of others a gap tells: what was put in or moved has the id behind another.
    """
    last: Key | None = None
    for index, key in enumerate(skeleton.keys):
        if key.id is None:
            continue
        if last is not None and last.id is not None and key.id < last.id:
            is_timed = last.timestamp is not None and key.timestamp is not None
            is_known = is_timed or last.id - 1 in skeleton.places
            if not is_known and skeleton.places[key.id][0] == index:
                text = f"ids out of order: {key.id} stands behind {last.id}"
                yield Finding(index, skeleton.name(index), "id-order", text, Severity.WARNING)
        last = key


def _causes(skeleton: Skeleton) -> Iterator[Finding]:
    for index, key in enumerate(skeleton.keys):
        # OpenHands writes -1 for errors that no action led to.
        if key.action is not None or key.cause is None or key.cause < 0:
            continue
        places = skeleton.places.get(key.cause, [])
        actions = [place for place in places if skeleton.keys[place].action is not None]
        if any(place < index for place in actions):
            continue
        if actions:
            code, text = "early-result", f"it stands before its cause, event {skeleton.name(actions[0])}"
        elif places:
            code, text = "cause-no-action", f"its cause {key.cause} is not an action"
        else:
            code, text = "dangling-cause", f"its cause {key.cause} is not in this recording"
        repair = None if code == "early-result" else _mended_cause(skeleton, index, key)
        yield Finding(index, skeleton.name(index), code, text, repair=repair)


def _missing_causes(skeleton: Skeleton) -> Iterator[Finding]:
    """Results that name no action, where others do: by its place one may be taken for another's."""
    results = [(index, key) for index, key in enumerate(skeleton.keys) if _is_result(key)]
    if all(key.cause is None or key.cause < 0 for _, key in results):
        return
    for index, key in results:
        action = skeleton.links.answers.get(index)
        if action is None or (key.cause is not None and key.cause >= 0):
            continue
        number, repair = skeleton.keys[action].id, None
        if number is not None and len(skeleton.places[number]) == 1:
            words = f"let it name event {skeleton.name(action)}, which it is taken to answer"
            repair = skeleton.repair(words, Set(index, ("cause",), number))
        text = "it names no cause, where other results do"
        yield Finding(index, skeleton.name(index), "missing-cause", text, Severity.WARNING, repair)


def _is_result(key: Key) -> bool:
    return key.action is None and key.kind in RESULTS


def _mended_cause(skeleton: Skeleton, index: int, key: Key) -> Repair:
    action = skeleton.links.answers.get(index)
    if action is not None:
        asked = skeleton.keys[action]
        fits = key.tool_call_id is not None and key.tool_call_id == asked.tool_call_id
        fits = fits or result_of(asked.kind) == key.kind
        if fits and asked.id is not None and len(skeleton.places[asked.id]) == 1:
            words = f"let it name event {skeleton.name(action)}, which it answers"
            return skeleton.repair(words, Set(index, ("cause",), asked.id))
    elif key.kind in RESULTS:
        return skeleton.repair("delete this result of nothing", Delete(index))
    return skeleton.repair("remove the cause", Unset(index, ("cause",)))


def _condensations(skeleton: Skeleton) -> Iterator[Finding]:
    earlier: set[int] = set()
    for index, key in enumerate(skeleton.keys):
        args = key.args
        if key.action == CONDENSATION and args is not None:
            name = skeleton.name(index)
            named = args.forgotten_event_ids or []
            known = [number for number in named if number in earlier]
            if len(known) < len(named):
                lost = [str(number) for number in named if number not in earlier]
                text = f"it forgets events that are not before it: {_some(lost)}"
                step = Set(index, ("args", "forgotten_event_ids"), known)
                repair = skeleton.repair("let it name only the others", step)
                yield Finding(index, name, "condensation-ids", text, Severity.WARNING, repair)
            first, last = args.forgotten_events_start_id, args.forgotten_events_end_id
            if first is not None and last is not None and not _any_between(earlier, first, last):
                text = f"it forgets events {first} to {last}, and none of them is before it"
                yield Finding(index, name, "condensation-ids", text, Severity.WARNING)
        if key.id is not None:
            earlier.add(key.id)


def _any_between(numbers: set[int], first: int, last: int) -> bool:
    if last - first < len(numbers):
        return any(number in numbers for number in range(first, last + 1))
    return any(first <= number <= last for number in numbers)


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _delegations(skeleton: Skeleton) -> Iterator[Finding]:
    opened: list[int] = []
    for index, key in enumerate(skeleton.keys):
        if key.action == DELEGATE:
            opened.append(index)
        elif key.action is None and key.observation == DELEGATE and opened:
            opened.pop()
    for index in opened:
        if skeleton.is_yet_to_be_played(index):
            continue
        text = "this delegation is never closed: what follows counts as not inside it"
        yield Finding(index, skeleton.name(index), "open-delegation", text, Severity.WARNING)
