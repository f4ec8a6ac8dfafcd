"""Messages set aside: untouched, with headers that say why, where from and since when.

A claim of a message that has several becomes a message of its own, with the properties of that one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from schemas.parked import ParkedHeader
from schemas.text import is_moment
from worker.engine.access import Access
from worker.engine.intake import Parked
from worker.messages import ORIGINAL_USER, Outgoing
from worker.telemetry import printable

DETAIL_CHARACTERS_MAX: Final = 1_000
TRACE_CHARACTERS_MAX: Final = 8_000


@dataclass(frozen=True, slots=True)
class Parking:
    """Where parked messages go and where they came from; with `access`, also on whose behalf.

    `user`: who we are to the broker, which vouches for what a letter says.
    """

    dead_exchange: str
    claims_exchange: str
    queue: str
    access: Access | None = None
    user: str | None = None

    def messages(self, parked: Sequence[Parked], now: str) -> list[Outgoing]:
        """The dead letters for these; `now` is RFC 3339."""
        return [self._message(one, now) for one in parked]

    def _message(self, parked: Parked, now: str) -> Outgoing:
        delivery = parked.delivery
        first = (delivery.properties.headers or {}).get(ParkedHeader.FIRST_AT)
        headers: dict[str, str | int] = {
            ParkedHeader.REASON.value: parked.reason.value,
            ParkedHeader.DETAIL.value: printable(parked.told[:DETAIL_CHARACTERS_MAX]),
            ParkedHeader.EXCHANGE.value: self.claims_exchange,
            ParkedHeader.ROUTING_KEY.value: delivery.routing_key,
            ParkedHeader.QUEUE.value: self.queue,
            ParkedHeader.ATTEMPTS.value: delivery.attempts + 1,
            ParkedHeader.FIRST_AT.value: first if isinstance(first, str) and is_moment(first) else now,
            ParkedHeader.LAST_AT.value: now,
        }
        if parked.trace is not None:
            lines = parked.trace[-TRACE_CHARACTERS_MAX:].splitlines()
            headers[ParkedHeader.TRACE.value] = "\n".join(map(printable, lines))
        if self.access is not None:
            # also where nobody is known, lest it be taken for a message of our own
            headers[ORIGINAL_USER] = self.access.user_of(delivery.properties) or ""
        return Outgoing(
            self.dead_exchange,
            delivery.routing_key,
            delivery.body,
            properties=delivery.properties,
            headers=headers,
            user_id=self.user,
        )
