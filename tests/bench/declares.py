"""Row 12: how long it takes to declare a fleet by message, a claim a provider."""

import asyncio
import time
from typing import Final

from tests.bench.figures import Line, Target
from tests.bench.ground import Ground
from tests.bench.programs import workers
from tests.bench.workload import declarations

FULL: Final = 100_000
FULL_S: Final = 60.0
MADE: Final = "provider.created"


async def measure(ground: Ground, providers: int) -> list[Line]:
    """One line: seconds from before the first claim is published until the last provider's event is confirmed."""
    async with ground.place(ground.bare, heard=MADE) as place, workers(ground, place, 1):
        began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(place.publish(declarations(providers)), name="publish")
            ended = [at async for at, _ in place.events(providers)][-1]
    allowed = FULL_S * providers / FULL
    scaled = "" if providers >= FULL else f", scaled down from {FULL:,}"
    return [
        Line(
            "12",
            f"{providers:,} providers of 3 inventories declared{scaled}",
            "s",
            (ended - began,),
            "s allowed",
            (allowed,),
            Target("at most", 1.0),
            "publishing them is part of it, meanwhile, by another process",
        )
    ]
