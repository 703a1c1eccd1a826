"""Comparing what came back with what was recorded: exit code first, then content."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from trajcore.dialects.base import Unwrapped
from trajcore.dialects.canonical import exit_code
from trajcore.dialects.registry import default_dialect
from trajcore.events.kinds import (
    ERROR,
    FIND_FILES,
    READ,
    RUN,
    RUN_IPYTHON,
    SEARCH_FILES,
    observation_kind,
)
from trajcore.masking import MASK
from trajcore.replay import causes, tempnames
from trajcore.replay.causes import NETWORK_OFF, Outcomes
from trajcore.replay.excerpts import difference, excerpt
from trajcore.replay.normalise import (
    COMMITS,
    NORMALISERS,
    UNTOLD,
    Normaliser,
    OwnNormaliser,
    asked_for,
    both_normalised,
    commits_paired,
    made_up,
    names_commits,
    shown,
)
from trajcore.replay.sides import UNKNOWN, USER, Name, Side, aligned, differing, labelled
from trajcore.replay.verdict import Comparison, Match, codes_reason
from trajcore.text import TAB

if TYPE_CHECKING:
    from trajcore.events.base import Observation

_LONG: Final = 20_000
"""Texts of more characters are compared off the event loop."""

_UNORDERED: Final = re.compile(
    r"\bfind\b|\bgrep\b[^|;&]* (?:-\w*[rR]|--recursive)|\brg\b|\bls\b[^|;&]* -\w*U"
)
"""What shows names as they stand on the disk: where files were reconstructed, that order is another one."""

_BY_TIME: Final = frozenset({FIND_FILES, SEARCH_FILES})
"""What lists files by the moment of their last change, or as they stand on the disk."""

_TRAILERS: Final = ("current working directory", "Python interpreter")
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_CHUNK_FRAME: Final = 12
_PIXELS: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT"})
_LARGEST: Final = 64 << 20


@dataclass(frozen=True)
class Circumstances:
    """What bears on a comparison beside the two answers."""

    committed: Callable[[str], bool] = lambda given: False
    """Whether commits are made by what was given, or were before it in this run: no other run gives them the
    same names. Asked where it matters."""
    offline: bool = False
    """Whether this run has no network."""
    reconstructed: bool = False
    """Whether the files of this run's world were made of what the recording tells of them."""
    recorded: Side = UNKNOWN
    actual: Side = UNKNOWN
    """Where each came from, if the answers themselves do not say it."""
    mapped: tuple[Name, ...] = ()
    """Directories of the recording's that have another name here."""


@dataclass(frozen=True)
class Texts:
    """Two texts as they were shown, and without what was set aside of them (`old`, `new`).

    A line of `old` is what is left of the same line of `recorded`, unless a pattern of the user's takes
    the end of a line too.
    """

    recorded: str
    actual: str
    old: str
    new: str


Unwrap = Callable[["Observation"], Unwrapped]
"""Takes what a program said out of a recorded observation (`Dialect.unwrap`)."""


@dataclass(frozen=True)
class _Answer:
    """One of the two: the observation, and what the program said in it."""

    observation: Observation
    said: Unwrapped
    known: Side = UNKNOWN
    """Where it came from, as far as is known beside it."""

    @property
    def kind(self) -> str:
        return self.observation.observation

    @property
    def side(self) -> Side:
        """Where it came from, as far as it says or is known."""
        own, told, known = told_side(self.observation), self.said, self.known
        return Side(
            own.user or told.user or known.user,
            own.host or told.host or known.host,
            own.directory or told.directory,
        )

    @property
    def given(self) -> str:
        """The command or the cell."""
        extras = self.observation.extras
        return str(getattr(extras, "command", "") or getattr(extras, "code", ""))

    @property
    def failed(self) -> bool:
        if getattr(self.observation.extras, "is_error", None) is True:
            return self.kind != RUN
        return observation_kind(self.kind).fails_in_text and self.said.output.startswith("ERROR:")

    @property
    def outcome(self) -> str:
        """What came of it, in words."""
        if self.kind == ERROR or self.failed:
            lines = self.said.output.splitlines()[0:3]
            first = next((line for line in lines if line.strip("ERO: ")), "")
            return f'"{excerpt("ERROR: " + first.removeprefix("ERROR:").strip())}"'
        return f'"{observation_kind(self.kind).done or self.kind}"'


def told_side(observation: Observation) -> Side:
    """Where an answer came from, as far as it says."""
    metadata = getattr(observation.extras, "metadata", None)
    names = (getattr(metadata, name, None) for name in ("username", "hostname", "working_dir"))
    return Side(*(name if isinstance(name, str) else None for name in names))


def is_long(recorded: Observation | None, actual: Observation) -> bool:
    """Whether comparing them takes so long that a thread should do it."""
    return recorded is not None and max(len(recorded.content), len(actual.content)) > _LONG


def compare(
    recorded: Observation | None,
    actual: Observation,
    normalisers: Sequence[Normaliser] = NORMALISERS,
    unwrap: Unwrap | None = None,
    circumstances: Circumstances = Circumstances(),
) -> Comparison:
    """Compare two answers to the same action; `unwrap` is that of the recording's dialect.

    An exit code that the recording does not tell is not compared. Raises `TooSlow`.
    """
    if recorded is None:
        return Comparison(None, "nothing was recorded to compare with", compared=False)
    before = _Answer(recorded, (unwrap or default_dialect().unwrap)(recorded), circumstances.recorded)
    after = _Answer(actual, Unwrapped(actual.content, exit_code(actual)), circumstances.actual)
    found = _compared(before, after, normalisers, circumstances)
    if found.match is not Match.EQUAL:
        found = replace(found, names=_names(before, after, circumstances))
    if not found.diverged:
        return found
    return replace(found, cause=causes.kind_of(_outcomes(before, after), offline=circumstances.offline))


def _outcomes(recorded: _Answer, actual: _Answer) -> Outcomes:
    return Outcomes(
        recorded.said.output,
        actual.said.output,
        actual.given,
        recorded.said.exit_code,
        actual.said.exit_code,
        reads=READ in (recorded.kind, actual.kind),
    )


def _compared(
    before: _Answer, after: _Answer, normalisers: Sequence[Normaliser], circumstances: Circumstances
) -> Comparison:
    if before.kind != after.kind:
        return Comparison(None, f"recorded {before.outcome}, actual {after.outcome}")
    if before.said.exit_code not in (None, after.said.exit_code):
        why = _cause(before, after, circumstances)
        return Comparison(
            None, codes_reason(before.said.exit_code, after.said.exit_code, excerpt(why) if why else "")
        )
    found = _compare_text(before, after, normalisers, circumstances)
    return (
        _with_pictures(found, before.observation, after.observation) if before.kind == RUN_IPYTHON else found
    )


def _compare_text(
    recorded: _Answer, actual: _Answer, normalisers: Sequence[Normaliser], circumstances: Circumstances
) -> Comparison:
    if recorded.failed != actual.failed:
        return Comparison(None, f"recorded {recorded.outcome}, actual {actual.outcome}")
    texts, committed = _texts(recorded, actual, normalisers, circumstances)
    if texts.recorded == texts.actual and not _one_says_more(recorded, actual):
        return Comparison(Match.EQUAL)
    old, new = texts.old, texts.new
    unordered = circumstances.reconstructed and _UNORDERED.search(actual.given)
    if old != new and (unordered or recorded.kind in _BY_TIME):
        old, new = ("\n".join(sorted(text.split("\n"))) for text in (old, new))
    if old == new or _equal_but_for_secrets(old, new):
        emptied_by = _emptied_by(texts.recorded, normalisers)
        return Comparison(Match.NORMALISED, emptied_by=emptied_by, committed=committed)
    differing_texts = labelled(old, new, _names(recorded, actual, circumstances))
    return Comparison(None, _in_words(recorded, actual, differing_texts, circumstances), committed=committed)


def texts_compared(
    recorded: Observation,
    actual: Observation,
    normalisers: Sequence[Normaliser] = NORMALISERS,
    unwrap: Unwrap | None = None,
    circumstances: Circumstances = Circumstances(),
) -> Texts:
    """The texts of two answers as they are compared. Raises `TooSlow`."""
    before = _Answer(recorded, (unwrap or default_dialect().unwrap)(recorded), circumstances.recorded)
    after = _Answer(actual, Unwrapped(actual.content, exit_code(actual)), circumstances.actual)
    return _texts(before, after, normalisers, circumstances)[0]


def _texts(
    recorded: _Answer, actual: _Answer, normalisers: Sequence[Normaliser], circumstances: Circumstances
) -> tuple[Texts, bool]:
    """The texts as they are compared, and whether names of commits were set aside in them."""
    before, after = _as_shown(recorded, actual)
    if before == after:
        return Texts(before, after, before, after), False
    names = _names(recorded, actual, circumstances)
    one, other = aligned(*tempnames.aligned(before, after), names)
    old, new = aligned(*both_normalised(one, other, normalisers), names)
    committed = False
    if old != new:
        given = actual.given
        asked = asked_for(given, other_user=any(name.what == USER for name in names))
        committed = names_commits(f"{one}\n{other}") and circumstances.committed(given)
        # A part of a name may look like a duration, or a figure: 61d2, 1e5.
        possible = (*(COMMITS if committed else ()), *made_up(given), *asked)
        first = [row for row in possible if row.pattern.search(one) or row.pattern.search(other)]
        if first:
            old, new = aligned(*both_normalised(one, other, (*first, *normalisers)), names)
        if committed:
            old, new = commits_paired(old, new)
        if circumstances.reconstructed:
            old, new = both_normalised(old, new, UNTOLD)
    return Texts(before, after, old, new), committed


def _names(recorded: _Answer, actual: _Answer, circumstances: Circumstances) -> tuple[Name, ...]:
    return (*circumstances.mapped, *differing(recorded.side, actual.side))


def _as_shown(recorded: _Answer, actual: _Answer) -> tuple[str, str]:
    """Both texts as a terminal shows them, without what one version of the runtime says and the other not."""
    before, after = recorded.said.output, actual.said.output
    if before == after:
        return before, after
    raw = before
    before, after = (shown(text, tabs=recorded.kind == RUN) for text in (before, after))
    if before != after and recorded.kind == RUN and "\t" in raw.partition("\n")[0]:
        before = _indented_as(after, raw) or before
    if before != after and recorded.kind == RUN_IPYTHON:
        before, after = shared_text(before, after)
    return before, after


def _one_says_more(recorded: _Answer, actual: _Answer) -> bool:
    """Whether one version of the runtime says what the other does not, though all else is equal."""
    if recorded.kind != RUN_IPYTHON:
        return False
    return shown(recorded.said.output, tabs=False) != shown(actual.said.output, tabs=False)


def _indented_as(actual: str, raw: str) -> str:
    """A recorded text whose tabs were kept, but not the blanks before its first line, as a terminal shows it.

    How many there were is told by what came back; empty where no number of them makes the first lines equal.
    """
    first = actual.partition("\n")[0]
    spelled = (shown(" " * blanks + raw).lstrip(" ") for blanks in range(1, TAB))
    return next((text for text in spelled if text.partition("\n")[0] == first), "")


def _in_words(
    recorded: _Answer, actual: _Answer, texts: tuple[str, str], circumstances: Circumstances
) -> str:
    """Where the texts differ, in what, and why, if what came back says so."""
    raised = causes.exception(recorded.said.output, actual.said.output)
    differs = difference(*texts, instead=raised)
    return f"{differs}, {NETWORK_OFF}" if _cause(recorded, actual, circumstances) == NETWORK_OFF else differs


def _cause(recorded: _Answer, actual: _Answer, circumstances: Circumstances) -> str:
    return causes.cause(
        recorded.said.output,
        actual.said.output,
        actual.given,
        actual.said.exit_code,
        offline=circumstances.offline,
    )


def _with_pictures(found: Comparison, recorded: Observation, actual: Observation) -> Comparison:
    if found.match is None:
        return found
    same, difference = picture_difference(recorded, actual)
    if difference:
        return Comparison(None, difference)
    return found if same else Comparison(Match.NORMALISED, emptied_by=found.emptied_by)


def _emptied_by(text: str, normalisers: Sequence[Normaliser]) -> str:
    for normaliser in normalisers:
        if isinstance(normaliser, OwnNormaliser):
            if normaliser.empties(text):
                return normaliser.pattern.pattern
            text = normaliser(text)
    return ""


def _equal_but_for_secrets(old: str, new: str) -> bool:
    """OpenHands writes a placeholder where a secret stood, which only the actual text has."""
    if MASK not in old:
        return False
    first, *others, last = old.split(MASK)
    if not new.startswith(first) or not new.endswith(last):
        return False
    # The first place that a part can be at leaves most to those behind it: none has to be tried again.
    at, end = len(first), len(new) - len(last)
    for part in others:
        found = new.find(part, at + 1, end)
        if found < 0 or _BLANK.search(new, at, found):
            return False
        at = found + len(part)
    return at < end and _BLANK.search(new, at, end) is None


_BLANK: Final = re.compile(r"\s")


# Notebook cells: their text without what one version says and the other does not, and pictures


def shared_text(recorded: str, actual: str) -> tuple[str, str]:
    """Both texts without the closing lines about Jupyter that only one of them has.

    OpenHands has added them one after the other, and an action can ask for none.
    """
    before, after = _trailers(recorded), _trailers(actual)
    return _without(recorded, before - after), _without(actual, after - before)


def _trailers(text: str) -> set[str]:
    return {name for name, _, _ in _closing_lines(text)}


def _without(text: str, names: set[str]) -> str:
    kept: list[str] = []
    begin = len(text)
    for name, begin, end in _closing_lines(text):
        if name not in names:
            kept.append(text[begin:end])
    return text[:begin] + "".join(reversed(kept))


def _closing_lines(text: str) -> Iterator[tuple[str, int, int]]:
    """What each says and where it is, with the newline before it and blanks behind, the last one first."""
    end = len(text)
    while True:
        last = end
        while last and text[last - 1].isspace():
            last -= 1
        line = text.rfind("\n", 0, last) + 1
        found = [(text.find(f"[Jupyter {name}: ", line, last), name) for name in _TRAILERS]
        begin, name = min(((at, name) for at, name in found if at >= 0), default=(-1, ""))
        if begin < 0 or text[last - 1] != "]" or begin + len(f"[Jupyter {name}: ") >= last:
            return
        begin -= text[begin - 1 : begin] == "\n"
        yield name, begin, end
        end = begin


def picture_difference(recorded: Observation, actual: Observation) -> tuple[bool, str]:
    """Whether the pictures of two cells are the same byte for byte; and how they differ to the eye, if so."""
    before, after = _pictures(recorded), _pictures(actual)
    if len(before) != len(after):
        return False, f"pictures: {len(before)} recorded, {len(after)} actual"
    for number, (one, other) in enumerate(zip(before, after, strict=True), 1):
        if one != other and (_pixels(one) is None or _pixels(one) != _pixels(other)):
            return False, f"picture {number} differs"
    return before == after, ""


def _pictures(observation: Observation) -> Sequence[str]:
    return getattr(observation.extras, "image_urls", None) or ()


def _pixels(url: str) -> bytes | None:
    """What a PNG shows, without what was written beside it (the program, its version); None for others."""
    try:
        data = base64.b64decode(url.partition(",")[2], validate=True)
    except binascii.Error:
        return None
    if not data.startswith(_SIGNATURE):
        return None
    place = len(_SIGNATURE)
    head: list[bytes] = []
    body: list[bytes] = []
    while place + _CHUNK_FRAME <= len(data):
        size, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        content = data[place + 8 : place + 8 + size]
        if kind == b"IDAT":
            body.append(content)
        elif kind in _PIXELS:
            head.append(content)
        place += size + _CHUNK_FRAME
    try:
        unpacking = zlib.decompressobj()
        rows = unpacking.decompress(b"".join(body), _LARGEST)
    except zlib.error:
        return None
    return b"".join([*head, rows]) if unpacking.eof else None
