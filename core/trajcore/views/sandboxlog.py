"""What a session's sandbox was told and what came of it, step by step, as a terminal shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePosixPath
from typing import Final

from trajcore import notices
from trajcore.events.kinds import READ
from trajcore.replay.run import Status, StepResult
from trajcore.replay.verdict import beside_codes
from trajcore.session import Session
from trajcore.text import safe, safe_line
from trajcore.views import marks
from trajcore.views.output import Output
from trajcore.views.timeline import Row
from trajcore.views.worlds import lacking, world_notes

HOST: Final = "root@sandbox:"
"""What a prompt begins with."""
_KEPT_ROWS: Final = 400_000
_KEPT_BYTES: Final = 32_000_000
_HINT: Final = (
    "s plays the first step, c goes on to the end: what a step runs and what comes of it stands here."
)
_GONE: Final = "gone back over"
_JUST_ABOVE: Final = 3
"""The rows of an output that one reads together with the rule below them."""


class RuleTone(Enum):
    """What the rule below a step tells, beside what it says."""

    PLAIN = "plain"
    BAD = "bad"


@dataclass(eq=False)
class Passage:
    """A step: its prompt, its output, what else came back, and the rule below it. Or the program's note."""

    prompt: str = ""
    note: str = ""
    kind: str = ""
    what: str = ""
    is_recorded: bool = False
    """Its output was served, not executed."""
    uid: int | None = None
    id: int | None = None
    """The id of the run's event, where it is a model's."""
    output: Output = field(default_factory=Output)
    ended: notices.Executed | None = None
    result: StepResult | None = None
    number: int = 0
    """Counted from the first that there was."""
    is_gone: bool = False
    """The sandbox has gone back to before it."""

    @property
    def said(self) -> str:
        """What came back that is no output."""
        return "" if self.ended is None else safe(self.ended.content).rstrip("\n")

    @property
    def folded(self) -> str:
        """One line that stands for what came back; nothing where that is shown as it is."""
        said, ended = self.said, self.ended
        count = said.count("\n") + 1
        if ended is None or ended.failed or count == 1:
            return ""
        if self.kind == READ:
            return f"{count} lines of {PurePosixPath(safe_line(self.what)).name}"
        return f"{said[: said.index(chr(10))]} · +{count - 1} lines"

    @property
    def rule(self) -> str:
        """How it came out, and how that compares; nothing while it runs."""
        ended, result = self.ended, self.result
        if ended is None:
            return ""
        parts = [_exit(ended, result)]
        parts += [marks.duration(ended.seconds)] if ended.seconds else []
        parts += [safe_line(ended.note)] if ended.note and not ended.content else []
        parts += [self._cause]
        parts += [_GONE] if self.is_gone else []
        mark = "" if result is None else f"{marks.mark_of(result)} "
        return mark + " · ".join(filter(None, parts))

    @property
    def _cause(self) -> str:
        """Why it diverged, without what stands in the same rule or just above it."""
        result = self.result
        if result is None or result.status is not Status.DIVERGED:
            return ""
        why = safe_line(beside_codes(result.reason, result.recorded_exit_code, result.exit_code))
        output = self.output
        shown = range(max(0, len(output) - _JUST_ABOVE), len(output))
        return "" if any(why in output.row(number) for number in shown) else why

    @property
    def tone(self) -> RuleTone:
        """Whether its end is a bad one: it diverged or, where nothing says whether it did, failed."""
        result, ended = self.result, self.ended
        if result is not None:
            return RuleTone.BAD if result.status is Status.DIVERGED else RuleTone.PLAIN
        return RuleTone.BAD if ended is not None and (ended.failed or ended.exit_code) else RuleTone.PLAIN


def _exit(ended: notices.Executed, result: StepResult | None) -> str:
    if ended.exit_code is None:
        return "failed" if ended.failed else ""
    recorded = None if result is None else result.recorded_exit_code
    other = recorded is not None and recorded != ended.exit_code
    return f"exit {ended.exit_code}" + (f" (recorded {recorded})" if other else "")


class SandboxLog:
    """Hears what a session tells, and keeps what a person may scroll back to."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.passages: list[Passage] = []
        self.dropped = 0
        """So many rows are no longer kept."""
        self.sandbox: notices.SandboxChosen | None = None
        self._steps: dict[tuple[str, int], Passage] = {}
        """The last passage of a recorded step, by its uid, and of a model's, by its id."""
        self._held: list[str] = []
        """What is said once the step that is under way has ended."""
        self._rows = self._bytes = self._count = 0

    def hear(self, notice: notices.Notice) -> int | None:
        """Take a notice in; the number of the first passage that is another one now."""
        match notice:
            case notices.Output(data) if self.passages:
                return self._more(data)
            case notices.Executing():
                return self._begin(notice)
            case notices.Executed() if self.passages:
                self.passages[-1].ended = notice
                return min(len(self.passages) - 1, self._note(*self._held))
            case notices.StepDone(result):
                return self._compared(result)
            case notices.SandboxChosen():
                self.sandbox = notice
                return len(self.passages)
            case notices.WorldChosen():
                return self._note(*world_notes(notice))
            case notices.WorldLacks():
                return self._note(lacking(screen=True))
            case notices.WentBack(position, text):
                return self._go_back(position, text)
            case notices.RunChanged(restarted=True):
                return self._clear()
        return None

    @property
    def last_step(self) -> Passage | None:
        """What was carried out last; None where nothing was."""
        return next((passage for passage in reversed(self.passages) if not passage.note), None)

    @property
    def hint(self) -> str:
        """What stands here before anything was carried out."""
        if self.last_step is not None:
            return ""
        sandbox = self.sandbox
        if sandbox is None:
            return "A sandbox is being chosen."
        return f"The sandbox is {safe_line(f'{sandbox.kind} {sandbox.detail}'.strip())}.\n{_HINT}"

    def place(self, passage: Passage) -> int:
        """Which of those it is that are kept."""
        return passage.number - self.passages[0].number

    def of_row(self, row: Row | None) -> Passage | None:
        """Where a row of the timeline was carried out last."""
        if row is None:
            return None
        if row.uid is None:
            entry = self._session.run.entries[row.entry or 0] if row.entry is not None else None
        elif ("uid", row.uid) in self._steps:
            return self._steps["uid", row.uid]
        else:
            entry = self._session.run.live_entry(row.uid)
        return None if entry is None else self._steps.get(("id", entry.id))

    def is_behind_all(self, row: Row | None) -> bool:
        """Whether a row was played behind all that was carried out, as a message at the end is."""
        last = self.last_step
        if row is None or last is None:
            return False
        entries = self._session.run.entries
        if row.uid is None:
            entry = None if row.entry is None else entries[row.entry]
        else:
            entry = self._session.run.live_entry(row.uid)
        for played in reversed(entries):
            if played is entry or (row.uid is not None and played.origin == row.uid):
                return True
            if played.id == last.id if last.uid is None else played.origin == last.uid:
                return False
        return False

    def output_of(self, row: Row) -> str:
        """What a row has written when it was carried out last, with its colours, as far as that is kept."""
        passage = self.of_row(row)
        if passage is None or passage.is_recorded or passage.is_gone:
            return ""
        rows = range(passage.output.first, len(passage.output))
        return "\n".join(map(passage.output.row, rows))

    def row_of(self, passage: Passage) -> Row | None:
        """The row of the timeline that a passage is of."""
        if passage.uid is not None:
            return Row(passage.uid)
        entries = self._session.run.entries
        place = next((at for at, entry in enumerate(entries) if entry.id == passage.id), None)
        if passage.id is None or place is None:
            return None
        origin = entries[place].origin
        return Row(None, place) if origin is None else Row(origin)

    def _begin(self, notice: notices.Executing) -> int:
        mark = "(recorded) " * notice.recorded or "(before the first step) " * notice.is_prelude
        where = "" if notice.recorded and not notice.directory else f"{HOST}{safe_line(notice.directory)}"
        first, *more = safe(notice.line).split("\n")
        begins = "⌨ " if notice.is_input else f"{where}$ "
        prompt = "\n> ".join([f"{begins}{mark}{first}", *more])
        if self._held:  # the step before it had no end
            self.passages[-1].ended = notices.Executed(None, 0.0)
            self._note(*self._held)
        passage = Passage(prompt, "", notice.kind, notice.text, notice.recorded, notice.uid, notice.id)
        for key in _keys(passage):
            self._steps[key] = passage
        return self._add(passage)

    def _add(self, passage: Passage) -> int:
        passage.number = self._count
        self._count += 1
        self.passages.append(passage)
        self._rows += 1 + passage.prompt.count("\n")
        return min(len(self.passages) - 1, self._drop_oldest())

    def _note(self, *lines: str) -> int:
        """Something the program itself says, behind the step that is under way, if one is."""
        last = self.passages[-1] if self.passages else None
        if last is not None and not last.note and last.ended is None:
            self._held = [*self._held, *lines]
            return len(self.passages)
        self._held = []
        return min(
            [self._add(Passage(note=f"── {safe(line)}")) for line in lines], default=len(self.passages)
        )

    def _more(self, data: bytes) -> int:
        output = self.passages[-1].output
        before = len(output)
        output.feed(data)
        if len(output) > before:
            self._rows += len(output) - before
            self._bytes += len(data)
        return min(len(self.passages) - 1, self._drop_oldest())

    def _compared(self, result: StepResult) -> int | None:
        passage = self._steps.get(("uid", result.uid))
        if passage is None or passage.ended is None:
            return None
        passage.result = result
        return self.place(passage)

    def _go_back(self, position: int, text: str) -> int:
        ids = {entry.id for entry in self._session.run.entries}
        gone = [at for at, passage in enumerate(self.passages) if self._is_behind(passage, position, ids)]
        for at in gone:
            self.passages[at].is_gone = True
        return min([*gone[:1], self._note(text)])

    def _is_behind(self, passage: Passage, position: int, ids: set[int]) -> bool:
        if passage.uid is not None:
            index = self._session.trajectory.index_of_uid(passage.uid)
            return index is None or index >= position
        return passage.id is not None and passage.id not in ids

    def _clear(self) -> int:
        self.passages.clear()
        self._steps.clear()
        self._held = []
        self.dropped = self._rows = self._bytes = 0
        return 0

    def _drop_oldest(self) -> int:
        """Keep what a person may scroll back to; the first passage that is another one now."""
        if self._rows <= _KEPT_ROWS and self._bytes <= _KEPT_BYTES:
            return len(self.passages)
        kept, count = self._rows // 2, 0
        while count < len(self.passages) - 1 and self._rows > kept:
            passage = self.passages[count]
            self._lose(len(passage.output) + 1 + passage.prompt.count("\n"))
            for key in _keys(passage):
                if self._steps.get(key) is passage:
                    del self._steps[key]
            count += 1
        del self.passages[:count]
        if self._rows > kept:
            self._lose(self.passages[0].output.drop(self._rows - kept))
        self._bytes //= 2
        return 0

    def _lose(self, rows: int) -> None:
        self.dropped += rows
        self._rows -= rows


def _keys(passage: Passage) -> list[tuple[str, int]]:
    keys = (("uid", passage.uid), ("id", passage.id))
    return [(name, value) for name, value in keys if value is not None]
