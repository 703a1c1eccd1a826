"""What looks like a secret although nobody has told us that it is one: a row a shape.

A recording that is shown to others may hold keys which this process does not know. `Likely` masks them too,
and tells what it masked and where; it never tells the secret.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from trajcore.masking import ACCOUNT, MASK, Mask, known, masking_by, with_texts

KNOWN: Final = "a secret that trajtui knows from your settings or environment"
"""The kind of what is masked everywhere, whatever it looks like."""

_PECULIAR: Final = 8
"""A secret of so many characters, digits and letters, is masked wherever it stands, others in their place."""
_BROKEN: Final = r"\\?\r?\n"
"""How a line ends in the middle of a secret: where a terminal, or whoever typed it, had no more room."""
_LONGEST_BROKEN: Final = 500
"""A secret of more characters is looked for in one piece alone."""
_LETTERS: Final = "A-Za-z0-9"
_WORDS: Final = r"\w-"
_PATHS: Final = r"\w/"
_QUOTE: Final = r"\\*[\"']?"
"""A quote, also one in JSON that is a text of JSON; or none."""
_VALUE: Final = r"""(?P<secret>[^\s"'`,;&<>(){}\[\]\\]{6,})"""
"""What can be the value of a setting; it is one where it is `mixed`."""
_KEYS: Final = "|".join(
    rf"(?<={kind}{joint})"
    for kind in ("api", "access", "secret", "private", "account", "encryption", "signing")
    for joint in ("", "[_-]")
)
"""What stands before the word key where a key is a secret."""


def _of(characters: str, least: int) -> str:
    """The rest of a secret that goes on in the next line where that begins with some of its digits."""
    return rf"(?:[{characters}]|{_BROKEN}(?=[{characters}]{{0,200}}\d)){{{least},}}"


@dataclass(frozen=True)
class Shape:
    """One kind of secret. `pattern` has the secret as its group of that name, else it is all of it.

    It is tried where one of the `signs` stands, with which it begins: they are found a hundred times faster.
    """

    kind: str
    pattern: str
    signs: tuple[str, ...]
    in_capitals: bool = False
    """Whether the signs may be written in capitals; they stand here in small letters."""
    mixed: bool = False
    """Whether it is a secret only where it has digits and letters: words and numbers are none."""

    def found_in(self, text: str, lowered: str) -> Iterator[tuple[int, int]]:
        """Where in a text it stands, in order; `lowered` is the text in small letters, each in its place."""
        compiled, past = re.compile(self.pattern), 0  # `re` keeps it
        for at in _places(self.signs, lowered if self.in_capitals else text):
            found = compiled.match(text, at) if at >= past else None
            if found is not None:
                past = found.end()
                if not self.mixed or _is_mixed(found["secret"]):
                    yield _span(found)


SHAPES: Final = (
    Shape(
        "a private key",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"(?P<secret>(?:(?!-----)[\s\S]){16,20000})-----END",
        ("-----BEGIN ",),
    ),
    Shape("a key of Anthropic", r"\bsk-ant-" + _of(_WORDS, 16), ("sk-ant-",)),
    Shape(
        "an API key",
        r"\b(?:sk|pk|rk|gsk|xai|pplx|r8|nvapi|fw)-" + _of(_WORDS, 16),
        ("sk-", "pk-", "rk-", "gsk-", "xai-", "pplx-", "r8-", "nvapi-", "fw-"),
    ),
    Shape("a key of Groq", r"\bgsk_" + _of(_LETTERS, 20), ("gsk_",)),
    Shape(
        "a key of Stripe",
        r"\b(?:sk|rk|whsec)_(?:live_|test_)?" + _of(_LETTERS, 16),
        ("sk_", "rk_", "whsec_"),
    ),
    Shape(
        "a token of GitHub",
        rf"\b(?:gh[pousr]_{_of(_LETTERS, 20)}|github_pat_{_of(_WORDS, 20)})",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    ),
    Shape(
        "a token of GitLab",
        r"\bgl(?:pat|dt|rt|cbt|ptt)-" + _of(_WORDS, 16),
        ("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-"),
    ),
    Shape(
        "a token of Slack",
        rf"\bxox[abeoprs]-{_of(_WORDS, 10)}|hooks\.slack\.com\\?/services\\?/(?P<secret>{_of(_PATHS, 20)})",
        ("xox", "hooks.slack.com"),
    ),
    Shape(
        "an access key of AWS",
        rf"\b(?:AKIA|ASIA|ABIA|ACCA)(?:[A-Z0-9](?:{_BROKEN})?){{15}}[A-Z0-9]\b",
        ("AKIA", "ASIA", "ABIA", "ACCA"),
    ),
    Shape("a key of Google", rf"\bAIza{_of(_WORDS, 30)}|\bya29\.{_of(_WORDS, 20)}", ("AIza", "ya29.")),
    Shape("a token of Hugging Face", r"\bhf_" + _of(_LETTERS, 20), ("hf_",)),
    Shape(
        "a token of a package index",
        rf"\bnpm_{_of(_LETTERS, 30)}|\bpypi-{_of(_WORDS, 40)}",
        ("npm_", "pypi-"),
    ),
    Shape(
        "a JSON web token",
        rf"\beyJ{_of(_WORDS, 6)}\.(?:{_BROKEN})?eyJ{_of(_WORDS, 4)}\.(?:{_BROKEN})?{_of(_WORDS, 6)}",
        ("eyJ",),
    ),
    Shape(
        "a login in a header",
        rf"(?i:authorization){_QUOTE}\s*[:=]\s*{_QUOTE}(?i:bearer|basic|token)\s+"
        r"(?!\$[\w{(])(?P<secret>[^\s\"'<>\\]{6,})",
        ("authorization",),
        in_capitals=True,
    ),
    Shape("a token behind Bearer", r"\bBearer (?P<secret>(?=\S{0,200}\d)[\w.~+/=-]{12,})", ("Bearer ",)),
    Shape("a password in an address", f"://(?:{ACCOUNT.pattern})", ("://",)),
    Shape(  # the same in JSON, where some write a slash so
        "a password in an address",
        r":\\/\\/(?P<secret>[^/\s:@\"'<>\\]*:[^/\s\"'<>?#\\]+)@",
        (":\\/\\/",),
    ),
    Shape(
        "a password of curl",
        r"\bcurl\b[^\n|;]{0,300}? (?:-u|--user)[ =][\"']?[^\s:\"']+:(?P<secret>[^\s\"']{4,})",
        ("curl",),
    ),
    Shape(
        "a value that is called a secret",
        rf"(?i:(?:{_KEYS})key|secret|token|passw(?:or)?d|passphrase|credentials?){_QUOTE}\s*[:=]+\s*{_QUOTE}"
        + _VALUE,
        ("key", "secret", "token", "passw", "passphrase", "credential"),
        in_capitals=True,
        mixed=True,
    ),
    Shape(
        "an option that is called a secret",
        rf"(?<![\w-])--[\w-]{{0,60}}?(?:key|secret|token|passw(?:or)?d|passphrase) {_QUOTE}{_VALUE}",
        ("--",),
        mixed=True,
    ),
)
"""What tells most comes first: a secret is called by the first row that it fits."""


@dataclass(frozen=True)
class Masked:
    """What was masked in one place: never the secret itself."""

    where: str
    kind: str
    count: int

    @property
    def words(self) -> str:
        """In one line."""
        return f"{self.where}: {self.kind}" + (f" ({self.count}×)" if self.count > 1 else "")


class Likely(Mask):
    """Masks what this process knows and what looks like a secret, and keeps count.

    `texts` are all texts that will be shown: what is peculiar enough and looks like a secret in one of them
    is masked in the others too, where less may tell what it is. Without `guess` only what is known is masked.
    """

    def __init__(self, texts: Iterable[str], *, guess: bool = True) -> None:
        super().__init__(())
        self._known = known()
        self._shapes = SHAPES if guess else ()
        self._kinds: dict[str, str] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._where = ""
        for text in texts:
            for kind, (begin, end) in _spans(text, self._shapes):
                for part in filter(_is_peculiar, _parts(text[begin:end])):
                    self._kinds.setdefault(part, kind)
        self._peculiar = [(part, self._kinds[part]) for part in sorted(self._kinds, key=len, reverse=True)]

    def __bool__(self) -> bool:
        return True

    @property
    def masked(self) -> list[Masked]:
        """What was masked so far, in the order in which it was met."""
        return [Masked(where, kind, count) for (where, kind), count in self._counts.items()]

    def places(self, row: str, telling: int, where: str) -> Iterator[tuple[int, int]]:
        """Where in a row of a screen a secret stands, or so many characters of one in a row.

        What is found counts as masked `where` it is said to be.
        """
        for part, kind in self._peculiar:
            for at in range(len(part) - telling + 1):
                for found in re.finditer(re.escape(part[at : at + telling]), row):
                    self._counts[where, kind] |= 1
                    yield found.span()
        for kind, span in _spans(row, self._shapes):
            self._counts[where, kind] |= 1
            yield span

    @contextmanager
    def at(self, where: str) -> Iterator[None]:
        """Mask all texts that are made safe in this block of code, which are shown at this place."""
        self._where = where
        with masking_by(self):
            yield

    def text(self, text: str) -> str:
        """See `Mask.text`."""
        plain = self._known.text(text)
        return self._guessed(plain if plain == text else self._noted(plain, KNOWN))

    def whole(self, text: str) -> str:
        """See `Mask.whole`."""
        plain = self._known.whole(text)
        return self._guessed(plain if plain == text else self._noted(plain, KNOWN))

    def tree(self, value: Any) -> Any:
        """See `Mask.tree`."""
        return with_texts(value, self.text)

    def _guessed(self, text: str) -> str:
        for part, kind in self._peculiar:
            half = len(part) // 2
            if part[:half] in text or part[half:] in text:  # wherever it is broken, one half is whole
                text = _in_pieces(part).sub(lambda _, kind=kind: self._noted(MASK, kind), text)  # type: ignore[misc]
        lowered = _lowered(text)
        for shape in self._shapes:
            spans = [span for span in shape.found_in(text, lowered) if not _is_masked(text[slice(*span)])]
            if spans:
                text = self._noted(_with_masks(text, spans), shape.kind, len(spans))
                lowered = _lowered(text)
        return text

    def _noted(self, text: str, kind: str, count: int = 1) -> str:
        self._counts[self._where, kind] += count
        return text


def _spans(text: str, shapes: Iterable[Shape]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Where something in a text looks like a secret, each with its kind."""
    lowered = _lowered(text)
    for shape in shapes:
        for span in shape.found_in(text, lowered):
            yield shape.kind, span


def _lowered(text: str) -> str:
    """A text in small letters, each in its place; of this one alone come two."""
    return text.replace("İ", "I").lower()


def _places(signs: Iterable[str], text: str) -> list[int]:
    """Where signs stand in a text, in order."""
    found = []
    for sign in signs:
        at = text.find(sign)
        while at >= 0:
            found.append(at)
            at = text.find(sign, at + 1)
    return sorted(found)


def _span(found: re.Match[str]) -> tuple[int, int]:
    """Where the secret is in what was found."""
    groups = found.re.groupindex
    for name in ("secret", "web", "other"):
        if name in groups and found[name] is not None:
            return found.span(name)
    return found.span()


def _with_masks(text: str, spans: Iterable[tuple[int, int]]) -> str:
    pieces, past = [], 0
    for begin, end in spans:
        pieces += [text[past:begin], MASK]
        past = end
    return "".join([*pieces, text[past:]])


def _is_masked(secret: str) -> bool:
    return MASK in secret and not secret.replace(MASK, "").strip()


def _is_mixed(secret: str) -> bool:
    return bool(re.search(r"\d", secret) and re.search("[A-Za-z]", secret))


def _parts(secret: str) -> list[str]:
    """What is looked for elsewhere: its lines, name and password by themselves, and all of it in one line."""
    return [*re.split(rf"{_BROKEN}|\s+|\\[nr]|:", secret), re.sub(_BROKEN, "", secret)]


def _is_peculiar(part: str) -> bool:
    telling = any(map(str.isdigit, part)) and any(map(str.isalpha, part))
    return telling and len(part) >= _PECULIAR and MASK not in part


def _in_pieces(part: str) -> re.Pattern[str]:
    """A secret, also where lines end in it; `re` keeps those that were asked for last."""
    between = f"(?:{_BROKEN})?" if len(part) <= _LONGEST_BROKEN else ""
    return re.compile(between.join(map(re.escape, part)))
