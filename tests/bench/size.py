"""How much is measured, and how long that takes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench.arms import Arm
from tests.bench.peer.compared import PROCESSES


@dataclass(frozen=True, slots=True)
class Size:
    """`claims` of a run that empties a queue; `latency_s` and `peer_s` are of a run under steady load."""

    claims: int
    repetitions: int
    latency_s: float
    peer_s: float
    memory_claims: int
    declared: int
    quick: bool


WHOLE: Final = Size(
    claims=15_000,
    repetitions=3,
    latency_s=6.0,
    peer_s=8.0,
    memory_claims=100_000,
    declared=100_000,
    quick=False,
)
QUICK: Final = Size(
    claims=6_000, repetitions=2, latency_s=2.0, peer_s=3.0, memory_claims=40_000, declared=10_000, quick=True
)

# Seen on two cores; on more it takes less.
PREPARING_S: Final = 6.0
STARTING_S: Final = 3.0
CLAIMS_A_SECOND: Final = 2_500
INSTALLING_S: Final = 40.0
PROVIDERS_FILLED_A_SECOND: Final = 6_000
CONSUMERS_FILLED_A_SECOND: Final = 12_000
PROVIDERS_COPIED_A_SECOND: Final = 30_000


def minutes(rows: Collection[str], size: Size, arms: Sequence[Arm]) -> float:
    """About how long these rows take, and these arms for them."""
    fleets = {arm.fleet for arm in arms if arm.fleet}
    seconds = PREPARING_S + sum(
        one.providers / PROVIDERS_FILLED_A_SECOND + one.consumers / CONSUMERS_FILLED_A_SECOND for one in fleets
    )
    for arm in arms:
        copied = arm.fleet.providers / PROVIDERS_COPIED_A_SECOND if arm.fleet else 0
        seconds += size.repetitions * (STARTING_S + size.claims * arm.share / CLAIMS_A_SECOND + copied)
    if "2" in rows:
        seconds += INSTALLING_S + size.repetitions * len(PROCESSES) * (STARTING_S + size.peer_s)
    if "9" in rows:
        seconds += size.repetitions * 4 * (STARTING_S + size.latency_s)
    if "11" in rows:
        seconds += size.memory_claims / CLAIMS_A_SECOND * 2
    if "12" in rows:
        seconds += STARTING_S + size.declared / CLAIMS_A_SECOND
    return seconds / 60
