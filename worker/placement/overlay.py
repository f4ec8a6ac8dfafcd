"""A snapshot as it will be once another batch, whose plan is known, has committed."""

from collections import defaultdict
from dataclasses import replace

from worker.placement.ids import ResourceClass, RowId
from worker.placement.inventory import Stock
from worker.placement.plan import Writes
from worker.placement.rows import with_stocks
from worker.placement.snapshot import ProviderRow, Snapshot


def overlaid(snapshot: Snapshot, writes: Writes) -> Snapshot:
    """The snapshot with `writes`, which are of allocations alone and of consumers that are not in it.

    A row that the snapshot shows as it was before the writes is taken forward; one that has them already stays.
    """
    used: defaultdict[RowId, dict[ResourceClass, int]] = defaultdict(dict)
    for row, name, amount in writes.used_put:
        used[row][name] = amount
    providers = dict(snapshot.providers)
    for advance in writes.providers_advanced:
        read = providers.get(advance.id)
        if read is not None and (read.row, read.generation) == (advance.row, advance.generation_from):
            providers[advance.id] = _forward(read, advance.generation_to, used[advance.row], snapshot)
    return replace(snapshot, providers=providers)


def _forward(read: ProviderRow, generation: int, used: dict[ResourceClass, int], snapshot: Snapshot) -> ProviderRow:
    stocks = {name: Stock(stock.inventory, used.get(name, stock.used)) for name, stock in read.inventories.items()}
    return with_stocks(read, generation, stocks, snapshot.now)
