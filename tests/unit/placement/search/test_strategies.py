"""In which order candidates are offered, and what a limit does to it."""

from dataclasses import replace
from decimal import Decimal
from itertools import groupby, permutations

import pytest

from tests.builders import AVX2, FAST, GOLD, MEMORY, VCPU, aggregate_id, provider_id, provider_row
from tests.unit.placement.search.asking import found, givers, mapped, offered
from worker.placement.ids import ResourceClass
from worker.placement.inventory import Inventory, Stock
from worker.placement.request import Group, Request, Strategy
from worker.placement.search.rows import Rows
from worker.placement.search.score import rank
from worker.placement.search.tree import SHARES
from worker.placement.snapshot import ProviderRow

TEN = Inventory(10)
CPU = Group(resources={VCPU: 1})


def asking(strategy: Strategy, group: Group = CPU, limit: int | None = None) -> Request:
    return Request(groups={"": group}, strategy=strategy, limit=limit)


def hosts(*used: int) -> list[ProviderRow]:
    """A host of ten for each number, of which so many are used."""
    return [provider_row(number, {VCPU: Stock(TEN, some)}) for number, some in enumerate(used, start=1)]


def test_first_goes_by_root_id_and_then_by_provider_ids() -> None:
    rows = [
        provider_row(3, {VCPU: TEN}),
        provider_row(5, {VCPU: TEN}),
        provider_row(1, {VCPU: TEN}, parent=5),
        provider_row(2, {VCPU: TEN}, parent=5),
    ]
    assert givers(rows, asking(Strategy.FIRST)) == [[3], [1], [2], [5]]


def test_first_compares_providers_class_by_class_and_then_the_largest_group_first() -> None:
    stocks: dict[ResourceClass, Inventory | Stock] = {VCPU: TEN, MEMORY: TEN}
    rows = [provider_row(1, stocks), provider_row(2, stocks, parent=1)]
    unnamed = Group(resources={VCPU: 1, MEMORY: 2})
    assert offered(rows, asking(Strategy.FIRST, unnamed)) == [
        {1: {MEMORY: 2, VCPU: 1}},
        {1: {MEMORY: 2}, 2: {VCPU: 1}},
        {1: {VCPU: 1}, 2: {MEMORY: 2}},
        {2: {MEMORY: 2, VCPU: 1}},
    ]
    groups = {"_small": CPU, "_large": Group(resources={VCPU: 2})}
    named = found(rows, Request(groups=groups, group_policy="isolate"))
    assert [mapped(one)["_large"] for one in named] == [[1], [2]]


def test_pack_takes_the_fullest_that_fits() -> None:
    assert givers(hosts(3, 9, 10, 5), asking(Strategy.PACK)) == [[2], [4], [1]]


def test_spread_takes_the_emptiest() -> None:
    assert givers(hosts(3, 9, 10, 5), asking(Strategy.SPREAD)) == [[1], [4], [2]]


def test_a_providers_score_is_the_mean_over_the_classes_asked_of_it_after_the_claim() -> None:
    rows = [
        provider_row(1, {VCPU: Stock(TEN, 4), MEMORY: Stock(TEN, 4), GOLD: Stock(TEN, 9)}),
        provider_row(2, {VCPU: Stock(TEN, 0), MEMORY: Stock(TEN, 7)}),
    ]
    request = asking(Strategy.PACK, Group(resources={VCPU: 1, MEMORY: 3}))
    assert givers(rows, request) == [[1], [2]]
    assert givers(rows, replace(request, groups={"": Group(resources={VCPU: 1, MEMORY: 1})})) == [[1], [2]]
    assert givers(rows, replace(request, strategy=Strategy.SPREAD)) == [[2], [1]]


def test_a_candidates_score_is_the_mean_over_its_providers() -> None:
    rows = [
        provider_row(1, {VCPU: Stock(TEN, 5)}),
        provider_row(2, {MEMORY: Stock(TEN, 8)}, parent=1),
        provider_row(3, {VCPU: Stock(TEN, 6), MEMORY: Stock(TEN, 6)}),
    ]
    group = Group(resources={VCPU: 1, MEMORY: 1})
    assert givers(rows, asking(Strategy.PACK, group)) == [[1, 2], [3]]
    assert givers(rows, asking(Strategy.SPREAD, group)) == [[3], [1, 2]]


@pytest.mark.parametrize("strategy", [Strategy.FIRST, Strategy.PACK, Strategy.SPREAD])
def test_ties_go_by_root_id_and_then_by_provider_id(strategy: Strategy) -> None:
    rows = [provider_row(2, {VCPU: TEN}), provider_row(3), provider_row(1, {VCPU: TEN}, parent=3)]
    assert givers(rows, asking(strategy)) == [[2], [1]]


@pytest.mark.parametrize("strategy", [Strategy.FIRST, Strategy.PACK, Strategy.SPREAD, Strategy.RANDOM])
def test_preferred_traits_of_the_chosen_come_before_the_strategy(strategy: Strategy) -> None:
    rows = [
        *hosts(5, 5),
        provider_row(3, {VCPU: TEN}, traits=[FAST]),
        provider_row(4, {VCPU: Stock(TEN, 9)}, traits=[FAST, AVX2]),
    ]
    request = replace(asking(strategy), preferred={FAST: 2.0, AVX2: 1.5})
    assert givers(rows, request)[:2] == [[4], [3]]
    assert givers(rows, replace(request, preferred={FAST: -2.0}))[:2] in ([[1], [2]], [[2], [1]])


@pytest.mark.parametrize("strategy", Strategy)
def test_weights_of_preferred_traits_are_averaged_over_the_chosen(strategy: Strategy) -> None:
    rows = [
        provider_row(1, {VCPU: TEN}, traits=[FAST]),
        provider_row(2, {MEMORY: TEN}, parent=1),
        provider_row(3, {VCPU: TEN, MEMORY: TEN}, traits=[FAST]),
    ]
    request = replace(asking(strategy, Group(resources={VCPU: 1, MEMORY: 1})), preferred={FAST: 3.0}, seed="a")
    assert givers(rows, request) == [[3], [1, 2]]
    assert givers(rows, replace(request, preferred={FAST: -3.0})) == [[1, 2], [3]]


def test_a_weight_below_1_only_raises_the_odds_of_a_draw() -> None:
    rows = [provider_row(1, {VCPU: TEN}), provider_row(2, {VCPU: TEN}, traits=[FAST])]
    seeds = [str(number) for number in range(200)]

    def firsts(weight: float) -> int:
        request = replace(asking(Strategy.RANDOM), preferred={FAST: weight})
        return sum(givers(rows, replace(request, seed=seed))[0] == [2] for seed in seeds)

    assert firsts(1.0) == 200
    assert 200 > firsts(0.3) > firsts(0.0) > 0


def test_what_the_consumer_gives_back_does_not_count_as_used() -> None:
    rows = hosts(6, 4)
    assert [sorted(one) for one in offered(rows, asking(Strategy.PACK), {1: {VCPU: 6}})] == [[2], [1]]


def test_a_class_that_was_closed_counts_as_full() -> None:
    closed = Stock(Inventory(10, allocation_ratio=Decimal(0)), 1)
    rows = [provider_row(1, {VCPU: closed}), *hosts(0, 5)[1:]]
    assert [sorted(one) for one in offered(rows, asking(Strategy.PACK), {1: {VCPU: 1}})] == [[1], [2]]
    assert [sorted(one) for one in offered(rows, asking(Strategy.SPREAD), {1: {VCPU: 1}})] == [[2], [1]]


def test_like_providers_in_another_place_make_no_difference_to_the_rank() -> None:
    stocks: dict[ResourceClass, Inventory | Stock] = {VCPU: TEN}
    rows = [provider_row(1, stocks), provider_row(2, stocks, parent=1), provider_row(3, stocks, parent=1)]
    ranks = {
        rank(
            Strategy.PACK,
            {},
            {row.id: row for row in rows}.__getitem__,
            {},
            dict(sorted(zip(order, amounts, strict=True))),
        )
        for order in permutations(row.id for row in rows)
        for amounts in [({VCPU: 1}, {VCPU: 2}, {VCPU: 3})]
    }
    assert len(ranks) == 1


def test_random_is_the_same_for_the_same_seed_and_differs_between_seeds() -> None:
    rows = hosts(*([0] * 20))
    orders = {seed: givers(rows, replace(asking(Strategy.RANDOM), seed=seed)) for seed in ("a", "b", "c")}
    assert orders["a"] == givers(rows, replace(asking(Strategy.RANDOM), seed="a"))
    assert len({str(order) for order in orders.values()}) == 3
    assert all(sorted(order) == [[number] for number in range(1, 21)] for order in orders.values())


def test_random_without_a_seed_goes_by_the_claim() -> None:
    fleet = Rows(hosts(*([0] * 20)))
    chosen = {claim: fleet.choose(asking(Strategy.RANDOM), {}, claim, None) for claim in ("1", "2", "3", "4", "5")}
    assert chosen["1"] == fleet.choose(asking(Strategy.RANDOM), {}, "1", None)
    assert len({one.anchor for one in chosen.values() if one is not None}) > 1
    seeded = replace(asking(Strategy.RANDOM), seed="1")
    assert {fleet.choose(seeded, {}, claim, None) == chosen["1"] for claim in chosen} == {True}


def test_random_draws_the_hosts_and_then_the_providers_of_each() -> None:
    rows = [provider_row(root) for root in (1, 2, 3)]
    rows += [provider_row(10 * root + n, {VCPU: TEN}, parent=root) for root in (1, 2, 3) for n in range(5)]
    orders = [givers(rows, replace(asking(Strategy.RANDOM), seed=str(seed))) for seed in range(10)]
    hosts_of = [[host for host, _ in groupby(one // 10 for (one,) in order)] for order in orders]
    assert all(sorted(hosts) == [1, 2, 3] for hosts in hosts_of)
    assert len({tuple(hosts) for hosts in hosts_of}) > 1
    assert any(order != sorted(order) for order in ([one for one in order if one[0] < 20] for order in orders))


def test_random_reaches_every_host() -> None:
    fleet = Rows(hosts(0, 0, 0, 0))
    chosen = [fleet.choose(asking(Strategy.RANDOM), {}, str(claim), None) for claim in range(200)]
    counts = [sum(1 for one in chosen if one and one.anchor == provider_id(number)) for number in range(1, 5)]
    assert sum(counts) == 200
    assert min(counts) > 25


def two_hosts_with_gpus() -> list[ProviderRow]:
    """The first host has three like GPUs and one that is half used, the second two like ones."""
    gpu = {GOLD: Inventory(2)}
    return [
        provider_row(1),
        *[provider_row(number, gpu, parent=1) for number in (3, 4, 5)],
        provider_row(6, {GOLD: Stock(Inventory(2), 1)}, parent=1),
        provider_row(2),
        *[provider_row(number, gpu, parent=2) for number in (7, 8)],
    ]


def test_a_limited_list_goes_over_the_hosts_and_tries_one_of_each_kind_first() -> None:
    request = asking(Strategy.FIRST, Group(resources={GOLD: 1}), limit=10)
    assert givers(two_hosts_with_gpus(), request) == [[3], [7], [6], [4], [8], [5]]


def test_a_limited_list_by_score_goes_over_the_hosts_best_first() -> None:
    request = asking(Strategy.PACK, Group(resources={GOLD: 1}), limit=4)
    assert givers(two_hosts_with_gpus(), request) == [[6], [7], [3], [4]]


def test_a_list_without_a_limit_is_complete_and_has_the_interchangeable_ones_too() -> None:
    request = asking(Strategy.FIRST, Group(resources={GOLD: 1}))
    assert givers(two_hosts_with_gpus(), request) == [[3], [4], [5], [6], [7], [8]]


def test_a_limit_is_never_exceeded_and_reached_where_there_is_enough() -> None:
    request = asking(Strategy.FIRST, Group(resources={GOLD: 1}))
    for limit in range(1, 9):
        assert len(givers(two_hosts_with_gpus(), replace(request, limit=limit))) == min(limit, 6)


def test_equal_groups_are_not_offered_twice_for_the_same_providers_while_something_else_is_left() -> None:
    rows = [provider_row(1), *[provider_row(n, {GOLD: Stock(Inventory(4), n)}, parent=1) for n in (2, 3)]]
    request = Request(groups={"_a": Group(resources={GOLD: 1}), "_b": Group(resources={GOLD: 1})}, limit=9)
    assert [mapped(one) for one in found(rows, replace(request, group_policy="none"))] == [
        {"_a": [2], "_b": [2]},
        {"_a": [2], "_b": [3]},
        {"_a": [3], "_b": [2]},
    ]


def test_equal_groups_of_which_one_stands_in_a_subtree_are_not_alike() -> None:
    gpu = {GOLD: Inventory(1)}
    rows = [
        provider_row(1),
        provider_row(2, gpu, parent=1),
        provider_row(3, gpu, parent=1),
        provider_row(4, {VCPU: Inventory(1)}, parent=2, root=1),
    ]
    groups = {"_a": Group(resources={GOLD: 1}), "_b": Group(resources={GOLD: 1}), "_c": CPU}
    request = Request(groups=groups, group_policy="isolate", same_subtree=(frozenset({"_b", "_c"}),), limit=1)
    assert [mapped(one) for one in found(rows, request)] == [{"_a": [3], "_b": [2], "_c": [4]}]


def test_like_providers_on_different_parents_are_both_tried_for_a_subtree() -> None:
    gpu = {GOLD: Inventory(1)}
    rows = [
        provider_row(1),
        provider_row(2, parent=1),
        provider_row(3, {VCPU: Inventory(1)}, parent=1),
        provider_row(4, gpu, parent=2, root=1),
        provider_row(5, gpu, parent=3, root=1),
    ]
    request = Request(
        groups={"_a": Group(resources={GOLD: 1}), "_c": CPU},
        group_policy="none",
        same_subtree=(frozenset({"_a", "_c"}),),
        limit=1,
    )
    assert [mapped(one) for one in found(rows, request)] == [{"_a": [5], "_c": [3]}]


def test_providers_that_differ_in_required_traits_are_not_alike() -> None:
    rows = [provider_row(1, {VCPU: TEN}), provider_row(2, {VCPU: TEN}, parent=1, traits=[FAST])]
    request = asking(Strategy.FIRST, Group(resources={VCPU: 1}, required=(frozenset({FAST}),)), limit=1)
    assert givers(rows, request) == [[2]]


def test_providers_that_differ_in_use_preference_or_holding_are_not_alike() -> None:
    stock, stocks = Stock(TEN, 3), {VCPU: Stock(TEN, 3)}
    used = [provider_row(1, stocks), provider_row(2, {VCPU: stock._replace(used=4)}, parent=1)]
    assert givers(used, asking(Strategy.PACK, limit=1)) == [[2]]
    liked = [provider_row(1, stocks), provider_row(2, stocks, parent=1, traits=[FAST])]
    assert givers(liked, replace(asking(Strategy.FIRST, limit=1), preferred={FAST: 1.0})) == [[2]]
    held = [provider_row(1, stocks), provider_row(2, stocks, parent=1)]
    assert [sorted(one) for one in offered(held, asking(Strategy.SPREAD, limit=1), {2: {VCPU: 2}})] == [[2]]


def test_shared_things_are_offered_once_in_limited_lists_too() -> None:
    one = aggregate_id(1)
    rows = [
        provider_row(1, aggregates=[one]),
        provider_row(2, aggregates=[one]),
        provider_row(3, {GOLD: TEN}, aggregates=[one], traits=[SHARES]),
    ]
    assert givers(rows, asking(Strategy.FIRST, Group(resources={GOLD: 1}), limit=5)) == [[3]]
