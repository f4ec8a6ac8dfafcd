"""Several claims in one message: each is decided as if it had come alone, and the message is settled with the last."""

import json
from typing import Any

import pytest

from schemas.batch import BATCH_OP
from schemas.parked import ParkedHeaders, ParkedReason
from schemas.wire import BODY_BYTES_MAX
from tests.builders import VCPU, claim_id, provider_row
from tests.component.bodies import claim, encoded, put, puts, together
from tests.component.rig import REPLY_TO, Rig
from worker.messages import Outgoing
from worker.placement.inventory import Inventory

ROW = provider_row(1, {VCPU: Inventory(100)})
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def headers_of(parked: Outgoing) -> ParkedHeaders:
    """What stands on a dead letter, held to its schema."""
    return ParkedHeaders.model_validate(dict(parked.headers or {}))


async def test_claims_of_one_message_go_into_different_batches_and_it_is_acked_with_the_last(two_each: Rig) -> None:
    gates = [two_each.publisher.steps.hold_next("publish") for _ in range(3)]
    two_each.send(together(*puts(1, 2, 3, 4, 5)))
    async with two_each.working():
        for gate in gates:
            await gate.reached()
            assert two_each.consumer.acked == []
            assert two_each.metric("allocation_in_flight") == 1
            gate.open()
        await two_each.settled()
        assert two_each.metric("allocation_in_flight") == 0
    assert two_each.consumer.acked == [((), 1)]
    assert two_each.order() == [1, 2, 3, 4, 5]
    assert len({kept.batch for kept in two_each.store.state.inbox.values()}) == 3
    assert two_each.used(1) == 5


async def test_messages_of_one_and_of_several_claims_keep_their_order(rig: Rig) -> None:
    rig.seed(ROW)
    await rig.run(*puts(1), together(*puts(2, 3)), *puts(4), together(*puts(5, 6)))
    assert rig.order() == [1, 2, 3, 4, 5, 6]
    assert rig.consumer.acked == [((), 4)]


async def test_what_the_message_brings_with_it_holds_for_each_claim(rig: Rig) -> None:
    rig.seed(ROW)
    await rig.run(together(*puts(1, 2)), reply_to=REPLY_TO, correlation_id="mine", headers={"traceparent": TRACE})
    assert [one.correlation_id for one in rig.broker.to("allocation.events")] == ["mine"] * 2
    assert [event.traceparent for event in rig.events] == [TRACE] * 2
    assert [json.loads(one.body)["claimid"] for one in rig.broker.replies] == [claim_id(1), claim_id(2)]
    assert [one.correlation_id for one in rig.broker.replies] == ["mine"] * 2


async def test_without_a_correlation_id_each_event_bears_its_claim_s(rig: Rig) -> None:
    rig.seed(ROW)
    await rig.run(together(*puts(1, 2)))
    assert [one.correlation_id for one in rig.broker.to("allocation.events")] == [claim_id(1), claim_id(2)]


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (b'"text"', ParkedReason.NOT_AN_OBJECT),
        (b'{"op": "trait.ensure",  "name": "CUSTOM_A"}', ParkedReason.NO_CLAIM_ID),
        (b'{"op": "trait.ensure", "claim_id": 1.50}', ParkedReason.NO_CLAIM_ID),
        (b'{"op": "trait.ensure", "a": 1, "a": 1}', ParkedReason.DUPLICATE_KEY),
        (b'{"op": "trait.ensure", "a": -Infinity}', ParkedReason.NOT_JSON),
        (b'{"op": "trait.ensure", "a": 1%s}' % (b"0" * 5_000), ParkedReason.NOT_JSON),
        (b'{"op": "trait.ensure", "a": %s%s}' % (b"[" * 40, b"]" * 40), ParkedReason.TOO_DEEP),
    ],
    ids=["text", "without an id", "with a wrong id", "a key twice", "no number", "a huge number", "too deep"],
)
async def test_a_malformed_claim_is_parked_alone_as_a_message_of_its_own(
    rig: Rig, member: bytes, reason: ParkedReason
) -> None:
    rig.seed(ROW)
    first, last = map(encoded, puts(1, 2))
    body = b'{"claims": [%s ,%s , %s], "op": "claims.batch"}' % (first, member, last)
    rig.send_bytes(body, BATCH_OP, message_id="a-message", correlation_id="mine")
    await rig.run()
    assert rig.codes((1, 2)) == ["allocation.granted"] * 2
    (parked,) = rig.dead
    assert parked.body == member
    assert parked.properties is not None
    assert (parked.properties.message_id, parked.properties.correlation_id) == ("a-message", "mine")
    headers, key = headers_of(parked), "trait.ensure" if b"trait" in member else BATCH_OP
    assert (headers.reason, headers.routing_key, parked.routing_key) == (reason, key, key)
    assert headers.detail.startswith("claim 2 of 3 of a claims.batch 'a-message': ")


@pytest.mark.parametrize("op", ["x" * 256, "\ud800", "\ud800" * 300, 7, None])
async def test_an_op_that_is_no_routing_key_harms_nothing(rig: Rig, op: object) -> None:
    rig.seed(ROW)
    await rig.run(together({"op": op}, {"op": op, "claim_id": claim_id(2)}, *puts(1)))
    assert rig.codes((1, 2)) == ["allocation.granted", "invalid_message"]
    (parked,) = rig.dead
    assert (parked.routing_key, headers_of(parked).reason) == (BATCH_OP, ParkedReason.NO_CLAIM_ID)


async def test_a_claim_that_can_be_read_but_is_wrong_is_rejected(rig: Rig) -> None:
    rig.seed(ROW)
    await rig.run(together(claim(1, "nonsense"), claim(2, "trait.ensure"), *puts(3), put(4, 4, {1: 200})))
    assert rig.codes((1, 2, 3, 4)) == ["invalid_message", "invalid_message", "allocation.granted", "capacity_exceeded"]
    assert rig.dead == []


async def test_there_is_no_batch_within_a_batch(rig: Rig) -> None:
    rig.seed(ROW)
    inner = together(*puts(1))
    await rig.run(together(inner, {**inner, "claim_id": claim_id(2)}, *puts(3)))
    assert rig.codes((2, 3)) == ["invalid_message", "allocation.granted"]
    assert rig.bodies_of(1) == []
    (parked,) = rig.dead
    assert headers_of(parked).reason is ParkedReason.NO_CLAIM_ID


def _whole(**fields: Any) -> bytes:
    return encoded({**together(*puts(1)), **fields})


@pytest.mark.parametrize(
    ("body", "reason", "detail"),
    [
        (_whole(claims=[]), ParkedReason.NOT_A_BATCH, "0 claims"),
        (_whole(claims=[1] * 257), ParkedReason.NOT_A_BATCH, "257 claims"),
        (_whole(claims={"claim": put(1, 1, {1: 1})}), ParkedReason.NOT_A_BATCH, "not a list"),
        (_whole(claims=None), ParkedReason.NOT_A_BATCH, "not a list"),
        (_whole(claim_id=claim_id(1)), ParkedReason.NOT_A_BATCH, "no field 'claim_id'"),
        (_whole(deadline="2026-01-01T00:00:00Z"), ParkedReason.NOT_A_BATCH, "no field 'deadline'"),
        (_whole(op="claims.batches"), ParkedReason.NOT_A_BATCH, "op is not"),
        (_whole(op=5), ParkedReason.NOT_A_BATCH, "op is not"),
        (b'{"op": "claims.batch"}', ParkedReason.NOT_A_BATCH, "no claims"),
        (b'{"op": "claims.batch", "op": "claims.batch", "claims": [1]}', ParkedReason.DUPLICATE_KEY, "twice"),
        (b'{"op": "claims.batch", "claims": [1, 2', ParkedReason.NOT_JSON, "Expecting"),
        (b'{"op": "claims.batch", "claims": [1]} {}', ParkedReason.NOT_JSON, "Extra data"),
        (b'{"op": "claims.batch", "claims": [%s]}' % (b"[" * 100_000), ParkedReason.TOO_DEEP, "deeper"),
        (b'{"op": "claims.batch", "claims": ["\xff"]}', ParkedReason.NOT_UTF8, "byte"),
        (b"[1]", ParkedReason.NOT_AN_OBJECT, "not an object"),
        (b"", ParkedReason.NOT_JSON, "Expecting"),
        (_whole() + b" " * BODY_BYTES_MAX, ParkedReason.TOO_LARGE, "at most"),
    ],
)
async def test_what_is_no_batch_at_all_is_parked_whole(
    rig: Rig, body: bytes, reason: ParkedReason, detail: str
) -> None:
    rig.seed(ROW)
    rig.send_bytes(body, BATCH_OP)
    await rig.run(*puts(2))
    assert rig.order() == [2]
    (parked,) = rig.dead
    assert (parked.body, parked.routing_key) == (body, BATCH_OP)
    assert headers_of(parked).reason is reason
    assert detail in headers_of(parked).detail
    assert rig.metric("allocation_parked_total", reason=reason.value) == 1


async def test_one_claim_under_the_key_of_several_is_rejected_as_under_any_other_key(rig: Rig) -> None:
    rig.seed(ROW)
    rig.send_bytes(encoded(put(1, 1, {1: 1})), BATCH_OP)
    await rig.run()
    (violation,) = rig.told(1)["data"]["details"]
    assert (violation["rule"], violation["limit"]) == ("const", BATCH_OP)
    assert rig.dead == []


async def test_a_poisonous_claim_is_parked_alone(rig: Rig) -> None:
    rig.seed(ROW)
    rig.store.poison[claim_id(2)] = AssertionError("a bug")
    await rig.run(together(*puts(1, 2, 3)))
    assert rig.order() == [1, 3]
    (parked,) = rig.dead
    assert (parked.body, parked.routing_key) == (encoded(*puts(2)), "allocation.set")
    assert headers_of(parked).reason is ParkedReason.POISON
    assert headers_of(parked).detail == "claim 2 of 3 of a claims.batch: AssertionError('a bug')"
    assert rig.consumer.acked == [((), 1)]


async def test_a_parked_claim_goes_through_when_it_is_sent_again_as_it_was_parked(rig: Rig) -> None:
    rig.seed(ROW)
    rig.store.poison[claim_id(2)] = AssertionError("a bug")
    rig.send(together(*puts(1, 2, 3)))
    async with rig.working():
        await rig.settled()
        rig.store.poison.clear()
        (parked,) = rig.dead
        rig.send_bytes(parked.body, headers_of(parked).routing_key, headers=parked.headers)
        rig.send(together(*puts(1, 2, 3)))
        await rig.settled()
    assert rig.order() == [1, 3, 2]
    assert [len(rig.bodies_of(number)) for number in (1, 2, 3)] == [2, 1, 2]
    assert rig.used(1) == 3


async def test_a_message_that_breaks_the_taking_apart_is_parked_as_poison(rig: Rig) -> None:
    class Breaking(bytes):
        def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
            raise LookupError("a bug")

    rig.seed(ROW)
    rig.send_bytes(Breaking(b"{}"), BATCH_OP)
    await rig.run(*puts(1))
    (parked,) = rig.dead
    assert headers_of(parked).reason is ParkedReason.POISON
    assert rig.code(1) == "allocation.granted"


async def test_one_claim_twice_in_a_message_has_one_outcome(two_each: Rig) -> None:
    await two_each.run(together(*puts(1, 1, 2, 1)))
    assert two_each.used(1) == 2
    assert len(set(two_each.bodies_of(1))) == 1
    assert two_each.consumer.acked == [((), 1)]
    assert two_each.dead == []


async def test_of_two_bodies_under_one_id_in_a_message_the_first_counts_and_the_other_is_parked(rig: Rig) -> None:
    rig.seed(ROW)
    await rig.run(together(put(1, 1, {1: 4}), put(1, 1, {1: 5})), reply_to=REPLY_TO)
    assert rig.used(1) == 4
    (parked,) = rig.dead
    assert parked.body == encoded(put(1, 1, {1: 5}))
    assert headers_of(parked).reason is ParkedReason.CLAIM_ID_REUSED
    told = [json.loads(one.body) for one in rig.broker.replies]
    assert [one["error"]["code"] for one in told if "error" in one] == ["claim_id_reused"]
