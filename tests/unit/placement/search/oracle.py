"""Candidates by brute force: every choice of providers is made up and then tested, rule by rule, as rules.md has it."""

from collections.abc import Iterator, Mapping
from itertools import product

from worker.placement.ids import Amounts, ProviderId, ResourceClass
from worker.placement.request import Group, Request
from worker.placement.snapshot import ProviderRow

Fleet = Mapping[ProviderId, ProviderRow]
Offer = tuple[
    tuple[tuple[ProviderId, tuple[tuple[ResourceClass, int], ...]], ...], tuple[tuple[str, tuple[ProviderId, ...]], ...]
]
"""Allocations and mappings of a candidate, by which two are the same."""


def offers_of(fleet: Fleet, request: Request, credit: Amounts) -> dict[ProviderId, set[Offer]]:
    """By anchor, all that is offered under it."""
    return {row.id: set(_offers(fleet, row, request, credit)) for row in fleet.values() if row.parent is None}


def _offers(fleet: Fleet, anchor: ProviderRow, request: Request, credit: Amounts) -> Iterator[Offer]:
    if not request.root_required <= anchor.traits or request.root_forbidden & anchor.traits:
        return
    serving = [row for row in fleet.values() if row.root == anchor.id or _shares_with(fleet, row, anchor)]
    unnamed = sorted(request.groups[""].resources) if "" in request.groups else []
    named = sorted(name for name in request.groups if name)
    for choice in product(serving, repeat=len(unnamed) + len(named)):
        spread = dict(zip(unnamed, choice, strict=False))
        alone = dict(zip(named, choice[len(unnamed) :], strict=True))
        if _holds(fleet, request, spread, alone, credit):
            yield _offer(request, spread, alone)


def _shares_with(fleet: Fleet, row: ProviderRow, anchor: ProviderRow) -> bool:
    members = [other for other in fleet.values() if other.root == anchor.id]
    return "MISC_SHARES_VIA_AGGREGATE" in row.traits and any(row.aggregates & other.aggregates for other in members)


def _holds(
    fleet: Fleet,
    request: Request,
    spread: Mapping[ResourceClass, ProviderRow],
    alone: Mapping[str, ProviderRow],
    credit: Amounts,
) -> bool:
    if spread and not _unnamed_holds(fleet, request.groups[""], spread):
        return False
    if not all(_named_holds(fleet, request.groups[name], row) for name, row in alone.items()):
        return False
    giving = [row.id for name, row in alone.items() if request.groups[name].resources]
    if request.group_policy == "isolate" and len(set(giving)) < len(giving):
        return False
    if not all(_one_subtree(fleet, request, names, alone) for names in request.same_subtree):
        return False
    return _fits(_parts(request, spread, alone), fleet, credit)


def _unnamed_holds(fleet: Fleet, group: Group, spread: Mapping[ResourceClass, ProviderRow]) -> bool:
    together = {trait for row in spread.values() for trait in row.traits}
    for row in spread.values():
        aggregates = row.aggregates | fleet[row.root].aggregates
        if row.state != "enabled" or group.forbidden & row.traits or not _stands_in(fleet, group, row):
            return False
        if group.not_member_of & aggregates or not all(any_of & aggregates for any_of in group.member_of):
            return False
    return all(any_of & together for any_of in group.required)


def _named_holds(fleet: Fleet, group: Group, row: ProviderRow) -> bool:
    if group.resources and row.state != "enabled":
        return False
    if group.forbidden & row.traits or not all(any_of & row.traits for any_of in group.required):
        return False
    if group.not_member_of & row.aggregates or not all(any_of & row.aggregates for any_of in group.member_of):
        return False
    return _stands_in(fleet, group, row)


def _stands_in(fleet: Fleet, group: Group, row: ProviderRow) -> bool:
    return group.in_tree is None or (group.in_tree in fleet and fleet[group.in_tree].root == row.root)


def _line(fleet: Fleet, row: ProviderRow) -> set[ProviderId]:
    return {row.id} if row.parent is None else {row.id} | _line(fleet, fleet[row.parent])


def _one_subtree(fleet: Fleet, request: Request, names: frozenset[str], alone: Mapping[str, ProviderRow]) -> bool:
    """Some provider is above all of them; a group without resources stands above each that has some."""
    if not any(all(alone[top].id in _line(fleet, alone[name]) for name in names) for top in names):
        return False
    giving = [name for name in names if request.groups[name].resources]
    stands = [name for name in names if not request.groups[name].resources]
    return all(alone[stand].id in _line(fleet, alone[name]) for stand in stands for name in giving)


Parts = dict[tuple[ProviderId, ResourceClass], list[int]]


def _parts(request: Request, spread: Mapping[ResourceClass, ProviderRow], alone: Mapping[str, ProviderRow]) -> Parts:
    parts: Parts = {}
    for name, row in spread.items():
        parts.setdefault((row.id, name), []).append(request.groups[""].resources[name])
    for group, row in alone.items():
        for name, amount in request.groups[group].resources.items():
            parts.setdefault((row.id, name), []).append(amount)
    return parts


def _fits(parts: Parts, fleet: Fleet, credit: Amounts) -> bool:
    for (provider, name), amounts in parts.items():
        stock = fleet[provider].inventories.get(name)
        if stock is None:
            return False
        inventory, held, total = stock.inventory, credit.get(provider, {}).get(name, 0), sum(amounts)
        if total == held:
            continue
        if total > held and stock.used - held + total > inventory.capacity:
            return False
        if total > inventory.max_unit:
            return False
        if any(amount < inventory.min_unit or amount % inventory.step_size for amount in amounts):
            return False
    return True


def _offer(request: Request, spread: Mapping[ResourceClass, ProviderRow], alone: Mapping[str, ProviderRow]) -> Offer:
    amounts: dict[ProviderId, dict[ResourceClass, int]] = {}
    for (provider, name), some in _parts(request, spread, alone).items():
        amounts.setdefault(provider, {})[name] = sum(some)
    mappings: dict[str, tuple[ProviderId, ...]] = {name: (row.id,) for name, row in alone.items()}
    if spread:
        mappings[""] = tuple(sorted({row.id for row in spread.values()}))
    allocations = tuple((provider, tuple(sorted(amounts[provider].items()))) for provider in sorted(amounts))
    return allocations, tuple(sorted(mappings.items()))
