"""The comparisons of a run: each with what bears on it of the run and of its world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trajcore.events.kinds import Treatment
from trajcore.replay.compare import Circumstances, Texts, Unwrap, compare, is_long, texts_compared, told_side
from trajcore.replay.executor import Executor
from trajcore.replay.masked import masked_observation
from trajcore.replay.normalise import NORMALISERS, Normaliser, OwnNormaliser, TooSlow
from trajcore.replay.policy import treatment
from trajcore.replay.run import Run, StepResult
from trajcore.replay.sides import UNKNOWN, Name
from trajcore.replay.varying import GIVEN_DATES, MAKES_COMMITS
from trajcore.replay.verdict import Comparison

if TYPE_CHECKING:
    from trajcore.events.base import Observation


class Comparer:
    """Compares what comes back in a run with what was recorded for it."""

    def __init__(
        self, run: Run, world: Executor, unwrap: Unwrap, normalisers: Sequence[Normaliser] | None
    ) -> None:
        """`normalisers` say what may vary; None: what is known to."""
        self._run = run
        self._world = world
        self._unwrap = unwrap
        self._normalisers = NORMALISERS if normalisers is None else normalisers
        self._has_own = any(isinstance(one, OwnNormaliser) for one in self._normalisers)
        self._recorded_side = UNKNOWN
        """Where the recording was made, as far as it has said so."""
        self.slow: list[str] = []
        """What is to be said of patterns that took too long."""

    def takes_long(self, recorded: Observation | None, actual: Observation) -> bool:
        """Whether a thread should compare them: patterns of the user's may take any time."""
        return self._has_own or is_long(recorded, actual)

    def compare(self, recorded: Observation | None, actual: Observation) -> Comparison:
        """Both compared, without patterns of the user's that take too long. It may be in a thread.

        What came back is masked: what was recorded is compared as if it had been, too.
        """
        recorded = masked_observation(recorded)
        circumstances = Circumstances(
            self._has_committed,
            self._world.offline,
            self._world.reconstructed,
            self._recorded_side,
            self._world.side,
            tuple(Name(one.recorded, one.recorded, one.here) for one in self._world.maps.maps),
        )
        if recorded is not None and told_side(recorded).user is not None:
            self._recorded_side = told_side(recorded)
        while True:
            try:
                return compare(recorded, actual, self._normalisers, self._unwrap, circumstances)
            except TooSlow as slow:
                self._normalisers = [one for one in self._normalisers if one is not slow.normaliser]
                self.slow.append(str(slow))

    def texts(self, result: StepResult) -> Texts | None:
        """The texts of a step as they were compared; None where they were not. It may be in a thread."""
        recorded, comparison = masked_observation(result.recorded), result.comparison
        if recorded is None or result.actual is None or comparison is None or not comparison.compared:
            return None
        circumstances = Circumstances(
            lambda given: comparison.committed,
            reconstructed=self._world.reconstructed,
            mapped=comparison.names,
        )
        rows = self._normalisers
        while True:
            try:
                return texts_compared(recorded, result.actual, rows, self._unwrap, circumstances)
            except TooSlow as slow:
                rows = [one for one in rows if one is not slow.normaliser]

    def _has_committed(self, given: str) -> bool:
        """Whether what was given, or an action that was played before, makes commits at a time of its own."""
        played = (entry.raw for entry in self._run.entries[:] if treatment(entry.head) is Treatment.EXECUTE)
        texts = [given.encode("utf-8", "replace"), *played]
        return any(map(MAKES_COMMITS.search, texts)) and not any(GIVEN_DATES in text for text in texts)
