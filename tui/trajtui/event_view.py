"""What the Event pane shows of an event: its own text, and both observations of an action."""

from __future__ import annotations

import json
from typing import Any, Final

from rich.console import Console
from rich.markdown import Markdown
from rich.style import Style
from rich.syntax import Syntax
from rich.text import Text

from trajcore.events.head import Head
from trajcore.replay.run import Status, StepResult
from trajcore.session import Session
from trajcore.text import as_shown, safe, safe_line, without_escapes
from trajcore.views.marks import duration, mark_of
from trajcore.views.timeline import Row
from trajtui.widgets.event import Block

_DRAWN: Final = 20_000
"""Texts longer than so many characters are shown without colours."""
_MARKDOWN: Final = 8_000
_ASIDE: Final = ("thought", "security_risk", "confirmation_state", "blocking", "is_static", "hidden", "cwd",
                 "impl_source", "start", "end", "include_extra", "kernel_init_code", "file_urls",
                 "image_urls", "translated_ipython_code")  # fmt: skip


def blocks_for(session: Session, row: Row | None) -> tuple[Block, ...]:
    """The view of a row: a recorded event, or one that this run added."""
    if row is None:
        return ()
    if row.index is None:
        entry = session.run.entries[row.entry or 0]
        return tuple(_event(entry.head, entry.data(), "added in this run"))
    index = row.index
    head = session.trajectory.head(index)
    blocks = _event(head, _object(session, index), session.trajectory.label(index))
    if head.is_action:
        blocks += _observations(session, index)
    problems = session.trajectory.parsed(index).problems
    return (
        *(Block(f"invalid: {safe_line(p)}", "event--bad") for p in problems),
        *_overtaken(session, index),
        *blocks,
    )


def _overtaken(session: Session, index: int) -> list[Block]:
    """What an edit means for what has been played already."""
    if index in session.stale:
        return [Block("stale: played before this edit · t goes back to here", "event--bad")]
    first = session.first_stale
    if first is not None and first < index < session.position:
        label = session.trajectory.label(first)
        return [Block(f"downstream: played before the edit at event {label}", "event--bad")]
    return []


def _object(session: Session, index: int) -> dict[str, Any]:
    try:
        return session.trajectory.modern(index)
    except (ValueError, TypeError):
        return {}


def _event(head: Head, data: dict[str, Any], label: str) -> list[Block]:
    when = safe_line(head.timestamp or "").replace("T", " ")[:19]
    title = f"{safe_line(head.source or 'no source')} · {safe_line(head.kind)} · {label}"
    blocks = [Block(f"{title}{'   ' + when if when else ''}", "event--heading")]
    args = data.get("args") if head.is_action else data.get("extras")
    args = args if isinstance(args, dict) else {}
    thought = args.get("thought") if head.is_action else None
    if isinstance(thought, str) and thought.strip():
        blocks += [Block(""), _prose(thought)]
    blocks += [Block(""), *_body(head, args, data)]
    return blocks


def _body(head: Head, args: dict[str, Any], data: dict[str, Any]) -> list[Block]:
    match head.action:
        case "run":
            return [
                _code(_text(args.get("command")), "bash"),
                *_flags(args, ("is_input", "blocking", "hidden")),
            ]
        case "run_ipython":
            return [_code(_text(args.get("code")), "python")]
        case "message" | "system":
            return [_prose(_text(args.get("content"))), *_flags(args, ("wait_for_response",))]
        case "finish" | "reject":
            return [_prose(_text(args.get("final_thought")))]
        case "edit":
            return _edit(head, args)
        case None:
            return [_output(_text(data.get("content")))]
    rest = {key: value for key, value in args.items() if key not in _ASIDE}
    return [_json(rest)] if rest else []


def _edit(head: Head, args: dict[str, Any]) -> list[Block]:
    from trajcore.dialects.openhands_v0.legacy import editor_call

    args = {**args, **(editor_call(args.get("translated_ipython_code")) or {})}
    blocks = [
        Block(f"{safe_line(_text(args.get('command')) or 'edit')}  {safe_line(_text(args.get('path')))}")
    ]
    if args.get("file_text") is not None:
        blocks += [Block(""), Block(_prefixed("+ ", _text(args["file_text"])), "event--added")]
    if args.get("old_str") is not None:
        blocks += [Block(""), Block(_prefixed("- ", _text(args["old_str"])), "event--removed")]
    if args.get("new_str") is not None:
        blocks += [Block(_prefixed("+ ", _text(args["new_str"])), "event--added")]
    if args.get("insert_line") is not None:
        blocks.insert(1, Block(f"after line {args['insert_line']}", "event--aside"))
    if args.get("content"):
        blocks += [Block(""), Block(safe(_text(args["content"])))]
    return blocks


def _observations(session: Session, index: int) -> list[Block]:
    """Recorded and actual, below each other; one of them when they are equal."""
    answer = session.trajectory.outline.answer_of.get(index)
    recorded = _object(session, answer) if answer is not None else None
    result = session.run.results.get(index)
    blocks: list[Block] = []
    if result is not None:
        blocks += [Block(""), Block(_verdict(result), _verdict_style(result))]
    if result is not None and result.actual is not None and result.status is not Status.RECORDED:
        title = "actual" if recorded is not None else "actual (nothing was recorded)"
        blocks += _observation(title, result.actual.content, result.exit_code, result.seconds)
    if recorded is not None and answer is not None:
        content = _recorded_text(recorded)
        title = "recorded under the old action" if index in session.trajectory.rewritten else "recorded"
        blocks += _observation(title, content, session.trajectory.head(answer).exit_code, None)
    return blocks


def _recorded_text(recorded: dict[str, Any]) -> str:
    extras = recorded.get("extras")
    answered = extras.get("formatted_output_and_error") if isinstance(extras, dict) else None
    return answered if isinstance(answered, str) else _text(recorded.get("content"))


def _verdict(result: StepResult) -> str:
    words = {
        Status.MATCHED: "equal to the recording",
        Status.DIVERGED: "diverged",
        Status.RECORDED: "served from the recording, not executed",
        Status.SKIPPED: "skipped",
    }[result.status]
    if result.status is Status.MATCHED and result.match is None:
        words = "executed"
    elif result.match is not None and result.match.value == "normalised":
        words = "equal once what is known to vary is set aside"
    reason = f": {safe_line(result.reason)}" if result.reason else ""
    return f"{mark_of(result)} {words}{reason}"


def _verdict_style(result: StepResult) -> str:
    return "event--bad" if result.status is Status.DIVERGED else "event--good"


def _observation(title: str, content: str, exit_code: int | None, seconds: float | None) -> list[Block]:
    notes = [] if exit_code is None else [f"exit {exit_code}"]
    notes += [] if seconds is None else [duration(seconds)]
    heading = f"── {title}" + (f" · {' · '.join(notes)}" if notes else "") + " ──"
    return [Block(""), Block(heading, "event--aside"), _output(content)]


def _flags(args: dict[str, Any], names: tuple[str, ...]) -> list[Block]:
    shown = [f"{name}: {json.dumps(args[name])}" for name in names if isinstance(args.get(name), bool)]
    return [Block(""), Block("   ".join(shown), "event--aside")] if shown else []


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _prefixed(mark: str, text: str) -> str:
    return "\n".join(mark + line for line in safe(text).split("\n"))


def _output(text: str) -> Block:
    return Block(safe(without_escapes(as_shown(text))))


def _code(text: str, language: str) -> Block:
    text = safe(text)
    if len(text) > _DRAWN:
        return Block(text)
    return Block(text, draw=_highlighter(language))


def _json(value: object) -> Block:
    return _code(json.dumps(value, indent=2, ensure_ascii=False), "json")


def _prose(text: str) -> Block:
    text = safe(text)
    if len(text) > _MARKDOWN:
        return Block(text)
    return Block(text, draw=_markdown)


class _Highlighter:
    """Colours code of one language; two of the same language are equal, so that equal blocks are."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Highlighter) and other.language == self.language

    def __hash__(self) -> int:
        return hash(self.language)

    def __call__(self, text: str, width: int) -> list[Text]:
        syntax = Syntax(text, self.language, theme="ansi_dark", background_color="default")
        return list(syntax.highlight(text).split("\n", allow_blank=True))[: text.count("\n") + 1]


def _highlighter(language: str) -> _Highlighter:
    return _Highlighter(language)


def _markdown(text: str, width: int) -> list[Text]:
    """Markdown as lines of text, links shown as their words and never active."""
    console = Console(
        width=min(width, 100), color_system="truecolor", force_terminal=True, legacy_windows=False
    )
    lines = console.render_lines(Markdown(text, hyperlinks=False, code_theme="ansi_dark"), pad=False)
    return [
        Text.assemble(*((part.text, _without_link(part.style)) for part in line if not part.control))
        for line in lines
    ]


def _without_link(style: Style | None) -> Style:
    return Style(
        bold=style.bold, italic=style.italic, dim=style.dim, underline=style.underline, strike=style.strike,
        color=style.color,
    ) if style else Style()  # fmt: skip
