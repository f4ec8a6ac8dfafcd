"""Messages as they stand between the broker and the engine: bytes and properties, nothing decoded.

Those made once a message are named tuples, which cost a third of a frozen dataclass to make.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from worker.placement.ids import ClaimId

ORIGINAL_USER: Final = "x-original-user-id"
"""The header with the user on whose behalf a message is sent again."""

USER_CHARACTERS_MAX: Final = 255


class Properties(Protocol):
    """The AMQP properties of a message that came in; `pamqp`'s own object has this shape."""

    @property
    def content_type(self) -> str | None: ...
    @property
    def correlation_id(self) -> str | None: ...
    @property
    def reply_to(self) -> str | None: ...
    @property
    def user_id(self) -> str | None: ...
    @property
    def message_id(self) -> str | None: ...
    @property
    def timestamp(self) -> datetime | None: ...
    @property
    def headers(self) -> Mapping[str, object] | None: ...


def on_behalf_of(properties: Properties, speakers: Collection[str]) -> str | None:
    """The user on whose behalf a message was sent; None where that is not known.

    A broker takes no message under a foreign user id, so that one did send it; whom else its header names is believed
    of `speakers` alone.
    """
    user = properties.user_id
    if user not in speakers:
        return user or None
    named = (properties.headers or {}).get(ORIGINAL_USER, user)
    return named if isinstance(named, str) and 0 < len(named) <= USER_CHARACTERS_MAX else None


class Place(NamedTuple):
    """Which of the claims of one message a claim is: the first is 1, and there are `members` of them.

    `parsed`: its body as it was read on the way, None where that is still to be done.
    """

    position: int
    members: int
    parsed: object = None


class Delivery(NamedTuple):
    """One message handed over by the broker, to be settled once.

    `tag` is valid on the channel of `epoch` alone (hazard 2). `attempts` is how often it was handed over
    before: the broker's x-delivery-count where it counts, else 1 when redelivered and 0 when not. A claim of a message
    that has several is a delivery with a `place` and a body of its own; they share the tag and are settled together.
    """

    body: bytes
    routing_key: str
    properties: Properties
    tag: int
    epoch: int
    redelivered: bool
    attempts: int
    place: Place | None = None


class Outgoing(NamedTuple):
    """A message to publish to an exchange; `body` is sent as it is, persistent.

    `message_id` is None for replies (the publisher then sets a random one) and the event's id for events.
    `properties`, when given, are copied untouched (a parked message keeps those it came with) and `headers` are
    added to them; who sent it goes into a header, since the broker takes no user but our own. `user_id` is that one.
    """

    exchange: str
    routing_key: str
    body: bytes
    message_id: str | None = None
    correlation_id: str | None = None
    content_type: str = "application/cloudevents+json"
    headers: Mapping[str, str | int] | None = None
    properties: Properties | None = None
    user_id: str | None = None


class Record(NamedTuple):
    """The outcome of one claim as the inbox keeps it: its events, each a routing key and a compact JSON body.

    The first event is the outcome, the others are its consequences. `fingerprint` is that of the claim's body;
    `correlation_id` None means the claim's own id.
    """

    claim: ClaimId
    fingerprint: bytes
    types: tuple[str, ...]
    bodies: tuple[bytes, ...]
    correlation_id: str | None


class Recorded(NamedTuple):
    """An outcome as it was found in the inbox: given earlier, to be published again as it is."""

    claim: ClaimId
    fingerprint: bytes
    types: tuple[str, ...]
    bodies: tuple[bytes, ...]
    correlation_id: str | None


@dataclass(frozen=True, slots=True)
class SweptBatch:
    """The outcomes of one committed transaction of which not all events are known to be confirmed."""

    batch: int
    records: tuple[Recorded, ...]
