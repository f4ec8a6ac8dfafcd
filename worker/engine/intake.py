"""What a delivery is: a claim with an id, or something that cannot be read at all."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from schemas.decode import Unreadable, Violation, claim_id_of, fingerprint, parse, validate
from schemas.parked import ParkedReason
from worker.engine.translate import to_core
from worker.messages import Delivery
from worker.placement.claims import Claim
from worker.placement.ids import ClaimId

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(slots=True)
class Incoming:
    """A message that can be read and has a claim id; whether it is a good claim is asked after the inbox.

    `carries`: how often it was carried over because it needed a row that was not locked.
    """

    delivery: Delivery
    claim: ClaimId
    fingerprint: bytes
    parsed: dict[str, Any]
    carries: int = 0
    checked: Claim | tuple[Violation, ...] | None = None

    @property
    def attempts(self) -> int:
        """How often it was handed over before."""
        return self.delivery.attempts

    @property
    def body(self) -> bytes:
        """The bytes that came."""
        return self.delivery.body

    def check(self) -> Claim | tuple[Violation, ...]:
        """The claim as the core sees it, or what is wrong with it; found out once."""
        if self.checked is None:
            model = validate(self.parsed, self.delivery.routing_key)
            self.checked = model if isinstance(model, tuple) else to_core(model)
        return self.checked


@dataclass(frozen=True, slots=True)
class Parked:
    """A delivery to set aside, and why; `claim` where its id could be read."""

    delivery: Delivery
    reason: ParkedReason
    detail: str
    trace: str | None = None
    claim: ClaimId | None = None


def read(deliveries: Sequence[Delivery]) -> tuple[list[Incoming], list[Parked]]:
    """The readable ones in order, and those to park."""
    incoming: list[Incoming] = []
    parked: list[Parked] = []
    for delivery in deliveries:
        try:
            parsed = parse(delivery.body)
            incoming.append(Incoming(delivery, ClaimId(claim_id_of(parsed)), fingerprint(parsed), parsed))
        except Unreadable as error:
            parked.append(Parked(delivery, ParkedReason(error.reason.value), error.detail))
    return incoming, parked


def traceparent_of(delivery: Delivery) -> str | None:
    """The W3C trace context that came with the message, if it has the form of one."""
    found = (delivery.properties.headers or {}).get("traceparent")
    return found if isinstance(found, str) and _TRACEPARENT.fullmatch(found) else None
