"""A batch whose claims take long to decide: what there is no time for goes first in the next."""

from tests.builders import VCPU, provider_row
from tests.component.bodies import place
from tests.component.rig import Rig
from worker.engine.apply import DECIDING_MAX_S
from worker.placement.inventory import Inventory


async def test_a_batch_ends_where_its_time_does_and_nothing_is_lost_nor_out_of_order() -> None:
    rig = Rig(slow_s=DECIDING_MAX_S / 2)
    rig.seed(provider_row(1, {VCPU: Inventory(10)}))
    await rig.run(*(place(number, number, {"VCPU": 1}) for number in range(1, 8)))
    assert rig.codes(range(1, 8)) == ["allocation.granted"] * 7
    assert rig.order() == list(range(1, 8))
    assert rig.metric("allocation_batch_claims_count") > 1
    assert rig.metric("allocation_carried_total") == 0
