"""What is exported of a session, as plain data: each row with what it says and what came back for it.

A session that has played nothing gives what is recorded; one with a run, what came back in that as well. All
texts are safe to draw, and what is secret in them is masked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trajcore.dialects import canonical
from trajcore.events.kinds import RUN, RUN_IPYTHON, Treatment
from trajcore.likely import Likely, Masked
from trajcore.masking import known
from trajcore.replay.policy import treatment
from trajcore.replay.report import sentence
from trajcore.replay.run import Status
from trajcore.session import Session
from trajcore.text import as_shown, safe, safe_line, safe_with_colours, without_escapes
from trajcore.views import marks
from trajcore.views.blocks import Block, BlockKind, text_of
from trajcore.views.event import said_of
from trajcore.views.hunks import Hunks
from trajcore.views.observations import Came, added_answer, answers, difference, verdict
from trajcore.views.rows import RowLine, RowLines
from trajcore.views.spent import spent_on
from trajcore.views.timeline import Row, Timeline

if TYPE_CHECKING:
    from trajcore.pictures import Picture
    from trajcore.replay.run import StepResult

_COLOURED: Final = frozenset({RUN, RUN_IPYTHON})
"""What comes back for these is what a terminal was told."""
_TELLING: Final = 8
"""So many characters of a secret in a row of a picture are covered: it may be cut there, or wrapped."""
_ASIDE: Final = frozenset({"thought", "security_risk", "confirmation_state"})


@dataclass(frozen=True)
class Stretch:
    """A stretch of text of one kind; `coloured` has the terminal's colours (SGR) in `text`."""

    kind: BlockKind
    text: str
    language: str = ""
    picture: Picture | None = None
    coloured: bool = False

    @property
    def plain(self) -> str:
        """Its text without colours."""
        return without_escapes(self.text) if self.coloured else self.text


@dataclass(frozen=True)
class Answer:
    """What came back for an action, once."""

    heading: str
    stretches: tuple[Stretch, ...]
    seconds: float | None

    @property
    def text(self) -> str:
        """All of it as one text, with its colours."""
        return "\n".join(stretch.text for stretch in self.stretches)


@dataclass(frozen=True)
class Action:
    """What an action does to a world: its kind and its fields, secrets masked but otherwise as they stand."""

    kind: str
    fields: Mapping[str, Any]
    executed: bool
    """Whether a replay carries it out."""
    exit_code: int | None
    """That it had when it was recorded."""

    @property
    def command(self) -> str:
        """The command, of one of the shell's; it may act on a terminal."""
        return text_of(self.fields.get("command")) if self.kind == RUN else ""


@dataclass(frozen=True)
class Step:
    """A row: what it says, and what came back for it when it was recorded and in this run."""

    label: str
    anchor: str
    """A name for a place of a page, of letters, digits and dashes."""
    line: RowLine
    said: tuple[Stretch, ...]
    recorded: Answer | None
    actual: Answer | None
    verdict: str
    """How both compare, in words; empty where the step was not played."""
    hunks: Hunks | None
    """In what they differ; None where they do not, or were not compared."""
    action: Action | None

    @property
    def answer(self) -> Answer | None:
        """That of this run, else the recorded one."""
        return self.actual or self.recorded

    @property
    def took(self) -> str:
        """How long it took: in this run, else when it was recorded."""
        return self.line.duration or self.line.recorded

    @property
    def outcome(self) -> str:
        """How it came out, in a word or two."""
        return self.line.note or self.line.exit

    @property
    def failed(self) -> bool:
        """Whether that is a bad one."""
        return self.line.outcome.failed

    @property
    def diverged(self) -> bool:
        """Whether this run came to something else than was recorded."""
        return self.line.outcome.diverged


class Extract:
    """Some rows of a session, read one after the other."""

    def __init__(
        self,
        session: Session,
        rows: Sequence[Row],
        *,
        guess: bool = True,
        sandbox: str = "",
        output_of: Callable[[Row], str] = lambda row: "",
    ) -> None:
        """`guess`: what looks like a secret is masked, not only what this process knows to be one.

        `sandbox` is where the run took place, in words; `output_of` gives what a row has written in this run
        with its colours, where that is known.
        """
        self._output_of = output_of
        self._session = session
        self._rows = rows
        self._sandbox = sandbox
        self._timeline = Timeline(session.trajectory, session.run)
        self._lines = RowLines(session, self._timeline)
        self._mask = Likely(self._texts(), guess=guess)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def name(self) -> str:
        """The name of the recording's file."""
        with self._mask.at("its name"):
            return safe_line(Path(self._session.trajectory.name).name)

    @property
    def masked(self) -> list[Masked]:
        """What was masked in what was read so far."""
        return self._mask.masked

    def covered(self, row: str) -> Iterator[tuple[int, int]]:
        """Where in a row of a picture of the screen something secret stands, or a part of it."""
        return self._mask.places(row, _TELLING, "the picture")

    def facts(self) -> list[tuple[str, str]]:
        """What is to be known of the whole: a name and a value each."""
        session, trajectory = self._session, self._session.trajectory
        with self._mask.at("the header"):
            told = {
                "format": _format(session),
                "model": ", ".join(_models(trajectory, self._indices)),
                "model's work": self._spent(),
                "sandbox": self._sandbox if session.run.results else "none: this is what was recorded",
                "size": f"{len(trajectory)} events, {session.step_count} steps",
                "shown": ""
                if len(self) == len(self._timeline)
                else f"{len(self)} of {len(self._timeline)} rows",
                "this run": self._sentence(),
            }
            return [(name, safe_line(value)) for name, value in told.items() if value]

    def steps(self) -> Iterator[Step]:
        """The rows."""
        for row in self._rows:
            yield self._step(row)

    def lines(self) -> Iterator[RowLine]:
        """What the rows say in a line each."""
        return map(self._line, self._rows)

    # What is read

    @property
    def _indices(self) -> list[int]:
        found = (row.index(self._session.trajectory) for row in self._rows)
        return [index for index in found if index is not None]

    def _texts(self) -> Iterator[str]:
        """All texts of the rows and of what came back for them, as they stand."""
        session = self._session
        for row in self._rows:
            for event in _events(session, row):
                yield from _strings(event)

    def _line(self, row: Row) -> RowLine:
        number = self._timeline.number_of(row, self._session.trajectory) or 0
        with self._mask.at("the table"):
            return self._lines.line(number, times=True, spent=True, alone=True)

    def _step(self, row: Row) -> Step:
        session = self._session
        index = row.index(session.trajectory)
        line = self._line(row)
        where = f"step {line.label}"
        with self._mask.at(where):
            said = tuple(_stretches(said_of(session, row)[1:]))
            action = _action(session, row)
        recorded, actual, result = self._answers(row, index, where)
        hunks = None
        if result is not None and recorded is not None and actual is not None and not _equal(result):
            with self._mask.at(f"{where}, what differs"):
                block = difference(session, result)
                hunks = None if block is None else _made(block.hunks)
        told = "" if result is None else verdict(result).text
        return Step(line.label, _anchor(line.label), line, said, recorded, actual, told, hunks, action)

    def _answers(
        self, row: Row, index: int | None, where: str
    ) -> tuple[Answer | None, Answer | None, StepResult | None]:
        session = self._session
        if index is None:
            with self._mask.at(f"{where}, what came back"):
                answer = _answer(added_answer(session, row.entry or 0), self._output_of(row))
                return None, answer, None
        if not session.trajectory.head(index).is_action:
            return None, None, None
        came = answers(session, index)
        with self._mask.at(f"{where}, recorded"):
            recorded = _answer(came[0])
        with self._mask.at(f"{where}, actual"):
            actual = _answer(came[1], self._output_of(row))
        return recorded, actual, session.result_of(index)

    def _spent(self) -> str:
        tokens, cost = 0, 0.0
        outline = self._session.trajectory.outline
        for index in self._indices:
            one = spent_on(self._session.trajectory, index, outline)
            tokens, cost = tokens + (one.tokens or 0), cost + (one.cost or 0.0)
        return " · ".join([f"{tokens:,} tokens"] * bool(tokens) + [f"${cost:.4f}"] * bool(cost))

    def _sentence(self) -> str:
        trajectory, results = self._session.trajectory, self._session.run.results
        steps = sorted(trajectory.by_index(results).items())
        return sentence(steps, trajectory.label) if steps else ""


def _format(session: Session) -> str:
    trajectory = session.trajectory
    return f"{trajectory.dialect.name} ({trajectory.layout.format})"


def _models(trajectory: Any, indices: Iterable[int]) -> list[str]:
    """The models whose responses the actions came of."""
    found: dict[str, None] = {}
    for index in indices:
        try:
            call = canonical.call_of(trajectory.modern(index)) or {}
        except (ValueError, TypeError):
            continue
        response = call.get("model_response")
        name = response.get("model") if isinstance(response, dict) else None
        if isinstance(name, str) and name:
            found[name] = None
    return list(found)


def _events(session: Session, row: Row) -> Iterator[Any]:
    """All that stands in a row, as objects."""
    trajectory, index = session.trajectory, row.index(session.trajectory)
    if row.entry is not None:
        yield session.run.entries[row.entry].data()
        answer = session.run.answer_to(row.entry)
        if answer is not None:
            yield answer.data()
    if index is None:
        return
    for at in (index, trajectory.outline.answer_of.get(index)):
        if at is not None:
            with_call = _object(trajectory, at)
            yield {key: value for key, value in with_call.items() if key != canonical.CALL}
    result = session.result_of(index)
    if result is not None and result.actual is not None:
        yield result.actual.content


def _object(trajectory: Any, index: int) -> dict[str, Any]:
    try:
        told: dict[str, Any] = trajectory.modern(index)
    except (ValueError, TypeError):
        return {"stored": trajectory.as_stored(index).decode("utf-8", "replace")}
    return told


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from _strings(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _strings(entry)


def _stretches(blocks: Iterable[Block]) -> Iterator[Stretch]:
    """Blocks with what unfolds of them in its place; blank ones at the ends say nothing."""
    found = [stretch for block in blocks for stretch in _unfolded(block)]
    while found and not found[0].text:
        del found[0]
    while found and not found[-1].text:
        del found[-1]
    yield from found


def _unfolded(block: Block) -> Iterator[Stretch]:
    if block.parts:
        for part in block.parts:
            yield from _unfolded(part)
    else:
        yield Stretch(block.kind, block.text, block.language, block.picture)


def _answer(came: Came | None, output: str = "") -> Answer | None:
    """What came back; `output` has it with its colours, if anything does."""
    if came is None:
        return None
    told = came.told
    if isinstance(told, Mapping):
        kind, content = told.get("observation"), text_of(told.get("content"))
    else:
        kind, content = told.observation, told.content
    stretches = list(_stretches(came.contents))
    content = output or content
    if kind in _COLOURED and "\x1b" in content and stretches and stretches[0].kind is BlockKind.OUTPUT:
        coloured = safe_with_colours(as_shown(content)).rstrip("\n")
        stretches[0] = Stretch(BlockKind.OUTPUT, coloured, coloured=True)
    return Answer(safe(came.heading), tuple(stretches), came.seconds)


def _action(session: Session, row: Row) -> Action | None:
    """What a row does to a world; None where it does nothing."""
    index = row.index(session.trajectory)
    if row.entry is not None:
        entry = session.run.entries[row.entry]
        head, data, executed, answer = entry.head, entry.data(), True, session.run.answer_to(row.entry)
        code = None if answer is None else answer.head.exit_code
    elif index is not None:
        head, data = session.trajectory.head(index), _object(session.trajectory, index)
        at = session.trajectory.outline.answer_of.get(index)
        code = None if at is None else session.trajectory.head(at).exit_code
        executed = treatment(head) is Treatment.EXECUTE and session.is_carried_out(index)
    else:
        return None
    if treatment(head) is not Treatment.EXECUTE:
        return None
    fields = {key: value for key, value in canonical.arguments(data).items() if key not in _ASIDE}
    return Action(head.kind, known().tree(fields), executed, code)


def _equal(result: StepResult) -> bool:
    return (
        result.status is not Status.DIVERGED
        and result.match is not None
        and marks.mark_of(result) == marks.EQUAL
    )


def _made(hunks: Hunks) -> Hunks | None:
    return hunks if hunks.hunks else None


def _anchor(label: str) -> str:
    """`step-8`, also for names that are no numbers; `step-n8` for the event at an index."""
    return f"step-{'n' * label.startswith('#')}{re.sub(r'[^A-Za-z0-9]+', '-', label).strip('-')}"
