"""A message's properties within one frame, however many headers it came with.

A broker ends the connection on a content header above frame_max, and delivers the message that was being parked again.
"""

from collections.abc import Mapping
from typing import Final

from pamqp import encode
from pamqp.commands import Basic
from pamqp.common import FieldValue
from pamqp.header import ContentHeader

from schemas.parked import ParkedHeader

DROPPED: Final = ParkedHeader.HEADERS_DROPPED.value
# A frame's own header and end mark, which frame_max includes.
FRAME_OVERHEAD: Final = 8
# For what is added behind us: the header above (35), a message id by aiormq (33), a delivery count by the queue (26).
SPARE_BYTES: Final = 96
# Where all of a detail does not fit, its beginning says the most.
DETAIL_CHARACTERS: Final = 256


def fitted(properties: Basic.Properties, ours: Mapping[str, object], frame_max_bytes: int) -> Basic.Properties:
    """`properties`, or a copy with fewer headers whose content header fits into a frame.

    Of what was added by us (`ours`) the trace goes first and the detail is cut; then go the headers that the message
    came with, the largest first, counted in DROPPED; then, which takes a tiny frame, the rest of ours.
    """
    excess = len(ContentHeader(properties=properties).marshal()) - (frame_max_bytes - FRAME_OVERHEAD - SPARE_BYTES)
    if excess <= 0 or not properties.headers:
        return properties
    headers = dict(properties.headers)
    if ParkedHeader.TRACE in ours:
        excess -= _take(headers, ParkedHeader.TRACE)
    if excess > 0 and ParkedHeader.DETAIL in ours:
        detail = str(headers[ParkedHeader.DETAIL])
        excess -= _take(headers, ParkedHeader.DETAIL)
        headers[ParkedHeader.DETAIL.value] = detail[:DETAIL_CHARACTERS]
        excess += _size(ParkedHeader.DETAIL, headers[ParkedHeader.DETAIL])
    _drop_largest(headers, ours, excess)
    return _with_headers(properties, headers)


def _drop_largest(headers: dict[str, FieldValue], ours: Mapping[str, object], excess: int) -> None:
    dropped = 0
    for name in sorted(headers, key=lambda name: (name in ours, -_size(name, headers[name]), name)):
        if excess <= 0:
            break
        excess -= _take(headers, name)
        dropped += 1
    if dropped:
        headers[DROPPED] = dropped


def _take(headers: dict[str, FieldValue], name: str) -> int:
    return _size(name, headers.pop(name))


def _size(name: str, value: FieldValue) -> int:
    # a table's own four bytes are counted in neither sum
    return len(encode.field_table({name: value})) - 4


def _with_headers(properties: Basic.Properties, headers: dict[str, FieldValue]) -> Basic.Properties:
    copy = Basic.Properties()
    for name in Basic.Properties.flags:
        setattr(copy, name, getattr(properties, name))
    copy.headers = headers or None
    return copy
