"""Rows 1, 3 and 4: how fast a preloaded queue is emptied, by the relay, by one worker, by two; in turns."""

import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from tests.bench.figures import Line, Target, rate
from tests.bench.ground import Ground, Place
from tests.bench.programs import relay, workers
from tests.bench.workload import allocations
from tests.e2e.worker_process import WorkerProcess

WARMING_UP: Final = 0.1
ACKED_WITHIN_S: Final = 10.0

Start = Callable[[Ground, Place], AbstractAsyncContextManager[list[WorkerProcess]]]


@dataclass(frozen=True, slots=True)
class Arm:
    """One of the things compared: who empties the queue, and whether all claims are on one provider."""

    name: str
    start: Start
    hot: bool = False


RELAY: Final = Arm("relay", relay)
LIBRARY_RELAY: Final = Arm("relay, the library's consumer", lambda ground, place: relay(ground, place, "--plain"))
ONE: Final = Arm("one worker", lambda ground, place: workers(ground, place, 1))
TWO: Final = Arm("two workers", lambda ground, place: workers(ground, place, 2))
ONE_HOT: Final = Arm("one worker, one provider", ONE.start, hot=True)
TWO_HOT: Final = Arm("two workers, one provider", TWO.start, hot=True)

BY_ROW: Final = {"1": (RELAY, ONE, LIBRARY_RELAY), "3": (ONE, ONE_HOT), "4": (ONE, TWO, ONE_HOT, TWO_HOT), "9": (ONE,)}


@dataclass(slots=True)
class Rates:
    """Claims a second of each arm, one figure a repetition, and the deadlocks seen."""

    of: dict[Arm, list[float]] = field(default_factory=lambda: defaultdict(list))
    deadlocks: int = 0


async def measure(ground: Ground, rows: set[str], claims: int, repetitions: int, say: Callable[[str], None]) -> Rates:
    """All arms that the rows need, one after the other, so often."""
    needed = {arm: None for row, arms in BY_ROW.items() if row in rows for arm in arms}
    rates = Rates()
    for repetition in range(repetitions):
        for arm in needed:
            say(f"{arm.name}, {repetition + 1} of {repetitions}")
            async with ground.place() as place:
                async with arm.start(ground, place) as programs, halted(programs):
                    await place.publish(allocations(claims, hot=arm.hot))
                    _signal(programs, signal.SIGCONT)
                    counts = [count async for count in place.events(claims)]
                # what was not acknowledged has come back by now
                await emptied(place)
                rates.of[arm].append(rate(counts, claims, WARMING_UP))
                rates.deadlocks += await place.deadlocks()
    return rates


@asynccontextmanager
async def halted(programs: list[WorkerProcess]) -> AsyncIterator[None]:
    """They stand still at first, so that all begin at the same moment on a queue that is full."""
    _signal(programs, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(programs, signal.SIGCONT)


def _signal(programs: list[WorkerProcess], number: signal.Signals) -> None:
    for program in programs:
        program.signal(number)


async def emptied(place: Place) -> None:
    """Once no claim waits for anybody. Raises TimeoutError."""
    async for _, waiting in place.looks(place.names.claims, ACKED_WITHIN_S):
        if not waiting:
            return


def lines(rates: Rates, rows: set[str]) -> list[Line]:
    """The rows that were asked for."""
    one, spread = "one worker", "claims on 1,000 named providers"
    deadlocks = f"deadlocks: {rates.deadlocks}"
    offered = [
        _line(rates, ("1", spread, ONE), RELAY, "relay, the worker's consumer", Target("at least", 0.8)),
        _line(rates, ("1", spread, ONE), LIBRARY_RELAY, "relay, the library's consumer", Target("at least", 0.8)),
        _line(rates, ("3", "one hot provider", ONE_HOT), ONE, "1,000 providers", Target("at least", 0.9)),
        _line(rates, ("4", "two workers, one hot provider", TWO_HOT), ONE_HOT, one, Target("at least", 0.9), deadlocks),
        _line(rates, ("4", "two workers, 1,000 providers", TWO), ONE, one, Target("at least", 0.9), deadlocks),
    ]
    return [line for line in offered if line is not None and line.row in rows]


def _line(
    rates: Rates, what: tuple[str, str, Arm], floor: Arm, named: str, target: Target, note: str = ""
) -> Line | None:
    row, measure, arm = what
    if arm not in rates.of or floor not in rates.of:
        return None
    return Line(row, measure, "claims/s", tuple(rates.of[arm]), named, tuple(rates.of[floor]), target, note)
