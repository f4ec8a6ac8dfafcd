"""The table «What happens when» of the architecture: outages, lost channels, unconfirmed publishes, and stopping."""

from collections.abc import MutableMapping
from typing import Any

import pytest

from tests.builders import VCPU, provider_row
from tests.component.bodies import put
from tests.component.rig import BACKOFF_MAX_S, BACKOFF_MIN_S, CLAIMS, REPLY_TO, Rig
from worker.faults import Outage, Unconfirmed, Unroutable
from worker.placement.inventory import Inventory

ROW = provider_row(1, {VCPU: Inventory(10)})
STEPS = ["begin", "keep_fresh", "read", "lock", "write", "commit"]


@pytest.mark.parametrize("step", STEPS)
async def test_in_an_outage_the_consumer_is_closed_and_nothing_is_acked_or_charged(rig: Rig, step: str) -> None:
    rig.seed(ROW)
    rig.store.fail_next(step, Outage("08006"))
    rig.send(put(1, 1, {1: 1}), put(2, 2, {1: 1}))
    async with rig.working():
        await rig.is_waiting_out()
        assert not rig.consumer.is_open
        assert (rig.consumer.acked, rig.broker.published, rig.dead) == ([], [], [])
        assert rig.engine.reason == "08006"
        assert len(rig.broker.queues[CLAIMS]) == 2
        assert rig.metric("allocation_consuming") == 0
        await rig.resume()
        await rig.settled()
    assert rig.codes((1, 2)) == ["allocation.granted"] * 2
    assert rig.used(1) == 2


@pytest.mark.parametrize("wrong", ["database", "open", "prepare", "publish probe"])
async def test_consuming_begins_only_after_every_probe_succeeded(rig: Rig, wrong: str) -> None:
    steps = rig.store.steps if wrong == "database" else rig.publisher.steps
    step = {"database": "probe", "publish probe": "probe"}.get(wrong, wrong)
    steps.fail_next(step, Outage(f"no {wrong}"), times=3)
    async with rig.working():
        for _ in range(3):
            await rig.is_waiting_out()
            assert rig.engine.reason == f"no {wrong}"
            assert rig.consumer.steps.taken == []
            await rig.resume()
        await rig.broker.until(lambda: rig.consumer.is_open, "consuming")
        assert rig.engine.reason is None


async def test_probes_back_off_up_to_their_bound(rig: Rig) -> None:
    rig.store.fail_next("probe", Outage("57P03"), times=12)
    async with rig.working():
        for _ in range(12):
            await rig.resume()
        await rig.broker.until(lambda: rig.consumer.is_open, "consuming")
    waits = [seconds for event, seconds in rig.clock.waited if event is rig.stop]
    assert all(BACKOFF_MIN_S / 2 <= wait <= BACKOFF_MAX_S for wait in waits)
    assert waits[0] <= BACKOFF_MIN_S
    assert waits[-1] >= BACKOFF_MAX_S / 2
    bounds = [min(BACKOFF_MIN_S * 2**tries, BACKOFF_MAX_S) for tries in range(12)]
    assert all(bound / 2 <= wait <= bound for wait, bound in zip(waits, bounds, strict=True))


async def test_a_session_that_lasted_is_followed_by_short_waits_again(rig: Rig) -> None:
    rig.store.fail_next("probe", Outage("57P03"), times=6)
    async with rig.working():
        for _ in range(6):
            await rig.resume()
        await rig.broker.until(lambda: rig.consumer.is_open, "consuming")
        rig.clock.advance(60)
        rig.consumer.lose()
        await rig.is_waiting_out()
    assert [seconds for event, seconds in rig.clock.waited if event is rig.stop][-1] <= BACKOFF_MIN_S


async def test_an_outage_of_the_database_is_never_a_reason_to_park(rig: Rig) -> None:
    rig.seed(ROW)
    rig.store.fail_next("write", Outage("08006"), times=5)
    rig.send(put(1, 1, {1: 1}))
    async with rig.working():
        for _ in range(5):
            await rig.resume()
        await rig.settled()
    assert rig.dead == []
    assert rig.code(1) == "allocation.granted"


@pytest.mark.parametrize("arrived", [True, False])
async def test_after_an_unconfirmed_publish_the_redelivery_publishes_the_same_again(rig: Rig, arrived: bool) -> None:
    rig.seed(ROW)
    rig.publisher.steps.fail_next("publish", Unconfirmed("timed out"), after_effect=arrived)
    rig.send(put(1, 1, {1: 4}))
    async with rig.working():
        await rig.is_waiting_out()
        assert rig.consumer.acked == []
        await rig.resume()
        await rig.settled()
    published = rig.broker.to("allocation.events")
    assert len(published) == (2 if arrived else 1)
    assert len({(one.message_id, one.body, one.routing_key, one.correlation_id) for one in published}) == 1
    assert rig.used(1) == 4


async def test_nothing_is_acked_before_its_events_are_confirmed(rig: Rig) -> None:
    rig.seed(ROW)
    gate = rig.publisher.steps.hold_next("publish")
    rig.send(put(1, 1, {1: 4}))
    async with rig.working():
        await gate.reached()
        assert rig.consumer.acked == []
        gate.open()
        await rig.settled()
    assert rig.consumer.acked == [((), 1)]


async def test_the_next_batch_is_decided_while_one_is_being_published(rig: Rig) -> None:
    rig.seed(ROW)
    gate = rig.publisher.steps.hold_next("publish")
    rig.send(put(1, 1, {1: 1}))
    async with rig.working():
        await gate.reached()
        rig.send(put(2, 2, {1: 1}))
        await rig.store.until(lambda: len(rig.store.state.inbox) == 2, "the second batch is committed")
        assert rig.consumer.acked == []
        gate.open()
        await rig.settled()
    assert rig.order() == [1, 2]


@pytest.mark.parametrize("reply_to", [REPLY_TO, "allocation.replies.nobody"])
async def test_a_reply_that_fails_is_counted_and_forgotten(rig: Rig, reply_to: str) -> None:
    rig.seed(ROW)
    if reply_to == REPLY_TO:
        rig.publisher.steps.fail_next("reply", Unconfirmed("lost"))
    await rig.run(put(1, 1, {1: 1}), reply_to=reply_to, correlation_id="c")
    assert rig.code(1) == "allocation.granted"
    assert rig.broker.replies == []
    assert rig.metric("allocation_replies_failed_total") == 1


async def test_a_dead_letter_that_reaches_no_queue_keeps_its_message_unsettled(rig: Rig) -> None:
    rig.broker.bound.clear()
    rig.send_bytes(b"nonsense")
    async with rig.working():
        await rig.is_waiting_out()
        assert rig.consumer.acked == []
        assert "no queue" in (rig.engine.reason or "")
        rig.broker.bound.add("allocation.dead")
        await rig.resume()
        await rig.settled()
    assert len({one.body for one in rig.dead}) == 1


async def test_a_dead_letter_that_is_not_confirmed_is_published_again(rig: Rig) -> None:
    rig.publisher.steps.fail_next("publish", Unroutable("no dead letter queue"))
    rig.send_bytes(b"nonsense")
    async with rig.working():
        await rig.resume()
        await rig.settled()
    (parked,) = rig.dead
    assert (parked.headers or {})["x-parked-attempts"] == 2


async def test_the_tags_of_a_lost_channel_are_never_acked_and_the_redelivery_meets_the_inbox(rig: Rig) -> None:
    rig.seed(ROW)
    gate = rig.publisher.steps.hold_next("publish")
    rig.send(put(1, 1, {1: 4}))
    async with rig.working():
        await gate.reached()
        rig.consumer.lose()
        gate.open()
        await rig.is_waiting_out()
        assert rig.consumer.acked == []
        await rig.resume()
        await rig.settled()
    first, second = rig.bodies_of(1)
    assert first == second
    assert rig.used(1) == 4
    assert rig.metric("allocation_redelivered_total") == 1


async def test_a_channel_lost_during_the_transaction_breaks_nothing_off(rig: Rig) -> None:
    rig.seed(ROW)
    gate = rig.store.steps.hold_next("write")
    rig.send(put(1, 1, {1: 4}))
    async with rig.working():
        await gate.reached()
        rig.consumer.lose()
        gate.open()
        await rig.is_waiting_out()
        assert len(rig.store.state.inbox) == 1
        await rig.resume()
        await rig.settled()
    assert rig.used(1) == 4


@pytest.mark.parametrize("step", ["open", "cancel", "close"])
async def test_an_outage_of_the_consumer_itself_is_waited_out(rig: Rig, step: str) -> None:
    rig.seed(ROW)
    rig.consumer.steps.fail_next(step, Outage("connection reset"))
    rig.send(put(1, 1, {1: 1}))
    async with rig.working():
        if step == "open":
            await rig.resume()
        await rig.settled()
        if step == "close":
            rig.consumer.lose()
            await rig.resume()
            await rig.broker.until(lambda: rig.consumer.is_open, "consuming again")
    assert rig.code(1) == "allocation.granted"


async def test_when_stopped_the_batches_in_hand_are_finished_and_settled_and_nothing_else_taken() -> None:
    rig = Rig(batch_size_max=1)
    rig.seed(ROW)
    gate = rig.store.steps.hold_next("write")
    rig.send(*(put(number, number, {1: 1}) for number in (1, 2, 3)))
    async with rig.working():
        await gate.reached()
        rig.stop.set()
        await rig.broker.until(lambda: "cancel" in rig.consumer.steps.taken, "no new deliveries")
        gate.open()
    assert rig.order() == [1, 2]
    assert rig.consumer.acked == [((), 1), ((), 2)]
    (left,) = rig.broker.queues[CLAIMS]
    assert left.attempts == 1
    assert not rig.consumer.is_open


async def test_a_fault_that_no_probe_sees_charges_its_deliveries_to_one_message_alone(rig: Rig) -> None:
    rig.seed(ROW)
    rig.store.fail_next("write", Outage("42P01"), times=6)
    rig.send(*(put(number, number, {1: 1}) for number in range(1, 9)))
    async with rig.working():
        for _ in range(6):
            await rig.resume()
        await rig.settled()
    assert rig.consumer.steps.taken.count("open") == 8
    assert rig.metric("allocation_redelivered_total") == 6 + 7
    assert rig.order() == list(range(1, 9))


async def test_the_worker_is_ready_only_once_it_consumes(rig: Rig) -> None:
    gate = rig.consumer.steps.hold_next("open")
    async with rig.working():
        await gate.reached()
        assert rig.engine.reason is not None
        gate.open()
        rig.send_bytes(b"nonsense")
        await rig.settled()
        assert rig.engine.reason is None


async def test_when_stopped_the_store_is_told_of_what_is_confirmed(rig: Rig) -> None:
    rig.seed(ROW)
    await rig.run(put(1, 1, {1: 1}))
    assert rig.store.state.unconfirmed == {}


async def test_stopping_while_waiting_for_a_probe_ends_at_once(rig: Rig) -> None:
    rig.store.fail_next("probe", Outage("57P03"), times=100)
    async with rig.working():
        await rig.is_waiting_out()
    assert rig.store.steps.taken == ["probe"]


async def test_the_end_of_an_outage_is_logged(rig: Rig, log: list[MutableMapping[str, Any]]) -> None:
    rig.store.fail_next("probe", Outage("57P03"))
    async with rig.working():
        await rig.resume()
        await rig.broker.until(lambda: rig.consumer.is_open, "consuming")
    events = [one["event"] for one in log]
    assert events.index("outage_probed") < events.index("outage_ended") < events.index("consuming")


async def test_after_an_unconfirmed_publish_the_batches_behind_it_are_left_to_the_inbox() -> None:
    rig = Rig(batch_size_max=1)
    rig.seed(ROW)
    gate = rig.publisher.steps.hold_next("publish")
    rig.publisher.steps.fail_next("publish", Unconfirmed("nacked"))
    rig.send(put(1, 1, {1: 1}), put(2, 2, {1: 1}))
    async with rig.working():
        await gate.reached()
        await rig.store.until(lambda: len(rig.store.state.inbox) == 2, "both are committed")
        gate.open()
        await rig.is_waiting_out()
        assert (rig.broker.published, rig.consumer.acked) == ([], [])
        await rig.resume()
        await rig.settled()
    assert rig.order() == [1, 2]
    assert rig.used(1) == 2
