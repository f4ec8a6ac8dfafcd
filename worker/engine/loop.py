"""Sessions, one after the other: consume, and when the world breaks hold nothing, probe, and consume again."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import structlog

from worker.engine.endings import ChannelLost
from worker.engine.ports import Publisher, Store, Surroundings
from worker.engine.publish import Overwhelmed
from worker.engine.retry import backoff
from worker.faults import Fault, Outage
from worker.telemetry import Link, Log

SHOUT_EVERY_S = 30.0
SOUND_AFTER_S = 5.0
"""A session that lasted so long shows that the world was sound: the next outage is probed soon again."""


class Runs(Protocol):
    """One time of consuming: claims or queries."""

    async def run(self, stop: asyncio.Event, careful: bool, consuming: Callable[[], None]) -> Fault | None:
        """Until told to stop (None) or until the world breaks; `consuming` is called once messages are taken.

        `careful`: with one message in hand, until one has gone through (None as well).
        """


@dataclass(kw_only=True)
class Engine:
    """`run` consumes until told to stop. Outages are waited out; a fault of our own stops the taking, loudly.

    `session` makes the next session; `prepare` puts the topology in order, or raises `Outage` with what is wrong.
    `backoff_s`: the first and the longest wait between probes. `reason` says why nothing is taken, None while it is.
    """

    session: Callable[[], Runs]
    prepare: Callable[[], Awaitable[None]]
    store: Store
    publisher: Publisher
    around: Surroundings
    backoff_s: tuple[float, float]
    role: str
    reason: str | None = "not started yet"

    def __post_init__(self) -> None:
        self._log = structlog.get_logger().bind(role=self.role)
        self._away = False
        self._careful = False

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Then what is in hand is finished and settled."""
        clock = self.around.clock
        waits = self._waits()
        while not stop.is_set():
            if await self._sound():
                begun = clock.monotonic()
                was_careful = self._careful
                fault = await self._consumed(stop)
                if isinstance(fault, Overwhelmed):
                    await self._shout(fault, stop)
                if clock.monotonic() - begun > SOUND_AFTER_S:
                    waits = self._waits()
                if was_careful and fault is None:
                    continue
            await clock.wait(stop, next(waits))

    def _waits(self) -> Iterator[float]:
        return backoff(self.around.random, *self.backoff_s)

    async def _consumed(self, stop: asyncio.Event) -> Fault | None:
        """One session. A fault of the work, unseen by the probes, would charge a delivery to all in hand each time."""
        try:
            fault = await self.session().run(stop, self._careful, self._consuming)
            self._careful = fault is not None and (self._careful or not isinstance(fault, ChannelLost))
        except Outage as outage:
            fault = outage
        self.reason = str(fault) if fault else "stopping"
        if fault:
            self._away = True
            self._log.warning(Log.OUTAGE_BEGAN, reason=self.reason)
        return fault

    def _consuming(self) -> None:
        self.reason = None

    async def _sound(self) -> bool:
        """Whether a transaction and a publish have succeeded just now."""
        try:
            for link, step in (
                (Link.DATABASE, self.store.probe),
                (Link.PUBLISHING, self.publisher.open),
                (Link.PUBLISHING, self.prepare),
                (Link.PUBLISHING, self.publisher.probe),
            ):
                self.around.telemetry.connected(link, False)
                await step()
                self.around.telemetry.connected(link, True)
        except Fault as fault:
            say = self._log.warning if str(fault) != self.reason else self._log.debug
            say(Log.OUTAGE_PROBED, reason=str(fault))
            self.reason = str(fault)
            self._away = True
            return False
        if self._away:
            self._away = False
            self._log.info(Log.OUTAGE_ENDED)
        return True

    async def _shout(self, fault: Overwhelmed, stop: asyncio.Event) -> None:
        """Take nothing more, be unready, and say so until somebody stops the worker."""
        while not await self.around.clock.wait(stop, SHOUT_EVERY_S):
            self._log.critical(Log.PARKED_IN_A_ROW, reason=str(fault))
