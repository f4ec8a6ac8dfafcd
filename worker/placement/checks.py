"""Rules that claims on one provider share; each check returns the places where its rule is broken."""

from collections.abc import Iterable, Mapping
from typing import Final

from worker.placement.grant import ConsumerState
from worker.placement.ids import ConsumerId, ProviderId, ResourceClass, Trait
from worker.placement.inventory import Inventory
from worker.placement.ledger import Ledger
from worker.placement.refusals import Place
from worker.placement.snapshot import EXAMPLES_MAX, ProviderRow


def missing_classes(names: Iterable[ResourceClass], ledger: Ledger) -> list[Place]:
    """Classes that do not exist."""
    missing = sorted(name for name in names if name not in ledger.classes)
    return [{"resource_classes": missing}] if missing else []


def missing_traits(names: Iterable[Trait], ledger: Ledger) -> list[Place]:
    """Traits that do not exist."""
    missing = sorted(name for name in names if not ledger.has_trait(name))
    return [{"traits": missing}] if missing else []


def taken_name(name: str, provider: ProviderId | None, ledger: Ledger) -> list[Place]:
    """The name, if another provider has it; any provider, where there is none yet that may keep its own."""
    holder = ledger.names.get(name)
    return [{"name": name}] if holder is not None and holder != provider else []


def conflict(provider: ProviderId, expected: int | None, row: ProviderRow | None) -> list[Place]:
    """The generations, if the claim expects another than the provider's; None expects nothing."""
    found = None if row is None else row.generation
    if expected is None or expected == found:
        return []
    return [{"provider": provider, "expected": expected, "found": found}]


def invalid_inventories(provider: ProviderId, inventories: Mapping[ResourceClass, Inventory]) -> list[Place]:
    """Inventories whose fields contradict each other."""
    places: list[Place] = []
    for name in sorted(inventories):
        inventory = inventories[name]
        where: Place = {"provider": provider, "resource_class": name}
        if inventory.reserved > inventory.total:
            places.append({**where, "field": "reserved", "value": inventory.reserved, "rule": "reserved_above_total"})
        if inventory.min_unit > inventory.max_unit:
            places.append(
                {**where, "field": "min_unit", "value": inventory.min_unit, "rule": "min_unit_above_max_unit"}
            )
    return places


Moves = Mapping[ConsumerId, ConsumerState | None]
"""What consumers are about to be; None: they hold nothing."""


def used_classes(
    row: ProviderRow, dropped: Iterable[ResourceClass], ledger: Ledger, moves: Moves | None = None
) -> list[Place]:
    """Each class among `dropped` that consumers hold on the provider, with how many they are and the first of them.

    `moves`: what the claim that drops them does to consumers before. A place a class: a consumer may hold several, so
    that sums over classes would count it twice.
    """
    places: list[Place] = []
    for name in sorted(dropped):
        count, examples = _holders(row.id, name, ledger, _NO_MOVES if moves is None else moves)
        if count:
            told = sorted(examples)[:EXAMPLES_MAX]
            places.append({"provider": row.id, "resource_classes": [name], "count": count, "examples": told})
    return places


def _holders(provider: ProviderId, name: ResourceClass, ledger: Ledger, moves: Moves) -> tuple[int, set[ConsumerId]]:
    stored = ledger.snapshot.holders.get(provider, {}).get(name)
    count = 0 if stored is None else stored.count
    examples = set() if stored is None else {ConsumerId(example) for example in stored.examples}
    for consumer in ledger.consumers_written | moves.keys():
        old = ledger.snapshot.consumers.get(consumer)
        new = moves[consumer] if consumer in moves else ledger.consumers.get(consumer)
        held = old is not None and name in old.allocations.get(provider, {})
        holds = new is not None and name in new.allocations.get(provider, {})
        count += holds - held
        if holds:
            examples.add(consumer)
        else:
            examples.discard(consumer)
    return count, examples


_NO_MOVES: Final[Moves] = {}
