"""The consumer against a real broker, by both ways to it."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.frame import marshal
from pamqp.header import ContentHeader

from deploy.local import Rabbit
from tests.integration.rabbit.builders import claim
from tests.sinks import WAIT_S, Losses, Received
from worker.faults import Outage
from worker.messages import Outgoing
from worker.rabbit.channels import Channels
from worker.rabbit.connection import Broker, Link
from worker.rabbit.consumer import Consumer
from worker.rabbit.publisher import Publisher


async def test_a_delivery_is_what_was_published(consumer: Consumer, publisher: Publisher, declared: str) -> None:
    received = Received()
    epoch = await consumer.open(received, Losses())
    await publisher.publish_all((Outgoing(f"{declared}.claims", "allocation.place", b"x" * 300_000, "an-id", "c"),))

    (delivery,) = await received.next(1)
    assert (delivery.body, delivery.routing_key) == (b"x" * 300_000, "allocation.place")
    assert (delivery.properties.message_id, delivery.properties.correlation_id) == ("an-id", "c")
    assert (delivery.epoch, delivery.redelivered, delivery.attempts) == (epoch, False, 0)


async def test_deliveries_come_in_order_and_no_more_than_the_prefetch(
    consumer: Consumer, publisher: Publisher, declared: str
) -> None:
    await publisher.publish_all([claim(declared, b"%d" % index) for index in range(7)])
    received = Received()
    epoch = await consumer.open(received, Losses())

    first = await received.next(3)
    assert [each.body for each in first] == [b"0", b"1", b"2"]
    assert received.all.empty()
    consumer.ack(epoch, [], multiple_up_to=first[-1].tag)
    second = await received.next(3)
    assert [each.body for each in second] == [b"3", b"4", b"5"]


async def test_a_prefetch_for_one_channel_holds_for_that_channel_alone(
    consumer: Consumer, publisher: Publisher, declared: str
) -> None:
    await publisher.publish_all([claim(declared, b"%d" % index) for index in range(7)])
    careful = Received()
    epoch = await consumer.open(careful, Losses(), prefetch=1)
    (first,) = await careful.next(1)
    assert careful.all.empty()
    consumer.ack(epoch, [first.tag])
    (second,) = await careful.next(1)
    assert (first.body, second.body) == (b"0", b"1")

    received = Received()
    await consumer.open(received, Losses())
    assert {each.body for each in await received.next(3)} == {b"1", b"2", b"3"}


async def test_what_is_acked_in_bulk_and_singly_is_gone_and_the_rest_comes_again(
    consumer: Consumer, publisher: Publisher, declared: str
) -> None:
    await publisher.publish_all([claim(declared, b"%d" % index) for index in range(3)])
    received = Received()
    epoch = await consumer.open(received, Losses())
    deliveries = await received.next(3)
    consumer.ack(epoch, [deliveries[0].tag, deliveries[2].tag], multiple_up_to=deliveries[0].tag)
    await consumer.close()

    await consumer.open(received, Losses())
    await publisher.publish_all((claim(declared, b"new"),))
    again = await received.next(2)
    assert [each.body for each in again] == [b"1", b"new"]
    assert [(each.redelivered, each.attempts) for each in again] == [(True, 1), (False, 0)]


async def test_each_channel_has_an_epoch_and_acks_of_an_older_one_are_dropped(
    consumer: Consumer, publisher: Publisher, declared: str
) -> None:
    await publisher.publish_all((claim(declared, b"old"),))
    received, losses = Received(), Losses()
    old = await consumer.open(received, losses)
    (delivery,) = await received.next(1)

    new = await consumer.open(received, losses)
    assert new > old
    (again,) = await received.next(1)
    consumer.ack(old, [delivery.tag])
    third = await consumer.open(received, losses)
    (still,) = await received.next(1)
    assert [each.body for each in (again, still)] == [b"old", b"old"]
    assert (again.attempts, still.attempts, still.epoch) == (1, 2, third)
    assert losses.told == []


async def test_after_cancel_nothing_comes_and_what_is_in_hand_can_be_settled(
    consumer: Consumer, publisher: Publisher, declared: str, link: Link
) -> None:
    await publisher.publish_all((claim(declared, b"in hand"),))
    received, losses = Received(), Losses()
    epoch = await consumer.open(received, losses)
    (delivery,) = await received.next(1)
    await consumer.cancel()
    await publisher.publish_all((claim(declared, b"waits"),))
    consumer.ack(epoch, [delivery.tag])
    assert received.all.empty()

    await consumer.close()
    await consumer.open(received, losses)
    (next_one,) = await received.next(1)
    assert (next_one.body, next_one.redelivered) == (b"waits", False)
    assert losses.told == []


async def test_a_lost_connection_is_told_once_and_opening_again_goes_on(
    consumer: Consumer, publisher: Publisher, declared: str, rabbitmqctl: Callable[..., str]
) -> None:
    received, losses = Received(), Losses()
    old = await consumer.open(received, losses)
    await asyncio.to_thread(rabbitmqctl, "close_all_connections", "test")
    assert isinstance(await losses.first(), Outage)
    consumer.ack(old, [1])

    await consumer.open(received, losses)
    await publisher.probe()
    await publisher.publish_all((claim(declared, b"after"),))
    (delivery,) = await received.next(1)
    assert delivery.body == b"after"
    assert len(losses.told) == 1


async def test_a_deleted_queue_counts_as_lost(consumer: Consumer, declared: str, link: Link) -> None:
    losses = Losses()
    await consumer.open(Received(), losses)
    channel = await link.connection.channel()
    await channel.queue_delete(f"{declared}.claims")
    assert "queue is gone" in str(await losses.first())


async def test_a_channel_that_the_broker_closes_counts_as_lost(consumer: Consumer) -> None:
    losses = Losses()
    epoch = await consumer.open(Received(), losses)
    consumer.ack(epoch, [999])
    assert "unknown delivery tag" in str(await losses.first())


SETTING = (
    "application:set_env(rabbit, consumer_timeout, {timeout_ms}),"
    " application:set_env(rabbit, channel_tick_interval, {tick_ms})."
)


@pytest.fixture
def impatient(rabbitmqctl: Callable[..., str]) -> Iterator[None]:
    """The broker waits a second for an ack instead of half an hour."""
    rabbitmqctl("eval", SETTING.format(timeout_ms=1_000, tick_ms=1_000))
    yield
    rabbitmqctl("eval", SETTING.format(timeout_ms=1_800_000, tick_ms=60_000))


@pytest.mark.usefixtures("impatient")
async def test_a_delivery_held_too_long_counts_as_lost_and_comes_again(
    consumer: Consumer, publisher: Publisher, declared: str
) -> None:
    # 3.10 and 4.0 close the channel for it, 4.3 ends the consumer
    received, losses = Received(), Losses()
    await consumer.open(received, losses)
    await publisher.publish_all((claim(declared, b"held"),))
    await received.next(1)
    assert isinstance(await losses.first(), Outage)
    await consumer.open(received, Losses())
    (again,) = await received.next(1)
    assert (again.body, again.attempts) == (b"held", 1)


async def test_closing_is_no_loss(consumer: Consumer) -> None:
    losses = Losses()
    await consumer.open(Received(), losses)
    await consumer.close()
    await consumer.close()
    assert losses.told == []


async def test_a_missing_queue_is_an_outage(broker: Broker, channels: Channels, prefix: str) -> None:
    consumer, losses = Consumer(broker, f"{prefix}.claims", prefetch=3, channels=channels), Losses()
    with pytest.raises(Outage, match="no queue"):
        await consumer.open(Received(), losses)
    await consumer.close()
    assert losses.told == []


async def test_queries_are_consumed_in_the_same_way(
    broker: Broker, channels: Channels, publisher: Publisher, declared: str
) -> None:
    consumer, received = Consumer(broker, f"{declared}.queries", prefetch=3, channels=channels), Received()
    await consumer.open(received, Losses())
    await publisher.publish_all((Outgoing("", f"{declared}.queries", b"query"),))
    (delivery,) = await received.next(1)
    assert delivery.body == b"query"
    await consumer.close()


async def test_a_count_that_a_publisher_made_up_is_not_believed(
    consumer: Consumer, publisher: Publisher, declared: str
) -> None:
    received = Received()
    await consumer.open(received, Losses())
    forged = Outgoing(f"{declared}.claims", "allocation.set", b"{}", headers={"x-delivery-count": 40})
    await publisher.publish_all((forged,))
    (delivery,) = await received.next(1)
    assert delivery.attempts == 0


async def test_a_message_that_cannot_be_decoded_arrives_without_what_cannot(
    consumer: Consumer, declared: str, link: Link
) -> None:
    received, losses = Received(), Losses()
    await consumer.open(received, losses)
    channel = await link.connection.channel()
    for frame in (
        Basic.Publish(exchange=f"{declared}.claims", routing_key="a.X"),
        ContentHeader(body_size=1, properties=Basic.Properties(message_id="kept", timestamp=datetime.now(UTC))),
        ContentBody(b"x"),
    ):
        raw = marshal(frame, channel.number).replace(b"a.X", b"a.\xff")
        # a timestamp in nanoseconds is beyond all years
        link.write(raw[:-9] + b"\x7f" * 8 + raw[-1:] if isinstance(frame, ContentHeader) else raw)

    (delivery,) = await received.next(1)
    assert (delivery.routing_key, delivery.body) == ("a.?", b"x")
    assert (delivery.properties.message_id, delivery.properties.timestamp) == ("kept", None)
    assert losses.told == []


async def test_a_frozen_broker_does_not_hold_up_a_stop(
    consumer: Consumer, publisher: Publisher, rabbit_server: Rabbit
) -> None:
    await consumer.open(Received(), Losses())
    rabbit_server.pause()
    try:
        async with asyncio.timeout(WAIT_S):
            await asyncio.gather(consumer.close(), publisher.close())
    finally:
        rabbit_server.resume()


async def test_connections_have_names_and_heartbeats(
    consumer: Consumer, publisher: Publisher, declared: str, rabbitmqctl: Callable[..., str]
) -> None:
    await consumer.open(Received(), Losses())
    await publisher.publish_all((claim(declared),))
    listed = await asyncio.to_thread(rabbitmqctl, "list_connections", "client_properties", "timeout")
    mine = [line.split("\t") for line in listed.splitlines() if "allocation-worker" in line]
    for use in ("publisher", f"consumer of {declared}.claims"):
        assert [timeout for names, timeout in mine if f'"allocation-worker {use}"' in names] == ["10"]


async def test_a_wrong_password_is_an_outage_that_does_not_tell_it(broker_url: str) -> None:
    user, at, rest = broker_url.rpartition("@")
    broker = Broker(f"{user}-wrong-secret{at}{rest}")
    with pytest.raises(Outage, match="refuses the user name or password") as caught:
        await broker.connect("test")
    assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r} {broker!r}"


async def test_a_broker_that_is_not_there_is_an_outage() -> None:
    async with asyncio.timeout(WAIT_S):
        with pytest.raises(Outage, match="cannot be used"):
            await Broker("amqp://guest:secret@127.0.0.1:1/").connect("test")
