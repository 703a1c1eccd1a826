"""Who writes into a conversation now: the lock of its events, the lease that a server has taken out."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from pathlib import Path
from typing import Final

from trajcore.errors import BadInput
from trajcore.formats.json.reading import as_object
from trajcore.reading import SETTINGS, read_file
from trajcore.storage import is_alive

_LOCK: Final = "events/.eventlog.lock"
_LEASE: Final = "owner_lease.json"


def owner_of(directory: Path) -> str:
    """Who writes into a conversation, in words; empty where nobody does.

    Files that are left behind say nothing: a lock that nobody holds, a lease that has run out or whose owner
    is gone.
    """
    if _is_locked(directory / _LOCK):
        return f"another program, which holds {_LOCK}"
    try:
        lease = as_object(read_file(directory / _LEASE, SETTINGS))
    except (BadInput, ValueError):
        return ""
    expires, host, pid = lease.get("expires_at"), lease.get("owner_host"), lease.get("owner_pid")
    if not isinstance(expires, int | float) or expires < time.time():
        return ""
    if host == socket.gethostname() and isinstance(pid, int) and not is_alive(pid):
        return ""
    return f"a server of OpenHands ({_LEASE}: process {pid} on {host})"


def _is_locked(path: Path) -> bool:
    try:
        lock = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(lock)
    return False
