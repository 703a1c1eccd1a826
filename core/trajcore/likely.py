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
_NEAR: Final = r"""[^\s"'`,;&]{0,200}"""
_VALUE: Final = rf"""(?P<secret>(?={_NEAR}\d)(?={_NEAR}[A-Za-z])[^\s"'`,;&<>(){{}}\[\]\\]{{6,}})"""
"""What can be the value of a setting, and is no word and no number."""


@dataclass(frozen=True)
class Shape:
    """One kind of secret. `pattern` has the secret as its group of that name, else it is all of it.

    Where a text has none of its `signs`, which are found much faster, the pattern is not tried; without signs
    it always is.
    """

    kind: str
    pattern: str
    signs: tuple[str, ...] = ()

    @property
    def compiled(self) -> re.Pattern[str]:
        """The pattern; `re` keeps it."""
        return re.compile(self.pattern)

    def may_be_in(self, text: str) -> bool:
        """Whether it is worth trying the pattern."""
        return not self.signs or any(sign in text for sign in self.signs)


SHAPES: Final = (
    Shape(
        "a private key",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"(?P<secret>(?:(?!-----)[\s\S]){16,20000})-----END",
        ("PRIVATE KEY",),
    ),
    Shape("a key of Anthropic", r"\bsk-ant-[\w-]{16,}", ("sk-ant-",)),
    Shape(
        "an API key",
        r"\b(?:sk|pk|rk|gsk|xai|pplx|r8|nvapi|fw)-[\w-]{16,}",
        ("sk-", "pk-", "rk-", "gsk-", "xai-", "pplx-", "r8-", "nvapi-", "fw-"),
    ),
    Shape("a key of Groq", r"\bgsk_[A-Za-z0-9]{20,}", ("gsk_",)),
    Shape("a key of Stripe", r"\b(?:sk|rk|whsec)_(?:live_|test_)?[A-Za-z0-9]{16,}", ("sk_", "rk_", "whsec_")),
    Shape(
        "a token of GitHub",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,})",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    ),
    Shape(
        "a token of GitLab",
        r"\bgl(?:pat|dt|rt|cbt|ptt)-[\w-]{16,}",
        ("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-"),
    ),
    Shape(
        "a token of Slack",
        r"\bxox[abeoprs]-[\w-]{10,}|(?<=hooks\.slack\.com/services/)[\w/]{20,}",
        ("xox", "hooks.slack.com"),
    ),
    Shape(
        "an access key of AWS", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b", ("AKIA", "ASIA", "ABIA", "ACCA")
    ),
    Shape("a key of Google", r"\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}", ("AIza", "ya29.")),
    Shape("a token of Hugging Face", r"\bhf_[A-Za-z0-9]{20,}", ("hf_",)),
    Shape("a token of a package index", r"\bnpm_[A-Za-z0-9]{30,}|\bpypi-[\w-]{40,}", ("npm_", "pypi-")),
    Shape("a JSON web token", r"\beyJ[\w-]{6,}\.eyJ[\w-]{4,}\.[\w-]{6,}", ("eyJ",)),
    Shape(
        "a login in a header",
        r"(?i:authorization)[\"']?\s*[:=]\s*[\"']?(?i:bearer|basic|token)\s+(?P<secret>[^\s\"'<>]{6,})",
    ),
    Shape("a token behind Bearer", r"\bBearer (?P<secret>(?=\S{0,200}\d)[\w.~+/=-]{12,})", ("Bearer ",)),
    Shape("a password in an address", ACCOUNT.pattern, ("://",)),
    Shape(
        "a password of curl",
        r"\bcurl\b[^\n|;]{0,300}? (?:-u|--user)[ =][\"']?[^\s:\"']+:(?P<secret>[^\s\"']{4,})",
        ("curl",),
    ),
    Shape(
        "a value that is called a secret",
        r"(?i:api[_-]?key|(?:access|secret|private|account|encryption|signing)[_-]?key|secret|token|passw(?:or)?d"
        r"|credentials?)[\"']?\s*[:=]+\s*[\"']?" + _VALUE,
    ),
    Shape(
        "an option that is called a secret",
        r"--[\w-]*(?:key|secret|token|passw(?:or)?d) [\"']?" + _VALUE,
        ("--",),
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
                for part in filter(_is_peculiar, re.split(r"\s+|\\[nr]|:", text[begin:end])):
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
            if part in text:
                text = self._noted(text.replace(part, MASK), kind)
        for shape in filter(lambda shape: shape.may_be_in(text), self._shapes):
            text = shape.compiled.sub(lambda found, kind=shape.kind: self._hidden(found, kind), text)  # type: ignore[misc]
        return text

    def _hidden(self, found: re.Match[str], kind: str) -> str:
        begin, end = _span(found)
        before, after = found[0][: begin - found.start()], found[0][end - found.start() :]
        if MASK in found.string[begin:end] and found.string[begin:end].replace(MASK, "").strip() == "":
            return found[0]
        return self._noted(f"{before}{MASK}{after}", kind)

    def _noted(self, text: str, kind: str) -> str:
        self._counts[self._where, kind] += 1
        return text


def _spans(text: str, shapes: Iterable[Shape]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Where something in a text looks like a secret, each with its kind."""
    for shape in filter(lambda shape: shape.may_be_in(text), shapes):
        for found in shape.compiled.finditer(text):
            yield shape.kind, _span(found)


def _span(found: re.Match[str]) -> tuple[int, int]:
    """Where the secret is in what was found."""
    groups = found.re.groupindex
    for name in ("secret", "web", "other"):
        if name in groups and found[name] is not None:
            return found.span(name)
    return found.span()


def _is_peculiar(part: str) -> bool:
    telling = any(map(str.isdigit, part)) and any(map(str.isalpha, part))
    return telling and len(part) >= _PECULIAR and MASK not in part
