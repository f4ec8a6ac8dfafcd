"""The watchdog, on a clock moved by hand."""

import pytest

from worker.http.watchdog import Watchdog


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


class Enough(Exception):
    """Ends a measurement."""


def test_a_loop_that_turns_is_alive() -> None:
    clock = Clock()
    watchdog = Watchdog(clock, stalled_after_s=60)
    for _ in range(5):
        clock.now_s += 50
        watchdog.beat("settling")
    assert watchdog.verdict().ok


def test_a_silent_loop_is_named() -> None:
    clock = Clock()
    watchdog = Watchdog(clock, stalled_after_s=60)
    watchdog.beat("settling")
    watchdog.beat("batching")
    clock.now_s += 61
    watchdog.beat("batching")
    assert watchdog.verdict().reasons == ("The settling loop has not turned for 61 s.",)


def test_a_loop_that_ended_is_not_missed() -> None:
    clock = Clock()
    watchdog = Watchdog(clock, stalled_after_s=60)
    watchdog.beat("settling")
    watchdog.dismiss("settling")
    clock.now_s += 61
    assert watchdog.verdict().ok


async def measure(clock: Clock, late_s: float) -> tuple[Watchdog, list[float]]:
    stalls: list[float] = []
    naps = iter([late_s])

    async def sleep(seconds: float) -> None:
        try:
            clock.now_s += seconds + next(naps)
        except StopIteration:
            raise Enough from None

    watchdog = Watchdog(clock, stalled_after_s=60, lag_max_s=1, stalled=stalls.append, sleep=sleep)
    with pytest.raises(Enough):
        await watchdog.measure()
    return watchdog, stalls


async def test_lag_is_how_much_later_than_asked_the_loop_woke() -> None:
    watchdog, stalls = await measure(Clock(), 0.25)
    assert watchdog.verdict().facts["lag_ms"] == pytest.approx(250)
    assert stalls == []


async def test_a_stall_is_told() -> None:
    watchdog, stalls = await measure(Clock(), 3.0)
    assert stalls == [pytest.approx(3.0)]
    assert watchdog.verdict().facts["lag_ms"] == pytest.approx(3_000)
