"""What came of trying a model, as lines and as plain data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from trajcore.errors import BadInput, TrajError
from trajcore.live.modelprocess import MODELS
from trajcore.live.trial import NOT_TRIED, Trial, Trying, advice
from trajcore.masking import known, without_accounts
from trajcore.settings import Settings
from trajcore.text import safe_line
from trajcore.views.livelines import cost_parts
from trajcore.views.marks import duration

_MARKS: Final = {True: "ok", False: "--", None: "  "}


class TriedModel:
    """A model that is tried, and what came of it so far."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._trying = Trying(settings.model)
        self._trials: list[Trial] = []
        self.failure: TrajError | None = None
        """Why it cannot be had at all."""

    async def run(self, tell: Callable[[str], None]) -> None:
        """Try it; `tell` is given a line for each thing as it is found out, then what to know besides."""
        MODELS.start()
        try:
            if self._settings.model_fault:
                raise BadInput(self._settings.model_fault)
            async for trial in self._trying.trials():
                self._trials.append(trial)
                tell(_line(trial))
        except TrajError as error:
            self.failure = error
            tell(f"--  {'answer':<15} {safe_line(str(error))}")
        else:
            for line in self._besides():
                tell(safe_line(line))
        finally:
            await MODELS.close_connections()

    @property
    def exit_code(self) -> int:
        """0: all works; 1: something does not; otherwise as errors have it."""
        if self.failure is not None:
            return self.failure.exit_code
        return int(any(trial.works is False for trial in self._trials))

    def _besides(self) -> list[str]:
        usage = self._trying.usage
        total = " · ".join([f"{usage.replies} replies", *cost_parts(usage)])
        return [
            f"all together: {total}",
            *self._notes(),
            f"not tried: {', '.join(NOT_TRIED)}",
        ]

    def _notes(self) -> list[str]:
        unused = [self._settings.model_unused] * bool(self._settings.model_unused)
        return [*self._trying.notes, *unused, *advice(self._trying.usage)]

    def to_dict(self) -> dict[str, Any]:
        """All of it, for `--json`; `cost` is in US dollars, 0 where no price is known."""
        model, usage = self._settings.model, self._trying.usage
        data = {
            "model": model.model,
            "base_url": None if model.base_url is None else without_accounts(model.base_url),
            "works": self.exit_code == 0,
            "failure": None if self.failure is None else str(self.failure),
            "trials": [_data(trial) for trial in self._trials],
            "tokens": usage.tokens,
            "cost": usage.cost,
            "context": usage.window or None,
            "notes": [] if self.failure else self._notes(),
            "not_tried": list(NOT_TRIED),
        }
        masked: dict[str, Any] = known().tree(data)
        return masked


def _line(trial: Trial) -> str:
    parts = [trial.said]
    if trial.seconds:
        first = "" if trial.first is None else f" (first after {duration(trial.first)})"
        parts += [f"{duration(trial.seconds)}{first}", *cost_parts(trial.usage)]
    if trial.advice:
        parts.append(trial.advice)
    return safe_line(f"{_MARKS[trial.works]}  {trial.what:<15} {' · '.join(parts)}")


def _data(trial: Trial) -> dict[str, Any]:
    return {
        "what": trial.what,
        "works": trial.works,
        "said": trial.said,
        "seconds": round(trial.seconds, 3),
        "first": None if trial.first is None else round(trial.first, 3),
        "tokens": trial.usage.tokens,
        "cost": trial.usage.cost,
        "advice": trial.advice or None,
    }
