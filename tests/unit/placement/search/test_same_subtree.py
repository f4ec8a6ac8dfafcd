"""`same_subtree`: one of the groups' providers is above all the others; a group without resources may be that one."""

from tests.builders import AVX2, FAST, GOLD, VCPU, provider_id, provider_row
from tests.unit.placement.search.asking import found, mapped
from worker.placement.inventory import Inventory
from worker.placement.request import Group, Request
from worker.placement.snapshot import ProviderRow

ONE = Inventory(1)
GPU = Group(resources={GOLD: 1})
CPU = Group(resources={VCPU: 1})
TOP = Group(required=(frozenset({FAST}),))


def numa_host() -> list[ProviderRow]:
    """A host with two NUMA nodes; one has a GPU, the other two."""
    return [
        provider_row(1),
        provider_row(2, {VCPU: ONE}, parent=1, traits=[FAST]),
        provider_row(3, {VCPU: ONE}, parent=1, traits=[FAST]),
        provider_row(4, {GOLD: ONE}, parent=2, root=1),
        provider_row(5, {GOLD: ONE}, parent=3, root=1),
        provider_row(6, {GOLD: ONE}, parent=3, root=1),
    ]


def asking(groups: dict[str, Group], *sets: frozenset[str]) -> Request:
    return Request(groups=groups, group_policy="isolate", same_subtree=sets)


def test_one_of_the_providers_is_an_ancestor_of_the_others() -> None:
    request = asking({"_cpu": CPU, "_gpu": GPU}, frozenset({"_cpu", "_gpu"}))
    assert [mapped(one) for one in found(numa_host(), request)] == [
        {"_cpu": [2], "_gpu": [4]},
        {"_cpu": [3], "_gpu": [5]},
        {"_cpu": [3], "_gpu": [6]},
    ]


def test_the_same_provider_is_in_its_own_subtree() -> None:
    rows = [provider_row(1), provider_row(2, {VCPU: ONE, GOLD: ONE}, parent=1)]
    request = Request(
        groups={"_cpu": CPU, "_gpu": GPU}, group_policy="none", same_subtree=(frozenset({"_cpu", "_gpu"}),)
    )
    assert [mapped(one) for one in found(rows, request)] == [{"_cpu": [2], "_gpu": [2]}]


def test_providers_side_by_side_are_not_enough() -> None:
    assert found(numa_host(), asking({"_a": GPU, "_b": GPU}, frozenset({"_a", "_b"}))) == []


def test_a_group_without_resources_stands_as_the_ancestor_and_is_in_the_mappings() -> None:
    request = asking({"_a": GPU, "_b": GPU, "_top": TOP}, frozenset({"_a", "_b", "_top"}))
    candidates = found(numa_host(), request)
    assert [mapped(one) for one in candidates] == [
        {"_a": [5], "_b": [6], "_top": [3]},
        {"_a": [6], "_b": [5], "_top": [3]},
    ]
    assert all(one.relied == {provider_id(3)} for one in candidates)


def test_a_group_without_resources_stands_below_nobody_that_gives() -> None:
    rows = [provider_row(1, {VCPU: ONE}), provider_row(2, {GOLD: ONE}, parent=1, traits=[FAST])]
    both = asking({"_cpu": CPU, "_gpu": GPU, "_top": TOP}, frozenset({"_cpu", "_gpu", "_top"}))
    assert found(rows, both) == []
    alone = asking({"_cpu": CPU, "_gpu": GPU, "_top": TOP}, frozenset({"_gpu", "_top"}))
    assert [mapped(one) for one in found(rows, alone)] == [{"_cpu": [1], "_gpu": [2], "_top": [2]}]


def test_isolate_does_not_count_a_group_that_takes_nothing() -> None:
    rows = [provider_row(1, {GOLD: ONE}, traits=[FAST])]
    tops = {"_gpu": GPU, "_top": TOP, "_too": TOP}
    assert [mapped(one) for one in found(rows, asking(tops, frozenset(tops)))] == [
        {"_gpu": [1], "_too": [1], "_top": [1]}
    ]


def test_every_ancestor_that_may_stand_for_it_makes_a_candidate_of_its_own() -> None:
    request = asking({"_a": GPU, "_top": Group(forbidden=frozenset({AVX2}))}, frozenset({"_a", "_top"}))
    rows = [provider_row(1), provider_row(2, parent=1), provider_row(3, {GOLD: ONE}, parent=2, root=1)]
    assert [mapped(one)["_top"] for one in found(rows, request)] == [[1], [2], [3]]


def test_a_draining_provider_may_stand_for_a_group_that_takes_nothing() -> None:
    rows = [provider_row(1, traits=[FAST], state="draining"), provider_row(2, {GOLD: ONE}, parent=1)]
    assert [mapped(one) for one in found(rows, asking({"_a": GPU, "_top": TOP}, frozenset({"_a", "_top"})))] == [
        {"_a": [2], "_top": [1]}
    ]


def test_several_sets_hold_each_for_itself() -> None:
    groups = {"_c1": CPU, "_c2": CPU, "_g1": GPU, "_g2": GPU}
    request = asking(groups, frozenset({"_c1", "_g1"}), frozenset({"_c2", "_g2"}))
    assert [mapped(one) for one in found(numa_host(), request)] == [
        {"_c1": [2], "_c2": [3], "_g1": [4], "_g2": [5]},
        {"_c1": [2], "_c2": [3], "_g1": [4], "_g2": [6]},
        {"_c1": [3], "_c2": [2], "_g1": [5], "_g2": [4]},
        {"_c1": [3], "_c2": [2], "_g1": [6], "_g2": [4]},
    ]


def test_a_choice_rests_on_the_ancestors_in_between() -> None:
    rows = [
        provider_row(1, {VCPU: ONE}),
        provider_row(2, parent=1),
        provider_row(3, {GOLD: ONE}, parent=2, root=1),
    ]
    (candidate,) = found(rows, asking({"_cpu": CPU, "_gpu": GPU}, frozenset({"_cpu", "_gpu"})))
    assert candidate.relied == {provider_id(2)}
