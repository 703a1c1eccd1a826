"""How long code takes, in the words of IPython's `%time` and `%timeit`."""

import os
import re
import statistics
import time
import timeit
from typing import Any, Callable, Dict

_UNITS = [(1.0, "s"), (1e-3, "ms"), (1e-6, "μs"), (1e-9, "ns")]
_OPTION = re.compile(r"\s*-([nr])\s*(\d+)")


def timed(run: Callable[[str], Any], code: str) -> Any:
    """The value of `code`, after printing how long it took."""
    before, begun = os.times(), time.perf_counter()
    try:
        return run(code)
    finally:
        wall, after = time.perf_counter() - begun, os.times()
        user, system = after[0] - before[0], after[1] - before[1]
        spans = [_span(seconds) for seconds in (user, system, user + system, wall)]
        print("CPU times: user {}, sys: {}, total: {}\nWall time: {}".format(*spans))


def time_it(names: Dict[str, Any], line: str, cell: str) -> None:
    """Print how long the statement in `line` takes, or `cell` after the preparation in `line`."""
    wanted = {"n": 0, "r": 7}
    found = _OPTION.match(line)
    while found:
        wanted[found.group(1)] = int(found.group(2))
        line = line[found.end() :]
        found = _OPTION.match(line)
    statement, setup = (cell, line.strip() or "pass") if cell else (line.strip(), "pass")
    timer = timeit.Timer(statement, setup, globals=names)
    number = wanted["n"] or timer.autorange()[0]
    taken = [one / number for one in timer.repeat(max(1, wanted["r"]), number)]
    mean, spread = _span(statistics.mean(taken)), _span(statistics.pstdev(taken))
    runs, loops = "s" * (len(taken) > 1), "s" * (number > 1)
    words = "{} ± {} per loop (mean ± std. dev. of {} run{}, {:,} loop{} each)"
    print(words.format(mean, spread, len(taken), runs, number, loops))


def _span(seconds: float) -> str:
    for size, unit in _UNITS:
        if seconds >= size:
            return "{:.3g} {}".format(seconds / size, unit)
    return "0 ns" if seconds <= 0 else "{:.3g} ns".format(seconds / 1e-9)
