"""Random reshapes at the right generations, between other claims of a batch, as the naive model has them."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import MEMORY, VCPU, claim_id, consumer_id, provider_id
from tests.unit.placement.naive import Naive
from tests.unit.placement.naive_claims import allocation_claims, numbered
from tests.unit.placement.test_decide_against_naive import (
    check_told,
    naive_of,
    spoken,
    state_of,
    state_of_naive,
)
from tests.unit.placement.world import commit, read, seeded_world
from worker.placement.claims import Claim, Consumer, Holding, NewInventories, ReshapeProviders
from worker.placement.cut import cut
from worker.placement.decide import decide
from worker.placement.inventory import Inventory
from worker.placement.wanted import wanted

rooms = st.dictionaries(
    st.sampled_from([VCPU, VCPU, MEMORY]), st.builds(Inventory, total=st.integers(4, 40)), min_size=1, max_size=2
)
amounts = st.dictionaries(st.sampled_from([VCPU, MEMORY]), st.integers(1, 6), min_size=1, max_size=2)
holdings = st.lists(
    st.builds(
        Holding,
        consumer=st.builds(
            Consumer, id=st.integers(1, 3).map(consumer_id), project=st.just("project"), user=st.just("user")
        ),
        allocations=st.dictionaries(st.sampled_from([1, 1, 2, 2, 3]).map(provider_id), amounts, max_size=2),
    ),
    max_size=3,
    unique_by=lambda one: one.consumer.id,
).map(tuple)
news = st.dictionaries(st.sampled_from([1, 2, 3]).map(provider_id), rooms, min_size=1, max_size=3)


def reshape(number: int, listed: dict[Any, Any], naive: Naive, holds: tuple[Holding, ...]) -> ReshapeProviders:
    """A reshape at the generations that the naive model is at."""
    inventories = {
        provider: NewInventories(generation=naive.providers[provider]["generation"], inventories=new)
        for provider, new in listed.items()
    }
    return ReshapeProviders(id=claim_id(number), inventories=inventories, holdings=holds)


@settings(max_examples=300, deadline=None)
@given(st.lists(allocation_claims, max_size=4).map(numbered), news, holdings, st.lists(allocation_claims, max_size=3))
def test_a_reshape_among_other_claims_ends_as_the_naive_model_says(
    before: list[Claim], listed: dict[Any, Any], holds: tuple[Holding, ...], after: list[Claim]
) -> None:
    world, naive = seeded_world(), naive_of(seeded_world())
    told = [naive.decide(claim) for claim in before]
    claims = numbered([*before, reshape(len(before) + 1, listed, naive, holds), *after])
    told += [naive.decide(claim) for claim in claims[len(before) :]]
    spoke = []
    while claims:
        batch = claims[: cut(claims)]
        plan = decide(batch, read(world, wanted(batch)))
        world, claims = commit(world, plan), claims[len(batch) :]
        spoke += [spoken(outcome) for outcome in plan.outcomes]
    assert spoke == told
    assert state_of(world) == state_of_naive(naive)


@settings(max_examples=200, deadline=None)
@given(news, holdings)
def test_a_reshape_tells_the_numbers_of_the_naive_model(listed: dict[Any, Any], holds: tuple[Holding, ...]) -> None:
    world, naive = seeded_world(), naive_of(seeded_world())
    claim = reshape(1, listed, naive, holds)
    (outcome,) = decide([claim], read(world, wanted([claim]))).outcomes
    naive.decide(claim)
    check_told(outcome, naive)
