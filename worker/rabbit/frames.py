"""AMQP frames of many messages or acks as one run of bytes."""

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from pamqp import frame
from pamqp.commands import Basic

from worker.messages import Outgoing
from worker.rabbit.fitting import FRAME_OVERHEAD
from worker.rabbit.headers import header_of
from worker.rabbit.mending import BODY_FRAME, HEADER_FRAME
from worker.rabbit.split import FRAME, FRAME_END

# Type, channel, size; class and method; delivery tag, multiple; end mark: Basic.Ack as it stands on the wire.
ACK: Final = struct.Struct(">BHIHHQ?B")
ACK_SIZE: Final = 13
END: Final = bytes((FRAME_END,))


def acks(channel: int, tags: Sequence[int], multiple_up_to: int | None) -> bytes:
    """Ack all up to `multiple_up_to`, then those of `tags` above it, one by one."""
    above = multiple_up_to or 0
    frames = [_ack(channel, above, multiple=True)] if above else []
    frames += [_ack(channel, tag, multiple=False) for tag in tags if tag > above]
    return b"".join(frames)


def publishes(
    channel: int, messages: Sequence[Outgoing], ids: Sequence[str | None], mandatory: bool, frame_max_bytes: int
) -> bytes:
    """`messages`, sent under `ids`; bodies longer than a frame are split, headers that do not fit into one left out."""
    step = frame_max_bytes - FRAME_OVERHEAD
    parts: list[bytes] = []
    for message, its_id in zip(messages, ids, strict=True):
        body, header = message.body, header_of(message, its_id, frame_max_bytes)
        parts += (
            _publish(channel, message.exchange, message.routing_key, mandatory),
            FRAME.pack(HEADER_FRAME, channel, len(header)),
            header,
            END,
        )
        for start in range(0, len(body), step):
            part = body[start : start + step]
            parts += (FRAME.pack(BODY_FRAME, channel, len(part)), part, END)
    return b"".join(parts)


def _ack(channel: int, tag: int, *, multiple: bool) -> bytes:
    return ACK.pack(1, channel, ACK_SIZE, 60, 80, tag, multiple, FRAME_END)


@lru_cache(maxsize=1_024)  # event types are few; replies have a queue each and push out one another
def _publish(channel: int, exchange: str, routing_key: str, mandatory: bool) -> bytes:
    return frame.marshal(Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=mandatory), channel)
