"""Providers read whole, with inventories, traits and aggregates, in bulk."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from worker.placement.ids import AggregateId, Trait
from worker.placement.snapshot import ProviderRow
from worker.postgres.rows import Fields, records
from worker.postgres.snapshot import stocks_of

Name = TypeVar("Name", bound=str)

# Of the rows in `chosen`, each field an array; links are joined by provider, so that equal ones are split once.
COMPLETE = """
    (SELECT array_agg(p.id), array_agg(p.uuid::text), array_agg(p.name), array_agg(p.generation), array_agg(p.state),
            array_agg((SELECT uuid::text FROM providers WHERE id = p.parent)),
            array_agg(CASE WHEN p.root = p.id THEN p.uuid::text
                           ELSE (SELECT uuid::text FROM providers WHERE id = p.root) END),
            array_agg(p.created_at), array_agg(p.updated_at)
     FROM providers AS p WHERE p.id = ANY (ARRAY(SELECT id FROM chosen))) AS provider,
    (SELECT array_agg(provider), array_agg(name), array_agg(total), array_agg(reserved), array_agg(min_unit),
            array_agg(max_unit), array_agg(step_size), array_agg(ratio), array_agg(used)
     FROM (SELECT i.provider, c.name, i.total, i.reserved, i.min_unit, i.max_unit, i.step_size, i.used,
                  CASE WHEN i.allocation_ratio <> 1 THEN trim_scale(i.allocation_ratio) END AS ratio
           FROM inventories AS i JOIN resource_classes AS c ON c.id = i.class
           WHERE i.provider = ANY (ARRAY(SELECT id FROM chosen))) AS one) AS stock,
    (SELECT array_agg(provider), array_agg(names)
     FROM (SELECT l.provider, string_agg(t.name, ',' ORDER BY l.trait) AS names
           FROM provider_traits AS l JOIN traits AS t ON t.id = l.trait
           WHERE l.provider = ANY (ARRAY(SELECT id FROM chosen)) GROUP BY l.provider) AS one) AS trait,
    (SELECT array_agg(provider), array_agg(names)
     FROM (SELECT provider, string_agg(aggregate::text, ',' ORDER BY aggregate) AS names FROM provider_aggregates
           WHERE provider = ANY (ARRAY(SELECT id FROM chosen)) GROUP BY provider) AS one) AS member
"""

SELECTED = "provider.*, stock.*, trait.*, member.*"


def complete_rows(fields: Sequence[Any]) -> list[ProviderRow]:
    """Rows out of the fields of `SELECTED`, by row id."""
    providers, stocks, traits, members = fields[:9], fields[9:18], fields[18:20], fields[20:]
    stocked = stocks_of(stocks)
    traits_of = _sets(traits, Trait)
    aggregates_of = _sets(members, AggregateId)
    rows = [
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
            traits=traits_of.get(row, frozenset()),
            aggregates=aggregates_of.get(row, frozenset()),
        )
        for row, uuid, name, generation, state, parent, root, created_at, updated_at in records(providers)
    ]
    return sorted(rows, key=lambda row: row.row)


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
