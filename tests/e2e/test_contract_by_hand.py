"""What a service sees that has nothing but the contract: exchanges, fields and codes as they are written there."""

import json
from collections.abc import Awaitable, Callable

import aio_pika

from schemas.events import read_exact_event
from tests.e2e.claims import declare, new_id, release, take
from tests.e2e.publishing import Side


async def test_a_claim_is_granted_with_generations_and_fill(heard: Side) -> None:
    provider, consumer = new_id(), new_id()
    await heard.ask(declare(provider, 10))
    granted = await heard.ask(take(provider, 4, consumer))
    assert granted["type"] == "allocation.granted"
    (change,) = granted["data"]["consumers"]
    assert change["generation"] == 1
    assert change["before"] == {}
    assert change["after"] == {provider: {"VCPU": 4, "MEMORY_MB": 4, "DISK_GB": 4}}
    levels = granted["data"]["providers"][provider]
    assert levels["generation"] == 1
    assert levels["inventories"]["VCPU"] == {"capacity": 10, "used": 4}


async def test_a_refusal_has_its_code_and_numbers(heard: Side) -> None:
    provider, consumer = new_id(), new_id()
    await heard.ask(declare(provider, 10))
    refused = await heard.ask(take(provider, 11, consumer))
    assert refused["type"] == "claim.rejected"
    assert refused["data"]["code"] == "capacity_exceeded"
    assert refused["data"]["transient"] is True
    details = refused["data"]["details"]
    assert {key: details[key] for key in ("provider", "consumer", "capacity", "used", "requested", "free")} == {
        "provider": provider,
        "consumer": consumer,
        "capacity": 10,
        "used": 0,
        "requested": 11,
        "free": 10,
    }
    assert len(details["others"]) == 2


async def test_every_event_of_a_fleet_s_life_is_of_the_published_shape(
    heard: Side, audited: Callable[[], Awaitable[None]]
) -> None:
    provider, child, consumer = new_id(), new_id(), new_id()
    bodies = [
        {"op": "resource_class.create", "name": "CUSTOM_SEAT"},
        {"op": "resource_class.ensure", "name": "CUSTOM_SEAT"},
        {"op": "trait.ensure", "name": "CUSTOM_QUIET"},
        declare(provider, 10, "a root"),
        {"op": "provider.create", "provider": child, "name": "a child", "parent": provider},
        {"op": "inventory.create", "provider": child, "resource_class": "CUSTOM_SEAT", "total": 3},
        {
            "op": "inventory.update",
            "provider": child,
            "resource_class": "CUSTOM_SEAT",
            "total": 4,
            "allocation_ratio": 1.5,
        },
        {"op": "provider_traits.replace", "provider": child, "traits": ["CUSTOM_QUIET", "HW_CPU_X86_AVX2"]},
        {"op": "provider_aggregates.replace", "provider": child, "aggregates": [new_id()]},
        {
            "op": "allocation.adjust",
            "consumer": {"id": consumer, "project": "p", "user": "u", "type": "SEAT_HOLDER"},
            "add": {child: {"CUSTOM_SEAT": 6}},
        },
        release(consumer),
        {"op": "provider_traits.clear", "provider": child},
        {"op": "inventory.replace", "provider": child, "inventories": {"VCPU": {"total": 1}}},
        {"op": "inventory.delete", "provider": child, "resource_class": "VCPU"},
        {"op": "inventory.clear", "provider": child},
        {"op": "provider.update", "provider": child, "name": "a root too", "parent": None},
        {"op": "provider.delete", "provider": child},
        {"op": "resource_class.rename", "name": "CUSTOM_SEAT", "new_name": "CUSTOM_CHAIR"},
        {"op": "resource_class.delete", "name": "CUSTOM_CHAIR"},
        {"op": "trait.delete", "name": "CUSTOM_QUIET"},
    ]
    for body in bodies:
        outcome = await heard.ask({"claim_id": new_id(), **body})
        assert outcome["type"] != "claim.rejected", outcome
    for versions in heard.bodies.values():
        read_exact_event(versions[0])
    await audited()


async def test_the_same_claim_twice_has_its_first_outcome_word_for_word(heard: Side) -> None:
    provider = new_id()
    await heard.ask(declare(provider, 10))
    claim = take(provider)
    first = await heard.ask(claim)
    await heard.ask(take(provider))
    await heard.send(claim)
    await heard.ask(take(provider))
    assert len(heard.bodies[first["id"]]) == 2
    heard.assert_no_event_in_two_versions()


async def test_another_body_under_a_known_id_is_parked_untouched_and_has_no_event(heard: Side) -> None:
    provider = new_id()
    await heard.ask(declare(provider, 10))
    claim = take(provider)
    first = await heard.ask(claim)
    other = {**take(provider, 2), "claim_id": claim["claim_id"]}
    await heard.send(other, correlation_id="mine")
    letter = await heard.parked()
    assert json.loads(letter.body) == other
    assert letter.correlation_id == "mine"
    assert letter.headers["x-parked-reason"] == "claim_id_reused"
    assert len(heard.bodies[first["id"]]) == 1


async def test_a_malformed_message_in_the_middle_of_a_batch_harms_no_other(heard: Side) -> None:
    provider = new_id()
    await heard.ask(declare(provider, 1_000))
    claims = [take(provider) for _ in range(100)]
    await heard.send_all(claims[:50])
    await heard.send_raw(b'{"op": "allocation.set", "claim_id": ', "allocation.set")
    await heard.send_raw(b'{"op": "allocation.set"}', "allocation.set")
    wrong = {**take(provider), "unheard_of": 1}
    await heard.send(wrong)
    await heard.send_all(claims[50:])
    await heard.all_decided([claim["claim_id"] for claim in claims])
    assert {heard.outcomes[claim["claim_id"]]["type"] for claim in claims} == {"allocation.granted"}
    reasons = {(await heard.parked()).headers["x-parked-reason"] for _ in range(2)}
    assert reasons == {"not_json", "no_claim_id"}
    refused = (await heard.outcome(wrong["claim_id"]))["data"]
    assert refused["code"] == "invalid_message"
    assert refused["details"] == [{"path": ["unheard_of"], "rule": "additionalProperties", "limit": False, "value": 1}]


async def test_the_outcome_is_also_sent_to_the_reply_queue(heard: Side, broker_url: str, prefix: str) -> None:
    connection = await aio_pika.connect(broker_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(f"{prefix}.replies.{new_id()}", exclusive=True)
        claim = declare(new_id(), 1)
        outcome = await heard.ask(claim, reply_to=queue.name, correlation_id="question 1")
        async with queue.iterator(timeout=30) as replies:
            reply = await anext(replies)
        assert json.loads(reply.body) == outcome
        assert reply.correlation_id == "question 1"
