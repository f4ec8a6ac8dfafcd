"""The publisher against a real broker, by both ways to it."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from aiormq.abc import AbstractChannel
from pamqp.commands import Basic
from pamqp.common import FieldValue

from tests.integration.rabbit.builders import claim, take
from tests.sinks import WAIT_S
from worker.faults import Outage, Unconfirmed, Unroutable
from worker.messages import Outgoing
from worker.rabbit.channels import Channels, PublishChannel
from worker.rabbit.confirms import Receipt
from worker.rabbit.connection import Broker, Link
from worker.rabbit.publisher import WRITE_BYTES, Publisher


async def test_what_is_confirmed_is_in_the_queue_and_persistent(
    publisher: Publisher, link: Link, declared: str
) -> None:
    message = Outgoing(f"{declared}.claims", "allocation.set", b"body", "an-id", "a-correlation", headers={"k": 1})
    await publisher.publish_all((message,))

    frame, properties, body = await take(link, f"{declared}.claims")
    assert (frame.routing_key, body) == ("allocation.set", b"body")
    assert (properties.message_id, properties.correlation_id) == ("an-id", "a-correlation")
    assert (properties.delivery_mode, (properties.headers or {})["k"]) == (2, 1)
    assert properties.content_type == "application/cloudevents+json"


@pytest.mark.parametrize("size", [0, 131_063, 131_064, 131_065, 1_000_000])
async def test_a_body_arrives_whole_whatever_its_size(
    publisher: Publisher, link: Link, declared: str, size: int
) -> None:
    sent = bytes(index % 251 for index in range(size))
    await publisher.publish_all((claim(declared, sent),))

    _, _, body = await take(link, f"{declared}.claims")
    assert body == sent


async def test_a_batch_is_written_in_parts_that_are_not_too_large(broker: Broker, declared: str, link: Link) -> None:
    channels = _Watched()
    publisher = Publisher(broker, channels=channels)
    await publisher.open()
    messages = [claim(declared, b"%d" % at + b"x" * (WRITE_BYTES // 3)) for at in range(7)]
    await publisher.publish_all(messages)
    await publisher.close()

    assert channels.written == [2, 2, 2, 1]
    firsts = [(await take(link, f"{declared}.claims"))[2][:1] for _ in messages]
    assert firsts == [b"0", b"1", b"2", b"3", b"4", b"5", b"6"]


async def test_a_message_above_the_broker_s_limit_is_refused_by_it(publisher: Publisher, declared: str) -> None:
    with pytest.raises(Unconfirmed, match="larger than configured max size 2097152"):
        await publisher.publish_all((claim(declared, bytes(2_097_153)),))


async def test_batches_published_at_the_same_time_are_each_confirmed(
    publisher: Publisher, link: Link, declared: str
) -> None:
    await asyncio.gather(*(publisher.publish_all([claim(declared)] * 100) for _ in range(5)))

    channel = await link.connection.channel()
    purged = await channel.queue_purge(f"{declared}.claims")
    assert purged.message_count == 500


async def test_a_refused_message_is_unconfirmed(publisher: Publisher, link: Link) -> None:
    full = await _full_queue(link)
    with pytest.raises(Unconfirmed, match="refused 3 of 3"):
        await publisher.publish_all([Outgoing("", full, b"too many")] * 3)


async def test_after_a_refusal_no_channel_is_used_again(publisher: Publisher, declared: str, link: Link) -> None:
    with pytest.raises(Unconfirmed):
        await publisher.publish_all([Outgoing("", await _full_queue(link), b"too many")])
    with pytest.raises(Outage, match="not open"):
        await publisher.publish_all((claim(declared),))
    await publisher.open()
    await publisher.publish_all((claim(declared),))


async def test_a_mandatory_message_without_a_queue_is_unroutable_and_the_others_arrive(
    publisher: Publisher, link: Link, declared: str
) -> None:
    nowhere = Outgoing(f"{declared}.events", "nobody.listens", b"")
    with pytest.raises(Unroutable, match="1 of 2"):
        await publisher.publish_all((nowhere, claim(declared, b"arrives")), mandatory=True)

    _, _, body = await take(link, f"{declared}.claims")
    assert body == b"arrives"


async def test_two_mandatory_messages_may_share_an_id(publisher: Publisher, declared: str) -> None:
    twin = Outgoing(f"{declared}.events", "nobody.listens", b"", message_id="same")
    with pytest.raises(Unroutable, match="2 of 2"):
        await publisher.publish_all((twin, twin), mandatory=True)


async def test_an_event_that_nobody_subscribed_to_is_confirmed(publisher: Publisher, declared: str) -> None:
    await publisher.publish_all((Outgoing(f"{declared}.events", "allocation.granted", b"{}"),))


async def test_a_missing_exchange_leaves_messages_unconfirmed_and_open_mends_the_channel(
    publisher: Publisher, declared: str
) -> None:
    with pytest.raises(Unconfirmed, match="no exchange"):
        await publisher.publish_all((Outgoing(f"{declared}.none", "key", b""),))
    await publisher.open()
    await publisher.publish_all((claim(declared),))


async def test_a_lost_connection_leaves_messages_unconfirmed_and_probing_brings_it_back(
    publisher: Publisher, declared: str, rabbitmqctl: Callable[..., str]
) -> None:
    publishing = asyncio.create_task(_publish_until_unconfirmed(publisher, declared))
    await asyncio.to_thread(rabbitmqctl, "close_all_connections", "test")
    async with asyncio.timeout(WAIT_S):
        fault = await publishing
    assert "unconfirmed" in str(fault)

    await publisher.probe()
    await publisher.publish_all((claim(declared),))


async def test_an_alarm_leaves_messages_unconfirmed_and_is_told_until_it_ends(
    broker: Broker, channels: Channels, declared: str, rabbitmqctl: Callable[..., str]
) -> None:
    publisher = Publisher(broker, publish_timeout_ms=500, channels=channels)
    await publisher.open()
    assert not publisher.is_blocked
    await asyncio.to_thread(rabbitmqctl, "set_vm_memory_high_watermark", "absolute", "1")
    try:
        for _ in range(2):  # the first is written and not read, the second waits for the end of the alarm
            with pytest.raises(Unconfirmed, match="in time"):
                await publisher.publish_all((claim(declared),))
        assert publisher.is_blocked
    finally:
        await asyncio.to_thread(rabbitmqctl, "set_vm_memory_high_watermark", "0.4")
    await _probe_until_sound(publisher)
    assert not publisher.is_blocked
    await publisher.close()


async def test_a_connection_lost_during_an_alarm_ends_the_waiting(
    broker: Broker, declared: str, rabbitmqctl: Callable[..., str]
) -> None:
    publisher = Publisher(broker, publish_timeout_ms=4_000)
    await publisher.open()
    await asyncio.to_thread(rabbitmqctl, "set_vm_memory_high_watermark", "absolute", "1")
    try:
        with pytest.raises(Unconfirmed, match="in time"):
            await publisher.publish_all((claim(declared),))
        waiting = asyncio.create_task(publisher.publish_all((claim(declared),)))
        await asyncio.to_thread(rabbitmqctl, "close_all_connections", "test")
        with pytest.raises(Unconfirmed, match="lost while it was blocked"):
            await waiting
    finally:
        await asyncio.to_thread(rabbitmqctl, "set_vm_memory_high_watermark", "0.4")
    await publisher.close()


async def test_replies_go_to_queues_by_name_and_failed_ones_are_counted(publisher: Publisher, link: Link) -> None:
    channel = await link.connection.channel()
    queue = (await channel.queue_declare(exclusive=True)).queue or ""
    full = await _full_queue(link)
    replies = [Outgoing("", to, b"answer", correlation_id="7") for to in (queue, "amq.gen-gone", full)]
    assert await publisher.reply(replies) == 2

    message = await channel.basic_get(queue)
    assert (message.body, message.header.properties.correlation_id) == (b"answer", "7")
    assert message.header.properties.message_id


async def test_a_failed_reply_does_not_disturb_publishing(publisher: Publisher, declared: str) -> None:
    assert await publisher.reply([Outgoing(f"{declared}.none", "key", b"")] * 2) == 2
    await publisher.publish_all((claim(declared),))
    assert await publisher.reply((claim(declared),)) == 0


async def test_a_parked_message_keeps_its_properties_and_sets_a_foreign_user_aside(
    publisher: Publisher, link: Link, declared: str
) -> None:
    came = _came()
    await publisher.publish_all(
        (Outgoing(f"{declared}.dead", "allocation.set", b"\xff", headers={"why": "x"}, properties=came),),
        mandatory=True,
    )

    _, properties, body = await take(link, f"{declared}.dead")
    assert body == b"\xff"
    headers = {**(properties.headers or {})}
    # that of the queue it is in now, where the broker counts from the first delivery on
    assert headers.pop("x-delivery-count", 0) == 0
    assert headers == {"mine": "kept", "why": "x", "x-original-user-id": "somebody"}
    assert (properties.message_id, properties.reply_to, properties.priority) == ("theirs", "amq.gen-1", 3)
    assert properties.user_id is None


async def test_a_closed_publisher_publishes_nothing(publisher: Publisher, declared: str) -> None:
    await publisher.close()
    with pytest.raises(Outage, match="not open"):
        await publisher.publish_all((claim(declared),))
    assert await publisher.reply((claim(declared),)) == 1


class _Watched(Channels):
    """Channels in bulk that remember how many messages each write had."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[int] = []

    async def for_publishing(self, link: Link) -> PublishChannel:
        return _WatchedChannel(await super().for_publishing(link), self.written)


class _WatchedChannel:
    def __init__(self, channel: PublishChannel, written: list[int]) -> None:
        self._channel = channel
        self._written = written

    @property
    def is_closed(self) -> bool:
        return self._channel.is_closed

    async def publish(self, messages: Sequence[Outgoing], mandatory: bool) -> Receipt:
        self._written.append(len(messages))
        return await self._channel.publish(messages, mandatory)


def _came() -> Basic.Properties:
    return Basic.Properties(
        headers={"mine": "kept", "x-delivery-count": 7},
        message_id="theirs",
        reply_to="amq.gen-1",
        priority=3,
        user_id="somebody",
    )


async def _full_queue(link: Link) -> str:
    """A queue, gone with its connection, that refuses what is sent to it."""
    channel: AbstractChannel = await link.connection.channel()
    arguments: dict[str, FieldValue] = {"x-max-length": 0, "x-overflow": "reject-publish"}
    declared = await channel.queue_declare(exclusive=True, arguments=arguments)
    return declared.queue or ""


async def _publish_until_unconfirmed(publisher: Publisher, prefix: str) -> Unconfirmed:
    while True:
        try:
            await publisher.publish_all([claim(prefix)] * 20)
        except Unconfirmed as fault:
            return fault


async def _probe_until_sound(publisher: Publisher) -> None:
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                await publisher.probe()
            except Outage:
                continue
            return
