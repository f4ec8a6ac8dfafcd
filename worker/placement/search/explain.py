"""Why a request finds nothing or little: what was left of the fleet after each step, and what came nearest.

A provider is left in a group as long as it could still take part in meeting it. For a named group that is its own
affair; for the unnamed one some tree that it serves must still have something for each class and each required item
that was looked at so far.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from worker.placement.explanation import Explanation, Left, Miss, Step
from worker.placement.ids import Amounts, ProviderId, ResourceClass, Trait
from worker.placement.request import Group, GroupName, Request
from worker.placement.search.ask import homed
from worker.placement.search.find import has_candidate
from worker.placement.search.fits import UNNAMED, ProviderTest, provider_tests, room, units_fit
from worker.placement.search.fleet import Fleet
from worker.placement.search.misses import miss, nearest
from worker.placement.search.offers import Offers
from worker.placement.snapshot import ProviderRow

Serves = Mapping[ProviderId, set[ProviderId]]


def explain(request: Request, fleet: Fleet, credit: Amounts) -> Explanation:
    """Counts never grow from a step to the next, neither in a group nor in the whole request."""
    here = homed(request, lambda provider: None if (row := fleet.row(provider)) is None else row.root)
    trees = [fleet.tree(root) for root in fleet.roots()]
    rows = {row.id: row for tree in trees for row in tree.members.values()}
    serves = {row.id: {row.root} for row in rows.values()}
    for tree in trees:
        for sharing in tree.shared:
            serves[sharing].add(tree.root)
    groups: dict[GroupName, tuple[Left, ...]] = {}
    misses: list[Miss] = []
    for name in sorted(here.groups):
        group = _Group(name, here.groups[name], rows, serves, credit)
        groups[name] = tuple(group.steps())
        misses.extend(group.misses)
    return Explanation(groups, _whole(here, fleet, credit), nearest(misses))


def _whole(request: Request, fleet: Fleet, credit: Amounts) -> tuple[Left, ...]:
    """Anchors under which the groups can be met together; each step looks only at those left by the one before."""
    merged = replace(request, group_policy="none", same_subtree=())
    steps = (
        (Step.TREE_MERGE, merged),
        (Step.GROUP_POLICY, replace(request, same_subtree=())),
        (Step.SAME_SUBTREE, request),
    )
    left = list(fleet.promising(merged, credit))
    told: list[Left] = []
    for step, one in steps:
        left = [root for root in left if has_candidate(one, fleet.tree(root), credit)]
        told.append(Left(step, len(left)))
    return tuple(told)


class _Group:
    """One group's way through the steps; `misses`: those struck for want of room for one class."""

    def __init__(
        self, name: GroupName, group: Group, rows: Mapping[ProviderId, ProviderRow], serves: Serves, credit: Amounts
    ) -> None:
        self.misses: list[Miss] = []
        self._name, self._group, self._rows, self._credit = name, group, rows, credit
        self._offers = Offers(rows, serves, joint=name == UNNAMED)
        self._asked = sorted(group.resources.items())

    def steps(self) -> list[Left]:
        """What is left after each step, in the order of `Step`."""
        told = [Left(Step.ALL, self._offers.left())]
        for step, test in provider_tests(self._name, self._group):
            self._offers.strike_providers(partial(self._passes, test))
            if step is Step.TRAITS and self._name == UNNAMED:
                for any_of in self._group.required:
                    self._offers.need(partial(_has_one, any_of))
            told.append(Left(step, self._offers.left()))
        return told + self._class_steps()

    def _class_steps(self) -> list[Left]:
        told: list[Left] = []
        self._offers.open_classes(self._group.resources)
        for name, _ in self._asked:
            self._offers.need_class(name)
            told.append(Left(Step.INVENTORY, self._offers.left(), name))
        for name, amount in self._asked:
            self._offers.strike_class(name, partial(self._units, name, amount))
            told.append(Left(Step.UNITS, self._offers.left(), name))
        self.misses.extend(self._lacking())
        for name, amount in self._asked:
            self._offers.strike_class(name, partial(self._room, name, amount))
            told.append(Left(Step.CAPACITY, self._offers.left(), name))
        return told

    def _lacking(self) -> Iterator[Miss]:
        for row, offered in self._offers.providers():
            lacks = [
                (name, amount) for name, amount in self._asked if name in offered and not self._room(name, amount, row)
            ]
            for name, amount in lacks if self._name == UNNAMED or len(lacks) == 1 else ():
                yield miss(self._name, row, name, amount, self._held(row, name))

    def _passes(self, test: ProviderTest, row: ProviderRow) -> bool:
        return test(self._group, row, self._rows[row.root])

    def _units(self, name: ResourceClass, amount: int, row: ProviderRow) -> bool:
        return units_fit(amount, row.inventories[name], self._held(row, name))

    def _room(self, name: ResourceClass, amount: int, row: ProviderRow) -> bool:
        return amount <= room(row.inventories[name], self._held(row, name))

    def _held(self, row: ProviderRow, name: ResourceClass) -> int:
        return self._credit.get(row.id, {}).get(name, 0)


def _has_one(any_of: frozenset[Trait], row: ProviderRow) -> bool:
    return not row.traits.isdisjoint(any_of)
