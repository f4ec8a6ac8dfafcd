"""The AMQP properties that a message leaves with: fresh ones, or those it came with and what was added."""

import struct
from collections.abc import Mapping
from typing import Final, cast
from uuid import uuid4

from pamqp import encode
from pamqp.commands import Basic
from pamqp.common import FieldValue

from schemas.parked import ParkedHeader
from worker.messages import ORIGINAL_USER, Outgoing, Properties
from worker.rabbit.fitting import fitted

PERSISTENT: Final = 2
# Kept as they were. Not user_id: the broker refuses a foreign one by closing the channel. Not expiration: a message
# that was parked must not run out.
KEPT: Final = (
    "content_type",
    "content_encoding",
    "priority",
    "correlation_id",
    "reply_to",
    "message_id",
    "timestamp",
    "message_type",
    "app_id",
)
SET_ASIDE: Final = ("user_id", "expiration")
ORIGINAL: Final = "x-original-"
# The broker's own, of the queue that the message was taken from; the second since RabbitMQ 4.3.
COUNTS: Final = ("x-delivery-count", "x-acquired-count")


def id_of(message: Outgoing) -> str | None:
    """What `message` is sent under: a random id when it has none and came from nowhere."""
    if message.properties is not None:
        return message.properties.message_id or None
    return message.message_id or str(uuid4())


def properties_of(message: Outgoing, message_id: str | None, frame_max_bytes: int) -> Basic.Properties:
    """What `message` is sent with under the id that `id_of` gave it: persistent, and within a frame."""
    ours = message.headers or {}
    if message.properties is not None:
        return fitted(_kept(message.properties, ours, message.user_id), ours, frame_max_bytes)
    fresh = Basic.Properties(
        content_type=message.content_type,
        headers=dict(message.headers) if message.headers else None,
        delivery_mode=PERSISTENT,
        correlation_id=message.correlation_id,
        message_id=message_id,
        user_id=message.user_id,
    )
    return fitted(fresh, ours, frame_max_bytes)


def _kept(original: Properties, added: Mapping[str, str | int], user: str | None) -> Basic.Properties:
    # a letter tells nothing of its parking but what we tell; what is sent back tells what it was parked for
    left_out = {*COUNTS, ORIGINAL_USER, *(ParkedHeader if ParkedHeader.REASON in added else ())}
    headers = {key: _sendable(value) for key, value in (original.headers or {}).items() if key not in left_out}
    for name in SET_ASIDE:
        value = getattr(original, name, None)
        if value is not None:
            headers[ORIGINAL + name.replace("_", "-")] = str(value)
    headers.update(added)
    kept = Basic.Properties(headers=headers or None, delivery_mode=PERSISTENT, user_id=user)
    for name in KEPT:
        setattr(kept, name, getattr(original, name, None))
    return kept


def _sendable(value: object) -> FieldValue:
    """`value`, or its text where it can be received but not sent (an integer above 63 bits, say)."""
    tried = cast(FieldValue, value)
    try:
        encode.encode_table_value(tried)
    except (TypeError, ValueError, OverflowError, RecursionError, struct.error):
        return str(value)
    return tried
