"""Which part of the name of a temporary file was made at random, and which was chosen by somebody."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

_MADE: Final = re.compile(
    r"""(?x)
    (?P<kept>tmp) (?=[a-z]|[a-z_]*+\d) [a-z0-9_]{8} (?P<end>\.\w{1,8})?    # Python
  | (?P<kept_dotted>tmp[._-]) (?=[a-z]*+[A-Z0-9]) [A-Za-z0-9]{6,12} (?P<end_dotted>\.\w{1,8})?  # mktemp
  | (?P<kept_prefix>tmp | cc | rustc | rustdoctest | cargo-install) (?=[a-z]*+[A-Z0-9]) [A-Za-z0-9]{6}
    (?P<end_prefix>[.-]\w{1,9}(?:\.\w{1,4})?)?
  | (?P<kept_pip>pip-[a-z]{1,20}-(?:[a-z]{1,20}-){0,3}) [a-z0-9_]{8}
  | (?P<kept_number>pytest-) \d{1,4}
  | (?P<kept_digits>[A-Za-z][A-Za-z_.-]{0,60}?) \d{8,20} (?P<end_digits>\.\w{1,8})?   # Go, Java
  | (?P<kept_uuid>) [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12} (?P<end_uuid>\.\w{1,8})?
    """
)
_SPLIT: Final = re.compile(
    r"(?P<kept>.*?)(?P<part>[A-Za-z0-9]+|(?<![A-Za-z0-9])[a-z0-9_]{8})(?P<end>(?:\.[a-z]{1,5}|\.[a-z][a-z0-9]{1,3})?)"
)
_VERSION: Final = re.compile(r"v?\d+[a-z]*\d*")
_WORDS: Final = re.compile(r"(?:[A-Z]?[a-z]+|[A-Z]+)(?:[A-Z][a-z]+)*\d*")
_SHORTEST: Final = 6
_MOST_USUAL: Final = 8


def without_random(name: str) -> str:
    """The name with what was made at random replaced; the name itself where nothing was."""
    made = _MADE.fullmatch(name)
    if made is not None:
        groups = made.groupdict(default="")
        kept = "".join(text for key, text in groups.items() if key.startswith("kept"))
        return f"{kept}<temp>{''.join(text for key, text in groups.items() if key.startswith('end'))}"
    split = _SPLIT.fullmatch(name)
    if split is None or not _is_random(split["part"]):
        return name
    return f"{split['kept']}<temp>{split['end']}"


def _is_random(part: str) -> bool:
    """Whether letters and digits, or great and small ones, take turns as in no word, number or version."""
    if len(part) < _SHORTEST or _VERSION.fullmatch(part) or _WORDS.fullmatch(part):
        return False
    digits, all_turns = _turns(part.lower()), _turns(part)
    if not digits:
        return all_turns > 2
    if all_turns > 2 and part != part.lower():
        return True
    return digits > (1 if len(part) == _MOST_USUAL else 2)


def _turns(part: str) -> int:
    """How often a letter follows a digit, or a small one a great one, and the other way round."""
    kinds = ["0" if letter.isdigit() else "A" if letter.isupper() else "a" for letter in part]
    return sum(one != other for one, other in pairwise(kinds))
