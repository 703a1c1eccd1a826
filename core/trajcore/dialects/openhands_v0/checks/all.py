"""All checks over a sequence of events."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from trajcore.dialects.findings import Finding
from trajcore.dialects.openhands_v0.checks.calls import check_calls
from trajcore.dialects.openhands_v0.checks.fields import check_fields
from trajcore.dialects.openhands_v0.checks.links import check_links
from trajcore.dialects.openhands_v0.checks.skeleton import Skeleton


def check(events: Sequence[msgspec.Raw | bytes]) -> list[Finding]:
    """Everything found in a sequence of events (their JSON texts), in the order of the events.

    The sequence must not change meanwhile: give a copy where this runs in a thread.
    """
    skeleton = Skeleton(events)
    found = [*check_fields(skeleton), *check_links(skeleton), *check_calls(skeleton)]
    return sorted(found, key=lambda finding: finding.index)
