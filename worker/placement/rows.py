"""Provider rows one change further: each function returns the row advanced by one generation."""

from collections.abc import Mapping
from datetime import datetime

from worker.placement.ids import ResourceClass
from worker.placement.inventory import Stock
from worker.placement.outcomes import ProviderShown
from worker.placement.snapshot import ProviderRow


def with_stocks(row: ProviderRow, stocks: Mapping[ResourceClass, Stock], now: datetime) -> ProviderRow:
    """The row with other inventories or counters (spelled out: `dataclasses.replace` takes three times as long)."""
    return ProviderRow(
        row=row.row,
        id=row.id,
        name=row.name,
        generation=row.generation + 1,
        state=row.state,
        parent=row.parent,
        root=row.root,
        created_at=row.created_at,
        updated_at=now,
        inventories=stocks,
        traits=row.traits,
        aggregates=row.aggregates,
    )


def shown(row: ProviderRow) -> ProviderShown:
    """The row as events show it."""
    return ProviderShown(
        row.id, row.row, row.name, row.generation, row.state, row.parent, row.root, row.created_at, row.updated_at
    )
