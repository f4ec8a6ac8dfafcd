"""What every `Fleet` owes to those who use it; a test class of each implementation inherits all of it."""

from collections.abc import Iterable
from dataclasses import replace
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import FAST, VCPU, aggregate_id, provider_id, provider_row
from tests.unit.placement.search.cases import Case, case_of
from tests.unit.placement.search.oracle import offers_of
from worker.placement.ids import ProviderId, RowId
from worker.placement.inventory import Inventory, Stock
from worker.placement.request import Group, Request
from worker.placement.search.fleet import Fleet
from worker.placement.search.order import candidates
from worker.placement.search.rows import Rows
from worker.placement.search.tree import SHARES
from worker.placement.snapshot import ProviderRow

cases = st.integers(min_value=0, max_value=2**40).map(case_of)
inherited = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.differing_executors])

P1, P2, P3, P4, P5 = (provider_id(number) for number in range(1, 6))
A1 = aggregate_id(1)
ONE = Request(groups={"": Group(resources={VCPU: 1})})


class FleetSuite:
    """Inherit, and say in `fleet_of` how the fleet is made."""

    def fleet_of(self, rows: Iterable[ProviderRow]) -> Fleet:
        raise NotImplementedError

    def test_it_gives_each_row_as_it_was_given_and_none_for_an_unknown_id(self) -> None:
        rows = _mixed()
        fleet = self.fleet_of(rows)
        assert [fleet.row(row.id) for row in rows] == rows
        assert fleet.row(provider_id(9)) is None

    def test_roots_are_all_those_without_a_parent_sorted(self) -> None:
        assert list(self.fleet_of(reversed(_mixed())).roots()) == [P1, P3]

    def test_a_tree_has_its_members_and_the_sharing_providers_attached_with_their_ancestors(self) -> None:
        rows = {row.id: row for row in _mixed()}
        tree = self.fleet_of(_mixed()).tree(P1)
        assert (tree.root, dict(tree.members)) == (P1, {P1: rows[P1], P2: rows[P2]})
        assert (dict(tree.shared), dict(tree.beyond)) == ({P5: rows[P5]}, {P3: rows[P3], P4: rows[P4]})

    def test_a_tree_knows_nobody_who_shares_with_itself_alone(self) -> None:
        tree = self.fleet_of(_mixed()).tree(P3)
        assert (list(tree.members), dict(tree.shared), dict(tree.beyond)) == ([P3, P4, P5], {}, {})

    def test_what_was_put_is_seen_at_once_and_never_happened_after_undo(self) -> None:
        fleet = self.fleet_of([provider_row(1)])
        fleet.put(provider_row(2, {VCPU: Inventory(1)}, parent=1))
        chosen = fleet.choose(ONE, {}, "", None)
        assert chosen is not None
        assert chosen.allocations == {P2: {VCPU: 1}}
        fleet.undo()
        assert fleet.choose(ONE, {}, "", None) is None
        assert fleet.row(P2) is None

    def test_what_was_kept_stays_when_what_came_later_is_undone(self) -> None:
        fleet = self.fleet_of([provider_row(1, {VCPU: Inventory(2)})])
        fleet.move(P1, 1, {VCPU: Stock(Inventory(2), 1)})
        fleet.keep()
        fleet.move(P1, 2, {VCPU: Stock(Inventory(2), 2)})
        fleet.undo()
        row = fleet.row(P1)
        assert row is not None
        assert (row.generation, row.inventories[VCPU].used) == (1, 1)

    def test_what_changed_several_times_is_undone_to_what_it_was_first(self) -> None:
        before = provider_row(1, {VCPU: Inventory(3)}, traits=[FAST])
        fleet = self.fleet_of([before])
        fleet.move(P1, 1, {VCPU: Stock(Inventory(3), 3)})
        fleet.put(replace(before, generation=2, traits=frozenset()))
        fleet.drop(P1)
        fleet.put(replace(before, row=RowId(7)))
        fleet.undo()
        assert fleet.row(P1) == before
        assert list(fleet.roots()) == [P1]

    def test_a_move_takes_away_what_is_no_longer_free(self) -> None:
        fleet = self.fleet_of([provider_row(1, {VCPU: Inventory(1)})])
        fleet.move(P1, 1, {VCPU: Stock(Inventory(1), 1)})
        assert fleet.choose(ONE, {}, "", None) is None
        assert fleet.choose(ONE, {P1: {VCPU: 1}}, "", None) is not None

    def test_what_was_dropped_is_gone_and_back_after_undo(self) -> None:
        fleet = self.fleet_of(_mixed())
        fleet.drop(P5)
        assert fleet.row(P5) is None
        assert dict(fleet.tree(P1).shared) == {}
        fleet.undo()
        assert list(fleet.tree(P1).shared) == [P5]

    def test_a_provider_that_moved_to_another_tree_is_found_there(self) -> None:
        fleet = self.fleet_of(_mixed())
        moved = replace(provider_row(2, parent=3), aggregates=frozenset({A1}))
        fleet.put(moved)
        assert list(fleet.tree(P1).members) == [P1]
        assert dict(fleet.tree(P1).shared) == {}
        assert list(fleet.tree(P3).members) == [P2, P3, P4, P5]

    @given(cases)
    @inherited
    def test_every_root_with_a_candidate_is_promising(self, case: Case) -> None:
        fleet = self.fleet_of(case.rows.values())
        right = offers_of(case.rows, case.request, case.credit)
        promising = list(fleet.promising(case.request, case.credit))
        assert promising == sorted(promising)
        assert {root for root, offers in right.items() if offers} <= set(promising)

    @given(cases)
    @inherited
    def test_it_chooses_explains_and_offers_as_the_reference_does(self, case: Case) -> None:
        _same_answers(self.fleet_of(case.rows.values()), case)

    @given(cases, st.integers(min_value=0, max_value=63))
    @inherited
    def test_it_chooses_among_some_as_the_reference_does(self, case: Case, mask: int) -> None:
        among = frozenset(provider for bit, provider in enumerate(sorted(case.rows)) if mask >> bit & 1)
        chosen = self.fleet_of(case.rows.values()).choose(case.request, case.credit, "claim", among)
        assert chosen == Rows(case.rows.values()).choose(case.request, case.credit, "claim", among)

    @given(cases, st.integers(min_value=0, max_value=2**40))
    @inherited
    def test_after_any_changes_it_answers_as_if_made_anew(self, case: Case, number: int) -> None:
        chance = Random(number)  # noqa: S311
        fleet = self.fleet_of(case.rows.values())
        stands, now = dict(case.rows), dict(case.rows)
        for _ in range(chance.randint(1, 5)):
            if chance.random() < 0.25:
                stands = dict(now)
                fleet.keep()
            elif chance.random() < 0.25:
                now = dict(stands)
                fleet.undo()
            else:
                _change(fleet, now, chance)
            _same_answers(fleet, replace(case, rows=now))


def _mixed() -> list[ProviderRow]:
    """Two trees: of the first a child stands in an aggregate, in which the second's grandchild shares."""
    return [
        provider_row(1, {VCPU: Inventory(1)}, traits=[FAST]),
        provider_row(2, parent=1, aggregates=[A1]),
        provider_row(3, aggregates=[A1]),
        provider_row(4, parent=3, traits=[SHARES]),
        provider_row(5, {VCPU: Stock(Inventory(4), 1)}, parent=4, root=3, traits=[SHARES], aggregates=[A1]),
    ]


def _same_answers(fleet: Fleet, case: Case) -> None:
    right = Rows(case.rows.values())
    assert list(fleet.roots()) == right.roots()
    for root in right.roots():
        assert fleet.tree(root) == right.tree(root)
    assert fleet.choose(case.request, case.credit, "claim", None) == right.choose(
        case.request, case.credit, "claim", None
    )
    assert fleet.explain(case.request, case.credit) == right.explain(case.request, case.credit)
    few = replace(case.request, limit=3)
    assert list(candidates(few, fleet, case.credit)) == list(candidates(few, right, case.credit))


def _change(fleet: Fleet, now: dict[ProviderId, ProviderRow], chance: Random) -> None:
    """One change, to the fleet and to the rows it should have."""
    row = now[chance.choice(sorted(now))] if now else provider_row(1)
    leaf = all(other.parent != row.id for other in now.values())
    other = case_of(chance.getrandbits(40)).rows[P1]
    match chance.randint(0, 3):
        case 0 if leaf and now:
            fleet.drop(row.id)
            del now[row.id]
        case 1 if row.id in now:
            stocks = {name: stock._replace(used=chance.randint(0, 6)) for name, stock in row.inventories.items()}
            fleet.move(row.id, row.generation + 1, stocks)
            now[row.id] = replace(row, generation=row.generation + 1, inventories=stocks)
        case 2 if leaf and now:
            above = chance.choice([None, *(one for one in now.values() if one.id != row.id)])
            _put(fleet, now, _below(row, above))
        case _:
            made = now.get(fresh := provider_id(chance.randint(1, 8)))
            kept = other if made is None else made
            _put(fleet, now, replace(other, id=fresh, row=RowId(90), parent=kept.parent, root=_root(made, fresh)))


def _root(made: ProviderRow | None, fresh: ProviderId) -> ProviderId:
    return fresh if made is None else made.root


def _below(row: ProviderRow, above: ProviderRow | None) -> ProviderRow:
    if above is None:
        return replace(row, parent=None, root=row.id)
    return replace(row, parent=above.id, root=above.root)


def _put(fleet: Fleet, now: dict[ProviderId, ProviderRow], row: ProviderRow) -> None:
    fleet.put(row)
    now[row.id] = row
