"""Content headers as they stand on the wire, read and written without an object for what need not have one."""

import struct
from functools import lru_cache
from typing import Final

from pamqp import decode
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from worker.messages import Outgoing
from worker.rabbit.mending import FIXED, FLAGS, MORE_FLAGS, UNREADABLE, mended
from worker.rabbit.properties import PERSISTENT, properties_of

# Class, weight and body size, then the flags.
OPENING: Final = struct.Struct(">HHQH")
BASIC: Final = 60
CONTENT_TYPE: Final = Basic.Properties.flags["content_type"]
DELIVERY_MODE: Final = Basic.Properties.flags["delivery_mode"]
CORRELATION_ID: Final = Basic.Properties.flags["correlation_id"]
MESSAGE_ID: Final = Basic.Properties.flags["message_id"]


def header_of(message: Outgoing, message_id: str | None, frame_max_bytes: int) -> bytes:
    """The header that `message` is sent with: that of `properties_of`, to the byte."""
    if message.properties is not None or message.headers or message.user_id or not message_id:
        properties = properties_of(message, message_id, frame_max_bytes)
        return ContentHeader(body_size=len(message.body), properties=properties).marshal()
    flags = DELIVERY_MODE | MESSAGE_ID
    content_type = correlation_id = b""
    if message.content_type:
        flags |= CONTENT_TYPE
        content_type = _short(message.content_type)
    if message.correlation_id:
        flags |= CORRELATION_ID
        correlation_id = _short(message.correlation_id)
    opening = OPENING.pack(BASIC, 0, len(message.body), flags)
    return b"%b%b%c%b%b" % (opening, content_type, PERSISTENT, correlation_id, _short(message_id))


def properties_in(header: bytes) -> Basic.Properties:
    """What `header` says, without what cannot be decoded."""
    try:
        return _read(header)
    except (*UNREADABLE, IndexError):
        found = ContentHeader()
        found.unmarshal(mended(header))
        return found.properties


def _read(header: bytes) -> Basic.Properties:
    (flags,) = FLAGS.unpack_from(header, FIXED)
    found, at = Basic.Properties(), FIXED + FLAGS.size
    for name, kind in _named(flags):
        if kind == "shortstr":
            end = at + 1 + header[at]
            setattr(found, name, header[at + 1 : end].decode())
            at = end
        else:
            size, value = decode.by_type(header[at:], kind)
            setattr(found, name, value)
            at += size
    if at > len(header):
        raise ValueError("the header ends within a property")
    return found


@lru_cache(maxsize=1_024)  # a client sets the same few properties each time
def _named(flags: int) -> tuple[tuple[str, str], ...]:
    if flags & MORE_FLAGS:
        raise ValueError("more flags than there are properties")
    return tuple(
        (name, Basic.Properties.amqp_type(name)) for name, flag in Basic.Properties.flags.items() if flags & flag
    )


def _short(text: str) -> bytes:
    """As a short string: at most 255 bytes, their number before them. Raises struct.error."""
    encoded = text.encode()
    return struct.pack("B", len(encoded)) + encoded
