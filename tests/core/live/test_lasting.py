"""What stays is spared the garbage collector."""

from __future__ import annotations

import gc

from trajcore.live.lasting import lasting


def test_no_search_for_cycles_goes_through_what_lasts() -> None:
    frozen = gc.get_freeze_count()
    with lasting():
        assert not gc.isenabled()
        made = [[] for _ in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= frozen + len(made)
    gc.unfreeze()
