"""Outcomes sent to `reply_to` beside the event: best effort, to queues of a configured pattern alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.cloudevents import CONTENT_TYPE, encode
from schemas.parked import ParkedReason
from worker.engine.access import Access
from worker.engine.intake import Parked
from worker.engine.seen import may_be_told
from worker.messages import Delivery, Outgoing, Record, Recorded
from worker.placement.ids import ClaimId

JSON = "application/json"
TO_QUEUE_BY_NAME = ""
"""The default exchange: routing key = queue."""


@dataclass(frozen=True, slots=True)
class Replies:
    """`reply_to` must match `pattern`, from its first character on: no claim may write into whatever queue it likes.

    With `access`, who sends a claim again is told what came of it only where it might have come of their own.
    """

    pattern: re.Pattern[str]
    access: Access | None = None

    def outcomes(self, answered: Sequence[tuple[Record | Recorded, list[Delivery]]]) -> list[Outgoing]:
        """The outcome event, for every delivery that asked for it."""
        return [
            self.reply(delivery, record.bodies[0], CONTENT_TYPE, record.claim)
            for record, deliveries in answered
            for position, delivery in enumerate(deliveries)
            if self.wanted(delivery) and (self._is_of(record, position) or self._may_know(delivery, record))
        ]

    @staticmethod
    def _is_of(record: Record | Recorded, position: int) -> bool:
        """Whether the delivery is the one that was decided on."""
        return position == 0 and isinstance(record, Record)

    def _may_know(self, delivery: Delivery, record: Record | Recorded) -> bool:
        return self.access is None or may_be_told(self.access, delivery, record.bodies[0])

    def reused(self, parked: Sequence[Parked]) -> list[Outgoing]:
        """An error for those whose claim id is known with another body: no event tells them, that id has its own."""
        return [
            self.reply(one.delivery, _error(one), JSON, one.claim)
            for one in parked
            if one.reason is ParkedReason.CLAIM_ID_REUSED and self.wanted(one.delivery)
        ]

    def wanted(self, delivery: Delivery) -> bool:
        """Whether the message asks for a reply that it may have."""
        return self._allowed(delivery.properties.reply_to)

    def refused(self, delivery: Delivery) -> bool:
        """Whether the message asks for a reply to a queue that it may not have it in."""
        reply_to = delivery.properties.reply_to
        return bool(reply_to and not self._allowed(reply_to))

    def _allowed(self, reply_to: str | None) -> bool:
        return bool(reply_to and self.pattern.match(reply_to))

    @staticmethod
    def reply(delivery: Delivery, body: bytes, content_type: str, claim: ClaimId | None) -> Outgoing:
        """A reply under the message's correlation id, else the claim's id; its message id is left to the publisher."""
        properties = delivery.properties
        return Outgoing(
            TO_QUEUE_BY_NAME,
            properties.reply_to or "",
            body,
            correlation_id=properties.correlation_id or claim,
            content_type=content_type,
        )


def _error(parked: Parked) -> bytes:
    return encode({"ok": False, "error": {"code": parked.reason.value, "message": parked.detail, "details": {}}})
