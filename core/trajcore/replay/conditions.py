"""The language of breakpoint conditions: `kind=run and exit!=0`, `diverged`, `command~"git (push|pull)"`.

Parts are joined by `and`. A part is a word, or a field, an operator and a value: `TERMS` has a row for each.
Texts are compared by `= != ~`, numbers by `= != < > <= >=`; `~` searches a regular expression; a value with
spaces stands in quotes.
"""

from __future__ import annotations

import operator
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, Final

from trajcore.dialects import canonical
from trajcore.errors import BadInput, meant
from trajcore.events.head import Head, head_of
from trajcore.events.kinds import EDIT, WRITE
from trajcore.patterns import Expression
from trajcore.replay.run import Status, StepResult


class Moment:
    """An event of the recording and, once it has been played, what it came to.

    `data` may be a function, which is called where a condition asks for more than the head. `answer` is what
    was recorded, where that counts as long as there is no result.
    """

    def __init__(
        self,
        head: Head,
        data: dict[str, Any] | Callable[[], dict[str, Any]],
        result: StepResult | None = None,
        answer: Head | None = None,
    ) -> None:
        self.head = head
        self.result = result
        self.answer = answer
        self._data = data

    @cached_property
    def data(self) -> dict[str, Any]:
        """The event as a Python object, in today's spelling."""
        return self._data() if callable(self._data) else self._data


Test = Callable[[Moment], bool]


class Sort(Enum):
    """What a term is, and by which signs it is compared."""

    WORD = ("word", "")
    """True or not, with nothing to compare it with."""
    TEXT = ("text", "= != ~")
    TEXTS = ("texts", "= != ~")
    """One of several is enough; `!=`: none of them is this one."""
    NUMBER = ("number", "= != < > <= >=")

    @property
    def signs(self) -> str:
        """The operators, with spaces between them."""
        return self.value[1]


@dataclass(frozen=True)
class Term:
    """A row of the table of what a condition can ask for."""

    name: str
    what: str
    sort: Sort
    read: Callable[[Moment], Any]
    """The truth of a word; a text, several, or a number or None."""
    on_result: bool = False
    """It asks for what came back."""
    watches_files: bool = False
    """It asks what was changed, which is told only where a sandbox tracks its files."""


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
        """Whether every term is true of this moment. Raises `BadInput` where one takes too long."""
        return all(test(moment) for test in self.tests)


def parse(text: str, more: Sequence[Term] = ()) -> Condition:
    """Read a condition. Raises `BadInput` saying which term is wrong and what is expected.

    `more` is what can be asked for beside `TERMS`.
    """
    known = {**_BY_NAME, **{row.name: row for row in more}}
    terms = _terms(text)
    if not terms:
        raise BadInput("the condition is empty; for example: exit!=0, diverged, command~pytest")
    parsed = [_term(term, known) for term in terms]
    return Condition(
        text.strip(),
        tuple(test for _, test in parsed),
        on_result=any(row.on_result for row, _ in parsed),
        watches_files=any(row.watches_files for row, _ in parsed),
    )


_QUOTED: Final = re.compile(r"""'[^']*'|"[^"]*\"""")
_NO_JOINTS: Final = frozenset({"or", "not", "but", "&", "&&", "|", "||", ",", ";"})
"""Words between parts that others' languages have, and this one has not."""


def _refuse_other_joints(text: str) -> None:
    """Raise `BadInput` for a word that is meant to join, and would be taken for a part of a value."""
    for word in _QUOTED.sub("''", text).split():
        if word.lower() in _NO_JOINTS:
            raise BadInput(
                f"{word!r} joins nothing in the condition {text!r}: parts are joined by `and`, "
                "and a value with spaces stands in quotes"
            )


def _terms(text: str) -> list[str]:
    _refuse_other_joints(text)
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


def _term(term: str, known: Mapping[str, Term]) -> tuple[Term, Test]:
    """The row of one term, and its test."""
    row = known.get(term)
    if row is not None and row.sort is Sort.WORD:
        return row, row.read
    found = _TERM.fullmatch(term)
    row = known.get(found["field"]) if found else None
    if found is None or row is None or row.sort is Sort.WORD:
        raise BadInput(
            f"{term!r} is no condition; a condition is one of {', '.join(known)}, compared with a value."
            f"{meant(re.split('[^a-z]', term)[0], known)}"
        )
    sign, value = found["operator"], found["value"]
    match row.sort:
        case Sort.NUMBER:
            return row, _number_test(row.read, sign, value, term)
        case Sort.TEXTS:
            return row, _texts_test(row.read, sign, value, term)
    return row, _text_test(row.read, sign, value, term)


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


def _texts_test(read: Callable[[Moment], Any], sign: str, value: str, term: str) -> Test:
    """True where one of the texts matches; `!=` is the opposite of `=`."""
    matches = _matcher("=" if sign == "!=" else sign, value, term)
    wanted = sign != "!="
    return lambda moment: any(map(matches, read(moment))) is wanted


def _matcher(sign: str, value: str, term: str) -> Callable[[str], bool]:
    if sign == "~":
        try:
            return Expression(value).is_in
        except BadInput as error:
            raise BadInput(f"{term!r}: {error}") from None
    if sign not in ("=", "!="):
        raise BadInput(f"{term!r}: compare a text by = != or ~")
    compare = _COMPARE[sign]
    return lambda text: compare(text, value)


def _text_of(moment: Moment) -> str:
    texts = canonical.arguments(moment.data).values()
    return "\n".join(text for text in texts if isinstance(text, str))


def _argument(moment: Moment, *names: str) -> str:
    values = map(canonical.arguments(moment.data).get, names)
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
    if moment.result is None:
        return (moment.answer.content or "") if moment.answer else ""
    return moment.result.actual.content if moment.result.actual is not None else ""


def _cost(moment: Moment) -> float | None:
    metrics = moment.data.get("llm_metrics")
    cost = metrics.get("accumulated_cost") if isinstance(metrics, dict) else None
    return float(cost) if isinstance(cost, int | float) else None


def _diverged(moment: Moment) -> bool:
    return moment.result is not None and moment.result.status is Status.DIVERGED


def _unknown(moment: Moment) -> bool:
    return moment.result is not None and moment.result.status is Status.UNKNOWN


def _exit(moment: Moment) -> int | None:
    if moment.result is None:
        return moment.answer.exit_code if moment.answer else None
    return moment.result.exit_code


def _failed(moment: Moment) -> bool:
    result = moment.result
    if result is None:
        return moment.answer is not None and moment.answer.failed
    if result.exit_code not in (None, 0) or result.actual is None:
        return result.exit_code not in (None, 0)
    return head_of({"observation": result.actual.observation, "content": result.actual.content}).failed


def _changed(moment: Moment) -> bool:
    if moment.result is None:
        return moment.head.action in (EDIT, WRITE) and not _failed(moment)
    return bool(moment.result.files and moment.result.files.count)


TERMS: Final = (
    Term("diverged", "the step came out otherwise than recorded", Sort.WORD, _diverged, on_result=True),
    Term(
        "unknown",
        "the step rests on what the recording does not tell of its files",
        Sort.WORD,
        _unknown,
        on_result=True,
    ),
    Term(
        "failed",
        "the step failed: an exit code that is not 0, or an error in words",
        Sort.WORD,
        _failed,
        on_result=True,
    ),
    Term(
        "changed",
        "the step changed files",
        Sort.WORD,
        _changed,
        on_result=True,
        watches_files=True,
    ),
    Term(
        "waits",
        "the message waits for the user",
        Sort.WORD,
        lambda moment: bool(moment.head.wait_for_response),
    ),
    Term("kind", "the kind of the event", Sort.TEXT, lambda moment: moment.head.kind),
    Term(
        "source", "whose it is: agent, user, environment", Sort.TEXT, lambda moment: moment.head.source or ""
    ),
    Term("id", "its id", Sort.TEXT, lambda moment: str(moment.head.id)),
    Term(
        "command",
        "a command, or the code of a cell",
        Sort.TEXT,
        lambda moment: _argument(moment, "command", "code"),
    ),
    Term("text", "all texts of an action", Sort.TEXT, _text_of),
    Term("output", "what came back", Sort.TEXT, _output, on_result=True),
    Term("exit", "the exit code", Sort.NUMBER, _exit, on_result=True),
    Term("cost", "what the model has cost so far, as recorded", Sort.NUMBER, _cost),
    Term(
        "file",
        "a file that the step names, or has changed by whatever command; `!=`: none of them is this one",
        Sort.TEXTS,
        _touched,
        on_result=True,
        watches_files=True,
    ),
)
"""What a condition can ask for, in the order in which messages name it."""

_BY_NAME: Final = {row.name: row for row in TERMS}
