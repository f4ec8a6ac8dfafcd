"""Providers read whole, with inventories, traits and aggregates, in bulk."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar

from worker.placement.ids import AggregateId, ResourceClass, Trait
from worker.placement.inventory import Inventory, Stock
from worker.placement.snapshot import ProviderRow
from worker.postgres.rows import Fields, records

Name = TypeVar("Name", bound=str)

_NO_TRAITS: Final[frozenset[Trait]] = frozenset()
_NO_AGGREGATES: Final[frozenset[AggregateId]] = frozenset()

# Of the rows in `chosen`, each field an array.
PROVIDER = """
    (SELECT array_agg(p.id), array_agg(p.uuid::text), array_agg(p.name), array_agg(p.generation), array_agg(p.state),
            array_agg((SELECT uuid::text FROM providers WHERE id = p.parent)),
            array_agg(CASE WHEN p.root = p.id THEN p.uuid::text
                           ELSE (SELECT uuid::text FROM providers WHERE id = p.root) END),
            array_agg(p.created_at), array_agg(p.updated_at)
     FROM providers AS p WHERE p.id = ANY (ARRAY(SELECT id FROM chosen))) AS provider
"""

STOCK = """
    (SELECT array_agg(provider), array_agg(name), array_agg(total), array_agg(reserved), array_agg(min_unit),
            array_agg(max_unit), array_agg(step_size), array_agg(ratio), array_agg(used)
     FROM (SELECT i.provider, c.name, i.total, i.reserved, i.min_unit, i.max_unit, i.step_size, i.used,
                  CASE WHEN i.allocation_ratio <> 1 THEN trim_scale(i.allocation_ratio) END AS ratio
           FROM inventories AS i JOIN resource_classes AS c ON c.id = i.class
           WHERE i.provider = ANY (ARRAY(SELECT id FROM chosen))
           ORDER BY i.provider, c.name) AS one) AS stock
"""

# Links are joined by provider, so that equal ones are split once.
COMPLETE = f"""
    {PROVIDER}, {STOCK},
    (SELECT array_agg(provider), array_agg(names)
     FROM (SELECT l.provider, string_agg(t.name, ',' ORDER BY l.trait) AS names
           FROM provider_traits AS l JOIN traits AS t ON t.id = l.trait
           WHERE l.provider = ANY (ARRAY(SELECT id FROM chosen)) GROUP BY l.provider) AS one) AS trait,
    (SELECT array_agg(provider), array_agg(names)
     FROM (SELECT provider, string_agg(aggregate::text, ',' ORDER BY aggregate) AS names FROM provider_aggregates
           WHERE provider = ANY (ARRAY(SELECT id FROM chosen)) GROUP BY provider) AS one) AS member
"""  # noqa: S608 - texts of ours

SELECTED = "provider.*, stock.*, trait.*, member.*"


def complete_rows(fields: Sequence[Any]) -> list[ProviderRow]:
    """Rows out of the fields of `SELECTED`, by row id."""
    providers, stocks, traits, members = fields[:9], fields[9:18], fields[18:20], fields[20:]
    rows = provider_rows(providers, stocks, _sets(traits, Trait), _sets(members, AggregateId))
    return sorted(rows, key=lambda row: row.row)


def provider_rows(
    providers: Fields,
    stocks: Fields,
    traits: Mapping[int, frozenset[Trait]],
    aggregates: Mapping[int, frozenset[AggregateId]],
) -> list[ProviderRow]:
    """Rows out of the fields of `PROVIDER` and `STOCK`, and the links of those that have some."""
    stocked = _stocks(stocks)
    return [
        ProviderRow(
            row=row,
            id=uuid,
            name=name,
            generation=generation,
            state=state,
            parent=parent,
            root=root,
            created_at=created_at,
            updated_at=updated_at,
            inventories=stocked.get(row, {}),
            traits=traits.get(row, _NO_TRAITS),
            aggregates=aggregates.get(row, _NO_AGGREGATES),
        )
        for row, uuid, name, generation, state, parent, root, created_at, updated_at in records(providers)
    ]


def _stocks(stocks: Fields) -> dict[int, dict[ResourceClass, Stock]]:
    """{provider: {class: stock}}; providers of one build share their inventories, which are values."""
    stocked: defaultdict[int, dict[ResourceClass, Stock]] = defaultdict(dict)
    inventories: dict[tuple[object, ...], Inventory] = {}
    for provider, name, total, reserved, min_unit, max_unit, step_size, ratio, used in records(stocks):
        key = (total, reserved, min_unit, max_unit, step_size, ratio)
        inventory = inventories.get(key)
        if inventory is None:
            whole = Decimal(1) if ratio is None else ratio
            inventory = Inventory(total, reserved, min_unit, max_unit, step_size, whole)
            inventories[key] = inventory
        stocked[provider][name] = Stock(inventory, used)
    return stocked


def _sets(links: Fields, kind: Callable[[str], Name]) -> dict[int, frozenset[Name]]:
    """{provider: names}; providers with the same names share the set."""
    shared: dict[str, frozenset[Name]] = {}
    sets: dict[int, frozenset[Name]] = {}
    for provider, joined in records(links):
        found = shared.get(joined)
        if found is None:
            found = shared[joined] = frozenset(map(kind, joined.split(",")))
        sets[provider] = found
    return sets
