"""`allocation.set`, `.set_many`, `.adjust` and `.release`: who holds how much of what."""

from collections.abc import Mapping

from worker.placement.claims import (
    UNSET,
    AdjustAllocations,
    Consumer,
    Holding,
    ReleaseAllocations,
    SetAllocations,
)
from worker.placement.demand import Demand, Part, demand_of
from worker.placement.grant import ConsumerNow, ConsumerState, Grant
from worker.placement.ids import Amounts, ClaimId, ConsumerId, ProviderId, ResourceClass
from worker.placement.inventory import Stock
from worker.placement.ladder import first_broken_rule
from worker.placement.ledger import Ledger
from worker.placement.outcomes import (
    Accepted,
    AllocationsGranted,
    AllocationsReleased,
    ConsumerChange,
    ProviderLevels,
    Rejected,
)
from worker.placement.refusals import refuse

Levels = dict[ProviderId, ProviderLevels]
Mappings = Mapping[str, tuple[ProviderId, ...]] | None


def set_allocations(claim: SetAllocations, ledger: Ledger) -> Grant | Rejected:
    """Each consumer named holds exactly what the claim says, or none does."""
    demand = demand_of(tuple([set_part(holding, ledger) for holding in claim.holdings]))
    refused = _refused(claim.id, demand, ledger)
    if refused is not None:
        return refused
    wanted = [(holding.consumer, holding.mappings) for holding in claim.holdings]
    return grant_allocations(claim.id, demand, wanted, ledger)


def adjust_allocations(claim: AdjustAllocations, ledger: Ledger) -> Grant | Rejected:
    """What is removed must be held; then what is added is added; the rest stays."""
    demand = demand_of((_adjust_part(claim, ledger),))
    refused = _refused(claim.id, demand, ledger)
    return refused if refused is not None else grant_allocations(claim.id, demand, [(claim.consumer, None)], ledger)


def release_allocations(claim: ReleaseAllocations, ledger: Ledger) -> Grant | Rejected:
    """The consumer holds nothing; one that held nothing already is no error."""
    state = ledger.consumers.get(claim.consumer)
    before: Amounts = {} if state is None else state.allocations
    demand = demand_of((Part(claim.consumer, claim.generation, state, (), {}, before, {}, {}),))
    refused = _refused(claim.id, demand, ledger)
    if refused is not None:
        return refused
    if state is None:
        nothing = AllocationsReleased(claim.consumer, (), {})
        return Grant(accepted=Accepted(claim.id, False, nothing), relied_consumers=(claim.consumer,))
    change = ConsumerChange(claim.consumer, state.project, state.user, state.type, None, before, {})
    shown, changed = _levels(demand, ledger)
    released = AllocationsReleased(claim.consumer, (change,), shown)
    return Grant(accepted=Accepted(claim.id, True, released), levels=changed, consumers={claim.consumer: None})


def set_part(holding: Holding, ledger: Ledger) -> Part:
    """What a holding comes down to."""
    consumer = holding.consumer
    state = ledger.consumers.get(consumer.id)
    before: Amounts = {} if state is None else state.allocations
    after = holding.allocations
    generations = holding.provider_generations
    return Part(consumer.id, consumer.generation, state, (after,), generations, before, after, {})


def _adjust_part(claim: AdjustAllocations, ledger: Ledger) -> Part:
    state = ledger.consumers.get(claim.consumer.id)
    before: Amounts = {} if state is None else state.allocations
    after = {provider: dict(amounts) for provider, amounts in before.items()}
    missing: dict[ProviderId, dict[ResourceClass, int]] = {}
    for provider, amounts in claim.remove.items():
        held = after.setdefault(provider, {})
        for name, amount in amounts.items():
            if amount > held.get(name, 0):
                missing.setdefault(provider, {})[name] = amount
            held[name] = max(0, held.get(name, 0) - amount)
    for provider, amounts in claim.add.items():
        held = after.setdefault(provider, {})
        for name, amount in amounts.items():
            held[name] = held.get(name, 0) + amount
    kept = {provider: {name: n for name, n in held.items() if n} for provider, held in after.items()}
    after = {provider: held for provider, held in kept.items() if held}
    named = (claim.add, claim.remove)
    return Part(claim.consumer.id, claim.consumer.generation, state, named, {}, before, after, missing)


def _refused(claim: ClaimId, demand: Demand, ledger: Ledger) -> Rejected | None:
    broken = first_broken_rule(demand, ledger)
    return None if broken is None else refuse(claim, *broken)


def grant_allocations(claim: ClaimId, demand: Demand, wanted: list[tuple[Consumer, Mappings]], ledger: Ledger) -> Grant:
    """The grant of a claim that breaks no rule; `wanted` are the consumers of the parts of `demand`, with mappings."""
    consumers: dict[ConsumerId, ConsumerNow | None] = {}
    changes: list[ConsumerChange] = []
    relied: list[ConsumerId] = []
    for part, (consumer, mappings) in zip(demand.parts, wanted, strict=True):
        name, project, user, state, after = part.consumer, consumer.project, consumer.user, part.state, part.after
        kind = _type(consumer, state)
        generation = None
        if after:
            moved = name in demand.changed or not _same_owner(consumer, kind, state)
            generation = (0 if state is None else state.generation) + moved
            if moved:
                consumers[name] = ConsumerNow(project, user, kind, generation, after)
        elif state is not None:
            consumers[name] = None
        changes.append(ConsumerChange(name, project, user, kind, generation, part.before, after, mappings))
        relied.append(name)
    shown, changed = _levels(demand, ledger)
    accepted = Accepted(claim, bool(consumers), AllocationsGranted(tuple(changes), shown))
    return Grant(
        accepted=accepted, levels=changed, consumers=consumers, relied_providers=shown, relied_consumers=relied
    )


def _type(consumer: Consumer, state: ConsumerState | None) -> str | None:
    if consumer.type is not UNSET:
        return consumer.type
    return None if state is None else state.type


def _same_owner(consumer: Consumer, kind: str | None, state: ConsumerState | None) -> bool:
    return (
        state is not None and state.project == consumer.project and state.user == consumer.user and state.type == kind
    )


def _levels(demand: Demand, ledger: Ledger) -> tuple[Levels, Levels]:
    """Those to show, and those among them that change.

    Shown is every provider that a consumer of the claim holds or held something on, or whose generation was checked.
    """
    touched: set[ProviderId] = set()
    for part in demand.parts:
        touched.update(part.before, part.after, part.provider_generations)
    shown: Levels = {}
    changed: Levels = {}
    for provider in sorted(touched):
        levels = ledger.levels(provider)
        sums = demand.net.get(provider)
        if sums is not None:
            generation, row, inventories = levels
            stocks = dict(inventories)
            for name, change in sums.items():
                inventory, used = stocks[name]
                stocks[name] = Stock(inventory, used + change)
            levels = changed[provider] = ProviderLevels(generation + 1, row, stocks)
        shown[provider] = levels
    return shown, changed
