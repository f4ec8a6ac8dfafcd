"""Frames of one channel, taken before they cost a task and a future each: deliveries, or answers to what was published.

A tap is offered each frame of its channel, in order, and says whether it took it. What it leaves is a reply to a call.
"""

import struct
from collections.abc import Callable
from typing import Final, Protocol

from pamqp.commands import Basic

from worker.rabbit.headers import properties_in
from worker.rabbit.mending import BODY_FRAME, DELIVER, HEADER_FRAME, METHOD_FRAME, readable_key

# The delivery's tag, whether it is a redelivery, its routing key, properties and body.
OnDelivery = Callable[[int, bool, str, Basic.Properties, bytes], None]
OnReturn = Callable[[Basic.Return, Basic.Properties], None]
# The tag, whether all up to it are meant, whether they were accepted.
OnConfirm = Callable[[int, bool, bool], None]

ACK: Final = b"\x00\x3c\x00\x50"
NACK: Final = b"\x00\x3c\x00\x78"
RETURN: Final = b"\x00\x3c\x00\x32"
INDEX_SIZE: Final = 4
TAG_AND_BITS: Final = struct.Struct(">QB")
MULTIPLE: Final = 1
BODY_SIZE: Final = struct.Struct(">Q")
# Behind class and weight.
BODY_SIZE_AT: Final = 4


class Tap(Protocol):
    """Takes frames of a channel."""

    def take(self, kind: int, payload: bytes) -> bool: ...


class DeliveryTap:
    """Puts each delivery together and hands it on."""

    def __init__(self, on_delivery: OnDelivery) -> None:
        self._on_delivery = on_delivery
        self._method: bytes | None = None
        self._properties = Basic.Properties()
        self._missing = 0
        self._parts: list[bytes] = []

    def take(self, kind: int, payload: bytes) -> bool:
        """Take deliveries, and their headers and bodies."""
        if kind == METHOD_FRAME:
            if not payload.startswith(DELIVER):
                return False
            self._method = payload
            return True
        if self._method is None:
            return False
        if kind == HEADER_FRAME:
            (self._missing,) = BODY_SIZE.unpack_from(payload, BODY_SIZE_AT)
            self._properties, self._parts = properties_in(payload), []
        elif kind == BODY_FRAME:
            self._parts.append(payload)
            self._missing -= len(payload)
        if self._missing <= 0:
            self._hand_on(self._method)
        return True

    def _hand_on(self, method: bytes) -> None:
        self._method = None
        at = INDEX_SIZE + 1 + method[INDEX_SIZE]  # behind the consumer's tag
        tag, redelivered = TAG_AND_BITS.unpack_from(method, at)
        at += TAG_AND_BITS.size
        at += 1 + method[at]  # behind the exchange
        key = readable_key(method[at + 1 : at + 1 + method[at]])
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._on_delivery(tag, bool(redelivered), key, self._properties, body)


class AnswerTap:
    """Tells of confirms, and of messages that came back."""

    def __init__(self, on_return: OnReturn, on_confirm: OnConfirm) -> None:
        self._on_return = on_return
        self._on_confirm = on_confirm
        self._returned: Basic.Return | None = None
        self._properties = Basic.Properties()
        self._missing = 0

    def take(self, kind: int, payload: bytes) -> bool:
        """Take confirms, and returned messages with their headers and bodies."""
        if kind == METHOD_FRAME:
            return self._take_method(payload)
        if self._returned is None:
            return False
        if kind == HEADER_FRAME:
            (self._missing,) = BODY_SIZE.unpack_from(payload, BODY_SIZE_AT)
            self._properties = properties_in(payload)
        elif kind == BODY_FRAME:
            self._missing -= len(payload)
        if self._missing <= 0:
            returned, self._returned = self._returned, None
            self._on_return(returned, self._properties)
        return True

    def _take_method(self, payload: bytes) -> bool:
        if payload.startswith((ACK, NACK)):
            tag, bits = TAG_AND_BITS.unpack_from(payload, INDEX_SIZE)
            self._on_confirm(tag, bool(bits & MULTIPLE), payload.startswith(ACK))
            return True
        if payload.startswith(RETURN):
            self._returned = Basic.Return()
            self._returned.unmarshal(payload[INDEX_SIZE:])
            return True
        return False
