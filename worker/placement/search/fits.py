"""Whether a provider may give what a group asks for: one test a step, for the search and for its explanation alike."""

from collections.abc import Callable
from typing import Final

from worker.placement.explanation import Step
from worker.placement.ids import Trait
from worker.placement.inventory import Stock
from worker.placement.request import Group, GroupName
from worker.placement.snapshot import ProviderRow

UNNAMED: Final[GroupName] = ""

ProviderTest = Callable[[Group, ProviderRow, ProviderRow], bool]
"""Of a group, a provider and the provider's root. `in_tree` of the group must be a root."""


def provider_tests(name: GroupName, group: Group) -> tuple[tuple[Step, ProviderTest], ...]:
    """What a provider must pass whatever it has, in order.

    A group without resources takes nothing, so that a draining provider may stand for it.
    """
    if name == UNNAMED:
        return _UNNAMED_TESTS
    return _NAMED_TESTS if group.resources else _NAMED_TESTS[1:]


def passes(name: GroupName, group: Group, row: ProviderRow, root: ProviderRow) -> bool:
    """Whether a provider passes all tests but those of its inventory."""
    return all(test(group, row, root) for _, test in provider_tests(name, group))


def units_fit(amount: int, stock: Stock, held: int) -> bool:
    """Whether an amount alone obeys the units, or may become what is held already: that is not checked again."""
    return obeys_units(amount, stock) or amount <= held


def obeys_units(amount: int, stock: Stock) -> bool:
    """Whether an amount alone obeys the units."""
    inventory = stock.inventory
    return inventory.min_unit <= amount <= inventory.max_unit and amount % inventory.step_size == 0


def room(stock: Stock, held: int) -> int:
    """The largest amount that a consumer may have of it: what is free, and in any case what it holds."""
    return max(stock.inventory.capacity - stock.used, 0) + held


def _enabled(_: Group, row: ProviderRow, __: ProviderRow) -> bool:
    return row.state == "enabled"


def _in_tree(group: Group, row: ProviderRow, _: ProviderRow) -> bool:
    return group.in_tree is None or row.root == group.in_tree


def _own_aggregates(group: Group, row: ProviderRow, _: ProviderRow) -> bool:
    own = row.aggregates
    return own.isdisjoint(group.not_member_of) and not any(own.isdisjoint(any_of) for any_of in group.member_of)


def _own_or_root_aggregates(group: Group, row: ProviderRow, root: ProviderRow) -> bool:
    if not group.member_of and not group.not_member_of:
        return True
    both = row.aggregates | root.aggregates
    return both.isdisjoint(group.not_member_of) and not any(both.isdisjoint(any_of) for any_of in group.member_of)


def _no_forbidden(group: Group, row: ProviderRow, _: ProviderRow) -> bool:
    return row.traits.isdisjoint(group.forbidden)


def _all_traits(group: Group, row: ProviderRow, _: ProviderRow) -> bool:
    traits = row.traits
    return traits.isdisjoint(group.forbidden) and not any(traits.isdisjoint(any_of) for any_of in group.required)


_UNNAMED_TESTS: Final[tuple[tuple[Step, ProviderTest], ...]] = (
    (Step.ENABLED, _enabled),
    (Step.IN_TREE, _in_tree),
    (Step.AGGREGATES, _own_or_root_aggregates),
    (Step.TRAITS, _no_forbidden),
)
_NAMED_TESTS: Final[tuple[tuple[Step, ProviderTest], ...]] = (
    (Step.ENABLED, _enabled),
    (Step.IN_TREE, _in_tree),
    (Step.AGGREGATES, _own_aggregates),
    (Step.TRAITS, _all_traits),
)


def brought(required: tuple[frozenset[Trait], ...], row: ProviderRow) -> int:
    """Which of the required items a provider meets, a bit each: providers of the unnamed group meet them together."""
    return sum(1 << number for number, any_of in enumerate(required) if not row.traits.isdisjoint(any_of))
