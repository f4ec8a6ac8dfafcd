"""What taps take of a channel's frames, and what they make of it."""

from pamqp import frame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from worker.rabbit.taps import AnswerTap, DeliveryTap, Tap


def offered(tap: Tap, *frames: frame.FrameTypes) -> list[bool]:
    """Whether `tap` took each of `frames`."""
    raws = [frame.marshal(each, 1) for each in frames]
    return [tap.take(raw[0], raw[7:-1]) for raw in raws]


class Deliveries(list[tuple[int, bool, str, str | None, bytes]]):
    def __call__(
        self, tag: int, redelivered: bool, routing_key: str, properties: Basic.Properties, body: bytes
    ) -> None:
        self.append((tag, redelivered, routing_key, properties.message_id, body))


class Answers(list[object]):
    def returned(self, method: Basic.Return, properties: Basic.Properties) -> None:
        self.append((method.exchange, method.routing_key, properties.message_id))

    def confirmed(self, tag: int, multiple: bool, accepted: bool) -> None:
        self.append((tag, multiple, accepted))


def deliver(tag: int, redelivered: bool = False) -> Basic.Deliver:
    return Basic.Deliver("consumer", tag, redelivered, "exchange", "key")


def header(size: int, message_id: str = "id") -> ContentHeader:
    return ContentHeader(body_size=size, properties=Basic.Properties(message_id=message_id))


def test_a_delivery_is_handed_on_when_its_last_part_has_come() -> None:
    found = Deliveries()
    tap = DeliveryTap(found)
    assert all(offered(tap, deliver(2**40, True), header(5), ContentBody(b"abc")))
    assert found == []
    assert offered(tap, ContentBody(b"de")) == [True]
    assert found == [(2**40, True, "key", "id", b"abcde")]


def test_an_empty_body_has_no_frame_and_is_not_waited_for() -> None:
    found = Deliveries()
    tap = DeliveryTap(found)
    offered(tap, deliver(1), header(0, "first"), deliver(2), header(1, "second"), ContentBody(b"x"))
    assert found == [(1, False, "key", "first", b""), (2, False, "key", "second", b"x")]


def test_replies_to_calls_are_left_with_the_content_that_belongs_to_them() -> None:
    found = Deliveries()
    got = Basic.GetOk(delivery_tag=3, exchange="e", routing_key="k", message_count=0)
    replies = (Basic.ConsumeOk("consumer"), got, header(1), ContentBody(b"x"), Basic.Cancel("consumer"))
    tap = DeliveryTap(found)
    assert not any(offered(tap, *replies))
    offered(tap, deliver(1), header(1), ContentBody(b"y"))
    assert not any(offered(tap, *replies))
    assert [one[-1] for one in found] == [b"y"]


def test_a_routing_key_that_is_not_utf_8_gets_a_question_mark() -> None:
    found = Deliveries()
    tap = DeliveryTap(found)
    tap.take(1, frame.marshal(deliver(1), 1)[7:-1].replace(b"key", b"k\xffy"))
    offered(tap, header(0))
    assert found == [(1, False, "k?y", "id", b"")]


def test_answers_are_told_apart() -> None:
    found = Answers()
    tap = AnswerTap(found.returned, found.confirmed)
    nacks = [Basic.Nack(9, multiple=True, requeue=False), Basic.Nack(10, multiple=False, requeue=True)]
    assert all(offered(tap, Basic.Ack(7), Basic.Ack(2**40, multiple=True), *nacks))
    assert found == [(7, False, True), (2**40, True, True), (9, True, False), (10, False, False)]


def test_a_returned_message_is_told_before_its_confirm_and_its_body_is_dropped() -> None:
    found = Answers()
    tap = AnswerTap(found.returned, found.confirmed)
    returned = Basic.Return(312, "NO_ROUTE", "exchange", "key")
    assert all(offered(tap, returned, header(4), ContentBody(b"ab"), ContentBody(b"cd"), Basic.Ack(1)))
    assert found == [("exchange", "key", "id"), (1, False, True)]


def test_replies_on_a_channel_to_publish_on_are_left() -> None:
    found = Answers()
    tap = AnswerTap(found.returned, found.confirmed)
    assert not any(offered(tap, Basic.QosOk(), header(1), ContentBody(b"x")))
