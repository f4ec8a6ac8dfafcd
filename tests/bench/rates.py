"""Rows 1 and 3 to 8: how fast a preloaded queue is emptied; all that is compared in turns."""

import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from tests.bench.arms import Arm, Compared, needed
from tests.bench.figures import Line, rate
from tests.bench.fleets import templates
from tests.bench.ground import Ground, Place
from tests.bench.programs import memory_mib
from tests.e2e.worker_process import WorkerProcess

WARMING_UP: Final = 0.1
ACKED_WITHIN_S: Final = 10.0


@dataclass(slots=True)
class Rates:
    """Claims a second of each arm, one figure a repetition, and what memory its largest process came to.

    The deadlocks seen, and the claims refused.
    """

    of: dict[Arm, list[float]] = field(default_factory=lambda: defaultdict(list))
    memory_mib: dict[Arm, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: dict[Arm, int] = field(default_factory=lambda: defaultdict(int))
    deadlocks: int = 0


async def measure(
    ground: Ground, arms: Sequence[Arm], claims: int, repetitions: int, say: Callable[[str], None]
) -> Rates:
    """All arms, one after the other, so often."""
    rates = Rates()
    async with templates(ground, [arm.fleet for arm in arms if arm.fleet is not None]) as of:
        for repetition in range(repetitions):
            for arm in arms:
                say(f"{arm.name}, {repetition + 1} of {repetitions}")
                async with ground.place(of[arm.fleet] if arm.fleet else None) as place:
                    rate_found, memory_found = await _measured(ground, place, arm, int(claims * arm.share))
                    rates.of[arm].append(rate_found)
                    rates.memory_mib[arm].append(memory_found)
                    rates.refused[arm] += await place.refused()
                    rates.deadlocks += await place.deadlocks()
    return rates


async def _measured(ground: Ground, place: Place, arm: Arm, claims: int) -> tuple[float, float]:
    """Claims a second, and MiB."""
    async with arm.start(ground, place) as programs:
        if arm.warmed:
            await _warm(place, arm)
        async with halted(programs):
            await place.publish(arm.claims(claims))
            _signal(programs, signal.SIGCONT)
            counts = [count async for count in place.events(claims)]
        used = max(memory_mib(program.pid) for program in programs)
    # what was not acknowledged has come back by now
    await emptied(place)
    return rate(counts, claims, WARMING_UP), used


async def _warm(place: Place, arm: Arm) -> None:
    await place.publish(arm.claims(1))
    _ = [seen async for seen in place.events(1)]
    await place.channel.queue_purge(place.heard)


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


NOTES: Final = {
    "4": "deadlocks: {deadlocks}",
    "5": "put there by SQL, 70 % full; one claim before it had the view loaded; claims refused: {refused}",
    "6": "as row 5; claims refused: {refused}",
    "8": "put there by SQL: each consumer holds 3 classes of one provider",
}


def lines(rates: Rates, asked: Sequence[Compared]) -> list[Line]:
    """What was measured, in the table's terms."""
    return [_line(rates, one, _note(rates, asked, one.row)) for one in asked]


def _line(rates: Rates, one: Compared, note: str) -> Line:
    values, floors = tuple(rates.of[one.arm]), tuple(rates.of[one.floor])
    return Line(one.row, one.measure, "claims/s", values, one.named, floors, one.target, note)


def _note(rates: Rates, asked: Sequence[Compared], row: str) -> str:
    refused = sum(rates.refused[arm] for arm in needed(one for one in asked if one.row == row))
    return NOTES.get(row, "").format(refused=refused, deadlocks=rates.deadlocks)
