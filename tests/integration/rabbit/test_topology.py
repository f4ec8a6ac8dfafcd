"""Declaring, checking and rendering the topology against a real broker."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from deploy.local import Rabbit
from tests.integration.rabbit.builders import NEWER_BROKERS_OWN_LIMIT, claim
from tests.sinks import Losses, Received
from worker.faults import Outage
from worker.rabbit.connection import Broker, Link
from worker.rabbit.consumer import Consumer
from worker.rabbit.dead import peek
from worker.rabbit.declare import check, declare
from worker.rabbit.definitions import definitions, policy_commands
from worker.rabbit.publisher import Publisher
from worker.rabbit.topology import topology


@pytest.fixture
async def no_policies_left(prefix: str, rabbitmqctl: Callable[..., str]) -> AsyncIterator[None]:
    yield
    for policy in topology(prefix, history=True).policies:
        if policy.name in rabbitmqctl("list_policies"):
            rabbitmqctl("clear_policy", policy.name)


async def test_what_was_declared_differs_in_nothing(link: Link, prefix: str) -> None:
    wanted = topology(prefix, history=True)
    await declare(link, wanted)
    await declare(link, wanted)
    assert await check(link, wanted) == ()


async def test_what_is_missing_is_named_and_not_made(link: Link, prefix: str) -> None:
    for _ in range(2):
        found = await check(link, topology(prefix))
        assert set(found) == {
            *(f"Exchange {prefix}.{name} is missing." for name in ("claims", "events", "dead")),
            *(f"Queue {prefix}.{name} is missing." for name in ("claims", "dead", "queries")),
        }


async def test_what_differs_is_told_in_plain_words(link: Link, prefix: str) -> None:
    channel = await link.connection.channel()
    await channel.exchange_declare(f"{prefix}.claims", exchange_type="fanout", durable=True)
    await channel.queue_declare(f"{prefix}.claims", durable=True)
    await channel.queue_declare(
        f"{prefix}.dead", durable=True, arguments={"x-queue-type": "quorum", "x-delivery-limit": 5}
    )
    found = await check(link, topology(prefix))
    assert f"Exchange {prefix}.claims has type fanout, which should be topic." in found
    assert f"Queue {prefix}.claims has x-queue-type classic, which should be quorum." in found
    assert f"Queue {prefix}.dead has x-delivery-limit 5, which should be 1000000000." in found


async def test_declaring_over_something_else_is_an_outage_that_says_what(link: Link, prefix: str) -> None:
    channel = await link.connection.channel()
    await channel.exchange_declare(f"{prefix}.events", exchange_type="fanout", durable=True)
    with pytest.raises(Outage, match=rf"{prefix}.events.*current is 'fanout'"):
        await declare(link, topology(prefix))


@pytest.mark.usefixtures("no_policies_left")
async def test_rendered_definitions_are_what_the_worker_checks_for(
    link: Link, prefix: str, rabbitmqctl: Callable[..., str], rabbit_server: Rabbit
) -> None:
    wanted = topology(prefix, history=True)
    rendered = rabbit_server.folder / "definitions.json"
    rendered.write_text(json.dumps(definitions(wanted)))
    rendered.chmod(0o644)
    rabbitmqctl("import_definitions", str(rendered))

    assert await check(link, wanted) == ()
    policies = rabbitmqctl("list_queues", "name", "policy", "type", "durable").splitlines()
    assert f"{prefix}.claims\t{prefix}.claims\tquorum\ttrue" in policies
    assert f"{prefix}.history\t{prefix}.history\tstream\ttrue" in policies
    bindings = rabbitmqctl("list_bindings", "source_name", "destination_name", "routing_key").splitlines()
    for source, queue in (("claims", "claims"), ("dead", "dead"), ("events", "history")):
        assert f"{prefix}.{source}\t{prefix}.{queue}\t#" in bindings


async def test_a_claim_that_is_handed_back_very_often_is_kept_though_no_policy_says_so(
    broker: Broker, declared: str
) -> None:
    publisher, consumer, received = Publisher(broker), Consumer(broker, f"{declared}.claims", 1), Received()
    await publisher.open()
    await publisher.publish_all((claim(declared, b"late"),))
    handed_over = 0
    for _ in range(NEWER_BROKERS_OWN_LIMIT + 2):
        await consumer.open(received, Losses())
        (delivery,) = await received.next(1)
        handed_over += 1
    assert (delivery.body, delivery.attempts) == (b"late", handed_over - 1)
    await consumer.close()
    await publisher.close()


@pytest.mark.usefixtures("no_policies_left")
async def test_the_broker_itself_parks_what_was_delivered_too_often(
    broker: Broker, declared: str, rabbitmqctl: Callable[..., str]
) -> None:
    wanted = topology(declared)
    (policy,) = wanted.policies
    strict = replace(policy, definition={**policy.definition, "delivery-limit": 1})
    for command in policy_commands(replace(wanted, policies=(strict,))):
        rabbitmqctl(*command)
    publisher, consumer, received = Publisher(broker), Consumer(broker, f"{declared}.claims", 1), Received()
    await publisher.open()
    await publisher.publish_all((claim(declared, b"poison", "allocation.set"),))
    for _ in range(2):
        await consumer.open(received, Losses())
        await received.next(1)
    await consumer.close()

    parked = Consumer(broker, f"{declared}.dead", 1)
    await parked.open(received, Losses())
    (letter,) = await received.next(1)
    assert (letter.body, letter.routing_key) == (b"poison", "allocation.set")
    await parked.close()
    await publisher.close()
    (peeked,) = await peek(broker, declared, 10)
    assert peeked.reason == "delivery_limit"
