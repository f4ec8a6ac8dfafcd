"""Providers that lacked nothing but room for one class: where a request nearly fits."""

from collections.abc import Iterable
from heapq import nsmallest

from worker.placement.explanation import NEAREST_MAX, Miss
from worker.placement.ids import ResourceClass
from worker.placement.inventory import Stock
from worker.placement.request import GroupName
from worker.placement.snapshot import ProviderRow


def miss(group: GroupName, row: ProviderRow, resource_class: ResourceClass, requested: int, held: int) -> Miss:
    """What a provider lacks of a class; what the consumer holds of it counts as free."""
    stock: Stock = row.inventories[resource_class]
    capacity, used = stock.inventory.capacity, stock.used - held
    free = capacity - used
    return Miss(group, row.id, resource_class, requested, capacity, used, free, requested - free)


def nearest(misses: Iterable[Miss]) -> tuple[Miss, ...]:
    """Those that lack the smallest part of what is requested, then by group, provider and class."""
    return tuple(nsmallest(NEAREST_MAX, misses, key=_distance))


def _distance(one: Miss) -> tuple[float, GroupName, str, str]:
    return one.lacking / one.requested, one.group, one.provider, one.resource_class
