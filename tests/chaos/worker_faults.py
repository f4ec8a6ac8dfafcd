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
FED_EVERY_S: Final = 0.5
FED_CLAIMS: Final = 200
BATCHES_MAX: Final = 4


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
    deadline = time.time() + DIES_WITHIN_S
    while not (died := await slot.ended(FED_EVERY_S)) and time.time() < deadline:
        world.load.say(f"more {FED_CLAIMS}")
    if not died:
        world.missed.append(f"a worker did not get so far as to die after {stage}")
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
