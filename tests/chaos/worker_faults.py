"""What befalls workers. Each strikes, and returns the moment from which on work can go on."""

import asyncio
import signal
import time
from functools import partial
from typing import Final

from tests.chaos.dying import Stage
from tests.chaos.faults import Fault, Strike
from tests.chaos.world import World

FROZEN_S: Final = 4.0
DIES_WITHIN_S: Final = 15.0
BATCHES_MAX: Final = 8


async def kill(world: World) -> float:
    """SIGKILL."""
    world.mortal_worker().signal(signal.SIGKILL)
    return time.time()


async def terminate(world: World) -> float:
    """SIGTERM: it finishes what is in hand."""
    slot = world.mortal_worker()
    slot.signal(signal.SIGTERM)
    if not await slot.ended():
        slot.surprises.append(f"worker {slot.number} did not end on SIGTERM")
        slot.signal(signal.SIGKILL)
    return time.time()


async def freeze(world: World) -> float:
    """SIGSTOP and SIGCONT, longer than the database lets a transaction idle."""
    slot = world.any_worker()
    slot.signal(signal.SIGSTOP)
    try:
        await asyncio.sleep(FROZEN_S + world.random.random() * FROZEN_S)
    finally:
        slot.signal(signal.SIGCONT)
    return time.time()


async def die(world: World, stage: Stage) -> float:
    """SIGKILL of its own, behind that stage of some batch."""
    slot = world.mortal_worker()
    times = str(world.random.randint(1, BATCHES_MAX))
    await slot.replace("tests.chaos.dying", "--after", stage.value, "--times", times)
    if not await slot.ended(DIES_WITHIN_S):
        slot.signal(signal.SIGKILL)
    return time.time()


def _strikes() -> dict[str, Strike]:
    return {f"worker SIGKILL after {stage}": partial(die, stage=stage) for stage in Stage}


FAULTS: Final = [
    Fault("worker SIGKILL", kill),
    Fault("worker SIGTERM", terminate),
    Fault("worker SIGSTOP", freeze),
    *(Fault(name, strike) for name, strike in _strikes().items()),
]
