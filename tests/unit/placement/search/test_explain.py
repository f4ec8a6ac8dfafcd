"""An explanation: how many were left after each step, and what came nearest."""

import pytest

from tests.builders import AVX2, FAST, GOLD, MEMORY, VCPU, aggregate_id, provider_id, provider_row
from tests.unit.placement.search.asking import explained
from worker.placement.explanation import NEAREST_MAX, Explanation, Left, Miss, Step
from worker.placement.ids import ResourceClass
from worker.placement.inventory import Inventory, Stock
from worker.placement.request import Group, Request
from worker.placement.search.tree import SHARES
from worker.placement.snapshot import ProviderRow

TEN = Inventory(10)
A1 = aggregate_id(1)


def counts(told: Explanation, group: str) -> list[tuple[str, int]]:
    """Each step with its class, and how many were left."""
    return [(f"{one.step} {one.resource_class or ''}".strip(), one.left) for one in told.groups[group]]


def varied() -> list[ProviderRow]:
    """Providers each of which fails one step more than the one before."""
    return [
        provider_row(1, {VCPU: TEN, MEMORY: TEN}, state="draining"),
        provider_row(2, {VCPU: TEN, MEMORY: TEN}),
        provider_row(3, parent=2),
        provider_row(4, parent=2, aggregates=[A1]),
        _fit(5, {}),
        _fit(6, {VCPU: TEN}),
        _fit(7, {VCPU: Inventory(10, max_unit=1), MEMORY: TEN}),
        _fit(8, {VCPU: TEN, MEMORY: Inventory(10, step_size=2)}),
        _fit(9, {VCPU: Stock(TEN, 9), MEMORY: TEN}),
        _fit(10, {VCPU: TEN, MEMORY: Stock(TEN, 10)}),
        _fit(11, {VCPU: TEN, MEMORY: TEN}),
    ]


def _fit(number: int, inventories: dict[ResourceClass, Inventory | Stock]) -> ProviderRow:
    return provider_row(number, inventories, parent=2, traits=[FAST], aggregates=[A1])


def varied_request(name: str) -> Request:
    group = Group(
        resources={VCPU: 2, MEMORY: 3},
        required=(frozenset({FAST}),),
        member_of=(frozenset({A1}),),
        in_tree=provider_id(3),
    )
    return Request(groups={name: group})


def test_a_named_group_tells_how_many_providers_were_left_after_each_step() -> None:
    assert counts(explained(varied(), varied_request("_a")), "_a") == [
        ("all", 11),
        ("enabled", 10),
        ("in_tree", 10),
        ("aggregates", 8),
        ("traits", 7),
        ("inventory MEMORY_MB", 5),
        ("inventory VCPU", 5),
        ("units MEMORY_MB", 4),
        ("units VCPU", 3),
        ("capacity MEMORY_MB", 2),
        ("capacity VCPU", 1),
    ]


def test_in_the_unnamed_group_a_provider_is_left_while_its_tree_has_the_rest() -> None:
    rows = [
        provider_row(1, {VCPU: TEN}, aggregates=[A1]),
        provider_row(2, {MEMORY: TEN}, aggregates=[A1], traits=[SHARES]),
        provider_row(3, {VCPU: TEN}),
        provider_row(4),
    ]
    told = explained(rows, Request(groups={"": Group(resources={VCPU: 1, MEMORY: 1})}))
    assert counts(told, "") == [
        ("all", 4),
        ("enabled", 4),
        ("in_tree", 4),
        ("aggregates", 4),
        ("traits", 4),
        ("inventory MEMORY_MB", 2),
        ("inventory VCPU", 2),
        ("units MEMORY_MB", 2),
        ("units VCPU", 2),
        ("capacity MEMORY_MB", 2),
        ("capacity VCPU", 2),
    ]
    assert [one.left for one in told.trees] == [1, 1, 1]


def test_in_the_unnamed_group_a_tree_without_a_required_trait_is_left_out_whole() -> None:
    rows = [
        provider_row(1, {VCPU: TEN}),
        provider_row(2, {VCPU: TEN}, parent=1, traits=[FAST]),
        provider_row(3, {VCPU: TEN}, traits=[AVX2]),
    ]
    group = Group(resources={VCPU: 1}, required=(frozenset({FAST}),))
    assert ("traits", 2) in counts(explained(rows, Request(groups={"": group})), "")


def test_a_group_without_resources_ends_with_its_traits() -> None:
    rows = [provider_row(1, traits=[FAST]), provider_row(2, {VCPU: TEN}, parent=1)]
    groups = {"_a": Group(resources={VCPU: 1}), "_top": Group(required=(frozenset({FAST}),))}
    told = explained(rows, Request(groups=groups, group_policy="none", same_subtree=(frozenset(groups),)))
    assert counts(told, "_top") == [("all", 2), ("in_tree", 2), ("aggregates", 2), ("traits", 1)]


def gpus(*parents: int) -> list[ProviderRow]:
    """A host with two nodes below it, and a GPU below each of `parents`."""
    nodes = [provider_row(1), provider_row(2, parent=1), provider_row(3, parent=1)]
    return nodes + [provider_row(n, {GOLD: TEN}, parent=on, root=1) for n, on in enumerate(parents, start=4)]


@pytest.mark.parametrize(
    ("rows", "amount", "left"),
    [
        (gpus(2), 6, [0, 0, 0]),
        (gpus(2), 5, [1, 0, 0]),
        (gpus(2, 3), 6, [1, 1, 0]),
        (gpus(2, 2), 6, [1, 1, 1]),
    ],
)
def test_the_whole_request_tells_at_which_step_the_last_anchor_went(
    rows: list[ProviderRow], amount: int, left: list[int]
) -> None:
    gpu = Group(resources={GOLD: amount})
    rows = [
        *rows[:1],
        *[row if row.id != provider_id(2) else provider_row(2, parent=1, traits=[FAST]) for row in rows[1:]],
    ]
    groups = {"_a": gpu, "_b": gpu, "_top": Group(required=(frozenset({FAST}),))}
    request = Request(groups=groups, group_policy="isolate", same_subtree=(frozenset(groups),))
    told = explained(rows, request)
    assert told.trees == tuple(
        Left(step, some)
        for step, some in zip((Step.TREE_MERGE, Step.GROUP_POLICY, Step.SAME_SUBTREE), left, strict=True)
    )


def test_the_nearest_misses_say_which_class_lacked_how_much() -> None:
    rows = [provider_row(1, {VCPU: Stock(TEN, 9)}), provider_row(2, {VCPU: Stock(TEN, 7)})]
    told = explained(rows, Request(groups={"_a": Group(resources={VCPU: 4})}))
    assert told.nearest == (
        Miss("_a", provider_id(2), VCPU, requested=4, capacity=10, used=7, free=3, lacking=1),
        Miss("_a", provider_id(1), VCPU, requested=4, capacity=10, used=9, free=1, lacking=3),
    )


def test_what_the_consumer_holds_is_not_told_as_used() -> None:
    rows = [provider_row(1, {VCPU: Stock(TEN, 9)})]
    (one,) = explained(rows, Request(groups={"_a": Group(resources={VCPU: 4})}), {1: {VCPU: 1}}).nearest
    assert (one.used, one.free, one.lacking) == (8, 2, 2)


def test_who_lacks_two_classes_is_not_near_in_a_named_group() -> None:
    rows = [provider_row(1, {VCPU: Stock(TEN, 10), MEMORY: Stock(TEN, 10)}), provider_row(2, {VCPU: Stock(TEN, 10)})]
    both = Group(resources={VCPU: 1, MEMORY: 1})
    assert explained(rows, Request(groups={"_a": both})).nearest == ()
    near = explained(rows, Request(groups={"": both})).nearest
    assert [(one.provider, one.resource_class) for one in near] == [
        (provider_id(1), MEMORY),
        (provider_id(1), VCPU),
    ]


def test_near_is_measured_by_the_part_of_the_request_that_is_lacking() -> None:
    rows = [
        provider_row(1, {VCPU: Stock(TEN, 10), MEMORY: Inventory(1000)}),
        provider_row(2, {VCPU: TEN, MEMORY: Stock(Inventory(1000), 500)}),
    ]
    told = explained(rows, Request(groups={"_a": Group(resources={VCPU: 1, MEMORY: 600})}))
    assert [(one.resource_class, one.lacking) for one in told.nearest] == [(MEMORY, 100), (VCPU, 1)]


def test_no_more_of_the_nearest_are_told_than_the_limit() -> None:
    full: dict[ResourceClass, Inventory | Stock] = {VCPU: Stock(TEN, 10)}
    rows = [provider_row(number, full) for number in range(1, NEAREST_MAX + 5)]
    told = explained(rows, Request(groups={"_a": Group(resources={VCPU: 1})})).nearest
    assert [one.provider for one in told] == [provider_id(number) for number in range(1, NEAREST_MAX + 1)]
