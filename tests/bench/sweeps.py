"""What the plots of the report show: throughput by batch size, and cost by fleet size."""

from collections.abc import Collection
from typing import Any, Final

from tests.bench.arms import ONE, PLACE, PLACE_10_000, PLACE_100_000, Arm, Compared, one
from tests.bench.fleets import flat
from tests.bench.programs import workers
from tests.bench.rates import Rates
from tests.bench.workload import spread_over

SWEEPS: Final = ("batches", "fleets")
BATCH_SIZE_DEFAULT: Final = 1_024


def _sized(size: int, share: float = 1.0) -> Arm:
    """One worker with batches of at most that size, and a prefetch of three of them."""
    settings = {"ALLOCATION_BATCH_SIZE_MAX": str(size)}
    return Arm(f"batches of {size}", lambda ground, place: workers(ground, place, 1, settings), share=share)


def _named(providers: int) -> Arm:
    return Arm(f"named over {providers:,}", one, spread_over(providers), flat(providers))


BY_BATCH_SIZE: Final = {
    1: _sized(1, share=0.1),
    8: _sized(8, share=0.4),
    64: _sized(64),
    256: _sized(256),
    512: _sized(512),
    BATCH_SIZE_DEFAULT: ONE,
    2_048: _sized(2_048),
}
NAMED_BY_FLEET: Final = {providers: _named(providers) for providers in (1_000, 10_000, 100_000)}
PLACE_BY_FLEET: Final = {1_000: PLACE, 10_000: PLACE_10_000, 100_000: PLACE_100_000}


def swept(rows: Collection[str]) -> list[Compared]:
    """The lines of these rows."""
    batches = [
        Compared("batches", arm.name, arm, ONE, f"{BATCH_SIZE_DEFAULT}, the default", None)
        for size, arm in BY_BATCH_SIZE.items()
        if size != BATCH_SIZE_DEFAULT
    ]
    fleets = [
        Compared("fleets", arm.name, arm, by_fleet[1_000], "1,000 providers", None)
        for by_fleet in (NAMED_BY_FLEET, PLACE_BY_FLEET)
        for providers, arm in by_fleet.items()
        if providers != 1_000
    ]
    return [line for line in (*batches, *fleets) if line.row in rows]


def curves(rates: Rates) -> dict[str, Any]:
    """The figures of the plots: claims a second and the worker's memory, a list of repetitions at each point."""
    arms = {"batch_size": BY_BATCH_SIZE, "named_by_fleet": NAMED_BY_FLEET, "place_by_fleet": PLACE_BY_FLEET}
    return {
        name: {
            str(at): {"claims_a_second": rates.of[arm], "worker_mib": rates.memory_mib[arm]} for at, arm in by.items()
        }
        for name, by in arms.items()
    }
