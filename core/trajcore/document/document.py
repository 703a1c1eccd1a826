"""The state of a document: its bytes, the skeleton read from them, and the history of its edits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from trajcore.document.body import Body
from trajcore.document.composing import Composer, composing
from trajcore.document.editdata import Reader
from trajcore.document.edits import Change, Edit, Rewrite
from trajcore.document.history import History
from trajcore.document.outline import Outline, outline
from trajcore.document.units import Units
from trajcore.errors import BadInput
from trajcore.events.head import Head, read_head
from trajcore.formats.base import Layout
from trajcore.formats.json.reading import as_object

if TYPE_CHECKING:
    from trajcore.events.parse import Parsed

_T = TypeVar("_T")
_CACHED: Final = 4096


class Document:
    """Events that edits change. What is derived of them follows each change, of an edit or of its undoing."""

    def __init__(self, layout: Layout, name: str) -> None:
        """A document over what a format found. Raises `BadInput` when none of it is an event."""
        self.name = name
        self.body = Body(layout)
        self.history = History()
        self._outline = outline(self.body.events)
        if not self._outline.has_events:
            raise BadInput(f"{name} is not a trajectory: no object in it has an 'action' or 'observation'.")
        self.first_last_id = self._outline.last_id
        """The highest id in the file as it was read, or -1."""
        self._units: tuple[int, Units] | None = None
        self._heads: dict[int, Head] = {}
        self._parses: dict[int, Parsed] = {}

    def __len__(self) -> int:
        return len(self.body)

    @property
    def outline(self) -> Outline:
        """Ids, kinds and pairs of the events, by index."""
        return self._outline.fresh()

    @property
    def units(self) -> Units:
        """Which events belong together."""
        current = self.outline
        if self._units is None or self._units[0] != current.version:
            members = () if self.body.is_store else self.body.gaps.members()
            responses = current.responses(self.body.events)
            self._units = current.version, Units(current, responses, members)
        return self._units[1]

    def head(self, index: int) -> Head:
        """What a timeline shows of an event."""
        found = self._heads.get(index)
        return _kept(self._heads, index, read_head(self.body.events[index])) if found is None else found

    def data(self, index: int) -> dict[str, Any]:
        """An event as a Python object, a new one at each call."""
        return as_object(self.body.raw(index))

    def parsed(self, index: int) -> Parsed:
        """An event as a typed model, and what is wrong with it."""
        found = self._parses.get(index)
        return _kept(self._parses, index, self._parse(index)) if found is None else found

    def _parse(self, index: int) -> Parsed:
        from trajcore.events.parse import parse

        return parse(self.data(index))

    def label(self, index: int) -> str:
        """How an event is called in messages: its id, or `#index` where it has none of its own."""
        current = self.outline
        number = current.ids[index]
        return str(number) if number is not None and current.by_id.get(number) == index else f"#{index}"

    def known(self, index: int) -> int:
        """An index, of an event that is there. Raises `BadInput` for others."""
        if not 0 <= index < len(self):
            raise BadInput(f"{self.name} has no event #{index}.")
        return index

    # Edits

    @contextmanager
    def composing(self) -> Iterator[Composer]:
        """Changes that `made` is to make an edit of; all are taken back where anything is raised.

        Raises `BadInput` where they would leave nothing that is a trajectory.
        """
        with composing(self.body, self._apply, self._revert) as composer:
            yield composer
            if not self._outline.has_events:
                raise BadInput("this would leave no event with an 'action' or an 'observation'.")

    def made(self, label: str, composer: Composer, note: str = "") -> Edit:
        """The edit of the changes that were composed, from now on the last of the history."""
        edit = Edit(label, tuple(composer.changes), note)
        self.history.add(edit)
        return edit

    def made_again(self, data: Mapping[str, Any]) -> Edit:
        """Make an edit from its plain data. Raises `BadInput` where it was made on something else."""
        listed, label, note = data.get("changes"), data.get("label"), data.get("note")
        if not isinstance(listed, list) or not isinstance(label, str) or not isinstance(note, str):
            raise BadInput("this is no edit of a trajectory.")
        reader = Reader(self.body)
        with self.composing() as composer:
            for change in listed:
                composer.make(reader.change(change))
        return self.made(label, composer, note)

    def undo(self) -> Edit | None:
        """Take the last edit back; None when there is none."""
        if not self.history.done:
            return None
        edit = self.history.done.pop()
        for change in reversed(edit.changes):
            self._revert(change)
        self.history.undone.append(edit)
        return edit

    def redo(self) -> Edit | None:
        """Make the last undone edit again; None when there is none."""
        if not self.history.undone:
            return None
        edit = self.history.undone.pop()
        for change in edit.changes:
            self._apply(change)
        self.history.done.append(edit)
        return edit

    def _apply(self, change: Change) -> None:
        self.body.apply(change)
        if isinstance(change, Rewrite):
            self._reread(change.index)
        else:
            self._respliced(change.at, len(change.removed), len(change.inserted))

    def _revert(self, change: Change) -> None:
        self.body.revert(change)
        if isinstance(change, Rewrite):
            self._reread(change.index)
        else:
            self._respliced(change.at, len(change.inserted), len(change.removed))

    def _reread(self, index: int) -> None:
        self._heads.pop(index, None)
        self._parses.pop(index, None)
        self._outline.update(index, self.body.events[index])

    def _respliced(self, at: int, removed: int, came: int) -> None:
        self._heads.clear()
        self._parses.clear()
        self._outline.splice(at, removed, self.body.events[at : at + came])


def _kept(cache: dict[int, _T], index: int, value: _T) -> _T:
    if len(cache) >= _CACHED:
        cache.clear()
    cache[index] = value
    return value
