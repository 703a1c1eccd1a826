"""The dialogue of a run: what the user and the agent said, and what a model did with what came back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from trajcore import notices
from trajcore.dialects import canonical
from trajcore.dialects.newevents import is_note
from trajcore.events.kinds import CONDENSATION, EDIT, MESSAGE, THINK, Treatment, action_kind
from trajcore.live.outcome import words
from trajcore.pictures import Picture
from trajcore.replay.policy import treatment
from trajcore.replay.run import Entry
from trajcore.session import Session
from trajcore.text import safe, safe_line
from trajcore.views.blocks import Block, BlockKind, block_of, output_text, picture_block
from trajcore.views.folding import Fold, Maker
from trajcore.views.livelines import reply_parts
from trajcore.views.marks import LIVE, duration
from trajcore.views.status import context_share


class ChatTone(Enum):
    """Where a part of the dialogue comes from."""

    SAID = "said"
    """Said in this run."""
    RECORDED = "recorded"
    THOUGHT = "thought"
    """The model thought this before it answered."""
    ACTION = "action"
    """The model did, or is writing, this."""
    OUTCOME = "outcome"
    """What came of it."""
    FAILED = "failed"
    """It failed."""
    ASIDE = "aside"
    """Said beside the matter: what a reply cost, what the model was told of the user."""


_FIRST_PICTURE: Final = 100
"""The number of a message's first picture among the parts of its event."""
_OF_ACTIONS: Final = Fold(6)
_OF_OUTCOMES: Final = Fold(3, 3)
_OF_THOUGHTS: Final = Fold(1)
_OF_MESSAGES: Final = Fold(20, 4, 4_000)
"""What a model says in this run is shown whole."""


@dataclass(frozen=True)
class ChatPart:
    """A paragraph behind the name of its speaker, or, where there is none, by itself."""

    speaker: str
    block: Block
    tone: ChatTone
    key: tuple[int, int] = (-1, 0)
    """By which it is known again: the id of its event, and a number."""

    @property
    def folds(self) -> bool:
        """Whether there is more of it than is shown at first."""
        return self.block.folded is not None


class Dialogue:
    """Follows a run: `parts` are what was said and done in it, oldest first, as of the last `refresh`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.parts: list[ChatPart] = []
        self._seen: list[Entry] = []
        self._ends: list[int] = []
        """How many parts there are with each entry that was seen."""
        self._aside: dict[int, list[ChatPart]] = {}
        """What belongs to a reply and is no event, by the place in the run at which the reply came."""
        self._number = 0

    def replied(self, reply: notices.ModelReplied) -> None:
        """A reply is complete; its events enter the run after this."""
        line = " · ".join([*reply_parts(reply), *context_share(reply.usage)])
        self.add_aside(len(self._session.run), BlockKind.NOTE, f"── {line}", ChatTone.ASIDE)

    def add_aside(self, place: int, kind: BlockKind, text: str, tone: ChatTone, speaker: str = "") -> None:
        """Something that is no event of the run, and belongs to the one that is, or will be, at a place."""
        self._number += 1
        key = (-1, self._number)
        fold = _OF_THOUGHTS if tone is ChatTone.THOUGHT else None
        part = _part(key, speaker, kind, text, tone, fold)
        self._aside.setdefault(place, []).append(part)

    def refresh(self, *, anew: bool = False) -> int:
        """Bring the parts up to date; how many of the first are the same as before."""
        entries, seen = self._session.run.entries, self._seen
        same = 0 if anew else min(len(seen), len(entries))
        while same and seen[same - 1] is not entries[same - 1]:
            same -= 1
        if anew or same < len(seen):  # what is gone takes with it what belonged to it
            self._aside = {place: told for place, told in self._aside.items() if place < same}
        kept = self._ends[same - 1] if same else 0
        del self.parts[kept:], seen[same:], self._ends[same:]
        for place in range(same, len(entries)):
            self.parts += self._of_entry(place, entries[place])
            seen.append(entries[place])
            self._ends.append(len(self.parts))
        self.parts += self._aside.get(len(entries), [])
        return kept

    def _of_entry(self, place: int, entry: Entry) -> Iterator[ChatPart]:
        """What is thought comes before what is said, what it cost behind that and before what is done."""
        aside = self._aside.get(place, [])
        yield from (part for part in aside if part.tone is ChatTone.THOUGHT)
        said, done = _said(entry), _done(self._session, entry)
        yield from said
        yield from (part for part in aside if part.tone is not ChatTone.THOUGHT)
        yield from done


def _said(entry: Entry) -> list[ChatPart]:
    """What is said in an event: a message, or the words beside a call."""
    head, recorded = entry.head, entry.origin is not None and not entry.is_added
    how, tone = treatment(head), ChatTone.RECORDED if recorded else ChatTone.SAID
    spoken = how is Treatment.DIALOGUE and not action_kind(head.kind).system_prompt
    text = words(head)
    if not spoken and not (entry.live and head.is_action and text):
        return []
    by_user = head.source == "user"
    if by_user and not recorded and is_note(text):
        return [_part((entry.id, 0), "", BlockKind.NOTE, text, ChatTone.ASIDE)]
    speaker, fold = ("you" if by_user else "agent"), _OF_MESSAGES if by_user or recorded else None
    return [_part((entry.id, 0), speaker, BlockKind.PROSE, text, tone, fold), *_pictures(entry)]


def _pictures(entry: Entry) -> Iterator[ChatPart]:
    """The pictures of a message, by their names."""
    urls = canonical.arguments(entry.data()).get("image_urls") if entry.head.kind == MESSAGE else None
    if urls:
        from trajcore.live.messages.pictures import addresses  # typed events come with the first picture

        for number, url in enumerate(addresses(urls)):
            block = picture_block(Picture.at(url))
            yield ChatPart("", block, ChatTone.ASIDE, (entry.id, _FIRST_PICTURE + number))


def _done(session: Session, entry: Entry) -> Iterator[ChatPart]:
    """What a model did, or what came of it."""
    head = entry.head
    if entry.live and head.kind == CONDENSATION:
        yield _part((entry.id, 0), "", BlockKind.PROSE, head.text, ChatTone.ASIDE, _OF_OUTCOMES)
    elif head.is_action:
        if entry.live and treatment(head) not in (Treatment.PASS, Treatment.DIALOGUE):
            yield from _action(entry)
    elif entry.live and head.kind != THINK:
        yield from _outcome(session, entry)


def _action(entry: Entry) -> Iterator[ChatPart]:
    head = entry.head
    title = f"{LIVE} {safe_line(head.kind)}  {head.text}"
    yield _part((entry.id, 1), "", BlockKind.TEXT, title, ChatTone.ACTION, _OF_ACTIONS)
    if head.kind == EDIT:
        from trajcore.views.editdiff import said_lines  # what tells texts apart comes with the first edit

        lines = said_lines(canonical.arguments(entry.data()))
        if lines is not None:
            yield ChatPart("", lines, ChatTone.ACTION, (entry.id, 2))


def _outcome(session: Session, entry: Entry) -> Iterator[ChatPart]:
    head = entry.head
    seconds = session.run.spent_on(entry.cause)
    notes = [] if head.exit_code is None else [f"exit {head.exit_code}"]
    notes += ["failed"] if head.failed and not notes else []
    notes += [] if seconds is None else [duration(seconds)]
    tone = ChatTone.FAILED if head.failed else ChatTone.OUTCOME
    title = f"  └ {' · '.join(notes) or safe_line(head.kind)}"
    yield _part((entry.id, 0), "", BlockKind.TEXT, title, tone)
    if (head.content or "").strip():
        content = (head.content or "").rstrip("\n")
        tone = ChatTone.FAILED if head.failed and head.exit_code is None else ChatTone.OUTCOME
        yield _part((entry.id, 1), "", BlockKind.OUTPUT, content, tone, _OF_OUTCOMES)


_MAKERS: Final[dict[BlockKind, Maker]] = {BlockKind.OUTPUT: output_text}


def _part(
    key: tuple[int, int],
    speaker: str,
    kind: BlockKind,
    raw: str,
    tone: ChatTone,
    fold: Fold | None = None,
) -> ChatPart:
    block = block_of(kind, raw, _MAKERS.get(kind, safe), fold=fold)
    return ChatPart(speaker, block, tone, key)
