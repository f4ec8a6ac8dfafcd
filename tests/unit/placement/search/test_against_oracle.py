"""Search against brute force, on thousands of small fleets."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.placement.search.cases import TRAITS, Case, case_of
from tests.unit.placement.search.oracle import Offer, offers_of
from worker.placement.explanation import Step
from worker.placement.ids import ProviderId, Trait
from worker.placement.request import Candidate, Request, Strategy
from worker.placement.search.ask import Terms, ask_of
from worker.placement.search.board import lay
from worker.placement.search.find import search_tree
from worker.placement.search.kinds import kinds
from worker.placement.search.merge import Merge
from worker.placement.search.order import candidates
from worker.placement.search.rows import Rows
from worker.placement.search.score import rank
from worker.placement.snapshot import ProviderRow

cases = st.integers(min_value=0, max_value=2**40).map(case_of)


def offer(candidate: Candidate) -> Offer:
    """What makes a candidate the same as another."""
    allocations = tuple((name, tuple(sorted(amounts.items()))) for name, amounts in candidate.allocations.items())
    return tuple(sorted(allocations)), tuple(sorted(candidate.mappings.items()))


def all_offers(case: Case) -> set[Offer]:
    return set().union(*offers_of(case.rows, case.request, case.credit).values())


@given(cases)
@settings(max_examples=3000, deadline=None)
def test_a_tree_offers_exactly_what_the_rules_allow_each_once(case: Case) -> None:
    fleet = Rows(case.rows.values())
    right = offers_of(case.rows, case.request, case.credit)
    for root in fleet.roots():
        request = rooted(case.request, case)
        found = list(search_tree(request, fleet.tree(root), case.credit))
        assert len(found) == len(set(map(offer, found)))
        assert set(map(offer, found)) == right[root]
        assert {candidate.anchor for candidate in found} <= {root}


def rooted(request: Request, case: Case) -> Request:
    """Each `in_tree` by its root, as a search of one tree wants it for other trees."""
    return replace(
        request,
        groups={
            name: replace(group, in_tree=case.rows[group.in_tree].root) if group.in_tree in case.rows else group
            for name, group in request.groups.items()
        },
    )


@given(cases)
@settings(max_examples=2000, deadline=None)
def test_a_fleet_offers_everything_once_whatever_the_strategy_and_no_more_than_the_limit(case: Case) -> None:
    fleet, right = Rows(case.rows.values()), all_offers(case)
    found = [offer(one) for one in candidates(case.request, fleet, case.credit)]
    assert len(found) == len(right)
    assert set(found) == right
    for limit in (1, 3, len(right) + 1):
        some = [offer(one) for one in candidates(replace(case.request, limit=limit), fleet, case.credit)]
        assert len(some) == len(set(some)) == min(limit, len(right))
        assert set(some) <= right


@given(cases)
@settings(max_examples=2000, deadline=None)
def test_the_chosen_one_is_the_first_of_all_and_none_ranks_higher(case: Case) -> None:
    fleet = Rows(case.rows.values())
    chosen = fleet.choose(case.request, case.credit, "claim", None)
    everything = list(candidates(case.request, fleet, case.credit, "claim"))
    if chosen is None:
        assert not all_offers(case)
        return
    assert chosen == everything[0]
    if case.request.strategy is not Strategy.RANDOM:
        assert _rank(case, chosen) == max(_rank(case, one) for one in everything)


def _rank(case: Case, candidate: Candidate) -> float:
    request = case.request
    return rank(request.strategy, request.preferred, case.rows.__getitem__, case.credit, candidate.allocations)


@given(cases, st.integers(min_value=0, max_value=63))
@settings(max_examples=1000, deadline=None)
def test_only_those_among_whom_is_to_be_chosen_give(case: Case, mask: int) -> None:
    among = frozenset(provider for bit, provider in enumerate(sorted(case.rows)) if mask >> bit & 1)
    right = {one for one in all_offers(case) if {provider for provider, _ in one[0]} <= among}
    fleet = Rows(case.rows.values())
    assert {offer(one) for one in candidates(case.request, fleet, case.credit, among=among)} == right
    assert (fleet.choose(case.request, case.credit, "claim", among) is None) == (not right)


@given(cases)
@settings(max_examples=1000, deadline=None)
def test_the_counts_of_an_explanation_add_up(case: Case) -> None:
    fleet = Rows(case.rows.values())
    told = fleet.explain(case.request, case.credit)
    right = offers_of(case.rows, case.request, case.credit)
    for name, steps in told.groups.items():
        counts = [one.left for one in steps]
        assert counts == sorted(counts, reverse=True)
        assert counts[0] == len(case.rows)
        order = list(Step)
        assert [order.index(one.step) for one in steps] == sorted(order.index(one.step) for one in steps)
        givers = {row for offers in right.values() for one in offers for row in dict(one[1])[name]}
        assert counts[-1] >= len(givers)
    trees = [one.left for one in told.trees]
    assert trees == sorted(trees, reverse=True)
    assert trees[-1] == sum(1 for offers in right.values() if offers)


@given(cases)
@settings(max_examples=1000, deadline=None)
def test_a_candidate_rests_on_all_rows_without_which_it_would_not_be_one(case: Case) -> None:
    fleet = Rows(case.rows.values())
    chosen = fleet.choose(case.request, case.credit, "claim", None)
    if chosen is None:
        return
    known = chosen.relied.union(chosen.allocations)
    assert chosen.relied.isdisjoint(chosen.allocations)
    for traits in (frozenset(TRAITS), frozenset[Trait]()):
        assert offer(chosen) in all_offers(replace(case, rows=_others_changed(case, known, traits)))


def _others_changed(
    case: Case, known: frozenset[ProviderId], traits: frozenset[Trait]
) -> dict[ProviderId, ProviderRow]:
    """All that the candidate does not rest on has become useless, and stands right under its root."""
    bare = {"inventories": {}, "traits": traits, "aggregates": frozenset(), "state": "draining"}
    return {
        name: row if name in known else replace(row, parent=None if row.parent is None else row.root, **bare)  # type: ignore[arg-type]
        for name, row in case.rows.items()
    }


@given(cases)
@settings(max_examples=1000, deadline=None)
def test_thinking_ahead_and_remembering_failures_changes_nothing_that_is_found(case: Case) -> None:
    fleet, ask = Rows(case.rows.values()), ask_of(rooted(case.request, case))
    for root in fleet.roots():
        tree = fleet.tree(root)
        board = lay(ask, tree, Terms(case.credit), tuple(tree.members.values()))
        for alike in (None, None if board is None else kinds(board)):
            if board is not None:
                assert list(Merge(board, alike, None, patience=-1)) == list(Merge(board, alike, None, patience=10**9))
