"""The table «What happens when» of the architecture: anything else, which is a bug, ours or theirs."""

from collections.abc import MutableMapping
from typing import Any

import pytest

from schemas.parked import ParkedHeaders, ParkedReason
from tests.builders import VCPU, claim_id, provider_row
from tests.component.bodies import put
from tests.component.rig import Rig
from worker.faults import Outage
from worker.placement.inventory import Inventory

ROW = provider_row(1, {VCPU: Inventory(100)})


@pytest.mark.parametrize("culprit", range(1, 9))
async def test_the_culprit_is_parked_alone_and_the_others_go_through_in_order(rig: Rig, culprit: int) -> None:
    rig.seed(ROW)
    rig.store.poison[claim_id(culprit)] = AssertionError("a bug")
    await rig.run(*(put(number, number, {1: 1}) for number in range(1, 9)))
    others = [number for number in range(1, 9) if number != culprit]
    assert rig.order() == others
    assert rig.codes(others) == ["allocation.granted"] * 7
    assert rig.used(1) == 7
    (parked,) = rig.dead
    headers = ParkedHeaders.model_validate(dict(parked.headers or {}))
    assert headers.reason is ParkedReason.POISON
    assert headers.trace is not None
    assert "AssertionError: a bug" in headers.trace
    assert claim_id(culprit) not in rig.store.state.inbox


async def test_several_culprits_in_one_batch_are_all_found(rig: Rig) -> None:
    rig.seed(ROW)
    for number in (1, 4, 8):
        rig.store.poison[claim_id(number)] = LookupError(number)
    await rig.run(*(put(number, number, {1: 1}) for number in range(1, 9)))
    assert rig.order() == [2, 3, 5, 6, 7]
    assert len(rig.dead) == 3


async def test_a_claim_that_fails_alone_only_once_goes_through(rig: Rig) -> None:
    rig.seed(ROW)
    rig.store.fail_next("write", LookupError("once"))
    await rig.run(put(1, 1, {1: 1}))
    assert rig.code(1) == "allocation.granted"
    assert rig.store.steps.taken.count("probe") == 2
    assert rig.dead == []


async def test_nothing_is_parked_while_the_database_cannot_be_probed(rig: Rig) -> None:
    rig.seed(ROW)
    rig.store.poison[claim_id(1)] = LookupError("a bug")
    rig.send(put(1, 1, {1: 1}))
    gate = rig.store.steps.hold_next("keep_fresh")
    async with rig.working():
        await gate.reached()
        rig.store.fail_next("probe", Outage("57P01"))
        gate.open()
        await rig.is_waiting_out()
        assert rig.dead == []
        await rig.resume()
        await rig.settled()
    assert len(rig.dead) == 1


async def test_a_claim_that_fails_in_two_ways_is_not_parked_yet(rig: Rig) -> None:
    rig.seed(ROW)
    rig.store.fail_next("write", LookupError("one way"))
    rig.store.fail_next("write", ValueError("another"))
    rig.send(put(1, 1, {1: 1}))
    async with rig.working():
        await rig.is_waiting_out()
        assert "two ways" in (rig.engine.reason or "")
        await rig.resume()
        await rig.settled()
    assert rig.dead == []
    assert rig.code(1) == "allocation.granted"


async def test_many_parked_in_a_row_stop_the_taking_for_good(log: list[MutableMapping[str, Any]]) -> None:
    rig = Rig(parked_max=3)
    rig.seed(ROW)
    for number in range(1, 9):
        rig.store.poison[claim_id(number)] = LookupError("a bug of ours")
    rig.send(*(put(number, number, {1: 1}) for number in range(1, 9)))
    async with rig.working():
        await rig.is_waiting_out()
        assert "in a row" in (rig.engine.reason or "")
        for _ in range(3):
            rig.clock.advance(31)
            await rig.is_waiting_out()
        assert not rig.consumer.is_open
    assert len(rig.dead) <= 3
    assert any(one["event"] == "parked_in_a_row" and one["log_level"] == "critical" for one in log)
    assert rig.consumer.steps.taken.count("open") == 1


async def test_scattered_culprits_do_not_stop_the_taking() -> None:
    rig = Rig(parked_max=1)
    rig.seed(ROW)
    for number in (2, 4, 6, 8):
        rig.store.poison[claim_id(number)] = LookupError("a bug")
    await rig.run(*(put(number, number, {1: 1}) for number in range(1, 9)))
    assert rig.order() == [1, 3, 5, 7]
    assert len(rig.dead) == 4


async def test_a_message_handed_over_suspiciously_often_is_taken_alone(rig: Rig) -> None:
    rig.seed(ROW)
    rig.send(*(put(number, number, {1: 1}) for number in (1, 2, 3)))
    rig.broker.queues["allocation.claims"][1].attempts = 3
    async with rig.working():
        await rig.settled()
    batches = {number: rig.store.state.inbox[claim_id(number)].batch for number in (1, 2, 3)}
    assert len(set(batches.values())) == 3
    assert rig.order() == [1, 2, 3]


class Breaking(bytes):
    """A body over which the reading itself stumbles."""

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        raise LookupError("a bug")


async def test_a_message_that_breaks_the_reading_is_parked_as_poison_and_harms_no_other(rig: Rig) -> None:
    rig.seed(ROW)
    rig.send_bytes(Breaking(b"{}"))
    await rig.run(put(1, 1, {1: 1}))
    (parked,) = rig.dead
    assert ParkedHeaders.model_validate(dict(parked.headers or {})).reason is ParkedReason.POISON
    assert rig.code(1) == "allocation.granted"
