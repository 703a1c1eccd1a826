"""How often what keeps changing is drawn."""

from __future__ import annotations

import time

import pytest

from trajtui.widgets.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "monotonic", made)
    return made


def frames(pace: Pace, clock: Clock, steps_a_second: float, seconds: float) -> int:
    """How many frames are drawn while steps go by at this rate."""
    drawn, due = 0, None
    for _ in range(int(steps_a_second * seconds)):
        clock.now += 1 / steps_a_second
        if due is not None and clock.now >= due:
            drawn, due = drawn + 1, None
        pace.step()
        due = due or clock.now + pace.delay()
    return drawn


def test_a_step_alone_is_seen_at_once(clock: Clock) -> None:
    pace = Pace()
    for _ in range(5):
        clock.now += 1.0
        pace.step()
        assert pace.delay() < 0.05


def test_steps_that_can_be_read_are_all_drawn(clock: Clock) -> None:
    assert frames(Pace(), clock, 10, 10) >= 95


def test_steps_that_fly_by_are_drawn_a_few_times_a_second(clock: Clock) -> None:
    assert 20 <= frames(Pace(), clock, 1000, 10) <= 50


def test_what_comes_behind_a_flight_is_seen_at_once_again(clock: Clock) -> None:
    pace = Pace()
    frames(pace, clock, 1000, 3)
    clock.now += 1.0
    pace.step()
    pace.delay()
    clock.now += 1.0
    pace.step()
    assert pace.delay() < 0.05


def test_whatever_flies_by_is_drawn_in_one_frame(clock: Clock) -> None:
    paces = [Pace(), Pace()]
    due: list[float | None] = [None, None]
    frames: list[set[int]] = [set(), set()]
    for turn in range(3000):
        clock.now += 0.001
        for which, pace in enumerate(paces if turn > 70 else paces[:1]):
            moment = due[which]
            if moment is not None and clock.now >= moment:
                frames[which].add(turn)
                due[which] = None
            pace.step()
            if due[which] is None:
                due[which] = clock.now + pace.delay()
    assert len(frames[1]) > 8
    assert len(frames[0] ^ frames[1]) <= 6
