"""How values are shown: text as IPython breaks it into lines, and pictures."""

import base64
import inspect
from types import BuiltinFunctionType, FunctionType
from typing import Any, Callable, Dict, List, Optional, Tuple

_WIDTH = 79
_MOST_ITEMS = 1000
_BRACKETS: Dict[type, Any] = {
    list: "[]",
    tuple: "()",
    set: "{}",
    frozenset: ("frozenset({", "})"),
    dict: "{}",
}
_LARGEST_IMAGE = 12 << 20
_DEEPEST = 50


def text_of(value: Any) -> str:
    """`value` as text; containers that are too long for a line have one item a line."""
    return _text(value, 0, 0)


def _text(value: Any, column: int, depth: int) -> str:
    kind = type(value)
    brackets = _BRACKETS.get(kind)
    if brackets is None or kind.__repr__ is not _plain_repr(kind) or depth > _DEEPEST:
        return _simple(value)
    return _container(value, brackets, column, depth)


def _simple(value: Any) -> str:
    kind = type(value)
    written: Any = kind.__repr__
    if isinstance(value, type) and written is type.__repr__:
        return _name(value)
    if written is object.__repr__:
        return "<{} at {:#x}>".format(_name(kind), id(value))
    if isinstance(value, (FunctionType, BuiltinFunctionType)):
        try:
            return "<function {}{}>".format(_name(value), inspect.signature(value))
        except ValueError:
            pass
    return repr(value)


def _name(value: Any) -> str:
    name = str(getattr(value, "__qualname__", value.__name__))
    return name if value.__module__ in (None, "builtins") else "{}.{}".format(value.__module__, name)


def _plain_repr(kind: type) -> Any:
    return kind.__dict__.get("__repr__")


def _container(value: Any, brackets: Any, column: int, depth: int) -> str:
    if not value:
        return repr(value)
    opening, closing = str(brackets[0]), str(brackets[1])
    inside = column + len(opening)
    shown: List[Any] = _in_order(value)[:_MOST_ITEMS]
    texts = []
    for item in shown:
        if isinstance(value, dict):
            name = _text(item, inside, depth + 1) + ": "
            texts.append(name + _text(value[item], inside + len(name), depth + 1))
        else:
            texts.append(_text(item, inside, depth + 1))
    if len(value) > _MOST_ITEMS:
        texts.append("...")
    line = ", ".join(texts)
    if column + len(opening) + len(line) + len(closing) > _WIDTH or "\n" in line:
        line = (",\n" + " " * inside).join(texts)
    if isinstance(value, tuple) and len(value) == 1:
        line += ","
    return opening + line + closing


def _in_order(value: Any) -> List[Any]:
    if isinstance(value, (set, frozenset)):
        try:
            return sorted(value)
        except Exception:
            return list(value)
    return list(value)


def shown(value: Any) -> Tuple[str, Optional[str]]:
    """`value` as text, and as a PNG in base64 if it has one that is not too large."""
    text = text_of(value)
    picture = _picture(value)
    if picture is None:
        return text, None
    if len(picture) > _LARGEST_IMAGE:
        return text + " [the picture is too large to be shown]", None
    return text, base64.b64encode(picture).decode()


def _picture(value: Any) -> Optional[bytes]:
    method = _method(value, "_repr_png_")
    picture = method() if method is not None else None
    if picture is None:
        bundle = _method(value, "_repr_mimebundle_")
        found = bundle() if bundle is not None else None
        picture = found.get("image/png") if isinstance(found, dict) else None
    if isinstance(picture, tuple):
        picture = picture[0]
    if isinstance(picture, str):
        return base64.b64decode(picture)
    return bytes(picture) if isinstance(picture, (bytes, bytearray)) else None


def _method(value: Any, name: str) -> Optional[Callable[[], Any]]:
    """A method of the value's class: an instance that answers to every name has none."""
    if isinstance(value, type) or not callable(getattr(type(value), name, None)):
        return None
    method: Callable[[], Any] = getattr(value, name)
    return method
