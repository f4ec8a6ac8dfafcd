"""A snapshot taken forward by the plan of another batch."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import VCPU, consumer, holding, provider_id, provider_row, set_claim, snapshot
from worker.placement.decide import decide
from worker.placement.ids import RowId
from worker.placement.inventory import Inventory, Stock
from worker.placement.overlay import overlaid

ROWS = (provider_row(1, {VCPU: Inventory(10)}), provider_row(2, {VCPU: Inventory(10)}))
asked = st.lists(st.tuples(st.sampled_from([1, 2]), st.integers(1, 6)), max_size=6)


@given(asked, asked)
def test_two_batches_one_on_the_plan_of_the_other_decide_as_one_batch_does(
    ahead: list[tuple[int, int]], behind: list[tuple[int, int]]
) -> None:
    claims = [
        set_claim(number, holding(consumer(number), {provider_id(provider): {VCPU: amount}}))
        for number, (provider, amount) in enumerate([*ahead, *behind], 1)
    ]
    whole = decide(claims, snapshot(*ROWS))
    first = decide(claims[: len(ahead)], snapshot(*ROWS))
    forward = overlaid(snapshot(*ROWS), first.providers, first.left)
    assert forward is not None
    second = decide(claims[len(ahead) :], forward)
    assert (*first.outcomes, *second.outcomes) == whole.outcomes


def test_a_row_that_is_further_already_stays_as_it_was_read() -> None:
    plan = decide([set_claim(1, holding(1, {provider_id(1): {VCPU: 3}}))], snapshot(*ROWS))
    later = replace(ROWS[0], generation=ROWS[0].generation + 1, inventories={VCPU: Stock(Inventory(10), 3)})
    anew = replace(ROWS[0], row=RowId(ROWS[0].row + 7))
    for read in (later, anew):
        forward = overlaid(snapshot(read), plan.providers, plan.left)
        assert forward is not None
        assert forward.providers[provider_id(1)] == read


def test_nothing_is_laid_over_a_snapshot_that_is_older_than_what_the_batch_found() -> None:
    plan = decide([set_claim(1, holding(1, {provider_id(1): {VCPU: 3}}))], snapshot(*ROWS))
    older = replace(ROWS[0], generation=ROWS[0].generation - 1)
    assert overlaid(snapshot(older), plan.providers, plan.left) is None
