"""Random claims, in batches by the core and one by one by the naive model: the same outcomes, the same state."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.placement.naive import Naive
from tests.unit.placement.naive_claims import consumers, histories, providers
from tests.unit.placement.world import World, commit, read, seeded_world
from worker.placement.claims import (
    Claim,
)
from worker.placement.cut import cut
from worker.placement.decide import decide
from worker.placement.outcomes import (
    Accepted,
    AllocationsGranted,
    AllocationsReleased,
    Outcome,
    ProviderCreated,
    ProvidersReshaped,
    ProviderStateChanged,
    ProviderUpdated,
    Rejected,
)
from worker.placement.plan import Lockable
from worker.placement.wanted import wanted


def decided_in_batches(claims: list[Claim], sizes: Sequence[int]) -> tuple[World, dict[str, Outcome]]:
    """All claims, in batches of at most these sizes (over and over), what is carried going first in the next one."""
    world, outcomes, turn = seeded_world(), dict[str, Outcome](), 0
    while claims:
        batch = claims[: sizes[turn % len(sizes)]]
        batch = batch[: cut(batch)]
        plan = decide(batch, read(world, wanted(batch)))
        carried = [batch[position] for position in plan.carried]
        assert len(carried) < len(batch)
        world = commit(world, plan)
        outcomes |= {outcome.claim: outcome for outcome in plan.outcomes}
        claims, turn = carried + claims[len(batch) :], turn + 1
    return world, outcomes


def spoken(outcome: Outcome) -> tuple[str, bool | None]:
    """An outcome in the naive model's words."""
    return (outcome.code.value, None) if isinstance(outcome, Rejected) else ("ok", outcome.changed)


def state_of(world: World) -> tuple[Any, ...]:
    """The world in plain values, without row ids."""
    state = world.state
    rows = {
        row.id: (
            row.name, row.generation, row.state, row.parent, row.root, row.traits, row.aggregates,
            {name: (stock.inventory, stock.used) for name, stock in row.inventories.items()},
        )
        for row in state.providers.values()
    }  # fmt: skip
    holders = {
        row.id: (row.project, row.user, row.type, row.generation, row.allocations) for row in state.consumers.values()
    }
    return rows, holders, state.classes, state.traits


def state_of_naive(naive: Naive) -> tuple[Any, ...]:
    """The same of the naive model."""
    rows = {
        name: (
            row["name"], row["generation"], row["state"], row["parent"], naive.root(name),
            row["traits"], row["aggregates"],
            {c: (inventory, naive.used(name, c)) for c, inventory in row["inventories"].items()},
        )
        for name, row in naive.providers.items()
    }  # fmt: skip
    holders = {
        name: (row["project"], row["user"], row["type"], row["generation"], row["held"])
        for name, row in naive.consumers.items()
    }
    return rows, holders, naive.classes, naive.traits


def naive_of(world: World) -> Naive:
    """The naive model of a world."""
    state = world.state
    naive = Naive(set(state.classes), set(state.traits), {*state.standard_classes, *state.standard_traits})
    for row in state.providers.values():
        naive.providers[row.id] = {
            "name": row.name, "generation": row.generation, "state": row.state, "parent": row.parent, "root": row.root,
            "inventories": {name: stock.inventory for name, stock in row.inventories.items()},
            "traits": row.traits, "aggregates": row.aggregates,
        }  # fmt: skip
    for holder in state.consumers.values():
        naive.consumers[holder.id] = {
            "project": holder.project, "user": holder.user, "type": holder.type, "generation": holder.generation,
            "held": {provider: dict(amounts) for provider, amounts in holder.allocations.items()},
        }  # fmt: skip
    return naive


def check_told(outcome: Outcome, naive: Naive) -> None:
    """The numbers of an outcome are those of the naive model right after the claim."""
    if not isinstance(outcome, Accepted):
        return
    for change in (outcome.outcome, *outcome.consequences):
        match change:
            case (
                AllocationsGranted(consumers=told, providers=levels)
                | AllocationsReleased(consumers=told, providers=levels)
                | ProvidersReshaped(consumers=told, providers=levels)
            ):
                for one in told:
                    holds = naive.consumers.get(one.id)
                    assert one.generation == (None if holds is None else holds["generation"])
                    assert one.after == ({} if holds is None else holds["held"])
                for name, level in levels.items():
                    assert level.generation == naive.providers[name]["generation"]
                    assert {c: s.used for c, s in level.inventories.items()} == {
                        c: naive.used(name, c) for c in naive.providers[name]["inventories"]
                    }
            case (
                ProviderCreated(provider=shown) | ProviderUpdated(provider=shown) | ProviderStateChanged(provider=shown)
            ):
                assert shown.generation == naive.providers[shown.id]["generation"]
                assert shown.state == naive.providers[shown.id]["state"]
                assert shown.root == naive.root(shown.id)
            case _:
                pass


@settings(max_examples=300, deadline=None)
@given(histories, st.lists(st.integers(1, 30), min_size=1, max_size=4))
def test_batches_end_as_if_their_claims_had_come_one_by_one(claims: list[Claim], sizes: list[int]) -> None:
    world, outcomes = decided_in_batches(claims, sizes)
    naive = naive_of(seeded_world())
    for claim in claims:
        assert spoken(outcomes[claim.id]) == naive.decide(claim), claim
        check_told(outcomes[claim.id], naive)
    assert state_of(world) == state_of_naive(naive)


@settings(max_examples=150, deadline=None)
@given(histories, st.sets(providers), st.sets(consumers))
def test_carried_claims_leave_no_trace(claims: list[Claim], rows: set[Any], holders: set[Any]) -> None:
    setup, rest = claims[:6], claims[6:]
    world, _ = decided_in_batches(setup, [6])
    batch = rest[: cut(rest)] if rest else []
    snapshot = read(world, wanted(batch))
    plan = decide(batch, snapshot, Lockable(frozenset(rows), frozenset(holders)))
    stayed = [claim for position, claim in enumerate(batch) if position not in plan.carried]
    assert decide(stayed, snapshot) == replace(plan, carried=())
    assert plan.providers.keys() <= rows
    assert plan.consumers.keys() <= holders


@settings(max_examples=100, deadline=None)
@given(histories)
def test_the_same_input_gives_the_same_plan(claims: list[Claim]) -> None:
    world, _ = decided_in_batches(claims[:8], [8])
    batch = claims[8:]
    batch = batch[: cut(batch)] if batch else []
    assert decide(batch, read(world, wanted(batch))) == decide(list(batch), read(world, wanted(batch)))
