"""Row 9: how long an outcome takes at a steady rate, from a separate process, beside the relay at the same rate."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.bench.arms import ONE, RELAY, Arm
from tests.bench.figures import Line, Target, percentile
from tests.bench.ground import Ground
from tests.bench.programs import answered

CALM_RATE: Final = 100.0
TARGET: Final = Target("at most", 3.0)


@dataclass(frozen=True, slots=True)
class Load:
    """A rate at which claims come, and which percentile of the latencies is asked for."""

    measure: str
    rate: float
    percent: float


def loads(rate_max: float) -> tuple[Load, Load]:
    """Both of the row's: calm, and at half of what one worker manages."""
    half = rate_max / 2
    return Load(f"p50 at {CALM_RATE:.0f}/s", CALM_RATE, 50), Load(
        f"p99 at {half:,.0f}/s, half of the maximum", half, 99
    )


async def measure(
    ground: Ground, rate_max: float, seconds: float, repetitions: int, say: Callable[[str], None]
) -> list[Line]:
    """A line for each load; relay and worker in turns."""
    lines = []
    for load in loads(rate_max):
        found: dict[Arm, list[float]] = {RELAY: [], ONE: []}
        for repetition in range(repetitions):
            for arm, percentiles in found.items():
                say(f"{arm.name}, {load.measure}, {repetition + 1} of {repetitions}")
                percentiles.append(percentile(await _latencies(ground, arm, load, seconds), load.percent))
        lines.append(Line("9", load.measure, "ms", tuple(found[ONE]), "relay", tuple(found[RELAY]), TARGET))
    return lines


async def _latencies(ground: Ground, arm: Arm, load: Load, seconds: float) -> list[float]:
    async with ground.place() as place, arm.start(ground, place):
        found: list[float] = json.loads(await answered(place, "tests.bench.openloop", str(load.rate), str(seconds)))
        return found
