"""What cannot be decoded, taken out of a message before it takes down the connection.

A publisher's timestamp in microseconds, or a message id or routing key that is not UTF-8, makes aiormq end the
connection, over and over, since the same message is then delivered again. Frames keep their length: what follows a
property moves up and the rest is filled. A message loses what nobody could have read.
"""

import struct
from typing import Final

from pamqp import decode
from pamqp.commands import Basic
from pamqp.header import ContentHeader

METHOD_FRAME: Final = 1
HEADER_FRAME: Final = 2
BODY_FRAME: Final = 3
# A frame's type, channel and size.
FRAME_OPENING: Final = 7
# Class and method of what carries a routing key to us, with the number of bytes between them and the exchange's name.
DELIVER: Final = b"\x00\x3c\x00\x3c"
GET_OK: Final = b"\x00\x3c\x00\x47"
TAG_AND_FLAG: Final = 9
# Class, weight and body size stand before the flags, whose last bit says that there are more of them.
FIXED: Final = 12
MORE_FLAGS: Final = 1
UNREADABLE: Final = (ValueError, OverflowError, OSError, struct.error, RecursionError)
FLAGS: Final = struct.Struct(">H")
TABLE_SIZE: Final = struct.Struct(">I")


def mended_frame(frame: bytes) -> bytes:
    """`frame`, or a readable one of the same length."""
    kind, payload = frame[0], frame[FRAME_OPENING:-1]
    if kind == HEADER_FRAME and len(payload) >= FIXED:
        return frame[:FRAME_OPENING] + mended(payload) + frame[-1:]
    if kind == METHOD_FRAME and payload.startswith((DELIVER, GET_OK)):
        return frame[:FRAME_OPENING] + mended_key(payload) + frame[-1:]
    return frame


def mended(header: bytes) -> bytes:
    """`header`, a content header, or one of the same length without the properties that cannot be decoded."""
    try:
        ContentHeader().unmarshal(header)
    except UNREADABLE:
        return _readable(header)
    return header


def mended_key(method: bytes) -> bytes:
    """`method`, a delivery, with question marks for what is not ASCII in a routing key that is not UTF-8."""
    start = len(DELIVER) + TAG_AND_FLAG
    if method.startswith(DELIVER):
        start += 1 + method[len(DELIVER)]  # the consumer's tag
    start += 1 + method[start]  # the exchange
    end = start + 1 + method[start]
    key = readable_key(method[start + 1 : end]).encode()
    return method[: start + 1] + key + method[end:]


def readable_key(key: bytes) -> str:
    """`key`, a routing key, with question marks for what is not ASCII where it is not UTF-8."""
    try:
        return key.decode()
    except UnicodeDecodeError:
        return key.decode("ascii", "replace").replace("\ufffd", "?")


def _readable(header: bytes) -> bytes:
    (flags,) = FLAGS.unpack_from(header, FIXED)
    start, kept_flags, kept = FIXED + FLAGS.size, 0, b""
    for name, flag in Basic.Properties.flags.items():
        if not flags & flag or flags & MORE_FLAGS:
            continue
        kind = Basic.Properties.amqp_type(name)
        end = start + _size(header, start, kind)
        if _is_readable(header[start:end], kind):
            kept_flags, kept = kept_flags | flag, kept + header[start:end]
        start = end
    return (header[:FIXED] + FLAGS.pack(kept_flags) + kept).ljust(len(header), b"\0")


def _size(header: bytes, start: int, kind: str) -> int:
    match kind:
        case "shortstr":
            return 1 + header[start]
        case "table":
            return TABLE_SIZE.size + int(TABLE_SIZE.unpack_from(header, start)[0])
        case "timestamp":
            return 8
        case _:
            return 1


def _is_readable(value: bytes, kind: str) -> bool:
    try:
        decode.by_type(value, kind)
    except UNREADABLE:
        return False
    return True
