"""Dead letters on a real broker: looked at, sent back, dropped."""

import json
from collections.abc import AsyncIterator

import pytest

from tests.integration.rabbit.builders import NEWER_BROKERS_OWN_LIMIT, take
from worker.faults import Outage, Unroutable
from worker.messages import Outgoing
from worker.rabbit.connection import Broker, Link
from worker.rabbit.dead import DeadLetter, drop, peek, replay
from worker.rabbit.publisher import Publisher


@pytest.fixture
async def parked(broker: Broker, declared: str) -> AsyncIterator[str]:
    """The prefix under which three letters are parked: two claims called a and b, and one that cannot be read."""
    publisher = Publisher(broker)
    await publisher.open()
    bodies = [json.dumps({"claim_id": name}).encode() for name in ("a", "b")] + [b"\xff"]
    headers = {"x-parked-reason": "poison", "x-parked-routing-key": "allocation.set", "x-parked-first-at": "then"}
    await publisher.publish_all(
        [Outgoing(f"{declared}.dead", "parked", body, headers=headers) for body in bodies], mandatory=True
    )
    yield declared
    await publisher.close()


def is_claim_b(letter: DeadLetter) -> bool:
    return letter.claim_id == "b"


async def test_looking_at_letters_leaves_them_where_they_are(broker: Broker, parked: str) -> None:
    for _ in range(2):
        letters = await peek(broker, parked, 10)
        assert [(each.position, each.claim_id) for each in letters] == [(1, "a"), (2, "b"), (3, None)]
        assert {(each.reason, each.routing_key) for each in letters} == {("poison", "allocation.set")}
    assert [each.claim_id for each in await peek(broker, parked, 2)] == ["a", "b"]


async def test_letters_may_be_looked_at_more_often_than_a_newer_broker_allows_by_itself(
    broker: Broker, parked: str
) -> None:
    looks = [len(await peek(broker, parked, 10)) for _ in range(NEWER_BROKERS_OWN_LIMIT + 2)]
    assert looks == [3] * (NEWER_BROKERS_OWN_LIMIT + 2)


async def test_a_replayed_letter_is_a_claim_again_and_no_letter_any_more(
    broker: Broker, parked: str, link: Link
) -> None:
    assert await replay(broker, parked, is_claim_b, 10) == 1

    frame, properties, body = await take(link, f"{parked}.claims")
    assert (frame.routing_key, json.loads(body)) == ("allocation.set", {"claim_id": "b"})
    assert (properties.headers or {})["x-parked-first-at"] == "then", "so that parking it again keeps the first time"
    assert [each.claim_id for each in await peek(broker, parked, 10)] == ["a", None]


async def test_a_dropped_letter_is_gone_and_the_others_stay(broker: Broker, parked: str) -> None:
    assert await drop(broker, parked, is_claim_b, 10) == 1
    assert [each.claim_id for each in await peek(broker, parked, 10)] == ["a", None]


async def test_only_the_first_letters_up_to_the_limit_are_considered(broker: Broker, parked: str) -> None:
    assert await drop(broker, parked, is_claim_b, 1) == 0
    assert len(await peek(broker, parked, 10)) == 3


async def test_a_letter_that_no_queue_would_take_stays(broker: Broker, parked: str, link: Link) -> None:
    channel = await link.connection.channel()
    await channel.queue_delete(f"{parked}.claims")
    with pytest.raises(Unroutable):
        await replay(broker, parked, is_claim_b, 10)
    assert [each.claim_id for each in await peek(broker, parked, 10)] == ["a", "b", None]


async def test_without_a_dead_queue_there_is_an_outage_that_names_it(broker: Broker, prefix: str) -> None:
    with pytest.raises(Outage, match=rf"no queue '{prefix}.dead'"):
        await peek(broker, prefix, 10)
