"""The report as JUnit XML, so that a trajectory is a regression test in anyone's CI."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from xml.etree import ElementTree

from trajcore.replay.run import Status, StepResult
from trajcore.text import safe

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(name: str, results: Iterable[tuple[int, StepResult, str]], seconds: float) -> bytes:
    """One test case a step: a divergence is a failure, what was not executed is skipped.

    `results` come with the index and a summary of their action; `seconds` is how long the whole run took.
    """
    suite = ElementTree.Element("testsuite", name=_clean(name), time=f"{seconds:.3f}")
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for index, result, summary in results:
        counts["tests"] += 1
        label = result.id if result.id is not None else f"#{index}"
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=_clean(name),
            name=_clean(f"{label} {result.kind} {summary}"),
            time=f"{result.seconds:.3f}",
        )
        if result.status is Status.DIVERGED:
            counts["failures"] += 1
            failure = ElementTree.SubElement(case, "failure", type="diverged", message=_clean(result.reason))
            failure.text = _clean(_both(result))
        elif result.status in (Status.SKIPPED, Status.RECORDED):
            counts["skipped"] += 1
            ElementTree.SubElement(case, "skipped", message=_clean(result.reason))
    suite.attrib.update({key: str(number) for key, number in counts.items()})
    ElementTree.indent(suite)
    written: str = ElementTree.tostring(suite, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{written}\n'.encode()


def _both(result: StepResult) -> str:
    recorded = result.recorded.content if result.recorded else ""
    actual = result.actual.content if result.actual else ""
    return f"recorded:\n{recorded}\n\nactual:\n{actual}"


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", safe(text))
