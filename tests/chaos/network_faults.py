"""What befalls the connections between the workers and either server."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from tests.chaos.faults import Fault, Strike
from tests.chaos.proxy import Proxy
from tests.chaos.world import World

LASTS_S: Final = 4.0
DELAY_S: Final = 0.15

Which = Callable[[World], Proxy]


def _broker(world: World) -> Proxy:
    return world.broker


def _database(world: World) -> Proxy:
    return world.database


SERVERS: Final[dict[str, Which]] = {"broker": _broker, "database": _database}


async def cut(world: World, which: Which) -> float:
    """All of them reset."""
    which(world).cut()
    return time.time()


async def delay(world: World, which: Which) -> float:
    """Slow for a while."""
    which(world).delay(DELAY_S)
    try:
        await asyncio.sleep(LASTS_S)
    finally:
        which(world).delay(0)
    return time.time()


async def freeze(world: World, which: Which) -> float:
    """Nothing passes for a while, nothing is lost."""
    which(world).freeze()
    try:
        await asyncio.sleep(LASTS_S + world.random.random() * LASTS_S)
    finally:
        which(world).thaw()
    return time.time()


async def half_open(world: World, which: Which) -> float:
    """The server has lost them, the workers are not told."""
    which(world).half_open()
    return time.time()


async def truncate(world: World, which: Which) -> float:
    """Cut in the middle of what is being sent, again and again for a while."""
    which(world).truncate()
    try:
        await asyncio.sleep(LASTS_S / 2)
    finally:
        which(world).whole()
    return time.time()


def _both(name: str, strike: Callable[[World, Which], Awaitable[float]]) -> list[Fault]:
    def of(which: Which) -> Strike:
        return lambda world: strike(world, which)

    return [Fault(f"{server} connections {name}", of(which)) for server, which in SERVERS.items()]


FAULTS: Final = [
    *_both("cut", cut),
    *_both("delayed", delay),
    *_both("frozen", freeze),
    *_both("half-opened", half_open),
    *_both("truncated", truncate),
]
