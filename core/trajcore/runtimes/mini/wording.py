"""How mini-swe-agent words what a command came to, for its model: both ways, as its templates have it.

There are two shapes that its own configurations have: JSON (`mini.yaml` of version 2), and tags (version 1,
and the text models of version 2). Of 10,000 characters or more both show the first and the last 5,000.
"""

from __future__ import annotations

import json
import re
from enum import Enum
from typing import Any, Final, NamedTuple

LONGEST: Final = 10_000
"""So many characters of an output are cut."""
_KEPT: Final = 5_000

NOT_EXECUTED: Final = "action was not executed"
"""What the interactive agent writes of commands whose own result it has none of."""

_ELIDED: Final = "[{} characters elided]"
_CUT: Final = re.compile(r"(?P<head>.*)\n\[(?P<count>\d+) characters elided\]\n(?P<tail>.*)", re.DOTALL)

_WARNING: Final = """<warning>
The output of your last command was too long.
Please try a different command that produces less output.
If you're looking at a file you can try use head, tail or sed to view a smaller number of lines selectively.
If you're using grep or find and it produced too much output, you can use a more selective search pattern.
If you really need to see something from the full command's output, you can redirect output to a file and \
then search in that file.
</warning>"""

_CUT_IN_TAGS: Final = (
    r"(?:<warning>(?:(?!</warning>).)*</warning>\s*)?"
    r"<output_head>\n(?P<head>(?:(?!\n</output_head>).)*)\n</output_head>"
    r"\s*<elided_chars>\s*(?P<count>\d+) characters elided\s*</elided_chars>"
    r"\s*<output_tail>\n(?P<tail>.*)\n</output_tail>"
)
_TAGS: Final = re.compile(
    r"(?:<exception>(?P<exception>(?:(?!</exception>).)*)</exception>\s*)?"
    r"<returncode>(?P<code>-?\d+)</returncode>\s*"
    r"(?:<output>\n?(?P<output>.*)</output>"
    rf"|{_CUT_IN_TAGS})\s*",
    re.DOTALL,
)
_TIMED_OUT: Final = re.compile(
    r"The last command <command>.*</command> timed out and has been killed\.\n"
    r"The output of the command was:\n ?"
    r"(?:<output>\n(?P<output>.*)\n</output>"
    rf"|{_CUT_IN_TAGS}).*",
    re.DOTALL,
)
_OBSERVED: Final = re.compile(r"Observation: ?(?P<output>.*)", re.DOTALL)


class Shape(Enum):
    """How an answer is worded."""

    JSON = "json"
    TAGS = "tags"
    TIMED_OUT = "timed out"
    """Version 1: the words for a command that took too long."""
    OBSERVED = "observed"
    """`Observation: …`, as some data sets have it."""


class Said(NamedTuple):
    """What an answer says: the output as it is cut there; None for a return code that is not told."""

    shape: Shape
    output: str
    returncode: int | None
    exception: str = ""
    is_cut: bool = False


def said_in(content: str) -> Said | None:
    """What the text of an answer says; None where it is in no shape that is known."""
    if content.lstrip().startswith("{"):
        return _of_json(content)
    for shape, pattern in ((Shape.TAGS, _TAGS), (Shape.TIMED_OUT, _TIMED_OUT), (Shape.OBSERVED, _OBSERVED)):
        found = pattern.fullmatch(content)
        if found is not None:
            told = found.groupdict()
            is_cut = told.get("count") is not None
            output = _joined(told["head"], told["count"], told["tail"]) if is_cut else told["output"]
            code = told.get("code")
            return Said(
                shape, output, None if code is None else int(code), told.get("exception") or "", is_cut
            )
    return None


def _of_json(content: str) -> Said | None:
    try:
        told: Any = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or type(told.get("returncode")) is not int:
        return None
    exception = told.get("exception_info")
    output, head, tail = (told.get(key) for key in ("output", "output_head", "output_tail"))
    is_cut = isinstance(head, str) and isinstance(tail, str)
    if is_cut:
        output = _joined(head, told.get("elided_chars"), tail)
    if not isinstance(output, str):
        return None
    said = exception if isinstance(exception, str) else ""
    return Said(Shape.JSON, output, told["returncode"], said, is_cut)


def _joined(head: object, count: object, tail: object) -> str:
    return f"{head}\n{_ELIDED.format(count)}\n{tail}"


def cut(output: str) -> str:
    """An output as it is compared where only the cut one was recorded."""
    if len(output) < LONGEST:
        return output
    return _joined(output[:_KEPT], len(output) - 2 * _KEPT, output[-_KEPT:])


def worded(
    shape: Shape, output: str, returncode: int | None, exception: str = "", *, is_cut: bool = False
) -> str:
    """The text of an answer. `is_cut`: the output is cut already, as `said_in` has it."""
    parts = _parts(output, is_cut=is_cut)
    if shape is Shape.OBSERVED:
        return f"Observation: {output}"
    if shape is Shape.JSON:
        return _json(output, parts, returncode, exception)
    before = f"<exception>{exception}</exception>\n" if exception else ""
    before += f"<returncode>{-1 if returncode is None else returncode}</returncode>\n"
    if parts is None:
        return f"{before}<output>\n{output}</output>"
    head, count, tail = parts
    return (
        f"{before}{_WARNING}<output_head>\n{head}\n</output_head>\n"
        f"<elided_chars>\n{count} characters elided\n</elided_chars>\n<output_tail>\n{tail}\n</output_tail>"
    )


def _json(output: str, parts: tuple[str, int, str] | None, returncode: int | None, exception: str) -> str:
    begin = f'{{\n  "returncode": {-1 if returncode is None else returncode},\n  '
    end = f', "exception_info": {_quoted(exception)}\n}}' if exception else "\n}"
    if parts is None:
        return f'{begin}"output": {_quoted(output)}{end}'
    head, count, tail = parts
    return (
        f'{begin}"output_head": {_quoted(head)},\n  "output_tail": {_quoted(tail)},\n  '
        f'"elided_chars": {count},\n  "warning": "Output too long."{end}'
    )


def _quoted(text: str) -> str:
    """As Jinja's `tojson` writes it."""
    written = json.dumps(text)
    for letter in "<>&'":
        written = written.replace(letter, f"\\u{ord(letter):04x}")
    return written


def _parts(output: str, *, is_cut: bool) -> tuple[str, int, str] | None:
    found = _CUT.fullmatch(output) if is_cut else None
    if found is not None:
        return found["head"], int(found["count"]), found["tail"]
    if len(output) < LONGEST:
        return None
    return output[:_KEPT], len(output) - 2 * _KEPT, output[-_KEPT:]


def reworded(
    content: str, output: str, returncode: int | None, exception: str, *, was: Said, is_whole: bool = False
) -> str:
    """The text of an answer that says something else; what stands around what it says stays.

    `was` is what it said; `is_whole`: the outputs are whole, whatever the answer shows of them. Raises
    ValueError where it is in words of its own that hold no such place.
    """
    if was.shape in (Shape.JSON, Shape.TAGS, Shape.OBSERVED):
        usual = worded(was.shape, was.output, was.returncode, was.exception)
        if usual == content or was.is_cut:
            return worded(was.shape, output, returncode, exception, is_cut=was.is_cut and not is_whole)
    if len(output) >= LONGEST:
        raise ValueError("an output of 10,000 characters and more is cut in words that are not known here")
    old, new = ("\n" + was.output, "\n" + output) if was.shape is not Shape.JSON else (
        _quoted(was.output), _quoted(output)
    )  # fmt: skip
    if content.count(old) != 1:
        old, new = json.dumps(was.output), json.dumps(output)
    if content.count(old) != 1:
        raise ValueError("the output stands in words that are not known here")
    made = content.replace(old, new)
    if returncode != was.returncode:
        made, count = re.subn(
            rf'(<returncode>|"returncode": *){was.returncode}\b', rf"\g<1>{returncode}", made, count=1
        )
        if not count:
            raise ValueError("no return code is told there")
    return made
