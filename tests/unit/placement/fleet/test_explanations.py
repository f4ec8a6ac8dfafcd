"""Explanations that are remembered, told again after little, much or nothing has changed."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import AVX2, FAST, GOLD, MEMORY, VCPU, aggregate_id, provider_row
from tests.unit.placement.fleet.fleets import random_credit
from tests.unit.placement.fleet.test_columns_against_rows import Both
from worker.placement.explanation import NEAREST_MAX
from worker.placement.fleet.columns import Columns
from worker.placement.ids import ProviderId, ResourceClass
from worker.placement.inventory import Inventory, Stock
from worker.placement.request import Group, Request, Strategy
from worker.placement.search.rows import Rows
from worker.placement.search.tree import SHARES
from worker.placement.snapshot import ProviderRow

NARROW = Request(groups={"": Group(resources={VCPU: 6, MEMORY: 30}, required=(frozenset({FAST}),))})
WIDE = Request(groups={"": Group(resources={VCPU: 14, MEMORY: 60})})
NAMED = Request(groups={"_a": Group(resources={VCPU: 5, MEMORY: 20}), "_b": Group(resources={VCPU: 9})})
APART = replace(NAMED, group_policy="isolate")
BELOW = replace(NAMED, same_subtree=(frozenset({"_a", "_b"}),), root_required=frozenset({FAST}))
REQUESTS = (NARROW, WIDE, NAMED, APART, BELOW)


def crowd(random: Random, count: int) -> list[ProviderRow]:
    """Providers that stand alone, nearly full."""
    return [
        provider_row(number, stocks(random), traits=[random.choice((AVX2, FAST))]) for number in range(1, count + 1)
    ]


def stocks(random: Random) -> dict[ResourceClass, Stock]:
    units = Inventory(16) if random.random() < 0.9 else Inventory(16, max_unit=5)
    return {VCPU: Stock(units, random.randrange(4, 17)), MEMORY: Stock(Inventory(64), 4 * random.randrange(6, 17))}


def moved(random: Random, row: ProviderRow) -> dict[ResourceClass, Stock]:
    return {name: Stock(stock.inventory, stocks(random)[name].used) for name, stock in row.inventories.items()}


def side_by_side(rows: list[ProviderRow]) -> tuple[Rows, Columns]:
    columns = Columns()
    columns.load(rows)
    return Rows(rows), columns


@pytest.mark.parametrize("changes", [1, 10, 30, 290])
def test_it_is_explained_as_from_plain_rows_however_many_providers_changed_since(changes: int) -> None:
    random = Random(changes)  # noqa: S311
    rows = crowd(random, 300)
    plain, columns = side_by_side(rows)
    for turn in range(8):
        for request in REQUESTS:
            assert columns.explain(request, {}) == plain.explain(request, {})
        for row in random.sample(rows, changes):
            for fleet in (plain, columns):
                fleet.move(row.id, turn + 1, moved(Random(turn * 1_000 + row.row), row))  # noqa: S311


def test_misses_stay_the_nearest_when_those_told_of_go_one_after_the_other() -> None:
    rows = [provider_row(number, {VCPU: Stock(Inventory(1_000), number)}) for number in range(1, 201)]
    plain, columns = side_by_side(rows)
    request = Request(groups={"": Group(resources={VCPU: 1_000})})
    for row in rows:
        told = columns.explain(request, {}).nearest
        assert told == plain.explain(request, {}).nearest
        assert told[0].provider == row.id
        for fleet in (plain, columns):
            fleet.move(row.id, 1, {VCPU: Stock(Inventory(1_000), 1_000)})


def test_there_are_as_many_nearest_as_ever_when_a_consumer_holds_all_that_were_told_of() -> None:
    rows = [provider_row(number, {VCPU: Stock(Inventory(1_000), number)}) for number in range(1, 201)]
    plain, columns = side_by_side(rows)
    request = Request(groups={"_a": Group(resources={VCPU: 1_000})})
    columns.explain(request, {})
    credit = {row.id: {VCPU: row.row} for row in rows[:120]}
    told = columns.explain(request, credit)
    assert told == plain.explain(request, credit)
    assert len(told.nearest) == NEAREST_MAX
    assert columns.explain(request, {}) == plain.explain(request, {})


def test_nothing_is_explained_anew_where_nothing_has_changed() -> None:
    rows = crowd(Random(1), 50)  # noqa: S311
    _, columns = side_by_side(rows)
    told = columns.explain(WIDE, {})
    assert columns.explain(replace(WIDE, strategy=Strategy.SPREAD, limit=3), {}) is told
    columns.move(rows[0].id, 5, {**rows[0].inventories, VCPU: Stock(Inventory(16), 0)})
    assert columns.explain(WIDE, {}) is not told
    columns.undo()
    assert columns.explain(WIDE, {}) == told


def test_a_change_in_one_tree_is_seen_by_all_that_are_served_by_the_same() -> None:
    shares = provider_row(1, {GOLD: Inventory(8)}, traits=[SHARES], aggregates=[aggregate_id(1)])
    hosts = [provider_row(n, {VCPU: Stock(Inventory(4), 4)}, aggregates=[aggregate_id(1)]) for n in range(2, 6)]
    plain, columns = side_by_side([shares, *hosts])
    request = Request(groups={"": Group(resources={VCPU: 2, GOLD: 9})})
    for fill, host in ((0, hosts[1]), (4, hosts[1]), (1, hosts[3])):
        for fleet in (plain, columns):
            fleet.move(host.id, 1, {VCPU: Stock(Inventory(4), fill)})
        assert columns.explain(request, {}) == plain.explain(request, {})
    for fleet in (plain, columns):
        fleet.put(replace(shares, inventories={GOLD: Stock(Inventory(9), 0)}))
    assert columns.explain(request, {}) == plain.explain(request, {})


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 25), flat=st.sampled_from((0.3, 0.8, 1.0)))
def test_what_is_remembered_is_as_good_as_new_whatever_has_changed(seed: int, count: int, flat: float) -> None:
    both = Both(Random(seed), count, flat)  # noqa: S311
    for _ in range(25):
        both.step()
        request = both.random.choice(both.requests)
        credit: dict[ProviderId, dict[ResourceClass, int]] = random_credit(both.random, both.rows)
        assert both.columns.explain(request, credit) == both.plain.explain(request, credit)
