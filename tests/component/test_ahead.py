"""A batch decided while the one ahead of it is being written."""

import asyncio
from dataclasses import replace

import pytest

from tests.builders import VCPU, consumer_row, provider_id, provider_row
from tests.component.bodies import Body, declare, encoded, put, release
from tests.component.rig import BACKOFF_MAX_S, Rig
from tests.fakes.broker import FakeProperties
from worker.engine import apply
from worker.engine.ahead import Abandoned, InHand, Standing
from worker.engine.apply import Route
from worker.engine.intake import read
from worker.engine.render import Renderer
from worker.faults import Conflict, LockTimeout, Outage
from worker.messages import Delivery
from worker.placement.inventory import Inventory, Stock
from worker.placement.plan import Plan, Writes

TURNS = 200
"""Of the loop, in which all that can happen without the batch ahead has happened."""
ROW = provider_row(1, {VCPU: Inventory(10)})


@pytest.fixture
def one_each() -> Rig:
    """Each batch is one claim; a provider with room for ten."""
    rig = Rig(batch_size_max=1)
    rig.seed(ROW)
    return rig


async def all_that_can_happen() -> None:
    """Without what is held."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def held_at(rig: Rig, step: str, ahead: Body, behind: Body, *, reads: int) -> None:
    """Both claims through, the one ahead held at `step` until so many snapshots have been read."""
    gate = rig.store.steps.hold_next(step)
    rig.send(ahead, behind)
    async with rig.working():
        await gate.reached()
        await all_that_can_happen()
        assert rig.store.steps.taken.count("read") == reads
        gate.open()
        await rig.settled()


async def test_it_is_decided_on_what_the_one_ahead_will_have_written(one_each: Rig) -> None:
    await held_at(one_each, "write", put(1, 1, {1: 6}), put(2, 2, {1: 5}), reads=2)
    assert one_each.codes([1, 2]) == ["allocation.granted", "capacity_exceeded"]
    assert one_each.told(2)["data"]["details"]["used"] == 6
    assert one_each.store.steps.taken.count("read") == 2


async def test_it_is_read_while_the_one_ahead_asks_for_its_locks_and_decided_once_that_one_stands(
    one_each: Rig,
) -> None:
    gate = one_each.store.steps.hold_next("lock")
    one_each.send(put(1, 1, {1: 6}), put(2, 2, {1: 5}))
    async with one_each.working():
        await gate.reached()
        await all_that_can_happen()
        assert one_each.store.steps.taken.count("read") == 2
        assert one_each.store.steps.taken.count("lock") == 1
        gate.open()
        await one_each.settled()
    assert one_each.codes([1, 2]) == ["allocation.granted", "capacity_exceeded"]
    assert one_each.store.steps.taken.count("read") == 2


async def test_it_does_not_hold_a_transaction_open_for_long_while_the_one_ahead_takes_its_time(
    one_each: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "STANDING_WAIT_MAX_S", 0.0)
    await held_at(one_each, "lock", put(1, 1, {1: 6}), put(2, 2, {1: 5}), reads=2)
    assert one_each.codes([1, 2]) == ["allocation.granted", "capacity_exceeded"]
    assert one_each.store.steps.taken.count("read") == 3


def written_by_another(rig: Rig) -> None:
    """One generation further, as another worker leaves the provider."""
    row = rig.store.state.provider(provider_id(1))
    assert row is not None
    rig.store.state.providers[row.row] = replace(row, generation=row.generation + 1)


async def test_nothing_is_refused_on_a_row_that_was_read_before_the_one_ahead_read_it() -> None:
    rig = Rig(batch_size_max=1)
    rig.seed(provider_row(1, {VCPU: Stock(Inventory(10), 10)}), consumer_row(1, {provider_id(1): {VCPU: 10}}))
    gate = rig.store.steps.hold_next("read")
    rig.send(release(1, 1), put(2, 2, {1: 5}))
    async with rig.working():
        await gate.reached()
        await all_that_can_happen()
        written_by_another(rig)
        gate.open()
        await rig.settled()
    assert rig.codes([1, 2]) == ["allocation.released", "allocation.granted"]


async def test_reading_and_publishing_pause_while_any_batch_holds_what_others_wait_for(one_each: Rig) -> None:
    gate, writing = one_each.store.steps.hold_next("lock"), one_each.store.steps.hold_next("write")
    one_each.send(put(1, 1, {1: 1}), put(2, 2, {1: 1}))
    async with one_each.working():
        await gate.reached()
        await all_that_can_happen()
        written_by_another(one_each)
        gate.open()
        await writing.reached()
        calm = asyncio.create_task(one_each.route.calm())
        await all_that_can_happen()
        assert not calm.done()
        writing.open()
        await calm
        await one_each.settled()


async def test_what_the_one_ahead_leaves_over_goes_before_what_was_read_behind_it() -> None:
    rig = Rig(batch_size_max=2)
    rig.seed(ROW)
    gate = rig.store.steps.hold_next("lock")
    # given and released again, a consumer is given nothing more in the same batch: the second claim is left over
    rig.send(release(1, 1), put(2, 1, {1: 6}), put(3, 2, {1: 5}), put(4, 3, {1: 4}), put(5, 4, {1: 1}))
    async with rig.working():
        await gate.reached()
        await all_that_can_happen()
        assert rig.store.steps.taken.count("read") == 2
        gate.open()
        await rig.settled()
    assert rig.order() == [1, 2, 3, 4, 5]
    assert rig.codes([2, 3, 4, 5]) == [
        "allocation.granted", "capacity_exceeded", "allocation.granted", "capacity_exceeded",
    ]  # fmt: skip


async def test_generations_go_on_where_the_one_ahead_ends(one_each: Rig) -> None:
    await held_at(one_each, "commit", put(1, 1, {1: 6}), put(2, 2, {1: 4}), reads=2)
    (levels,) = one_each.told(2)["data"]["providers"].values()
    assert levels["generation"] == ROW.generation + 2
    assert one_each.used(1) == 10
    assert one_each.order() == [1, 2]


@pytest.mark.parametrize(
    "behind",
    [
        put(2, 1, {1: 1}),
        release(2, 1),
        declare(2, 1, 20),
        declare(2, 2, 20),
        put(1, 1, {1: 6}),
    ],
    ids=["of the same consumer", "a release of it", "of the provider itself", "of another provider", "the same claim"],
)
async def test_what_the_plan_ahead_does_not_tell_enough_of_waits_for_its_end(one_each: Rig, behind: Body) -> None:
    await held_at(one_each, "write", put(1, 1, {1: 6}), behind, reads=1)
    assert one_each.code(1) == "allocation.granted"
    assert one_each.dead == []


async def test_nothing_is_decided_behind_a_change_of_structure(one_each: Rig) -> None:
    await held_at(one_each, "write", declare(1, 1, 20), put(2, 2, {1: 15}), reads=1)
    assert one_each.code(2) == "allocation.granted"


@pytest.mark.parametrize("step", ["lock", "write", "commit"])
@pytest.mark.parametrize("error", [Conflict("40001"), LockTimeout("55P03"), LookupError("once")], ids=repr)
async def test_it_is_thrown_away_and_decided_anew_when_the_one_ahead_does_not_commit(
    one_each: Rig, step: str, error: Exception
) -> None:
    one_each.store.fail_next(step, error)
    await held_at(one_each, step, put(1, 1, {1: 6}), put(2, 2, {1: 5}), reads=2)
    assert one_each.order() == [1, 2]
    assert one_each.codes([1, 2]) == ["allocation.granted", "capacity_exceeded"]
    assert one_each.store.steps.taken.count("read") == 4


async def test_a_commit_of_unknown_fate_ahead_is_found_out_first(one_each: Rig) -> None:
    one_each.store.fail_next("commit", Conflict("the fate is unknown"), after_effect=True)
    await held_at(one_each, "commit", put(1, 1, {1: 6}), put(2, 2, {1: 4}), reads=2)
    assert one_each.codes([1, 2]) == ["allocation.granted"] * 2
    assert one_each.used(1) == 10


async def test_an_outage_ahead_takes_nothing_behind_it_first(one_each: Rig) -> None:
    one_each.store.fail_next("write", Outage("08006"))
    gate = one_each.store.steps.hold_next("write")
    one_each.send(put(1, 1, {1: 6}), put(2, 2, {1: 5}))
    async with one_each.working():
        await gate.reached()
        gate.open()
        await one_each.is_waiting_out()
        assert one_each.events == []
        one_each.clock.advance(BACKOFF_MAX_S)
        await one_each.settled()
    assert one_each.codes([1, 2]) == ["allocation.granted", "capacity_exceeded"]


async def test_rows_that_compare_equal_do_not_vouch_for_a_batch_ahead_that_failed(one_each: Rig) -> None:
    route = Route(one_each.store, Renderer("/test", "events"), one_each.telemetry, 8, one_each.clock.monotonic)
    ahead = InHand()
    ahead.stand(Standing(Plan(outcomes=(), writes=Writes()), 0))
    ahead.fail()
    incoming, _ = read([_delivery(put(1, 1, {1: 1}))])
    with pytest.raises(Abandoned):
        await route.apply(incoming, (), InHand(ahead))
    assert one_each.used(1) == 0


def _delivery(body: Body) -> Delivery:
    return Delivery(encoded(body), str(body["op"]), FakeProperties(), tag=1, epoch=1, redelivered=False, attempts=0)


async def test_what_is_behind_is_thrown_away_where_classes_have_other_names_by_then(one_each: Rig) -> None:
    route = Route(one_each.store, Renderer("/test", "events"), one_each.telemetry, 8, one_each.clock.monotonic)
    ahead = InHand()
    ahead.stand(Standing(Plan(outcomes=(), writes=Writes()), catalogue=-1))
    ahead.commit()
    incoming, _ = read([_delivery(put(1, 1, {1: 1}))])
    with pytest.raises(Abandoned, match="renamed"):
        await route.apply(incoming, (), InHand(ahead))
    assert one_each.used(1) == 0
