"""Sessions, one after the other: consume, and when the world breaks hold nothing, probe, and consume again."""

import asyncio
from collections.abc import Callable

import structlog

from worker.engine.ports import Publisher, Store, Surroundings
from worker.engine.publish import Overwhelmed
from worker.engine.retry import backoff
from worker.engine.session import Limits, Session
from worker.faults import Fault, Outage
from worker.telemetry import Log

SHOUT_EVERY_S = 30.0
SOUND_AFTER_S = 5.0
"""A session that lasted so long shows that the world was sound: the next outage is probed soon again."""


class Engine:
    """`run` consumes until told to stop. Outages are waited out; a fault of our own stops the taking, loudly."""

    def __init__(
        self,
        session: Callable[[], Session],
        store: Store,
        publisher: Publisher,
        around: Surroundings,
        limits: Limits,
    ) -> None:
        self._session = session
        self._store = store
        self._publisher = publisher
        self._around = around
        self._limits = limits
        self._log = structlog.get_logger()
        self.reason: str | None = "not started yet"

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Then what is in hand is finished and settled."""
        limits, clock = self._limits, self._around.clock
        waits = backoff(self._around.random, limits.probe_backoff_min_s, limits.probe_backoff_max_s)
        while not stop.is_set():
            begun = clock.monotonic()
            fault = await self._consumed(stop) if await self._sound() else None
            if isinstance(fault, Overwhelmed):
                await self._shout(fault, stop)
            if clock.monotonic() - begun > SOUND_AFTER_S:
                waits = backoff(self._around.random, limits.probe_backoff_min_s, limits.probe_backoff_max_s)
            await clock.wait(stop, next(waits))

    async def _consumed(self, stop: asyncio.Event) -> Fault | None:
        self.reason = None
        try:
            fault = await self._session().run(stop)
        except Outage as outage:
            fault = outage
        self.reason = str(fault) if fault else "stopping"
        if fault:
            self._log.warning(Log.OUTAGE_BEGAN, reason=self.reason)
        return fault

    async def _sound(self) -> bool:
        """Whether a transaction and a publish have succeeded just now."""
        try:
            await self._store.probe()
            await self._publisher.open()
            await self._publisher.probe()
        except Fault as fault:
            self.reason = str(fault)
            self._log.warning(Log.OUTAGE_PROBED, reason=self.reason)
            return False
        return True

    async def _shout(self, fault: Overwhelmed, stop: asyncio.Event) -> None:
        """Take nothing more, be unready, and say so until somebody stops the worker."""
        while not await self._around.clock.wait(stop, SHOUT_EVERY_S):
            self._log.critical(Log.PARKED_IN_A_ROW, reason=str(fault))
