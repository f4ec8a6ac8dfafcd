"""Events in bulk: the same ones once more, those of a batch together."""

import json

import pytest

from schemas.batch import read_events
from schemas.events import read_event
from tests.builders import VCPU, claim_id, provider_row
from tests.component.bodies import claim, declare, put
from tests.component.rig import CLAIMS, EVENTS, IN_BULK, Rig
from worker.faults import Unconfirmed
from worker.placement.inventory import Inventory

ROW = provider_row(1, {VCPU: Inventory(100)})


@pytest.fixture
def bulky() -> Rig:
    """An engine that publishes in bulk as well, batches of two."""
    rig = Rig(batch_size_max=2, bulk_exchange=IN_BULK)
    rig.seed(ROW)
    return rig


async def test_nothing_is_published_in_bulk_unless_asked_for(rig: Rig) -> None:
    rig.seed(ROW)
    await rig.run(put(1, 1, {1: 1}))
    assert {one.exchange for one in rig.broker.published} == {EVENTS}


async def test_each_batch_is_one_array_of_its_events_in_order_and_byte_for_byte(bulky: Rig) -> None:
    await bulky.run(put(1, 1, {1: 1}), declare(2, 2), put(3, 3, {1: 300}), claim(4, "nonsense"))
    told = bulky.broker.to(IN_BULK)
    singles = [one.body for one in bulky.broker.to(EVENTS)]
    assert len(told) > 1
    assert b",".join(one.body[1:-1] for one in told) == b",".join(singles)
    assert [event for one in told for event in read_events(one.body)] == list(map(read_event, singles))
    assert {(one.routing_key, one.content_type, one.message_id) for one in told} == {
        ("events.batch", "application/cloudevents-batch+json", None)
    }


async def test_claims_are_not_acked_before_they_are_confirmed_in_bulk(bulky: Rig) -> None:
    bulky.publisher.steps.fail_next("publish", Unconfirmed("nacked"))
    bulky.send(put(1, 1, {1: 1}))
    async with bulky.working():
        await bulky.is_waiting_out()
        assert (bulky.consumer.acked, bulky.broker.to(IN_BULK)) == ([], [])
        await bulky.resume()
        await bulky.settled()
    (told,) = bulky.broker.to(IN_BULK)
    assert [json.loads(told.body)[0]["claimid"]] == [claim_id(1)]


async def test_what_is_swept_is_told_in_bulk_too(bulky: Rig) -> None:
    bulky.publisher.steps.fail_next("publish", Unconfirmed("nacked"))
    bulky.send(put(1, 1, {1: 1}))
    async with bulky.working():
        await bulky.is_waiting_out()
        bulky.broker.queues[CLAIMS].clear()
        bulky.clock.advance(400)
        await bulky.broker.until(lambda: bulky.consumer.is_open, "consuming again")
        bulky.clock.advance(1)
        await bulky.broker.until(lambda: bool(bulky.broker.to(IN_BULK)), "the outcome is swept")
    (told,) = bulky.broker.to(IN_BULK)
    assert told.body == b"[%s]" % bulky.bodies_of(1)[0]
