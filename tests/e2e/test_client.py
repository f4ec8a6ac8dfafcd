"""The command line's client against the real broker; the test itself plays the worker."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage, AbstractQueue
from yarl import URL

from worker.cli.client import Client, Sent, client
from worker.faults import Outage, ReadRefused, Unroutable
from worker.settings import BrokerSettings, load

PATIENCE_S = 10.0


class Stage:
    """The broker's side: the claims that arrived, and the means to answer them."""

    def __init__(self, channel: AbstractChannel, prefix: str) -> None:
        self.channel = channel
        self.prefix = prefix
        self.arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()

    async def set_up(self) -> None:
        for name in ("claims", "queries"):
            queue: AbstractQueue = await self.channel.declare_queue(f"{self.prefix}.{name}")
            await queue.consume(self.arrived.put, no_ack=True)
        claims = await self.channel.declare_exchange(f"{self.prefix}.claims", "topic", durable=True)
        await (await self.channel.get_queue(f"{self.prefix}.claims")).bind(claims, "#")
        self.events: AbstractExchange = await self.channel.declare_exchange(f"{self.prefix}.events", "topic")

    async def next(self) -> AbstractIncomingMessage:
        async with asyncio.timeout(PATIENCE_S):
            return await self.arrived.get()

    async def reply(self, asked: AbstractIncomingMessage, body: dict[str, Any]) -> None:
        message = aio_pika.Message(json.dumps(body).encode(), correlation_id=asked.correlation_id)
        await self.channel.default_exchange.publish(message, str(asked.reply_to))

    async def tell(self, event: dict[str, Any]) -> None:
        await self.events.publish(aio_pika.Message(json.dumps(event).encode()), event["type"], mandatory=False)


@pytest.fixture
async def stage(broker_url: str, prefix: str) -> AsyncIterator[Stage]:
    connection = await aio_pika.connect(broker_url)
    async with connection:
        one = Stage(await connection.channel(), prefix)
        await one.set_up()
        yield one


@pytest.fixture
def settings(broker_url: str, prefix: str) -> BrokerSettings:
    return load(BrokerSettings, broker_url=broker_url, prefix=prefix)


def claim(number: int) -> Sent:
    return Sent.of({"op": "allocation.release", "claim_id": str(UUID(int=number)), "consumer": {"id": "c"}})


def granted(number: int) -> dict[str, Any]:
    return {"type": "allocation.released", "claimid": str(UUID(int=number)), "data": {"changed": True}}


async def answered(asker: Client, stage: Stage, reply: dict[str, Any]) -> Any:
    asking = asyncio.create_task(asker.ask("provider.get", {"provider": "p"}))
    await stage.reply(await stage.next(), reply)
    return await asking


async def test_a_claim_goes_out_as_the_contract_says(settings: BrokerSettings, stage: Stage) -> None:
    async with client(settings) as publisher:
        await publisher.publish_claims([claim(1)])
        arrived = await stage.next()
    assert arrived.exchange == f"{stage.prefix}.claims"
    assert arrived.routing_key == "allocation.release"
    assert arrived.content_type == "application/json"
    assert arrived.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    assert arrived.body == claim(1).body
    assert settings.prefix in str(arrived.reply_to)


async def test_an_outcome_comes_back_as_a_reply(settings: BrokerSettings, stage: Stage) -> None:
    async with client(settings) as publisher:
        (outcome,) = await publisher.publish_claims([claim(1)])
        await stage.reply(await stage.next(), granted(1))
        assert await outcome == granted(1)


async def test_a_follower_finds_its_outcomes_among_all_events(settings: BrokerSettings, stage: Stage) -> None:
    seen: list[dict[str, Any]] = []
    consequence = {"type": "inventory.changed", "causeid": str(UUID(int=2)), "data": {}}
    async with client(settings, seen=seen.append) as follower:
        outcomes = await follower.publish_claims([claim(1), claim(2)])
        assert (await stage.next()).reply_to is None
        for event in (granted(99), consequence, granted(2), granted(1)):
            await stage.tell(event)
        assert await asyncio.gather(*outcomes) == [granted(1), granted(2)]
    assert seen == [granted(99), consequence, granted(2), granted(1)]


async def test_a_claim_sent_twice_has_one_outcome(settings: BrokerSettings, stage: Stage) -> None:
    async with client(settings, seen=lambda _event: None) as follower:
        one, other = await follower.publish_claims([claim(1), claim(1)])
        await stage.tell(granted(1))
        assert await one == await other == granted(1)


async def test_a_claim_sent_again_after_its_outcome_gets_it_again(settings: BrokerSettings, stage: Stage) -> None:
    async with client(settings, seen=lambda _event: None) as follower:
        for _ in range(2):
            (outcome,) = await follower.publish_claims([claim(1)])
            await stage.tell(granted(1))
            assert await outcome == granted(1)


async def test_claims_arrive_in_order_however_many_they_are(settings: BrokerSettings, stage: Stage) -> None:
    async with client(settings) as publisher:
        await publisher.publish_claims(claim(number) for number in range(1_200))
        bodies = [(await stage.next()).body for _ in range(1_200)]
    assert bodies == [claim(number).body for number in range(1_200)]


async def test_a_claim_id_that_stands_for_another_claim_is_refused(settings: BrokerSettings, stage: Stage) -> None:
    error = {"code": "claim_id_reused", "message": "Another claim has this id.", "details": {}}
    async with client(settings) as publisher:
        (outcome,) = await publisher.publish_claims([claim(1)])
        await stage.reply(await stage.next(), {"ok": False, "error": error})
        with pytest.raises(ReadRefused, match="Another claim has this id"):
            await outcome


async def test_a_query_is_answered(settings: BrokerSettings, stage: Stage) -> None:
    async with client(settings) as asker:
        assert await answered(asker, stage, {"ok": True, "data": {"name": "rack-1"}}) == {"name": "rack-1"}


async def test_a_query_may_be_refused(settings: BrokerSettings, stage: Stage) -> None:
    error = {"code": "provider_not_found", "message": "There is no p.", "details": {"providers": ["p"]}}
    async with client(settings) as asker:
        with pytest.raises(ReadRefused) as caught:
            await answered(asker, stage, {"ok": False, "error": error})
    assert (caught.value.code, caught.value.details) == ("provider_not_found", {"providers": ["p"]})


async def test_a_query_without_an_answer_times_out(settings: BrokerSettings, stage: Stage) -> None:
    async with client(settings) as asker:
        with pytest.raises(TimeoutError):
            await asker.ask("provider.get", timeout_s=0)


async def test_a_query_that_no_queue_takes_is_unroutable(settings: BrokerSettings, stage: Stage) -> None:
    await stage.channel.queue_delete(f"{stage.prefix}.queries")
    async with client(settings) as asker:
        with pytest.raises(Unroutable):
            await asker.ask("provider.get")


async def test_a_claim_that_no_queue_takes_is_unroutable(settings: BrokerSettings, stage: Stage) -> None:
    await stage.channel.queue_delete(f"{stage.prefix}.claims")
    async with client(settings) as publisher:
        with pytest.raises(Unroutable):
            await publisher.publish_claims([claim(1)])


async def test_without_the_topology_there_is_no_client(settings: BrokerSettings) -> None:
    with pytest.raises(Outage, match=r"no exchange '.*\.claims'"):
        async with client(settings):
            pass


async def test_leaving_ends_the_waiting(settings: BrokerSettings, stage: Stage) -> None:
    async with client(settings) as publisher:
        (outcome,) = await publisher.publish_claims([claim(1)])
        reply_to = str((await stage.next()).reply_to)
        assert reply_to.startswith(f"{stage.prefix}.replies.")
    with pytest.raises(Outage, match="lost"):
        await outcome


async def test_a_wrong_password_is_told_without_it(broker_url: str, prefix: str) -> None:
    wrong = str(URL(broker_url).with_user("nobody").with_password("hidden"))
    settings = load(BrokerSettings, broker_url=wrong, prefix=prefix)
    with pytest.raises(Outage, match="refuses the user name or password") as caught:
        async with client(settings):
            pass
    assert "hidden" not in str(caught.value)
