"""What befalls the broker, and what its operators do."""

import asyncio
import time
from typing import Final

from tests.chaos.faults import BACK_WITHIN_S, Fault
from tests.chaos.world import HEARTBEAT_S, World
from worker.rabbit.connection import Broker
from worker.rabbit.declare import declare
from worker.rabbit.topology import Names, topology

SHORT_S: Final = 3.0
TURN_S: Final = 0.5
"""For a loop to have its turn on a machine whose processors servers, workers and publisher share."""
NOTICED_WITHIN_S: Final = 3.0 * (HEARTBEAT_S + 1) + TURN_S
LONG_S: Final = NOTICED_WITHIN_S + 2.0
ALARM, NO_ALARM = "0.000001", "0.4"


async def restart(world: World) -> float:
    """In good order."""
    await asyncio.to_thread(world.stack.rabbit.restart)
    return time.time()


async def kill(world: World) -> float:
    """SIGKILL, and a new start."""
    await asyncio.to_thread(world.stack.rabbit.kill)
    await asyncio.to_thread(world.stack.rabbit.start)
    return time.time()


async def _frozen(world: World, seconds: float) -> float:
    world.stack.rabbit.pause()
    try:
        await asyncio.sleep(seconds)
    finally:
        world.stack.rabbit.resume()
    return time.time()


async def freeze_shortly(world: World) -> float:
    """SIGSTOP, for less than it takes to be noticed."""
    return await _frozen(world, SHORT_S)


async def freeze(world: World) -> float:
    """SIGSTOP, for longer than it may take to be noticed."""
    return await _frozen(world, LONG_S)


async def close_connections(world: World) -> float:
    """As an operator does."""
    await world.ctl("close_all_connections", "closed by an operator")
    return time.time()


async def delete_queue(world: World) -> float:
    """The claims' queue with all that is in it; then it is declared again, and publishers send what has no outcome."""
    link = await Broker(world.broker_url, name="operator").connect("deletes")
    try:
        channel = await link.connection.channel()
        await channel.queue_delete(Names(world.prefix).claims)
        await asyncio.sleep(world.random.random())
        await declare(link, topology(world.prefix))
    finally:
        await link.close()
    world.load.say("republish")
    return time.time()


async def alarm(world: World) -> float:
    """So little memory is allowed that the broker takes no more messages."""
    await world.ctl("set_vm_memory_high_watermark", ALARM)
    await asyncio.sleep(SHORT_S)
    await world.ctl("set_vm_memory_high_watermark", NO_ALARM)
    return time.time()


FAULTS: Final = [
    Fault("broker restart", restart, BACK_WITHIN_S),
    Fault("broker SIGKILL", kill, BACK_WITHIN_S),
    Fault("broker SIGSTOP, short", freeze_shortly),
    Fault("broker SIGSTOP, long", freeze, None, NOTICED_WITHIN_S),
    Fault("broker connections closed", close_connections),
    Fault("claims queue deleted", delete_queue),
    Fault("broker memory alarm", alarm),
]
