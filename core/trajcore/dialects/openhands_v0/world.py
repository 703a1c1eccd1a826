"""What a recording of OpenHands V0 says of the world that it was made in.

A row of `output.jsonl` holds `instance_id`, the data set's own `instance` and the `metadata` of its run; so
does `metadata.json` beside it. The web interface keeps a conversation's repository in a `metadata.json` of
its own, and tells the agent in a `recall`. Evaluations name the directory in the first message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from trajcore.dialects import canonical
from trajcore.dialects.base import Event
from trajcore.dialects.told import Around, Fact, What, among
from trajcore.events.kinds import MESSAGE, RECALL

METADATA: Final = "metadata.json"

ROW: Final = (
    (What.DATA_SET, ("metadata", "dataset")),
    (What.INSTANCE, ("instance_id",)),
    (What.REPOSITORY, ("instance", "repo")),
    (What.VERSION, ("instance", "version")),
    (What.LANGUAGE, ("instance", "language")),
    (What.COMMIT, ("instance", "base_commit")),
)
_BESIDE: Final = (
    (What.DATA_SET, ("dataset",)),
    (What.REPOSITORY, ("selected_repository",)),
    (What.BRANCH, ("selected_branch",)),
)
_RECALLED: Final = (
    (What.REPOSITORY, ("extras", "repo_name")),
    (What.BRANCH, ("extras", "repo_branch")),
    (What.DIRECTORY, ("extras", "repo_directory")),
    (What.DIRECTORY, ("extras", "working_dir")),
)
SHELL: Final = ((What.SHELL, ("extras", "metadata", "working_dir")),)
_UPLOADED: Final = re.compile(r"<uploaded_files>\s*(/[^\s<>]+)\s*</uploaded_files>")


def facts(events: Iterable[tuple[str, Event]], around: Around) -> Iterator[Fact]:
    """What is told: by the row, beside it, then by the events, each given with its name.

    What says more of where the agent worked comes first.
    """
    yield from among(around.holder, ROW, "row")
    yield from among(around.files.get(METADATA, {}), _BESIDE, METADATA)
    shell: list[Fact] = []
    asked = False
    for name, event in events:
        where = f"event {name}"
        if event.get("action") == MESSAGE and event.get("source") == "user" and not asked:
            asked = True
            found = _UPLOADED.search(str(canonical.arguments(event).get("content", "")))
            if found is not None:
                yield Fact(What.DIRECTORY, found[1], f"{where}: <uploaded_files>")
        elif event.get("observation") == RECALL:
            yield from among(event, _RECALLED, where)
        elif "observation" in event and not shell:
            shell.extend(among(event, SHELL, where))
    yield from shell
