"""What every broker does for the engine, by its consumer and its publisher."""

import pytest

from tests.contract.brokers import PREFETCH, Brokerage
from worker.faults import Unroutable
from worker.messages import Outgoing


async def test_a_delivery_is_what_was_published(brokerage: Brokerage) -> None:
    epoch = await brokerage.open()
    await brokerage.send(b"body", key="trait.ensure")
    (delivery,) = await brokerage.received.next(1)
    assert (delivery.body, delivery.routing_key, delivery.epoch) == (b"body", "trait.ensure", epoch)
    assert (delivery.properties.correlation_id, delivery.properties.content_type) == ("c", "application/json")
    assert (delivery.redelivered, delivery.attempts, delivery.tag) == (False, 0, 1)


async def test_deliveries_come_in_order_up_to_the_prefetch_and_go_on_when_settled(brokerage: Brokerage) -> None:
    epoch = await brokerage.open()
    await brokerage.send(*(b"%d" % number for number in range(2 * PREFETCH)))
    first = await brokerage.received.next(PREFETCH)
    assert brokerage.received.all.empty()
    brokerage.consumer.ack(epoch, [], first[-1].tag)
    second = await brokerage.received.next(PREFETCH)
    assert [one.body for one in first + second] == [b"%d" % number for number in range(2 * PREFETCH)]
    assert [one.tag for one in first + second] == list(range(1, 2 * PREFETCH + 1))


async def test_what_was_not_settled_comes_again_in_order_and_says_so(brokerage: Brokerage) -> None:
    epoch = await brokerage.open()
    await brokerage.send(b"0", b"1", b"2")
    deliveries = await brokerage.received.next(3)
    brokerage.consumer.ack(epoch, [deliveries[1].tag])
    again = await brokerage.reopened(2)
    assert [one.body for one in again] == [b"0", b"2"]
    assert all(one.redelivered and one.attempts == 1 for one in again)


async def test_an_ack_of_many_takes_all_below_and_single_ones_beside(brokerage: Brokerage) -> None:
    epoch = await brokerage.open()
    await brokerage.send(b"0", b"1", b"2")
    deliveries = await brokerage.received.next(3)
    brokerage.consumer.ack(epoch, [], deliveries[1].tag)
    (left,) = await brokerage.reopened(1)
    assert left.body == b"2"


async def test_acks_of_an_older_epoch_are_dropped(brokerage: Brokerage) -> None:
    old = await brokerage.open()
    await brokerage.send(b"0")
    (first,) = await brokerage.received.next(1)
    new = await brokerage.open()
    (again,) = await brokerage.received.next(1)
    brokerage.consumer.ack(old, [first.tag])
    assert (new > old, again.tag, again.epoch) == (True, 1, new)
    (third,) = await brokerage.reopened(1)
    assert third.attempts == 2


async def test_after_a_cancel_nothing_new_comes_and_what_is_in_hand_can_be_settled(brokerage: Brokerage) -> None:
    epoch = await brokerage.open()
    await brokerage.send(b"0")
    (delivery,) = await brokerage.received.next(1)
    await brokerage.consumer.cancel()
    await brokerage.send(b"1")
    assert brokerage.received.all.empty()
    brokerage.consumer.ack(epoch, [delivery.tag])
    (left,) = await brokerage.reopened(1)
    assert (left.body, left.redelivered) == (b"1", False)


async def test_a_lost_channel_is_told_once_and_acks_on_it_are_dropped(brokerage: Brokerage) -> None:
    epoch = await brokerage.open()
    await brokerage.send(b"0")
    (delivery,) = await brokerage.received.next(1)
    await brokerage.delete_queue()
    await brokerage.losses.first()
    brokerage.consumer.ack(epoch, [delivery.tag])
    await brokerage.consumer.close()
    assert len(brokerage.losses.told) == 1


async def test_closing_is_no_loss_and_closing_twice_no_error(brokerage: Brokerage) -> None:
    await brokerage.open()
    await brokerage.consumer.close()
    await brokerage.consumer.close()
    assert brokerage.losses.told == []


async def test_a_mandatory_message_that_reaches_no_queue_is_told_and_others_are_not(brokerage: Brokerage) -> None:
    lost = Outgoing(brokerage.nowhere, "some.key", b"", "id")
    await brokerage.publisher.publish_all([lost])
    with pytest.raises(Unroutable):
        await brokerage.publisher.publish_all([lost, Outgoing(brokerage.queue, "key", b"0", "other")], mandatory=True)
    await brokerage.publisher.publish_all([Outgoing(brokerage.queue, "key", b"1", "id")], mandatory=True)
    await brokerage.open()
    assert [one.body for one in await brokerage.received.next(2)] == [b"0", b"1"]


async def test_replies_that_reach_nobody_are_counted(brokerage: Brokerage) -> None:
    replies = [Outgoing("", queue, b"", content_type="application/json") for queue in (brokerage.queue, "nobody")]
    assert await brokerage.publisher.reply(replies) == 1
    assert await brokerage.publisher.reply([]) == 0


async def test_nothing_to_publish_is_no_error_and_a_probe_succeeds(brokerage: Brokerage) -> None:
    await brokerage.publisher.open()
    await brokerage.publisher.publish_all([])
    await brokerage.publisher.probe()
    await brokerage.open()
    assert brokerage.received.all.empty()


async def test_a_parked_message_keeps_its_properties_and_has_headers_added(brokerage: Brokerage) -> None:
    await brokerage.open()
    await brokerage.send(b"0")
    (delivery,) = await brokerage.received.next(1)
    parked = Outgoing(brokerage.queue, "key", b"0", properties=delivery.properties, headers={"x-why": "so", "x-n": 1})
    await brokerage.publisher.publish_all([parked], mandatory=True)
    (again,) = await brokerage.received.next(1)
    assert again.properties.message_id == delivery.properties.message_id
    assert again.properties.correlation_id == "c"
    assert dict(again.properties.headers or {}).items() >= {"x-why": "so", "x-n": 1}.items()
