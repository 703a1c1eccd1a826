"""When the events of a recording happened, as it tells."""

from __future__ import annotations

from datetime import UTC, datetime

from trajcore.events.head import Head


def moment(head: Head) -> datetime | None:
    """When an event happened; None where its time is not there, or is none."""
    if not head.timestamp:
        return None
    try:
        found = datetime.fromisoformat(head.timestamp)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
