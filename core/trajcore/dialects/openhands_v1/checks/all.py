"""All checks over a conversation and those of its helpers."""

from __future__ import annotations

from trajcore.dialects.examined import Fault, Kept
from trajcore.dialects.openhands_v1.checks.calls import check_calls
from trajcore.dialects.openhands_v1.checks.case import Case
from trajcore.dialects.openhands_v1.checks.fields import check_fields
from trajcore.dialects.openhands_v1.checks.files import check_files, states_that_are_none
from trajcore.dialects.openhands_v1.checks.hanging import check_prompt, check_tree
from trajcore.dialects.openhands_v1.checks.state import check_state, no_state
from trajcore.dialects.openhands_v1.wire import logs


def examine(kept: Kept) -> list[Fault]:
    """Everything found, in the order of the records."""
    found: list[Fault] = []
    conversations = logs(kept.records)
    states = {log.state for log in conversations if log.state is not None}
    others = states_that_are_none(kept, states)
    found += [no_state(kept, record) for record in others]
    prefixes = tuple(_directory(kept.file(record)) for record in others if "/" in kept.file(record))
    for number, log in enumerate(conversations):
        # A helper's conversation without a state cannot be told from the one before it.
        log.records = [at for at in log.records if at not in others and not _below(kept.file(at), prefixes)]
        case = Case(kept, log, main=number == 0)
        check_files(case)
        check_fields(case)
        check_tree(case)
        check_state(case)
        check_prompt(case)
        check_calls(case)
        found += case.faults
    return sorted(found, key=lambda fault: (fault.record, fault.stage))


def _directory(file: str) -> str:
    return file[: file.rfind("/") + 1]


def _below(file: str, prefixes: tuple[str, ...]) -> bool:
    return bool(prefixes) and file.startswith(prefixes)
