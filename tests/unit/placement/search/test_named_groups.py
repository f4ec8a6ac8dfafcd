"""Named groups, their policy, what they give together, and where they must stand."""

import pytest

from tests.builders import AVX2, FAST, GOLD, MEMORY, VCPU, aggregate_id, provider_id, provider_row
from tests.unit.placement.search.asking import found, givers, mapped, offered
from worker.placement.inventory import Inventory, Stock
from worker.placement.request import Group, Request
from worker.placement.search.tree import SHARES
from worker.placement.snapshot import ProviderRow

TEN = Inventory(10)
A1 = aggregate_id(1)
CPU = Group(resources={VCPU: 1})
GPU = Group(resources={GOLD: 1})


def named(*, policy: str = "none", **groups: Group) -> Request:
    return Request(groups=groups, group_policy="isolate" if policy == "isolate" else "none")


def test_everything_in_a_named_group_is_met_by_one_provider() -> None:
    rows = [
        provider_row(1, {VCPU: TEN}, traits=[FAST]),
        provider_row(2, {MEMORY: TEN}, parent=1, traits=[FAST]),
        provider_row(3, {VCPU: TEN, MEMORY: TEN}, parent=1),
        provider_row(4, {VCPU: TEN, MEMORY: TEN}, parent=1, traits=[FAST]),
    ]
    group = Group(resources={VCPU: 1, MEMORY: 1}, required=(frozenset({FAST}),))
    assert givers(rows, named(_a=group)) == [[4]]


def test_a_named_group_counts_its_providers_own_aggregates_only() -> None:
    rows = [provider_row(1, aggregates=[A1]), provider_row(2, {VCPU: TEN}, parent=1)]
    assert givers(rows, named(_a=Group(resources={VCPU: 1}, member_of=(frozenset({A1}),)))) == []
    assert givers(rows, named(_a=Group(resources={VCPU: 1}, not_member_of=frozenset({A1})))) == [[2]]


def test_a_sharing_provider_may_meet_a_named_group_for_each_tree_it_is_attached_to() -> None:
    rows = [
        provider_row(1, {VCPU: TEN}, aggregates=[A1]),
        provider_row(2, {VCPU: TEN}, aggregates=[A1]),
        provider_row(3, {GOLD: TEN}, aggregates=[A1], traits=[SHARES]),
    ]
    assert givers(rows, named(_cpu=CPU, _gpu=GPU)) == [[1, 3], [2, 3]]


def test_a_sharing_provider_serves_the_tree_it_stands_in_without_any_aggregate() -> None:
    rows = [provider_row(1, {VCPU: TEN}), provider_row(2, {GOLD: TEN}, parent=1, traits=[SHARES])]
    assert givers(rows, named(_cpu=CPU, _gpu=GPU)) == [[1, 2]]


def test_candidates_that_differ_in_their_anchor_alone_are_one() -> None:
    rows = [
        provider_row(1, aggregates=[A1], traits=[AVX2]),
        provider_row(2, aggregates=[A1]),
        provider_row(3, {GOLD: TEN}, aggregates=[A1], traits=[SHARES]),
    ]
    assert [one.anchor for one in found(rows, named(_gpu=GPU))] == [provider_id(1)]
    rooted = Request(groups={"_gpu": GPU}, root_forbidden=frozenset({AVX2}))
    assert [one.anchor for one in found(rows, rooted)] == [provider_id(2)]


def test_a_candidate_has_one_anchor() -> None:
    rows = [provider_row(1, {VCPU: TEN}), provider_row(2, {GOLD: TEN})]
    assert givers(rows, named(_cpu=CPU, _gpu=GPU)) == []


def two_gpus() -> list[ProviderRow]:
    return [provider_row(1), provider_row(2, {GOLD: TEN}, parent=1), provider_row(3, {GOLD: TEN}, parent=1)]


def test_under_none_named_groups_may_stand_on_one_provider() -> None:
    candidates = found(two_gpus(), named(_a=GPU, _b=GPU))
    assert [mapped(one) for one in candidates] == [
        {"_a": [2], "_b": [2]},
        {"_a": [2], "_b": [3]},
        {"_a": [3], "_b": [2]},
        {"_a": [3], "_b": [3]},
    ]


def test_candidates_with_equal_amounts_and_other_mappings_are_two() -> None:
    amounts = offered(two_gpus(), named(_a=GPU, _b=GPU, policy="isolate"))
    assert amounts == [{2: {GOLD: 1}, 3: {GOLD: 1}}] * 2


def test_isolate_keeps_named_groups_apart_and_lets_the_unnamed_one_overlap() -> None:
    rows = [provider_row(1), provider_row(2, {GOLD: TEN, VCPU: TEN}, parent=1)]
    assert offered(rows, named(_a=GPU, _b=GPU, policy="isolate")) == []
    request = Request(groups={"": CPU, "_a": GPU}, group_policy="isolate")
    assert offered(rows, request) == [{2: {GOLD: 1, VCPU: 1}}]


def test_amounts_of_all_groups_on_a_provider_are_summed_and_must_fit_together() -> None:
    rows = [provider_row(1, {VCPU: Stock(TEN, 5)})]
    request = Request(groups={"": Group(resources={VCPU: 2}), "_a": Group(resources={VCPU: 3})})
    assert offered(rows, request) == [{1: {VCPU: 5}}]
    assert offered([provider_row(1, {VCPU: Stock(TEN, 6)})], request) == []


def test_max_unit_is_checked_again_on_the_sum() -> None:
    request = Request(groups={"": Group(resources={VCPU: 2}), "_a": Group(resources={VCPU: 3})})
    assert offered([provider_row(1, {VCPU: Inventory(10, max_unit=5)})], request) == [{1: {VCPU: 5}}]
    assert offered([provider_row(1, {VCPU: Inventory(10, max_unit=4)})], request) == []


@pytest.mark.parametrize(
    "inventory", [Inventory(10, min_unit=4), Inventory(10, max_unit=2), Inventory(10, step_size=2)]
)
def test_each_amount_obeys_the_units(inventory: Inventory) -> None:
    assert offered([provider_row(1, {VCPU: inventory})], named(_a=Group(resources={VCPU: 3}))) == []


def test_a_draining_provider_is_passed_by_and_its_children_are_not() -> None:
    rows = [provider_row(1, {VCPU: TEN}, state="draining"), provider_row(2, {VCPU: TEN}, parent=1)]
    assert givers(rows, named(_a=CPU)) == [[2]]
    assert givers(rows, Request(groups={"": CPU})) == [[2]]


def test_what_the_consumer_holds_counts_as_free_for_it() -> None:
    rows = [provider_row(1, {VCPU: Stock(TEN, 8)})]
    assert offered(rows, named(_a=Group(resources={VCPU: 5}))) == []
    assert offered(rows, named(_a=Group(resources={VCPU: 5})), {1: {VCPU: 3}}) == [{1: {VCPU: 5}}]
    assert offered(rows, named(_a=Group(resources={VCPU: 6})), {1: {VCPU: 3}}) == []


def test_over_capacity_the_consumer_is_offered_no_more_than_it_holds() -> None:
    rows = [provider_row(1, {VCPU: Stock(Inventory(4), 10)})]
    assert offered(rows, named(_a=Group(resources={VCPU: 6})), {1: {VCPU: 6}}) == [{1: {VCPU: 6}}]
    assert offered(rows, named(_a=Group(resources={VCPU: 7})), {1: {VCPU: 6}}) == []


def test_what_stays_as_it_is_held_is_not_checked_against_the_units_again() -> None:
    rows = [provider_row(1, {VCPU: Stock(Inventory(10, max_unit=2), 6)})]
    assert offered(rows, named(_a=Group(resources={VCPU: 6})), {1: {VCPU: 6}}) == [{1: {VCPU: 6}}]
    assert offered(rows, named(_a=Group(resources={VCPU: 5})), {1: {VCPU: 6}}) == []


def test_root_traits_count_whether_or_not_the_root_gives_anything() -> None:
    rows = [
        provider_row(1, traits=[FAST]),
        provider_row(2, {VCPU: TEN}, parent=1),
        provider_row(3, traits=[AVX2]),
        provider_row(4, {VCPU: TEN}, parent=3, traits=[FAST]),
    ]
    required = Request(groups={"": CPU}, root_required=frozenset({FAST}))
    assert givers(rows, required) == [[2]]
    assert givers(rows, Request(groups={"": CPU}, root_forbidden=frozenset({FAST}))) == [[4]]
    assert [one.relied for one in found(rows, required)] == [{provider_id(1)}]
