"""Several claims in one message when something goes wrong, or ends, in the middle of it."""

import asyncio

import pytest

from tests.builders import VCPU, provider_row
from tests.component.bodies import puts, together
from tests.component.rig import BACKOFF_MAX_S, CLAIMS, Rig
from worker.engine.session import READ_BATCHES_MAX, READ_BYTES_MAX
from worker.faults import Outage, Unconfirmed
from worker.placement.inventory import Inventory

ROW = provider_row(1, {VCPU: Inventory(100)})
TURNS = 200
"""Of the loop, in which all that can happen has happened."""


async def test_of_a_message_that_comes_again_the_known_claims_have_their_outcome_again(two_each: Rig) -> None:
    gate = two_each.store.steps.hold_next("lock"), two_each.store.steps.hold_next("lock")
    two_each.send(together(*puts(1, 2, 3, 4)))
    async with two_each.working():
        await gate[0].reached()
        gate[0].open()
        await gate[1].reached()
        await two_each.broker.until(lambda: bool(two_each.bodies_of(2)), "the first batch is told")
        two_each.consumer.lose()
        gate[1].open()
        await two_each.resume()
        await two_each.settled()
    assert [len(two_each.bodies_of(number)) for number in (1, 2)] == [2, 2]
    assert two_each.codes((1, 2, 3, 4)) == ["allocation.granted"] * 4
    assert two_each.used(1) == 4
    assert two_each.consumer.acked == [((), 1)]


@pytest.mark.parametrize("step", ["begin", "write", "commit"])
async def test_an_outage_in_the_middle_of_a_message_leaves_the_rest_for_its_redelivery(
    two_each: Rig, step: str
) -> None:
    gates = [two_each.store.steps.hold_next("write") for _ in range(2)]
    two_each.send(together(*puts(1, 2, 3, 4, 5)), *puts(6))
    async with two_each.working():
        await gates[0].reached()
        gates[0].open()
        await gates[1].reached()
        await two_each.broker.until(lambda: bool(two_each.bodies_of(2)), "the first batch is told")
        two_each.store.fail_next(step, Outage("08006"))
        gates[1].open()
        two_each.send(*puts(7))
        while not two_each.broker.is_idle(CLAIMS):
            await _settled_or_waiting(two_each)
    assert two_each.codes(range(1, 8)) == ["allocation.granted"] * 7
    assert all(len(set(two_each.bodies_of(number))) == 1 for number in range(1, 8))
    assert two_each.used(1) == 7
    assert two_each.consumer.steps.taken.count("open") > 1


async def _settled_or_waiting(rig: Rig) -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)
    if rig.clock.waits_for(rig.stop):
        rig.clock.advance(BACKOFF_MAX_S)


async def test_after_a_fault_that_no_probe_sees_a_message_of_several_claims_is_taken_until_it_is_settled(
    two_each: Rig,
) -> None:
    two_each.store.fail_next("write", Outage("53100"))
    two_each.send(together(*puts(1, 2, 3, 4, 5)), together(*puts(6, 7)))
    async with two_each.working():
        await two_each.resume()
        await two_each.settled()
    assert two_each.consumer.acked == [((), 1), ((), 1)]
    assert [len(two_each.bodies_of(number)) for number in range(1, 8)] == [1] * 7
    assert two_each.consumer.steps.taken.count("open") == 3


async def test_an_unconfirmed_publish_in_the_middle_keeps_the_whole_message_unsettled(two_each: Rig) -> None:
    gates = [two_each.publisher.steps.hold_next("publish") for _ in range(2)]
    two_each.send(together(*puts(1, 2, 3, 4)))
    async with two_each.working():
        await gates[0].reached()
        gates[0].open()
        await gates[1].reached()
        two_each.publisher.steps.fail_next("publish", Unconfirmed("timed out"))
        gates[1].open()
        await two_each.is_waiting_out()
        assert two_each.consumer.acked == []
        await two_each.resume()
        await two_each.settled()
    assert two_each.codes((1, 2, 3, 4)) == ["allocation.granted"] * 4
    assert two_each.used(1) == 4


async def test_when_stopped_the_batch_in_hand_is_told_and_the_message_left_for_another_worker(two_each: Rig) -> None:
    gate = two_each.store.steps.hold_next("commit")
    two_each.send(together(*puts(1, 2, 3, 4, 5, 6)))
    async with two_each.working():
        await gate.reached()
        two_each.stop.set()
        await two_each.broker.until(lambda: "cancel" in two_each.consumer.steps.taken, "nothing more is taken")
        gate.open()
    assert two_each.consumer.acked == []
    assert {1, 2} <= set(two_each.order()) < {1, 2, 3, 4, 5, 6}
    another = Rig(two_each, batch_size_max=2)
    async with another.working():
        await another.settled()
    assert another.codes(range(1, 7)) == ["allocation.granted"] * 6
    assert all(len(set(another.bodies_of(number))) == 1 for number in range(1, 7))
    assert another.used(1) == 6


async def test_stopping_waits_for_no_claim_of_a_message_that_is_still_being_read(two_each: Rig) -> None:
    wrong = {"no": "claim", "id": "x" * (READ_BYTES_MAX // 2 + 1)}
    gate = two_each.publisher.steps.hold_next("publish")
    two_each.send(together(*puts(1, 2), *[wrong] * 12))
    async with two_each.working():
        await gate.reached()
        two_each.stop.set()
        await two_each.broker.until(lambda: "cancel" in two_each.consumer.steps.taken, "nothing more is taken")
        gate.open()
    assert two_each.consumer.acked == []
    assert len(two_each.dead) < 12


async def test_of_a_message_handed_over_suspiciously_often_each_claim_is_taken_alone(rig: Rig) -> None:
    rig.seed(ROW)
    rig.send(together(*puts(1, 2, 3)))
    rig.broker.queues[CLAIMS][0].attempts = 3
    async with rig.working():
        await rig.settled()
    assert len({kept.batch for kept in rig.store.state.inbox.values()}) == 3
    assert rig.order() == [1, 2, 3]


async def test_no_more_claims_are_read_ahead_than_a_prefetch_of_single_ones_brings(two_each: Rig) -> None:
    gate = two_each.store.steps.hold_next("begin")
    size = 2 * READ_BATCHES_MAX
    messages = [together(*puts(*range(start, start + size))) for start in range(1, 5 * size, size)]
    async with two_each.working():
        await two_each.broker.until(lambda: two_each.consumer.is_open, "consuming")
        two_each.send(*messages)
        await gate.reached()
        for _ in range(TURNS):
            await asyncio.sleep(0)
        assert two_each.metric("allocation_stage_seconds_count", stage="decode") == 1
        gate.open()
        await two_each.settled()
    assert two_each.order() == list(range(1, 5 * size + 1))
