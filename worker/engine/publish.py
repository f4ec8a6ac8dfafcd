"""From a committed batch to settled deliveries: events confirmed first, then the acks, then replies."""

from collections import deque
from collections.abc import Sequence

import structlog

from schemas.parked import ParkedReason
from worker.engine.apply import Applied
from worker.engine.bulk import in_bulk
from worker.engine.intake import Parked
from worker.engine.parking import Parking
from worker.engine.ports import Consumer, Publisher, Surroundings
from worker.engine.render import Renderer
from worker.engine.replies import Replies
from worker.engine.settle import Settler
from worker.faults import Fault
from worker.messages import Delivery, Record, Recorded, SweptBatch
from worker.telemetry import Log, Stage


class Overwhelmed(Fault):
    """So many claims in a row failed for reasons of our own that taking more would only set them all aside."""


class Announcer:
    """Publishes outcomes and dead letters, and settles what brought them. Raises `Outage`, `Overwhelmed`.

    `bulk_exchange`: where the same events go once more, those of a batch together, if anywhere.
    """

    def __init__(  # noqa: PLR0913 - parts that the composition root puts together
        self,
        publisher: Publisher,
        renderer: Renderer,
        parking: Parking,
        replies: Replies,
        around: Surroundings,
        *,
        bulk_exchange: str | None = None,
    ) -> None:
        self._publisher = publisher
        self._renderer = renderer
        self._parking = parking
        self._replies = replies
        self._around = around
        self._bulk_exchange = bulk_exchange
        self._confirmed: deque[int] = deque()
        self._log = structlog.get_logger()

    async def announce(self, applied: Applied, consumer: Consumer, settler: Settler) -> int:
        """Everything of one batch: an ack is only given for what the broker has confirmed. How many messages it was."""
        telemetry = self._around.telemetry
        with telemetry.time_in(Stage.PUBLISH):
            await self._park(applied.parked)
            await self._publish([record for record, _ in applied.answered])
        if applied.batch is not None:
            self._confirmed.append(applied.batch)
        with telemetry.time_in(Stage.SETTLE):
            settled, messages = self._ack(applied, consumer, settler)
        replies = self._replies.outcomes(applied.answered) + self._replies.reused(applied.parked)
        refused = sum(self._replies.refused(delivery) for delivery in settled)
        if refused:
            self._log.warning(Log.REPLY_REFUSED, messages=refused, reason="reply_to does not match the pattern")
        if replies:
            telemetry.replies_failed.inc(await self._publisher.reply(replies))
        return messages

    async def sweep(self, batches: Sequence[SweptBatch]) -> None:
        """Publish what earlier workers left unconfirmed."""
        for batch in batches:
            await self._publish(batch.records)
            self._confirmed.append(batch.batch)
            self._log.info(Log.INBOX_SWEPT, batch=batch.batch, claims=len(batch.records))

    def confirmed(self) -> list[int]:
        """Batches whose events are confirmed and that the store has not been told of."""
        return list(self._confirmed)

    def told(self, batches: Sequence[int]) -> None:
        """The store knows of these."""
        known = set(batches)
        self._confirmed = deque(batch for batch in self._confirmed if batch not in known)

    async def _publish(self, records: Sequence[Record | Recorded]) -> None:
        events = [event for record in records for event in self._renderer.events(record)]
        if self._bulk_exchange is not None:
            events += in_bulk(events, self._bulk_exchange)
        await self._publisher.publish_all(events)

    async def _park(self, parked: Sequence[Parked]) -> None:
        if not parked:
            return
        await self._publisher.publish_all(self._parking.messages(parked, self._around.clock.now()), mandatory=True)
        for one in parked:
            self._around.telemetry.parked(one.reason.value)
            if one.reason is not ParkedReason.POISON:
                self._log.warning(
                    Log.MESSAGE_PARKED,
                    reason=one.reason.value,
                    detail=one.told,
                    claim_id=one.claim,
                    op=one.delivery.routing_key,
                )

    def _ack(self, applied: Applied, consumer: Consumer, settler: Settler) -> tuple[list[Delivery], int]:
        """What is settled, a delivery for each claim, and how many messages are settled with it."""
        settled = [delivery for _, deliveries in applied.answered for delivery in deliveries]
        settled += [one.delivery for one in applied.parked]
        acks = settler.settle(settled)
        if acks.singly or acks.up_to is not None:
            consumer.ack(settler.epoch, acks.singly, acks.up_to)
        self._around.telemetry.in_flight.dec(acks.messages)
        return settled, acks.messages
