"""Small fleets and requests made up from a number, with everything in them that the rules speak of."""

from dataclasses import dataclass
from random import Random
from typing import TypeVar

from tests.builders import FAST, GOLD, MEMORY, VCPU, aggregate_id, provider_id, provider_row
from worker.placement.ids import AggregateId, Amounts, ProviderId, ResourceClass, Trait
from worker.placement.inventory import Inventory, Stock
from worker.placement.request import Group, Request, Strategy
from worker.placement.search.tree import SHARES
from worker.placement.snapshot import ProviderRow

CLASSES = (VCPU, MEMORY, GOLD)
BLUE, RED = Trait("CUSTOM_BLUE"), Trait("CUSTOM_RED")
TRAITS = (FAST, BLUE, RED)
NOBODY = provider_id(99)
Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Case:
    """A fleet, a request to it, and what the consumer holds already."""

    rows: dict[ProviderId, ProviderRow]
    request: Request
    credit: Amounts


def case_of(number: int) -> Case:
    """The case of that number: the same each time."""
    chance = Random(number)  # noqa: S311
    rows = _rows(chance)
    return Case(rows, _request(chance, sorted(rows)), _credit(chance, rows))


def _rows(chance: Random) -> dict[ProviderId, ProviderRow]:
    rows: list[ProviderRow] = []
    for number in range(1, chance.choice((1, 2, 3, 4, 5, 5, 6)) + 1):
        above = chance.choice(rows) if rows and chance.random() < 0.75 else None
        rows.append(
            provider_row(
                number,
                chance.choice(rows).inventories if rows and chance.random() < 0.4 else _stocks(chance),
                parent=None if above is None else int(above.row),
                root=None if above is None else int(above.root[-12:], 16),
                state="draining" if chance.random() < 0.06 else "enabled",
                traits=[*_some(chance, TRAITS, 0.5), *_some(chance, (SHARES,), 0.3)],
                aggregates=_aggregates(chance, 0.35),
            )
        )
    return {row.id: row for row in rows}


def _stocks(chance: Random) -> dict[ResourceClass, Stock]:
    return {name: _stock(chance) for name in CLASSES if chance.random() < 0.75}


def _stock(chance: Random) -> Stock:
    total = chance.randint(1, 8)
    if chance.random() < 0.7:
        return Stock(Inventory(total), chance.choice((0, 0, 1, total, total + 2)))
    return Stock(
        Inventory(total, min_unit=chance.randint(1, 2), max_unit=chance.randint(2, 5), step_size=chance.randint(1, 2)),
        chance.randint(0, total),
    )


def _credit(chance: Random, rows: dict[ProviderId, ProviderRow]) -> Amounts:
    if chance.random() < 0.6:
        return {}
    held: dict[ProviderId, dict[ResourceClass, int]] = {}
    for row in rows.values():
        for name, stock in row.inventories.items():
            if stock.used and chance.random() < 0.4:
                held.setdefault(row.id, {})[name] = chance.randint(1, stock.used)
    return held


def _request(chance: Random, providers: list[ProviderId]) -> Request:
    groups: dict[str, Group] = {}
    if chance.random() < 0.6:
        groups[""] = _group(chance, providers, most=3)
    spare = 4 - sum(len(group.resources) for group in groups.values())
    for number in range(chance.randint(0 if groups else 1, min(3, spare))):
        groups[f"_{number}"] = groups["_0"] if number and chance.random() < 0.4 else _group(chance, providers, most=2)
    named = [name for name in groups if name]
    sets = [frozenset(chance.sample(named, chance.randint(1, len(named))))] if named and chance.random() < 0.4 else []
    if sets and len(named) < spare and chance.random() < 0.5:
        groups["_top"] = _asking(chance, {}, providers)
        sets = [sets[0] | {"_top"}, *sets[1:]]
        if len(named) + 1 < spare and chance.random() < 0.5:
            groups["_mid"] = _asking(chance, {}, providers)
            sets.append(frozenset({"_mid", chance.choice(sorted(groups.keys() - {"", "_mid"}))}))
    roots = frozenset(_some(chance, TRAITS, 0.05)), frozenset(_some(chance, TRAITS, 0.05))
    return Request(
        groups=groups,
        group_policy=chance.choice(("none", "isolate")),
        same_subtree=tuple(sets),
        root_required=roots[0],
        root_forbidden=roots[1] - roots[0],
        strategy=chance.choice(tuple(Strategy)),
        preferred={trait: chance.choice((0.5, 2.0, -1.0)) for trait in _some(chance, TRAITS, 0.15)},
        seed=chance.choice((None, "seed")),
    )


def _group(chance: Random, providers: list[ProviderId], most: int) -> Group:
    asked = chance.sample(CLASSES, chance.randint(1, most))
    return _asking(chance, {name: chance.choice((1, 1, 1, 2, 2, 3, 4)) for name in asked}, providers)


def _asking(chance: Random, resources: dict[ResourceClass, int], providers: list[ProviderId]) -> Group:
    if chance.random() < 0.5:
        return Group(resources=resources)
    forbidden = frozenset(_some(chance, TRAITS, 0.06))
    items = [frozenset(chance.sample(TRAITS, chance.randint(1, 2))) for _ in range(chance.choice((0, 0, 0, 0, 1, 2)))]
    return Group(
        resources=resources,
        required=tuple(item for item in items if not item <= forbidden),
        forbidden=forbidden,
        member_of=tuple(one for one in [frozenset(_aggregates(chance, 0.05))] if one),
        not_member_of=frozenset(_aggregates(chance, 0.04)),
        in_tree=chance.choice((*providers, NOBODY)) if chance.random() < 0.07 else None,
    )


def _aggregates(chance: Random, share: float) -> list[AggregateId]:
    return _some(chance, (aggregate_id(1), aggregate_id(2), aggregate_id(3)), share)


def _some(chance: Random, things: tuple[Thing, ...], share: float) -> list[Thing]:
    return [thing for thing in things if chance.random() < share]
