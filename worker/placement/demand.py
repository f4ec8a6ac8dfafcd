"""What allocation claims come down to: for each consumer, what it held and what it is to hold; and the rules on that.

Each check returns the places where its rule is broken, sorted by provider, class and consumer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from worker.placement.claims import UNSET, Amounts, Unset
from worker.placement.grant import ConsumerState
from worker.placement.ids import ConsumerId, ProviderId, ResourceClass
from worker.placement.inventory import Stock
from worker.placement.ledger import Ledger
from worker.placement.outcomes import Code
from worker.placement.refusals import Place


@dataclass(slots=True)
class Part:
    """One consumer of a claim. `named` are the amounts as the claim wrote them, whatever they mean for `after`."""

    consumer: ConsumerId
    generation: int | Unset | None
    state: ConsumerState | None
    named: tuple[Amounts, ...]
    provider_generations: Mapping[ProviderId, int]
    before: Amounts
    after: Amounts
    missing: Amounts


Difference = tuple[ResourceClass, ConsumerId, int, int]
"""An amount on a provider that a claim changes: (class, consumer, old, new); 0 is none."""


@dataclass(slots=True)
class Demand:
    """All parts of a claim, the amounts it changes and of whom, and by how much it changes what is handed out."""

    parts: tuple[Part, ...]
    differences: dict[ProviderId, list[Difference]]
    changed: set[ConsumerId]
    net: dict[ProviderId, dict[ResourceClass, int]]


def demand_of(parts: tuple[Part, ...]) -> Demand:
    """The parts with their differences; `net` names each provider on which an amount differs, zero sums too."""
    demand = Demand(parts, {}, set(), {})
    for part in parts:
        before, after = part.before, part.after
        for provider, amounts in after.items():
            _differ(demand, provider, part.consumer, before.get(provider, _NOTHING), amounts)
        for provider, held in before.items():
            if provider not in after:
                _differ(demand, provider, part.consumer, held, _NOTHING)
    return demand


def _differ(
    demand: Demand,
    provider: ProviderId,
    consumer: ConsumerId,
    held: Mapping[ResourceClass, int],
    amounts: Mapping[ResourceClass, int],
) -> None:
    found: list[Difference] = []
    for name, new in amounts.items():
        old = held.get(name, 0)
        if new != old:
            found.append((name, consumer, old, new))
    for name, old in held.items():
        if name not in amounts:
            found.append((name, consumer, old, 0))
    if not found:
        return
    demand.changed.add(consumer)
    if provider not in demand.net:
        demand.differences[provider] = found
        demand.net[provider] = {name: new - old for name, _, old, new in found}
        return
    demand.differences[provider] += found
    sums = demand.net[provider]
    for name, _, old, new in found:
        sums[name] = sums.get(name, 0) + new - old


def missing_providers(demand: Demand, ledger: Ledger) -> list[Place]:
    """Providers that are named but do not exist."""
    known = ledger.providers
    missing: set[ProviderId] = set()
    for part in demand.parts:
        for amounts in part.named:
            for provider in amounts:
                if provider not in known:
                    missing.add(provider)
        for provider in part.provider_generations:
            if provider not in known:
                missing.add(provider)
    return [{"providers": sorted(missing)}] if missing else []


def missing_classes(demand: Demand, ledger: Ledger) -> list[Place]:
    """Classes that are named but do not exist."""
    known = ledger.classes
    missing: set[ResourceClass] = set()
    for part in demand.parts:
        for amounts in part.named:
            for by_class in amounts.values():
                for name in by_class:
                    if name not in known:
                        missing.add(name)
    return [{"resource_classes": sorted(missing)}] if missing else []


def consumer_conflicts(demand: Demand, _: Ledger) -> list[Place]:
    """Consumers that are not at the generation that the claim expects; None: holds nothing."""
    places: list[Place] = []
    for part in demand.parts:
        if part.generation is UNSET:
            continue
        found = None if part.state is None else part.state.generation
        if found != part.generation:
            places.append({"consumer": part.consumer, "expected": part.generation, "found": found})
    return sorted(places, key=lambda place: str(place["consumer"])) if places else places


def provider_conflicts(demand: Demand, ledger: Ledger) -> list[Place]:
    """Providers that are not at the generation that the claim expects."""
    places: list[Place] = []
    for part in demand.parts:
        for provider, expected in part.provider_generations.items():
            found = ledger.levels(provider).generation
            if found != expected:
                places.append({"provider": provider, "expected": expected, "found": found})
    return sorted(places, key=lambda place: str(place["provider"])) if places else places


def missing_inventories(demand: Demand, ledger: Ledger) -> list[Place]:
    """Amounts of a class that the provider has no inventory of."""
    missing: set[tuple[ProviderId, ResourceClass]] = set()
    for provider, differences in demand.differences.items():
        inventories = ledger.levels(provider).inventories
        for name, _, _, new in differences:
            if new and name not in inventories:
                missing.add((provider, name))
    return [{"provider": provider, "resource_class": name} for provider, name in sorted(missing)] if missing else []


def broken_units(demand: Demand, ledger: Ledger) -> list[Place]:
    """Changed amounts that keep not to min_unit, max_unit or step_size."""
    broken: list[tuple[ProviderId, Difference, str, int]] = []
    for provider, differences in demand.differences.items():
        inventories = ledger.levels(provider).inventories
        for difference in differences:
            amount = difference[3]
            if not amount:
                continue
            inventory = inventories[difference[0]].inventory
            if amount < inventory.min_unit:
                broken.append((provider, difference, "min_unit", inventory.min_unit))
            elif amount > inventory.max_unit:
                broken.append((provider, difference, "max_unit", inventory.max_unit))
            elif amount % inventory.step_size:
                broken.append((provider, difference, "step_size", inventory.step_size))
    return [_broken(*one) for one in sorted(broken)] if broken else []


def _broken(provider: ProviderId, difference: Difference, rule: str, limit: int) -> Place:
    name, consumer, _, amount = difference
    where: Place = {"provider": provider, "resource_class": name, "consumer": consumer}
    return {**where, "amount": amount, "rule": rule, "limit": limit}


def exceeded_capacities(demand: Demand, ledger: Ledger) -> list[Place]:
    """Classes of which more would be handed out than there is, unless it is no more than was handed out before.

    What no longer fits without having grown was over capacity already: shrinking and moving away stay possible.
    """
    exceeded: list[tuple[ProviderId, ResourceClass, Stock]] = []
    for provider, sums in demand.net.items():
        inventories = ledger.levels(provider).inventories
        for name, change in sums.items():
            if change > 0:
                inventory, used = stock = inventories[name]
                if used + change > inventory.capacity:
                    exceeded.append((provider, name, stock))
    return [_excess(demand, *where) for where in sorted(exceeded, key=lambda where: where[:2])] if exceeded else []


def _excess(demand: Demand, provider: ProviderId, name: ResourceClass, stock: Stock) -> Place:
    held = sum(part.before.get(provider, _NOTHING).get(name, 0) for part in demand.parts)
    requested = sum(part.after.get(provider, _NOTHING).get(name, 0) for part in demand.parts)
    grown = [consumer for of, consumer, old, new in demand.differences[provider] if of == name and new > old]
    capacity, used = stock.inventory.capacity, stock.used - held
    return {
        "provider": provider,
        "resource_class": name,
        "consumer": min(grown),
        "capacity": capacity,
        "used": used,
        "requested": requested,
        "free": capacity - used,
    }


def unavailable_providers(demand: Demand, ledger: Ledger) -> list[Place]:
    """Draining providers on which an amount would grow."""
    draining: list[Place] = []
    for provider, differences in demand.differences.items():
        state = ledger.providers[provider].state
        if state != "enabled" and any(new > old for _, _, old, new in differences):
            draining.append({"provider": provider, "state": state})
    return sorted(draining, key=lambda place: str(place["provider"])) if draining else draining


def missing_allocations(demand: Demand, _: Ledger) -> list[Place]:
    """Amounts to be removed that are not held."""
    missing: list[tuple[ProviderId, ResourceClass, ConsumerId, int, int]] = []
    for part in demand.parts:
        for provider, amounts in part.missing.items():
            held = part.before.get(provider, _NOTHING)
            missing.extend((provider, name, part.consumer, held.get(name, 0), n) for name, n in amounts.items())
    return (
        [
            {"consumer": consumer, "provider": provider, "resource_class": name, "held": held, "requested": requested}
            for provider, name, consumer, held, requested in sorted(missing)
        ]
        if missing
        else []
    )


LADDER: Final[tuple[tuple[Code, Callable[[Demand, Ledger], list[Place]]], ...]] = (
    (Code.PROVIDER_NOT_FOUND, missing_providers),
    (Code.RESOURCE_CLASS_NOT_FOUND, missing_classes),
    (Code.CONSUMER_GENERATION_CONFLICT, consumer_conflicts),
    (Code.PROVIDER_GENERATION_CONFLICT, provider_conflicts),
    (Code.INVENTORY_NOT_FOUND, missing_inventories),
    (Code.UNIT_CONSTRAINT_VIOLATED, broken_units),
    (Code.CAPACITY_EXCEEDED, exceeded_capacities),
    (Code.PROVIDER_UNAVAILABLE, unavailable_providers),
    (Code.ALLOCATION_NOT_FOUND, missing_allocations),
)
"""In the contract's order of precedence; a check may take for granted what the ones above it assure."""

_NOTHING: Final[Mapping[ResourceClass, int]] = {}
