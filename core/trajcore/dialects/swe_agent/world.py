"""What a trajectory says of the world that it was made in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from trajcore.dialects import canonical
from trajcore.dialects.base import Event
from trajcore.dialects.shapes import object_in, word
from trajcore.dialects.swe_agent.setup import config_of
from trajcore.dialects.told import Around, Fact, What, among

_CONFIG: Final = "replay_config"
_PLACES: Final = (
    (What.IMAGE, ("env", "deployment", "image")),
    (What.INSTANCE, ("problem_statement", "id")),
    (What.REPOSITORY, ("env", "repo", "github_url")),
    (What.COMMIT, ("env", "repo", "base_commit")),
)
_MOVES: Final = re.compile(r"\b(?:cd|pushd|popd)\b")
_SHELL: Final = ((What.SHELL, ("extras", "metadata", "working_dir")),)


def facts(events: Iterable[tuple[str, Event]], around: Around) -> Iterator[Fact]:
    """What its configuration says of image and repository, then where its shell was."""
    config = config_of(around.holder)
    for fact in among(config, _PLACES, _CONFIG):
        if fact.what is not What.INSTANCE or "__" in fact.value:
            yield fact
    yield from _directory(config)
    command = ""
    for name, event in events:
        command = str(canonical.arguments(event).get("command", command))
        if "observation" in event:
            found = list(among(event, _SHELL, f"event {name}"))
            yield from found
            if found and not _MOVES.search(command):  # where the first command left the shell, it began
                yield from (Fact(What.HOME, fact.value, fact.where) for fact in found)
            if found:
                return


def _directory(config: Mapping[str, Any]) -> Iterator[Fact]:
    """The repository's directory, in the root: that is where the shell begins."""
    repo = object_in(object_in(config, "env"), "repo")
    kind, name = word(repo, "type"), word(repo, "repo_name")
    where = f"{_CONFIG}: env.repo.repo_name"
    if not name and kind == "local":
        name, where = word(repo, "path").rstrip("/").rpartition("/")[2], f"{_CONFIG}: env.repo.path"
    elif not name and word(repo, "github_url"):
        owner, _, last = word(repo, "github_url").rstrip("/").removesuffix(".git").rpartition("/")
        name, where = f"{owner.rpartition('/')[2]}__{last}", f"{_CONFIG}: env.repo.github_url"
    if name and "/" not in name.strip("/"):
        path = f"/{name.strip('/')}"
        for what in (What.DIRECTORY, What.HOME):
            yield Fact(what, path, f"follows from {where}", derived=True)
