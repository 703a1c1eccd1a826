"""The dialects that are known, built in and added, and which of them a file is in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from trajcore.dialects.base import CERTAIN, Dialect, claim_of
from trajcore.errors import BadInput
from trajcore.formats.base import FileRow, Files, Layout, RowNeeded, Sure, picked
from trajcore.formats.registry import FORMATS, readings
from trajcore.plugins import Registry

_ENOUGH: Final = 0.5


def _openhands_v0() -> Dialect:
    from trajcore.dialects.openhands_v0.dialect import OpenHandsV0

    return OpenHandsV0()


def _openhands_v1() -> Dialect:
    from trajcore.dialects.openhands_v1.dialect import OpenHandsV1

    return OpenHandsV1()


def _mini() -> Dialect:
    from trajcore.dialects.mini.dialect import MiniSweAgent

    return MiniSweAgent()


def _swe_agent() -> Dialect:
    from trajcore.dialects.swe_agent.dialect import SweAgent

    return SweAgent()


DIALECTS: Final[Registry[Dialect]] = Registry(
    "format",
    "trajtui.dialects",
    {"openhands": _openhands_v0, "openhands_v1": _openhands_v1, "mini": _mini, "swe_agent": _swe_agent},
)
"""By name. A package offers one as an entry point of the group `trajtui.dialects`."""

DEFAULT_DIALECT: Final = "openhands"
"""Whose ways are taken where there is no recording to ask."""


def default_dialect() -> Dialect:
    """The dialect that is asked where there is no recording."""
    return DIALECTS.get(DEFAULT_DIALECT)


def register_dialect(dialect: Dialect) -> None:
    """Let the recordings of another agent be read, in this process."""
    DIALECTS.register(dialect)


def recognised(files: Files, row: str | None = None, format: str | None = None) -> tuple[Layout, Dialect]:
    """The reading of what was opened, or of what is packed in it, and its dialect, as `_recognised`.

    Of an archive with several recordings `row` picks one, by number or by its name there.
    """
    if not files.packing:
        return _recognised(files, row, format)
    from trajcore.formats.packed import contents

    inside = contents(files)
    if len(inside) == 1:
        return _complete(inside[0], *_recognised(inside[0], row, format))
    rows: list[FileRow] = []
    found: dict[int, tuple[Layout, Dialect]] = {}
    for one in inside:
        try:
            found[len(rows)] = _complete(one, *_recognised(one, None, format))
            rows.append(FileRow(len(rows), one.inside, 0, 0))
        except RowNeeded:
            rows.append(FileRow(len(rows), one.inside, 0, 0, failure=_SEVERAL))
        except BadInput:
            continue  # What else lies beside recordings.
    if not rows:
        from trajcore.dialects import foreign

        refusals = (foreign.refusal(one, ()) for one in (files, *inside))
        nothing = BadInput(f"{files.name} is an archive with no recording in it.")
        raise next(filter(None, refusals), nothing)
    if row is None and len(rows) > 1:
        raise RowNeeded(files.name, rows)
    return found[picked(files.name, rows, row or "0").number]


_SEVERAL: Final = "a file with several recordings of its own: unpack it first"


def _complete(files: Files, layout: Layout, dialect: Dialect) -> tuple[Layout, Dialect]:
    """A reading that also says what was lost where it was unpacked."""
    return replace(layout, missing=layout.missing or files.missing), dialect


def _recognised(files: Files, row: str | None = None, format: str | None = None) -> tuple[Layout, Dialect]:
    """The reading of what was opened that a dialect claims most, and that dialect.

    `format` names a dialect, which is then taken at its word, or a container. A claim of 1 ends the search:
    what packages offer is loaded only where no other is as sure. Raises `BadInput`, naming the file and what
    is wrong with it, or whose it is, where it cannot be read, no dialect claims it or several do, and
    `RowNeeded`.
    """
    known = FORMATS.names() if format is not None else ()
    container = format if format in known else None
    named = DIALECTS.get(format) if format is not None and container is None else None
    faults: list[BadInput] = []
    layouts: list[Layout] = []
    claims: list[tuple[float, Layout, Dialect]] = []
    for reading in readings(files, row, container):
        if isinstance(reading, Sure):
            raise reading
        if isinstance(reading, BadInput):
            faults.append(reading)
            continue
        layouts.append(reading)
        for claim, dialect in _claims(reading, DIALECTS.at_hand() if named is None else (named,)):
            if claim >= CERTAIN:
                return reading, dialect
            claims.append((claim, reading, dialect))
    from trajcore.dialects import foreign  # where nobody is sure; recordings that are known do not need it

    if named is not None:
        fit = (layout for layout in layouts if _may_hold(layout, named))
        claims += [(_ENOUGH, layout, named) for layout in fit if not claims]
    else:
        for layout in layouts:
            claims += [(claim, layout, dialect) for claim, dialect in _claims(layout, DIALECTS.offered())]
        if max((claim for claim, _, _ in claims), default=0.0) < foreign.CLAIM:
            refusal = foreign.refusal(files, layouts)
            if refusal is not None:
                raise refusal
    return _best(files.name, claims, faults, layouts, sure=named is not None)


def _claims(layout: Layout, dialects: Iterable[Dialect]) -> Iterator[tuple[float, Dialect]]:
    for dialect in dialects:
        if _may_hold(layout, dialect):
            claim = claim_of(dialect, layout.records)
            if claim:
                yield claim, dialect


def _may_hold(layout: Layout, dialect: Dialect) -> bool:
    return not dialect.formats or layout.format in dialect.formats


def _best(
    name: str,
    claims: list[tuple[float, Layout, Dialect]],
    faults: Sequence[BadInput],
    layouts: Sequence[Layout],
    *,
    sure: bool,
) -> tuple[Layout, Dialect]:
    highest = max((claim for claim, _, _ in claims), default=0.0)
    best = [(layout, dialect) for claim, layout, dialect in claims if claim == highest]
    if best and (sure or (len(best) == 1 and highest > _ENOUGH)):
        return best[0]
    if not claims:
        if layouts and not any(layout.records for layout in layouts):
            raise BadInput(f"{name} holds no events.")
        if faults:
            raise faults[0]
        from trajcore.dialects import foreign

        raise foreign.unclaimed(name, layouts)
    if highest > _ENOUGH:
        names = " or ".join(dict.fromkeys(_called(layout, dialect) for layout, dialect in best))
        raise BadInput(f"{name} may be {names}: say which with --format.")
    names = ", ".join(f"{dialect.name} ({claim:.1f})" for claim, _, dialect in claims)
    raise BadInput(f"{name} is in no format that is known for sure: it looks a little like {names}.")


def _called(layout: Layout, dialect: Dialect) -> str:
    return f"{dialect.name} ({layout.format})"
