"""Decides batches with claims that are to be placed, on a world and on a fleet of its own moment."""

from collections.abc import Sequence
from dataclasses import replace

from tests.builders import snapshot
from tests.unit.placement.world import World, read
from worker.placement.claims import Claim
from worker.placement.decide import decide
from worker.placement.ids import ProviderId
from worker.placement.outcomes import Accepted, AllocationsGranted, ConsumerChange, Outcome, Rejected
from worker.placement.plan import Lockable, Plan
from worker.placement.search.rows import Rows
from worker.placement.snapshot import ConsumerRow, ProviderRow
from worker.placement.wanted import wanted


def world_of(*rows: ProviderRow | ConsumerRow) -> World:
    """A world of exactly these rows."""
    return World(replace(snapshot(*rows), new_rows=()), next_row=100)


def fleet_of(world: World) -> Rows:
    """A fleet that knows the world as it is."""
    return Rows(world.state.providers.values())


def decided(
    claims: Sequence[Claim],
    world: World,
    *,
    fleet: Rows | None = None,
    among: frozenset[ProviderId] | None = None,
) -> Plan:
    """The plan on what the claims want to read of the world; `among`: the providers that are locked already."""
    owners = frozenset(wanted(claims).consumers)
    lockable = None if among is None else Lockable(among, owners)
    return decide(claims, read(world, wanted(claims)), lockable, fleet_of(world) if fleet is None else fleet)


def change_of(outcome: Outcome) -> ConsumerChange:
    """What became of the consumer of a place that must be granted."""
    assert isinstance(outcome, Accepted), outcome
    assert isinstance(outcome.outcome, AllocationsGranted)
    (change,) = outcome.outcome.consumers
    return change


def refusal_of(outcome: Outcome) -> Rejected:
    """The outcome of a claim that must be refused."""
    assert isinstance(outcome, Rejected), outcome
    return outcome
