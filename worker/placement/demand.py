"""What allocation claims come down to: for each consumer, what it held and what it is to hold; and the rules on that.

Each check returns the places where its rule is broken, sorted by provider, class and consumer.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

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


class Difference(NamedTuple):
    """An amount that the claim changes; 0 is none."""

    provider: ProviderId
    resource_class: ResourceClass
    consumer: ConsumerId
    old: int
    new: int


@dataclass(slots=True)
class Demand:
    """All parts of a claim, the amounts it changes, and by how much it changes what is handed out."""

    parts: tuple[Part, ...]
    differences: list[Difference]
    net: dict[ProviderId, dict[ResourceClass, int]]


def demand_of(parts: tuple[Part, ...]) -> Demand:
    """The parts with their differences; `net` names each provider on which an amount differs, zero sums too."""
    differences: list[Difference] = []
    for part in parts:
        before, after = part.before, part.after
        for provider, amounts in after.items():
            held = before.get(provider, _NOTHING)
            for name, new in amounts.items():
                old = held.get(name, 0)
                if new != old:
                    differences.append(Difference(provider, name, part.consumer, old, new))
        for provider, held in before.items():
            amounts = after.get(provider, _NOTHING)
            for name, old in held.items():
                if name not in amounts:
                    differences.append(Difference(provider, name, part.consumer, old, 0))
    net: dict[ProviderId, dict[ResourceClass, int]] = {}
    for provider, name, _, old, new in differences:
        sums = net.setdefault(provider, {})
        sums[name] = sums.get(name, 0) + new - old
    return Demand(parts, differences, net)


def missing_providers(demand: Demand, ledger: Ledger) -> list[Place]:
    """Providers that are named but do not exist."""
    known = ledger.providers
    missing: set[ProviderId] = set()
    for part in demand.parts:
        for amounts in part.named:
            missing.update(provider for provider in amounts if provider not in known)
        missing.update(provider for provider in part.provider_generations if provider not in known)
    return [{"providers": sorted(missing)}] if missing else []


def missing_classes(demand: Demand, ledger: Ledger) -> list[Place]:
    """Classes that are named but do not exist."""
    named: set[ResourceClass] = set()
    for part in demand.parts:
        for amounts in part.named:
            for by_class in amounts.values():
                named.update(by_class)
    if named <= ledger.snapshot.standard_classes:
        return []
    missing = sorted(name for name in named if not ledger.has_class(name))
    return [{"resource_classes": missing}] if missing else []


def consumer_conflicts(demand: Demand, _: Ledger) -> list[Place]:
    """Consumers that are not at the generation that the claim expects; None: holds nothing."""
    places: list[Place] = []
    for part in demand.parts:
        if part.generation is UNSET:
            continue
        found = None if part.state is None else part.state.generation
        if found != part.generation:
            places.append({"consumer": part.consumer, "expected": part.generation, "found": found})
    return sorted(places, key=lambda place: str(place["consumer"]))


def provider_conflicts(demand: Demand, ledger: Ledger) -> list[Place]:
    """Providers that are not at the generation that the claim expects."""
    places: list[Place] = []
    for part in demand.parts:
        for provider, expected in part.provider_generations.items():
            found = ledger.providers[provider].generation
            if found != expected:
                places.append({"provider": provider, "expected": expected, "found": found})
    return sorted(places, key=lambda place: str(place["provider"])) if places else places


def missing_inventories(demand: Demand, ledger: Ledger) -> list[Place]:
    """Amounts of a class that the provider has no inventory of."""
    providers = ledger.providers
    missing = {
        (provider, name)
        for provider, name, _, _, new in demand.differences
        if new and name not in providers[provider].inventories
    }
    return [{"provider": provider, "resource_class": name} for provider, name in sorted(missing)]


def broken_units(demand: Demand, ledger: Ledger) -> list[Place]:
    """Changed amounts that keep not to min_unit, max_unit or step_size."""
    broken: list[tuple[Difference, str, int]] = []
    for difference in demand.differences:
        provider, name, _, _, amount = difference
        if not amount:
            continue
        inventory = ledger.providers[provider].inventories[name].inventory
        if amount < inventory.min_unit:
            broken.append((difference, "min_unit", inventory.min_unit))
        elif amount > inventory.max_unit:
            broken.append((difference, "max_unit", inventory.max_unit))
        elif amount % inventory.step_size:
            broken.append((difference, "step_size", inventory.step_size))
    return [
        {
            "provider": difference.provider,
            "resource_class": difference.resource_class,
            "consumer": difference.consumer,
            "amount": difference.new,
            "rule": rule,
            "limit": limit,
        }
        for difference, rule, limit in sorted(broken)
    ]


def exceeded_capacities(demand: Demand, ledger: Ledger) -> list[Place]:
    """Classes of which more would be handed out than there is, unless it is no more than was handed out before.

    What no longer fits without having grown was over capacity already: shrinking and moving away stay possible.
    """
    exceeded: list[tuple[ProviderId, ResourceClass, Stock]] = []
    for provider, sums in demand.net.items():
        inventories = ledger.providers[provider].inventories
        for name, change in sums.items():
            if change > 0 and inventories[name].used + change > inventories[name].inventory.capacity:
                exceeded.append((provider, name, inventories[name]))
    return [_excess(demand, *where) for where in sorted(exceeded, key=lambda where: where[:2])] if exceeded else []


def _excess(demand: Demand, provider: ProviderId, name: ResourceClass, stock: Stock) -> Place:
    held = sum(part.before.get(provider, _NOTHING).get(name, 0) for part in demand.parts)
    requested = sum(part.after.get(provider, _NOTHING).get(name, 0) for part in demand.parts)
    grown = (d.consumer for d in demand.differences if d[:2] == (provider, name) and d.new > d.old)
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
    draining = {
        provider
        for provider, _, _, old, new in demand.differences
        if new > old and ledger.providers[provider].state != "enabled"
    }
    return [{"provider": provider, "state": ledger.providers[provider].state} for provider in sorted(draining)]


def missing_allocations(demand: Demand, _: Ledger) -> list[Place]:
    """Amounts to be removed that are not held."""
    return [
        {"consumer": consumer, "provider": provider, "resource_class": name, "held": held, "requested": requested}
        for provider, name, consumer, held, requested in sorted(_missing(demand))
    ]


def _missing(demand: Demand) -> Iterator[tuple[ProviderId, ResourceClass, ConsumerId, int, int]]:
    for part in demand.parts:
        for provider, amounts in part.missing.items():
            for name, requested in amounts.items():
                yield provider, name, part.consumer, part.before.get(provider, _NOTHING).get(name, 0), requested


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
