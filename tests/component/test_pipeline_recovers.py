"""After a batch that failed or left something over, the ones behind go on as before: nothing is read over and over."""

import asyncio
from collections.abc import Sequence

import pytest

from tests.builders import VCPU, provider_row
from tests.component.bodies import Body, put, release, together
from tests.component.rig import Rig
from tests.fakes import signals
from worker.faults import Conflict
from worker.placement.inventory import Inventory

SIZE = 4
SUSPENSIONS = 20


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    """Batches of four on one provider; each step of the store takes a while, as it does in life."""
    begin = signals.Steps.begin

    async def slowly(self: signals.Steps, step: str) -> BaseException | None:
        for _ in range(SUSPENSIONS):
            await asyncio.sleep(0)
        return await begin(self, step)

    monkeypatch.setattr(signals.Steps, "begin", slowly)
    rig = Rig(batch_size_max=SIZE)
    rig.seed(provider_row(1, {VCPU: Inventory(100_000)}))
    return rig


def _send(rig: Rig, bodies: Sequence[Body], in_a_message: int) -> None:
    for first in range(0, len(bodies), in_a_message):
        rig.send(together(*bodies[first : first + in_a_message]))


async def test_one_conflict_has_two_batches_read_again_and_no_more(rig: Rig) -> None:
    rig.store.fail_next("write", Conflict("40001"))
    _send(rig, [put(number, number, {1: 1}) for number in range(1, 101)], 50)
    async with rig.working():
        await rig.settled()
    assert rig.store.steps.taken.count("read") <= 100 / SIZE + 3


async def test_what_a_batch_leaves_over_does_not_go_through_all_that_is_read(rig: Rig) -> None:
    again = [release(1, 1), put(2, 1, {1: 1})]
    _send(rig, [*again, *(put(number, number, {1: 1}) for number in range(3, 101))], 50)
    async with rig.working():
        await rig.store.until(lambda: rig.store.steps.taken.count("write") >= 2, "the second batch is decided")
        assert rig.store.steps.taken.count("read") <= 5
        await rig.settled()
    assert rig.order() == list(range(1, 101))
