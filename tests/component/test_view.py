"""The view of all providers stays true whatever befalls the batches that use it, and so do those behind others."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from tests.builders import FAST, GOLD, SILVER, VCPU, provider_id, provider_row
from tests.component.bodies import claim, encoded, place, put
from tests.component.rig import Rig
from tests.fakes.broker import FakeBroker, FakeProperties
from worker.engine.ahead import InHand, Standing, named_by
from worker.engine.apply import Route
from worker.engine.failures import Failures
from worker.engine.intake import Incoming, read
from worker.engine.ports import Surroundings
from worker.engine.render import Renderer
from worker.faults import Conflict, Outage
from worker.messages import Delivery
from worker.placement.fleet.columns import Columns
from worker.placement.inventory import Inventory, Stock
from worker.placement.plan import Plan, Writes

TURNS = 200


def another(rig: Rig) -> Rig:
    """A worker on the same store, with a queue of its own."""
    return Rig(SimpleNamespace(clock=rig.clock, store=rig.store, broker=FakeBroker()))


async def test_a_load_that_is_cut_off_leaves_no_view_behind() -> None:
    rig = Rig()
    rig.seed(
        provider_row(1, {}, traits=[FAST]),
        provider_row(2, {VCPU: Inventory(10)}, parent=1),
        *(provider_row(number, {GOLD: Inventory(10)}) for number in range(3, 8)),
    )
    async with rig.working():
        rig.send(place(1, 1, {GOLD: 1}))
        await rig.settled()
        await another(rig).run(
            claim(50, "provider_traits.replace", provider=provider_id(1), traits=[]),
            claim(51, "resource_class.rename", name=GOLD, new_name="CUSTOM_NEW"),
        )
        rig.store.fail_next("portion", Outage("08006"))
        rig.send(place(2, 2, {"VCPU": 1}, root_required=[FAST]))
        await rig.resume()
        await rig.settled()
        rig.send(place(3, 3, {"CUSTOM_NEW": 1}))
        await rig.settled()
    assert rig.codes([1, 2, 3]) == ["allocation.granted", "no_candidates", "allocation.granted"]


@pytest.mark.parametrize("step", ["write", "commit"])
async def test_a_batch_behind_never_loads_a_view_of_its_own(step: str) -> None:
    rig = Rig(batch_size_max=1)
    rig.seed(*(provider_row(number, {VCPU: Inventory(10)}) for number in (1, 2)))
    await rig.run(place(1, 1, {"VCPU": 1}))
    again = Rig(rig, batch_size_max=1)
    failing = again.store.steps.hold_next(step)
    again.store.fail_next(step, Conflict("40001"))
    again.send(place(2, 2, {"VCPU": 9}), place(3, 3, {"VCPU": 9}), place(4, 4, {"VCPU": 2}))
    async with again.working():
        await failing.reached()
        behind = again.store.steps.hold_next("keep_fresh")
        failing.open()
        for _ in range(TURNS):
            await asyncio.sleep(0)
        behind.open()
        await again.settled()
    assert again.dead == []
    assert again.codes([2, 3, 4]) == ["allocation.granted", "allocation.granted", "no_candidates"]
    assert sorted((again.used(1), again.used(2))) == [9, 10]


async def test_outcomes_are_published_in_the_order_of_their_claims_however_slow_that_is() -> None:
    rig = Rig(batch_size_max=1)
    rig.seed(provider_row(1, {VCPU: Inventory(100)}))
    gates = [rig.publisher.steps.hold_next("publish") for _ in range(3)]
    rig.send(*(put(number, 1, {1: number}) for number in range(1, 13)))
    async with rig.working():
        for gate in gates:
            await gate.reached()
            for _ in range(TURNS):
                await asyncio.sleep(0)
            gate.open()
        await rig.settled()
    assert rig.order() == list(range(1, 13))


class Unsound(Incoming):
    """A claim that cannot even be checked."""

    __slots__ = ()

    def check(self) -> Any:
        raise RuntimeError("a bug of ours")


async def test_a_claim_that_cannot_be_checked_is_isolated_behind_another_batch_too() -> None:
    rig = Rig(batch_size_max=1)
    rig.seed(provider_row(1, {VCPU: Inventory(10)}))
    renderer = Renderer("/test", "events")
    route = Route(rig.store, renderer, rig.telemetry, 8, rig.clock.monotonic)
    around: Surroundings = rig.around
    failures = Failures(route, rig.store, around, 5)
    ((sound,), _) = read([_delivery(put(1, 1, {1: 1}))])
    unsound = Unsound(sound.delivery, sound.claim, sound.fingerprint, sound.parsed)
    ahead = InHand()
    ahead.named = named_by([sound])
    ahead.begin((), promising=True)
    ahead.stand(Standing(Plan(outcomes=(), writes=Writes()), 0))
    ahead.finish(failed=False)
    (applied,) = [one async for one in failures.apply([unsound], lambda: (), InHand(ahead))]
    assert [one.reason.value for one in applied.parked] == ["poison"]


def test_a_move_that_fails_halfway_is_undone() -> None:
    fleet = Columns()
    fleet.load([provider_row(1, {GOLD: Inventory(10), VCPU: Inventory(5)})])
    with pytest.raises(KeyError):
        fleet.move(provider_id(1), 1, {GOLD: Stock(Inventory(10), 7), SILVER: Stock(Inventory(5), 0)})
    fleet.undo()
    row = fleet.row(provider_id(1))
    assert row is not None
    assert row.inventories[GOLD].used == 0


def _delivery(body: dict[str, Any]) -> Delivery:
    return Delivery(encoded(body), str(body["op"]), FakeProperties(), tag=1, epoch=1, redelivered=False, attempts=0)
