"""The world that a recording began in, in words: what names it, what a run begins in, what could be had."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import Struct

from trajcore import notices
from trajcore.dialects.told import Fact, What
from trajcore.errors import BadInput
from trajcore.session import Session
from trajcore.text import safe_line
from trajcore.trajectory import Trajectory
from trajcore.worlds import plan
from trajcore.worlds.choice import AUTO, choice_of
from trajcore.worlds.choice import Choice as Choice
from trajcore.worlds.facts import found_in
from trajcore.worlds.prelude import steps_of

NOTHING: Final = "nothing in the recording or beside it names its world"
_ON_SCREEN: Final = "O offers another world"
_WAYS: Final = "--repo brings them, --world evidence builds them from the recording"


def fact_lines(trajectory: Trajectory) -> Iterator[str]:
    """What names the world of a recording, a line each with where that stands."""
    found = found_in(trajectory)
    yield from _lines(found.facts) or [NOTHING]
    for step in steps_of(found):
        yield safe_line(f"{'':<12}{step.command or f'# {step.path} is written'}")


def _lines(facts: Sequence[Fact]) -> list[str]:
    return [safe_line(f"{fact.what.value:<12}{fact.value}  ({fact.where})") for fact in facts]


def fact_object(trajectory: Trajectory) -> dict[str, Any]:
    """The same as one object: what it comes to, and each fact with where it stands."""
    found = found_in(trajectory)
    return {
        "image": next(iter(found.images), None),
        "repo": found.value(What.REPOSITORY) or None,
        "commit": found.commit or None,
        "directory": found.directory or None,
        "facts": [
            {"what": fact.what.value, "value": fact.value, "where": fact.where, "derived": fact.derived}
            for fact in found.facts
        ],
        "prelude": [step.command or f"# {step.path} is written" for step in steps_of(found)],
    }


def world_line(notice: notices.WorldChosen) -> str:
    """In which world a run begins, and which directories have another name there, in one line.

    It is empty where that is a bare sandbox and nothing else was named.
    """
    maps = f", mapped: {', '.join(notice.maps)}" if notice.maps else ""
    return safe_line(f"{_kind_line(notice)}{maps}")


def _kind_line(notice: notices.WorldChosen) -> str:
    at = f" at {notice.commit[:12]}" if notice.commit else ""
    match notice.kind:
        case plan.IMAGE:
            return f"world: the image {notice.image} that the recording names"
        case plan.DOCKERFILE:
            of = f" with {notice.repository}{at}" if notice.repository else ""
            return f"world: built from the Dockerfile{of}"
        case plan.REPOSITORY:
            return f"world: {notice.repository}{at}"
        case plan.EVIDENCE:
            return "world: reconstructed from the recording"
    return "world: bare" if notice.missing or notice.maps else ""


def world_notes(notice: notices.WorldChosen) -> Iterator[str]:
    """What names the recording's world, the one that the run begins in, and why that is not the same."""
    if notice.told:
        yield safe_line(f"the recording names: {notice.told}")
    if line := world_line(notice):
        yield safe_line(f"{line}: {notice.why} ({_ON_SCREEN})" if notice.missing else line)


def short(notice: notices.WorldChosen) -> str:
    """In which world a run begins, in two words; empty where there is nothing to say."""
    if notice.kind == plan.NONE:
        return "world: bare" if notice.missing else ""
    return f"world: {'reconstructed' if notice.kind == plan.EVIDENCE else notice.kind}"


def offer(session: Session, *, screen: bool = False) -> str:
    """What could be had instead of a bare sandbox, in one line; empty where nothing is known of that."""
    world, before = session.world, session.world_before
    if before is not None and session.world_choice == Choice():
        said = f"the last time this recording began in {in_words(before)}"
        return _offered(said, "the same options do so again", screen=screen)
    if world is None or not world.is_bare:
        return ""
    missing = world.missing
    if missing is not None:
        pull = "--pull fetches it, " if missing.pull else ""
        said = f"the recording began in the image {missing.image}: {missing.why}"
        return _offered(said, f"{pull}--world evidence builds its files from the recording", screen=screen)
    files = session.world_facts.first(What.REPOSITORY, What.DIRECTORY)
    if files is None:
        return ""
    said = f"the recording began with the files of {files.value}, which are not here"
    return _offered(said, _WAYS, screen=screen)


def lacking(*, screen: bool = False) -> str:
    """What is said when a step first finds other files than it did when it was recorded."""
    return _offered("a step found other files than when it was recorded", _WAYS, screen=screen)


def _offered(said: str, ways: str, *, screen: bool) -> str:
    """With the ways to mend it: the key comes first where there may be no room for all."""
    return safe_line(f"{_ON_SCREEN}: {said}" if screen else f"{said} ({ways})")


def in_words(choice: Choice) -> str:
    """A choice as it is typed."""
    parts = [] if choice.kind == AUTO else [f"--world {choice.kind}"]
    parts += [f"--repo {choice.repository.shown}"] if choice.repository else []
    parts += [f"--dockerfile {choice.dockerfile}"] if choice.dockerfile else []
    parts += [f"--map {one.text}" for one in choice.maps]
    return " ".join(parts) or "--world auto"


# The dialog


class WorldForm(Struct, frozen=True):
    """What the dialog of the world shows: what names it, the choices, and what is chosen now."""

    facts: tuple[str, ...]
    choices: tuple[tuple[str, str], ...]
    """A word for each choice, and what it says."""
    chosen: str
    repository: str
    maps: str


_FIRST: Final = (What.IMAGE, What.REPOSITORY, What.COMMIT, What.DIRECTORY, What.PRELUDE)


def _weight(fact: Fact) -> int:
    """What says most of a world comes first."""
    return _FIRST.index(fact.what) if fact.what in _FIRST else len(_FIRST)


PULL: Final = "pull"
AGAIN: Final = "again"


def form(session: Session) -> WorldForm:
    """What the dialog of the world shows of a session."""
    found, choice, before = session.world_facts, session.world_choice, session.world_before
    image = next(iter(found.images), "")
    choices = [("auto", "auto: the image if it is here, else a bare sandbox")]
    if image:
        choices += [("image", f"image: {image}"), (PULL, "image, fetched if it is not here")]
    choices += [
        ("evidence", "evidence: files built from what the recording tells"),
        ("none", "none: a bare sandbox"),
    ]
    if before is not None:
        choices.insert(0, (AGAIN, f"as the last time: {in_words(before)}"))
    chosen = PULL if choice.pull and image else choice.kind
    return WorldForm(
        tuple(_lines(sorted(found.facts, key=_weight)) or [NOTHING]),
        tuple((name, safe_line(text)) for name, text in choices),
        AGAIN if before is not None else chosen,
        choice.repository.text if choice.repository else "",
        " ".join(one.text for one in choice.maps),
    )


def chosen(session: Session, answer: str, repository: str, maps: str) -> Choice:
    """What the answers of the dialog come to. Raises `BadInput`."""
    if answer == AGAIN and session.world_before is not None:
        return session.world_before
    if answer == "evidence" and repository.strip():
        raise BadInput("a repository gives the files: leave it empty, or choose another world.")
    kind = "image" if answer == PULL else answer
    dockerfile = session.world_choice.dockerfile if kind == "auto" else None
    return choice_of(kind, repository.strip() or None, dockerfile, maps.split(), pull=answer == PULL)
