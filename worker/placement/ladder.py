"""The rules of allocation claims, as a ladder: which of them is told where several are broken.

Each check returns the places where its rule is broken, sorted by provider, class and consumer.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from worker.placement.claims import UNSET
from worker.placement.demand import Demand, Difference
from worker.placement.ids import ConsumerId, ProviderId, ResourceClass
from worker.placement.ledger import Ledger
from worker.placement.outcomes import Code
from worker.placement.refusals import Place


def first_broken_rule(demand: Demand, ledger: Ledger) -> tuple[Code, list[Place]] | None:
    """The highest rung that is broken, in the contract's order of precedence, and where."""
    for code, check in _NAMES_AND_GENERATIONS:
        places = check(demand, ledger)
        if places:
            return code, places
    refusal = _amount_refusal(demand, ledger)
    if refusal is not None:
        return refusal
    unheld = missing_allocations(demand)
    return (Code.ALLOCATION_NOT_FOUND, unheld) if unheld else None


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


def _amount_refusal(demand: Demand, ledger: Ledger) -> tuple[Code, list[Place]] | None:
    broken = _broken_amounts(demand, ledger)
    if not broken:
        return None
    code = min((one.code for one in broken), key=_AMOUNTS.index)
    first = sorted(one for one in broken if one.code is code)
    if code is Code.UNIT_CONSTRAINT_VIOLATED:
        return code, [_unit(one.provider, one.difference, one.rule, one.limit) for one in first]
    if code is Code.PROVIDER_UNAVAILABLE:
        providers = dict.fromkeys(one.provider for one in first)
        return code, [{"provider": provider, "state": ledger.providers[provider].state} for provider in providers]
    where = dict.fromkeys((one.provider, one.difference[0]) for one in first)
    if code is Code.CAPACITY_EXCEEDED:
        return code, [_excess(demand, ledger, provider, name) for provider, name in where]
    return code, [{"provider": provider, "resource_class": name} for provider, name in where]


class _Broken(NamedTuple):
    """A changed amount that breaks a rule of its inventory or provider; of units also which, and its limit."""

    code: Code
    provider: ProviderId
    difference: Difference
    rule: str = ""
    limit: int = 0


def _broken_amounts(demand: Demand, ledger: Ledger) -> list[_Broken]:
    """All four rules in one pass: an amount is looked up once.

    What no longer fits without having grown was over capacity already: shrinking and moving away stay possible.
    """
    broken: list[_Broken] = []
    for provider, differences in demand.differences.items():
        inventories = ledger.levels(provider).inventories
        sums = demand.net[provider]
        enabled = ledger.providers[provider].state == "enabled"
        for difference in differences:
            name, _, old, new = difference
            if not new:
                continue
            if name not in inventories:
                broken.append(_Broken(Code.INVENTORY_NOT_FOUND, provider, difference))
                continue
            inventory, used = inventories[name]
            if new < inventory.min_unit:
                broken.append(_Broken(_UNITS, provider, difference, "min_unit", inventory.min_unit))
            elif new > inventory.max_unit:
                broken.append(_Broken(_UNITS, provider, difference, "max_unit", inventory.max_unit))
            elif new % inventory.step_size:
                broken.append(_Broken(_UNITS, provider, difference, "step_size", inventory.step_size))
            if new > old:
                if sums[name] > 0 and used + sums[name] > inventory.capacity:
                    broken.append(_Broken(Code.CAPACITY_EXCEEDED, provider, difference))
                if not enabled:
                    broken.append(_Broken(Code.PROVIDER_UNAVAILABLE, provider, difference))
    return broken


def _unit(provider: ProviderId, difference: Difference, rule: str, limit: int) -> Place:
    name, consumer, _, amount = difference
    where: Place = {"provider": provider, "resource_class": name, "consumer": consumer}
    return {**where, "amount": amount, "rule": rule, "limit": limit}


def _excess(demand: Demand, ledger: Ledger, provider: ProviderId, name: ResourceClass) -> Place:
    stock = ledger.levels(provider).inventories[name]
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


def missing_allocations(demand: Demand) -> list[Place]:
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


_NAMES_AND_GENERATIONS: Final[tuple[tuple[Code, Callable[[Demand, Ledger], list[Place]]], ...]] = (
    (Code.PROVIDER_NOT_FOUND, missing_providers),
    (Code.RESOURCE_CLASS_NOT_FOUND, missing_classes),
    (Code.CONSUMER_GENERATION_CONFLICT, consumer_conflicts),
    (Code.PROVIDER_GENERATION_CONFLICT, provider_conflicts),
)
"""A check may take for granted what the ones above it assure; those on amounts take all of these."""

_AMOUNTS: Final = (
    Code.INVENTORY_NOT_FOUND,
    Code.UNIT_CONSTRAINT_VIOLATED,
    Code.CAPACITY_EXCEEDED,
    Code.PROVIDER_UNAVAILABLE,
)
_UNITS: Final = Code.UNIT_CONSTRAINT_VIOLATED
_NOTHING: Final[Mapping[ResourceClass, int]] = {}
