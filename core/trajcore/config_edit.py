"""Changing one setting in config.toml and leaving its comments and order alone."""

from __future__ import annotations

from pathlib import Path

from trajcore.config import KEYS, Key, config_directory, converted
from trajcore.errors import BadInput
from trajcore.storage import write_atomically


def find_key(name: str) -> Key:
    """The setting called `name`, with or without its section (`llm.model`, `model`). Raises `BadInput`."""
    for key in KEYS:
        if name in (key.name, f"{key.section}.{key.name}"):
            return key
    known = ", ".join(f"{key.section}.{key.name}" for key in KEYS)
    raise BadInput(f"there is no setting {name!r}; the settings are {known}.")


def set_value(name: str, value: str, path: Path | None) -> Path:
    """Write a setting to `path`, or to the user's own config.toml; answers where. Raises `BadInput`."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError
    from tomlkit.items import Table

    key = find_key(name)
    target = path or config_directory() / "config.toml"
    try:
        text = target.read_text(encoding="utf-8") if target.exists() else ""
        document = tomlkit.parse(text)
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise BadInput(f"{target} is not valid TOML: {error}.") from None
    table = document.setdefault(key.section, tomlkit.table())
    if not isinstance(table, Table):
        raise BadInput(f"{target}: {key.section} is not a table.")
    table[key.name] = converted(key, value, f"{key.section}.{key.name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, [tomlkit.dumps(document).encode()])
    return target
