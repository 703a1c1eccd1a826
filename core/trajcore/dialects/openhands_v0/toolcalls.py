"""An action is stored twice: in its fields, and in the model's reply it came from. An edit changes both.

What corresponds to what is in `tools`; the `file_editor` calls of early 2025 are in
`translated_ipython_code`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from trajcore.dialects.openhands_v0.legacy import editor_call, is_flattened
from trajcore.dialects.openhands_v0.stamps import calls_in
from trajcore.dialects.openhands_v0.tools import TOOL_MAP
from trajcore.dialects.replies import content_text, json_object
from trajcore.events.kinds import MESSAGE, THINK
from trajcore.formats.json.edit import with_value
from trajcore.formats.json.merge import differences, merged

Fields = Mapping[str, Any]
Changes = Mapping[str, tuple[Any, Any]]

_CODE: Final = "translated_ipython_code"


class CallChange(Struct, frozen=True):
    """What an edit of an action means for the tool call that it came from."""

    kind: str
    call_id: str
    fields: Changes
    """Each changed field with its value before and after; None where it is not there."""

    def applied(self, raw: bytes, data: Fields) -> bytes:
        """The text of an event, `data`, that holds a copy of the call, with the copy changed."""
        metadata = data.get("tool_call_metadata")
        response = metadata.get("model_response") if isinstance(metadata, dict) else None
        if not isinstance(response, dict):
            return raw
        where = ("tool_call_metadata", "model_response")
        for path, call in calls_in(response):
            if call.get("id") != self.call_id:
                continue
            message = response["choices"][path[1]]["message"]
            said = content_text(message.get("content"))
            raw = self._in_content(raw, (*where, *path[:3]), message, said)
            raw = self._in_call(raw, (*where, *path), call, said)
        return raw

    def _in_call(self, raw: bytes, where: tuple[str | int, ...], call: Fields, said: str) -> bytes:
        function = call.get("function")
        if not isinstance(function, dict):
            return raw
        name, text = function.get("name"), function.get("arguments")
        named = _renamed(self.kind, self.fields)
        if named and name == named[0] and isinstance(named[1], str):
            raw = with_value(raw, (*where, "function", "name"), named[1])
        before = json_object(text)
        after = None if before is None else _followed(self.kind, before, self.fields, said)
        if before is None or after is None or after == before:
            return raw
        place = (*where, "function", "arguments")
        if isinstance(text, str):
            return with_value(raw, place, merged(text.encode(), before, after).decode())
        return with_value(raw, place, after)

    def _in_content(self, raw: bytes, where: tuple[str | int, ...], message: Fields, said: str) -> bytes:
        """What the model said beside its calls is the thought of the first of them."""
        field = "content" if self.kind == MESSAGE else "thought"
        if field not in self.fields or self.kind == THINK:
            return raw
        old, new = self.fields[field]
        content = message.get("content")
        if not said or said != old or not isinstance(new, str):
            return raw
        if isinstance(content, str):
            return with_value(raw, (*where, "content"), new)
        texts = [at for at, part in enumerate(content or ()) if isinstance(part, dict) and "text" in part]
        return with_value(raw, (*where, "content", texts[0], "text"), new) if len(texts) == 1 else raw


def change_of(before: Fields, after: Fields) -> CallChange | None:
    """What an edit of an event means for its tool call; None where it has none or nothing of it changed."""
    metadata, kind = after.get("tool_call_metadata"), after.get("action")
    call_id = metadata.get("tool_call_id") if isinstance(metadata, dict) else None
    if not isinstance(kind, str) or kind != before.get("action") or not isinstance(call_id, str):
        return None
    old, new = _args(before), _args(after)
    changed = {} if old is None or new is None else _changed(old, new)
    if before.get("timeout") != after.get("timeout"):
        changed["timeout"] = before.get("timeout"), after.get("timeout")
    return CallChange(kind, call_id, changed) if changed else None


def translated(raw: bytes, before: Fields, after: Fields) -> bytes:
    """The text of an event of early 2025, the editor's call in it changed as its fields were."""
    old, new = _args(before), _args(after)
    if old is None or new is None:
        return raw
    code = new.get(_CODE)
    call = editor_call(code)
    if call is None or old.get(_CODE) != code:
        return raw
    changed = {key: value for key, (_, value) in _changed(old, new).items() if key in call}
    if not changed:
        return raw
    kept = {key: changed.get(key, value) for key, value in call.items()}
    written = repr({key: value for key, value in kept.items() if value is not None})
    place = (_CODE,) if is_flattened(after) else ("args", _CODE)
    opening, closing = str(code).split("{", 1)[0], str(code).rsplit("}", 1)[1]
    return with_value(raw, place, opening + written + closing)


def _args(event: Fields) -> Fields | None:
    """The arguments of an action; None where they are not the object that they should be."""
    if is_flattened(event):
        return event
    args = event.get("args")
    return args if isinstance(args, dict) else None


def _changed(before: Fields, after: Fields) -> dict[str, tuple[Any, Any]]:
    keys = dict.fromkeys((*before, *after))
    return {
        key: (before.get(key), after.get(key))
        for key in keys
        if any(True for _ in differences(before.get(key), after.get(key)))
    }


def _followed(kind: str, arguments: Mapping[str, Any], changes: Changes, beside: str) -> dict[str, Any]:
    """The arguments of a recorded call after an edit: only parameters that it has are changed."""
    after = dict(arguments)
    for name, (old, new) in changes.items():
        for row in TOOL_MAP.rows_of(kind):
            if name in (row.whole, row.copied):
                _follow(after, old, new, all_of_it=name == row.whole)
        parameter = TOOL_MAP.parameter_of(kind, name)
        if parameter is not None and parameter.name in after:
            argument = after[parameter.name]
            value = parameter.after(argument, old, new, beside)
            if value is not argument:
                _put(after, parameter.name, value)
    return after


def _renamed(kind: str, changes: Changes) -> tuple[Any, Any] | None:
    """The name of the tool before and after an edit, where a field of the action holds it."""
    field_of_name = next((row.named_by for row in TOOL_MAP.rows_of(kind)), "")
    return changes.get(field_of_name) if field_of_name else None


def _put(arguments: dict[str, Any], key: str, value: Any) -> None:
    """Set a parameter that is there, in the type that it has; null takes it away."""
    if value is None:
        del arguments[key]
    else:
        arguments[key] = _fitted(arguments[key], value)


def _fitted(old: Any, value: Any) -> Any:
    if isinstance(old, str) and not isinstance(value, str):
        return json.dumps(value)
    return value


def _follow(arguments: dict[str, Any], old: Any, new: Any, *, all_of_it: bool) -> None:
    """Change the arguments as an object that they are a copy of was changed."""
    before, after = json_object(old) or {}, json_object(new)
    if after is None:
        return
    for key in {**before, **after}:
        if before.get(key) == after.get(key) and (key in before) == (key in after):
            continue
        if key not in after:
            arguments.pop(key, None)
        elif key in arguments:
            arguments[key] = _fitted(arguments[key], after[key])
        elif all_of_it:
            arguments[key] = after[key]
