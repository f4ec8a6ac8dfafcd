"""Row 11: whether a worker's memory grows with the claims it has decided."""

from statistics import fmean
from typing import Final

from tests.bench.figures import Line, Target
from tests.bench.ground import Ground
from tests.bench.programs import memory_mib, workers
from tests.bench.workload import spread

# The claims of the design's row; both counts are scaled down by default, their proportion is not.
FULL: Final = 1_000_000
EARLY: Final = 0.1
# Memory is averaged over the last tenth of the claims up to each of the two points.
AVERAGED: Final = 0.1


async def measure(ground: Ground, claims: int) -> list[Line]:
    """One line: resident memory under load after all claims, beside that after the first tenth."""
    early = int(claims * EARLY)
    async with ground.place(heard=None) as place:
        await place.publish(spread(claims))
        async with workers(ground, place, 1) as (running,):
            seen = []
            async for _, waiting in place.looks(place.names.claims):
                seen.append((claims - waiting, memory_mib(running.pid)))
                if not waiting:
                    break
    note = "" if claims >= FULL else f"scaled down from {FULL:,}; --memory-claims {FULL} is the whole row"
    measure = f"memory after {claims:,} claims"
    values, floors = (_around(seen, claims),), (_around(seen, early),)
    return [Line("11", measure, "MiB", values, f"after {early:,}", floors, Target("at most", 1.1), note)]


def _around(seen: list[tuple[int, float]], count: int) -> float:
    near = [mib for done, mib in seen if count * (1 - AVERAGED) <= done <= count]
    # a fast worker may pass the whole window between two looks
    return fmean(near) if near else min(seen, key=lambda one: abs(one[0] - count))[1]
