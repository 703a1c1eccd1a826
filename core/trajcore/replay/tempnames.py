"""Which part of the name of a temporary file was made at random, and which was chosen by somebody.

One name tells it mostly; of two in the same place, the one tells it of the other.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

PATH: Final = (
    r"(?<![\w.+-])(?P<root>/(?:private/)?(?:var/)?tmp/|/(?:private/)?var/folders/\w+/\w+/T/|/dev/shm/)"
    r"(?P<path>[\w.+-]++(?:/[\w.+-]++)*+)"
)
"""A file in a directory for temporary ones."""
_RANDOM: Final = "<temp>"

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
_UNLIKELY: Final = re.compile(r"\d[A-Za-z]|(?i:[bcdfghjklmnpqrstvwxz]{4})|[a-z][A-Z]{2}|[A-Z][a-z][A-Z]")
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
        return f"{kept}{_RANDOM}{''.join(text for key, text in groups.items() if key.startswith('end'))}"
    split = _SPLIT.fullmatch(name)
    if split is None or not _is_random(split["part"]):
        return name
    return f"{split['kept']}{_RANDOM}{split['end']}"


def aligned(recorded: str, actual: str) -> tuple[str, str]:
    """Both texts, without what was made at random of two names that stand in the same place."""
    one, other = recorded.split("\n"), actual.split("\n")
    for at, (line, its) in enumerate(zip(one, other, strict=False)):
        if line != its and "/" in line:
            one[at], other[at] = _aligned_line(line, its)
    return "\n".join(one), "\n".join(other)


def _aligned_line(line: str, its: str) -> tuple[str, str]:
    paths, their_paths = ([found["path"] for found in re.finditer(PATH, text)] for text in (line, its))
    if len(paths) != len(their_paths):
        return line, its
    pairs = [_aligned_path(path, other) for path, other in zip(paths, their_paths, strict=True)]
    ours, theirs = iter([one for one, _ in pairs]), iter([other for _, other in pairs])
    return (
        re.sub(PATH, lambda found: found["root"] + next(ours), line),
        re.sub(PATH, lambda found: found["root"] + next(theirs), its),
    )


def _aligned_path(path: str, other: str) -> tuple[str, str]:
    names, their_names = path.split("/"), other.split("/")
    if path == other or len(names) != len(their_names):
        return path, other
    pairs = [_aligned_name(name, its) for name, its in zip(names, their_names, strict=True)]
    return "/".join(one for one, _ in pairs), "/".join(its for _, its in pairs)


def _aligned_name(name: str, other: str) -> tuple[str, str]:
    """Two names as what they have in common, if what they have not was made at random."""
    if name == other or len(name) != len(other):
        return name, other
    for one, its in ((name, other), (other, name)):
        kept, random, end = without_random(one).partition(_RANDOM)
        if random and its.startswith(kept) and its.endswith(end):
            return (f"{kept}{random}{end}",) * 2
    one_split, other_split = _SPLIT.fullmatch(name), _SPLIT.fullmatch(other)
    if one_split is None or other_split is None:
        return name, other
    kept, end = one_split.group("kept", "end")
    unlikely = _is_unlikely(one_split["part"]) and _is_unlikely(other_split["part"])
    if unlikely and (kept, end) == other_split.group("kept", "end"):
        return (f"{kept}{_RANDOM}{end}",) * 2
    return name, other


def _is_unlikely(part: str) -> bool:
    """Whether hardly anybody would choose it: a digit before a letter, or what cannot be spoken."""
    if len(part) < _SHORTEST or (part[:1] == "v" and _VERSION.fullmatch(part)):
        return False
    return (
        re.search(r"\d[A-Za-z]|(?i:[bcdfghjklmnpqrstvwxz]{4})|[a-z][A-Z][A-Z]|[A-Z][a-z][A-Z]", part)
        is not None
    )


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
