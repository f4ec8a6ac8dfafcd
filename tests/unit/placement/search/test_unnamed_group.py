"""The unnamed group: its classes may come from several providers of a tree, and from what is shared with it."""

from tests.builders import AVX2, FAST, MEMORY, VCPU, aggregate_id, provider_id, provider_row
from tests.unit.placement.search.asking import found, givers, offered
from worker.placement.inventory import Inventory
from worker.placement.request import Group, Request
from worker.placement.search.tree import SHARES

TEN = Inventory(10)
A1, A2 = aggregate_id(1), aggregate_id(2)
BOTH = Group(resources={VCPU: 1, MEMORY: 2})


def asking(group: Group) -> Request:
    return Request(groups={"": group})


def test_its_classes_may_come_from_different_providers_of_one_tree() -> None:
    rows = [provider_row(1, {VCPU: TEN}), provider_row(2, {MEMORY: TEN}, parent=1)]
    assert offered(rows, asking(BOTH)) == [{1: {VCPU: 1}, 2: {MEMORY: 2}}]


def test_its_classes_never_come_from_two_trees() -> None:
    assert offered([provider_row(1, {VCPU: TEN}), provider_row(2, {MEMORY: TEN})], asking(BOTH)) == []


def test_its_classes_may_come_from_sharing_providers_attached_to_the_tree() -> None:
    rows = [
        provider_row(1, {VCPU: TEN}, aggregates=[A1]),
        provider_row(2, {MEMORY: TEN}, aggregates=[A1], traits=[SHARES]),
        provider_row(3, {MEMORY: TEN}, aggregates=[A2], traits=[SHARES]),
        provider_row(4, {MEMORY: TEN}, aggregates=[A1]),
    ]
    assert givers(rows, asking(BOTH)) == [[1, 2]]


def test_a_tree_is_attached_by_any_of_its_members() -> None:
    rows = [
        provider_row(1, {VCPU: TEN}),
        provider_row(2, parent=1, aggregates=[A1]),
        provider_row(3, {MEMORY: TEN}, aggregates=[A1], traits=[SHARES]),
    ]
    (candidate,) = found(rows, asking(BOTH))
    assert candidate.anchor == provider_id(1)
    assert candidate.relied == {provider_id(2)}


def test_one_class_is_never_split_over_two_providers() -> None:
    rows = [provider_row(1, {VCPU: Inventory(3)}), provider_row(2, {VCPU: Inventory(3)}, parent=1)]
    assert offered(rows, asking(Group(resources={VCPU: 4}))) == []
    assert offered(rows, asking(Group(resources={VCPU: 3}))) == [{1: {VCPU: 3}}, {2: {VCPU: 3}}]


def test_required_traits_are_met_by_the_chosen_providers_together() -> None:
    rows = [provider_row(1, {VCPU: TEN}, traits=[AVX2]), provider_row(2, {MEMORY: TEN}, parent=1, traits=[FAST])]
    required = (frozenset({AVX2}), frozenset({FAST}))
    assert givers(rows, asking(Group(resources={VCPU: 1, MEMORY: 1}, required=required))) == [[1, 2]]


def test_any_one_of_a_list_of_traits_is_enough() -> None:
    rows = [provider_row(1, {VCPU: TEN}, traits=[AVX2]), provider_row(2, {VCPU: TEN})]
    assert givers(rows, asking(Group(resources={VCPU: 1}, required=(frozenset({AVX2, FAST}),)))) == [[1]]


def test_forbidden_traits_are_tested_on_each_chosen_provider() -> None:
    rows = [
        provider_row(1, {VCPU: TEN, MEMORY: TEN}, traits=[FAST]),
        provider_row(2, {VCPU: TEN}, parent=1),
        provider_row(3, {MEMORY: TEN}, parent=1),
    ]
    assert givers(rows, asking(Group(resources={VCPU: 1, MEMORY: 1}, forbidden=frozenset({FAST})))) == [[2, 3]]


def test_traits_of_providers_that_give_nothing_do_not_count() -> None:
    rows = [provider_row(1, traits=[AVX2, FAST]), provider_row(2, {VCPU: TEN}, parent=1)]
    assert givers(rows, asking(Group(resources={VCPU: 1}, required=(frozenset({AVX2}),)))) == []
    assert givers(rows, asking(Group(resources={VCPU: 1}, forbidden=frozenset({FAST})))) == [[2]]


def test_the_provider_or_its_root_must_be_a_member() -> None:
    rows = [
        provider_row(1, aggregates=[A1]),
        provider_row(2, {VCPU: TEN}, parent=1),
        provider_row(3),
        provider_row(4, {VCPU: TEN}, parent=3, aggregates=[A2]),
        provider_row(5, {VCPU: TEN}, parent=3),
    ]
    group = Group(resources={VCPU: 1}, member_of=(frozenset({A1, A2}),))
    assert givers(rows, asking(group)) == [[2], [4]]


def test_each_list_of_aggregates_must_be_met() -> None:
    rows = [
        provider_row(1, {VCPU: TEN}, aggregates=[A1]),
        provider_row(2, {VCPU: TEN}, aggregates=[A2], parent=1),
    ]
    group = Group(resources={VCPU: 1}, member_of=(frozenset({A1}), frozenset({A2})))
    assert givers(rows, asking(group)) == [[2]]


def test_neither_the_provider_nor_its_root_may_be_a_member_of_a_forbidden_aggregate() -> None:
    rows = [
        provider_row(1, {VCPU: TEN}, aggregates=[A1]),
        provider_row(2, {VCPU: TEN}, parent=1),
        provider_row(3, {VCPU: TEN}),
        provider_row(4, {VCPU: TEN}, parent=3, aggregates=[A1]),
    ]
    assert givers(rows, asking(Group(resources={VCPU: 1}, not_member_of=frozenset({A1})))) == [[3]]


def test_the_root_that_counts_for_a_sharing_provider_is_its_own() -> None:
    rows = [
        provider_row(1, {VCPU: TEN}, aggregates=[A1]),
        provider_row(2, aggregates=[A2]),
        provider_row(3, {MEMORY: TEN}, parent=2, aggregates=[A1], traits=[SHARES]),
    ]
    assert givers(rows, asking(Group(resources={MEMORY: 1}, member_of=(frozenset({A2}),)))) == [[3]]
    assert givers(rows, asking(Group(resources={VCPU: 1, MEMORY: 1}, not_member_of=frozenset({A2})))) == []


def test_in_tree_takes_any_member_and_keeps_out_sharing_providers_of_other_trees() -> None:
    rows = [
        provider_row(1, {VCPU: TEN}, aggregates=[A1]),
        provider_row(2, {MEMORY: TEN}, parent=1),
        provider_row(3, {MEMORY: TEN}, aggregates=[A1], traits=[SHARES]),
        provider_row(4, {VCPU: TEN, MEMORY: TEN}),
    ]
    group = Group(resources={VCPU: 1, MEMORY: 1}, in_tree=provider_id(2))
    assert givers(rows, asking(group)) == [[1, 2]]
    assert givers(rows, asking(Group(resources={MEMORY: 1}, in_tree=provider_id(3)))) == [[3]]


def test_an_unknown_aggregate_or_tree_matches_nothing_and_excludes_nothing() -> None:
    rows = [provider_row(1, {VCPU: TEN})]
    assert givers(rows, asking(Group(resources={VCPU: 1}, member_of=(frozenset({A1}),)))) == []
    assert givers(rows, asking(Group(resources={VCPU: 1}, in_tree=provider_id(9)))) == []
    assert givers(rows, asking(Group(resources={VCPU: 1}, not_member_of=frozenset({A1})))) == [[1]]
