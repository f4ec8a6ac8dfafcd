"""Random batches with places: what they take is what `candidates` offers, and what they refuse it does not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import (
    AVX2,
    FAST,
    MEMORY,
    VCPU,
    aggregate_id,
    claim_id,
    consumer_id,
    consumer_row,
    provider_id,
    provider_row,
)
from tests.unit.placement.naive_claims import numbered
from tests.unit.placement.placing import decided, fleet_of, world_of
from tests.unit.placement.world import World, commit
from worker.placement.claims import (
    Claim,
    Consumer,
    DeclareProvider,
    Holding,
    PlaceAllocations,
    ReleaseAllocations,
    ReplaceAggregates,
    ReplaceTraits,
    SetAllocations,
    SetState,
)
from worker.placement.cut import cut
from worker.placement.ids import Amounts
from worker.placement.inventory import Inventory, Stock
from worker.placement.outcomes import Accepted, AllocationsGranted, Code, Outcome, Rejected
from worker.placement.request import Group, Request, Strategy
from worker.placement.search.order import candidates
from worker.placement.search.tree import SHARES

CID = claim_id(0)
providers = st.integers(1, 6).map(provider_id)
consumers = st.integers(1, 4).map(consumer_id)
amounts = st.dictionaries(st.sampled_from([VCPU, VCPU, MEMORY]), st.integers(1, 5), min_size=1, max_size=2)
traits = st.frozensets(st.sampled_from([AVX2, FAST]), max_size=1)
all_traits = st.frozensets(st.sampled_from([AVX2, FAST, SHARES]), max_size=2)
aggregates = st.frozensets(st.sampled_from([aggregate_id(1), aggregate_id(2)]), max_size=1)
consumer = st.builds(Consumer, id=consumers, project=st.just("project"), user=st.just("user"))
group = st.builds(
    Group,
    resources=amounts,
    required=traits.map(lambda names: tuple(frozenset({name}) for name in names)),
    forbidden=st.one_of(st.just(frozenset()), traits),
    member_of=st.one_of(st.just(()), aggregates.map(lambda names: (names,) if names else ())),
    in_tree=st.one_of(st.none(), st.none(), st.none(), providers),
)
requests = st.builds(
    Request,
    groups=st.one_of(
        st.fixed_dictionaries({"": group}),
        st.fixed_dictionaries({"": group, "_a": group}),
        st.fixed_dictionaries({"_a": group, "_b": group}),
    ),
    group_policy=st.sampled_from(["none", "isolate"]),
    same_subtree=st.just(()),
    root_required=st.one_of(st.just(frozenset()), traits),
    root_forbidden=st.one_of(st.just(frozenset()), st.just(frozenset()), traits),
    strategy=st.sampled_from(list(Strategy)),
    preferred=st.one_of(st.just({}), st.just({FAST: 1.5})),
)
places = st.builds(PlaceAllocations, id=st.just(CID), consumer=consumer, request=requests)
sets = st.builds(
    SetAllocations,
    id=st.just(CID),
    holdings=st.tuples(
        st.builds(Holding, consumer=consumer, allocations=st.dictionaries(providers, amounts, max_size=2))
    ),
)
links = st.one_of(
    st.builds(ReplaceTraits, id=st.just(CID), provider=providers, traits=all_traits),
    st.builds(ReplaceAggregates, id=st.just(CID), provider=providers, aggregates=aggregates),
)
others = st.one_of(
    sets,
    links,
    st.builds(ReleaseAllocations, id=st.just(CID), consumer=consumers),
    st.builds(SetState, id=st.just(CID), provider=providers, state=st.sampled_from(["enabled", "draining"])),
    st.builds(
        DeclareProvider,
        id=st.just(CID),
        provider=st.integers(4, 9).map(provider_id),
        name=st.sampled_from(["x", "y", "z"]),
        parent=st.one_of(st.none(), providers),
        inventories=st.dictionaries(st.sampled_from([VCPU, MEMORY]), st.builds(Inventory, total=st.integers(1, 9))),
        traits=all_traits,
        aggregates=aggregates,
    ),
)
histories = st.lists(st.one_of(places, places, others), min_size=1, max_size=10).map(numbered)


def small_world() -> World:
    """Two trees, of which one has children, and a sharing provider; one consumer."""
    six = Inventory(6, max_unit=5)
    rows = world_of(
        provider_row(1, {VCPU: six, MEMORY: Inventory(9)}, traits=[FAST], aggregates=[aggregate_id(1)]),
        provider_row(2, {VCPU: six}, parent=1, traits=[AVX2]),
        provider_row(3, {VCPU: Stock(six, 2), MEMORY: Inventory(4)}, parent=1, aggregates=[aggregate_id(2)]),
        provider_row(4, {VCPU: six, MEMORY: Inventory(6)}),
        provider_row(5, {MEMORY: Inventory(8)}, traits=[SHARES], aggregates=[aggregate_id(1)]),
        consumer_row(1, {provider_id(3): {VCPU: 2}}),
    )
    return replace(rows, state=replace(rows.state, traits=frozenset({AVX2, FAST, SHARES})))


def decided_one_by_one(world: World, claims: Sequence[Claim]) -> tuple[World, list[Outcome]]:
    """Each claim on a fleet that knows the world as it is; every place is checked against the candidates there."""
    outcomes: list[Outcome] = []
    for claim in claims:
        plan = decided([claim], world)
        (outcome,) = plan.outcomes
        if isinstance(claim, PlaceAllocations):
            check_offered(claim, outcome, world)
        world = commit(world, plan)
        outcomes.append(outcome)
    return world, outcomes


def offered(claim: PlaceAllocations, world: World) -> list[tuple[Amounts, Any]]:
    """All candidates for the request of a place."""
    holder = world.state.consumers.get(claim.consumer.id)
    credit = {} if holder is None else holder.allocations
    return [
        (one.allocations, one.mappings) for one in candidates(claim.request, fleet_of(world), credit, seed=claim.id)
    ]


def check_offered(claim: PlaceAllocations, outcome: Outcome, world: World) -> None:
    """The place took one of the candidates, or there is none."""
    choices = offered(claim, world)
    if isinstance(outcome, Rejected):
        assert (outcome.code, choices) == (Code.NO_CANDIDATES, [])
        return
    assert isinstance(outcome.outcome, AllocationsGranted)
    (change,) = outcome.outcome.consumers
    assert (change.after, change.mappings) in choices


def gist(outcome: Outcome) -> tuple[Any, ...]:
    """An outcome without what depends on how many transactions there were."""
    if isinstance(outcome, Rejected):
        return outcome.claim, outcome.code
    told = outcome.outcome
    return outcome.claim, outcome.changed, told.consumers if isinstance(told, AllocationsGranted) else None


def gists_of_batches(world: World, claims: list[Claim], sizes: list[int]) -> tuple[list[tuple[Any, ...]], bool]:
    """What comes of all claims in batches of at most these sizes, and whether any of them was carried.

    Those that are left undecided go first in the next batch.
    """
    gists, turn, carries = list[tuple[Any, ...]](), 0, 0
    while claims:
        batch = claims[: sizes[turn % len(sizes)]]
        batch = batch[: cut(batch)]
        plan = decided(batch, world)
        assert len(plan.carried) < len(batch)
        carried = [batch[position] for position in plan.carried]
        world, claims, turn = commit(world, plan), carried + claims[len(batch) - plan.undecided :], turn + 1
        gists += [gist(outcome) for outcome in plan.outcomes]
        carries += len(carried)
        check_counters(world)
    return gists, carries > 0


def check_counters(world: World) -> None:
    """Counters are the sums over allocations."""
    held: Counter[tuple[str, str]] = Counter()
    for row in world.state.consumers.values():
        held.update({(provider, name): n for provider, one in row.allocations.items() for name, n in one.items()})
    stocks = {(row.id, name): one for row in world.state.providers.values() for name, one in row.inventories.items()}
    assert held == {key: stock.used for key, stock in stocks.items() if stock.used}


@settings(max_examples=250, deadline=None)
@given(histories, st.lists(st.integers(1, 10), min_size=1, max_size=3))
def test_places_in_batches_end_as_one_by_one_and_take_only_what_is_offered(
    claims: list[Claim], sizes: list[int]
) -> None:
    _, outcomes = decided_one_by_one(small_world(), claims)
    gists, carried = gists_of_batches(small_world(), claims, sizes)
    assert len(gists) == len(outcomes)
    if carried:
        assert any(isinstance(claim, DeclareProvider) for claim in claims), "only a tree taken apart is waited for"
    else:
        assert gists == [gist(outcome) for outcome in outcomes]


@settings(max_examples=250, deadline=None)
@given(st.lists(places, min_size=1, max_size=6).map(numbered), st.frozensets(providers))
def test_decided_again_places_take_locked_rows_alone_and_what_is_refused_fits_nowhere(
    batch: list[PlaceAllocations], among: frozenset[Any]
) -> None:
    world = small_world()
    plan = decided(batch, world, among=among)
    assert plan.providers.keys() <= among
    stayed = [claim for position, claim in enumerate(batch) if position not in plan.carried]
    again = decided(stayed, world, among=among)
    assert replace(again, left={}) == replace(plan, carried=(), left={})
    assert again.left.keys() == plan.left.keys()
    for claim, outcome in zip(stayed, plan.outcomes, strict=True):
        check_offered(claim, outcome, world)
        world = commit(world, decided([claim], world, among=among))
    first = plan.carried[:1]
    if first == (0,):
        assert offered(batch[0], small_world())


@settings(max_examples=250, deadline=None)
@given(
    st.lists(st.one_of(links, links, others), min_size=1, max_size=4).map(numbered),
    st.lists(places, min_size=1, max_size=6).map(numbered),
)
def test_a_grant_from_an_older_fleet_whose_rows_still_stand_is_one_that_is_offered_now(
    before: list[Claim], batch: list[PlaceAllocations]
) -> None:
    old = fleet_of(small_world())
    world, _ = decided_one_by_one(small_world(), before)
    rows = world.state.providers
    for claim in batch:
        plan = decided([claim], world, fleet=old)
        old.undo()
        stands = all(
            name in rows and (rows[name].row, rows[name].generation) == v for name, v in plan.providers.items()
        )
        if stands and any(isinstance(outcome, Accepted) for outcome in plan.outcomes):
            check_offered(claim, plan.outcomes[0], world)
