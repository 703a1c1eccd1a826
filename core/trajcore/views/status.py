"""The texts of the header, the status bar and the message box, from a session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trajcore import notices
from trajcore.replay.states import Mode, State
from trajcore.session import Session
from trajcore.settings import Settings
from trajcore.text import safe_line
from trajcore.views import worlds
from trajcore.views.marks import duration
from trajcore.views.timeline import Row, last_row

if TYPE_CHECKING:
    from trajcore.live.usage import Usage


@dataclass(frozen=True)
class StatusLine:
    """What the status bar shows, from what must stay to what may go."""

    mode: str
    state: str
    position: str
    modified: bool
    note: str
    bad: bool
    done: float | None = None
    """How far the operation is that the note tells of, from 0 to 1."""
    alarm: str = ""
    """A word in red that stays: that there are no walls."""


def header_left(session: Session) -> str:
    """The file, and how much is in it; steps once all of a large one has been read."""
    name, events = Path(session.trajectory.name).name, len(session.trajectory)
    branch = session.branches.present
    name += "" if branch.is_recorded else f" ⎇ {safe_line(branch.name)}"
    text = f"{name}  {events} event{'s' * (events != 1)}"
    if not session.trajectory.all_read:
        return text
    steps = session.step_count
    return f"{text} · {steps} step{'s' * (steps != 1)}"


def header_right(
    session: Session, sandbox: notices.SandboxChosen | None, began: notices.WorldChosen | None = None
) -> str:
    """The sandbox, its network and the model; and the world that the run begins in, where there is one."""
    settings = session.settings
    world = "choosing a sandbox" if sandbox is None else f"{sandbox.kind} {sandbox.detail}".strip()
    network = _network(settings)
    told = _reconstructed(session) or ("" if began is None else worlds.short(began))
    model = settings.model.model or "no model"
    parts = [world, told, network, model, session.live_tools.short, *_cost(session)]
    return " · ".join(filter(None, parts))


def _reconstructed(session: Session) -> str:
    """What was made of what the recording tells of its files; empty where nothing was."""
    built = session.built
    return "" if built is None else f"world: {built.words}"


def _network(settings: Settings) -> str:
    """Whether the network is reached, where that is ours to say."""
    if not settings.walled or settings.world.container is not None:
        return "its own net"
    return "net on" if settings.world.network else "net off"


def _cost(session: Session) -> list[str]:
    """Tokens, and money where the price is known, once a model was asked."""
    usage = session.usage
    if usage is None or not usage.replies:
        return []
    tokens = usage.prompt_tokens + usage.completion_tokens
    shown = [_tokens(tokens)]
    shown += [f"${usage.cost:.4f}"] if usage.cost else []
    return [*shown, *_context(session)]


def _context(session: Session) -> list[str]:
    """How full the model's context will be at its next request, as a share where its size is known."""
    context = session.context
    if context is None or not context.tokens:
        return []
    if context.window is None:
        return [f"context ~{_tokens(context.tokens)}"]
    return [f"context ~{context.tokens / context.window:.0%}"]


def _tokens(count: int) -> str:
    return f"{count / 1000:.1f}k tokens" if count >= 1000 else f"{count} tokens"


def totals(session: Session, seconds: float) -> str:
    """What the model's replies came to, all together; `seconds` is how long they were waited for."""
    usage = session.usage
    if usage is None or not usage.replies:
        return ""
    count = f"{usage.replies} repl{'y' if usage.replies == 1 else 'ies'}"
    return " · ".join([count, duration(seconds), *_cost(session), session.live_tools.line])


def context_share(usage: Usage) -> list[str]:
    """How much of the model's context a reply and what it answers have filled, where that is known."""
    return [f"context {usage.context / usage.window:.0%}"] if usage.window and usage.context else []


def status_of(
    session: Session,
    selected: Row | None,
    note: str,
    *,
    bad: bool,
    done: float | None,
    several: int = 0,
    ahead: int = 0,
) -> StatusLine:
    """What the status bar shows now.

    `several` is how many events are selected, where it is more than one, and `ahead` how many keys wait that
    were typed ahead.
    """
    position = [_position(session, selected)]
    position += [f"{several} selected"] if several else []
    position += [f"{ahead} ahead"] if ahead else []
    return StatusLine(
        mode=session.mode.value,
        state=session.state.value,
        position=" · ".join(position),
        modified=session.trajectory.modified,
        alarm="" if session.settings.walled else session.settings.sandbox,
        note=note,
        bad=bad,
        done=done,
    )


def _position(session: Session, selected: Row | None) -> str:
    """How many steps are done and, where the cursor is not on the last, where it is: `5/9 · at 13`."""
    trajectory = session.trajectory
    if not trajectory.all_read:
        return "0/…"
    position = f"{session.steps_done}/{session.step_count}"
    index = None if selected is None else selected.index(trajectory)
    if index is None or selected == last_row(trajectory, session.run):
        return position
    return f"{position} · at {trajectory.label(index)}"


def queue_hint(session: Session) -> str:
    """When what is queued will be delivered."""
    return f"delivered {_when_delivered(session)}"


def _when_delivered(session: Session) -> str:
    return "when the present event is done" if session.mode is Mode.REPLAY else "at the model's next step"


def message_hint(session: Session) -> str:
    """What the keys of the message box do here."""
    if session.busy:
        back = " · ↑: the last queued one back" if session.queued else ""
        leaves = "interrupts" if session.asked is None else "leaves"
        return f"Enter: deliver {_when_delivered(session)} · Ctrl+J: new line{back} · Esc {leaves}"
    if session.state is not State.PAUSED or session.at_end or session.mode is Mode.LIVE:
        return "Enter: send, the model goes on · Ctrl+J: new line · Esc leaves"
    following = session.next_user_message
    parts = ["Enter: insert here, then s or c goes on"]
    if following is not None:
        text = safe_line(session.trajectory.head(following).summary())
        text = text if len(text) <= 24 else text[:23] + "…"
        parts.append(f'Alt+R: in place of {session.trajectory.label(following)} "{text}"')
    parts += ["Ctrl+L: go live from here", "Esc leaves"]
    return " · ".join(parts)
