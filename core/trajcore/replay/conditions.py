"""The language of breakpoint conditions: `kind=run and exit!=0`, `diverged`, `command~"git (push|pull)"`.

Terms are joined by `and`. A term is a word (`diverged`, `waits`) or a field, an operator and a value:

    kind source id   = != ~        what the event is
    command text     = != ~        what an action says (text: any of its texts)
    output           = != ~        what came back
    file             = != ~        a file that the step touched: one that a read, write or edit names, or
                                   one that it changed, by whatever command; `!=`: none of them is this one
    exit cost        = != < > <= >=

`~` searches a regular expression; a value with spaces stands in quotes.
"""

from __future__ import annotations

import operator
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from trajcore.dialects.canonical import arguments
from trajcore.errors import BadInput
from trajcore.replay.run import Status, StepResult

if TYPE_CHECKING:
    from trajcore.events.head import Head


@dataclass(frozen=True)
class Moment:
    """An event of the recording and, once it has been played, what it came to."""

    head: Head
    data: dict[str, Any]
    result: StepResult | None = None


Test = Callable[[Moment], bool]

_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<=": operator.le, ">=": operator.ge, "!=": operator.ne,
    "=": operator.eq, "<": operator.lt, ">": operator.gt,
}  # fmt: skip
_TERM: Final = re.compile(r"(?P<field>[a-z]+)\s*(?P<operator><=|>=|!=|=|<|>|~)\s*(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True)
class Condition:
    """A parsed condition. `on_result`: it asks for what came back, so it is tested after the event.

    `watches_files`: it asks what was changed, which is told only where a sandbox tracks its files.
    """

    text: str
    tests: tuple[Test, ...]
    on_result: bool
    watches_files: bool = False

    def holds(self, moment: Moment) -> bool:
        """Whether every term is true of this moment."""
        return all(test(moment) for test in self.tests)


def parse(text: str) -> Condition:
    """Read a condition. Raises `BadInput` saying which term is wrong and what is expected."""
    terms = _terms(text)
    if not terms:
        raise BadInput("the condition is empty; for example: exit!=0, diverged, command~pytest")
    parsed = [_term(term) for term in terms]
    return Condition(
        text.strip(),
        tuple(test for test, _ in parsed),
        on_result=any(after for _, after in parsed),
        watches_files=any(_field(term) == "file" for term in terms),
    )


def _field(term: str) -> str | None:
    found = _TERM.fullmatch(term)
    return found["field"] if found else None


def _terms(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars="")
    lexer.whitespace_split = True
    lexer.escape = ""
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError:
        raise BadInput(f"a quote is not closed in the condition {text!r}") from None
    terms: list[list[str]] = [[]]
    for word in words:
        if word == "and":
            terms.append([])
        else:
            terms[-1].append(word)
    return [" ".join(term) for term in terms if term]


def _term(term: str) -> tuple[Test, bool]:
    """The test of one term, and whether it needs the result."""
    if term in _WORDS:
        return _WORDS[term]
    found = _TERM.fullmatch(term)
    if found is None or found["field"] not in (*_FIELDS, "file"):
        known = ", ".join([*_WORDS, *_FIELDS, "file"])
        raise BadInput(f"{term!r} is no condition; a condition is one of {known}, compared with a value")
    field, sign, value = found["field"], found["operator"], found["value"]
    if field == "file":
        return _file_test(sign, value, term), True
    read, numeric, on_result = _FIELDS[field]
    if numeric:
        return _number_test(read, sign, value, term), on_result
    return _text_test(read, sign, value, term), on_result


def _number_test(read: Callable[[Moment], Any], sign: str, value: str, term: str) -> Test:
    try:
        number = float(value)
        compare = _COMPARE[sign]
    except (ValueError, KeyError):
        raise BadInput(f"{term!r}: compare with a number by = != < > <= >=") from None

    def test(moment: Moment) -> bool:
        found = read(moment)
        return found is not None and compare(float(found), number)

    return test


def _text_test(read: Callable[[Moment], Any], sign: str, value: str, term: str) -> Test:
    matches = _matcher(sign, value, term)
    return lambda moment: matches(read(moment))


def _file_test(sign: str, value: str, term: str) -> Test:
    """True where one of the files matches; `!=` is the opposite of `=`."""
    matches = _matcher("=" if sign == "!=" else sign, value, term)
    wanted = sign != "!="
    return lambda moment: any(map(matches, _touched(moment))) is wanted


def _matcher(sign: str, value: str, term: str) -> Callable[[str], bool]:
    if sign == "~":
        try:
            pattern = re.compile(value)
        except re.error as error:
            raise BadInput(f"{term!r}: not a regular expression: {error}") from None
        return lambda text: pattern.search(text) is not None
    if sign not in ("=", "!="):
        raise BadInput(f"{term!r}: compare a text by = != or ~")
    compare = _COMPARE[sign]
    return lambda text: compare(text, value)


def _text_of(moment: Moment) -> str:
    texts = arguments(moment.data).values()
    return "\n".join(text for text in texts if isinstance(text, str))


def _argument(moment: Moment, *names: str) -> str:
    values = map(arguments(moment.data).get, names)
    return next((value for value in values if isinstance(value, str)), "")


def _touched(moment: Moment) -> Iterator[str]:
    """The files that an action names and those that it changed; a directory with and without its slash."""
    if named := _argument(moment, "path"):
        yield named
    files = moment.result.files if moment.result else None
    for change in files.files if files else ():
        yield change.path
        if change.path.endswith("/"):
            yield change.path.rstrip("/")


def _output(moment: Moment) -> str:
    actual = moment.result.actual if moment.result else None
    return actual.content if actual is not None else ""


def _cost(moment: Moment) -> float | None:
    metrics = moment.data.get("llm_metrics")
    cost = metrics.get("accumulated_cost") if isinstance(metrics, dict) else None
    return float(cost) if isinstance(cost, int | float) else None


_WORDS: Final[dict[str, tuple[Test, bool]]] = {
    "diverged": (lambda moment: moment.result is not None and moment.result.status is Status.DIVERGED, True),
    "waits": (lambda moment: bool(moment.head.wait_for_response), False),
}
_FIELDS: Final[dict[str, tuple[Callable[[Moment], Any], bool, bool]]] = {
    "kind": (lambda moment: moment.head.kind, False, False),
    "source": (lambda moment: moment.head.source or "", False, False),
    "id": (lambda moment: str(moment.head.id), False, False),
    "command": (lambda moment: _argument(moment, "command", "code"), False, False),
    "text": (_text_of, False, False),
    "output": (_output, False, True),
    "exit": (lambda moment: moment.result.exit_code if moment.result else None, True, True),
    "cost": (_cost, True, False),
}
"""By name: how it is read, whether it is a number, whether it needs the result."""
