"""What is said of a replay that has stopped: what it did, how that compares, and why it stopped."""

from __future__ import annotations

import json

import pytest

from documents import message, ran, run
from program import finish, say
from trajcore import notices
from trajcore.events.kinds import Service
from trajcore.sandbox.base import SandboxSettings
from trajcore.session import Session
from trajcore.settings import Settings
from trajcore.trajectory import Trajectory
from trajcore.views import marks
from trajcore.views.said import of_stop

EVENTS = [
    message(0, "go"),
    run(1, "echo a > f; echo \x1b[31mred"),
    ran(2, 1, "\x1b[31mred"),
    run(3, "exit 3"),
    ran(4, 3, "", exit_code=0),
    run(5, "echo 5"),
    ran(6, 5, "5"),
    say(7, "Done?", wait=True),
    message(8, "yes"),
    run(9, "true"),
    ran(10, 9, ""),
]


class Told:
    """A session, and what is said of each of its stops."""

    def __init__(self, sandbox: str, events: object = EVENTS) -> None:
        settings = Settings(sandbox, SandboxSettings(track_files=True))
        self.session = Session(Trajectory.from_bytes(json.dumps(events).encode(), "x"), settings)
        self.stops: list[notices.Stopped] = []
        self.session.subscribe(
            lambda one: self.stops.append(one) if isinstance(one, notices.Stopped) else None
        )

    async def after(self, command: str) -> str:
        getattr(self.session, command)()
        await self.session.idle()
        return of_stop(self.session, self.stops[-1])


@pytest.mark.bubblewrap
async def test_a_step_says_how_it_came_out_how_it_compares_and_what_it_changed() -> None:
    told = Told("bubblewrap")
    first = await told.after("step")
    assert first.startswith("1 run: exit 0, equal, ")
    assert first.endswith("s · 1 file changed")
    assert (await told.after("step")).startswith("3 run: exit 3, diverged: exit 0 → 3, ")
    await told.session.close()


@pytest.mark.bubblewrap
async def test_a_breakpoint_names_the_step_that_hit_it() -> None:
    told = Told("bubblewrap")
    told.session.break_on("exit!=0")
    told.session.break_on("waits")
    told.session.toggle_breakpoint(9)
    assert (await told.after("resume")).startswith("breakpoint exit!=0: 3 run: exit 3, diverged: exit 0 → 3")
    assert " · 2 steps: 1 equal, 1 diverged (step 3: exit 0 → 3)" in of_stop(told.session, told.stops[-1])
    said = await told.after("resume")
    assert said.startswith("breakpoint waits: before 7 say Done? · 5 run: exit 0, equal, ")
    assert await told.after("resume") == "breakpoint at 9 run true"
    await told.session.close()


async def test_what_was_not_executed_says_so_and_words_are_quoted() -> None:
    told = Told("recorded")
    told.session.serve(3, Service.SKIP)
    assert await told.after("step") == "1 run: exit 0, served from the recording"
    assert await told.after("step") == "3 run: skipped"
    told.session.run_to(8)
    await told.session.idle()
    assert of_stop(told.session, told.stops[-1]) == "5 run: exit 0, served from the recording"
    told.session.run_to(9)
    await told.session.idle()
    assert of_stop(told.session, told.stops[-1]) == "8 user: yes"
    assert await told.after("resume") == (
        "9 run: exit 0, served from the recording · end of the recording"
        " · 4 steps: 3 served from the recording, 1 skipped"
    )
    told = Told("recorded", [*EVENTS, finish(11)])
    assert await told.after("resume") == "4 steps: 4 served from the recording"


@pytest.mark.bubblewrap
async def test_who_interrupts_is_told_at_which_step() -> None:
    told = Told(
        "bubblewrap", [message(0, "go"), run(1, "echo begun; sleep 300"), ran(2, 1), run(3), ran(4, 3)]
    )
    told.session.subscribe(
        lambda one: (
            told.session.interrupt() if isinstance(one, notices.Output) and b"begun" in one.data else None
        )
    )
    assert (await told.after("resume")).startswith("interrupted: 1 run: exit 130, diverged: ")
    await told.session.close()
    told = Told("bubblewrap")
    told.session.subscribe(
        lambda one: told.session.interrupt() if isinstance(one, notices.Progress) and one.text else None
    )
    assert (await told.after("resume")).startswith("interrupted before 1 run echo a > f; echo ")
    assert "\x1b" not in of_stop(told.session, told.stops[-1])
    await told.session.close()


def test_durations_in_sentences_and_clocks_are_as_people_write_them() -> None:
    assert [marks.duration_said(seconds) for seconds in (0.026, 2.1, 185)] == ["26 ms", "2.1 s", "3m05s"]
    assert [marks.clock(seconds) for seconds in (0.3, 12.9, 185, 3725)] == ["0s", "12s", "3m05s", "1h02m"]
