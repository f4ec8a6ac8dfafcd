"""How the stream from the broker is parted."""

import asyncio
import struct

import pytest
from aiormq.connection import FrameReceiver
from aiormq.exceptions import AMQPConnectionError, InvalidFrameError, ProtocolSyntaxError
from hypothesis import given
from hypothesis import strategies as st
from pamqp import frame
from pamqp.body import ContentBody
from pamqp.commands import Basic, Channel
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

from worker.rabbit.split import SplitReader
from worker.rabbit.taps import DeliveryTap

OURS, THEIRS = 7, 8


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def delivery(tag: int, body: bytes) -> bytes:
    parts = (
        Basic.Deliver("consumer", tag, False, "exchange", "key"),
        ContentHeader(body_size=len(body), properties=Basic.Properties(message_id="id")),
        ContentBody(body),
    )
    return b"".join(frame.marshal(part, OURS) for part in parts)


def tapped(clock: Clock | None = None) -> tuple[SplitReader, list[bytes]]:
    """A reader, and the bodies that are taken from it."""
    reader, bodies = SplitReader(clock or Clock()), list[bytes]()
    reader.tap(OURS, DeliveryTap(lambda _tag, _again, _key, _properties, body: bodies.append(body)))
    return reader, bodies


async def rest(reader: SplitReader) -> bytes:
    """All that is left for aiormq."""
    reader.feed_eof()
    return await reader.read()


@given(st.lists(st.integers(1, 60), min_size=1))
async def test_wherever_the_stream_is_cut_the_same_is_taken_and_the_same_left(cuts: list[int]) -> None:
    reader, bodies = tapped()
    left = frame.marshal(Basic.QosOk(), OURS) + frame.marshal(Basic.Ack(1), THEIRS) + frame.marshal(Heartbeat(), 0)
    stream = delivery(1, b"first") + left + delivery(2, b"second" * 20)
    at = 0
    for cut in cuts:
        if stream[at : at + cut]:
            reader.feed_data(stream[at : at + cut])
        at += cut
    if stream[at:]:
        reader.feed_data(stream[at:])
    assert bodies == [b"first", b"second" * 20]
    assert await rest(reader) == left


async def test_what_comes_on_a_channel_that_nobody_tapped_is_left() -> None:
    reader, stream = SplitReader(), delivery(1, b"body")
    reader.feed_data(stream)
    assert await rest(reader) == stream


@pytest.mark.parametrize("close", [Channel.Close(404, "gone", 0, 0), Channel.CloseOk()])
async def test_once_a_channel_is_closed_its_number_is_free_for_another(close: frame.FrameTypes) -> None:
    reader, bodies = tapped()
    later = frame.marshal(close, OURS) + delivery(1, b"another's")
    reader.feed_data(delivery(1, b"ours") + later)
    assert bodies == [b"ours"]
    assert await rest(reader) == later


async def test_where_frames_are_taken_aiormq_gets_a_heartbeat_each_second() -> None:
    clock = Clock()
    reader, bodies = tapped(clock)
    for _ in range(3):
        reader.feed_data(delivery(1, b"x") * 50)
    clock.now += 1
    reader.feed_data(delivery(1, b"x"))
    reader.feed_data(delivery(1, b"x"))
    clock.now += 1
    reader.feed_data(delivery(1, b"x"))
    assert len(bodies) == 153
    assert await rest(reader) == frame.marshal(Heartbeat(), 0) * 2


async def test_no_heartbeat_is_made_up_where_nothing_was_taken() -> None:
    clock = Clock()
    reader, _ = tapped(clock)
    clock.now += 60
    reader.feed_data(frame.marshal(Basic.QosOk(), OURS))
    assert await rest(reader) == frame.marshal(Basic.QosOk(), OURS)


async def test_what_is_left_can_be_decoded() -> None:
    reader = SplitReader()
    broken = frame.marshal(ContentHeader(body_size=5, properties=Basic.Properties(message_id="X")), THEIRS)
    reader.feed_data(broken.replace(b"\x01X", b"\x01\xff"))
    _, _, found = await FrameReceiver(reader).get_frame()
    assert isinstance(found, ContentHeader)
    assert (found.body_size, found.properties.message_id) == (5, None)


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        (b"AMQP\x00\x00\x09\x01", ProtocolSyntaxError),
        (frame.marshal(Basic.QosOk(), OURS)[:-1] + b"\x00", InvalidFrameError),
        (struct.pack(">BHI", 9, 0, 1) + b"x\xce", InvalidFrameError),
    ],
    ids=["another version", "no end mark", "no such kind"],
)
async def test_a_stream_that_is_no_run_of_frames_is_left_to_aiormq_to_refuse(
    stream: bytes, error: type[Exception]
) -> None:
    reader, bodies = tapped()
    reader.feed_data(stream)
    reader.feed_data(delivery(1, b"not to be trusted"))
    with pytest.raises(error):
        await FrameReceiver(reader).get_frame()
    assert bodies == []


async def test_an_end_within_a_frame_is_told_as_one() -> None:
    reader, _ = tapped()
    reader.feed_data(delivery(1, b"body")[:30])
    reader.feed_eof()
    reader.feed_eof()
    with pytest.raises(AMQPConnectionError, match="unexpectedly closed"):
        await FrameReceiver(reader).get_frame()


async def test_a_lost_connection_is_told_to_who_waits() -> None:
    reader, _ = tapped()
    waiting = asyncio.ensure_future(FrameReceiver(reader).get_frame())
    reader.feed_data(delivery(1, b"body"))
    reader.set_exception(ConnectionResetError("gone"))
    with pytest.raises(AMQPConnectionError, match="gone"):
        await waiting
