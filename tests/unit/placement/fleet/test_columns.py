"""The columns as a fleet like any other, and what happens to them when there is a lot of something."""

from collections.abc import Iterable
from random import Random

import pytest

from tests.builders import AVX2, FAST, MEMORY, VCPU, provider_id, provider_row
from tests.unit.placement.search.fleet_suite import FleetSuite
from worker.placement.fleet.columns import Columns
from worker.placement.fleet.journal import CHANGES_MAX, Changes
from worker.placement.ids import RowId
from worker.placement.inventory import Inventory, Stock
from worker.placement.request import Group, Request, Strategy
from worker.placement.search.rows import Rows
from worker.placement.snapshot import ProviderRow


class TestColumns(FleetSuite):
    """The columns owe what every fleet owes."""

    def fleet_of(self, rows: Iterable[ProviderRow]) -> Columns:
        return columns_of(rows)


def columns_of(rows: Iterable[ProviderRow]) -> Columns:
    fleet = Columns()
    fleet.load(list(rows))
    return fleet


def many(random: Random, count: int) -> list[ProviderRow]:
    """Providers of one size, many of them equally full."""
    return [
        provider_row(
            number,
            {VCPU: Stock(Inventory(16), random.randrange(12)), MEMORY: Stock(Inventory(64), 8 * random.randrange(6))},
            traits=[random.choice((AVX2, FAST))],
        )
        for number in range(1, count + 1)
    ]


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.parametrize("changes", [3, 300, 900])
def test_choices_stay_right_however_many_providers_changed_between_them(strategy: Strategy, changes: int) -> None:
    random = Random(changes)  # noqa: S311
    rows = many(random, 1_000)
    plain, columns = Rows(rows), columns_of(rows)
    group = Group(resources={VCPU: 4, MEMORY: 8}, required=(frozenset({FAST}),))
    for turn in range(6):
        for request in (
            Request(groups={"": group}, strategy=strategy),
            Request(groups={"_a": group}, strategy=strategy),
        ):
            chosen = columns.choose(request, {}, f"claim-{turn}", None)
            assert chosen is not None
            assert chosen == plain.choose(request, {}, f"claim-{turn}", None)
        for row in random.sample(rows, changes):
            stocks = {name: Stock(stock.inventory, random.randrange(12)) for name, stock in row.inventories.items()}
            plain.move(row.id, turn + 1, stocks)
            columns.move(row.id, turn + 1, stocks)


def test_a_long_series_of_grants_fills_the_fleet_as_plain_rows_would() -> None:
    rows = many(Random(1), 50)  # noqa: S311
    plain, columns = Rows(rows), columns_of(rows)
    requests = [Request(groups={"": Group(resources={VCPU: n})}, strategy=Strategy.PACK) for n in (1, 2, 3)]
    granted = 0
    for turn in range(500):
        chosen = columns.choose(requests[turn % 3], {}, "", None)
        assert chosen == plain.choose(requests[turn % 3], {}, "", None)
        if chosen is None:
            continue
        row = plain.row(chosen.anchor)
        assert row is not None
        stock = row.inventories[VCPU]
        stocks = {**row.inventories, VCPU: Stock(stock.inventory, stock.used + turn % 3 + 1)}
        for fleet in (plain, columns):
            fleet.move(row.id, row.generation + 1, stocks)
        granted += 1
    shown = [row for row in map(columns.row, plain.roots()) if row is not None]
    assert [row.inventories[VCPU].used for row in shown] == [16] * len(rows)
    assert granted < 500


def test_whoever_has_not_looked_for_long_is_told_to_look_at_everything() -> None:
    changes = Changes()
    early = changes.end
    for root in range(2 * CHANGES_MAX):
        changes.add(root)
    late = changes.end
    changes.add(7)
    assert changes.since(early) is None
    since = changes.since(late)
    assert since is not None
    assert since.tolist() == [7]


def test_a_refresh_takes_what_is_newer_and_nothing_else() -> None:
    old = provider_row(1, {VCPU: Stock(Inventory(4), 1)}, generation=5)
    columns = columns_of([old, provider_row(2)])
    columns.refresh([provider_row(1, {VCPU: Stock(Inventory(4), 0)}, generation=4)], [])
    assert columns.row(old.id) == old
    newer = provider_row(1, {VCPU: Stock(Inventory(4), 3)}, generation=6)
    columns.refresh([newer, provider_row(3)], [RowId(2), RowId(99)])
    assert columns.row(old.id) == newer
    assert columns.row(provider_id(2)) is None
    assert list(columns.roots()) == [provider_id(1), provider_id(3)]
