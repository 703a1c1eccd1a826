"""What each command prints with `--json`: a row a shape, which the reference shows and a test holds it to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Shape:
    """One kind of JSON object that a command prints."""

    command: str
    """The command, with the option that chooses this shape."""
    keys: str
    """Its keys, in their order; one with `?` behind it is not always there."""
    what: str
    each: str = ""
    """What there is an object for, each on a line; empty: there is one object."""

    @property
    def required(self) -> set[str]:
        """The keys that are always there."""
        return {key for key in self.keys.split() if not key.endswith("?")}

    @property
    def optional(self) -> set[str]:
        """The others."""
        return {key[:-1] for key in self.keys.split() if key.endswith("?")}


SHAPES: Final = (
    Shape("serve", "url port", "`url` has the token in it; the command goes on"),
    Shape("replay", "kind …", "see above", "thing that happens"),
    Shape(
        "fork",
        "model branch state ending run_exit run_fault steps tokens cost seconds files more_files "
        "last_message",
        "what came of one model; `run_exit` is that of `--run`",
        "model",
    ),
    Shape(
        "bisect",
        "first worlds verdicts changes doubtful fault",
        "`first` (null: not found) has `id`, `step`, `summary`, `said`, `files`, `next`; `verdicts` have "
        "`after`, `step`, `passes`, `exit_code`, `words`, `last_line`, `seconds`; `changes` (with `--all`) "
        "and `doubtful` have `id` and `step`",
    ),
    Shape(
        "show",
        "index id source kind type summary wait_for_response? cause depth?",
        "an event; `depth` is there inside a delegation",
        "event",
    ),
    Shape(
        "show --check",
        "errors warnings summary findings",
        "`findings` have `index`, `id`, `severity`, `code`, `text`, `repair`: the `edit` that mends it; "
        "where events have files, `file` and `event`",
    ),
    Shape(
        "show --world",
        "image repo commit directory facts prelude",
        "`facts` have `what`, `value`, `where`, `derived`",
    ),
    Shape(
        "show --messages",
        "model before system_prompt notes messages tools stop",
        "`messages`, `tools` and `stop` are what is sent, whole",
    ),
    Shape(
        "edit",
        "saved edits findings diff",
        "`edits` have `edit` and `note`; `findings` are what is wrong since; `diff` with `--diff` is a text",
    ),
    Shape(
        "repair",
        "file mended left saved copy summary",
        "`mended` have `code`, `file`, `event`, `text`, `mend`, …; `left` are findings; `copy` is a path",
    ),
    Shape(
        "branches",
        "name model steps state origin cut begun saved bytes models",
        "the recorded one first; `cut` is where it leaves `origin`",
        "branch",
    ),
    Shape("branches --save", "saved branch", "the file, and the name"),
    Shape("branches --delete", "deleted", "the name"),
    Shape(
        "branches --prune",
        "deleted freed kept bytes",
        "`deleted` have `name`, `recording`, `bytes`; `kept` and `bytes` are of what is left",
    ),
    Shape("doctor", "executes facts", "`facts` have `good`, `what`, `text`; `executes`: actions can be"),
    Shape("doctor --clean", "removed", "what was, a text each"),
    Shape(
        "doctor --try-model",
        "model base_url works failure trials tokens cost context notes not_tried",
        "`trials`: what was tried, and what came of it",
    ),
    Shape("config", "file settings notes", "`settings` have `name`, `value` (null: none) and `origin`"),
    Shape(
        "config set", "set file left_out", "`left_out`: why it is not heeded, in a file that is not trusted"
    ),
    Shape("config trust", "file trusted lets_in", "`lets_in`: what it may do now"),
    Shape("config untrust", "file trusted was_trusted", ""),
)
"""In the order of the commands."""


def shapes_of(command: str) -> list[Shape]:
    """The shapes of a command, as it is without further options first."""
    return [shape for shape in SHAPES if shape.command.partition(" --")[0] == command]
