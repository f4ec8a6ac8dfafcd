"""AMQP frames of many messages or acks as one run of bytes."""

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from pamqp import frame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from worker.messages import Outgoing

# Type, channel, size; class and method; delivery tag, multiple; end mark: Basic.Ack as it stands on the wire.
ACK: Final = struct.Struct(">BHIHHQ?B")
ACK_SIZE: Final = 13
FRAME_END: Final = 0xCE
# A frame's own header and end mark, which frame_max includes.
FRAME_OVERHEAD: Final = 8


def acks(channel: int, tags: Sequence[int], multiple_up_to: int | None) -> bytes:
    """Ack all up to `multiple_up_to`, then those of `tags` above it, one by one."""
    above = multiple_up_to or 0
    frames = [_ack(channel, above, multiple=True)] if above else []
    frames += [_ack(channel, tag, multiple=False) for tag in tags if tag > above]
    return b"".join(frames)


def publishes(
    channel: int,
    messages: Sequence[Outgoing],
    properties: Sequence[Basic.Properties],
    mandatory: bool,
    frame_max_bytes: int,
) -> bytes:
    """`messages`, sent with `properties`; bodies longer than a frame are split."""
    step = frame_max_bytes - FRAME_OVERHEAD
    frames: list[bytes] = []
    for message, its in zip(messages, properties, strict=True):
        body = message.body
        frames.append(_publish(channel, message.exchange, message.routing_key, mandatory))
        frames.append(frame.marshal(ContentHeader(body_size=len(body), properties=its), channel))
        frames += [
            frame.marshal(ContentBody(body[start : start + step]), channel) for start in range(0, len(body), step)
        ]
    return b"".join(frames)


def _ack(channel: int, tag: int, *, multiple: bool) -> bytes:
    return ACK.pack(1, channel, ACK_SIZE, 60, 80, tag, multiple, FRAME_END)


@lru_cache(maxsize=1_024)  # event types are few; replies have a queue each and push out one another
def _publish(channel: int, exchange: str, routing_key: str, mandatory: bool) -> bytes:
    return frame.marshal(Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=mandatory), channel)
