"""Markdown for an issue: a table, and each step folded below it.

Texts of a recording stand in two places alone, where no renderer takes them for more than text: in blocks of
code whose fence is longer than any in them, and escaped in lines of HTML, which are code too: nobody is
mentioned, nothing is linked, no picture is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from trajcore.views.blocks import BlockKind
from trajcore.views.exports.cutting import Limit, cut
from trajcore.views.exports.extract import Answer, Extract, Step, Stretch
from trajcore.views.marks import RECORDED_ONLY
from trajcore.views.rows import RowLine

_ISSUE: Final = 60_000
"""So many characters are written: an issue holds 65,536."""
_LONGEST_TEXT: Final = 4_000
_SHORTEST_TEXT: Final = 400
_LINES: Final = 80
_ROWS: Final = 30
"""So many rows of the table at its beginning, and as many at its end."""
_WIDE: Final = 110
"""So many characters of what a step does are in the table."""
_LANGUAGES: Final = frozenset(
    {"bash", "python", "json", "diff", "markdown", "javascript", "typescript", "html"}
)
_BESIDE: Final = frozenset(
    {BlockKind.HEADING, BlockKind.NOTE, BlockKind.GOOD, BlockKind.BAD, BlockKind.PICTURE}
)


def markdown(extract: Extract) -> Iterator[str]:
    """The pieces of the text."""
    facts = _table([[name, _code(value)] for name, value in extract.facts()])
    rows = _table(_rows(list(extract.lines())))
    head = f"### <code>{escape(extract.name)}</code>\n\n{facts}{rows}"
    yield head
    limit = Limit(max(_SHORTEST_TEXT, min(_LONGEST_TEXT, _ISSUE // (2 * len(extract) or 1))), _LINES)
    written, left_out = len(head), 0
    for step in extract.steps():
        text = _step(step, limit)
        written += len(text)
        if written > _ISSUE:
            left_out += 1
        else:
            yield text
    if left_out:
        yield f"{left_out} more steps are left out: an issue holds no more. `--only` selects steps.\n\n"
    yield "<sub>Made by trajtui.</sub>\n"
    if extract.masked:
        yield "\nMasked:\n\n"
        yield _table([[_code(one.where), _code(f"{one.kind} ({one.count}×)")] for one in extract.masked])


def _rows(lines: list[RowLine]) -> Iterator[list[str]]:
    yield ["", "step", "kind", "what", "outcome"]
    for at, line in enumerate(lines):
        if at == _ROWS and len(lines) > 2 * _ROWS:
            yield ["⋯", f"{len(lines) - 2 * _ROWS} more", "", "", ""]
        if at < _ROWS or at >= len(lines) - _ROWS:
            yield [
                _code(line.mark),
                _code(line.label),
                _code(line.kind),
                _code(line.summary, _WIDE),
                _code(_came(line)),
            ]


def _came(line: RowLine) -> str:
    return " · ".join(filter(None, (line.note or line.exit, line.duration or line.recorded)))


def _table(rows: Iterable[list[str]]) -> str:
    """A table whose cells are HTML. It has no empty line: that would end the HTML."""
    lines = (f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<table>\n{''.join(lines)}</table>\n\n"


def _code(text: str, most: int = 400) -> str:
    text = " ".join(text.split())
    text = text if len(text) <= most else f"{text[: most - 1]}…"
    return f"<code>{escape(text)}</code>" if text else ""


def _step(step: Step, limit: Limit) -> str:
    line = step.line
    mark = "" if line.mark == RECORDED_ONLY else line.mark.strip()
    told = filter(None, (mark, step.label, line.kind, line.summary[:_WIDE], _came(line)))
    parts = [f"<details{' open' if step.diverged else ''}><summary>{_code(' · '.join(told))}</summary>\n\n"]
    parts += [_stretch(stretch, limit) for stretch in step.said]
    parts += [f"{_code(step.verdict)}\n\n"] if step.verdict else []
    if step.hunks is not None and step.recorded is not None:
        from trajcore.views.differing import as_lines

        lines = "\n".join(line for hunk in step.hunks.hunks for line in as_lines(hunk))
        parts += ["recorded (-) and actual (+):\n\n", _fenced(lines, "diff", limit)]
    elif step.answer is not None:
        parts += _answer(step.answer, limit)
    return "".join([*parts, "</details>\n\n"])


def _answer(answer: Answer, limit: Limit) -> Iterator[str]:
    yield f"{_code(answer.heading)}\n\n"
    for stretch in answer.stretches:
        yield _stretch(stretch, limit)


def _stretch(stretch: Stretch, limit: Limit) -> str:
    text = stretch.plain
    if not text.strip():
        return ""
    if stretch.kind in _BESIDE and "\n" not in text:
        return f"{_code(text)}\n\n"
    language = "diff" if stretch.kind is BlockKind.HUNKS else stretch.language
    return _fenced(text, language if language in _LANGUAGES else "", limit)


def _fenced(text: str, language: str, limit: Limit) -> str:
    text, _ = cut(text, limit)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}\n\n"
