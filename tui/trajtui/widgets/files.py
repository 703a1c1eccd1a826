"""The files of the sandbox as a tree: what a step changed, all steps together, or the user by hand."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Final

from trajcore import Session
from trajcore.views.blocks import Block
from trajcore.views.files import FileViews, Scope
from trajcore.views.filetree import AuthorBlock, FileBlock, FolderBlock
from trajcore.views.timeline import Row
from trajtui.widgets.event import EventPane
from trajtui.widgets.hunks import Drawable

_FEW: Final = 10
"""Where a step changed no more files, their diffs are shown at once."""


class FilesPane(EventPane):
    """Changed files, of one of three scopes; what was folded and unfolded stays so."""

    seeks_in_folded = False

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._views = FileViews(session)
        self._of: Row | None = None
        self._flipped: set[tuple[Scope, str]] = set()
        """What the user has folded or unfolded."""
        self._in = Scope.STEP
        self.set_reactive(FilesPane.aside, self._in.value)

    @property
    def scope(self) -> Scope:
        """Whose changes are shown."""
        return self._in

    def show_scope(self, scope: Scope) -> None:
        """Show the changes of another scope."""
        self._in, self.aside = scope, scope.value
        self.show_row(self._of)

    def show_row(self, row: Row | None) -> None:
        """Show the files as they are now, those of a row where the scope is a step."""
        self._of = row
        self.show(self._views.blocks(self._in, row))

    def unfolded_at_first(self, blocks: tuple[Block, ...]) -> set[Hashable]:
        """See `EventPane.unfolded_at_first`: directories, and files where a step changed few."""
        folders = set[Hashable]()
        files = list[tuple[Hashable, bool]]()
        for key, block in _all(blocks):
            is_flipped = (self._in, block.path) in self._flipped
            if isinstance(block, FolderBlock) and not is_flipped:
                folders.add(key)
            elif isinstance(block, FileBlock):
                files.append((key, is_flipped))
        opens = self._in is Scope.STEP and len(files) <= _FEW
        return folders | {key for key, is_flipped in files if is_flipped is not opens}

    def _flip(self, number: int) -> bool:
        """Fold or unfold; go to who wrote a file where that is chosen."""
        if isinstance(block := self._block(number), AuthorBlock):
            self.post_message(self.RowChosen(block.row))
            return True
        found = self._within(number)
        if found is not None and super()._flip(number):
            self._flipped ^= {(self._in, found.path)}
            return True
        return found is None and super()._flip(number)

    # What is under the cursor

    def _block(self, number: int) -> Block | None:
        pieces = list(self._laid_out)
        return pieces[number].block if number < len(pieces) else None

    def _within(self, number: int) -> FileBlock | FolderBlock | None:
        """The file or directory that a segment is of."""
        pieces = list(self._laid_out)
        found: FileBlock | FolderBlock | None = None
        blocks: Sequence[Block] = self._blocks
        for place in pieces[number].key if number < len(pieces) else ():
            block = blocks[place]
            if isinstance(block, FileBlock | FolderBlock):
                found = block
            blocks = block.parts[1:]
        return found

    @property
    def path(self) -> str:
        """The path of the file or directory under the cursor; empty where there is none."""
        found = self._within(self._segments.at(self._row))
        return "" if found is None else found.path

    def who_wrote(self) -> str:
        """Who wrote the line under the cursor; empty where it is on none."""
        file, line = self._within(self._segments.at(self._row)), self._segments.row(self._row)
        if not isinstance(file, FileBlock) or not isinstance(line, Drawable):
            return ""
        for cell in reversed([cell for cell in line.cells if cell is not None and not cell.is_empty]):
            gone = not cell.right
            number = cell.pair.number if gone else cell.pair.its_number
            if number is not None:
                return self._views.who_wrote(file, number, gone=gone)
        return ""


def _all(
    blocks: Sequence[Block], above: tuple[int, ...] = ()
) -> Iterator[tuple[tuple[int, ...], FileBlock | FolderBlock]]:
    """All files and directories of a tree, with the places of their blocks."""
    for number, block in enumerate(blocks):
        if isinstance(block, FileBlock | FolderBlock):
            yield (*above, number), block
        if isinstance(block, FolderBlock):
            yield from _all(block.parts[1:], (*above, number))
