"""Messages with nearly a frame of headers: parked and sent back on a real broker, which would end the connection."""

from pamqp.commands import Basic

from tests.integration.rabbit.builders import claim, take
from tests.sinks import Losses, Received
from worker.messages import Outgoing
from worker.rabbit.connection import Broker, Link
from worker.rabbit.consumer import Consumer
from worker.rabbit.dead import peek, replay
from worker.rabbit.fitting import DROPPED
from worker.rabbit.publisher import Publisher

HEADER_BYTES = 130_900
PARKED: dict[str, str | int] = {
    "x-parked-reason": "not_json",
    "x-parked-detail": "d" * 200,
    "x-parked-routing-key": "allocation.set",
}


async def _send(link: Link, prefix: str) -> None:
    channel = await link.connection.channel()
    headers = Basic.Properties(headers={"filler": "x" * HEADER_BYTES})
    await channel.basic_publish(b"not json", exchange=f"{prefix}.claims", routing_key="x", properties=headers)
    await channel.close()


async def test_a_message_with_a_frame_of_headers_is_parked_and_the_next_one_taken(
    consumer: Consumer, publisher: Publisher, link: Link, declared: str
) -> None:
    received, losses = Received(), Losses()
    epoch = await consumer.open(received, losses)
    await _send(link, declared)
    (large,) = await received.next(1)

    letter = Outgoing(f"{declared}.dead", "x", large.body, headers=PARKED, properties=large.properties)
    await publisher.publish_all((letter,), mandatory=True)
    consumer.ack(epoch, [large.tag])
    await publisher.publish_all((claim(declared, b"good"),))

    (good,) = await received.next(1)
    _, properties, body = await take(link, f"{declared}.dead")
    headers = properties.headers or {}
    assert (good.body, body, losses.told) == (b"good", b"not json", [])
    assert (headers["x-parked-reason"], headers[DROPPED], "filler" in headers) == ("not_json", 1, False)


async def test_a_letter_with_a_frame_of_headers_is_sent_back(broker: Broker, link: Link, declared: str) -> None:
    # an expiration becomes a header when sent back, for which there is no room
    properties = Basic.Properties(headers={"filler": "x" * 130_985}, expiration="999999999")
    channel = await link.connection.channel()
    await channel.basic_publish(b"{}", exchange=f"{declared}.dead", routing_key="allocation.set", properties=properties)

    assert await replay(broker, declared, lambda _: True, 1) == 1
    _, properties, body = await take(link, f"{declared}.claims")
    assert (body, (properties.headers or {})[DROPPED], await peek(broker, declared, 1)) == (b"{}", 1, [])


async def test_a_letter_whose_parked_routing_key_is_too_long_is_sent_back_under_its_own(
    broker: Broker, link: Link, declared: str
) -> None:
    properties = Basic.Properties(headers={"x-parked-routing-key": "k" * 256})
    channel = await link.connection.channel()
    await channel.basic_publish(b"{}", exchange=f"{declared}.dead", routing_key="allocation.set", properties=properties)

    assert await replay(broker, declared, lambda _: True, 1) == 1
    frame, _, _ = await take(link, f"{declared}.claims")
    assert frame.routing_key == "allocation.set"
