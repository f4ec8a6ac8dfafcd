"""Random fleets, requests and changes, in which everything that a search minds happens often."""

from dataclasses import replace
from random import Random

from tests.builders import AVX2, FAST, GOLD, MEMORY, VCPU, aggregate_id, provider_id, provider_row
from worker.placement.ids import ProviderId, ResourceClass, Trait
from worker.placement.inventory import Inventory, Stock
from worker.placement.request import Group, Request, Strategy
from worker.placement.search.tree import SHARES
from worker.placement.snapshot import ProviderRow

Rows = dict[ProviderId, ProviderRow]

CLASSES = (VCPU, MEMORY, GOLD)
TRAITS = (AVX2, FAST)
AGGREGATES = tuple(aggregate_id(number) for number in range(3))


def random_row(random: Random, number: int, rows: Rows, *, flat: float = 0.5) -> ProviderRow:
    """A provider numbered so, a root with the chance `flat`, else below one of those there."""
    parent = None if not rows or random.random() < flat else random.choice(list(rows.values()))
    row = provider_row(number, name=f"provider-{number}")
    placed = row if parent is None else replace(row, parent=parent.id, root=parent.root)
    return random_looks(random, placed)


def random_looks(random: Random, row: ProviderRow) -> ProviderRow:
    """The row with other inventories, links and state; a few share."""
    traits: set[Trait] = {trait for trait in TRAITS if random.random() < 0.5}
    aggregates = {name for name in AGGREGATES if random.random() < 0.15}
    if random.random() < 0.1:
        traits.add(SHARES)
        aggregates.add(random.choice(AGGREGATES))
    names = [name for name in CLASSES if random.random() < 0.8]
    return replace(
        row,
        state="draining" if random.random() < 0.1 else "enabled",
        inventories={name: random_stock(random) for name in names},
        traits=frozenset(traits),
        aggregates=frozenset(aggregates),
    )


def random_stock(random: Random) -> Stock:
    """Small, often of the same size as others, sometimes with units, sometimes over capacity."""
    inventory = Inventory(random.choice((4, 8, 8, 8)), reserved=random.choice((0, 0, 1)))
    if random.random() < 0.1:
        inventory = replace(inventory, min_unit=2, step_size=2, max_unit=6)
    return Stock(inventory, random.choice((0, 0, 0, 2, 3, 5, 9)))


def random_request(random: Random, rows: Rows) -> Request:
    """One group mostly; else several, with a policy or a subtree."""
    names = [""] if random.random() < 0.6 else random.sample(["", "_a", "_b"], random.randint(1, 3))
    groups = {name: random_group(random, rows) for name in sorted(names)}
    named = frozenset(name for name in names if name)
    return Request(
        groups=groups,
        group_policy=random.choice(("none", "isolate")) if len(named) > 1 else None,
        same_subtree=(named,) if named and random.random() < 0.3 else (),
        root_required=frozenset({FAST}) if random.random() < 0.1 else frozenset(),
        root_forbidden=frozenset({AVX2}) if random.random() < 0.1 else frozenset(),
        strategy=random.choice((*Strategy, Strategy.PACK, Strategy.SPREAD)),
        preferred={trait: random.choice((0.25, -0.5, 1.0)) for trait in TRAITS if random.random() < 0.15},
        seed=random.choice((None, None, "seed")),
        limit=random.choice((None, 1)),
    )


def random_group(random: Random, rows: Rows) -> Group:
    """At least one class, and now and then a condition of each kind."""
    classes = random.sample(CLASSES, random.choice((1, 2, 2, 3)))
    someone = random.choice(list(rows)) if rows else provider_id(999)
    return Group(
        resources={name: random.choice((1, 2, 3)) for name in classes},
        required=tuple(
            frozenset(random.sample(TRAITS, random.choice((1, 1, 2)))) for _ in range(random.choice((0, 0, 1)))
        ),
        forbidden=frozenset({random.choice(TRAITS)}) if random.random() < 0.1 else frozenset(),
        member_of=(frozenset(random.sample(AGGREGATES, 2)),) if random.random() < 0.1 else (),
        not_member_of=frozenset({random.choice(AGGREGATES)}) if random.random() < 0.1 else frozenset(),
        in_tree=random.choice((someone, provider_id(999))) if random.random() < 0.1 else None,
    )


def random_credit(random: Random, rows: Rows) -> dict[ProviderId, dict[ResourceClass, int]]:
    """Mostly none; else a part of what is used on a few providers."""
    if random.random() < 0.7:
        return {}
    held = random.sample(list(rows), min(len(rows), random.choice((1, 1, 2))))
    used = {
        name: {cls: min(stock.used, 2) for cls, stock in rows[name].inventories.items() if stock.used} for name in held
    }
    return {name: amounts for name, amounts in used.items() if amounts}
