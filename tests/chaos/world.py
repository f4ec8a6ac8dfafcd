"""Everything that can be struck in a run, and the moments that are read from the workers' logs."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final

import asyncpg
from sqlalchemy.engine import make_url

from deploy.local import Stack
from tests.chaos.load import Load
from tests.chaos.proxy import Proxy
from tests.chaos.workers import Slot

SPARED: Final = 0
"""The worker that is never killed, so that what grows with its age can be seen."""
HEARTBEAT_S: Final = 2
NOTICED: Final = ("consuming_ended", "outage_began")
CONSUMING: Final = ("consuming",)
CONSUMES_WITHIN_S: Final = 30.0
LOOKS_EVERY_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class World:
    """Servers, workers, what stands between them, and who publishes. The addresses do not go by the proxies.

    `missed`: faults that found no occasion.
    """

    stack: Stack
    broker: Proxy
    database: Proxy
    slots: list[Slot]
    load: Load
    broker_url: str
    database_url: str
    prefix: str
    random: Random
    missed: list[str] = field(default_factory=list)

    def any_worker(self) -> Slot:
        """One that may be frozen."""
        return self.random.choice(self.slots)

    def mortal_worker(self) -> Slot:
        """One that may be killed."""
        return self.random.choice(self.slots[SPARED + 1 :])

    @asynccontextmanager
    async def session(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection to the database."""
        plain = make_url(self.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(plain)
        try:
            yield connection
        finally:
            await connection.close()

    async def ctl(self, *arguments: str) -> str:
        """What `rabbitmqctl` says."""
        return await asyncio.to_thread(self.stack.rabbit.ctl, *arguments)

    async def all_consume(self) -> None:
        """Waits until the worker in each place has begun to consume. Raises `TimeoutError`."""
        async with asyncio.timeout(CONSUMES_WITHIN_S):
            while not all(_consumes(slot) for slot in self.slots):  # noqa: ASYNC110 - they tell their logs
                await asyncio.sleep(LOOKS_EVERY_S)

    def noticed(self, since: float) -> float | None:
        """Seconds until the last worker had noticed, after `since`, that it cannot work; None where one has not."""
        moments = [first_logged(slot.log, NOTICED, since) for slot in self.slots]
        known = [moment for moment in moments if moment is not None]
        return max(known) - since if len(known) == len(moments) else None


def _consumes(slot: Slot) -> bool:
    return slot.pid is not None and first_logged(slot.log, CONSUMING, slot.started_at) is not None


def first_logged(log: Path, events: tuple[str, ...], since: float) -> float | None:
    """When one of the events, by what is in its name, was first logged after a moment."""
    for line in log.read_text(errors="replace").splitlines():
        if not line.startswith("{") or not any(event in line for event in events):
            continue
        said = json.loads(line)
        if said.get("event") in events:
            moment = datetime.fromisoformat(said["timestamp"]).timestamp()
            if moment >= since:
                return moment
    return None
