"""What is told of claims that take effect, and to whom."""

import json
from itertools import count
from typing import Any
from uuid import UUID, uuid5

import pytest

from schemas.claims import CLAIM_BY_OP
from schemas.events import EVENT_BY_TYPE, ClaimRejected
from schemas.wire import BODY_BYTES_MAX
from tests.builders import VCPU, aggregate_id, claim_id, consumer_id, provider_id, provider_row
from tests.component.bodies import Body, amounts, claim, create, declare, holder, place, put, release
from tests.component.rig import REPLY_TO, Rig
from worker.placement.ids import ResourceClass
from worker.placement.inventory import Inventory

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

RESHAPED = {"generation": 0, "inventories": {"VCPU": {"total": 5}}}


def _every_op() -> list[Body]:
    numbers = count(1)

    def on(op: str, provider: int, **fields: Any) -> Body:
        return claim(next(numbers), op, provider=provider_id(provider), **fields)

    def named(op: str, **fields: Any) -> Body:
        return claim(next(numbers), op, **fields)

    member = {"consumer": holder(2, type="TASK"), "allocations": amounts({1: 1}), "mappings": {"": [provider_id(1)]}}
    return [
        create(next(numbers), 1),
        create(next(numbers), 2, parent=provider_id(1)),
        named("provider.create", name="without an id"),
        on("provider.update", 2, parent=None, name="moved"),
        named("resource_class.create", name="CUSTOM_A"),
        named("resource_class.ensure", name="CUSTOM_A"),
        named("resource_class.rename", name="CUSTOM_A", new_name="CUSTOM_B"),
        named("resource_class.delete", name="CUSTOM_B"),
        named("trait.ensure", name="CUSTOM_T"),
        on("provider_traits.replace", 1, traits=["CUSTOM_T"]),
        on("provider_traits.clear", 1),
        named("trait.delete", name="CUSTOM_T"),
        on("provider_aggregates.replace", 1, aggregates=[aggregate_id(1)]),
        on("inventory.create", 1, resource_class="VCPU", total=10),
        on("inventory.update", 1, resource_class="VCPU", total=20, allocation_ratio=1.5),
        on("inventory.replace", 2, inventories={"VCPU": {"total": 4}, "DISK_GB": {"total": 1}}),
        on("inventory.delete", 2, resource_class="DISK_GB"),
        declare(next(numbers), 3, traits=["HW_CPU_X86_AVX2"], aggregates=[aggregate_id(2)], parent=provider_id(1)),
        declare(next(numbers), 3, 5, parent=provider_id(2)),
        put(next(numbers), 1, {1: 2, 2: 1}),
        named("allocation.set_many", claims=[member, {"consumer": holder(1), "allocations": {}}]),
        named("allocation.adjust", consumer=holder(2), add=amounts({2: 1}), remove=amounts({1: 1})),
        release(next(numbers), 2),
        on("provider.set_state", 2, state="draining"),
        place(next(numbers), 4, {"VCPU": 1}),
        release(next(numbers), 4),
        create(next(numbers), 4),
        named("provider.reshape", inventories={provider_id(4): RESHAPED}, allocations=[]),
        on("inventory.clear", 2),
        on("provider.delete", 3),
    ]


async def test_every_op_is_told_in_events_of_its_schema(rig: Rig) -> None:
    bodies = _every_op()
    await rig.run(*bodies)
    assert {body["op"] for body in bodies} == CLAIM_BY_OP.keys()
    assert not [event.data for event in rig.events if isinstance(event, ClaimRejected)]
    assert {event.type for event in rig.events} == EVENT_BY_TYPE.keys() - {"claim.rejected"}
    assert rig.order() == list(range(1, len(bodies) + 1))


async def test_a_provider_without_an_id_is_given_one_that_its_claim_always_leads_to(rig: Rig) -> None:
    await rig.run(claim(1, "provider.create", name="a"), claim(2, "provider.create", name="b"))
    given = [rig.told(number)["data"]["provider"]["provider"] for number in (1, 2)]
    assert given == [str(UUID(one)) for one in given]
    assert given[0] != given[1]
    again = Rig()
    await again.run(claim(1, "provider.create", name="a"))
    assert again.told(1)["data"]["provider"]["provider"] == given[0]


async def test_consequences_say_whose_they_are_and_follow_their_outcome(rig: Rig) -> None:
    await rig.run(declare(1, 1, traits=["HW_CPU_X86_AVX2"], aggregates=[aggregate_id(2)]))
    told = [json.loads(one.body) for one in rig.broker.to("allocation.events")]
    assert [one["type"] for one in told] == [
        "provider.created", "inventory.changed", "provider_traits.changed", "provider_aggregates.changed",
    ]  # fmt: skip
    assert told[0]["claimid"] == claim_id(1)
    assert all(one["causeid"] == claim_id(1) and "claimid" not in one for one in told[1:])
    ids = [str(uuid5(UUID(claim_id(1)), str(ordinal))) for ordinal in range(4)]
    assert [one["id"] for one in told] == ids
    assert [one.message_id for one in rig.broker.to("allocation.events")] == ids


@pytest.mark.parametrize(("given", "told"), [("mine", "mine"), (None, claim_id(1)), ("a\x00b", claim_id(1))])
async def test_the_correlation_id_is_the_claims_own_or_its_id(rig: Rig, given: str | None, told: str) -> None:
    await rig.run(create(1, 1), correlation_id=given)
    (event,) = rig.broker.to("allocation.events")
    assert event.correlation_id == told


@pytest.mark.parametrize(("given", "told"), [(TRACE, TRACE), ("nonsense", None), (7, None), (None, None)])
async def test_the_trace_goes_on_where_there_is_one(rig: Rig, given: object, told: str | None) -> None:
    await rig.run(create(1, 1), headers={"traceparent": given})
    assert rig.told(1).get("traceparent") == told


@pytest.mark.parametrize(
    ("reply_to", "correlation_id", "replies"),
    [(REPLY_TO, "c", 1), (REPLY_TO, None, 1), ("somebody.elses", "c", 0), (None, "c", 0)],
)
async def test_a_reply_goes_only_to_whom_the_pattern_allows(
    rig: Rig, reply_to: str | None, correlation_id: str | None, replies: int
) -> None:
    rig.broker.reply_queues.add("somebody.elses")
    await rig.run(create(1, 1), reply_to=reply_to, correlation_id=correlation_id)
    assert [one.body for one in rig.broker.replies] == rig.bodies_of(1)[:replies]
    assert {one.message_id for one in rig.broker.replies} <= {None}
    assert {one.correlation_id for one in rig.broker.replies} <= {correlation_id or claim_id(1)}
    assert rig.metric("allocation_replies_failed_total") == 0


async def test_an_event_that_would_be_too_large_lists_ids_and_counts(rig: Rig) -> None:
    names = [ResourceClass(f"CUSTOM_{number:02}{'X' * 200}") for number in range(20)]
    stocks = {VCPU: Inventory(10)} | {name: Inventory(1) for name in names}
    rig.seed(*(provider_row(number, stocks) for number in range(1, 301)))
    await rig.run(put(1, 1, dict.fromkeys(range(1, 301), 1)))
    (event,) = rig.events
    assert len(rig.bodies_of(1)[0]) <= BODY_BYTES_MAX
    told = rig.told(1)["data"]
    assert (told["truncated"], told["changed"]) == (True, True)
    assert told["counts"] == {"consumers": 1, "providers": 300}
    assert told["ids"]["consumers"] == [consumer_id(1)]
    assert len(told["ids"]["providers"]) == 300
    assert event.type == "allocation.granted"


async def test_every_delivery_of_one_claim_that_asked_gets_its_reply(rig: Rig) -> None:
    rig.send(create(1, 1), reply_to=REPLY_TO, correlation_id="a")
    rig.send(create(1, 1), reply_to=REPLY_TO, correlation_id="b")
    await rig.run()
    assert [one.correlation_id for one in rig.broker.replies] == ["a", "b"]
    assert len(rig.bodies_of(1)) == 1
