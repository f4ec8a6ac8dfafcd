"""Frames written in bulk are those of the protocol, as pamqp reads and writes them."""

from pamqp import frame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from worker.messages import Outgoing
from worker.rabbit.fitting import FRAME_OVERHEAD
from worker.rabbit.frames import acks, publishes

CHANNEL = 7
TAG = 2**40 + 5


def read(run: bytes) -> list[object]:
    """The frames in `run`."""
    found: list[object] = []
    while run:
        consumed, channel, one = frame.unmarshal(run)
        assert channel == CHANNEL
        found.append(one)
        run = run[consumed:]
    return found


def test_an_ack_is_written_as_pamqp_writes_it() -> None:
    assert acks(CHANNEL, [TAG], None) == frame.marshal(Basic.Ack(TAG, multiple=False), CHANNEL)
    assert acks(CHANNEL, [], TAG) == frame.marshal(Basic.Ack(TAG, multiple=True), CHANNEL)


def test_tags_covered_by_the_multiple_ack_are_not_acked_again() -> None:
    found = read(acks(CHANNEL, [1, 9, 3, 5], 5))
    assert [(ack.delivery_tag, ack.multiple) for ack in found if isinstance(ack, Basic.Ack)] == [(5, True), (9, False)]


def test_nothing_to_ack_is_nothing_to_write() -> None:
    assert acks(CHANNEL, [], None) == b""


def test_a_body_is_split_so_that_no_frame_is_above_the_limit() -> None:
    message = Outgoing("exchange", "key", b"0123456789")
    method, header, *bodies = read(publishes(CHANNEL, [message], ["id"], True, 12))
    assert isinstance(method, Basic.Publish)
    assert (method.exchange, method.routing_key, method.mandatory) == ("exchange", "key", True)
    assert isinstance(header, ContentHeader)
    assert (header.body_size, header.properties.message_id) == (10, "id")
    assert [each.value for each in bodies if isinstance(each, ContentBody)] == [b"0123", b"4567", b"89"]
    assert len(frame.marshal(ContentBody(b""), 1)) == FRAME_OVERHEAD


def test_a_message_without_a_body_has_no_body_frame() -> None:
    assert len(read(publishes(CHANNEL, [Outgoing("", "key", b"")], [None], False, 4_096))) == 2
