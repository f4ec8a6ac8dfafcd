"""How much a search costs, counted in providers tried: never the product of what there is and what is asked."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import GOLD, VCPU, provider_id, provider_row
from worker.placement.ids import Amounts
from worker.placement.inventory import Inventory, Stock
from worker.placement.request import Group, Request, Strategy
from worker.placement.search.ask import Terms, ask_of
from worker.placement.search.board import lay
from worker.placement.search.find import LOOKED_AT_MAX, ranked
from worker.placement.search.kinds import kinds
from worker.placement.search.merge import FRUITLESS_MAX, Merge
from worker.placement.search.order import LISTED_MAX, candidates
from worker.placement.search.rows import Rows
from worker.placement.snapshot import ProviderRow

POLICIES = ("none", "isolate")


def host(*free: int, used: int = 0) -> list[ProviderRow]:
    """A host with a device for each number, of which so much is free."""
    devices = [{GOLD: Stock(Inventory(some + used), used)} for some in free]
    return [provider_row(1), *[provider_row(n, device, parent=1) for n, device in enumerate(devices, start=2)]]


def asking(*amounts: int, policy: str = "none") -> Request:
    groups = {f"_{number:02}": Group(resources={GOLD: amount}) for number, amount in enumerate(amounts)}
    return Request(groups=groups, group_policy="isolate" if policy == "isolate" else "none")


def effort(rows: list[ProviderRow], request: Request, credit: Amounts | None = None) -> tuple[bool, int]:
    """Whether a search for one candidate finds it, and how often it tried a provider for a group."""
    tree = Rows(rows).tree(provider_id(1))
    board = lay(ask_of(request), tree, Terms(credit or {}), tuple(tree.members.values()))
    if board is None:
        return False, 0
    merge = Merge(board, kinds(board), None)
    return next(iter(merge), None) is not None, merge.steps


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("size", [8, 64])
def test_as_many_groups_as_devices_that_just_fit_take_a_step_each(size: int, policy: str) -> None:
    assert effort(host(*[1] * size), asking(*[1] * size, policy=policy)) == (True, size)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("size", [8, 64])
def test_one_group_more_than_there_are_devices_is_given_up_soon(size: int, policy: str) -> None:
    found, steps = effort(host(*[1] * size), asking(*[1] * (size + 1), policy=policy))
    assert not found
    assert steps <= 4 * size


@pytest.mark.parametrize("policy", POLICIES)
def test_devices_that_all_differ_are_no_harder(policy: str) -> None:
    free = range(1, 65)
    assert effort(host(*free), asking(*free, policy=policy)) == (True, 64)
    found, steps = effort(host(*free), asking(*free, 1, policy=policy))
    assert not found
    assert steps <= 300


@pytest.mark.parametrize("policy", POLICIES)
def test_groups_in_the_worst_order_still_find_the_only_way_to_fit(policy: str) -> None:
    free = range(8, 0, -1)
    found, steps = effort(host(*free), asking(*range(1, 9), policy=policy))
    assert found
    assert steps <= 300


def test_what_is_used_is_not_tried() -> None:
    rows = [
        provider_row(1),
        *[provider_row(n, {GOLD: Stock(Inventory(8), 8)}, parent=1) for n in range(2, 60)],
        *[provider_row(n, {GOLD: Stock(Inventory(8), 7)}, parent=1) for n in range(60, 68)],
    ]
    assert effort(rows, asking(*[1] * 8, policy="isolate")) == (True, 8)
    assert effort(rows, asking(*[2] * 8, policy="isolate")) == (False, 0)


def test_what_the_consumer_holds_is_tried_though_it_is_used() -> None:
    rows = host(*[0] * 8, used=1)
    held = {row.id: {GOLD: 1} for row in rows[1:]}
    assert effort(rows, asking(*[1] * 8, policy="isolate")) == (False, 0)
    assert effort(rows, asking(*[1] * 8, policy="isolate"), held) == (True, 8)


def test_shares_that_cannot_be_packed_are_given_up_soon() -> None:
    found, steps = effort(host(*[3] * 16), asking(*[2] * 17))
    assert not found
    assert steps <= 300


def test_large_groups_are_packed_before_small_ones() -> None:
    amounts = [1, 2, 3, 4, 5, 6, 7, 8, 9] * 4
    assert effort(host(*[45] * 4), asking(*amounts)) == (True, 36)
    assert effort(host(*[46] * 4), asking(*reversed(amounts))) == (True, 36)


def test_a_state_that_failed_is_not_tried_again() -> None:
    found, steps = effort(host(*[10] * 6), asking(*[6, 6, 6, 6, 6, 6, 4, 4, 4, 4, 5, 3]))
    assert not found
    assert steps < 300


def test_a_puzzle_is_given_up_after_a_bounded_number_of_steps() -> None:
    both = [(31, 7), (29, 11), (23, 13), (19, 17), (17, 19), (13, 23), (11, 29), (7, 31)]
    groups = {
        f"_{copy}{number}": Group(resources={GOLD: gold, VCPU: vcpu})
        for copy in range(4)
        for number, (gold, vcpu) in enumerate(both)
    }
    size = {GOLD: Inventory(100), VCPU: Inventory(100)}
    rows = [provider_row(1), *[provider_row(number, size, parent=1) for number in range(2, 8)]]
    found, steps = effort(rows, Request(groups=groups, group_policy="none"))
    assert not found
    assert steps == FRUITLESS_MAX + 1


def test_the_best_of_an_anchor_is_sought_among_a_bounded_number_of_candidates() -> None:
    rows = Rows([provider_row(1), *[provider_row(n, {GOLD: Inventory(n)}, parent=1) for n in range(2, 303)]])
    ask = ask_of(replace(asking(1), strategy=Strategy.SPREAD))
    looked_at = list(ranked(ask, rows.tree(provider_id(1)), Terms({}), once=True))
    assert len(looked_at) == LOOKED_AT_MAX
    assert list(looked_at[0].candidate.allocations) == [provider_id(302)]


def test_a_list_that_has_to_be_put_in_order_is_bounded_and_has_every_host() -> None:
    some = {GOLD: Inventory(9), VCPU: Inventory(9)}
    large = [provider_row(1), *[provider_row(n, some, parent=1) for n in range(2, 152)]]
    request = Request(groups={"": Group(resources={GOLD: 1, VCPU: 1})}, strategy=Strategy.PACK)
    rows = [*large, provider_row(500, some), provider_row(501, some)]
    anchors = Counter(one.anchor for one in candidates(request, Rows(rows), {}))
    assert LISTED_MAX < 150 * 150
    assert anchors == {provider_id(1): LISTED_MAX, provider_id(500): 1, provider_id(501): 1}


def test_a_subtree_too_small_is_given_up_soon() -> None:
    one = {GOLD: Inventory(1)}
    nodes = [provider_row(n, {VCPU: Inventory(1)}, parent=1) for n in (2, 3)]
    devices = [provider_row(n, one, parent=2 + n % 2, root=1) for n in range(4, 36)]
    gpus = {f"_{number:02}": Group(resources={GOLD: 1}) for number in range(17)}
    groups = {**gpus, "_cpu": Group(resources={VCPU: 1})}
    request = Request(groups=groups, group_policy="isolate", same_subtree=(frozenset(groups),))
    found, steps = effort([provider_row(1), *nodes, *devices], request)
    assert not found
    assert steps <= 500


@pytest.mark.parametrize("strategy", [Strategy.FIRST, Strategy.PACK, Strategy.SPREAD, Strategy.RANDOM])
@pytest.mark.parametrize("policy", POLICIES)
def test_any_strategy_chooses_for_64_groups_of_64_devices(strategy: Strategy, policy: str) -> None:
    request = replace(asking(*[1] * 64, policy=policy), strategy=strategy)
    chosen = Rows(host(*[1] * 64)).choose(request, {}, "claim", None)
    assert chosen is not None
    assert len(chosen.allocations) == 64


@given(
    st.lists(st.integers(min_value=1, max_value=5), min_size=2, max_size=5),
    st.lists(st.integers(min_value=1, max_value=3), min_size=2, max_size=5),
    st.sampled_from(POLICIES),
)
@settings(max_examples=300, deadline=None)
def test_thinking_ahead_loses_nothing_on_devices_however_full(free: list[int], amounts: list[int], policy: str) -> None:
    tree = Rows(host(*free)).tree(provider_id(1))
    board = lay(ask_of(asking(*amounts, policy=policy)), tree, Terms({}), tuple(tree.members.values()))
    if board is None:
        assert max(amounts) > max(free)
        return
    for alike in (None, kinds(board)):
        assert list(Merge(board, alike, None, patience=-1)) == list(Merge(board, alike, None))


@pytest.mark.parametrize("size", [8, 64])
def test_equal_groups_on_devices_that_all_differ_are_dealt_out_once(size: int) -> None:
    request = asking(*[1] * size, policy="isolate")
    tree = Rows(host(*range(1, size + 1))).tree(provider_id(1))
    board = lay(ask_of(request), tree, Terms({}), tuple(tree.members.values()))
    assert board is not None
    merge = Merge(board, kinds(board), None)
    assert list(merge) == [tuple(range(1, size + 1))]
    assert merge.steps == size
