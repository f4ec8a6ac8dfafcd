"""What a delivery is: a claim with an id, several of them, or something that cannot be read at all."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from schemas.batch import BATCH_OP
from schemas.decode import Unreadable, Violation, claim_id_of, fingerprint, object_of, read_object, validate
from schemas.members import split
from schemas.parked import ParkedReason
from worker.engine.translate import to_core
from worker.messages import Delivery, Place
from worker.placement.claims import Claim
from worker.placement.ids import ClaimId

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
ROUTING_KEY_BYTES_MAX: Final = 255
NAME_CHARACTERS_MAX: Final = 64
"""Of what a message was sent under: as much as tells it from others."""


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

    @property
    def told(self) -> str:
        """Why, and of a claim that came with others, which one of which message it was."""
        place, properties = self.delivery.place, self.delivery.properties
        if place is None:
            return self.detail
        name = properties.message_id or properties.correlation_id
        named = f" {name[:NAME_CHARACTERS_MAX]!r}" if name else ""
        return f"claim {place.position} of {place.members} of a {BATCH_OP}{named}: {self.detail}"


def read(deliveries: Sequence[Delivery]) -> tuple[list[Incoming], list[Parked]]:
    """The readable ones in order, and those to park."""
    incoming: list[Incoming] = []
    parked: list[Parked] = []
    for delivery in deliveries:
        try:
            place, body = delivery.place, delivery.body
            parsed = read_object(body) if place is None or place.parsed is None else object_of(place.parsed, body)
            incoming.append(Incoming(delivery, ClaimId(claim_id_of(parsed)), fingerprint(parsed), parsed))
        except Unreadable as error:
            parked.append(Parked(delivery, ParkedReason(error.reason.value), error.detail))
    return incoming, parked


def unpacked(delivery: Delivery) -> Sequence[Delivery]:
    """The claims of a message that has several, in order, each as if it had come alone under its own op.

    What says that it is one claim is left as it is. Raises `Unreadable`.
    """
    members = split(delivery.body)
    if members is None:
        return (delivery,)
    _, _, properties, tag, epoch, redelivered, attempts, _ = delivery
    return [
        Delivery(
            member.body,
            _routing_key(member.op),
            properties,
            tag,
            epoch,
            redelivered,
            attempts,
            Place(position, len(members), member.parsed),
        )
        for position, member in enumerate(members, 1)
    ]


def _routing_key(op: str | None) -> str:
    """What the claim would come under alone; where its op is no routing key, what it came under."""
    try:
        fits = op is not None and len(op.encode()) <= ROUTING_KEY_BYTES_MAX
    except UnicodeEncodeError:
        fits = False
    return op if op is not None and fits else BATCH_OP


def traceparent_of(delivery: Delivery) -> str | None:
    """The W3C trace context that came with the message, if it has the form of one."""
    found = (delivery.properties.headers or {}).get("traceparent")
    return found if isinstance(found, str) and _TRACEPARENT.fullmatch(found) else None
