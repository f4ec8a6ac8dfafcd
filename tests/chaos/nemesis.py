"""Strikes while claims are being made: each kind once before any comes again, order and moments by the seed."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from random import Random
from typing import Final

from tests.chaos import broker_faults, database_faults, network_faults, worker_faults
from tests.chaos.faults import Fault, Struck
from tests.chaos.world import World

FAULTS: Final = [
    *worker_faults.FAULTS, *broker_faults.FAULTS, *database_faults.FAULTS, *network_faults.FAULTS,
]  # fmt: skip
ANSWERED_WITHIN_S: Final = 40.0
MADE_WITHIN_S: Final = 30.0
LATEST_STRIKE: Final = 0.5
"""Of a portion; what is left of it keeps the workers busy during the fault."""


def planned(seed: int, count: int, names: Sequence[str] = ()) -> list[Fault]:
    """So many faults, of those names if any are given."""
    random = Random(f"faults {seed}")  # noqa: S311 - a run is repeated by its seed
    deck = [fault for fault in FAULTS if not names or fault.name in names]
    plan: list[Fault] = []
    while len(plan) < count:
        plan += random.sample(deck, k=len(deck))
    return plan[:count]


async def rage(
    world: World, plan: Sequence[Fault], claims: int, began: float, say: Callable[[str], None]
) -> AsyncIterator[Struck]:
    """Each fault strikes within its portion of the claims; the next portion is there to show that work goes on."""
    portion = claims / (len(plan) + 1)
    for number, fault in enumerate(plan):
        world.load.say(f"until {int(portion * (number + 1.5))}")
        at = number + world.random.random() * LATEST_STRIKE
        await world.load.made(int(portion * at), MADE_WITHIN_S)
        say(fault.name)
        yield await _struck(world, fault, number, began, int(portion * (number + 2)))


async def _struck(world: World, fault: Fault, number: int, began: float, until: int) -> Struck:
    if fault.noticed_within_s is not None:
        await world.all_consume()
    struck_at = time.time()
    over_at = await fault.strike(world)
    world.load.say(f"until {until}")
    first_at = await world.load.first_since(over_at, ANSWERED_WITHIN_S)
    first_s = None if first_at is None else first_at - over_at
    noticed_s = world.noticed(struck_at) if fault.noticed_within_s else None
    late = first_s is None or (fault.within_s is not None and first_s > fault.within_s)
    if fault.noticed_within_s is not None:
        late = late or noticed_s is None or noticed_s > fault.noticed_within_s
    return Struck(number, fault.name, struck_at - began, over_at - began, first_s, noticed_s, late)
