"""Who may give what under one anchor: the field on which a request's wishes are put together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from worker.placement.ids import Amounts, ProviderId, ResourceClass
from worker.placement.inventory import Stock
from worker.placement.request import GroupName
from worker.placement.search.ask import Ask, Terms, Wish
from worker.placement.search.fits import UNNAMED, brought, passes, room, units_fit
from worker.placement.search.tree import Tree
from worker.placement.snapshot import ProviderRow


@dataclass(frozen=True, slots=True)
class Board:
    """Providers and wishes go by number; those of providers follow the order in which they are to be tried.

    `options`: by wish, who meets it alone. `standing`: by group without resources, who may stand for it, sorted.
    `wanted` and `brings`: required items of the unnamed group, a bit each, and which of them a provider meets.
    """

    ask: Ask
    tree: Tree
    credit: Amounts
    givers: tuple[ProviderRow, ...]
    options: tuple[tuple[int, ...], ...]
    standing: Mapping[GroupName, tuple[ProviderId, ...]]
    wanted: int
    brings: tuple[int, ...]

    def most(self, giver: int, resource_class: ResourceClass) -> int:
        """The largest sum of the class that the provider could give to this consumer."""
        row = self.givers[giver]
        stock = row.inventories.get(resource_class)
        if stock is None:
            return 0
        held = self.held(row.id, resource_class)
        return max(min(room(stock, held), stock.inventory.max_unit), held)

    def held(self, provider: ProviderId, resource_class: ResourceClass) -> int:
        """What the consumer holds of it now."""
        return self.credit.get(provider, _NOTHING).get(resource_class, 0)


def lay(ask: Ask, tree: Tree, terms: Terms, givers: tuple[ProviderRow, ...]) -> Board | None:
    """The board, or None where already some wish is met by nobody."""
    root = tree.members[tree.root]
    request = ask.request
    if not request.root_required <= root.traits or not request.root_forbidden.isdisjoint(root.traits):
        return None
    options: list[tuple[int, ...]] = []
    for wish in ask.wishes:
        able = tuple(n for n, row in enumerate(givers) if _meets(wish, row, tree, terms))
        if not able:
            return None
        options.append(able)
    standing: dict[GroupName, tuple[ProviderId, ...]] = {}
    for name in ask.resourceless:
        group = request.groups[name]
        stands = sorted(row.id for row in givers if passes(name, group, row, tree.row(row.root)))
        if not stands:
            return None
        standing[name] = tuple(stands)
    required = request.groups[UNNAMED].required if UNNAMED in request.groups else ()
    brings = tuple(brought(required, row) for row in givers)
    return Board(ask, tree, terms.credit, givers, tuple(options), standing, (1 << len(required)) - 1, brings)


def _meets(wish: Wish, row: ProviderRow, tree: Tree, terms: Terms) -> bool:
    stocks = row.inventories
    for name, _ in wish.amounts:
        if name not in stocks:
            return False
    if terms.among is not None and row.id not in terms.among:
        return False
    held = terms.credit.get(row.id, _NOTHING)
    return all(_has(stocks[name], amount, held.get(name, 0)) for name, amount in wish.amounts) and passes(
        wish.name, wish.group, row, tree.row(row.root)
    )


def _has(stock: Stock, amount: int, held: int) -> bool:
    return units_fit(amount, stock, held) and amount <= room(stock, held)


_NOTHING: Final[Mapping[ResourceClass, int]] = {}
