"""Several claims in one message, as publishers send them; events in bulk, as subscribers get them."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter

from schemas.allocation_claims import MEMBERS_MAX
from schemas.amounts import at_most
from schemas.claims import Claim
from schemas.events import AnyEvent
from schemas.message import Message
from schemas.wire import BODY_BYTES_MAX, decoded, strict

BATCH_OP: Final = "claims.batch"
EVENTS_NAME: Final = "events.batch"
"""The routing key of events in bulk, and what they are called in the documents."""
EVENTS_BYTES_MAX: Final = BODY_BYTES_MAX + len("[]")
"""One event may fill a message, and then has the brackets around it."""


class ClaimsBatch(Message):
    """Independent claims, decided in this order, each with an outcome of its own; the message itself has no id."""

    op: Literal["claims.batch"]
    claims: Annotated[
        tuple[Claim, ...], Field(min_length=1, max_length=MEMBERS_MAX, strict=False), at_most(MEMBERS_MAX)
    ]


EventsBatch = Annotated[tuple[Annotated[AnyEvent, Field(discriminator="type")], ...], Field(min_length=1, strict=False)]

_EVENTS: Final[TypeAdapter[tuple[AnyEvent, ...]]] = TypeAdapter(EventsBatch)


def read_events(body: bytes) -> tuple[AnyEvent, ...]:
    """The events of a message in bulk, in order; raises Unreadable or pydantic's ValidationError."""
    parsed: Any = decoded(body, strict, EVENTS_BYTES_MAX)
    return _EVENTS.validate_python(parsed)
