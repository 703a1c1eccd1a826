"""In what sandbox a run is, in words: why it is that one, and which others there are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from trajcore.sandbox.registry import AUTO, sandbox_kind, sandbox_names
from trajcore.session import Session
from trajcore.settings import SandboxChoice as SandboxChoice
from trajcore.text import safe_line

_AUTO_WORDS = "docker if the image is here, else bubblewrap, else docker"


@dataclass(frozen=True)
class SandboxForm:
    """What the dialog of the sandbox shows: what it is now and why, the kinds, what is chosen."""

    now: str
    fault: str
    """What has failed, whole; empty where nothing has."""
    kinds: tuple[tuple[str, str], ...]
    """The name of each, and what it says before it is known whether it works here."""
    chosen: SandboxChoice


def sandbox_form(session: Session) -> SandboxForm:
    """What the dialog shows of a session."""
    kind = session.sandbox_kind
    now = f"now: {kind}, because {session.sandbox_why}" if kind else "no sandbox has been had yet"
    return SandboxForm(
        safe_line(now),
        "" if session.failure is None else "\n".join(map(safe_line, str(session.failure).split("\n"))),
        tuple((name, _AUTO_WORDS if name == AUTO else "") for name in sandbox_names()),
        session.settings.sandbox_choice,
    )


async def kinds_here(session: Session) -> AsyncIterator[tuple[str, str]]:
    """Each kind of sandbox by its name, with whether it works here, one after the other as that is known."""
    for name in sandbox_names():
        if name != AUTO:
            kind = sandbox_kind(name)
            obstacle = await kind.works(session.settings.world)
            works = "works here" if kind.executes else "nothing is executed: results are the recorded ones"
            works = works if kind.walled else "no walls: commands run on this machine, as you"
            yield name, safe_line(obstacle or works)


def chosen_sandbox(session: Session, kind: str, image: str, setup: str, *, network: bool) -> SandboxChoice:
    """What the answers of the dialog come to; an image that is left empty stays what it was."""
    before = session.settings.sandbox_choice
    script = Path(setup.strip()).expanduser() if setup.strip() else None
    return SandboxChoice(kind, image.strip() or before.image, network, script)
