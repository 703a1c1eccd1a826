"""What a front end asks of a session: how it is to be, and what becomes of a message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from trajcore.live.model import ModelSettings
from trajcore.replay.normalise import NORMALISERS, Normaliser
from trajcore.sandbox.base import SandboxSettings
from trajcore.sandbox.registry import is_walled


class Delivery(Enum):
    """What becomes of a message that is typed in the middle of a recording."""

    INSERT = "insert"
    """It enters the run here; the replay can go on."""
    REPLACE = "replace"
    """It takes the place of the next recorded user message."""
    LIVE = "live"
    """It starts the live session from here."""


@dataclass(frozen=True)
class SessionSettings:
    """What a session is started with. `max_steps` bounds a live session's actions."""

    sandbox: str = "auto"
    world: SandboxSettings = field(default_factory=SandboxSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    max_steps: int | None = None
    model_fault: str = ""
    """Why the model's settings cannot be used; told when a model is asked for."""
    normalisers: Sequence[Normaliser] = NORMALISERS
    """What may vary between recorded and actual output."""
    checkpoints: int = 0
    """How many moments of a run are kept to go back to; without any, going back replays from the start."""
    checkpoint_bytes: int = 4 << 30
    """What the checkpoints may take on disk."""
    keep_breakpoints: bool = False
    """Whether breakpoints are read from, and kept in, the user's state directory."""
    save_to: Path | None = None
    """Where the user's config.toml says that a recording is saved to, if it does."""
    keep_journal: bool = False
    """Whether unsaved work is kept in the user's state directory, so that a crash loses none."""

    @property
    def walled(self) -> bool:
        """Whether what runs in the sandbox that is asked for is kept away from this machine."""
        return is_walled(self.sandbox)
