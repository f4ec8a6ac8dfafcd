"""One time of consuming, from opening the channel to closing it: three stages that overlap, and the upkeep beside them.

Nothing outlives a session: when it ends, for whatever reason, its channel is closed, what was not acknowledged goes
back to the queue, and the inbox knows what had taken effect. No stage is ever cancelled: a transaction in hand is
finished, since its outcome costs nothing then and breaking off costs a connection (hazard 17).
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from worker.engine.ahead import InHand
from worker.engine.apply import Applied
from worker.engine.batcher import Batcher, portions
from worker.engine.endings import ChannelLost
from worker.engine.failures import DECIDE, Failures, check_ahead, read_or_park, unpack_or_park
from worker.engine.intake import Incoming, Parked
from worker.engine.ports import Consumer, Store, Surroundings
from worker.engine.publish import Announcer, Overwhelmed
from worker.engine.settle import Settler
from worker.engine.signals import either
from worker.faults import Fault, Outage
from worker.messages import Delivery
from worker.telemetry import Link, Log, Stage

UPKEEP_EVERY_S = 1.0
AGE_EVERY_S = 60.0
SWEEP_BATCHES_MAX = 16
PRUNE_ROWS_MAX = 1_000
PRUNES_MAX = 1_000
"""A turn deletes a million at most, a thousand a transaction: more in a minute than claims can come."""
BATCHES_IN_HAND_MAX = 2
"""Waiting while another one is being published; then the transaction waits too, so that nothing piles up."""
READ_BYTES_MAX = 64 * 1024
"""Bodies parsed and checked in one go: some ms, in which nothing else turns."""
READ_BATCHES_MAX = 3
"""Of claims read ahead: as many as a prefetch of single ones brings. Messages of many claims stay bytes till then."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The engine's bounds; worker/settings.py has the reason for each."""

    batch_size_max: int
    carries_max: int
    conflict_tries_max: int
    parked_in_a_row_max: int
    inbox_keep: timedelta
    sweep_after: timedelta


@dataclass(kw_only=True)
class Session:
    """`run` returns the fault that ended it, None when it was told to stop."""

    consumer: Consumer
    store: Store
    failures: Failures
    announcer: Announcer
    around: Surroundings
    limits: Limits

    def __post_init__(self) -> None:
        size_max = self.limits.batch_size_max
        self._arrivals: Batcher[Delivery] = Batcher(size_max, READ_BYTES_MAX)
        self._readable: Batcher[Incoming] = Batcher(size_max)
        self._handed_on: asyncio.Queue[Applied | None] = asyncio.Queue(BATCHES_IN_HAND_MAX)
        self._ended = asyncio.Event()
        self._fault: Fault | None = None
        self._careful = False
        self._poisoned_in_a_row = 0
        self._through_now = 0
        self._log = structlog.get_logger()

    async def run(self, stop: asyncio.Event, careful: bool, consuming: Callable[[], None]) -> Fault | None:
        """Consume until told to stop or until the world breaks; everything in hand is finished and settled.

        `careful`: one message at a time, and only until one is settled. `consuming` is called once messages come.
        """
        self._careful = careful
        epoch = await self.consumer.open(self._arrived, self._lost, prefetch=1 if careful else None)
        consuming()
        self.around.telemetry.consuming.set(1)
        self.around.telemetry.connected(Link.CONSUMING, True)
        self._log.info(Log.CONSUMING, epoch=epoch)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(), name="read")
                tasks.create_task(self._decide(), name="decide")
                tasks.create_task(self._announce(Settler(epoch)), name="announce")
                tasks.create_task(self._keep_up(), name="upkeep")
                tasks.create_task(self._watch(stop), name="watch")
            if self._fault is None:
                await self._tell_confirmed()
        finally:
            self.around.telemetry.consuming.set(0)
            self.around.telemetry.connected(Link.CONSUMING, False)
            self.around.telemetry.in_flight.set(0)
            await self._close()
        self._log.info(Log.CONSUMING_ENDED, epoch=epoch, reason=str(self._fault) if self._fault else "stop")
        return self._fault

    async def _close(self) -> None:
        try:
            await self.consumer.close()
        except Outage as outage:
            self.end(outage)

    def end(self, fault: Fault | None) -> None:
        """Take nothing more; the first reason is the one that counts."""
        if not self._ended.is_set():
            self._fault = fault
            self._ended.set()
            self._arrivals.close()
            self._readable.close()

    def _arrived(self, delivery: Delivery) -> None:
        self.around.telemetry.in_flight.inc()
        if delivery.redelivered:
            self.around.telemetry.redelivered.inc()
        self._arrivals.offer(delivery)

    def _lost(self, error: BaseException | None) -> None:
        self.end(ChannelLost(f"the channel was lost: {error}" if error else "the channel was lost"))

    async def _watch(self, stop: asyncio.Event) -> None:
        """End the session when told to stop: no new deliveries, what is in hand goes on."""
        await either(stop, self._ended)
        if not self._ended.is_set():
            try:
                await self.consumer.cancel()
            except Outage as outage:
                self.end(outage)
            self.end(None)

    async def _read(self) -> None:
        """First stage: bytes to claims, while a batch is in its transaction; unreadable messages go no further."""
        while (deliveries := await self._arrivals.next_batch()) is not None:
            claims, parked = unpack_or_park(deliveries)
            if parked:
                await self._handed_on.put(Applied(parked=parked))
            for portion in portions(claims, READ_BYTES_MAX):
                await self._readable.below(READ_BATCHES_MAX * self.limits.batch_size_max)
                await self.failures.calm()
                if self._ended.is_set():
                    return
                await self._check(portion)

    async def _check(self, deliveries: Sequence[Delivery]) -> None:
        with self.around.telemetry.time_in(Stage.DECODE):
            incoming, unreadable = read_or_park(deliveries)
            check_ahead(incoming)
        for one in incoming:
            self._readable.offer(one)
        if unreadable:
            await self._handed_on.put(Applied(parked=unreadable))
        # no wait suspends while there is more: the other stages and the connections have their turn
        await asyncio.sleep(0)

    async def _decide(self) -> None:
        """Second stage: batches through the transaction in order, each read while the one ahead locks its rows."""
        ahead: InHand | None = None
        async with asyncio.TaskGroup() as tasks:
            while (batch := await self._next(ahead)) is not None:
                self.around.telemetry.batched(len(batch))
                ahead = InHand(ahead if ahead and not ahead.is_finished else None)
                tasks.create_task(self._through(batch, ahead), name="batch")
        await self._handed_on.put(None)

    async def _through(self, batch: Sequence[Incoming], hand: InHand) -> None:
        """One batch, and what it leaves for later."""
        failed, before = True, hand.after
        self._through_now += 1
        try:
            async for applied in self.failures.apply(batch, self.announcer.confirmed, hand):
                self.announcer.told(applied.confirmed)
                hand.deferred.extend(applied.deferred)
                if before is not None:
                    await before.finished()
                await self._hand_on(applied)
            failed = False
        except Fault as fault:
            self.end(fault)
        finally:
            hand.finish(failed=failed)
            if not hand.followed:
                self._readable.give_back(hand.deferred)
            self._through_now -= 1
            if not self._through_now:
                self.around.pulse.dismiss(DECIDE)

    async def _next(self, ahead: InHand | None) -> list[Incoming] | None:
        """What has been read. A full batch begins once the batch before the one ahead is through.

        Any other waits until the one ahead stands, or is through, since more may join it meanwhile: many small
        batches cost more than they gain.
        """
        if ahead is not None:
            if ahead.after is not None:
                await ahead.after.finished()
            early = await ahead.promising() and self._readable.is_full
            if not early and await ahead.standing() is None:
                await ahead.finished()
        return await self._readable.next_batch()

    async def _hand_on(self, applied: Applied) -> None:
        """To the third stage, unless so many failed in a row that the fault must be ours."""
        poisoned = any(_is_ours(one) for one in applied.parked)
        self._poisoned_in_a_row = self._poisoned_in_a_row + 1 if poisoned else 0
        if self._poisoned_in_a_row > self.limits.parked_in_a_row_max:
            raise Overwhelmed(f"{self._poisoned_in_a_row} claims in a row failed for reasons of our own")
        self._log.debug(
            Log.BATCH_DONE,
            batch=applied.batch,
            claim_ids=[record.claim for record, _ in applied.answered],
            parked=len(applied.parked),
            deferred=len(applied.deferred),
        )
        await self._handed_on.put(applied)

    async def _announce(self, settler: Settler) -> None:
        """Third stage: events out and confirmed, deliveries settled. After a fault the rest is left to the inbox."""
        while (applied := await self._handed_on.get()) is not None:
            if self._fault is not None:
                continue
            await self.failures.calm()
            self.around.pulse.beat("announce")
            enough = self._careful and bool(applied.answered or applied.parked)
            try:
                if enough:
                    # before the ack, or the next message would be delivered in vain
                    await self.consumer.cancel()
                # the other claims of the message may still be on their way
                enough = bool(await self.announcer.announce(applied, self.consumer, settler)) and enough
            except Fault as fault:
                self.end(fault)
            if enough:
                self.end(None)
            self.around.pulse.dismiss("announce")

    async def _keep_up(self) -> None:
        """Beside the stages: tell the store of confirms when claims are idle, sweep what was lost, age the inbox."""
        turns = 0
        try:
            while not await self.around.clock.wait(self._ended, UPKEEP_EVERY_S):
                await self._confirm()
                if turns % int(AGE_EVERY_S / UPKEEP_EVERY_S) == 0:
                    await self._age()
                turns += 1
        except Fault as fault:
            self.end(fault)

    async def _confirm(self) -> None:
        """Where no batch is in hand: its transaction would tell the store as well, and one would wait for the other."""
        confirmed = self.announcer.confirmed()
        if confirmed and not self._through_now:
            await self.store.confirm(confirmed)
            self.announcer.told(confirmed)

    async def _tell_confirmed(self) -> None:
        """At a sound end: nobody else has to sweep what is known to have arrived."""
        try:
            await self._confirm()
        except Fault as fault:
            self._fault = fault

    async def _age(self) -> None:
        await self.announcer.sweep(await self.store.unconfirmed(self.limits.sweep_after, SWEEP_BATCHES_MAX))
        aged = 0
        for _ in range(PRUNES_MAX):
            pruned = await self.store.prune(self.limits.inbox_keep, PRUNE_ROWS_MAX)
            aged += pruned
            if pruned < PRUNE_ROWS_MAX or self._ended.is_set():
                break
        if aged:
            self._log.info(Log.INBOX_AGED, claims=aged)


def _is_ours(parked: Parked) -> bool:
    return parked.trace is not None
