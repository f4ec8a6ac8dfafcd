"""The table «What happens when» of the architecture: what is parked, refused, repeated or decided again."""

import json

import pytest

from schemas.parked import ParkedReason
from tests.builders import VCPU, consumer_id, provider_id, provider_row
from tests.component.bodies import claim, create, encoded, holder, put, release
from tests.component.rig import CLAIMS, REPLY_TO, Rig
from worker.faults import Conflict, LockTimeout, Outage
from worker.placement.inventory import Inventory

ROW = provider_row(1, {VCPU: Inventory(10)})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", ParkedReason.NOT_JSON),
        (b"\xff", ParkedReason.NOT_UTF8),
        (b"[]", ParkedReason.NOT_AN_OBJECT),
        (b'{"a":1,"a":2}', ParkedReason.DUPLICATE_KEY),
        (b"[" * 5_000, ParkedReason.TOO_DEEP),
        (b'{"op":"trait.ensure"}', ParkedReason.NO_CLAIM_ID),
        (b'{"claim_id":"nonsense"}', ParkedReason.NO_CLAIM_ID),
        (b'"' + b"x" * 1024 * 1024 + b'"', ParkedReason.TOO_LARGE),
    ],
)
async def test_what_cannot_be_read_is_parked_untouched_at_once(rig: Rig, body: bytes, reason: ParkedReason) -> None:
    rig.send_bytes(body, message_id="mine", headers={"x": "y"})
    async with rig.working():
        await rig.settled()
    (parked,) = rig.dead
    assert (parked.body, parked.properties.message_id if parked.properties else None) == (body, "mine")
    assert parked.headers is not None
    assert parked.headers["x-parked-reason"] == reason.value
    assert (parked.headers["x-parked-attempts"], parked.headers["x-parked-queue"]) == (1, CLAIMS)
    assert rig.events == []


async def test_a_malformed_message_in_the_middle_of_a_batch_harms_no_other(rig: Rig) -> None:
    rig.seed(ROW)
    rig.send(put(1, 1, {1: 1}))
    rig.send_bytes(b"nonsense")
    await rig.run(put(2, 2, {1: 1}))
    assert rig.codes((1, 2)) == ["allocation.granted"] * 2
    assert len(rig.dead) == 1


async def test_a_known_claim_with_the_same_body_gets_the_same_outcome_word_for_word(rig: Rig) -> None:
    rig.seed(ROW)
    async with rig.working():
        rig.send(put(1, 1, {1: 4}))
        await rig.settled()
        rig.send(release(2, 1))
        await rig.settled()
        rig.send(put(1, 1, {1: 4}))
        await rig.settled()
    first, second = rig.bodies_of(1)
    assert first == second
    assert rig.used(1) == 0
    assert rig.metric("allocation_repeated_total") == 1


async def test_a_known_claim_with_another_body_is_parked_and_its_sender_told_without_an_event(rig: Rig) -> None:
    rig.seed(ROW)
    async with rig.working():
        rig.send(put(1, 1, {1: 4}))
        await rig.settled()
        rig.send(put(1, 1, {1: 5}), reply_to=REPLY_TO, correlation_id="c")
        await rig.settled()
    assert len(rig.bodies_of(1)) == 1
    (parked,) = rig.dead
    assert (parked.headers or {})["x-parked-reason"] == ParkedReason.CLAIM_ID_REUSED
    (reply,) = rig.broker.replies
    assert reply.correlation_id == "c"
    assert json.loads(reply.body)["error"]["code"] == "claim_id_reused"


async def test_the_inbox_is_asked_before_schema_and_deadline(rig: Rig) -> None:
    rig.seed(ROW)
    late = put(1, 1, {1: 4}, deadline="2026-01-02T03:05:00Z")
    async with rig.working():
        rig.send(late)
        await rig.settled()
        rig.clock.advance(3600)
        rig.send(late)
        await rig.settled()
    assert rig.code(1) == "allocation.granted"
    assert len(rig.bodies_of(1)) == 2


async def test_what_can_be_read_but_is_wrong_is_rejected(rig: Rig) -> None:
    rig.send_bytes(encoded(claim(1, "trait.ensure", name="CUSTOM_A")), "trait.delete")
    await rig.run(claim(2, "nonsense"), put(3, 1, {1: 0}), create(4, 1, surplus=1), claim(5, "allocation.place"))
    assert rig.codes((1, 2, 3, 4, 5)) == ["invalid_message"] * 5
    assert [rig.told(n)["data"]["details"][0]["rule"] for n in (1, 2, 3, 4)] == [
        "const", "enum", "minimum", "additionalProperties",
    ]  # fmt: skip
    assert rig.dead == []


async def test_what_a_rule_refuses_is_rejected(rig: Rig) -> None:
    rig.seed(ROW)
    await rig.run(put(1, 1, {1: 11}))
    assert rig.told(1)["data"]["details"]["free"] == 10
    assert rig.metric("allocation_claims_total", op="allocation.set", outcome="capacity_exceeded") == 1


async def test_when_a_row_moved_the_whole_batch_is_decided_again_on_locked_rows() -> None:
    first = Rig()
    second = Rig(first)
    first.seed(ROW)
    # the second's claims come to the first alone: it holds its place before the locks while the other commits
    gate = first.store.steps.hold_next("lock")
    first.send(put(1, 1, {1: 9}), put(2, 2, {1: 5}))
    async with first.working():
        await gate.reached()
        await first.consumer.cancel()
        second.send(put(3, 3, {1: 5}))
        async with second.working():
            await second.broker.until(lambda: bool(second.bodies_of(3)), "the other worker's claim is decided")
        gate.open()
        await first.settled()
    assert first.codes((3, 1, 2)) == ["allocation.granted", "capacity_exceeded", "allocation.granted"]
    generations = [first.told(n)["data"]["providers"][provider_id(1)]["generation"] for n in (3, 2)]
    assert generations == [1, 2]
    assert first.used(1) == 10
    assert first.metric("allocation_conflicts_total") == 1


async def test_a_claim_that_needs_a_row_not_locked_is_carried_over_and_goes_first() -> None:
    first = Rig()
    second = Rig(first)
    first.seed(ROW, provider_row(2, {VCPU: Inventory(10)}))
    gate = first.store.steps.hold_next("lock")
    first.send(release(1, 1), put(2, 2, {1: 1}))
    async with first.working():
        await gate.reached()
        await first.consumer.cancel()
        second.send(put(3, 1, {2: 5}))
        async with second.working():
            await second.broker.until(lambda: bool(second.bodies_of(3)), "the other worker's claim is decided")
        gate.open()
        await first.settled()
    assert first.told(1)["data"]["changed"] is True
    assert first.metric("allocation_carried_total") == 1
    assert first.used(2) == 0
    assert first.store.state.consumer(consumer_id(1)) is None


@pytest.mark.parametrize("step", ["begin", "keep_fresh", "read", "lock", "write", "commit"])
async def test_after_a_conflict_the_whole_transaction_is_run_again(rig: Rig, step: str) -> None:
    rig.seed(ROW)
    rig.store.fail_next(step, Conflict("40001"), times=4)
    await rig.run(put(1, 1, {1: 1}), put(2, 2, {1: 1}))
    assert rig.codes((1, 2)) == ["allocation.granted"] * 2
    at_the_end = rig.store.steps.taken.count("confirm")
    assert rig.store.steps.taken.count("begin") - at_the_end == 5
    assert len(rig.clock.slept) == 4
    assert rig.used(1) == 2
    assert len(rig.broker.to("allocation.events")) == 2


async def test_every_try_is_a_sign_of_life(rig: Rig) -> None:
    rig.seed(ROW)
    rig.store.fail_next("write", Conflict("40001"), times=4)
    await rig.run(put(1, 1, {1: 1}))
    assert rig.pulse.beats.count("decide") == 5


async def test_a_conflict_in_every_try_counts_as_an_outage(rig: Rig) -> None:
    rig.seed(ROW)
    rig.store.fail_next("write", Conflict("40001"), times=5)
    rig.send(put(1, 1, {1: 1}))
    async with rig.working():
        await rig.is_waiting_out()
        assert rig.broker.published == []
        assert "5 tries" in (rig.engine.reason or "")
        await rig.resume()
        await rig.settled()
    assert rig.code(1) == "allocation.granted"


@pytest.mark.parametrize("took_effect", [True, False])
async def test_a_commit_of_unknown_fate_is_settled_by_the_inbox(rig: Rig, took_effect: bool) -> None:
    rig.seed(ROW)
    rig.store.fail_next("commit", Conflict("connection lost in COMMIT"), after_effect=took_effect)
    await rig.run(put(1, 1, {1: 4}))
    assert rig.code(1) == "allocation.granted"
    assert rig.used(1) == 4
    assert rig.metric("allocation_repeated_total") == (1 if took_effect else 0)


async def test_after_a_lock_timeout_the_next_attempt_has_half_the_batch(rig: Rig) -> None:
    rig.seed(ROW)
    rig.store.fail_next("lock", LockTimeout("55P03"), times=2)
    await rig.run(*(put(number, number, {1: 1}) for number in (1, 2, 3, 4)))
    assert rig.order() == [1, 2, 3, 4]
    recorded = [len([k for k in rig.store.state.inbox.values() if k.batch == batch]) for batch in (1, 2, 3)]
    assert recorded == [1, 1, 2]
    assert rig.used(1) == 4


async def test_a_lock_timeout_of_a_claim_alone_is_a_conflict_like_others(rig: Rig) -> None:
    rig.seed(ROW)
    rig.store.fail_next("lock", LockTimeout("55P03"), times=3)
    await rig.run(put(1, 1, {1: 1}))
    assert rig.code(1) == "allocation.granted"
    assert len(rig.clock.slept) == 3


async def test_two_workers_racing_for_the_last_units_grant_them_once() -> None:
    first = Rig()
    second = Rig(first)
    first.seed(ROW)
    for number in range(1, 21):
        first.send(put(number, number, {1: 1}))
    async with first.working(), second.working():
        await first.settled()
    granted = [number for number in range(1, 21) if first.code(number) == "allocation.granted"]
    assert len(granted) == 10
    assert first.used(1) == 10


async def test_a_fault_in_one_worker_is_no_matter_to_a_claim_that_another_decided(rig: Rig) -> None:
    rig.seed(ROW)
    rig.store.fail_next("read", Outage("08006"))
    other = Rig(rig)
    rig.send(put(1, 1, {1: 1}, consumer=holder(1, generation=None)))
    async with rig.working():
        await rig.is_waiting_out()
        async with other.working():
            await other.settled()
    assert rig.code(1) == "allocation.granted"
